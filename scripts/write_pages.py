"""Write the pages that are made from the program: commands, filters, keys and settings. Tests compare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from ordertui.cli.main import cli
from ordertui.operations.settings_text import all_settings
from ordertui.rules.language.fields import FIELDS, FLAGS, PLAN_FIELDS, Field, FieldKind
from ordertui.tui.actions import ALL_COMMANDS, QUEUE_HELP, Command

FILTERS = """# Filters

The same language on the screen (`/`, `F`, `+`), in `--filter`, in saved views, in colour rules and in the rules of a
policy file. Tab completes it on the screen, and a word that is no field is answered with the one that was meant.
The fields are written by `scripts/write_pages.py`.

| write | for |
|---|---|
| `mug` | orders with the word in id, SKU or title; `"blue mug"` with both words in this sequence |
| `status:unshipped` | a field and its value; `:` is *is*, and `>`, `>=`, `<`, `<=` compare numbers, amounts and times |
| `sku:MUG-*` | `*` stands for anything, five times at most |
| `status:unshipped total>50` | both conditions; `and` may stand between them |
| `late or auto-cancel<24h` | one of two; `or` binds weaker than what stands side by side |
| `-prime`, `not prime` | the orders that it does not fit |
| `(late or total>200) -business` | brackets group |
| `total:unknown` | orders of which the fact is not known; they fit no comparison |

To have both, write `(total>50 or total:unknown)`. Amounts are in each order's own currency (`total>50`), or in one that
is named (`total>50USD`). Times are days (`2026-11-23`, `today`, `yesterday`, `tomorrow`), stretches (`last-7d`,
`next-2d`) or durations (`24h`, `2d`, `1w`), which count back from now for what was and forward for what comes:
`placed>7d` is more than seven days ago, `ship-by<24h` within a day. A day is that of the order's own marketplace, in
its time zone, everywhere: in the table, on the command line, in a colour rule and in a house rule. `placed:today` on
orders of Japan and the US are two stretches of 24 hours.

`sku`, `asin`, `title` and words without a field ask for the items that are left of an order: an item that is
cancelled, or of zero units, finds it no more. Where nothing is left, because the order is cancelled as a whole, they
ask for all of its items ([why](decisions/0024-current-items.md)).

## Fields of an order

| field | takes | what it is |
|---|---|---|
{order}

## Fields of a batch

Only the rules of a [policy file](policy.md) may ask for them.

| field | takes | what it is |
|---|---|---|
{batch}
"""
KEYS = """# Keys

Written from the action registry by `python scripts/write_pages.py`. `?` on the screen shows the same list, narrowed by
what you type; `:` finds an action by name and does it.

Keys act on the marked orders, or, with none marked, on the one under the cursor; never on all. Nothing leaves by one
key: `x`, `r` and `c` open a preview, `y` there commits, and a committed batch is held before anything is written.

Keys typed faster than the screen works are kept in order and act on what they were meant for. Those typed before a
preview or a question was drawn are thrown away: they cannot answer what nobody has read.

{tables}
## Mouse

Click: cursor. Click on the mark: mark. Shift and click: mark from the cursor to there. Drag: mark a range. Double
click: the whole order. Wheel: scroll. Click on a header: sort; with shift: by that column too; its edge: drag it to
make the column wider. Click on a queue: open it; on the rate: the rate in full; on the filter: type one; on what is
marked or waits in the status line: the marked orders, the outbox. In the side pane a click on a line does what the key
named in it does, at the foot of every dialog too. In lists of dialogs: click to move, double click for Enter, click on
the mark to mark; a menu chooses at once. To select text, hold shift, or start with `ordertui --no-mouse`.

## Your own keys

A file `keys.toml` beside the settings (`ordertui config path` names them) gives an action one key or several:

```toml
"order.cancel" = "ctrl+x"
"table.down" = ["j", "down", "n"]
```

Your keys win: an action that had the key loses it, and the screen says so when it starts. What cannot be read is
named, and the rest holds."""
COMMANDS = """# Commands

Every command and option; `ordertui COMMAND --help` says the same. Written by `scripts/write_pages.py`.
How they work together: [the guide](guide.md).
"""
TAKES = {
    FieldKind.EXACT: "text, with `*`",
    FieldKind.CONTAINS: "words",
    FieldKind.INTEGER: "a number",
    FieldKind.MONEY: "an amount",
    FieldKind.RATIO: "a share",
    FieldKind.PAST: "a time",
    FieldKind.FUTURE: "a time",
}
"""What the values of a kind are, where they are no closed list."""
MOST_VALUES = 13
"""Values of a closed list that are written out; more are marketplaces."""


def filters_page() -> str:
    """Return the text of docs/filters.md."""
    order, batch = ("\n".join(map(_row, fields.values())) for fields in (FIELDS, PLAN_FIELDS))
    return FILTERS.format(order=order, batch=batch)


def _row(field: Field) -> str:
    alone = "alone, or " if field.name in FLAGS else ""
    examples = ", ".join(f"`{one}`" for one in field.examples)
    takes = TAKES.get(field.kind, "") + (f", such as {examples}" if examples else "")
    if not takes:
        values = [*field.values, *field.aliases]
        takes = ", ".join(f"`{one}`" for one in values[:MOST_VALUES]) + (", ..." if values[MOST_VALUES:] else "")
    return f"| `{field.name}` | {alone}{takes} | {field.help} |"


def code_in_table(text: str) -> str:
    """Return `text` as code in a cell of a Markdown table, with the bars that would end the cell escaped.

    Readers of Markdown do not agree whether a backslash before a bar is shown in code; all know the entity.
    """
    return f"<code>{text.replace('|', '&#124;')}</code>" if "|" in text else f"`{text}`"


def keys_table(commands: Iterable[Command] = ALL_COMMANDS) -> str:
    """Return the Markdown tables of docs/keys.md, one per group."""
    groups: dict[str, list[Command]] = {}
    for command in commands:
        groups.setdefault(command.group, []).append(command)
    parts = []
    for group, members in groups.items():
        rows = [f"| {code_in_table(one.key_text)} | {one.description} | `{one.id}` |" for one in members]
        if group == "Find":
            rows.append(f"| `{QUEUE_HELP[0]}` | {QUEUE_HELP[1]} | |")
        parts.append(
            "\n".join([f"## {group}", "", "| key | what it does | name in a keymap |", "|---|---|---|", *rows])
        )
    return "\n\n".join(parts) + "\n"


def keys_page() -> str:
    """Return the text of docs/keys.md."""
    return KEYS.format(tables=keys_table())


def all_commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its full name, groups before what is in them."""
    yield from _below(click.Context(cli, info_name="ordertui", terminal_width=10_000, max_content_width=10_000))


def _below(context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    command = context.command
    yield context.command_path, command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None, name
            yield from _below(click.Context(inner, parent=context, info_name=name))


def commands_page() -> str:
    """Return the text of docs/commands.md."""
    return COMMANDS + "".join(_command_section(command, context) for _, command, context in all_commands())


def _command_section(command: click.Command, context: click.Context) -> str:
    title = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    options = [
        record
        for option in command.params
        if isinstance(option, click.Option) and (record := option.get_help_record(context)) is not None
    ]
    rows = "".join(f"| {code_in_table(' '.join(names.split()))} | {_cell(words)} |\n" for names, words in options)
    table = f"\n| option | for |\n|---|---|\n{rows}" if rows else ""
    return f"\n## `{title}`\n\n{_paragraphs(command.help or '')}\n{table}"


def _paragraphs(text: str) -> str:
    """Return help text with each paragraph on a line; click's marks for unwrapped text are taken out."""
    return "\n\n".join(" ".join(part.split()) for part in text.replace("\b", "").strip().split("\n\n"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def settings_page() -> str:
    """Return the text of docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "One small TOML file; every setting is optional, an unknown one is refused with its name.",
        "",
        "```sh",
        "ordertui config init           # write the file, every setting in it with its description",
        "ordertui config path           # where it is, and the store and the outbox",
        "ordertui config check          # exit 4 when something is wrong",
        "```",
        "",
        "Secrets never stand in it: `ordertui api login` keeps them in the keyring ([connector](connector.md)).",
        "Rules of your own go into a policy file ([policy](policy.md)), keys into `keys.toml` ([keys](keys.md)).",
        "",
        "| setting | takes | default | |",
        "|---|---|---|---|",
    ]
    for setting in all_settings():
        table = f" under `{setting.table}`" if setting.table else ""
        lines.append(f"| `{setting.name}`{table} | {setting.values} | `{setting.default}` | {setting.description} |")
    lines += ["", "| environment | does |", "|---|---|"]
    lines += [
        "| `ORDERTUI_CONFIG` | names another settings file, which must be there |",
        "| `ORDERTUI_STORE` | names the store, as `--store` does |",
        "| `NO_COLOR` | the screen draws without colours |",
    ]
    return "\n".join(lines) + "\n"


PAGES = {"commands.md": commands_page, "filters.md": filters_page, "keys.md": keys_page, "settings.md": settings_page}


def main() -> None:
    """Write the pages."""
    docs = Path(__file__).resolve().parent.parent / "docs"
    for name, write in PAGES.items():
        (docs / name).write_text(write(), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()

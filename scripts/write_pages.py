"""Write the pages that are made from the program: commands, filters, keys and settings. Tests compare them."""

from __future__ import annotations

from pathlib import Path

from ordertui.cli.commands_page import commands_page
from ordertui.operations.settings_page import settings_page
from ordertui.rules.language.fields import FIELDS, FLAGS, PLAN_FIELDS, Field, FieldKind
from ordertui.tui.actions import keys_page

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
`placed>7d` is more than seven days ago, `ship-by<24h` within a day.

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


PAGES = {"commands.md": commands_page, "filters.md": filters_page, "keys.md": keys_page, "settings.md": settings_page}


def main() -> None:
    """Write the pages."""
    docs = Path(__file__).resolve().parent.parent / "docs"
    for name, write in PAGES.items():
        (docs / name).write_text(write(), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()

"""Write docs/commands.md from the commands themselves: each with its arguments, options, choices and defaults."""

from __future__ import annotations

from collections.abc import Iterator

import click

from ordertui.orders.text import code_in_table

from .main import cli

HEAD = """# Commands

Every command and option; `ordertui COMMAND --help` says the same. Written by `scripts/write_pages.py`.
How they work together: [the guide](guide.md).
"""


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
    """Return the page."""
    return HEAD + "".join(_section(command, context) for _, command, context in all_commands())


def _section(command: click.Command, context: click.Context) -> str:
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

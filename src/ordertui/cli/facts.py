"""`ordertui facts`: facts about orders that no report tells."""

from __future__ import annotations

import click

from ordertui.orders.enums import Dispatched
from ordertui.orders.text import pluralize

from .context import Settings, fail, find_row_numbers, open_session
from .exit_codes import Exit
from .output import say


@click.group()
def facts() -> None:
    """Tell what Amazon does not know and you do."""


@facts.command("dispatched")
@click.argument("order_ids", nargs=-1, required=True)
@click.option("--yes", "value", flag_value="yes", help="It was.")
@click.option("--no", "value", flag_value="no", help="It was not.")
@click.option("--unknown", "value", flag_value="unknown", help="Take back what was said.")
@click.pass_obj
def dispatched(settings: Settings, order_ids: tuple[str, ...], value: str | None) -> None:
    """Tell whether the parcel was handed to the carrier."""
    if value is None:
        fail(Exit.USAGE, "give --yes, --no or --unknown")
    with open_session(settings) as session:
        session.facts.set_dispatched(find_row_numbers(session, order_ids), Dispatched(value))


@facts.command("note")
@click.argument("order_ids", nargs=-1, required=True)
@click.option("--text", help="The note, in place of the one there is.")
@click.option("--remove", is_flag=True, help="Remove the note.")
@click.pass_obj
def note(settings: Settings, order_ids: tuple[str, ...], text: str | None, remove: bool) -> None:
    """Write a note on orders; it is shown, found by `note:` and exported, and never leaves for Amazon."""
    if remove is bool(text and text.strip()):
        fail(Exit.USAGE, "give --text, or --remove")
    with open_session(settings) as session:
        count = session.facts.set_note(find_row_numbers(session, order_ids), "" if remove else text or "")
    say(f"{pluralize(count)} changed")

"""Command `ordertui facts`: what the operator knows of orders and no report tells."""

from __future__ import annotations

import click

from ordertui.orders.enums import Dispatched

from .context import Settings, fail, open_session
from .exit_codes import Exit
from .orders import ids_of


@click.group()
def facts() -> None:
    """What Amazon does not know and you do."""


@facts.command("dispatched")
@click.argument("order_ids", nargs=-1, required=True)
@click.option("--yes", "value", flag_value="yes")
@click.option("--no", "value", flag_value="no")
@click.option("--unknown", "value", flag_value="unknown")
@click.pass_obj
def dispatched(settings: Settings, order_ids: tuple[str, ...], value: str | None) -> None:
    """Whether the parcel was handed to the carrier."""
    if value is None:
        fail(Exit.USAGE, "give --yes, --no or --unknown")
    with open_session(settings) as session:
        session.facts.set_dispatched(ids_of(session, list(order_ids)), Dispatched(value))

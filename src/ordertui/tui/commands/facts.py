"""Record what the user knows of orders: whether parcels left, whether buyers asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ordertui.orders.enums import BuyerRequest, Dispatched
from ordertui.orders.text import pluralize
from ordertui.tui.main.command_context import CommandContext


def set_dispatched(context: CommandContext, answer: str) -> None:
    """Record whether the parcels were handed to the carrier; `answer` is a value of Dispatched."""
    session, ids = context.session, context.table.acting_ids()
    _record(context, ids, lambda: session.facts.set_dispatched(ids, Dispatched(answer)))


def toggle_asked(context: CommandContext) -> None:
    """Record that the buyers asked by message; when all are recorded so, take that back."""
    session, ids = context.session, context.table.acting_ids()
    rows = session.orders.rows(ids).values()
    asked = not all(
        row.buyer_request in (BuyerRequest.MESSAGE, BuyerRequest.OFFICIAL, BuyerRequest.SOME) for row in rows
    )
    _record(context, ids, lambda: session.facts.set_asked(ids, asked))


def _record(context: CommandContext, ids: Sequence[int], change: Callable[[], int]) -> None:
    if not ids:
        return
    try:
        count = change()
    except Exception as error:
        context.tasks.show_error(error)
        return
    context.notify(f"{pluralize(count)} changed" if count else "nothing changed: it was so already")
    context.table.reload(ids)
    context.refresh()

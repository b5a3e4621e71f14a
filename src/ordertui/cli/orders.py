"""Commands that look at orders: list, show, message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ordertui.operations.query.export import COLUMNS, iso, record

from .context import Settings, fail, open_session
from .exit_codes import Exit
from .output import FORMAT, cell, emit, json_text, say

if TYPE_CHECKING:
    from ordertui.operations.session import Session


def ids_of(session: Session, order_ids: list[str]) -> list[int]:
    """Return the row ids of order ids; leave with exit 4, naming them, when some are not in the store."""
    found = session.orders.ids_of(order_ids)
    missing = [order_id for order_id in dict.fromkeys(order_ids) if order_id not in found]
    if missing:
        fail(Exit.BAD_INPUT, f"not in this store: {', '.join(missing[:10])}; nothing was done")
    return [found[order_id] for order_id in dict.fromkeys(order_ids)]


@click.command("list")
@click.option("--filter", "text", default="", help="As typed into the screen's filter bar.")
@click.option(
    "--sort",
    default="placed",
    show_default=True,
    help="Keys, the first weighs most: status,-total (+ smallest first, - largest first).",
)
@click.option("--ascending", is_flag=True, help="Smallest first, for keys without a sign.")
@click.option("--queue", default="all", show_default=True)
@click.option("--limit", type=click.IntRange(1))
@FORMAT
@click.pass_obj
def list_command(
    settings: Settings, text: str, sort: str, ascending: bool, queue: str, limit: int | None, form: str
) -> None:
    """List orders."""
    with open_session(settings) as session:
        ids = session.orders.find(text, sort, not ascending, queue, limit)
        rows = session.orders.rows(ids)
        session.eligibility.prefetch(rows.values())
        records = [record(rows[i], session.eligibility.allowed_action(rows[i])) for i in ids]
    emit(
        records, COLUMNS, form, spare=("title", "sku", "marketplace", "placed", "currency", "items", "total", "ship_by")
    )
    if not records:
        say(
            "no order fits"
            if text.strip() or queue != "all"
            else "no orders yet; `ordertui import FILE...` reads reports"
        )


@click.command()
@click.argument("order_id")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.pass_obj
def show(settings: Settings, order_id: str, form: str) -> None:
    """Everything known of one order, and what may be done with it and why."""
    with open_session(settings) as session:
        order = session.orders.get(order_id)
        if order is None:
            fail(Exit.BAD_INPUT, f"no order {order_id} in this store; `ordertui list` shows what is there")
        row = order.row
        facts: dict[str, Any] = {
            "channel": row.channel, "dispatched": row.dispatched, "buyer_request": row.buyer_request, "cancelled_by": row.cancelled_by,
            "refunded": row.refunded, "replacement": row.replacement, "business": row.business, "prime": row.prime,
            "placed": iso(row.purchased_at), "ship_by": iso(row.ship_by), "auto_cancel_at": iso(session.eligibility.deadline(row)),
            "items": row.items, "units_shipped": row.units_shipped, "total": row.total.decimal() if row.total else None,
            "currency": row.total.currency if row.total else None, "open_action": str(row.open_action) if row.open_action else None, "sources": order.sources,
        }  # fmt: skip
        actions: list[dict[str, Any]] = [
            {
                "action": v.action, "allowed": v.allowed, "counts": v.counts, "rule": v.rule, "why": v.why, "source": v.source,
                "instead": v.instead, "because": e.because, "why_not": str(e.nearest) if e.nearest else "",
                "house": [f"{hit.rule}: {hit.effect}: {hit.why}" for hit in e.house],
            }
            for v in session.eligibility.verdicts(row, order.lines)
            for e in (session.planner.explain(order, v.action),)
        ]  # fmt: skip
    if form == "json":
        shape = {
            "order_id": row.order_id,
            "marketplace": row.marketplace,
            "status": row.status,
            "facts": facts,
            "actions": actions,
        }
        click.echo(json_text(shape), nl=False)
        return
    click.echo(f"{cell(row.order_id)}  {row.marketplace}  {row.status}")
    for key, value in facts.items():
        click.echo(
            f"  {key:<15} {', '.join(value) if isinstance(value, tuple) else cell(value) or ('none' if key == 'open_action' else 'unknown')}"
        )
    for action in actions:
        action["house"] = "; ".join(action["house"])
    columns = ("action", "allowed", "counts", "rule", "instead", "house", "why", "why_not")
    emit(actions, columns, "table", ("why_not", "house"))


@click.command()
@click.argument("order_id")
@click.pass_obj
def message(settings: Settings, order_id: str) -> None:
    """The text to send to the buyer of this order, to paste into Seller Central."""
    with open_session(settings) as session:
        click.echo(session.messages.text(order_id))

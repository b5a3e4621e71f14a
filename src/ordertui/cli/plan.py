"""Command `ordertui plan`: check orders and freeze them into a plan file."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ordertui.orders.enums import Action

from .context import Settings, fail, open_session
from .exit_codes import Exit
from .messages import plan_sentences, saved_sentences
from .orders import ids_of
from .output import FORMAT, emit, say

if TYPE_CHECKING:
    from ordertui.operations.planning.plan import Plan

PATH = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("action", type=click.Choice([a.value for a in Action]))
@click.option("--filter", "text", help="Orders by filter; without --filter or --ids nothing is taken.")
@click.option("--ids", "ids_file", type=click.File("r", encoding="utf-8"), help="Order ids, one a line; - is stdin.")
@click.option("--reason", default="", help="Amazon's reason code; without it the first that the action takes.")
@click.option(
    "--amounts",
    type=PATH,
    help="Refund: a tab-separated file of order-id, line and amounts; without it all that is left.",
)
@click.option(
    "--shipping", type=PATH, help="Confirm: a tab-separated file of order-id, carrier, tracking-number, ship-date."
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Plan file to write."
)
@FORMAT
@click.pass_obj
def plan(
    settings: Settings,
    action: str,
    text: str | None,
    ids_file: TextIO | None,
    reason: str,
    amounts: Path | None,
    shipping: Path | None,
    output: Path,
    form: str,
) -> None:
    """Check a batch and freeze it into a plan file. Nothing is done yet. Exit 3 when no order is in."""
    from ordertui.operations.planning.planner import PlanChoices

    if ((text is None or not text.strip()) and ids_file is None) or (text is not None and ids_file is not None):
        fail(Exit.USAGE, "give either --filter (not empty) or --ids: none marked never means all")
    with open_session(settings) as session:
        if ids_file is not None:
            ids = array("q", ids_of(session, [line.strip() for line in ids_file if line.strip()]))
        else:
            ids = session.orders.find(text or "")
        refunds = {} if amounts is None else session.batches.read_refunds(amounts, ids)
        ship = {} if shipping is None else session.batches.read_shipping(shipping)
        plans = session.planner.plan(Action(action), ids, PlanChoices(reason=reason, refunds=refunds, shipping=ship))
        session.batches.save_plan(plans, output)
    show_plans(plans, output, form)


def show_plans(plans: Sequence[Plan], output: Path, form: str) -> None:
    """List who is in and who is out, and why; leaves with exit 3 when nobody is in."""
    records: list[dict[str, Any]] = []
    for one in plans:
        base = {"marketplace": one.marketplace, "action": str(one.action)}
        records += [
            base | {"order_id": r.order_id, "in": True, "counts": r.counts, "rule": r.rule, "why": r.note}
            for r in one.rows
        ]
        records += [
            base | {"order_id": r.order_id, "in": False, "rule": r.rule, "why": r.why, "why_not": r.nearest}
            for r in one.out
        ]
    columns = ("marketplace", "action", "order_id", "in", "counts", "rule", "why", "why_not")
    emit(records, columns, form, ("why_not", "action", "marketplace"))
    for sentence in (*(s for one in plans for s in plan_sentences(one)), *saved_sentences(plans, output)):
        say(sentence)
    if not any(one.rows for one in plans):
        fail(Exit.REFUSED, "no order may be taken in")

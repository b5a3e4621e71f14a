"""Commands that make plans: `plan` and `retry`. Nothing is done before `commit`."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import msgspec

from ordertui.files import read_stream
from ordertui.operations.query.export import Record
from ordertui.orders.enums import Action
from ordertui.orders.text import pluralize

from .context import Settings, fail, name_orders, open_session, say, split_known_orders
from .exit_codes import Exit
from .interrupts import stop_on_interrupt
from .messages import plan_sentences, saved_sentences
from .output import FORMAT, emit, progress_line

if TYPE_CHECKING:
    from ordertui.operations.planning.fitting import WaitingCancellation
    from ordertui.operations.planning.plan import Plan
    from ordertui.operations.session import Session

NONE_WAITING: Mapping[str, WaitingCancellation] = {}
FIT_COLUMNS = ("fits_by_order_date", "fits_by_cancellation_date", "auto_cancel", "auto_cancel_first")
"""Columns of orders that `plan cancel --fit` excludes."""
NOT_IN_STORE = "not in this store; import a report that names it"
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
MOST_ID_CHARACTERS = 32 * 2**20
"""Of a list of ids: a million of them take some 20 million."""
OUTPUT = click.option("-o", "--output", type=NEW_FILE, required=True, help="Plan file to write.")
REPLACE = click.option("--replace", is_flag=True, help="Write over a plan file that is there. Other files always stay.")
_BETWEEN_IDS = re.compile(r"[\s,;]+")
_IDS_HELP = "Order ids, one a line or with commas between; - is stdin."
_AMOUNTS_HELP = (
    "Refund: a tab-separated file with the columns order-id and line (the number that `ordertui show` gives), and any"
    " of item-price, item-tax, shipping-price, shipping-tax, gift-wrap-price, gift-wrap-tax, item-promotion,"
    " ship-promotion, quantity-cancelled; without it all that is left."
)
_REASON_HELP = (
    "Amazon's reason code. A cancellation says NoInventory without it; a refund of a shipped order needs one."
)
_FIT_HELP = "Cancel: keep as many orders as stay under the rate's target; list the others with the day they would fit."
_BUDGET_HELP = "With --fit: keep at most N orders that newly count in each marketplace, whatever the target."
_ALONE_HELP = "Cancel and refund: leave out orders that have items of another SKU too."
_SHIPPING_HELP = "Confirm: a tab-separated file of order-id, carrier, tracking-number, ship-date."


def read_ids(file: IO[str]) -> list[str]:
    """Return the order ids of a file or pipe. Raises TooLong at more than a list of ids holds."""
    text = read_stream(file, MOST_ID_CHARACTERS, "--ids").removeprefix("\ufeff")  # Windows puts a mark in front
    return [found for found in _BETWEEN_IDS.split(text) if found]


@click.command()
@click.argument("action", type=click.Choice([a.value for a in Action]))
@click.option("--filter", "text", help="Orders by filter; without --filter or --ids nothing is taken.")
@click.option("--ids", "ids_file", type=click.File("r", encoding="utf-8"), help=_IDS_HELP)
@click.option("--reason", default="", help=_REASON_HELP)
@click.option("--nothing-else", is_flag=True, help=_ALONE_HELP)
@click.option("--fit", is_flag=True, help=_FIT_HELP)
@click.option("--budget", type=click.IntRange(0, 9_999_999), metavar="N", help=_BUDGET_HELP)
@click.option("--amounts", type=EXISTING_FILE, help=_AMOUNTS_HELP)
@click.option("--shipping", type=EXISTING_FILE, help=_SHIPPING_HELP)
@OUTPUT
@REPLACE
@FORMAT
@click.pass_obj
def plan(
    settings: Settings,
    action: str,
    text: str | None,
    ids_file: IO[str] | None,
    reason: str,
    nothing_else: bool,
    fit: bool,
    budget: int | None,
    amounts: Path | None,
    shipping: Path | None,
    output: Path,
    replace: bool,
    form: str,
) -> None:
    """Check a batch and freeze it into a plan file. Nothing is done yet.

    Orders may be of several marketplaces, also for refunds: the file has a plan for each, and `commit` takes all or
    none, with one --typed for the orders of all.

    Exit 3 when no order is in, and then no file is written; 4 when --ids names orders that the store does not know:
    the others are planned.
    """
    from ordertui.operations.planning.choice_files import read_shipping
    from ordertui.operations.planning.order_planner import PlanChoices
    from ordertui.operations.planning.reasons import REASONS

    if ((text is None or not text.strip()) and ids_file is None) or (text is not None and ids_file is not None):
        fail(Exit.USAGE, "give either --filter (not empty) or --ids: none marked never means all")
    for option, given, takes in (("--amounts", amounts, Action.REFUND), ("--shipping", shipping, Action.CONFIRM)):
        if given is not None and action != takes.value:
            fail(Exit.USAGE, f"{option} is for {takes.value}; {action} takes no such file")
    if nothing_else and action not in (Action.CANCEL, Action.REFUND):
        fail(Exit.USAGE, "--nothing-else is for cancel and refund")
    if (fit and action != Action.CANCEL.value) or (budget is not None and not fit):
        fail(Exit.USAGE, "--fit is for cancel, and --budget goes with --fit")
    if reason and not REASONS[Action(action)]:
        fail(Exit.USAGE, f"--reason is for cancel and refund; {action} has none")
    unknown: list[str] = []
    waiting: dict[str, WaitingCancellation] = {}
    with open_session(settings) as session:
        session.batches.check_plan_output(output, replace=replace)
        if ids_file is not None:
            known, unknown = split_known_orders(session, read_ids(ids_file))
            if not known:
                fail(Exit.BAD_INPUT, f"not in this store: {name_orders(unknown) or 'no order is named'}")
            ids = array("q", known)
        else:
            ids = session.orders.find(text or "")
        refunds = {} if amounts is None else session.batches.read_refunds(amounts, ids)
        ship = {} if shipping is None else read_shipping(shipping)
        choices = PlanChoices(reason=reason, refunds=refunds, shipping=ship, nothing_else=nothing_else)
        if fit:
            waiting = {one.order_id: one for market in session.fitter.fit(ids, choices, budget) for one in market.rest}
            choices = msgspec.structs.replace(choices, left_out={key: one.why for key, one in waiting.items()})
        plans = session.planner.plan(Action(action), ids, choices, progress=progress_line("checked"))
        _save(session, plans, output, replace=replace)
    show_plans(plans, output, form, unknown, waiting)


@click.command()
@click.argument("batch", type=int)
@OUTPUT
@REPLACE
@FORMAT
@click.pass_obj
def retry(settings: Settings, batch: int, output: Path, replace: bool, form: str) -> None:
    """Plan the rows of a BATCH again that failed, and only those; then `commit` the plan. Exit 3 when none may."""
    with open_session(settings) as session, stop_on_interrupt() as stop:
        session.batches.check_plan_output(output, replace=replace)
        plans = session.batches.retry(batch, stop)
        _save(session, plans, output, replace=replace)
    show_plans(plans, output, form)


def _save(session: Session, plans: Sequence[Plan], output: Path, *, replace: bool) -> None:
    """Write the plan file, unless no order is in."""
    if any(one.rows for one in plans):
        session.batches.save_plan(plans, output, replace=replace)


def show_plans(
    plans: Sequence[Plan],
    output: Path,
    form: str,
    unknown: Sequence[str] = (),
    waiting: Mapping[str, WaitingCancellation] = NONE_WAITING,
) -> None:
    """List which orders are included and which excluded, and why; `unknown` are ids that the store does not know.

    `waiting`: by order id, those that do not fit under the target, with the days on which they would.

    Leave with exit 4 when an id is unknown, else with 3 when nobody is in.
    """
    from ordertui.operations.planning.reasons import REASONS, UNSAID

    records: list[Record] = []
    for one in plans:
        base = {"marketplace": one.marketplace, "action": str(one.action)}
        records += [
            base | {"order_id": r.order_id, "in": True, "counts": r.counts, "rule": r.rule, "why": r.note}
            for r in one.rows
        ]
        records += [
            base
            | {"order_id": r.order_id, "in": False, "rule": r.rule, "why": r.why, "why_not": r.nearest}
            | _fit_record(waiting.get(r.order_id))
            for r in one.out
        ]
    records += [
        {"marketplace": None, "action": None, "order_id": one, "in": False, "rule": "unknown", "why": NOT_IN_STORE}
        for one in unknown
    ]
    columns = ("marketplace", "action", "order_id", "in", "counts", "rule", "why", "why_not")
    emit(records, columns + (FIT_COLUMNS if waiting else ()), form, ("why_not", "action", "marketplace"))
    for sentence in (*(s for one in plans for s in plan_sentences(one)), *saved_sentences(plans, output)):
        say(sentence)
    if any(out.rule == UNSAID.rule for one in plans for out in one.out):
        say(f"Give --reason CODE, one of: {', '.join(REASONS[Action.REFUND])}.")
    is_empty = not any(one.rows for one in plans)
    stays = f"; the plan that {output} held before is still in it" if output.exists() else ""
    nobody = f"no order qualifies: no plan is written{stays}" if is_empty else ""
    if unknown:
        nobody = f"{nobody}; " if nobody else ""
        fail(Exit.BAD_INPUT, f"{nobody}{pluralize(len(unknown))} excluded: {NOT_IN_STORE}: {name_orders(unknown)}")
    if is_empty:
        fail(Exit.REFUSED, nobody)


def _fit_record(one: WaitingCancellation | None) -> Record:
    """Return the days on which an order that does not fit would."""
    if one is None:
        return {}
    by_order, by_cancellation, auto = one.fits_by_order_date, one.fits_by_cancellation_date, one.auto_cancel
    return {
        "rule": "fit",
        "fits_by_order_date": None if by_order is None else by_order.isoformat(),
        "fits_by_cancellation_date": None if by_cancellation is None else by_cancellation.isoformat(),
        "auto_cancel": None if auto is None else auto.isoformat(),
        "auto_cancel_first": one.is_auto_cancelled_first,
    }

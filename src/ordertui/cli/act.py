"""Commands that act: plan, commit, undo, release, outbox, dispatch, retry, questions, settle, facts."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.text import pluralize

from .context import Settings, fail, open_session, real_clock_only
from .exit_codes import Exit
from .imports import stop_on_interrupt
from .messages import held_sentence, plan_sentences, saved_sentences, sent_sentence, waiting_sentences
from .output import FORMATS, emit, say

FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
PATH = click.Path(exists=True, dir_okay=False, path_type=Path)
BATCH = ("batch", "action", "marketplace", "state", "orders", "due_at", "files")


def batch_record(batch: Any) -> dict[str, Any]:
    """A batch as one line of a list; `orders` are those that were not taken back."""
    return {
        "batch": batch.id, "action": str(batch.action), "marketplace": batch.marketplace, "state": str(batch.state),
        "orders": sum(row.state is not RowState.RECALLED for row in batch.rows), "due_at": iso_utc(batch.due_at), "files": " ".join(batch.files),
    }  # fmt: skip


def ids_of(session: Any, order_ids: list[str]) -> list[int]:
    """Row numbers of order ids; leaves with exit 4 when one is not in the store, naming it."""
    found = {order_id: session.orders.id_of(order_id) for order_id in dict.fromkeys(order_ids)}
    missing = [order_id for order_id, ident in found.items() if ident is None]
    if missing:
        fail(Exit.BAD_INPUT, f"not in this store: {', '.join(missing[:10])}; nothing was done")
    return list(found.values())


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
    ids_file: Any,
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


def show_plans(plans: Sequence[Any], output: Path, form: str) -> None:
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


@click.command()
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Confirm.")
@click.option("--typed", help="The number of orders, where policy asks for it.")
@FORMAT
@click.pass_obj
def commit(settings: Settings, plan_file: Path, yes: bool, typed: str | None, form: str) -> None:
    """Put a plan into the hold; until the hold ends it can be undone."""
    real_clock_only(settings)
    with open_session(settings) as session:
        plans = [p for p in session.batches.load_plan(plan_file) if p.rows]
        if not yes:
            fail(
                Exit.NOT_CONFIRMED, f"{sum(len(p.rows) for p in plans)} orders; give --yes to commit. Nothing was done."
            )
        batches = [session.batches.commit(p, typed=typed) for p in plans]
    emit([batch_record(batch) for batch in batches], BATCH, form)
    for batch in batches:
        say(held_sentence(batch))


@click.command()
@click.argument("what")
@click.pass_obj
def undo(settings: Settings, what: str) -> None:
    """Take back a held BATCH, or one ORDER-ID out of its batch."""
    with open_session(settings) as session:
        say(
            f"{pluralize(session.batches.recall(int(what) if what.isdigit() else what))} taken back; nothing was sent for them"
        )


@click.command()
@click.argument("batch", type=int)
@click.pass_obj
def release(settings: Settings, batch: int) -> None:
    """End the hold of a BATCH now."""
    real_clock_only(settings)
    with open_session(settings) as session:
        emit([batch_record(session.batches.release(batch))], BATCH, "table")
        say("The hold is over; `ordertui dispatch` writes the files.")


@click.command()
@FORMAT
@click.pass_obj
def outbox(settings: Settings, form: str) -> None:
    """Batches and where they stand."""
    with open_session(settings) as session:
        emit([batch_record(b) for b in session.batches.find()], BATCH, form)


@click.command()
@click.option("--wait", is_flag=True, help="By the API: until Amazon has answered what is on its way. Ctrl-C stops.")
@FORMAT
@click.pass_obj
def dispatch(settings: Settings, wait: bool, form: str) -> None:
    """Let batches leave whose hold has ended: as files to upload, or, where the settings say so, as feeds by the API."""
    real_clock_only(settings)
    with open_session(settings) as session, stop_on_interrupt() as stop:
        sent = session.dispatcher.run(stop, say)
        while wait and session.dispatcher.wait_for_feeds(stop):
            sent += session.dispatcher.run(stop, say)
        waiting = () if sent else session.batches.find(open_only=True)
    emit([batch_record(b) for b in sent], BATCH, form)
    for batch in sent:
        say(sent_sentence(batch))
        if batch.advice:
            say(batch.advice)
    if not sent:
        for sentence in waiting_sentences(waiting):
            say(sentence)


@click.command()
@click.argument("batch", type=int)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Plan file to write."
)
@FORMAT
@click.pass_obj
def retry(settings: Settings, batch: int, output: Path, form: str) -> None:
    """Plan the rows of a BATCH again that failed, and only those; then `commit` the plan. Exit 3 when none may."""
    with open_session(settings) as session:
        plans = session.batches.retry(batch)
        session.batches.save_plan(plans, output)
    show_plans(plans, output, form)


@click.command()
@FORMAT
@click.pass_obj
def questions(settings: Settings, form: str) -> None:
    """What left and needs somebody: unwritten, stuck, unknown, diverged, unconfirmed, overpaid; and what would settle it."""
    with open_session(settings) as session:
        found = session.batches.open_issues()
    records = [
        {"batch": q.batch, "action": str(q.action), "marketplace": q.marketplace, "kind": q.kind, "order_id": order_id,
         "since": iso_utc(q.since), "why": q.why, "evidence": q.evidence}
        for q in found for order_id in q.orders
    ]  # fmt: skip
    emit(records, ("batch", "action", "marketplace", "kind", "order_id", "since", "why", "evidence"), form)
    if not found:
        say("nothing is open")


@click.command()
@click.argument("batch", type=int)
@click.argument("order_ids", nargs=-1, required=True)
@click.option("--done/--not-done", default=None, help="What became of them.")
@click.option("--why", required=True, help="What you looked at, and what it showed; kept in the audit.")
@click.option("--typed", help="The number of orders, to confirm.")
@click.pass_obj
def settle(
    settings: Settings, batch: int, order_ids: tuple[str, ...], done: bool | None, why: str, typed: str | None
) -> None:
    """Say what became of ORDER-IDS of a BATCH that left, by your own word.

    Not done lets them be tried again: if Amazon did refund them, it would then refund twice.
    """
    if done is None:
        fail(Exit.USAGE, "give --done or --not-done")
    with open_session(settings) as session:
        session.batches.settle(batch, order_ids, done=done, why=why, typed=typed)
    say(f"{len(set(order_ids))} orders settled by your word; the audit keeps it")


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

"""Commands on committed batches: commit, undo, approve, reject, release, outbox, dispatch, todo, settle."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ordertui.operations.query.export import Record
from ordertui.orders.batch_state import NEVER_LEFT, UNANSWERED, BatchState, RowState
from ordertui.orders.clock import iso_utc
from ordertui.orders.money import format_decimal
from ordertui.orders.people import Permission
from ordertui.orders.text import pluralize

from .context import Settings, at_most_one, exactly_one, fail, open_session, say
from .exit_codes import Exit
from .interrupts import stop_before_the_end, stop_on_interrupt
from .messages import (
    clock,
    deciders,
    held_sentence,
    may_approve,
    outlook_sentences,
    sent_sentence,
    unconfirmed_sentence,
    waiting_sentences,
)
from .output import FORMAT, emit

if TYPE_CHECKING:
    from ordertui.operations.batches.batch import Batch
    from ordertui.operations.session import Session
    from ordertui.orders.people import Person
    from ordertui.store import JournalRow

COLUMNS = (
    "batch", "action", "marketplace", "state", "orders", "refused", "unclear", "due_at", "uploaded_at", "next", "files",
)  # fmt: skip
SPARE = ("uploaded_at", "due_at", "unclear")
APPROVAL_COLUMNS = ("batch", "action", "marketplace", "orders", "total", "committed_by", "asked_at", "why")
ROW_COLUMNS = ("batch", "order_id", "state", "reason", "currency", "total", "code", "text")


def batch_record(batch: Batch, now: int, person: Person) -> Record:
    """Return a batch as one line of a list, as it stands at `now` (epoch seconds), for who is at work.

    Its `orders` are those that were neither undone nor left out. Its state is `confirmed` once a report confirmed every
    one of them.
    """
    return {
        "batch": batch.id,
        "action": str(batch.action),
        "marketplace": batch.marketplace,
        "state": RowState.CONFIRMED.value if batch.is_confirmed else str(batch.state),
        "orders": sum(row.state not in NEVER_LEFT for row in batch.rows),
        "refused": batch.count(RowState.ERROR),
        "unclear": batch.count(RowState.UNKNOWN),
        "due_at": "" if batch.state is BatchState.AWAITING else iso_utc(batch.due_at),
        "uploaded_at": "" if batch.uploaded_at is None else iso_utc(batch.uploaded_at),
        "next": next_command(batch, now, person),
        "files": "" if batch.withheld else " ".join(batch.files),
    }


def emit_batches(session: Session, batches: Iterable[Batch], form: str) -> None:
    """Print batches as a list, as they stand now, for who is at work."""
    now, person = session.clock.now(), session.context.person
    found = list(batches)
    emit([batch_record(batch, now, person) for batch in found], COLUMNS, form, SPARE)
    for why in dict.fromkeys(batch.advice for batch in found if batch.is_inactive):
        say(why)


def next_command(batch: Batch, now: int, person: Person) -> str:
    """Return the command by which a person goes on with a batch; empty when there is none, or it goes on by itself.

    Of a batch whose hold is not over at `now` (epoch seconds) it tells from when on the command does something; of one
    that somebody else decides about, who that may be; in a store that was moved or may be a copy, there is none.
    """
    if batch.is_inactive:
        return ""
    if batch.state is BatchState.AWAITING:
        return f"ordertui approve {batch.id}" if may_approve(batch, person) else f"wait for {deciders(batch)}"
    return _next_command(batch, now) if person.may(Permission.DISPATCH) else ""


def _next_command(batch: Batch, now: int) -> str:
    if batch.state is BatchState.HELD:
        return "ordertui dispatch" if batch.due_at <= now else f"ordertui dispatch, from {clock(batch.due_at)}"
    if batch.count(RowState.UNKNOWN):
        return "ordertui todo"
    if batch.retryable:
        return f"ordertui retry {batch.id}"
    if batch.by_api:
        return "ordertui dispatch" if batch.count(*UNANSWERED) else ""
    if batch.is_writing:
        return "ordertui dispatch"
    if batch.count(RowState.WRITTEN) and batch.withheld:
        return "ordertui todo"
    if batch.count(RowState.WRITTEN):
        return f"ordertui uploaded {batch.id}"
    return f"ordertui results FILE --batch {batch.id}" if batch.count(*UNANSWERED) else ""


@click.command()
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Confirm.")
@click.option("--typed", help="The number of orders, of all marketplaces together, where policy asks for it.")
@FORMAT
@click.pass_obj
def commit(settings: Settings, plan_file: Path, yes: bool, typed: str | None, form: str) -> None:
    """Put a plan into the hold, the batches of all its marketplaces or none; until the hold ends it can be undone."""
    with open_session(settings, acts_now=True) as session:
        stop = stop_before_the_end()
        plans = [p for p in session.batches.load_plan(plan_file) if p.rows]
        if not yes:
            fail(Exit.NOT_CONFIRMED, unconfirmed_sentence(plans))
        try:
            batches = session.batches.commit_all(plans, typed=typed, stop=stop)
        except Exception:
            say("Nothing was committed: no order of this plan file is held by it.")
            raise
    emit_batches(session, batches, form)
    for batch in batches:
        say(held_sentence(batch, session.context.person))


@click.command()
@click.argument("what", metavar="BATCH|ORDER-ID")
@click.pass_obj
def undo(settings: Settings, what: str) -> None:
    """Undo a held BATCH, or one ORDER-ID of its batch."""
    with open_session(settings, takes_back=True) as session:
        stop = stop_before_the_end()
        named = int(what) if what.isdecimal() else what
        holder = named if isinstance(named, int) else session.batches.holder_of(named)
        count = session.batches.recall(named, stop)
        author = session.batches.author_of(holder)
        whose = f"; {author} had committed this, not you" if author not in ("", session.context.person.name) else ""
        say(f"{pluralize(count)} undone; nothing was sent to Amazon{whose}")


@click.command()
@click.argument("batches", nargs=-1, type=int, required=True)
@click.pass_obj
def release(settings: Settings, batches: tuple[int, ...]) -> None:
    """End the hold of these BATCHES now, of all or of none."""
    with open_session(settings, acts_now=True) as session:
        stop = stop_before_the_end()
        released = session.batches.release_all(tuple(dict.fromkeys(batches)), stop)
        emit_batches(session, released, "table")
        say("The hold is over; `ordertui dispatch` writes the files.")


@click.command()
@click.argument("batch", type=int, required=False)
@FORMAT
@click.pass_obj
def approvals(settings: Settings, batch: int | None, form: str) -> None:
    """List the batches that wait for approval, oldest first, with the house rules that ask for it.

    With a BATCH, for those who may approve it: its orders as they would leave now, the rate before and after, budgets.
    """
    with open_session(settings) as session, stop_on_interrupt() as stop:
        if batch is not None:
            outlook = session.approvals.outlook(batch, stop)
            emit([row_record(batch, row) for row in outlook.batch.rows], ROW_COLUMNS, form)
            for sentence in outlook_sentences(outlook):
                say(sentence)
            return
        waiting = session.approvals.waiting()
    records: list[Record] = [
        {"batch": found.id, "action": str(found.action), "marketplace": found.marketplace,
         "orders": found.count(RowState.HELD), "total": total_text(found), "committed_by": found.who,
         "asked_at": iso_utc(one.asked_at), "why": "; ".join(one.why)}
        for found in waiting if (one := found.approval) is not None
    ]  # fmt: skip
    emit(records, APPROVAL_COLUMNS, form, ("asked_at", "marketplace"))
    if not waiting:
        say("nothing waits for approval")


def total_text(batch: Batch) -> str:
    """Return what the held orders of a batch come to, `100.00 USD + ?` where some amounts are not known."""
    sums: dict[str, int] = {}
    rows = [row for row in batch.rows if row.state is RowState.HELD]
    for row in rows:
        if row.currency is not None and row.total is not None:
            sums[row.currency] = sums.get(row.currency, 0) + row.total
    parts = [f"{format_decimal(minor, currency)} {currency}" for currency, minor in sums.items()]
    if any(row.total is None or row.currency is None for row in rows):
        parts.append("?")
    return " + ".join(parts)


@click.command()
@click.argument("batch", type=int)
@click.option("--why", required=True, help="What you looked at; kept in the audit.")
@FORMAT
@click.pass_obj
def approve(settings: Settings, batch: int, why: str, form: str) -> None:
    """Approve a BATCH that somebody else committed: its hold begins. Exit 7 when orders were left out."""
    with open_session(settings, acts_now=True) as session:
        stop = stop_before_the_end()
        found = session.approvals.approve(batch, why, stop)
    emit_batches(session, [found.batch], form)
    if found.batch.state is BatchState.HELD:
        say(held_sentence(found.batch, session.context.person))
    for warning in found.warnings:
        say(warning)
    if found.left_out:
        what = "" if found.batch.state is BatchState.HELD else "; nothing is left of the batch, and it is not approved"
        fail(Exit.NOT_ALL, f"{pluralize(found.left_out)} left out, not allowed any more{what}")


@click.command()
@click.argument("batch", type=int)
@click.option("--why", required=True, help="What is wrong with it; kept in the audit.")
@click.pass_obj
def reject(settings: Settings, batch: int, why: str) -> None:
    """Reject a BATCH that somebody else committed: it is undone."""
    with open_session(settings, takes_back=True) as session:
        stop = stop_before_the_end()
        count = session.approvals.reject(batch, why, stop)
    say(f"batch {batch} rejected: {pluralize(count)} undone; nothing was sent to Amazon")


@click.command()
@click.argument("batch", type=int, required=False)
@FORMAT
@click.pass_obj
def outbox(settings: Settings, batch: int | None, form: str) -> None:
    """List batches and where they stand; with a BATCH its orders, with Amazon's codes and words."""
    with open_session(settings, takes_back=True) as session:
        if batch is None:
            all_batches = session.batches.find()
            emit_batches(session, all_batches, form)
            if not all_batches:
                say("no batch yet; `ordertui plan` makes a plan, and `ordertui commit` a batch of it")
            for one in all_batches:
                say_rejection(one)
                if one.withheld:
                    say(one.withheld)
                elif one.machine:
                    say(f"batch {one.id}: its file is on {one.machine}, where it was written")
            return
        found = session.batches.get(batch)
    emit([row_record(found.id, row) for row in found.rows], ROW_COLUMNS, form)
    say_rejection(found)
    if found.withheld:
        say(found.withheld)


def say_rejection(batch: Batch) -> None:
    """Say who rejected a batch that waited for approval, and what they said."""
    approval = batch.approval
    if approval is not None and approval.is_rejected:
        say(f"batch {batch.id} was rejected by {approval.who or '?'}: {approval.word}")


def row_record(batch: int, row: JournalRow) -> Record:
    """Return one order of a batch as one line of a list."""
    amount = None if row.total is None or row.currency is None else format_decimal(row.total, row.currency)
    return {
        "batch": batch, "order_id": row.order_id, "state": str(row.state), "reason": row.reason,
        "currency": row.currency, "total": amount, "code": row.code, "text": row.text,
    }  # fmt: skip


@click.command()
@click.argument("batches", nargs=-1, type=int, required=True)
@click.option("--undo", is_flag=True, help="Take that back, of all of these batches or of none.")
@click.option("--yes", is_flag=True, help="They were uploaded, although something speaks against it.")
@click.pass_obj
def uploaded(settings: Settings, batches: tuple[int, ...], undo: bool, yes: bool) -> None:
    """Mark the files of these BATCHES as uploaded to Amazon, all or none; the audit keeps who said so."""
    at_most_one({"--undo": undo, "--yes": yes})
    numbers = tuple(dict.fromkeys(batches))
    with open_session(settings) as session:
        stop = stop_before_the_end()
        session.batches.mark_uploaded(*numbers, undo=undo, confirmed=yes, stop=stop)
    for batch in numbers:
        if undo:
            say(f"batch {batch}: no longer marked as uploaded; if Amazon did get its file, do not upload it again")
        else:
            say(f"batch {batch}: marked as uploaded. Next: `ordertui results FILE --batch {batch}`")


@click.command()
@click.option("--wait", is_flag=True, help="By the API: until Amazon has answered what is on its way. Ctrl-C stops.")
@FORMAT
@click.pass_obj
def dispatch(settings: Settings, wait: bool, form: str) -> None:
    """Let batches leave whose hold has ended: as files to upload, or by the API where the settings say so.

    Exit 7 when not all went through: orders refused by Amazon, unknown, or left out.
    """
    from ordertui.operations.dispatch.dispatcher import DispatchIncomplete

    sent: list[Batch] = []
    waiting: list[Batch] = []
    incomplete = None
    with open_session(settings, acts_now=True) as session:
        stop = stop_before_the_end()
        watch = session.dispatcher.watch_failures()
        try:
            sent += session.dispatcher.run(stop, say)
            while wait and session.dispatcher.wait_for_feeds(stop):
                sent += session.dispatcher.run(stop, say)
            waiting = [] if sent else session.batches.find(open_only=True)
        except DispatchIncomplete as error:
            sent += error.written
            incomplete = error
        failed = watch.sentences() + (watch.unanswered() if wait else [])
        to_upload = [] if sent else session.batches.to_upload_sentences()
    emit_batches(session, sent, form)
    for batch in sent:
        say(sent_sentence(batch))
        if batch.advice:
            say(batch.advice)
    if incomplete is not None:
        raise incomplete
    if not sent:
        for sentence in (*waiting_sentences(waiting, session.context.person), *to_upload):
            say(sentence)
    if stop():
        fail(Exit.INTERRUPTED, "stopped; what left before has left, and the next dispatch goes on")
    if failed:
        fail(Exit.NOT_ALL, f"not all went through: {'; '.join(failed)}. `ordertui outbox` and `todo` say more")


@click.command()
@FORMAT
@click.pass_obj
def todo(settings: Settings, form: str) -> None:
    """List the batches that need attention, and what would settle them.

    Kinds: unread, unwritten, no_upload, stuck, unknown, diverged, unconfirmed, overpaid.
    """
    with open_session(settings) as session:
        found, unfinished = session.batches.open_issues(), session.batches.unfinished()
        is_inactive = session.batches.waiting().is_inactive
    records = [
        {"batch": q.batch, "action": str(q.action), "marketplace": q.marketplace, "kind": q.kind, "order_id": order_id,
         "since": iso_utc(q.since), "why": q.why, "evidence": q.evidence}
        for q in found for order_id in q.orders
    ]  # fmt: skip
    emit(records, ("batch", "action", "marketplace", "kind", "order_id", "since", "why", "evidence"), form)
    if not found and not is_inactive:
        say("nothing needs a decision; what waits:" if unfinished else "of what left nothing is open")
    for sentence in unfinished:
        say(sentence)


@click.command()
@click.argument("batch", type=int)
@click.argument("order_ids", nargs=-1, required=True)
@click.option("--done", is_flag=True, help="Amazon did it.")
@click.option("--not-done", is_flag=True, help="Amazon did not: they may be tried again.")
@click.option("--why", required=True, help="What you looked at, and what it showed; kept in the audit.")
@click.option("--typed", help="The number of orders, to confirm.")
@click.option(
    "--against", multiple=True, metavar="NAME", help="Evidence that says otherwise, as it was named; repeat it."
)
@click.pass_obj
def settle(
    settings: Settings,
    batch: int,
    order_ids: tuple[str, ...],
    done: bool,
    not_done: bool,
    why: str,
    typed: str | None,
    against: tuple[str, ...],
) -> None:
    """Say what became of ORDER-IDS of a BATCH that left, by your own word.

    Not done lets them be tried again: if Amazon did refund them, it would then refund twice. Where a report or a
    booking says otherwise, --against must name it.
    """
    exactly_one({"--done": done, "--not-done": not_done})
    from ordertui.operations.batches.settle import OperatorStatement

    with open_session(settings) as session:
        stop = stop_before_the_end()
        session.batches.record(batch, order_ids, OperatorStatement(done, why, typed, against), stop)
    say(f"{pluralize(len(set(order_ids)))} settled by your word; the audit keeps it")

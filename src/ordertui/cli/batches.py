"""Commands on committed batches: commit, undo, release, outbox, dispatch, questions, settle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ordertui.orders.batch_state import NEVER_LEFT
from ordertui.orders.clock import iso_utc
from ordertui.orders.text import pluralize

from .context import Settings, fail, open_session, real_clock_only
from .exit_codes import Exit
from .imports import stop_on_interrupt
from .messages import held_sentence, sent_sentence, waiting_sentences
from .output import FORMAT, Record, emit, say

if TYPE_CHECKING:
    from ordertui.operations.batches.batch import Batch

COLUMNS = ("batch", "action", "marketplace", "state", "orders", "due_at", "files")


def batch_record(batch: Batch) -> Record:
    """Return a batch as one line of a list. Its `orders` are those that were neither taken back nor left out."""
    return {
        "batch": batch.id,
        "action": str(batch.action),
        "marketplace": batch.marketplace,
        "state": str(batch.state),
        "orders": sum(row.state not in NEVER_LEFT for row in batch.rows),
        "due_at": iso_utc(batch.due_at),
        "files": " ".join(batch.files),
    }


@click.command()
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Confirm.")
@click.option("--typed", help="The number of orders, of all marketplaces together, where policy asks for it.")
@FORMAT
@click.pass_obj
def commit(settings: Settings, plan_file: Path, yes: bool, typed: str | None, form: str) -> None:
    """Put a plan into the hold, the batches of all its marketplaces or none; until the hold ends it can be undone."""
    real_clock_only(settings)
    with open_session(settings) as session:
        plans = [p for p in session.batches.load_plan(plan_file) if p.rows]
        if not yes:
            count = sum(len(p.rows) for p in plans)
            fail(Exit.NOT_CONFIRMED, f"{pluralize(count)}; give --yes to commit. Nothing was done.")
        try:
            batches = session.batches.commit_all(plans, typed=typed)
        except Exception:
            say("Nothing was committed: no order of this plan file is held by it.")
            raise
    emit([batch_record(batch) for batch in batches], COLUMNS, form)
    for batch in batches:
        say(held_sentence(batch))


@click.command()
@click.argument("what")
@click.pass_obj
def undo(settings: Settings, what: str) -> None:
    """Take back a held BATCH, or one ORDER-ID out of its batch."""
    with open_session(settings) as session:
        count = session.batches.recall(int(what) if what.isdecimal() else what)
        say(f"{pluralize(count)} taken back; nothing was sent for them")


@click.command()
@click.argument("batch", type=int)
@click.pass_obj
def release(settings: Settings, batch: int) -> None:
    """End the hold of a BATCH now."""
    real_clock_only(settings)
    with open_session(settings) as session:
        emit([batch_record(session.batches.release(batch))], COLUMNS, "table")
        say("The hold is over; `ordertui dispatch` writes the files.")


@click.command()
@FORMAT
@click.pass_obj
def outbox(settings: Settings, form: str) -> None:
    """List batches and where they stand."""
    with open_session(settings) as session:
        emit([batch_record(b) for b in session.batches.find()], COLUMNS, form)


@click.command()
@click.argument("batches", nargs=-1, type=int, required=True)
@click.pass_obj
def uploaded(settings: Settings, batches: tuple[int, ...]) -> None:
    """Say that the files of these BATCHES were uploaded to Amazon; the audit keeps it as your word."""
    with open_session(settings) as session:
        for batch in batches:
            session.batches.mark_uploaded(batch)
            say(f"batch {batch}: uploaded, by your word. Next: `ordertui results FILE --batch {batch}`")


@click.command()
@click.option("--wait", is_flag=True, help="By the API: until Amazon has answered what is on its way. Ctrl-C stops.")
@FORMAT
@click.pass_obj
def dispatch(settings: Settings, wait: bool, form: str) -> None:
    """Let batches leave whose hold has ended: as files to upload, or by the API where the settings say so.

    Exit 7 when not all went through: orders refused by Amazon, unknown, or left out.
    """
    real_clock_only(settings)
    from ordertui.operations.dispatch.dispatcher import DispatchIncomplete

    sent: list[Batch] = []
    waiting: list[Batch] = []
    incomplete = None
    with open_session(settings) as session, stop_on_interrupt() as stop:
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
    emit([batch_record(b) for b in sent], COLUMNS, form)
    for batch in sent:
        say(sent_sentence(batch))
        if batch.advice:
            say(batch.advice)
    if incomplete is not None:
        raise incomplete
    if not sent:
        for sentence in waiting_sentences(waiting):
            say(sentence)
    if stop():
        fail(Exit.INTERRUPTED, "stopped; what left before has left, and the next dispatch goes on")
    if failed:
        fail(Exit.NOT_ALL, f"not all went through: {'; '.join(failed)}. `ordertui outbox` and `questions` say more")


@click.command()
@FORMAT
@click.pass_obj
def questions(settings: Settings, form: str) -> None:
    """List what left and needs somebody, and what would settle it.

    Kinds: unwritten, stuck, unknown, diverged, unconfirmed, overpaid.
    """
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
@click.option(
    "--against", multiple=True, metavar="NAME", help="Evidence that says otherwise, as it was named; repeat it."
)
@click.pass_obj
def settle(
    settings: Settings,
    batch: int,
    order_ids: tuple[str, ...],
    done: bool | None,
    why: str,
    typed: str | None,
    against: tuple[str, ...],
) -> None:
    """Say what became of ORDER-IDS of a BATCH that left, by your own word.

    Not done lets them be tried again: if Amazon did refund them, it would then refund twice. Where a report or a
    booking says otherwise, --against must name it.
    """
    if done is None:
        fail(Exit.USAGE, "give --done or --not-done")
    with open_session(settings) as session:
        session.batches.settle(batch, order_ids, done=done, why=why, typed=typed, against=against)
    say(f"{pluralize(len(set(order_ids)))} settled by your word; the audit keeps it")

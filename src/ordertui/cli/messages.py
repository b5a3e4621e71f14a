"""What acting commands tell a person, in short sentences on stderr; the same facts are in the list on stdout."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.orders.money import format_money
from ordertui.orders.text import pluralize
from ordertui.rules.rate import percent, target_percent

if TYPE_CHECKING:
    from ordertui.operations.batches.batch import Batch
    from ordertui.operations.planning.plan import Plan
    from ordertui.operations.rate.figures import RateFigure

_MONEY = {Action.CANCEL: "The buyers will not be charged", Action.REFUND: "The buyers get back"}


def clock(epoch: int) -> str:
    """`2026-11-23 14:20 UTC`."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M UTC")


def share(figure: RateFigure) -> str:
    """Return `3 of 128 (2.34 %)`."""
    if not figure.orders:
        return "no orders"
    text = percent(Fraction(figure.cancelled, figure.orders), target=Fraction(figure.target))
    return f"{figure.cancelled:,} of {figure.orders:,} ({text})"


def plan_sentences(plan: Plan) -> Iterator[str]:
    """Who is in, what it does to the rate and to money, and what to be warned of."""
    counted = sum(row.counts for row in plan.rows)
    word = f", of which {counted:,} count" if plan.action is Action.CANCEL and plan.rows else ""
    yield f"{plan.marketplace}: {plan.action.value} {pluralize(len(plan.rows))}{word}; {len(plan.out):,} left out."
    if not plan.rows:
        return
    for effect in plan.rates:
        before, after = effect.before, effect.after
        yield (
            f"  {after.days}-day rate: {share(before)} now, {share(after)} after; target under"
            f" {target_percent(Fraction(after.target))}, room for {after.headroom:,} more."
        )
    sums = [format_money(sum_.minor, sum_.currency) for sum_ in plan.money if sum_.component == "total"]
    if sums:
        yield f"  {_MONEY[plan.action]} {' and '.join(sums)}."
    if plan.unpriced:
        yield f"  {pluralize(plan.unpriced)} without a known price: not in this sum."
    for warning in plan.warnings:
        yield f"  Note: {warning}."


def saved_sentences(plans: Sequence[Plan], path: Path) -> Iterator[str]:
    """Where the plan is and how to go on."""
    going = [plan for plan in plans if plan.rows]
    if not going:
        return
    if going[0].action is Action.MESSAGE:
        yield "Messages are not sent by file: `ordertui message ORDER-ID` gives the text to copy."
        return
    typed = next((f" --typed {plan.typed_count}" for plan in going if plan.typed_count is not None), "")
    yield f"Nothing is done yet. The plan is in {path} and holds until {clock(min(p.expires_at for p in going))}; to commit it:"
    yield f"  ordertui commit {shlex.quote(str(path))} --yes{typed}"


def held_sentence(batch: Batch) -> str:
    """After a commit."""
    return (
        f"Batch {batch.id}: {pluralize(len(batch.rows))} held until {clock(batch.due_at)}; nothing has left."
        f" `ordertui undo {batch.id}` takes them back, `ordertui release {batch.id}` ends the hold."
    )


def sent_sentence(batch: Batch) -> str:
    """After a dispatch."""
    gone = sum(row.state is RowState.RECALLED for row in batch.rows)
    left = f" ({pluralize(gone)} taken back)" if gone else ""
    how = "written" if batch.files else "at Amazon"
    return f"Batch {batch.id} is {how}: {batch.action.value} {pluralize(len(batch.rows) - gone)} in {batch.marketplace}{left}."


def waiting_sentences(batches: Sequence[Batch]) -> Iterator[str]:
    """When nothing was due: what is held, and until when."""
    yield "Nothing is due."
    for batch in batches:
        if batch.state is BatchState.HELD:
            yield held_sentence(batch)

"""Sentences that commands write to stderr for a person; the same facts are in the list on stdout."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.batch_state import NOT_LEFT, BatchState, RowState
from ordertui.orders.clock import to_local
from ordertui.orders.enums import Action
from ordertui.orders.money import format_money
from ordertui.orders.people import Permission
from ordertui.orders.text import pluralize, with_verb
from ordertui.rules.rate import percent, target_percent

if TYPE_CHECKING:
    from ordertui.operations.batches.approvals import ApprovalOutlook
    from ordertui.operations.batches.batch import Batch
    from ordertui.operations.planning.plan import Plan
    from ordertui.operations.rate.budget import BudgetUse
    from ordertui.operations.rate.figures import RateFigure
    from ordertui.orders.people import Person

_MONEY_VERB = {Action.CANCEL: "The buyers will not be charged", Action.REFUND: "The buyers get back"}


def clock(epoch: int) -> str:
    """Return `2026-11-23 14:20 UTC` for epoch seconds."""
    return to_local(epoch, "UTC").strftime("%Y-%m-%d %H:%M UTC")


def share(figure: RateFigure) -> str:
    """Return `3 of 128 (2.34 %)`."""
    if figure.reason:
        return f"{figure.cancelled:,} of an unknown number"
    if figure.share is None:
        return "no orders"
    text = percent(figure.share, target=Fraction(figure.target))
    return f"{figure.cancelled:,} of {figure.orders:,} ({text})"


def plan_sentences(plan: Plan) -> Iterator[str]:
    """Say who is in, what the plan does to the rate and to money, and its warnings."""
    from ordertui.operations.planning.effects import window_words

    counted = sum(row.counts for row in plan.rows)
    word = f", of which {with_verb(counted, 'counts', 'count')}" if plan.action is Action.CANCEL and plan.rows else ""
    yield f"{plan.marketplace}: {plan.action.value} {pluralize(len(plan.rows))}{word}; {len(plan.out):,} excluded."
    if not plan.rows:
        return
    for effect in plan.rates:
        before, after = effect.before, effect.after
        room = "unknown how many more are allowed" if after.reason else f"{after.headroom:,} more allowed"
        counting = "".join(f"; {words}" for words in window_words(plan, effect))
        yield (
            f"  {after.days}-day rate: {share(before)} now, {share(after)} after; target under"
            f" {target_percent(Fraction(after.target))}, {room}{counting}."
        )
    yield from (f"  {budget_sentence(use)}" for use in plan.budgets)
    sums = [format_money(sum_.minor, sum_.currency) for sum_ in plan.money if sum_.component == "total"]
    if sums:
        yield f"  {_MONEY_VERB[plan.action]} {' and '.join(sums)}."
    if plan.unpriced:
        yield f"  {pluralize(plan.unpriced)} without a known price: not in this sum."
    for why in plan.approval:
        yield f"  The batch waits for approval by somebody else: {why}."
    for warning in plan.warnings:
        yield f"  Note: {warning}."


def saved_sentences(plans: Sequence[Plan], path: Path) -> Iterator[str]:
    """Say where the plan file is and how to commit it."""
    from ordertui.operations.batches.committer import typed_count, typed_reasons

    going = [plan for plan in plans if plan.rows]
    if not going:
        return
    if going[0].action is Action.MESSAGE:
        yield "Messages are not sent by file: `ordertui message ORDER-ID` gives the text to copy."
        return
    count = typed_count(going)
    typed = "" if count is None else f" --typed {count}"
    until = clock(min(plan.expires_at for plan in going))
    yield f"Nothing is done yet. The plan is in {path} and holds until {until}; to commit it:"
    yield f"  ordertui commit {shlex.quote(str(path))} --yes{typed}"
    if count is not None:
        yield f"  The number is asked for because: {'; '.join(typed_reasons(going))}."


def unconfirmed_sentence(plans: Sequence[Plan]) -> str:
    """Say all that is to be given to commit these plans, and why the number is asked for."""
    from ordertui.operations.batches.committer import typed_count, typed_reasons

    count = typed_count(plans)
    typed = "" if count is None else f" --typed {count}"
    why = "" if count is None else f" The number is asked for because: {'; '.join(typed_reasons(plans))}."
    return f"{pluralize(sum(len(plan.rows) for plan in plans))}; give --yes{typed} to commit. Nothing was done.{why}"


def outlook_sentences(outlook: ApprovalOutlook) -> Iterator[str]:
    """Say what an approval would do: what would leave, the rate without and with it, budgets, warnings."""
    leaving = outlook.batch.count(RowState.HELD)
    if not leaving:
        yield "None of it may leave any more: approving takes all of it out, and it is not approved."
    elif outlook.whys:
        yield f"{pluralize(leaving)} would leave, {len(outlook.whys):,} would be left out: not allowed any more."
    for effect in outlook.rates:
        before, after = effect.before, effect.after
        room = "unknown how many more are allowed" if after.reason else f"{after.headroom:,} more allowed"
        yield (
            f"{after.days}-day rate: {share(before)} without it, {share(after)} with it; target under"
            f" {target_percent(Fraction(after.target))}, {room}."
        )
    yield from map(budget_sentence, outlook.budgets)
    yield from (f"Note: {warning}." for warning in outlook.warnings)


def budget_sentence(use: BudgetUse) -> str:
    """Say what is used of a budget without a batch, and with it."""
    when = "today" if use.budget.span == "day" else "this week"
    return f"Budget {when}: {use.used:,} of {use.budget.most:,} used without it, {use.after:,} with it."


def deciders(batch: Batch) -> str:
    """Say who may approve a batch."""
    return f"a lead or owner other than {batch.author}" if batch.author else "a lead or owner"


def may_approve(batch: Batch, person: Person) -> bool:
    """Return whether this person may approve a batch that waits."""
    from ordertui.operations.batches.batch import may_decide

    return person.may(Permission.APPROVE) and may_decide(batch, person.name)


def held_sentence(batch: Batch, person: Person) -> str:
    """Say that a batch was committed, until when it is held or what it waits for, and what this person may do."""
    if batch.state is BatchState.AWAITING:
        why = "; ".join(batch.approval.why) if batch.approval is not None else ""
        approve = f'`ordertui approve {batch.id} --why "..."`'
        decide = f"{approve} lets its hold begin," if may_approve(batch, person) else "Until then"
        return (
            f"Batch {batch.id}: {pluralize(batch.count(RowState.HELD))} waiting for approval by {deciders(batch)};"
            f" nothing was sent to Amazon: {why}. {decide} `ordertui undo {batch.id}` undoes it."
        )
    return (
        f"Batch {batch.id}: {pluralize(batch.count(RowState.HELD))} held until {clock(batch.due_at)};"
        " nothing was sent to Amazon."
        f" `ordertui undo {batch.id}` undoes it, `ordertui release {batch.id}` ends the hold."
    )


def sent_sentence(batch: Batch) -> str:
    """Say that a batch was dispatched."""
    back = batch.count(RowState.RECALLED)
    out = batch.count(RowState.LEFT_OUT)
    words = ((back, "undone"), (out, "left out, not allowed any more"))
    gone, notes = back + out, [f"{pluralize(count)} {word}" for count, word in words if count]
    left = f" ({', '.join(notes)})" if notes else ""
    how = "written" if batch.files else "at Amazon"
    orders = pluralize(len(batch.rows) - gone)
    return f"Batch {batch.id} is {how}: {batch.action.value} {orders} in {batch.marketplace}{left}."


def waiting_sentences(batches: Sequence[Batch], person: Person) -> Iterator[str]:
    """Say that nothing was due, what is held, and until when."""
    yield "Nothing is due."
    for batch in batches:
        if batch.state in NOT_LEFT:
            yield held_sentence(batch, person)

"""Make a copy the store to work with, after its operator said what left since it was made.

What is held in the copy may have left from the store that it is a copy of, and what had failed may have been tried
again there. By the API, Amazon's own lists are looked at first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.errors import BadInput, CountNotTyped, Refused
from ordertui.orders.batch_state import NOT_LEFT, RowState
from ordertui.orders.clock import DAY
from ordertui.orders.enums import Action
from ordertui.orders.people import Permission
from ordertui.orders.text import pluralize
from ordertui.store import JournalBatch, Outcome, Store

from .settle import check_reason

MOST_DAYS = 89
"""Amazon lists feeds of 90 days (SP-API.md 4)."""
LEFT_TEXT = "it left from the store that this one is a copy of"
TRIED_TEXT = "it failed, and may have been tried again by the store that this one is a copy of"


class AmazonFindings(msgspec.Struct, frozen=True):
    """Feeds and bookings that Amazon lists since a copy was made, and that the copy does not know."""

    feeds: tuple[str, ...] = ()
    """Ids of feeds of the kinds that this program submits."""
    booked: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Order id to a text that names its bookings."""


class AdoptionQuestion(msgspec.Struct, frozen=True):
    """Orders of a batch of which the copy cannot know what happened since."""

    batch: int
    state: RowState
    """`held`: it may have left since. `failed`: it may have been tried again since."""
    action: Action
    orders: tuple[str, ...]
    booked: tuple[str, ...] = ()
    """What Amazon booked for these orders since, by the API."""


class Adoption:
    """Asks what happened since a copy was made, and adopts it.

    `look` asks Amazon what it lists of these orders since a time (epoch seconds); None where there is no API.
    """

    def __init__(
        self, context: SessionContext, look: Callable[[int, Collection[str]], AmazonFindings] | None = None
    ) -> None:
        self._context = context
        self._look = look

    def questions(self) -> list[AdoptionQuestion]:
        """Return what must be said of this store, oldest batch first; empty when there is nothing to ask.

        Raises Refused when the store is no copy.
        """
        return self._questions(AmazonFindings())

    def _questions(self, word: AmazonFindings) -> list[AdoptionQuestion]:
        copies, store = self._context.copies, self._context.reader()
        if not copies.reason():
            raise Refused("this store is no copy: there is nothing to adopt")
        found = []
        for batch in reversed(store.batches.find()):
            for state, orders in (
                (RowState.HELD, batch.orders_in(RowState.HELD)),
                (RowState.ERROR, _failed_orders(store, batch)),
            ):
                if orders:
                    booked = [word.booked[one] for one in orders if one in word.booked]
                    found.append(AdoptionQuestion(batch.id, state, batch.action, tuple(orders), tuple(booked)))
        return found

    def adopt(
        self,
        *,
        why: str,
        typed: str | None,
        left: Collection[int] = (),
        not_left: Collection[int] = (),
        nothing_since: bool = False,
    ) -> str:
        """Make this copy a store of its own, which acts again; return its new id.

        `left`, `not_left`: every held batch is in one of them. Of one that left each row is unknown, and waits for a
        report or for `settle`; one that did not is taken back. Rows that had failed become unknown too. With
        `nothing_since` the operator says instead that nothing left since the copy was made: what is held stays held.
        `typed`: the number of orders that this is about. Raises BadInput, CountNotTyped, Refused, SpApiError.
        """
        context = self._context
        store = context.writer(Permission.MAINTAIN)
        reason = check_reason(why)
        asked = self._questions(AmazonFindings())
        word = self._ask_amazon(store, asked)
        asked = self._questions(word)
        if nothing_since:
            self._check_nothing_since(word, left, not_left)
        else:
            self._check_named(asked, left, not_left)
        folders = context.copies.unknown_folders()
        if folders:
            raise Refused(
                f"the outbox has {', '.join(path.name for path in folders)}, which this store does not know: see in"
                " Seller Central what became of each, note its orders, and move the folder away"
            )
        count = sum(len(one.orders) for one in asked)
        if count and (typed or "").strip() != str(count):
            raise CountNotTyped(f"type the number of orders that this is about, {count}, to adopt the store", count)
        with store.write(even_moved=True):
            if not nothing_since:
                self._apply(store, left, not_left, reason)
            before = store.identity.id
            made = store.identity.renew()
            facts = {"of": before, "id": made, "why": reason, "left": sorted(left), "not_left": sorted(not_left)}
            store.audit.append("store.adopted", facts | {"nothing_since": nothing_since})
        context.copies.note_progress()
        return made

    def _ask_amazon(self, store: Store, asked: Sequence[AdoptionQuestion]) -> AmazonFindings:
        if self._look is None:
            return AmazonFindings()
        acts = [at for batch in store.batches.find() for at in (batch.created_at, batch.sent_at or 0)]
        made = store.identity.backup_of  # of a plain copy the last act of the journal is known: it has acted on nothing
        since = max(acts, default=0) if made is None else made
        oldest = self._context.clock.now() - MOST_DAYS * DAY
        return self._look(max(since, oldest), {order_id for one in asked for order_id in one.orders})

    def _check_nothing_since(self, word: AmazonFindings, left: Collection[int], not_left: Collection[int]) -> None:
        if left or not_left:
            raise BadInput("say either that nothing left since, or which held batches left and which did not")
        proof = self._context.copies.evidence()
        if word.feeds:
            proof = f"Amazon lists feeds that this store does not know: {', '.join(word.feeds)}"
        elif word.booked:
            proof = next(iter(word.booked.values()))
        if proof:
            raise Refused(f"something did happen since: {proof}; say of each held batch whether it left")

    @staticmethod
    def _check_named(asked: Sequence[AdoptionQuestion], left: Collection[int], not_left: Collection[int]) -> None:
        held = {one.batch: one for one in asked if one.state is RowState.HELD}
        both, strange = set(left) & set(not_left), (set(left) | set(not_left)) - set(held)
        missing = set(held) - set(left) - set(not_left)
        if both or strange:
            name = min(both or strange)
            raise BadInput(f"batch {name} is {'named as left and as not left' if both else 'not held in this store'}")
        if missing:
            names = ", ".join(map(str, sorted(missing)))
            raise BadInput(
                f"say of every held batch whether it left since this copy was made; nothing is said of {names}"
            )
        against = next((one for one in held.values() if one.batch in not_left and one.booked), None)
        if against is not None:
            raise Refused(f"batch {against.batch} did leave: {against.booked[0]}")

    def _apply(self, store: Store, left: Collection[int], not_left: Collection[int], why: str) -> None:
        for batch in store.batches.find():
            if batch.id in left:
                store.journal.mark_left_elsewhere(batch.id, Outcome(RowState.UNKNOWN, "", f"{LEFT_TEXT}: {why}"))
            elif batch.id in not_left and batch.state in NOT_LEFT:
                store.journal.recall(batch.id, why=f"not sent when this copy was adopted: {why}")
            failed = _failed_orders(store, batch)
            if failed:
                store.journal.doubt(batch.id, dict.fromkeys(failed, Outcome(RowState.UNKNOWN, "", TRIED_TEXT)))


def _failed_orders(store: Store, batch: JournalBatch) -> list[str]:
    """Return the orders of a batch that failed and that no later one tries."""
    later = store.batches.later_tries(batch.id)
    return [order_id for order_id in batch.orders_in(RowState.ERROR) if order_id not in later]


def describe_question(question: AdoptionQuestion) -> str:
    """Return a question as a sentence."""
    orders = pluralize(len(question.orders))
    if question.state is RowState.HELD:
        text = f"batch {question.batch} ({question.action.value}, {orders}) is held here: did it leave since?"
    else:
        text = f"batch {question.batch}: {orders} failed: {TRIED_TEXT.partition(', ')[2]}"
    return " ".join((text, *question.booked))

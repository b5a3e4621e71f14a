"""Approvals of batches: who asked for one and why, who decided, and the batch's way into its hold.

On a server only the functions of tables.sql write them. These check the login, so that nobody approves a batch of
their own by whatever means they reach the server. Whoever may write a store in a file can write anything into it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import Clock
from ordertui.store.engine.database import Database
from ordertui.store.engine.errors import ApprovalRefused
from ordertui.store.repositories.audit import Operator

from .holds import HoldTimer, hold_columns
from .records import JournalBatch
from .rows import TransitionWriter

_COLUMNS = "asked_at, why, decided_at, approved, decided_login, decided_who, word"
LEFT_ELSEWHERE = "it left from another store"
"""The word of an approval that was given in another store, of which this one was a copy."""


class ApprovalLedger:
    """Asks for approvals and records them, each in one transaction with the batch's change of state."""

    def __init__(
        self, database: Database, clock: Clock, operator: Operator, transitions: TransitionWriter, holds: HoldTimer
    ) -> None:
        self._database = database
        self._clock = clock
        self._operator = operator
        self._transitions = transitions
        self._holds = holds

    @cached_property
    def login(self) -> str:
        """Who is at work, by the word of the server or the operating system; empty where it has none."""
        if self._database.login is not None:
            return self._database.login
        person = self._database.person()
        return self._operator.user if person is None else person.name

    @property
    def _is_shared(self) -> bool:
        return self._database.engine.is_shared

    def ask(self, batch: JournalBatch, why: Sequence[str]) -> None:
        """Let a held batch wait until somebody else approves it, in the open transaction. `why`: what asks for it."""
        asked = (batch.id, self._clock.now(), json.dumps(list(why)))
        if self._is_shared:
            self._database.query("SELECT ask_approval(?, ?, ?)", asked)
        else:
            self._database.execute("INSERT INTO approvals (batch, asked_at, why) VALUES (?, ?, ?)", asked)
        self._transitions.move_batch(batch.id, batch.state, BatchState.AWAITING)
        self._transitions.log(
            "batch.awaiting_approval", batch.id, why="; ".join(why), orders=batch.orders_in(RowState.HELD)
        )

    def is_approved(self, batch_id: int) -> bool:
        """Return whether a batch was approved; a part of a larger one has the approval from `pass_on`."""
        return bool(self._database.value(int, "SELECT approved FROM approvals WHERE batch = ?", (batch_id,)))

    def pass_on(self, whole: int, part: int) -> None:
        """Give a part the approval of the batch that it is split off in the open transaction, if that has one.

        What is approved of the whole later is not about the part. A server compares their rows and refuses others.
        """
        if self._is_shared:
            self._database.query("SELECT pass_approval(?, ?)", (whole, part))
        else:
            self._database.execute(
                f"INSERT INTO approvals (batch, {_COLUMNS}) SELECT ?, {_COLUMNS} FROM approvals"
                " WHERE batch = ? AND approved = 1",
                (part, whole),
            )

    def with_parts_before(self, batch_id: int) -> Iterator[int]:
        """Yield a batch and the parts of the same larger one before it; the last is the larger one itself."""
        part: int | None = batch_id
        while part is not None:
            yield part
            sql = "SELECT after_batch FROM feed_parts WHERE batch = ? AND after_batch < batch"  # so it comes to an end
            part = self._database.value(int, sql, (part,))

    def check(self, batch: JournalBatch) -> None:
        """Raise ApprovalRefused when who is at work may not decide about a batch, or when it does not wait for that."""
        if batch.state is not BatchState.AWAITING:
            raise ApprovalRefused(f"batch {batch.id} does not wait for approval: it is {batch.state.value}")
        login = self.login
        if not login or not batch.author:
            raise ApprovalRefused(
                f"batch {batch.id}: the system does not say who committed it and who decides; undo it, or decide on a"
                " machine where each person has a login"
            )
        authors = (  # a part split off has the login that let it leave
            self._database.value(str, "SELECT author FROM batches WHERE id = ?", (part,))
            for part in self.with_parts_before(batch.id)
        )
        if login in authors:
            raise ApprovalRefused(
                f"batch {batch.id} was committed by {login}: somebody with another login must approve or reject it"
                f" (`ordertui undo {batch.id}` takes it back)"
            )

    def approve(self, batch: JournalBatch, word: str, due_at: int) -> None:
        """Let the hold of a batch begin, which ends at `due_at` (epoch seconds). Raises ApprovalRefused."""
        with self._database.write():
            self.check(batch)
            self._decide(batch, word, is_approved=True)
            self._transitions.move_batch(batch.id, batch.state, BatchState.HELD)
            self._database.execute(
                "UPDATE batches SET due_at = ?, hold_boot = ?, hold_mark = ? WHERE id = ?",
                (due_at, *hold_columns(self._holds.end_after(due_at - self._clock.now())), batch.id),
            )
            facts = {"author": batch.author, "due_at": due_at, "orders": batch.orders_in(RowState.HELD)}
            self._transitions.log("batch.approved", batch.id, word=word, **facts)

    def reject(self, batch: JournalBatch, word: str) -> None:
        """Record that a batch shall not leave; its rows are taken back by the caller. Raises ApprovalRefused."""
        with self._database.write():
            self.check(batch)
            self._decide(batch, word, is_approved=False)
            facts = {"author": batch.author, "orders": batch.orders_in(RowState.HELD)}
            self._transitions.log("batch.rejected", batch.id, word=word, **facts)

    def note_left_elsewhere(self, batch: JournalBatch) -> None:
        """Record of a batch that waits here that it was approved in another store, and left from there."""
        with self._database.write():
            self._decide(batch, LEFT_ELSEWHERE, is_approved=True)
            self._transitions.move_batch(batch.id, batch.state, BatchState.HELD)
            self._transitions.log(
                "batch.approved", batch.id, word=LEFT_ELSEWHERE, orders=batch.orders_in(RowState.HELD)
            )

    def _decide(self, batch: JournalBatch, word: str, *, is_approved: bool) -> None:
        decided = (self._clock.now(), int(is_approved), str(self._operator), word)
        if self._is_shared:
            self._database.query("SELECT decide_approval(?, ?, ?, ?, ?)", (batch.id, *decided))
        else:
            self._database.execute(
                "UPDATE approvals SET decided_at = ?, approved = ?, decided_who = ?, word = ?, decided_login = ?"
                " WHERE batch = ?",
                (*decided, self._operator.user, batch.id),
            )

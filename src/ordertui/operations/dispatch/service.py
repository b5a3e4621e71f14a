"""Let batches leave by the way the settings name, and tell what each one waits for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ordertui.operations.batches.batch import Batch, Due, DueStep, as_batch
from ordertui.operations.context import SessionContext
from ordertui.orders.batch_state import LEFT_BATCHES, BatchState
from ordertui.store import JournalBatch, Submission

if TYPE_CHECKING:
    from ordertui.operations.planning.planner import Planner
    from ordertui.operations.sync.service import SyncService

    from .dispatcher import BatchDispatcher
    from .file_dispatcher import Dispatcher

NOT_FOLLOWED = 'Nobody looks at it while the settings say dispatch = "file"; set it to "api" to have it followed.'


class DispatchService:
    """Chooses between files in the outbox folder and feeds by the API.

    `planner` and `sync` are called when they are first needed.
    """

    def __init__(
        self, context: SessionContext, planner: Callable[[], Planner], sync: Callable[[], SyncService]
    ) -> None:
        self._context = context
        self._planner = planner
        self._sync = sync

    @cached_property
    def files(self) -> Dispatcher:
        """The dispatcher that writes files; the one for feeds freezes batches by it."""
        from .file_dispatcher import Dispatcher

        context = self._context
        return Dispatcher(
            context.store,
            self._planner(),
            context.outbox_directory,
            merchant_id=context.merchant_id,
            practice=context.is_practice,
        )

    def run(
        self, stop: Callable[[], bool] = lambda: False, note: Callable[[str], None] = lambda text: None
    ) -> list[Batch]:
        """Let leave what is due, as files in the outbox folder or as feeds. Return the batches that left.

        `note` is called with a text for each batch that waits.
        """
        self._context.writer()
        dispatcher: BatchDispatcher = self._sync().outlet(note) if self._context.is_api_dispatch else self.files
        return dispatcher.run(stop)

    def next_due(self) -> Due | None:
        """Return when `run` has something to do next: a hold ends, or a feed is to be looked at; None: nothing."""
        if self._context.is_api_dispatch:
            return self._sync().next_step()
        batches = self._context.reader().batches.find(open_only=True)
        return min((Due(b.due_at, DueStep.HOLD_ENDS) for b in batches if b.state is BatchState.HELD), default=None)

    def wait_for_feeds(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Wait until a feed on its way should be looked at again; False when none is, or the wait was stopped."""
        return self._context.is_api_dispatch and self._sync().wait(stop)

    def describe(self, batch: JournalBatch, submissions: Sequence[Submission]) -> Batch:
        """Return a batch with what to do next. `submissions`: of the whole store, newest first."""
        from msgspec.structs import replace

        from ordertui.operations.batches.upload_instructions import upload_instructions

        from .status_text import feed_words

        context = self._context
        text = feed_words(submissions, batch, context.clock.now())
        if not text and not (context.is_api_dispatch and batch.state is BatchState.HELD):
            has_left = batch.state in LEFT_BATCHES
            return as_batch(batch, upload_instructions(batch, practice=context.is_practice) if has_left else "")
        if context.is_api_dispatch:
            next_at, more = self._sync().outlook(batch, submissions)
        else:
            is_open = any(one.batch == batch.id and one.open for one in submissions)
            next_at, more = None, NOT_FOLLOWED if is_open else ""
        return replace(as_batch(batch, " ".join(filter(None, (text, more)))), by_api=True, next_at=next_at)

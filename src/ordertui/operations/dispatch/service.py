"""Dispatch by the way that the settings name, what each batch waits for, and what did not go through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ordertui.operations.batches.batch import Batch, Due, DueStep, LastLook, as_batch
from ordertui.operations.context import SessionContext
from ordertui.operations.errors import Refused
from ordertui.operations.outbox_folder import machine_with_file
from ordertui.operations.sync.unread_orders import unread_orders, unread_reason
from ordertui.orders.batch_state import LEFT_BATCHES, NOT_LEFT, BatchState, RowState
from ordertui.orders.people import Permission
from ordertui.orders.text import pluralize
from ordertui.store import JournalBatch, Store, Submission

if TYPE_CHECKING:
    from ordertui.operations.batches.adoption import AmazonFindings
    from ordertui.operations.planning.planner import Planner
    from ordertui.operations.sync.service import SyncService

    from .dispatcher import Dispatcher
    from .feed_dispatcher import FeedDispatcher
    from .file_dispatcher import FileDispatcher
    from .freeze import BatchFreezer

NOT_FOLLOWED = 'Nobody looks at it while the settings say dispatch = "file"; set it to "api" to have it followed.'


class DispatchService:
    """Lets batches leave as files in the outbox folder or as feeds by the API.

    `planner` and `sync` are called when they are first needed; neither dispatcher is imported before.
    `write_notes` says beside the files that left whether they may be uploaded.
    """

    def __init__(
        self,
        context: SessionContext,
        planner: Callable[[], Planner],
        sync: Callable[[], SyncService],
        write_notes: Callable[[Store], None],
    ) -> None:
        self._context = context
        self._planner = planner
        self._sync = sync
        self._write_notes = write_notes

    @cached_property
    def _freezer(self) -> BatchFreezer:
        from .freeze import BatchFreezer

        return BatchFreezer(self._context.store, self._planner(), self._context.merchant_id, self._check_rules)

    def _check_rules(self) -> None:
        """Let a copy catch up, by which house rules judge; raise Refused when the policy is another one since."""
        from ordertui.operations.policies import edited_since_load

        context = self._context
        context.catch_up()
        obstacle = edited_since_load(context.config, context.active_policies, context.store)
        if obstacle:
            raise Refused(obstacle)

    @cached_property
    def files(self) -> FileDispatcher:
        """The dispatcher that writes files to upload by hand."""
        from .file_dispatcher import FileDispatcher

        context = self._context
        return FileDispatcher(
            context.store,
            self._freezer,
            context.outbox_directory,
            context.copies.note_progress,
            is_practice=context.is_practice,
        )

    @cached_property
    def feeds(self) -> FeedDispatcher:
        """The dispatcher that submits feeds."""
        from .feed_dispatcher import FeedDispatcher

        sync = self._sync()
        return FeedDispatcher(sync.connection, self._freezer, sync.orders, sync.refunds)

    def run(
        self, stop: Callable[[], bool] = lambda: False, note: Callable[[str], None] = lambda _: None
    ) -> list[Batch]:
        """Let leave what is due, as files in the outbox folder or as feeds; return the batches that left.

        `note` is called with a text for each batch that waits. Raises Refused when the store may be a copy.
        """
        self._context.require(Permission.DISPATCH)
        self._context.copies.require_original()
        dispatcher: Dispatcher = self.feeds if self._context.is_api_dispatch else self.files
        try:
            return dispatcher.run(stop, note)
        finally:
            self._write_notes(self._context.store)  # an outbox may be there again, or half a note was removed

    def release(
        self,
        batch_ids: Sequence[int],
        stop: Callable[[], bool] = lambda: False,
        note: Callable[[str], None] = lambda _: None,
    ) -> list[Batch]:
        """Let these batches leave at once, before their hold ends, with what is due; return the batches that left.

        One that does not leave, whatever the reason is, is held as long as before, and so is each part that was split
        off it; but one that only waits until Amazon takes another feed of its kind leaves then. Raises as `run` does,
        RecallRefused of a batch that is not held, UnknownBatch.
        """
        store = self._context.writer(Permission.DISPATCH)
        self._context.copies.require_original()
        if not self._context.is_api_dispatch:
            return self.files.run(stop, note, released=batch_ids)
        for batch_id in batch_ids:
            store.journal.require_held(batch_id)
        return self.feeds.run(stop, note, released=batch_ids)

    def look(self, batch_id: int) -> LastLook:
        """Take out what may not leave any more of a batch that has not left, in the open transaction."""
        return self._freezer.look(batch_id)

    def watch_failures(self) -> FailureWatch:
        """Return what tells, after `run`, of which batches not all went through."""
        return FailureWatch(self._context.store)

    def next_due(self) -> Due | None:
        """Return when `run` has something to do next: a hold ends, or a feed is due for a look; None: nothing.

        In a store that may be a copy, or whose server cannot be reached, nothing leaves; nor does a batch of which an
        order cannot be read.
        """
        if self._context.is_line_lost or self._context.copies.reason():
            return None
        if self._context.is_api_dispatch:
            return self.feeds.next_due()
        reader = self._context.reader()
        ends = reader.batches.holds.ends()
        if unread_orders(reader):
            ends = {one: at for one, at in ends.items() if not unread_reason(reader, one)}
        return Due(min(ends.values()), DueStep.HOLD_ENDS) if ends else None

    def wait_for_feeds(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Wait until a feed on its way is due for a look; return False when none is, or when stopped."""
        is_following = self._context.is_api_dispatch and not self._context.copies.reason()
        return is_following and self.feeds.wait(stop)

    def look_at_amazon(self, since: int, order_ids: Collection[str]) -> AmazonFindings:
        """Return what Amazon lists since a time that this store does not know; see `Adoption`. Raises SpApiError."""
        return self.feeds.look(since, order_ids)

    def describe(self, batch: JournalBatch, submissions: Sequence[Submission], obstacle: str = "") -> Batch:
        """Return a batch with what to do next, or why that cannot be said.

        `submissions`: its own, newest first; `obstacle`: why its file must not be uploaded.
        """
        try:
            return self._describe(batch, submissions, obstacle)
        except Exception as error:  # one bad batch must not hide the others of a list
            text = f"What to do with it cannot be said ({error}): see `ordertui store check`."
            return replace(as_batch(batch, text), withheld=text)

    def _describe(self, batch: JournalBatch, submissions: Sequence[Submission], obstacle: str) -> Batch:
        from ordertui.operations.batches.batch import upload_instructions

        from .status_text import batch_text

        context = self._context
        text = batch_text(submissions, batch, context.clock.now())
        unread = unread_reason(context.reader(), batch.id) if batch.state in NOT_LEFT else ""
        waits = f"It waits: {unread}." if unread else ""
        if not text and not (context.is_api_dispatch and batch.state is BatchState.HELD):
            has_left = batch.state in LEFT_BATCHES
            machine = machine_with_file(context.outbox_directory, batch, context.reader())
            advice = obstacle or upload_instructions(batch, practice=context.is_practice, machine=machine)
            withheld = obstacle if batch.state is BatchState.WRITTEN else ""
            return replace(as_batch(batch, advice if has_left else waits), withheld=withheld, machine=machine)
        if context.is_api_dispatch:
            next_at, more = self.feeds.outlook(batch, submissions)
        else:
            is_open = any(one.is_open for one in submissions)
            next_at, more = None, NOT_FOLLOWED if is_open else ""
        return replace(as_batch(batch, " ".join(filter(None, (text, more, waits)))), by_api=True, next_at=next_at)


_WORDS = {RowState.ERROR: "refused by Amazon", RowState.UNKNOWN: "unknown", RowState.LEFT_OUT: "left out"}


class FailureWatch:
    """Compares the batches of a store before a dispatch, when it is made, with what they are later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open = {batch.id for batch in store.batches.find(open_only=True)}
        self._rows = self._failed_rows(self._open)
        self._refused = store.submissions.never_arrived()

    def sentences(self) -> list[str]:
        """Return one sentence for each batch of which something did not go through since; none when all did."""
        batches = self._open | {batch.id for batch in self._store.batches.find(open_only=True)}
        counts = Counter((batch, state) for batch, _, state in self._failed_rows(batches) - self._rows)
        found = [
            f"batch {batch}: {pluralize(count)} {_WORDS[state]}" for (batch, state), count in sorted(counts.items())
        ]
        held_again = sorted({batch for _, batch in self._store.submissions.never_arrived() - self._refused})
        return found + [f"batch {batch}: Amazon did not take it; it is held again" for batch in held_again]

    def unanswered(self) -> list[str]:
        """Return one sentence for each batch that is at Amazon, or may be, without an answer."""
        found = sorted({one.batch for one in self._store.submissions.find_open() if one.is_open})
        return [f"batch {batch} is not answered yet; the next `ordertui dispatch --wait` goes on" for batch in found]

    def _failed_rows(self, batches: Iterable[int]) -> set[tuple[int, str, RowState]]:
        return {
            (number, row.order_id, row.state)
            for number in batches
            for row in self._store.batches.get(number).rows
            if row.state in _WORDS
        }

"""The part of the shop that is connected to Amazon, or is not: what it needs is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.batch_state import LEFT_BATCHES, BatchState
from ordertui.orders.clock import Clock
from ordertui.store import JournalBatch, Store, Submission

from .config import Config, config_path

if TYPE_CHECKING:
    from .dispatch.dispatcher import BatchDispatcher
    from .dispatch.file_dispatcher import Dispatcher
    from .eligibility import Eligibility
    from .planning.plan import Batch
    from .sync.service import SyncService


ISSUED = "amazon:secret-issued"
"""The day on which the client secret was made: kept in the store too, so that it is said without opening the secrets."""
NOT_FOLLOWED = 'Nobody looks at it while the settings say dispatch = "file"; set it to "api" to have it followed.'


class LivePart:
    """Mixed into the shop."""

    clock: Clock
    config: Config
    practice: bool
    folder: Path
    _store: Store

    def _reader(self) -> Store:
        raise NotImplementedError

    @property
    def by_api(self) -> bool:
        """Whether batches leave by the API; a practice store's never do, whatever the settings say."""
        return self.config.amazon.dispatch == "api" and not self.practice

    @cached_property
    def _judge(self) -> Eligibility:
        raise NotImplementedError

    @cached_property
    def _dispatcher(self) -> Dispatcher:
        raise NotImplementedError

    @cached_property
    def online(self) -> SyncService:
        """Amazon's API."""
        from .reports.importer import Importer
        from .sync.connection import ApiConnection
        from .sync.service import SyncService

        connector = ApiConnection(
            self._store, self.config.amazon, self.clock, practice=self.practice, folder=config_path().parent
        )
        importer = Importer(self._store, self._judge.auto_cancel_at, self.folder / "rejects")
        return SyncService(
            self._store, self._reader, self.clock, connector, importer, self._judge.auto_cancel_at, self._dispatcher, self.folder,
            merchant_id=self.config.merchant_id,
        )  # fmt: skip

    def live(self, *, short: bool = False) -> str:
        """How old the orders from Amazon's API are and what a refresh costs, in words; empty without a connection."""
        if self.config.amazon.profile == "off" or self.practice:
            return ""
        from .sync.status import connection

        now = self.clock.now()
        return connection(self._reader(), self.config.amazon, now).words(now, short=short)

    def rotation(self) -> str:
        """When the client secret must be renewed, from 30 days before; empty while there is time, or where it is not known."""
        issued = self._reader().meta(ISSUED) if self.config.amazon.profile != "off" else None
        if issued is None:
            return ""
        from .sync.credentials import rotation

        return rotation(int(issued), self.clock.now())

    def wait_for_feeds(self, stop: Callable[[], bool] = lambda: False) -> bool:
        """Wait until a feed on its way should be looked at again; False when none is, or the wait was stopped."""
        return self.by_api and self.online.wait(stop)

    def _outlet(self, files: Dispatcher, note: Callable[[str], None]) -> BatchDispatcher:
        """How batches leave, by the settings."""
        return self.online.outlet(note) if self.by_api else files

    def shown(self, batch: JournalBatch, attempts: Sequence[Submission]) -> Batch:
        """A batch with what to do next. `attempts`: of the whole store, newest first."""
        from msgspec.structs import replace

        from .batches.committer import as_batch
        from .batches.upload_instructions import upload_instructions
        from .dispatch.status_text import feed_words

        words = feed_words(attempts, batch, self.clock.now())
        if not words and not (self.by_api and batch.state is BatchState.HELD):
            left = batch.state in LEFT_BATCHES
            return as_batch(batch, upload_instructions(batch, practice=self.practice) if left else "")
        if self.by_api:
            next_at, more = self.online.outlook(batch, attempts)
        else:
            is_open = any(one.batch == batch.id and one.open for one in attempts)
            next_at, more = None, NOT_FOLLOWED if is_open else ""
        return replace(as_batch(batch, " ".join(filter(None, (words, more)))), by_api=True, next_at=next_at)

"""The composition root: one open store and the services on it. Screen and command line use only this."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.clock import Clock
from ordertui.orders.people import Permission
from ordertui.store import ReadOnlyStore, ServerUnreachable, Store, StoreLocked

from .config import Config, config_path, current_operator, load_config, store_place
from .context import SessionContext

if TYPE_CHECKING:
    from ordertui.store.importing.import_history import PastImport
    from ordertui.store.importing.undo import UndoneImport

    from .batches.adoption import Adoption
    from .batches.approvals import ApprovalService
    from .batches.service import BatchService
    from .batches.upload import UploadCheck
    from .claims import ClaimService
    from .dispatch.service import DispatchService
    from .eligibility import Eligibility
    from .facts import FactService
    from .maintenance import AuditService, MaintenanceService
    from .notices import Notices
    from .notify.service import Notifications
    from .planning.fitting import BatchFitter
    from .planning.message_texts import MessageTexts
    from .planning.planner import Planner
    from .query.order_colours import OrderColours
    from .query.orders import OrderQueries
    from .query.recount import Recount
    from .rate.service import RateService
    from .reports.importer import ReportImporter
    from .results.reconciler import ResultReconciler
    from .shortage.service import ShortageService
    from .sync.service import SyncService
    from .team import TeamService
    from .team_marks import TeamMarks
    from .workspace import Workspace

PRACTICE_KEY = "practice"
"""Key in the store's meta that marks a practice store."""
DEFAULTS = Config()


class Session:
    """Open with `Session.open`; close it, or use it as a context manager.

    Each service is imported and made when it is first used, so that the first orders are on the screen before the rules
    are read. Reading is safe from any thread; see `SessionContext`.
    """

    def __init__(self, context: SessionContext) -> None:
        self.context = context
        self.clock = context.clock
        self.config = context.config
        self.is_practice = context.is_practice
        self.is_read_only = context.is_read_only
        self.directory = context.directory

    @classmethod
    def open(
        cls,
        place: Path | str | None = None,
        *,
        clock: Clock,
        read_only: bool = False,
        config: Config | None = None,
        copy: Callable[[int, int], None] | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Session:
        """Open the store in a file, or at a server's address, making it when it is not there.

        `place` None: where the settings say, else in the user's data folder.

        `config` None reads the operator's settings. With `copy` a store on a server is read from a copy on this
        machine; it is called while that is filled, with the rows done and in all. When the server cannot be reached,
        the copy that is there is read, and nothing is written. `stop`: see `Store.open`.
        Raises StoreError, PolicyError, BadInput (settings).
        """
        config = load_config() if config is None else config
        session = cls.open_unchecked(place, clock, read_only, config, copy, stop)
        try:
            read_rules(session.context)
        except BaseException:
            session.close()
            raise
        return session

    @classmethod
    def open_unchecked(
        cls,
        place: Path | str | None,
        clock: Clock,
        read_only: bool,
        config: Config,
        copy: Callable[[int, int], None] | None,
        stop: Callable[[], bool] | None,
    ) -> Session:
        """Open a store as `open` does, and read no rules: what is wrong in them is told when they are needed."""
        where, lost = store_place(place, config), None
        try:
            operator = current_operator(config)
            store = Store.open(where, clock=clock, read_only=read_only, operator=operator, stop=stop)
        except ServerUnreachable as error:
            found = None
            if copy is not None and not isinstance(where, Path):
                from ordertui.store.copy import open_without_server

                found = open_without_server(where, clock, str(error))
            if found is None:
                raise
            store, lost = found
        try:
            context = SessionContext(store, store.clock, config, is_practice=store.meta(PRACTICE_KEY) == "1")
            context.lost = lost
            if copy is not None and lost is None:
                context.read_copy(copy)
            session = cls(context)
            if context.copy is not None and not read_only:  # others settle batches whose file is here, lines get lost
                context.copy.on_change = lambda: session.uploads.write_notes(context.reader())
            return session
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        """Close the store and every reader; closing twice is harmless."""
        if "claims" in self.__dict__:  # a session that had no use for them does not make them now
            self.claims.close()
        if "team_marks" in self.__dict__:
            self.team_marks.close()
        self.context.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def data_version(self) -> int:
        """Return a number that changes whenever a process changed what is shown; compare values of one thread only."""
        return self.context.reader().data_version()

    @cached_property
    def orders(self) -> OrderQueries:
        """Orders found, counted, read and exported."""
        from .query.orders import OrderQueries

        return OrderQueries(
            self.context,
            lambda: self.eligibility,
            lambda: self.batches.find(),
            lambda: self.workspace.required_marks(),
            lambda login: self.team_marks.of(login).orders,
        )

    @cached_property
    def colours(self) -> OrderColours:
        """The colour rules of the settings."""
        from .query.order_colours import OrderColours

        return OrderColours(self.context, self.eligibility, lambda: self.orders.zones)

    def recount(self) -> Recount:
        """Return what works every number of the store out again, at the clock's moment."""
        from .query.recount import Recount

        return Recount(self.context.reader(), self.orders, self.eligibility, self.rate.calculator, self.clock.now())

    @cached_property
    def eligibility(self) -> Eligibility:
        """What may be done with orders, by the policies in force."""
        from .eligibility import Eligibility

        found = Eligibility(self.context.active_policies.policies, self.context.reader, self.clock)
        if not self.is_read_only and self.context.reader().deadlines.are_stale(found.auto_cancel_at):
            with suppress(StoreLocked, ReadOnlyStore):  # another process writes: the next start does it
                self.context.store.deadlines.refresh(found.auto_cancel_at)
        return found

    @cached_property
    def rate(self) -> RateService:
        """The cancellation rate and what is behind it."""
        from .rate.service import RateService
        from .rate.sources import RateSources

        sources = RateSources(self.context.reader, self.eligibility, self.clock)
        return RateService(sources, lambda: self.context.writer(Permission.UNDO_IMPORT))

    @cached_property
    def shortage(self) -> ShortageService:
        """Which orders to cancel when fewer units are on hand than ordered."""
        from .shortage.service import ShortageService

        return ShortageService(self.context, self.eligibility)

    @cached_property
    def planner(self) -> Planner:
        """Plans made of orders; changes nothing."""
        from .planning.planner import Planner

        return Planner(self.context, self.eligibility, self.rate)

    @cached_property
    def fitter(self) -> BatchFitter:
        """Which of some cancellations fit under the rate's target."""
        from .planning.fitting import BatchFitter

        return BatchFitter(self.context, self.eligibility, self.rate, self.planner)

    @cached_property
    def batches(self) -> BatchService:
        """Committed plans: hold, recall, retry, settle."""
        from .batches.service import BatchService

        look = (lambda: self.sync.look_at_bookings()) if self.context.is_api_dispatch else None
        return BatchService(self.context, lambda: self.planner, self.dispatcher.describe, self.uploads, look)

    @cached_property
    def uploads(self) -> UploadCheck:
        """Which files are still to be uploaded, and why others must not be."""
        from .batches.upload import UploadCheck

        return UploadCheck(self.context)

    @cached_property
    def approvals(self) -> ApprovalService:
        """Batches that wait for somebody's approval."""
        from .batches.approvals import ApprovalService

        return ApprovalService(self.context, lambda: self.planner, lambda batch: self.dispatcher.look(batch))

    @cached_property
    def dispatcher(self) -> DispatchService:
        """Batches on their way to Amazon, as files or as feeds."""
        from .dispatch.service import DispatchService

        return DispatchService(self.context, lambda: self.planner, lambda: self.sync, self.uploads.write_notes)

    @property
    def imports(self) -> ReportImporter:
        """Amazon's report files brought into the store. Raises RoleRefused, ReadOnly."""
        self.context.require(Permission.IMPORT)
        return self._importer

    @cached_property
    def _importer(self) -> ReportImporter:
        from .reports.importer import ReportImporter

        return ReportImporter(
            self.context.store,
            self.eligibility.auto_cancel_at,
            self.directory / "rejects",
            self.clock.now,
            self.uploads.write_notes,
        )

    def newest_imports(self, count: int) -> list[PastImport]:
        """Return the newest imports of report files, newest first, each with what undoing it would do now."""
        return self.context.reader().imports.newest(count)

    def undo_import(self, number: int, stop: Callable[[], bool] = lambda: False) -> UndoneImport:
        """Take an import back, of each order that no later import named; when `stop` says so, nothing is done.

        Raises RoleRefused, ReadOnly, StoreError, Stopped.
        """
        self.context.require(Permission.UNDO_IMPORT)
        return self._importer.undo(number, stop)

    @property
    def results(self) -> ResultReconciler:
        """Amazon's processing reports brought into the journal. Raises RoleRefused, ReadOnly."""
        from .results.reconciler import ResultReconciler

        return ResultReconciler(self.context.writer(Permission.IMPORT), self.uploads.write_notes)

    @cached_property
    def sync(self) -> SyncService:
        """Amazon's Selling Partner API."""
        from .sync.connection import ApiConnection
        from .sync.service import SyncService

        connection = ApiConnection(self.context, config_path().parent)
        return SyncService(connection, self._importer, self.eligibility.auto_cancel_at, self.uploads.write_notes)

    @cached_property
    def facts(self) -> FactService:
        """Facts about orders that the operator knows and no report tells."""
        from .facts import FactService

        return FactService(self.context)

    @cached_property
    def messages(self) -> MessageTexts:
        """Texts to buyers."""
        from .planning.message_texts import MessageTexts

        return MessageTexts(self.context, self.eligibility, self.planner)

    @cached_property
    def audit(self) -> AuditService:
        """The audit: verified, and as records."""
        from .maintenance import AuditService

        return AuditService(self.context)

    @cached_property
    def maintenance(self) -> MaintenanceService:
        """The store checked, copied, compacted and purged."""
        from .maintenance import MaintenanceService

        return MaintenanceService(self.context, self.uploads.damaged)

    @cached_property
    def team(self) -> TeamService:
        """The people of a store on a server. Raises TeamNeedsServer for a file."""
        from .team import TeamService

        return TeamService(self.context)

    @cached_property
    def adoption(self) -> Adoption:
        """A copy made the store to work with."""
        from .batches.adoption import Adoption

        return Adoption(self.context, self.dispatcher.look_at_amazon if self.context.is_api_dispatch else None)

    @cached_property
    def workspace(self) -> Workspace:
        """What the operator left on the screen: marks, saved views, columns, filter history."""
        from .workspace import Workspace

        store = self.context.store
        login = self.context.person.name if store.is_shared else ""
        return Workspace(store.path, read_only=self.is_read_only, login=login)

    @cached_property
    def claims(self) -> ClaimService:
        """Who has which orders in an open preview."""
        from .claims import ClaimService

        return ClaimService(self.context)

    @cached_property
    def team_marks(self) -> TeamMarks:
        """What the people of a team marked."""
        from .team_marks import TeamMarks

        return TeamMarks(self.context)

    @cached_property
    def notices(self) -> Notices:
        """Banners, and how old the orders from the API are."""
        from .notices import Notices

        return Notices(self.context, lambda: self.batches.open_issues())

    @cached_property
    def notifications(self) -> Notifications:
        """What is worth telling somebody who does not look, and telling it."""
        from .notify.finder import AlertFinder
        from .notify.service import Notifications

        finder = AlertFinder(
            self.context, self.orders, lambda: self.eligibility, lambda: self.rate, lambda: self.batches.open_issues()
        )
        return Notifications(self.context, self.orders, finder)


def read_rules(context: SessionContext) -> None:
    """Read rules that the operator chose: mistakes in them are told now. Raises PolicyError, BadInput."""
    if (context.config.policy, context.config.policy_file) != (DEFAULTS.policy, DEFAULTS.policy_file):
        _ = context.active_policies


def open_practice(place: Path | str, *, clock: Clock, config: Config | None = None) -> Session:
    """Open a store that is for practice from now on. Raises as `Session.open`."""
    with Session.open(place, clock=clock, config=config) as session:
        session.context.store.set_meta(PRACTICE_KEY, "1")
    return Session.open(place, clock=clock, config=config)

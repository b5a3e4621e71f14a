"""The store: one file or one server, one writer at a time, any number of readers."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.clock import Clock
from ordertui.orders.people import Person, Role
from ordertui.orders.text import install_extra

from .engine.database import Database
from .engine.errors import StoreError, StoreMoved
from .engine.migrations import MEND_KEY
from .engine.protocol import STORE_ID_KEY
from .engine.sqlite import CopyPlace, SqliteEngine
from .journal.batch_queries import BatchQueries
from .repositories.audit import AuditLog, Operator
from .repositories.operator_facts import OperatorFacts
from .repositories.orders import OrderRepository
from .repositories.tallies import OrderTallies

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from .engine.address import ServerAddress
    from .engine.protocol import STORE_ID_KEY, Engine
    from .importing.import_log import ImportLog
    from .journal.batches import BatchJournal
    from .journal.refunds import RefundLedger
    from .journal.results import ResultLog
    from .journal.submissions import SubmissionLog
    from .listing import OrderListing
    from .repositories.api_facts import ApiFactLog
    from .repositories.claims import ClaimLedger
    from .repositories.deadlines import Deadlines
    from .repositories.identity import StoreIdentity
    from .repositories.maintenance import Maintenance
    from .repositories.notifications import NotificationLog
    from .repositories.policies import PolicyVersions
    from .repositories.products import ProductQueries
    from .repositories.rate_reports import RateReports
    from .repositories.rates import DatedOrder, RateQueries
    from .repositories.shared_marks import SharedMarks
    from .repositories.team import Team
    from .repositories.work import WorkLedger

    StorePlace: TypeAlias = Path | ServerAddress | CopyPlace

JOURNAL_TABLES = ("batches", "approvals", "batch_rows", "refunds", "feed_attempts")
"""The tables that say which money moved: small enough to be checked whenever the store was not closed."""


class Store:
    """Opens a database and owns the repositories on it. Open with `Store.open`.

    `reader()` gives another connection for another thread. Repositories that the first orders on the screen do not need
    are imported when they are first used.
    """

    def __init__(
        self,
        place: StorePlace,
        *,
        clock: Clock,
        read_only: bool,
        operator: Operator | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> None:
        engine = _open_engine(place, read_only=read_only, stop=stop)
        self.read_only = read_only or engine.read_only
        self.path = engine.files
        """The store's file, or what this machine's files of a store on a server are named after."""
        self.clock = clock = engine.clock(clock)
        """The clock by which the store lives: on a server, the server's."""
        self.mended = ""
        """What opening the store mended of what an older version kept wrong, for the operator; empty: nothing."""
        self.is_shared = engine.is_shared
        """Whether several machines may work in the store."""
        self._place = place
        self.database = Database(engine, read_only=self.read_only)
        operator = operator or Operator()
        person = engine.person() if engine.is_shared and not read_only else None
        if person is not None:  # who that is, the server says
            operator = Operator("", person.name, operator.host, operator.process)
        self.audit = AuditLog(self.database, clock, operator)
        self.database.check_after_crash(JOURNAL_TABLES, self.audit.find_damage)
        self.orders = OrderRepository(self.database)
        self.tallies = OrderTallies(self.database)
        self.facts = OperatorFacts(self.database, clock, self.audit)
        self.batches = BatchQueries(self.database, clock)

    @classmethod
    def open(
        cls,
        place: StorePlace,
        *,
        clock: Clock,
        read_only: bool = False,
        operator: Operator | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Store:
        """Open a store, making or migrating it when it may be written.

        A large store of an older version takes minutes: `stop` is asked some times a second, and when it says so the
        store stays as it was, or what is left to do is done when it is opened again. Raises StoreError (Interrupted),
        SchemaTooNew.
        """
        store = cls(place, clock=clock, read_only=read_only, operator=operator, stop=stop)
        try:
            if not store.read_only:
                if store.meta(STORE_ID_KEY) is None:
                    store.identity.ensure()
                if store.meta(MEND_KEY) is not None:
                    store._mend(stop)
                if store.is_shared:
                    store.journal.leases.prepare()
                with suppress(StoreMoved):  # what it holds leaves from the other place
                    store.batches.holds.anchor()
        except BaseException:
            store.close()
            raise
        return store

    def _mend(self, stop: Callable[[], bool] | None) -> None:
        from .importing.mend import mend

        with suppress(StoreMoved), nullcontext() if stop is None else self.database.stoppable(stop):
            self.mended = mend(self.database, self.audit, self.path)

    def reader(self) -> Store:
        """Return a second connection, which never writes and never waits for the writer."""
        return Store(self._place, clock=self.clock, read_only=True)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def listing(self) -> OrderListing:
        """What a list shows of orders besides their rows."""
        from .listing import OrderListing

        return OrderListing(self.database, self.clock)

    @cached_property
    def identity(self) -> StoreIdentity:
        """Tells the store from its copies."""
        from .repositories.identity import StoreIdentity

        return StoreIdentity(self.database)

    @cached_property
    def rates(self) -> RateQueries:
        """Reads what the cancellation rate is made of."""
        from .repositories.rates import RateQueries

        return RateQueries(self.database)

    @cached_property
    def api_facts(self) -> ApiFactLog:
        """Keeps and reads what only the API says of orders."""
        from .repositories.api_facts import ApiFactLog

        return ApiFactLog(self.database, self.orders)

    @cached_property
    def rate_reports(self) -> RateReports:
        """Keeps Amazon's Cancellation Rate reports and what they decided."""
        from .repositories.rate_reports import RateReports

        return RateReports(self.database, self.clock, self.audit, self.facts)

    @cached_property
    def deadlines(self) -> Deadlines:
        """Keeps the times of Amazon's own cancellations in step with the policy."""
        from .repositories.deadlines import Deadlines

        return Deadlines(self.database)

    @cached_property
    def notifications(self) -> NotificationLog:
        """Keeps which alert was told to whom."""
        from .repositories.notifications import NotificationLog

        return NotificationLog(self.database)

    @cached_property
    def products(self) -> ProductQueries:
        """Reads orders by product."""
        from .repositories.products import ProductQueries

        return ProductQueries(self.database)

    @cached_property
    def journal(self) -> BatchJournal:
        """Commits batches and moves them from state to state."""
        from .journal.batches import BatchJournal

        return BatchJournal(self.database, self.clock, self.audit, self.facts, self.orders, self.batches)

    @cached_property
    def submissions(self) -> SubmissionLog:
        """Records the submissions of batches to Amazon."""
        from .journal.submissions import SubmissionLog

        return SubmissionLog(self.database, self.clock, self.journal)

    @cached_property
    def results(self) -> ResultLog:
        """Keeps what Amazon and the operator say became of batches."""
        from .journal.results import ResultLog

        return ResultLog(self.database, self.clock, self.orders, self.journal)

    @property
    def refunds(self) -> RefundLedger:
        """Checks and reads refunds."""
        return self.journal.refunds

    def auto_cancellations(self, marketplace: str, until: int) -> list[DatedOrder]:
        """Return `RateQueries.auto_cancellations` without the orders that refunds cancel already."""
        gone = set(self.orders.rest_cancelled())
        return [one for one in self.rates.auto_cancellations(marketplace, until) if one.id not in gone]

    @cached_property
    def imports(self) -> ImportLog:
        """Takes in reports."""
        from .importing.import_log import ImportLog
        from .importing.import_session import ImportContext

        context = ImportContext(self.database, self.clock, self.audit, self.facts, self.journal.transitions)
        return ImportLog(context, self.orders)

    @cached_property
    def policies(self) -> PolicyVersions:
        """The policy of a store on a server, by version."""
        from .repositories.policies import PolicyVersions

        return PolicyVersions(self.database, self.clock, self.audit)

    @cached_property
    def team(self) -> Team:
        """The people of a store on a server."""
        from .repositories.team import Team

        return Team(self.database, self.audit)

    @cached_property
    def claims(self) -> ClaimLedger:
        """Who has which orders in an open preview."""
        from .repositories.claims import ClaimLedger

        return ClaimLedger(self.database, self.clock)

    @cached_property
    def shared_marks(self) -> SharedMarks:
        """What the people of a team marked."""
        from .repositories.shared_marks import SharedMarks

        return SharedMarks(self.database, self.clock)

    @cached_property
    def work(self) -> WorkLedger:
        """Keeps which worker runs which job, and how that ended."""
        from .repositories.work import WorkLedger

        return WorkLedger(self.database, self.clock)

    @cached_property
    def maintenance(self) -> Maintenance:
        """Checks, copies and compacts the file."""
        from .repositories.maintenance import Maintenance

        return Maintenance(self.database, self.clock, self.audit)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self.database.close()

    def person(self) -> Person:
        """Return who is at work: the login of the server with its role; for a file its user, who may do everything."""
        return self.database.person() or Person(self.audit.operator.user, Role.OWNER)

    def interrupt(self) -> None:
        """Stop what another thread is reading through this connection: there it raises Interrupted."""
        self.database.interrupt()

    def data_version(self) -> int:
        """Return a number that changes when what is shown may have changed; see `Database.data_version`."""
        return self.database.data_version()

    def write(self, *, even_moved: bool = False, quiet: bool = False) -> AbstractContextManager[Database]:
        """Open a transaction for several changes; see `Database.write`."""
        return self.database.write(even_moved=even_moved, quiet=quiet)

    def meta(self, key: str) -> str | None:
        """Return a value stored beside the orders; None without one."""
        return self.database.meta(key)

    def set_meta(self, key: str, value: str | None) -> None:
        """Store a value beside the orders; None removes it."""
        with self.database.write():
            self.database.set_meta(key, value)


def _open_engine(place: StorePlace, *, read_only: bool, stop: Callable[[], bool] | None) -> Engine:
    if isinstance(place, Path):
        return SqliteEngine(place, read_only=read_only, stop=stop)
    if isinstance(place, CopyPlace):
        return SqliteEngine(place.path, read_only=True, copy_of=place)
    try:
        from .engine.postgres import PostgresEngine
    except ImportError as error:
        raise StoreError(
            f"a store on a server needs {error.name}, of the extra team: {install_extra('team')}"
        ) from error
    return PostgresEngine(place, read_only=read_only)

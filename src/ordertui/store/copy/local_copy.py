"""A copy of a store on a server, in a file of SQLite: filled once, then updated, and read in its place."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice

import msgspec

from ordertui.orders.clock import Clock, iso_utc
from ordertui.store.engine.address import ServerAddress
from ordertui.store.engine.database import as_parameter
from ordertui.store.engine.errors import ServerUnreachable, StoreError, StoreLocked
from ordertui.store.engine.postgres import PostgresEngine, Snapshot, postgres_engine
from ordertui.store.engine.protocol import Params, Row
from ordertui.store.engine.sqlite import CopyPlace, SqliteEngine, sqlite_engine
from ordertui.store.engine.table_layout import TableLayout, table_layouts
from ordertui.store.store import Store

from .filler import AT_KEY, CHANGE_KEY, FILE_NAME, NUMBER_KEY, PLACE_KEY, Progress, fill_copy, set_value

KEYS_AT_ONCE = 10_000
"""Keys of changed rows whose rows are in memory together, however many a big import changed."""
HEARTBEAT_SECONDS, RETRY_SECONDS = 10, 5.0
"""How often the server is asked although it said nothing, and how often a lost one is looked for."""
CLOSE_SECONDS = 1.0


class CopyState(msgspec.Struct, frozen=True):
    """State of the copy against its server. Times are epoch seconds of the server."""

    number: int
    """The server's change number that it has."""
    at: int
    """When it was last known to be as the server."""
    lost_since: int | None = None
    """Since when it cannot be updated; None while it can."""
    why: str = ""
    is_line_lost: bool = True
    """Whether that is because the server cannot be reached."""

    def lost_text(self) -> str:
        """Return why the copy stands still, for the operator; empty while it does not."""
        if self.lost_since is None:
            return ""
        what = "the server cannot be reached" if self.is_line_lost else "this machine's copy is not updated"
        return (
            f"{what} since {iso_utc(self.lost_since)}: orders are shown as of"
            f" {iso_utc(self.at)}, and nothing is committed or sent ({self.why})"
        )


class LocalCopy:
    """The copy of the store that `server` writes into. `open` it first; `watch` it from a thread of its own.

    `describe` gives the words of an error that nobody foresaw, and logs it.
    """

    def __init__(
        self, server: Store, address: ServerAddress, clock: Clock, describe: Callable[[BaseException], str]
    ) -> None:
        self.path = address.files.with_name(FILE_NAME)
        self._server = server
        self._address = address
        self._clock = clock
        self._describe = describe
        self._place = CopyPlace(self.path, str(address), address.files, server.database.engine.location())
        self._tables = {table.name: table for table in table_layouts()}
        self._feed = PostgresEngine(address, read_only=True)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._copy: SqliteEngine | None = None
        self._opened: os.stat_result | None = None
        """The file of the copy that is open."""
        self.state = CopyState(0, clock.now())
        self.on_change: Callable[[], None] | None = None
        """Called by `watch` once when it begins, and after anybody changed the store, also while the line was lost.

        It is called again when it raises.
        """

    def reader(self) -> Store:
        """Return a connection to the copy, which never writes."""
        return Store(self._place, clock=self._clock, read_only=True)

    @property
    def outcome(self) -> str:
        """What became of a change whose answer was lost; empty when there is nothing to tell."""
        return postgres_engine(self._server.database.engine).outcome

    def open(self, progress: Progress) -> bool:
        """Fill the copy, or update the one that is there. `progress`: rows done, and in all. Raises StoreError.

        Return False when the server notes no changes and cannot be told to.
        """
        with self._lock:
            found = self._feed.begin_snapshot()
            self._feed.rollback()
            if found.log_from is None:
                if self._server.read_only:
                    return False
                with self._server.database.lock:
                    postgres_engine(self._server.database.engine).start_log()
            if not self._is_usable():
                fill_copy(self._feed, self._place, self._clock, self._is_usable, progress)
            self._copy, self._opened = SqliteEngine(self.path, read_only=False), self.path.stat()
            self._copy.execute("PRAGMA synchronous = NORMAL")  # what a crash loses is asked for again
            at = self._copy.query("SELECT value FROM meta WHERE key = ?", (AT_KEY,))[0][0]
            self.state = CopyState(self._known(self._copy), int(at))
        self.follow_quietly()  # on a full disk, say, what is there is read until there is room
        self._server.database.on_commit = self.follow_quietly
        return True

    def watch(self) -> None:
        """Update the copy until it is closed; while that fails, as without the server, try again."""
        listener: PostgresEngine | None = None
        told = -1
        while not self._closing.is_set():
            try:
                if listener is None or listener.connection.closed:
                    listener = PostgresEngine(self._address, read_only=True)
                    listener.listen()
                self.follow()
                self._settle_doubt()
                if self.on_change is not None and told != self.state.number:
                    number = self.state.number
                    self.on_change()
                    told = number
                for _ in range(HEARTBEAT_SECONDS):
                    if self._closing.is_set() or listener.wait_for_change(1.0):
                        break
            except Exception as error:  # a defect too: the operator must see that the copy stands still
                self._lose(error)
                if listener is not None:
                    listener.close()
                self._closing.wait(RETRY_SECONDS)
        if listener is not None:
            listener.close()

    def _settle_doubt(self) -> None:
        with self._server.database.lock:
            if not self._closing.is_set() and not self._server.read_only:
                postgres_engine(self._server.database.engine).settle_doubt()

    def close(self) -> None:
        """Stop watching and close the connections."""
        self._closing.set()
        self._server.database.on_commit = lambda: None
        if not self._lock.acquire(timeout=CLOSE_SECONDS):
            return  # it waits for a server that does not answer; the end of the process closes all
        try:
            self._feed.close()
            if self._copy is not None:
                self._copy.close()
        finally:
            self._lock.release()

    def follow_quietly(self) -> None:
        """Follow where the copy may stay behind: at the start, and after a change of our own, which was kept."""
        try:
            self.follow()
        except Exception as error:  # of the copy alone
            self._lose(error)

    def follow(self) -> None:
        """Take over what changed on the server since. Raises StoreError; then the copy is as it was."""
        with self._lock:
            copy = self._copy
            if copy is None or self._closing.is_set():
                return
            while not self._take_over(copy):
                pass

    def _take_over(self, copy: SqliteEngine) -> bool:
        """Take over what changed; return False when another process of this machine took something over meanwhile."""
        self._require_file()
        known, at = self._known(copy), self._clock.now()
        found = self._feed.begin_snapshot(known)
        try:
            if found.location != self._place.location or not self._leads_to(found, known, copy):
                if self._known(copy) != known:
                    return False  # what was compared is of a later number
                raise StoreError(f"{self._place.place} is not the store that the copy is of; open it again")
            reached = CopyState(found.number, at)
            if known < found.number and not self._replace(copy, known, reached, found.change):
                return False
        finally:
            with suppress(StoreError):
                self._feed.rollback()
        self.state = reached
        return True

    def _require_file(self) -> None:
        """Raise StoreError when the copy's file was removed or replaced: nobody else has the one that is open."""
        assert self._opened is not None
        with suppress(OSError):
            if os.path.samestat(self._opened, self.path.stat()):
                return
        raise StoreError(
            f"{self.path} was removed or replaced while it was open: leave ordertui and start it again, which makes the"
            " copy anew"
        )

    def _leads_to(self, found: Snapshot, known: int, copy: SqliteEngine) -> bool:
        """Return whether the changes from `known` on, at which the copy is, make it as what was found.

        A server that was restored, or whose standby took over, may count the same numbers again for other changes. Of
        a change that it knows no more, the newest record of the audit tells.
        """
        if found.log_from is None or not found.log_from <= known <= found.number:
            return False
        if found.known_change is not None:
            return copy.query("SELECT value FROM meta WHERE key = ?", (CHANGE_KEY,)) == [(found.known_change,)]
        return all(
            self._feed.query("SELECT 1 FROM audit WHERE id = ? AND hash = ?", newest)
            for newest in copy.query("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1")
        )

    def _changed_keys(self, known: int) -> Iterator[dict[str, list[str]]]:
        """Yield the keys of what changed by table, some at a time."""
        after, is_more = ("", ""), True
        while is_more:
            part = self._feed.query(
                "SELECT name, key FROM changes WHERE number > ? AND (name, key) > (?, ?) ORDER BY name, key LIMIT ?",
                (known, *after, KEYS_AT_ONCE),
            )
            found: dict[str, list[str]] = {}
            for name, key in part:
                found.setdefault(name, []).append(key)
            if found:
                after = part[-1][0], part[-1][1]
                yield found
            is_more = len(part) == KEYS_AT_ONCE

    def _read(self, changed: dict[str, list[str]]) -> list[list[Row]]:
        return self._feed.query_all([self._rows_of(name, keys) for name, keys in changed.items()])

    def _rows_of(self, name: str, keys: Iterable[str]) -> tuple[str, Params]:
        table = self._tables[name]
        values, parameter = _keys(self._feed, table, keys)
        return f"SELECT {', '.join(table.columns)} FROM {name} WHERE {table.key[0]} IN {values}", (parameter,)

    def _replace(self, copy: SqliteEngine, known: int, reached: CopyState, change: str) -> bool:
        """Put the rows that changed in the place of those that the copy has, unless it is not at `known` any more.

        All old rows go before the first new one comes: a unique index holds over all of them together. What fits into
        one part is read before the copy is locked.
        """
        parts = self._changed_keys(known)
        first = next(parts, {})
        rows = self._read(first)
        copy.begin()
        try:
            if self._known(copy) != known:
                copy.rollback()
                return False
            self._remove_rows(copy, first)
            is_long = False
            for changed in parts:
                is_long = True
                self._remove_rows(copy, changed)
            self._fill_rows(copy, first, rows)
            for changed in islice(self._changed_keys(known), 1, None) if is_long else ():
                self._fill_rows(copy, changed, self._read(changed))
            set_value(copy, NUMBER_KEY, str(reached.number))
            set_value(copy, CHANGE_KEY, change)
            set_value(copy, AT_KEY, str(reached.at))
            copy.commit()
        except BaseException:
            copy.rollback()
            raise
        return True

    def _remove_rows(self, copy: SqliteEngine, changed: dict[str, list[str]]) -> None:
        for name, keys in changed.items():
            table = self._tables[name]
            values, parameter = _keys(copy, table, keys)
            copy.execute(f"DELETE FROM {name} WHERE {table.key[0]} IN {values}", (parameter,))

    def _fill_rows(self, copy: SqliteEngine, changed: dict[str, list[str]], rows: list[list[Row]]) -> None:
        for name, found in zip(changed, rows, strict=True):
            copy.fill(name, tuple(self._tables[name].columns), found)

    def _lose(self, error: Exception) -> None:
        state = self.state
        if isinstance(error, StoreError):
            why = str(error)
        else:  # logged once, not at every attempt
            why = state.why if state.lost_since is not None else self._describe(error)
        self.state = msgspec.structs.replace(
            state,
            lost_since=state.lost_since or self._clock.now(),
            why=why,
            is_line_lost=isinstance(error, ServerUnreachable),
        )

    def _known(self, copy: SqliteEngine) -> int:
        found = copy.query("SELECT value FROM meta WHERE key = ?", (NUMBER_KEY,))
        if not found:
            raise StoreError(f"{self.path} is not a whole copy of {self._place.place}; open it again")
        return int(found[0][0])

    def _is_usable(self) -> bool:
        """Whether there is a copy of this store that can be updated."""
        if not self.path.exists():
            return False
        server = self._server.identity.id
        try:
            with Store(self._place, clock=self._clock, read_only=True) as store:
                known = store.meta(NUMBER_KEY)
                is_ours = store.meta(PLACE_KEY) == self._place.location and store.identity.id == server
                if known is None or not is_ours:
                    return False
                found = self._feed.begin_snapshot(int(known))
                try:
                    return self._leads_to(found, int(known), sqlite_engine(store.database.engine))
                finally:
                    self._feed.rollback()
        except (StoreLocked, ServerUnreachable):
            raise  # it may be sound: another process writes into it, or nobody can be asked
        except StoreError:
            return False  # damaged, or of another version


def _keys(engine: PostgresEngine | SqliteEngine, table: TableLayout, keys: Iterable[str]) -> tuple[str, str]:
    """Return the keys of changed rows as the inside of IN, and as its parameter."""
    is_number = table.columns[table.key[0]] == "INTEGER"
    values = engine.values_sql("?", {"v": int if is_number else str})
    return f"(SELECT v FROM {values} AS x)", as_parameter(map(int, keys) if is_number else keys)


def open_copy(
    server: Store, clock: Clock, progress: Progress, describe: Callable[[BaseException], str]
) -> LocalCopy | None:
    """Return the copy of a store on a server, filled or updated; None where none can be made.

    `server` is the session's own connection to it; `describe` as of `LocalCopy`. Raises StoreError.
    """
    copy = LocalCopy(server, postgres_engine(server.database.engine).address, clock, describe)
    try:
        if copy.open(progress):
            return copy
    except BaseException:
        copy.close()
        raise
    copy.close()
    return None


def open_without_server(address: ServerAddress, clock: Clock, why: str) -> tuple[Store, CopyState] | None:
    """Return the copy that an earlier session left, to be read while the server cannot be reached; None without one."""
    path = address.files.with_name(FILE_NAME)
    if not path.exists():
        return None
    place = CopyPlace(path, str(address), address.files, "", address.settings.get("user", ""))
    try:
        with Store(place, clock=clock, read_only=True) as store:
            number, location, at = (store.meta(key) for key in (NUMBER_KEY, PLACE_KEY, AT_KEY))
        if number is None or location is None or at is None:
            return None
        found = Store(msgspec.structs.replace(place, location=location), clock=clock, read_only=True)
    except StoreError:
        return None
    return found, CopyState(int(number), int(at), clock.now(), why)

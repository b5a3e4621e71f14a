"""Report files into the store: one file at a time, good rows kept, bad rows listed, stoppable between chunks."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ordertui.amazon.reports import (
    InspectionStopped,
    MarketplaceNeeded,
    RejectedRow,
    ReportContent,
    ReportInfo,
    UnnamedOrders,
    inspect,
    read_orders,
    read_rate,
)
from ordertui.orders.clock import DAY
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import pluralize
from ordertui.store import Store
from ordertui.store.importing.import_session import ReportSource

from .marketplaces import MarketplaceResolver, check_answer, make_question
from .progress import ImportProgress, ImportSummary, Progress, Stop
from .rejects import RejectsFile

if TYPE_CHECKING:
    from ordertui.store.importing.import_session import ImportSession

    from .worker.process import WorkerProcess

APART_BYTES = 8_000_000
"""Files from this size on are read by a process of their own; smaller ones are done before it would have started."""


class ImportStep(msgspec.Struct, frozen=True):
    """Some rows of a report that are in the store now, or will be with the next ones."""

    rows: int
    rejects: list[RejectedRow]
    ignored: int
    """Rows of channels outside Amazon."""
    bytes_done: int
    unknown_words: tuple[str, ...]


class ReportImporter:
    """Imports into one store.

    `deadline` gives the auto-cancel time of a marketplace and a ship-by time. What a report says of a moment more than
    a day after `now` is a mistake: it does not make the report newer, and is read as unknown.
    """

    def __init__(
        self,
        store: Store,
        deadline: Callable[[str, int], int | None],
        rejects_folder: Path,
        now: Callable[[], int],
        *,
        apart_bytes: int = APART_BYTES,
    ) -> None:
        self._store = store
        self._deadline = deadline
        self._rejects_folder = rejects_folder
        self._now = now
        self._apart_bytes = apart_bytes

    def import_files(
        self,
        paths: Sequence[Path],
        *,
        encoding: str | None = None,
        marketplace: str | None = None,
        progress: Progress | None = None,
        stop: Stop = lambda: False,
    ) -> list[ImportSummary]:
        """Import these files; every file is recognised before the first row is stored.

        Cancellation Rate reports go last: the orders they name tell of which marketplace they are.
        Raises the errors of `amazon.reports` (unknown report, ambiguous encoding, marketplace needed) before anything
        is changed; only a Cancellation Rate report none of whose orders is known asks for its marketplace at its turn.
        When `stop` says so, the file at hand ends after a whole chunk and the rest is left.
        """
        with contextlib.ExitStack() as ending:
            process = None
            if any(_size(path) >= self._apart_bytes for path in paths):
                from .worker.process import WorkerProcess  # when there is a use for it

                process = WorkerProcess.start()
            if process is not None:  # it comes up while the files are looked at
                ending.enter_context(process)
            return self._run(paths, process, encoding, marketplace, progress, stop)

    def _run(
        self,
        paths: Sequence[Path],
        process: WorkerProcess | None,
        encoding: str | None,
        marketplace: str | None,
        progress: Progress | None,
        stop: Stop,
    ) -> list[ImportSummary]:
        infos: list[ReportInfo] = []
        for path in paths:
            try:
                infos.append(self._inspect(path, encoding, marketplace, stop))
            except InspectionStopped:
                return [_nothing(path)]
        infos.sort(key=lambda info: info.format.content)
        out: list[ImportSummary] = []
        for info in infos:
            if info.format.content is ReportContent.RATE_ENTRIES:
                out.append(self._rate_report(info))
            else:
                out.append(self._orders(info, process, progress, stop))
            if out[-1].stopped:
                break
        return out

    def _inspect(self, path: Path, encoding: str | None, marketplace: str | None, stop: Stop) -> ReportInfo:
        unnamed = UnnamedOrders(self._store.orders.marketplaces_of)
        try:
            info = inspect(
                path, encoding=encoding, marketplace=marketplace, latest=self._now() + DAY, unnamed=unnamed, stop=stop
            )
        except MarketplaceNeeded:
            raise make_question(path, unnamed, self._store) from None
        if marketplace is not None:
            check_answer(path, unnamed, marketplace)
        return info

    def _orders(
        self, info: ReportInfo, process: WorkerProcess | None, progress: Progress | None, stop: Stop
    ) -> ImportSummary:
        rows = ignored = 0
        stopped = False
        odd: dict[str, None] = {}
        target = self._store.imports.open(_source(info), self._deadline)
        with RejectsFile(self._rejects_folder, info) as rejects, target:
            apart = process is not None and info.size_bytes >= self._apart_bytes and process.ready()
            steps = process.steps(info, self._store, target) if process and apart else self._here(info, target)
            for step in steps:
                rejects.add(step.rejects)
                rows += step.rows
                ignored += step.ignored
                odd.update(dict.fromkeys(step.unknown_words))
                if progress is not None:
                    progress(ImportProgress(info.path, rows, step.bytes_done, info.size_bytes))
                if step.bytes_done < info.size_bytes and stop():
                    stopped = True
                    break
            target.rejected = rejects.count
            target.stopped = stopped
        notes = [*_notes(info), *odd]
        if ignored:
            notes.append(f"{pluralize(ignored, 'row')} of channels outside Amazon were left out")
        if stopped:
            notes.append("stopped: what was read so far is kept; import the file again to go on")
        return _summary(info, rows, (target.new, target.changed, target.unchanged), rejects, notes, stopped=stopped)

    def _here(self, info: ReportInfo, target: ImportSession) -> Iterator[ImportStep]:
        """Take a report into the store in this process."""
        for batch in MarketplaceResolver(self._store, info).resolve(read_orders(info)):
            target.add(batch.rows)
            yield ImportStep(len(batch.rows), batch.rejects, batch.ignored, batch.bytes_done, batch.unknown_words)

    def _rate_report(self, info: ReportInfo) -> ImportSummary:
        found: list[RejectedRow] = []
        rows = list(read_rate(info, found))
        known = self._store.orders.ids_of([row[1] for row in rows])
        if info.marketplace is None and rows:
            markets = Counter(row[1] for row in self._store.tallies.of_orders(known.values()))
            if not markets:
                raise MarketplaceNeeded(info.path, self._store.tallies.marketplaces() or tuple(MARKETPLACES))
            info = msgspec.structs.replace(info, marketplace=markets.most_common(1)[0][0])
            found.clear()
            rows = list(read_rate(info, found))  # again: dates are read as the marketplace writes them
        with RejectsFile(self._rejects_folder, info) as rejects:
            rejects.add(found)
        changed = self._store.imports.add_cancellation_rate(_source(info), rows, rejected=len(found))
        notes = [f"Amazon counts {sum(row[3] for row in rows):,} of these {len(rows):,} orders"]
        if len(known) < len({row[1] for row in rows}):
            notes.append(f"{len({row[1] for row in rows}) - len(known):,} of them are in no imported order report")
        undated = sum(row[2] is None for row in rows)
        if undated:
            notes.append(f"the order date of {pluralize(undated, 'row')} could not be read; they count all the same")
        return _summary(info, len(rows), (0, changed, len(known) - changed), rejects, notes)


def _source(info: ReportInfo) -> ReportSource:
    return ReportSource(
        info.kind.value, str(info.path), info.sha256, info.as_of, info.has_request_column, info.marketplace
    )


def _size(path: Path) -> int:
    """Bytes; 0 when that cannot be told, which reading tells of."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _notes(info: ReportInfo) -> list[str]:
    notes = []
    if info.format.may_show_buyer_requests and not info.has_request_column:
        notes.append("buyer requests are invisible in this report: it has no column is-buyer-requested-cancellation")
    if info.missing:
        notes.append(f"columns not in this file: {', '.join(info.missing)}")
    return notes


def _summary(
    info: ReportInfo,
    rows: int,
    orders: tuple[int, int, int],
    rejects: RejectsFile,
    notes: Sequence[str],
    *,
    stopped: bool = False,
) -> ImportSummary:
    new, changed, unchanged = orders
    return ImportSummary(
        path=info.path,
        kind=info.kind.value,
        encoding=info.encoding,
        rows=rows,
        new=new,
        changed=changed,
        unchanged=unchanged,
        rejected=rejects.count,
        unread=rejects.unread,
        rejects=tuple(rejects.first),
        rejects_file=rejects.path,
        notes=tuple(notes),
        stopped=stopped,
    )


def _nothing(path: Path) -> ImportSummary:
    """Of a run that was stopped while its files were looked at."""
    return ImportSummary(
        path, "", "", 0, 0, 0, 0, 0, 0, (), None, ("stopped before anything was stored",), stopped=True
    )

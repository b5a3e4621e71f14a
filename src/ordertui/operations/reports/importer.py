"""Report files into the store: one file at a time, good rows kept, bad rows listed, stoppable at any time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

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
)
from ordertui.amazon.reports.order_flags import read_flags
from ordertui.files import make_own_folder
from ordertui.operations.errors import BadInput, Stopped
from ordertui.orders.clock import DAY, iso_utc
from ordertui.orders.enums import ReportKind
from ordertui.orders.marketplace import zone_of
from ordertui.orders.text import guard_formula, pluralize, with_verb
from ordertui.store import Store, StoreError
from ordertui.store.importing.import_session import ImportSession, ReportSource
from ordertui.store.importing.undo import UndoneImport

from .marketplaces import MarketplaceResolver, check_answer, make_question
from .progress import ImportProgress, ImportSummary, Progress, Stop
from .rate_report import FEW, Days, span_of_days, take_in_rate_report

SHOWN = 200
"""Rejects that a summary carries; the file has all."""


class RejectsFile:
    """The rejected rows of one report: `with RejectsFile(folder, info) as rejects: rejects.add(...)`.

    `path` is set at the end, when there are any. The file's name holds the report's checksum, so that the same report
    replaces it.
    """

    def __init__(self, folder: Path, info: ReportInfo) -> None:
        name = f"{info.path.stem}-{info.sha256[:8]}-{info.encoding}.rejects.tsv"
        self._target = folder / name
        self._part = folder / f".{name}.part"
        self._file: IO[str] | None = None
        self.path: Path | None = None
        self.count = 0
        """Rows left out."""
        self.unread = 0
        """Values that were not taken, of rows that were."""
        self.first: list[RejectedRow] = []
        """At most SHOWN of them."""

    def __enter__(self) -> RejectsFile:
        return self

    def add(self, rejects: Iterable[RejectedRow]) -> None:
        """Write these rows. Raises OSError when the folder cannot be written."""
        for one in rejects:
            if self._file is None:
                make_own_folder(self._target.parent)
                handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                self._file = os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="\n")
                self._file.write("file\tline\treason\ttext\trow\n")
            if one.is_taken:
                self.unread += 1
            else:
                self.count += 1
            if len(self.first) < SHOWN:
                self.first.append(one)
            row = "taken without this value" if one.is_taken else "left out"
            cells = (one.file, str(one.line), one.reason, one.text, row)
            self._file.write("\t".join(map(guard_formula, cells)) + "\n")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            os.replace(self._part, self._target)
            self.path = self._target


SHOWN_LINES = 5
"""Lines, or orders, that a note of a summary names."""
ITEM = "{} item {}"
"""How it names a line: by its order and item."""
READING_SHARE = 0.3
"""Part of the work of an import that reading takes; the rest is merging."""


@contextmanager
def _kept_part_told(path: Path, target: ImportSession) -> Iterator[None]:
    """Let an error of the store or the disk say how much of the file was kept before it."""
    try:
        yield
    except (StoreError, OSError) as error:
        if target.rows:
            error.add_note(
                f"of {path} {pluralize(target.rows, 'row')} were merged and are kept: import it again to go on"
            )
        else:
            error.add_note(f"nothing of {path} was kept: import it again")
        raise


def _telling(path: Path, progress: Progress | None, stop: Stop) -> Stop:
    """Return a `stop` that also says, each time it is asked, that the file is being looked at."""

    def asked() -> bool:
        if progress is not None:
            progress(ImportProgress(path, 0, 0, 0))
        return stop()

    return asked


class ReportImporter:
    """Imports into one store.

    `deadline` gives the auto-cancel time of a marketplace and a ship-by time. What a report says of a moment more than
    a day after `now` is a mistake: it does not make the report newer, and is read as unknown. `changed` is called after
    orders may have changed.
    """

    def __init__(
        self,
        store: Store,
        deadline: Callable[[str, int], int | None],
        rejects_folder: Path,
        now: Callable[[], int],
        changed: Callable[[Store], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._deadline = deadline
        self._rejects_folder = rejects_folder
        self._now = now
        self._changed = changed

    def import_files(
        self,
        paths: Sequence[Path],
        *,
        encoding: str | None = None,
        marketplace: str | None = None,
        covers: Days | None = None,
        progress: Progress | None = None,
        stop: Stop = lambda: False,
    ) -> list[ImportSummary]:
        """Import these files; every file is recognised before the first row is stored.

        `covers`: first and last day of order that a Cancellation Rate or Unshipped report was asked for, in the zone of
        its marketplace; None: those of its own dates. Other kinds take none (BadInput).
        Cancellation Rate reports go last: the orders they name tell of which marketplace they are.
        Raises the errors of `amazon.reports` (unknown report, ambiguous encoding, marketplace needed) before anything
        is changed; only a Cancellation Rate report none of whose orders is known asks for its marketplace at its turn.
        When `stop` says so, what was merged of the file at hand is kept and the rest is left.
        """
        infos: list[ReportInfo] = []
        for path in paths:
            try:
                infos.append(self._inspect(path, encoding, marketplace, _telling(path, progress, stop)))
            except InspectionStopped:
                return [ImportSummary(path, notes=("stopped before anything was stored",), stopped=True)]
        dated = (ReportKind.UNSHIPPED, ReportKind.CANCELLATION_RATE)
        other = next((info for info in infos if info.kind not in dated), None)
        if covers is not None and other is not None:
            raise BadInput(f"{other.path}: {other.format.title} takes no days that it covers; import it without them")
        infos.sort(key=lambda info: info.format.content)
        out: list[ImportSummary] = []
        try:
            for info in infos:
                if info.format.content is ReportContent.RATE_ENTRIES:
                    out.append(self._rate_report(info, covers))
                else:
                    out.append(self._orders(self._source(info, covers), info, progress, stop))
                if out[-1].stopped:
                    break
            self._store.rate_reports.apply()
        except (StoreError, OSError) as error:
            if out:
                error.add_note(f"kept whole before it: {', '.join(str(one.path) for one in out)}")
            raise
        finally:
            with suppress(StoreError):  # it would hide another error
                self._changed(self._store)
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

    def _source(self, info: ReportInfo, covers: Days | None) -> ReportSource:
        """Return the report as the store records it. One without rows is as new as the end of its days."""
        period, as_of = None, info.as_of
        if covers is not None:
            known = self._store.tallies.marketplaces()
            start, end = span_of_days(covers, zone_of(info.marketplace or (known[0] if known else "")))
            period = start, min(end, self._now())
            as_of = period[1] if as_of is None else as_of
        return ReportSource(
            info.kind.value, str(info.path), info.sha256, as_of, info.has_request_column, info.marketplace, period
        )

    def _orders(self, source: ReportSource, info: ReportInfo, progress: Progress | None, stop: Stop) -> ImportSummary:
        known = self._store.imports.find_whole(source) if source.period is None else None
        if known is not None:
            return _known_file(info, known)
        read = ignored = 0
        odd: dict[str, None] = {}
        target = self._store.imports.open(source, self._deadline)
        resolver = MarketplaceResolver(self._store, info)

        def tell(rows: int, share: float) -> None:
            if progress is not None:
                progress(ImportProgress(info.path, rows, int(share * info.size_bytes), info.size_bytes))

        with _kept_part_told(info.path, target), RejectsFile(self._rejects_folder, info) as rejects, target:
            for batch in resolver.resolve(read_orders(info)):
                target.add(batch.rows)
                rejects.add(batch.rejects)
                _note_left_out(target, batch.rejects)
                read += len(batch.rows)
                ignored += batch.ignored
                odd.update(dict.fromkeys(batch.unknown_words))
                tell(int(read * READING_SHARE), READING_SHARE * batch.bytes_done / info.size_bytes)
                if stop():
                    target.stopped = True
                    break
            target.rejected = rejects.count
            target.is_whole = read > 0 and not (rejects.count or rejects.unread or odd or resolver.has_unnamed)
            if not target.stopped:
                target.flags = read_flags(info)
                target.merge(lambda rows: tell(*_merged(rows, read)), stop)
        notes = [
            *_notes(info),
            *odd,
            *resolver.notes(),
            *_rename_notes(target),
            *_status_notes(target),
            *_amount_notes(target),
            *_coverage_notes(info, source, target, read + target.rejected),
        ]
        if ignored:
            notes.append(f"{with_verb(ignored, 'row of a channel', 'rows of channels')} outside Amazon: not imported")
        if target.stopped:
            notes.append("stopped: what was merged so far is kept; import the file again to go on")
        counts = (target.new, target.changed, target.unchanged)
        found = _summary(info, target.rows, counts, rejects, notes)
        is_empty = not read and not target.rejected and not target.stopped
        is_open = info.kind is ReportKind.UNSHIPPED and is_empty and source.period is None
        return msgspec.structs.replace(found, stopped=target.stopped, number=target.number, is_period_open=is_open)

    def undo(self, number: int, stop: Stop = lambda: False) -> UndoneImport:
        """Take an import back, of each order that no later import named. Raises StoreError, and Stopped when `stop`
        says so: then nothing was undone.
        """

        def check() -> None:
            if stop():
                raise Stopped("stopped; nothing was undone")

        with self._store.write():
            done = self._store.imports.undo(number, self._deadline, check)
            self._store.rate_reports.apply()
        self._changed(self._store)
        return done

    def _rate_report(self, info: ReportInfo, covers: Days | None) -> ImportSummary:
        taken = take_in_rate_report(self._store, info, covers, self._now)
        with RejectsFile(self._rejects_folder, taken.info) as rejects:
            rejects.add(list(taken.rejected))
        counts = (0, taken.changed, taken.known - taken.changed)
        found = _summary(taken.info, taken.rows, counts, rejects, taken.notes)
        return msgspec.structs.replace(found, is_period_open=covers is None and taken.rows <= FEW)


def _merged(rows: int, read: int) -> tuple[int, float]:
    """Return how far an import is when `rows` of the rows that were read are merged: in rows of work, and in all."""
    share = READING_SHARE + (1 - READING_SHARE) * (rows / read if read else 1)
    return int(read * share), share


def _rename_notes(target: ImportSession) -> Iterator[str]:
    """Yield the warnings that known lines came under other item ids or SKUs, or may have."""
    if target.renamed:
        shown = _shown(target.renamed, "{}: {}, now {}")
        yield f"other item ids for known lines of the same SKU and quantity, taken as the same lines: {shown}"
    if target.renamed_skus:
        shown = _shown(target.renamed_skus, "{}: {}, now {}")
        yield f"other SKUs for known lines of the same title and quantity, taken as the same lines: {shown}"
    if target.twice:
        yield (
            "items that may stand twice, under two SKUs and titles: with an item id, and without one. What is shipped"
            " of them and the orders' totals are unknown, and these orders cannot be cancelled here: look at them in"
            f" Seller Central: {_shown(target.twice, ITEM)}"
        )


def _status_notes(target: ImportSession) -> Iterator[str]:
    """Yield the warnings that orders are known as cancelled or shipped of which a newer report says otherwise."""
    cancelled, shipped = ([one for one in target.revived if one[1] == of] for of in ("cancelled", "shipped"))
    if cancelled:
        yield (
            "cancelled by one report, and not by a newer one. Amazon takes no cancellation back, and a report may be"
            " half an hour behind, so they stay cancelled: look at them in Seller Central before anything of them is"
            f" shipped: {_shown(cancelled, '{}')}"
        )
    if shipped:
        yield (
            "shipped by one report, and not by a newer one. Amazon takes no shipment back, and a report may be half an"
            " hour behind, so they stay shipped: look at them in Seller Central before anything of them is shipped"
            f" again: {_shown(shipped, '{}')}"
        )


def _amount_notes(target: ImportSession) -> Iterator[str]:
    """Yield the warnings that what was paid for items may be less than what is kept, or is unknown."""
    if target.repromoted:
        yield (
            "other promotions than a report before gave for the same price. Where one report was split over two files,"
            " less was paid than is kept here: join the files, and import that"
            f" before any refund: {_shown(target.repromoted, ITEM)}"
        )
    if target.unpromoted:
        yield (
            "one report names a promotion and another none for the same price, and none is kept. Less may have been"
            f" paid than is kept here: look in Seller Central before any refund: {_shown(target.unpromoted, ITEM)}"
        )
    if target.repriced:
        yield (
            "other prices or currencies than a report before gave. A New Orders report dates no row: what All Orders"
            " says is kept, and where only New Orders reports disagree the lower price. Import All Orders, which"
            f" decides: {_shown(target.repriced, ITEM)}"
        )
    if target.above_price:
        yield (
            "promotions above all there is to pay: what was paid is unknown, and nothing can be refunded until a report"
            f" gives other amounts: {_shown(target.above_price, ITEM)}"
        )


def _shown(values: Sequence[tuple[object, ...]], form: str) -> str:
    """Return the first of these in a form, such as `{}: {}`, and how many more there are."""
    more = f"; and {len(values) - SHOWN_LINES:,} more" if len(values) > SHOWN_LINES else ""
    return "; ".join(form.format(*one) for one in values[:SHOWN_LINES]) + more


def _note_left_out(target: ImportSession, rejects: Iterable[RejectedRow]) -> None:
    """Tell the import which orders the report names in rows that were left out."""
    for reject in rejects:
        if not reject.is_taken:
            target.coverage.add_left_out(reject.order_ids, reject.placed, reject.marketplace)


def _coverage_notes(info: ReportInfo, source: ReportSource, target: ImportSession, rows: int) -> Iterator[str]:
    """Yield what rows that were left out mean, and what an Unshipped report says of orders that it does not name."""
    if info.kind is ReportKind.ALL_ORDERS and target.rejected:
        yield "rows were left out, so no rate of their days is known until an All Orders report of these is read whole"
    if info.kind is not ReportKind.UNSHIPPED:
        return
    if not rows and source.period is None:
        yield (
            "it has no row, so plans warn that any order that waits may be gone; name the days that it was asked for"
            " with --covers FIRST..LAST"
        )
    elif target.coverage.has_unknown_rows:
        yield "rows without an order id were left out, so what the report does not name says nothing"


def _notes(info: ReportInfo) -> list[str]:
    return [f"columns not in this file: {', '.join(info.missing)}"] if info.missing else []


def _summary(
    info: ReportInfo, rows: int, orders: tuple[int, int, int], rejects: RejectsFile, notes: Sequence[str]
) -> ImportSummary:
    """Return what an import came to; `orders` are how many are new, changed and as before."""
    return ImportSummary(
        info.path, info.kind.value, info.file_encoding, rows, *orders, rejects.count, rejects.unread,
        tuple(rejects.first), rejects.path, tuple(notes), hides_requests=info.hides_requests,
    )  # fmt: skip


def _known_file(info: ReportInfo, known: tuple[int, int, int, int]) -> ImportSummary:
    """Of a file that is known to say nothing new."""
    number, at, rows, orders = known
    note = f"this very file was imported before, as import {number} of {iso_utc(at)}: nothing of it is new"
    notes = (*_notes(info), note)
    return ImportSummary(
        info.path, info.kind.value, info.file_encoding, rows, unchanged=orders, notes=notes, number=number,
        hides_requests=info.hides_requests,
    )  # fmt: skip

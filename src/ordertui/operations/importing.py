"""Report files into the store: one file at a time, good rows kept, bad rows listed, stoppable between chunks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ordertui.amazon.outbox import write_atomic
from ordertui.amazon.reports import Reject, ReportInfo, ReportKind, inspect, read, read_rate
from ordertui.store import Store

from .values import ImportProgress, ImportSummary, RejectedRow

SHOWN_REJECTS = 200
"""Rejects that a summary carries; the rejects file has all."""

Progress = Callable[[ImportProgress], None]
Stop = Callable[[], bool]


class Importer:
    """Imports into one store. `deadline` gives the auto-cancel time of a marketplace and a ship-by time."""

    def __init__(self, store: Store, deadline: Callable[[str, int], int | None], rejects_folder: Path) -> None:
        self._store = store
        self._deadline = deadline
        self._rejects_folder = rejects_folder

    def run(
        self,
        paths: Sequence[Path],
        *,
        encoding: str | None,
        marketplace: str | None,
        progress: Progress | None,
        stop: Stop,
    ) -> list[ImportSummary]:
        """Import these files, in this order; every file is recognised before the first row is stored.

        Raises the errors of `amazon.reports` (unknown report, ambiguous encoding, marketplace needed) before anything
        is changed. When `stop` says so, the file at hand ends after a whole chunk and the rest is left.
        """
        infos = [inspect(path, encoding=encoding, marketplace=marketplace) for path in paths]
        out: list[ImportSummary] = []
        for info in infos:
            summary = (
                self._rate_report(info, marketplace)
                if info.kind is ReportKind.CANCELLATION_RATE
                else self._orders(info, marketplace, progress, stop)
            )
            out.append(summary)
            if summary.stopped:
                break
        return out

    def _orders(
        self, info: ReportInfo, marketplace: str | None, progress: Progress | None, stop: Stop
    ) -> ImportSummary:
        rejects: list[Reject] = []
        rows = ignored = 0
        stopped = False
        with self._store.importer(
            kind=info.kind.value,
            path=str(info.path),
            sha256=info.sha256,
            as_of=info.as_of,
            has_request_column=info.has_request_column,
            marketplace=marketplace,
            auto_cancel_at=self._deadline,
        ) as target:
            for batch in read(info):
                target.add(batch.rows)
                rows += len(batch.rows)
                rejects += batch.rejects
                ignored += batch.ignored
                if progress is not None:
                    progress(ImportProgress(info.path, rows, batch.bytes_done, info.size_bytes))
                if stop():
                    stopped = True
                    break
            target.rejected = len(rejects)
        notes = self._notes(info)
        if ignored:
            notes.append(f"{ignored:,} rows of channels outside Amazon were left out")
        if stopped:
            notes.append("stopped: what was read so far is kept; import the file again to go on")
        return self._summary(info, rows, target.new, target.changed, target.unchanged, rejects, notes, stopped)

    def _rate_report(self, info: ReportInfo, marketplace: str | None) -> ImportSummary:
        rejects: list[Reject] = []
        found = list(read_rate(info, rejects))
        changed, rows = self._store.add_rate_report(marketplace or info.marketplace or "", found)
        counted = sum(1 for row in found if row[3])
        notes = [f"Amazon counts {counted:,} of these {rows:,} orders"]
        known = len(self._store.ids_of([row[1] for row in found]))
        if known < len(found):
            notes.append(f"{len(found) - known:,} of them are in no imported order report")
        return self._summary(info, rows, 0, changed, known - changed, rejects, notes, False)

    @staticmethod
    def _notes(info: ReportInfo) -> list[str]:
        notes = []
        if info.kind in (ReportKind.UNSHIPPED, ReportKind.NEW_ORDERS) and not info.has_request_column:
            notes.append(
                "buyer requests are invisible in this report: it has no column is-buyer-requested-cancellation"
            )
        if info.missing:
            notes.append(f"columns not in this file: {', '.join(info.missing)}")
        return notes

    def _summary(
        self,
        info: ReportInfo,
        rows: int,
        new: int,
        changed: int,
        unchanged: int,
        rejects: Sequence[Reject],
        notes: Sequence[str],
        stopped: bool,
    ) -> ImportSummary:
        shown = tuple(RejectedRow(str(r.file), r.line, r.reason, r.text) for r in rejects[:SHOWN_REJECTS])
        return ImportSummary(
            path=info.path,
            kind=info.kind.value,
            encoding=info.encoding,
            rows=rows,
            new=new,
            changed=changed,
            unchanged=unchanged,
            rejected=len(rejects),
            rejects=shown,
            rejects_file=self._keep(info, rejects),
            notes=tuple(notes),
            stopped=stopped,
        )

    def _keep(self, info: ReportInfo, rejects: Sequence[Reject]) -> Path | None:
        """Write the rejected rows where they can be looked at; the name holds the report's sha256, so a repeat is the same file."""
        if not rejects:
            return None
        lines = ["file\tline\treason\ttext", *(f"{r.file}\t{r.line}\t{r.reason}\t{r.text}" for r in rejects)]
        self._rejects_folder.mkdir(parents=True, exist_ok=True)
        name = f"{info.path.stem}-{info.sha256[:8]}-{info.encoding}.rejects.tsv"
        return write_atomic(self._rejects_folder, name, ("\n".join(lines) + "\n").encode("utf-8"))

"""Files in: reports and processing reports, with progress, questions where the file leaves one open, and a summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.content import Content

from ordertui.operations.errors import USER_ERRORS, error_message
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.tui.render.format import Piece
from ordertui.tui.render.state import ROW_LOOKS
from ordertui.tui.task_runner import Task, TaskMixin
from ordertui.tui.widgets.order_table import OrderTable

if TYPE_CHECKING:
    from ordertui.operations.reports.progress import ImportProgress, ImportSummary
    from ordertui.operations.results.model import ResultSummary


class Bringing(TaskMixin):
    """What the main screen brings in."""

    session: Session

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...
        def refresh_all(self) -> None: ...

    def action_import_files(self) -> None:
        """Ask for files and read them."""
        self.start(self._bring_files)

    async def _bring_files(self, task: Task) -> None:
        from .file_picker import PickerScreen  # when it is opened

        chosen = await task.ask(PickerScreen(self.session, self.keys))
        if chosen:
            await self.bring(task, chosen)

    async def bring(self, task: Task, paths: Sequence[Path]) -> None:
        """Read these files one after the other, asking what they leave open, and say what came of it."""
        from ordertui.operations.reports.files import in_turn

        from .dialogs import TextScreen

        lines: list[Piece] = []
        paths = await task.work(in_turn, list(paths))
        for number, path in enumerate(paths, start=1):
            place = f"{number} of {len(paths)}" if len(paths) > 1 else ""
            said, stopped = await self._bring(task, path, place)
            lines += said
            if stopped:
                lines += [(f"{left.name}: left out, you stopped\n", "$text-warning") for left in paths[number:]]
                break
        self.table.reload()
        self.refresh_all()
        if lines:
            await task.ask(TextScreen("What was read", Content.assemble(*lines)))

    async def _bring(self, task: Task, path: Path, place: str) -> tuple[list[Piece], bool]:
        """Read one file, asking what it leaves open; what to say of it, and whether the operator stopped."""
        from ordertui.amazon.reports.errors import AmbiguousEncoding, MarketplaceNeeded
        from ordertui.operations.reports.files import find_kind
        from ordertui.orders.enums import ReportKind

        from .dialogs import ChoiceScreen

        if await task.work(find_kind, path) is ReportKind.PROCESSING_REPORT:
            return await self._results(task, path), False
        encoding = marketplace = None
        while True:
            try:
                summaries = await self._import(task, path, place, encoding, marketplace)
                return summary_lines(summaries), any(one.stopped for one in summaries)
            except AmbiguousEncoding as error:
                choices = [(name, f"{name:<12} {sample}") for name, sample in error.candidates]
                encoding = await task.ask(ChoiceScreen(f"Which line of {path.name} reads right?", choices))
                if encoding is None:
                    return [(f"{path.name}: left out, its encoding is open\n", "$text-warning")], False
            except MarketplaceNeeded as error:
                choices = [(code, f"{code}  {MARKETPLACES[code].name}") for code in error.choices]
                marketplace = await task.ask(ChoiceScreen(f"Which marketplace is {path.name} of?", choices))
                if marketplace is None:
                    return [(f"{path.name}: left out, its marketplace is open\n", "$text-warning")], False
            except USER_ERRORS as error:
                return [(f"{error_message(error)}\n", "$text-error")], False

    async def _import(
        self, task: Task, path: Path, place: str, encoding: str | None, marketplace: str | None
    ) -> Sequence[ImportSummary]:
        from .progress import ProgressScreen  # when it is opened

        screen = ProgressScreen(f"Importing {place}".rstrip())

        def progress(now: ImportProgress) -> None:
            screen.latest = now

        with task.showing(screen):
            return await task.work(
                self.session.imports.import_files,
                [path],
                encoding=encoding,
                marketplace=marketplace,
                progress=progress,
                stop=lambda: screen.stopping,
            )

    async def _results(self, task: Task, path: Path) -> list[Piece]:
        try:
            return result_lines(await task.work(self.session.results.take_in, [path]))
        except USER_ERRORS as error:
            return [(f"{error_message(error)}\n", "$text-error")]


def summary_lines(summaries: Sequence[ImportSummary]) -> list[Piece]:
    """What reports brought."""
    pieces: list[Piece] = []
    for one in summaries:
        kind = one.kind.replace("_", " ")
        pieces.append((f"{one.path.name}  {kind}, {one.encoding}\n", "bold"))
        pieces.append(
            f"  {one.rows:,} rows: {one.new:,} new orders, {one.changed:,} changed, {one.unchanged:,} unchanged\n"
        )
        pieces += [(f"  {note}\n", "$text-warning") for note in one.notes]
        for reject in one.rejects[:20]:
            pieces.append((f"  line {reject.line}: {reject.reason}\n", "$text-error"))
        if one.rejected:
            pieces.append((f"  {one.rejected:,} rows left out; all of them: {one.rejects_file}\n", "$text-error"))
    return pieces


def result_lines(summaries: Sequence[ResultSummary]) -> list[Piece]:
    """What processing reports brought: problems first, grouped by what Amazon said."""
    pieces: list[Piece] = []
    for one in summaries:
        pieces.append(
            (f"Batch {one.batch}: {one.ok:,} ok, {one.errors:,} refused by Amazon, {one.unknown:,} unknown\n", "bold")
        )
        pieces += [(f"  {note}\n", "$text-warning") for note in one.notes]
        groups: dict[tuple[RowState, str, str], list[str]] = {}
        for row in one.rows:
            groups.setdefault((row.state, row.code, row.text), []).append(row.order_id)
        for (state, code, text), orders in sorted(groups.items(), key=lambda group: group[0][0] is RowState.OK):
            look = ROW_LOOKS[state]
            pieces.append((f"\n {look.glyph} {state} {code} {text}  ({len(orders):,})\n", look.style))
            pieces += [f"     {order_id}\n" for order_id in orders[:200]]
        if one.ok:
            pieces.append(
                (
                    "\n ok is Amazon's word for the file; a later report confirms the orders themselves\n",
                    "$foreground-muted",
                )
            )
    return pieces

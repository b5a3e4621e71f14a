"""Bring orders in: report files and processing reports, and the sync with Amazon."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from textual.content import Content

from ordertui.amazon.reports.errors import AmbiguousEncoding, MarketplaceNeeded
from ordertui.messages import _, ngettext, translate
from ordertui.operations.errors import BadInput, BatchNeeded, error_message
from ordertui.operations.reports.closing import closing_notes
from ordertui.operations.reports.files import expand_folders, find_kind, import_order
from ordertui.operations.reports.progress import ImportProgress, ImportSummary
from ordertui.operations.reports.rate_report import Days, parse_days
from ordertui.operations.session import Session
from ordertui.orders.enums import ReportKind
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.people import Permission
from ordertui.store.importing.import_history import PastImport
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.render.format import Piece
from ordertui.tui.render.import_summary import import_lines, result_lines
from ordertui.tui.render.past_import import import_line, import_name, refusal_text, undo_question, undone_text
from ordertui.tui.screens.dialogs import ChoiceScreen, ConfirmScreen, FormScreen, TextScreen
from ordertui.tui.screens.file_picker import PickerScreen
from ordertui.tui.screens.progress import ProgressScreen
from ordertui.tui.screens.task_runner import Task

SHOWN_IMPORTS = 50
"""Imports from which one is chosen to be undone; of 50,000 orders together, they are read at once."""
_Read = tuple[list[Piece], Sequence[ImportSummary]]
"""What is shown of a file, and what it brought."""


def sync(context: CommandContext) -> None:
    """Fetch what changed from Amazon; stop the sync that is under way."""
    context.sync.start_or_stop()


async def import_files(context: CommandContext, task: Task) -> None:
    """Ask for files, read them, and show a summary."""
    chosen = await task.ask(PickerScreen(context.session, context.tasks.keys))
    if chosen:
        await _read_files(context, task, chosen)


async def undo_import(context: CommandContext, task: Task) -> None:
    """Ask which of the newest imports to undo, say what would change, and undo it."""
    session = context.session
    refusal = session.context.refusal(Permission.UNDO_IMPORT)
    if refusal:  # before anything is asked
        context.notify(refusal)
        return
    found = await task.work(session.newest_imports, SHOWN_IMPORTS)
    if not found:
        context.notify(_("no report file was imported into this store yet"))
        return
    one = await _choose_import(session, task, found)
    if one is None:
        return
    title = _("Undo import {number}, {path}?", number=one.number, path=import_name(one))
    question = ConfirmScreen(title, {"y": _("undo it")}, undo_question(one, context.table.marks))
    if await task.ask(question, discard_typeahead=True) != "y":
        return
    ids = [row_id for row_id, _order_id in one.effect.removed]
    title = _("Undoing import {number}", number=one.number)
    count = len(ids) + len(one.effect.restored)
    done = await task.change(title, count, lambda stop: session.undo_import(one.number, stop))
    there = await task.work(session.orders.rows, ids)
    context.marks.forget([row_id for row_id in ids if row_id not in there])
    context.table.marks_changed()
    context.table.reload()
    context.refresh()
    context.notify(undone_text(done))


async def _choose_import(session: Session, task: Task, found: Sequence[PastImport]) -> PastImport | None:
    """Ask which of these imports to undo; of one that cannot be, say why and ask again. None: the user leaves."""
    note, at = _("Imports of report files, newest first. What Amazon's API said is not undone."), ""
    zone = session.orders.zone
    choices = [(str(one.number), import_line(one, zone)) for one in found]
    while True:
        answer = await task.ask(ChoiceScreen(_("Which import shall be undone?"), choices, note, at))
        if answer is None:
            return None
        one = next(one for one in found if str(one.number) == answer)
        if one.can_be_undone:
            return one
        at, note = (
            answer,
            _(
                "Import {number}, {path}, cannot be undone: {why}",
                number=one.number,
                path=import_name(one),
                why=refusal_text(one),
            ),
        )


async def _read_files(context: CommandContext, task: Task, paths: Sequence[Path]) -> None:
    """Read these files one after the other behind one bar, ask what they leave open, and show a summary."""
    bar = ProgressScreen()
    lines: list[Piece] = []
    summaries: list[ImportSummary] = []

    def look(path: Path) -> bool:
        _say_looking(bar, path)
        return bar.stopping

    with task.showing(bar):
        try:
            expanded = await task.work(expand_folders, paths, look)
            paths, left_out = expanded.paths, [*expanded.notes, *map(translate, expanded.unread)]
        except BadInput as error:
            paths, left_out = [], [translate(error_message(error))]
        lines += [(f"{line}\n", "$text-warning") for line in left_out]
        paths = await task.work(import_order, list(paths))
        for number, path in enumerate(paths, start=1):
            if not bar.stopping:
                if len(paths) > 1:
                    bar.retitle(_("Importing {place}", place=_("{number} of {paths}", number=number, paths=len(paths))))
                found, brought = await _read_file(context.session, task, path, bar)
                lines += found
                summaries += brought
            else:
                lines.append((_("{left}: left out, you stopped\n", left=path.name), "$text-warning"))
        if summaries:
            notes = await task.work(closing_notes, context.session.orders.count, summaries)
            lines += [(f"\n{translate(note)}\n", "$text-warning") for note in notes]
    context.table.reload()
    context.refresh()
    if lines:
        await task.ask(TextScreen(_("Import result"), Content.assemble(*lines)))


def _say_looking(bar: ProgressScreen, path: Path) -> None:
    bar.advance(0, 0, _("{path}: looking at it", path=path.name))


async def _read_file(session: Session, task: Task, path: Path, bar: ProgressScreen) -> _Read:
    """Read one file, and ask what it leaves open."""
    if await task.work(find_kind, path) is ReportKind.PROCESSING_REPORT:
        return await _read_results(session, task, path), []
    encoding = marketplace = None
    covers: Days | None = None
    while True:
        try:
            answers = {"encoding": encoding, "marketplace": marketplace}
            summaries = await _import(session, task, path, bar, answers, covers)
            if covers is None and any(one.is_period_open for one in summaries):
                covers = await _ask_days(task, path)
                if covers is not None:
                    continue
            return import_lines(summaries), summaries
        except AmbiguousEncoding as error:
            choices = [(name, f"{name:<12} {sample}") for name, sample in error.candidates]
            encoding = await task.ask(ChoiceScreen(_("Which line of {path} reads right?", path=path.name), choices))
            if encoding is None:
                return [(_("{path}: left out, its encoding is open\n", path=path.name), "$text-warning")], []
        except MarketplaceNeeded as error:
            likely = {error.proposed: _("  its order ids and currency speak for it")}
            choices = [(code, f"{code}  {MARKETPLACES[code].name}{likely.get(code, '')}") for code in error.choices]
            marketplace = await task.ask(
                ChoiceScreen(_("Of which marketplace are the new orders of {path}?", path=path.name), choices)
            )
            if marketplace is None:
                return [(_("{path}: left out, its marketplace is open\n", path=path.name), "$text-warning")], []
        except Exception as error:
            return [(f"{translate(error_message(error))}\n", "$text-error")], []


async def _ask_days(task: Task, path: Path) -> Days | None:
    """Ask for the days of order that a report covers which has too few rows to tell; None: left open."""
    note = _("What of these days it does not name is then told by its silence. Esc: leave it open")
    first = last = ""
    while True:
        fields = (("first", _("First day, as 2026-11-16"), first), ("last", _("Last day"), last))
        found = await task.ask(
            FormScreen(_("{path} has few rows or none: for which days was it asked?", path=path.name), fields, note)
        )
        if found is None:
            return None
        first, last = found["first"].strip(), found["last"].strip()
        try:
            return parse_days(f"{first}..{last or first}")
        except ValueError as error:
            note = translate(str(error))


async def _import(
    session: Session,
    task: Task,
    path: Path,
    bar: ProgressScreen,
    answers: Mapping[str, str | None],
    covers: Days | None,
) -> Sequence[ImportSummary]:
    started = time.monotonic()

    def progress(now: ImportProgress) -> None:
        if not now.bytes_total:
            _say_looking(bar, now.path)
            return
        speed = now.rows / max(time.monotonic() - started, 0.001)
        bar.advance(
            now.bytes_done,
            now.bytes_total,
            _(
                "{path}: {rows}, {speed:,.0f} rows/s",
                path=now.path.name,
                rows=ngettext("{n:,} row", "{n:,} rows", now.rows),
                speed=speed,
            ),
        )

    return await task.work(
        session.imports.import_files,
        [path],
        encoding=answers["encoding"],
        marketplace=answers["marketplace"],
        covers=covers,
        progress=progress,
        stop=lambda: bar.stopping,
    )


async def _read_results(session: Session, task: Task, path: Path) -> list[Piece]:
    try:
        from ordertui.tui.screens.processing_reports import read_processing_reports

        found = await read_processing_reports(session, task, [path])
        return (
            [(_("{path}  processing report\n", path=path.name), "bold"), *result_lines(found)]
            if found
            else [(_("{path}: left out, its batch is open\n", path=path.name), "$text-warning")]
        )
    except BatchNeeded as error:
        where = _("o opens the outbox; i on the batch that it answers reads it for that one")
        return [(f"{path.name}: {translate(error.problem)}\n  {where}\n", "$text-warning")]
    except Exception as error:
        return [(f"{path.name}: {translate(error_message(error))}\n", "$text-error")]

"""`ordertui import` and `ordertui results`: read Amazon's files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ordertui.orders.text import pluralize, strip_control_characters

from .context import Settings, fail, open_session, say
from .exit_codes import Exit
from .interrupts import stop_before_the_end
from .output import FORMAT, emit

if TYPE_CHECKING:
    from rich.progress import Progress

    from ordertui.operations.reports.progress import ImportProgress
    from ordertui.operations.reports.rate_report import Days

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
FILES_AND_FOLDERS = click.Path(exists=True, path_type=Path)


_COVERS_HELP = "Days of order that a Cancellation Rate or Unshipped report covers, as 2026-11-16..2026-11-22."


class _Days(click.ParamType["Days"]):
    """The days of `2026-11-16..2026-11-22`."""

    name = "days"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Days:
        """Return first and last day; fail with what is wrong."""
        from ordertui.operations.reports.rate_report import parse_days

        try:
            return parse_days(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _Progress:
    """A progress bar on stderr with rows per second and time left, on a terminal only."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._path: Path | None = None

    def __call__(self, progress: ImportProgress) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[speed]} rows/s"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        if self._path != progress.path:
            self._path = progress.path
            self._bar.add_task(strip_control_characters(progress.path.name), total=None, speed="0")
        task = self._bar.tasks[-1]
        speed = int(progress.rows / max(task.elapsed or 0.0, 0.001))
        done, total = progress.bytes_done, progress.bytes_total or None
        self._bar.update(task.id, completed=done, total=total, speed=f"{speed:,}")

    def look(self, path: Path) -> bool:
        """Show that this file is looked at; what is shown stops nothing."""
        from ordertui.operations.reports.progress import ImportProgress

        self(ImportProgress(path, 0, 0, 0))
        return False

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()


@click.command("import")
@click.argument("files", nargs=-1, type=FILES_AND_FOLDERS)
@click.option("--encoding", help="Encoding of the files, when it cannot be told.")
@click.option("--marketplace", help="Marketplace code (US, UK, DE, JP...), when a file names none.")
@click.option("--covers", type=_Days(), help=_COVERS_HELP)
@click.option("--undo", type=int, metavar="N", help="Take import N back, as far as no later import named its orders.")
@FORMAT
@click.pass_obj
def import_command(
    settings: Settings,
    files: tuple[Path, ...],
    encoding: str | None,
    marketplace: str | None,
    covers: Days | None,
    undo: int | None,
    form: str,
) -> None:
    """Read Amazon's order reports; of a folder, every report in it. Importing a file twice changes nothing.

    An order that waits and that a newer Unshipped report of its days does not name is missing: it cannot be cancelled
    until All Orders says what became of it. Its days are those of its rows, or --covers. Exit 4 when a row was left
    out, a value could not be read, or a file of a folder.

    --undo takes an import back by its number; exit 7 when some of its orders stay, because a later import named them.
    """
    if undo is not None:
        if files or encoding or marketplace or covers:
            raise click.UsageError("--undo takes the number of an import, and neither files nor other options")
        _undo(settings, undo, form)
        return
    if not files:
        raise click.UsageError("name the files to import")
    from ordertui.operations.reports.closing import closing_notes
    from ordertui.operations.reports.files import expand_folders, find_kind
    from ordertui.orders.enums import ReportKind

    looking = _Progress()
    try:
        paths, left_out, unread = expand_folders(files, looking.look)
    finally:
        looking.close()
    answers = [one for one in paths if one not in files and find_kind(one) is ReportKind.PROCESSING_REPORT]
    left_out += [f"{one} is a processing report: import it with `ordertui results`" for one in answers]
    paths = [one for one in paths if one not in answers]
    progress = _Progress()
    with open_session(settings, makes=True) as session:
        stopped = stop_before_the_end()
        try:
            market = marketplace.upper() if marketplace else None
            summaries = session.imports.import_files(
                paths, encoding=encoding, marketplace=market, covers=covers, progress=progress, stop=stopped
            )
        finally:
            progress.close()
        at_the_end = closing_notes(session.orders.count, summaries)
    columns = ("path", "kind", "encoding", "rows", "new", "changed", "unchanged", "rejected", "unread")
    records = [
        {"import": s.number} | {c: str(getattr(s, c)) if c == "path" else getattr(s, c) for c in columns}
        for s in summaries
    ]
    emit(records, ("import", *columns), form)
    for line in (*left_out, *(f"left out: {why}" for why in unread)):
        say(line)
    for summary in summaries:
        for note in summary.notes:
            say(f"{summary.path}: {note}")
        for reject in summary.rejects[:20]:
            say(f"{reject.file}:{reject.line}: {reject.reason}")
        if summary.rejects:
            say(f"{summary.path}: {summary.rejects_text}")
    for note in at_the_end:
        say(note)
    if any(summary.stopped for summary in summaries):
        fail(Exit.INTERRUPTED, "stopped; what was read is kept, import the rest again")
    if unread or any(summary.rejects for summary in summaries):
        sys.exit(int(Exit.BAD_INPUT))


def _undo(settings: Settings, number: int, form: str) -> None:
    with open_session(settings) as session:
        done = session.undo_import(number, stop_before_the_end())
    columns = ("import", "path", "removed", "restored", "kept")
    facts = (done.number, done.path, done.removed, done.restored, len(done.kept))
    emit([dict(zip(columns, facts, strict=True))], columns, form)
    say(f"import {number} is undone: {pluralize(done.removed)} removed that only it named,"
        f" {pluralize(done.restored)} as before it")  # fmt: skip
    if done.kept:
        say(f"not undone: {done.kept_text}; when that is undone too, give --undo {number} again")
        sys.exit(int(Exit.NOT_ALL))


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILES)
@click.option("--batch", type=int, help="Which batch it answers, when that cannot be told.")
@click.option("--against", multiple=True, metavar="NAME", help="Another batch whose report says the same, as named.")
@FORMAT
@click.pass_obj
def results(
    settings: Settings, files: tuple[Path, ...], batch: int | None, against: tuple[str, ...], form: str
) -> None:
    """Read Amazon's processing reports: what became of each row of a batch. Exit 7 when not all went through."""
    with open_session(settings) as session:
        stop = stop_before_the_end()
        found = session.results.take_in(list(files), batch_id=batch, against=against, stop=stop)
    records = [
        {"file": str(one.path), "batch": one.batch, "order_id": row.order_id, "state": row.state.value,
         "code": row.code, "text": row.text}
        for one in found
        for row in one.rows
    ]  # fmt: skip
    emit(records, ("batch", "order_id", "state", "code", "text"), form)
    for one in found:
        say(f"batch {one.batch}: {one.ok} ok, {one.errors} refused by Amazon, {one.unknown} unknown")
        for note in one.notes:
            say(f"batch {one.batch}: {note}")
    if any(one.errors or one.unknown for one in found):
        sys.exit(int(Exit.NOT_ALL))

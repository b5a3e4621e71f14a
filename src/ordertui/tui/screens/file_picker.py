"""The dialog that asks for report files: the likely ones of a folder, each with its kind, or a path typed with
completion.

Several files can be marked and imported at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from ordertui.messages import N_, _
from ordertui.operations.config import downloads_folder
from ordertui.operations.paths import is_there, short_path
from ordertui.operations.reports.files import FileEntry, complete_path, kind_of, list_folder, typed_paths
from ordertui.operations.session import Session
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.file_row import render_file
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.line_input import LineInput
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import Dialog, WrappedText
from .errors import errors_shown, shows_errors

SHOWN = 1_000
"""Entries of a folder that are listed."""
UP = ".."


class PickerScreen(Dialog[list[Path] | None]):
    """Gives the files chosen; Escape gives None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("leave"), show=False),
        Binding("space", "mark", N_("mark"), show=False),
        Binding("a", "all", N_("all reports"), show=False),
        Binding("full_stop", "everything", N_("every file"), show=False),
        Binding("d", "downloads", N_("downloads"), show=False),
        Binding("left,h,backspace", "up_folder", N_("up"), show=False),
        Binding("right,l", "open", N_("open"), show=False),
        Binding("slash", "type", N_("type a path"), show=False),
        Binding("tab,shift+tab", "tab", N_("complete"), show=False, priority=True),
    ]

    def __init__(self, session: Session, keys: KeyQueue, title: str = "") -> None:
        super().__init__(title or _("Import report files, or a processing report"), _list_keys(), is_tall=True)
        self._tasks = TaskRunner(self, keys)
        self._session = session
        self._folder = session.workspace.folder()
        self._entries: list[FileEntry] = []
        self._kinds: dict[Path, str] = {}
        """Report kind of the files read so far, empty for another file."""
        self._marked: dict[Path, None] = {}
        """Marked files in the order of marking; those of other folders stay."""
        self._everything = False

    def _compose_body(self) -> ComposeResult:
        yield Static("", id="picker-folder", markup=False)
        yield SafeOptionList(id="picker-files", markup=False, mark_cells=2)
        with Horizontal(classes="field", id="picker-typed"):
            yield Label(_("Path"), markup=False)
            yield LineInput(
                id="picker-path", placeholder=_("/ types one here, Tab completes it"), select_on_focus=False
            )
        yield WrappedText("", id="picker-note", classes="error", markup=False)

    def on_mount(self) -> None:
        """Show the folder used last time."""
        self._files.focus()
        self._go(self._folder)

    @property
    def _files(self) -> OptionList:
        return self.query_one("#picker-files", OptionList)

    @property
    def _input(self) -> LineInput:
        return self.query_one("#picker-path", LineInput)

    @property
    def _typing(self) -> bool:
        return self.focused is self._input

    @property
    def _is_gone(self) -> bool:
        return not self.query("#picker-files")

    def _say(self, text: str) -> None:
        note = self.query_one("#picker-note", Static)
        note.update(text)
        note.display = bool(text)

    # The folder

    def _go(self, folder: Path, at: Path | None = None) -> None:
        """Show a folder, the cursor on `at`."""
        self._tasks.start(lambda task: self._look(task, folder, at))

    async def _look(self, task: Task, folder: Path, at: Path | None) -> None:
        problem, entries = "", []
        try:
            entries = await task.work(list_folder, folder, everything=self._everything)
        except OSError as error:
            problem = str(error.strerror or error)
        if self._is_gone:
            return
        if problem:
            self._say(_("{folder} cannot be read: {problem}", folder=folder, problem=problem))
            return
        self._folder, self._entries = folder, entries[:SHOWN]
        self._say(
            ""
            if len(entries) <= SHOWN
            else _("{entries:,} more are not listed: type a path with /", entries=len(entries) - SHOWN)
        )
        self._show(at)
        self._look_at_headers()

    @shows_errors
    def _show(self, at: Path | None = None) -> None:
        if self._is_gone:
            return
        self._show_count()
        options = self._files
        options.clear_options()
        options.add_option(Option(f"  {UP}/", id=str(self._folder / UP)))
        options.add_options(Option(self._line(entry), id=str(entry.path)) for entry in self._entries)
        if not any(not entry.is_folder for entry in self._entries):
            options.add_option(
                Option(_("  no .txt, .tsv, .csv, .xml, .gz or .zip file here; . shows every file"), disabled=True)
            )
        places = {entry.path: number for number, entry in enumerate(self._entries, start=1)}
        first = next((number for number, entry in enumerate(self._entries, start=1) if not entry.is_folder), 0)
        options.highlighted = places.get(at, first) if at is not None else first

    def _show_count(self) -> None:
        count = _("   {marked:,} marked, Enter reads them", marked=len(self._marked)) if self._marked else ""
        self.query_one("#picker-folder", Static).update(f"{short_path(self._folder)}{count}")

    def _draw_marks(self, paths: Collection[Path]) -> None:
        """Show whether these are marked; the list stays where it is, as it would not if it were made anew."""
        for entry in self._entries:
            if entry.path in paths:
                self._files.replace_option_prompt(str(entry.path), self._line(entry))
        self._show_count()

    def _line(self, entry: FileEntry) -> Content:
        width = self._files.scrollable_content_region.width or 74
        kind, marked = self._kinds.get(entry.path), entry.path in self._marked
        return render_file(entry, kind, marked=marked, zone=self._session.orders.zone, width=width)

    @work(exclusive=True, group="kinds")
    async def _look_at_headers(self) -> None:
        """Read each file's kind in a thread, newest first."""
        for entry in self._entries:
            if entry.is_folder or entry.path in self._kinds:
                continue
            self._kinds[entry.path] = await asyncio.to_thread(kind_of, entry.path)
            if self._is_gone:
                return
            with errors_shown(self):
                self._files.replace_option_prompt(str(entry.path), self._line(entry))

    def on_resize(self) -> None:
        """Cut names to the new width."""
        entry = self._here
        self.call_after_refresh(self._show, entry.path if entry else None)

    @property
    def _here(self) -> FileEntry | None:
        place = self._files.highlighted
        return self._entries[place - 1] if place and place <= len(self._entries) else None

    # Keys

    def action_mark(self) -> None:
        """Mark or unmark the file under the cursor, or the folder for the reports in it, and go on."""
        entry = self._here
        if entry is None:
            self._files.action_cursor_down()
            return
        if entry.path in self._marked:
            del self._marked[entry.path]
        else:
            self._marked[entry.path] = None
        self._draw_marks([entry.path])
        self._files.action_cursor_down()

    def action_all(self) -> None:
        """Mark every report of the folder, or unmark them when all are."""
        reports = [entry.path for entry in self._entries if self._kinds.get(entry.path)]
        if all(path in self._marked for path in reports):
            for path in reports:
                del self._marked[path]
        else:
            self._marked.update(dict.fromkeys(reports))
        self._draw_marks(frozenset(reports))

    def action_everything(self) -> None:
        """Show every file, or only those that may be reports."""
        self._everything = not self._everything
        self._go(self._folder)

    def action_downloads(self) -> None:
        """Go to the folder of the browser's downloads."""
        self._go(downloads_folder())

    def action_up_folder(self) -> None:
        """Go to the folder above."""
        self._go((self._folder / UP).resolve(), self._folder)

    def action_open(self) -> None:
        """Go into the folder under the cursor."""
        entry = self._here
        if entry is not None and entry.is_folder:
            self._go(entry.path)

    def action_type(self) -> None:
        """Type a path."""
        self._input.focus()

    def action_tab(self) -> None:
        """Complete the path; while it is empty, move the focus from the list to it or back."""
        if not self._typing:
            self._input.focus()
        elif self._input.value:
            self._tasks.start(self._complete)
        else:
            self._files.focus()

    async def _complete(self, task: Task) -> None:
        whole = await task.work(complete_path, self._input.value, self._folder)
        if self._is_gone:
            return
        if whole == self._input.value and not whole.endswith("/"):
            self._say(_("Tab adds nothing: no name begins so, or several do, or it is whole"))
        self._input.value = whole
        self._input.cursor_position = len(whole)

    def on_descendant_focus(self) -> None:
        """Show the keys of the list, or of the field while a path is typed."""
        self.show_keys(_("Enter read   Tab complete   Esc leave") if self._typing else _list_keys())

    def on_paste(self, event: events.Paste) -> None:
        """Put a path that is dropped or pasted on the list into the path's field."""
        if not self._typing:
            self._input.focus()
            self._input.insert_pasted(event.text)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        entry = next((entry for entry in self._entries if str(entry.path) == event.option_id), None)
        if event.option_id == str(self._folder / UP):
            self.action_up_folder()
        elif entry is not None and entry.is_folder:
            self._go(entry.path)
        elif entry is not None:
            self._give(list(self._marked) or [entry.path])

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            self._files.focus()
            return
        self._tasks.start(lambda task: self._take_typed(task, event.value))

    async def _take_typed(self, task: Task, text: str) -> None:
        try:
            paths = await task.work(typed_paths, text, self._folder)
        except ValueError:
            self._say(_("{text}: a quotation mark is open; close it", text=text))
            return
        missing, folder = await task.work(_check_paths, paths)
        if self._is_gone:
            return
        if missing is not None:
            self._say(_("there is no {missing}", missing=missing))
        elif folder is not None:
            self._input.value = ""
            self._files.focus()
            await self._look(task, folder, None)
        else:
            self._give(paths)

    def _give(self, paths: list[Path]) -> None:
        self._session.workspace.keep_folder(paths[-1].parent)
        self.dismiss(paths)


def _list_keys() -> str:
    return _("space mark   a all reports   Enter read   ← up   d downloads   . other files   / type   Esc leave")


def _check_paths(paths: list[Path]) -> tuple[Path | None, Path | None]:
    """Return the first path that does not exist, and the folder if just one is named."""
    missing = next((path for path in paths if not is_there(path)), None)
    is_folder = missing is None and len(paths) == 1 and paths[0].is_dir()
    return missing, paths[0].resolve() if is_folder else None

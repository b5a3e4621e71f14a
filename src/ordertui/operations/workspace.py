"""Keep marks, saved views, columns and filter history in small readable files beside the store.

None of it is part of the order book: a file that cannot be read or written costs only convenience.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from ordertui.files import MEBIBYTE, SETTINGS_BYTES, is_absent, load_toml, read_file, replace_file
from ordertui.orders.text import NOT_UTF8, describe_json_error

from .config import downloads_folder
from .errors import BadInput
from .marks import Marks, marked_ids

TOUR_SEEN = ".tour"
"""Ending of the file that says so; a practice store that is built anew keeps it."""
MARKS_SUFFIX = ".marks.json"
MARKS_BYTES = 64 * MEBIBYTE
"""Most bytes of the marks: those of a million orders are some 300,000."""
HISTORY = 200
"""Filters remembered, and typed commands."""

_VIEWS_HEAD = """# Saved views of ordertui; f on the screen shows them. \
What is not said is as usual: queue "all", no filter, newest first.
# sort = "status,-total": the first weighs most, - largest first, + smallest first. columns = "order total:14 title".

"""


class SavedView(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named way to look: queue, filter, sort, columns."""

    name: str
    queue: str = "all"
    filter: str = ""
    sort: str = "-placed"
    """As `sorting` reads it."""
    columns: str = ""
    """Column keys left to right, each with `:width` when it was widened; empty: chosen by the screen's width."""
    reverse: bool = True
    """For sort keys without a sign."""
    fba: bool = False
    """Whether orders that Amazon ships are shown too."""


class _Views(msgspec.Struct, frozen=True):
    """The file of saved views."""

    view: tuple[SavedView, ...] = ()


class QueueLook(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the operator left a queue. Empty and None: as the queue is by itself."""

    sort: str = ""
    columns: str = ""
    cursor: int | None = None
    """Row number of the order under the cursor."""


class _Marked(msgspec.Struct, frozen=True):
    marked: str
    last: str


class Workspace:
    """The files beside one store. Nothing is written for a store that is open read-only.

    `login`: of a store on a server, whose marks these are; somebody else with an account on this machine has others.
    """

    def __init__(self, store: Path, *, read_only: bool, login: str = "") -> None:
        self._read_only = read_only
        self._base = store.with_suffix("").name
        self._common_marks = store.with_suffix(MARKS_SUFFIX)
        self._marks_file = store.with_suffix(f".{quote(login, safe='')}{MARKS_SUFFIX}") if login else self._common_marks
        self._marks: tuple[Marks, bytes] | None = None
        self._marks_problem = ""
        self.views_file = store.with_suffix(".views.toml")
        """Saved views, to be edited with any editor too."""
        self._columns = store.with_suffix(".columns.txt")
        self._looks = store.with_suffix(".queues.json")
        self._history = store.with_suffix(".filters.txt")
        self._commands = store.with_suffix(".commands.txt")
        self._tour = store.with_suffix(TOUR_SEEN)
        self._looked = store.with_suffix(f".{quote(login, safe='')}.looked.txt" if login else ".looked.txt")
        self._folder = store.with_suffix(".folder.txt")

    def copy_to(self, store: Path) -> None:
        """Put copies of the files beside another store, which has the same orders, where it has none of its own."""
        marks = self._common_marks if is_absent(self._marks_file) else self._marks_file
        others = (self.views_file, self._columns, self._looks, self._history, self._commands, self._folder, self._tour)
        for path in (marks, *others):
            name = store.stem + MARKS_SUFFIX if path == marks else path.name.replace(self._base, store.stem, 1)
            target = store.parent / name
            if is_absent(target):
                with suppress(OSError):
                    replace_file(target, read_file(path, MARKS_BYTES))

    def marks(self) -> tuple[Marks, bytes]:
        """Return the marks as they were when the screen was left, and the snapshot of the last set.

        They are read once: the screen changes these very marks, and filters ask them.
        """
        if self._marks is None:
            self._marks = self._read_marks()
        return self._marks

    def _read_marks(self) -> tuple[Marks, bytes]:
        path = self._marks_file
        if is_absent(path) and not is_absent(self._common_marks):  # before each login had its own
            path = self._common_marks
            if not self._read_only:
                with suppress(OSError):
                    path = path.replace(self._marks_file)
        content = b""
        try:
            content = read_file(path, MARKS_BYTES)
            found = msgspec.json.decode(content, type=_Marked)
            snapshot, last = base64.b64decode(found.marked), base64.b64decode(found.last)
        except FileNotFoundError:
            return Marks(), b""
        except (OSError, ValueError, RecursionError, msgspec.MsgspecError) as error:
            words = str(error.strerror) if isinstance(error, OSError) else describe_json_error(content, error)
            self._marks_problem = f"which orders are marked cannot be read: {path}: {words}"
            return Marks(), b""
        return Marks(marked_ids(snapshot)), last

    def required_marks(self) -> Marks:
        """Return the marks, for a filter. Raises BadInput where they cannot be read: nobody knows that none is marked.

        Once `set_marks_aside` told so, the operator goes on without marks.
        """
        marks, _ = self.marks()
        if self._marks_problem:
            raise BadInput(f"{self._marks_problem}; the screen begins without marks, or remove the file")
        return marks

    def set_marks_aside(self) -> str:
        """Begin without marks where they cannot be read, and keep their file; return why, else an empty text."""
        problem, self._marks_problem = self._marks_problem, ""
        aside = self._marks_file.with_name(self._marks_file.name + ".unread")
        if problem and not self._read_only:
            with suppress(OSError):
                self._marks_file.replace(aside)
                return f"{problem}; nothing is marked now, and the file is kept as {aside.name}"
        return f"{problem}; nothing is marked now" if problem else ""

    def keep_marks(self, marks: Marks, last: bytes) -> str:
        """Keep them for the next start; return why that could not be done, an empty text when it was."""
        texts = [base64.b64encode(part).decode() for part in (marks.snapshot(), last)]
        problem = self._write(self._marks_file, msgspec.json.encode(_Marked(*texts)).decode())
        return f"which orders are marked cannot be kept for the next start: {problem}" if problem else ""

    def views(self) -> tuple[list[SavedView], str]:
        """Return the saved views, and what is wrong with their file (empty: nothing)."""
        try:
            found = load_toml(read_file(self.views_file, SETTINGS_BYTES).decode("utf-8-sig"))
            return list(msgspec.convert(found, _Views).view), ""
        except FileNotFoundError:
            return [], ""
        except msgspec.ValidationError as error:
            from .settings_problems import settings_problems  # only a mistake needs it

            problem = settings_problems(found, _Views) or error
            return [], f"{self.views_file}: {problem}; correct it, or remove it"
        except OSError as error:
            return [], f"{self.views_file}: {error.strerror}; correct it, or remove it"
        except ValueError as error:
            words = NOT_UTF8 if isinstance(error, UnicodeDecodeError) else error
            return [], f"{self.views_file}: {words}; correct it, or remove it"

    def keep_views(self, views: Sequence[SavedView]) -> None:
        """Write the saved views."""
        import json

        parts = []
        for view in views:
            lines = [
                f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in msgspec.to_builtins(view).items()
            ]
            parts.append("\n".join(["[[view]]", *lines]))
        self._write(self.views_file, _VIEWS_HEAD + "\n\n".join(parts) + "\n")

    def columns(self) -> str:
        """Return the columns that version 0.1 kept for all queues; empty: none were chosen, or they cannot be read."""
        try:
            return self._read(self._columns).strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def looks(self) -> dict[str, QueueLook]:
        """Return how the operator left each queue, by its key; those that were never opened are not in it."""
        try:
            return msgspec.json.decode(read_file(self._looks, SETTINGS_BYTES), type=dict[str, QueueLook])
        except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
            return {}

    def keep_looks(self, looks: Mapping[str, QueueLook]) -> None:
        """Keep them for the next start."""
        self._write(self._looks, msgspec.json.encode(looks).decode())

    def history(self) -> list[str]:
        """Return the filters used before, oldest first."""
        return self._lines(self._history)

    def commands(self) -> list[str]:
        """Return the commands typed before, oldest first."""
        return self._lines(self._commands)

    def _lines(self, path: Path) -> list[str]:
        try:
            return [line for line in self._read(path).splitlines() if line.strip()]
        except (OSError, UnicodeDecodeError):
            return []

    def remember(self, text: str) -> None:
        """Put a filter into the history; one that was there moves to the end."""
        self._append(self._history, text)

    def remember_command(self, text: str) -> None:
        """Put a typed command into its history; one that was there moves to the end."""
        self._append(self._commands, text)

    def _append(self, path: Path, text: str) -> None:
        text = " ".join(text.split())
        if text:
            lines = [*(line for line in self._lines(path) if line != text), text]
            self._write(path, "\n".join(lines[-HISTORY:]) + "\n")

    def folder(self) -> Path:
        """Return the folder where report files were looked for last; else that of downloads, else the current one."""
        try:
            found = Path(self._read(self._folder).strip())
        except (OSError, UnicodeDecodeError):
            found = downloads_folder()
        else:
            found = found if found.is_absolute() and found.is_dir() else downloads_folder()
        return found if found.is_dir() else Path.cwd()

    def keep_folder(self, folder: Path) -> None:
        """Look there first the next time."""
        self._write(self._folder, f"{folder.resolve()}\n")

    def last_look(self) -> int | None:
        """Return until when the screen was open the last time, in epoch seconds; None when that is not known."""
        try:
            return int(self._read(self._looked))
        except (OSError, ValueError):
            return None

    def keep_last_look(self, at: int) -> None:
        """Record that the screen showed the store at this moment."""
        self._write(self._looked, f"{at}\n")

    def tour_seen(self) -> bool:
        """Return whether the tour was finished, or left, in this store."""
        return self._tour.exists()

    def keep_tour_seen(self) -> None:
        """Record that the tour has been shown."""
        self._write(self._tour, "the tour was seen; t on the screen begins it again\n")

    @staticmethod
    def _read(path: Path) -> str:
        return read_file(path, SETTINGS_BYTES).decode("utf-8")

    def _write(self, path: Path, text: str) -> str:
        """Write a file, and return why it could not be written; empty when it was, or nothing is written here."""
        if not self._read_only:
            try:
                replace_file(path, text.encode("utf-8", "backslashreplace"))
            except OSError as error:
                return f"{path}: {error.strerror}"
        return ""

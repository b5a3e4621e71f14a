"""Find report files on the disk: list a folder, tell each file's kind by its header, complete a path as it is typed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from ordertui.amazon.reports import (
    REPORT_FORMATS,
    ReportContent,
    ReportError,
    ReportKind,
    UnknownReport,
    detect_kind,
)
from ordertui.amazon.reports.report_file import check_unpacks
from ordertui.operations.errors import BadInput
from ordertui.operations.paths import is_there, typed_path
from ordertui.orders.text import pluralize

LIKELY = frozenset({".txt", ".tsv", ".csv", ".xml", ".gz", ".zip"})
"""Endings that Amazon's reports have when they are downloaded or saved again."""
SHOWN_NAMES = 5
_LAST = re.compile(r"(?:\\.|[^\s\\])*\Z")
"""The last word of a line; a space in it has a backslash before it."""


class FileEntry(msgspec.Struct, frozen=True):
    """A file or folder."""

    path: Path
    is_folder: bool
    size: int
    """Bytes; 0 for a folder."""
    modified: int
    """Epoch seconds; 0 for a folder."""


def list_folder(folder: Path, *, everything: bool = False) -> list[FileEntry]:
    """List a folder: its folders by name, then its files, newest first, without hidden ones.

    Without `everything` only files with an ending of LIKELY are listed.

    Raises OSError when the folder cannot be read; an entry that cannot be looked at is left out.
    """
    folders, files = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir():
                    folders.append(FileEntry(folder / entry.name, True, 0, 0))
                elif entry.is_file() and (everything or Path(entry.name).suffix.lower() in LIKELY):
                    stat = entry.stat()
                    files.append(FileEntry(folder / entry.name, False, stat.st_size, int(stat.st_mtime)))
            except OSError:
                continue
    by_name = sorted(folders, key=lambda one: one.path.name.casefold())
    return by_name + sorted(files, key=lambda one: (-one.modified, one.path.name.casefold()))


def find_kind(path: Path) -> ReportKind | None:
    """Return the kind of a report by its header; None for a file that is no report or cannot be read."""
    try:
        return detect_kind(path)
    except ReportError:
        return None


def kind_of(path: Path) -> str:
    """Return the title of a report by its header; empty for a file that is no report or cannot be read."""
    kind = find_kind(path)
    return REPORT_FORMATS[kind].title if kind else ""


class ExpandedFolders(NamedTuple):
    """What the folders among some paths hold."""

    paths: list[Path]
    """The paths, with the reports in it for each folder."""
    notes: list[str]
    """On files of folders that are no reports."""
    unread: list[str]
    """Why files of folders, which may be reports, cannot be read: they are left out, and the others are read."""


def _never(_: Path) -> bool:
    return False


def expand_folders(paths: Iterable[Path], stop: Callable[[Path], bool] = _never) -> ExpandedFolders:
    """Return the paths with the reports in it for each folder.

    `stop` is told which packed file is unpacked to look at it, and ends that when it says so; then it is among the
    reports, and may be damaged. Folders inside a folder are not entered. Raises BadInput for a folder without a report,
    or that cannot be read.
    """
    found: list[Path] = []
    notes: list[str] = []
    unread: list[str] = []
    for path in paths:
        if not path.is_dir():
            found.append(path)
            continue
        try:
            files = [entry.path for entry in list_folder(path) if not entry.is_folder]
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror}") from error
        reports, left = [], []
        for one in files:
            try:
                detect_kind(one)
                check_unpacks(one, stop)
                reports.append(one)
            except UnknownReport:
                left.append(one.name)
            except OSError as error:
                unread.append(f"{one} cannot be read: {error.strerror}")
            except ReportError as error:
                unread.append(str(error))
        if not reports:
            problem = BadInput(f"{path} is a folder without a report; folders inside it are not entered")
            for why in unread:
                problem.add_note(why)
            raise problem
        found += reports
        if left:
            names = ", ".join(left[:SHOWN_NAMES]) + (", …" if len(left) > SHOWN_NAMES else "")
            notes.append(f"{path}: {pluralize(len(left), 'file')} left out, they are no reports: {names}")
    return ExpandedFolders(found, notes, unread)


def import_order(paths: list[Path]) -> list[Path]:
    """Return the files in the order in which they are imported: orders, then rates, then processing reports."""

    def content(path: Path) -> ReportContent:
        kind = find_kind(path)
        return REPORT_FORMATS[kind].content if kind else ReportContent.ORDER_LINES

    return sorted(paths, key=content)


def typed_paths(text: str, folder: Path) -> list[Path]:
    """Return the paths of a line, separated by spaces and quoted where they hold some, relative to the folder.

    A line that is one existing path with spaces, as a file manager drops it, is taken as it is. Raises ValueError on an
    open quote.
    """
    whole = folder / typed_path(text)
    if text.strip() and is_there(whole):
        return [whole]
    return [folder / typed_path(word) for word in shlex.split(text)]


def complete_path(text: str, folder: Path) -> str:
    """Complete the last path of a line as far as all likely files that begin like it agree; a folder gets a slash."""
    last = _LAST.search(text)
    word = last[0] if last else ""
    ahead, slash, name = re.sub(r"\\(.)", r"\1", word).rpartition("/")
    try:
        found = list_folder(folder / typed_path(ahead + slash))
    except OSError:
        return text
    names = [one.path.name + "/" * one.is_folder for one in found if one.path.name.startswith(name)]
    if not names:
        return text
    first, other = min(names), max(names)
    agree = next((place for place, letter in enumerate(first) if other[place : place + 1] != letter), len(first))
    grown = ahead + slash + first[:agree]
    return text[: len(text) - len(word)] + re.sub(r"([\s\\'\"])", r"\\\1", grown)

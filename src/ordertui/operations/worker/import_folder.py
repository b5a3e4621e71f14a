"""A folder whose reports are taken in as they come: order reports, rate reports, processing reports.

A file that was taken in is moved to `imported`, one that was not to `refused`, both in the folder itself. So each is
read once, whatever the number of workers, and somebody sees what was done with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ordertui.amazon.processing_report import ProcessingReportError
from ordertui.amazon.reports import ReportError
from ordertui.files import is_absent, make_own_folder
from ordertui.operations.errors import BadInput, ReadOnly, Refused, RoleRefused
from ordertui.operations.reports.files import find_kind, import_order
from ordertui.operations.session import Session
from ordertui.orders.enums import ReportKind
from ordertui.orders.text import pluralize, with_verb
from ordertui.store.repositories.work import JobName, JobRun

from .log import JobFailed

IMPORTED, REFUSED = "imported", "refused"
FOLDER_SECONDS = 30
QUIET_SECONDS = 30
"""A file that was changed later than this ago may still be written."""


class ImportJob:
    """Takes in the reports that somebody put into a folder."""

    name = JobName.IMPORT

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:  # noqa: ARG002
        """See `Job`: every thirty seconds."""
        return now if last is None else last.ended_at + FOLDER_SECONDS

    def run(self, session: Session, stop: Callable[[], bool]) -> str:
        """See `Job`: take in what is there.

        Raises OSError when the folder cannot be read, JobFailed while files wait in `refused`.
        """
        taken = orders = left_out = 0
        reports, others = self._ready(session.clock.now())
        for path in import_order(reports):
            if stop():
                break
            done = self._take_in(session, path, stop)
            if done is None:
                break
            is_taken, changed, rejected = done
            self._move(path, IMPORTED if is_taken else REFUSED)
            taken, orders, left_out = taken + is_taken, orders + changed, left_out + rejected
        refused = self._files(self._folder / REFUSED)
        text = f"{pluralize(taken, 'file')} taken in, {pluralize(orders)} new or changed" if taken else "no new file"
        if left_out:
            text += f"; {pluralize(left_out, 'row')} left out: the folder `rejects` beside the store lists them"
        if others:
            text += f"; {with_verb(others, 'file is no report and stays', 'files are no reports and stay')}"
        if refused:
            raise JobFailed(
                f"{text}; {pluralize(len(refused), 'file')} in {REFUSED}: `ordertui import FILE` (or `results FILE`)"
                " says why; take them away when that is settled"
            )
        return text

    def _ready(self, now: int) -> tuple[list[Path], int]:
        """Return the reports that nobody writes any more, and the number of files that are none."""
        files = [path for path in self._files(self._folder) if path.stat().st_mtime <= now - QUIET_SECONDS]
        reports = [path for path in files if find_kind(path) is not None]
        return reports, len(files) - len(reports)

    @staticmethod
    def _files(folder: Path) -> list[Path]:
        if folder.name == REFUSED and is_absent(folder):
            return []
        return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))

    @staticmethod
    def _take_in(session: Session, path: Path, stop: Callable[[], bool]) -> tuple[bool, int, int] | None:
        """Return whether a file was taken in, orders changed and rows left out; None when it was stopped."""
        try:
            if find_kind(path) is ReportKind.PROCESSING_REPORT:
                session.results.take_in([path])
                return True, 0, 0
            found = session.imports.import_files([path], stop=stop)
        except (ReadOnly, RoleRefused):
            raise
        except (ReportError, ProcessingReportError, BadInput, Refused):  # of the file: the store's and the disk's pass
            return False, 0, 0
        if any(one.stopped for one in found):
            return None
        return True, sum(one.new + one.changed for one in found), sum(one.rejected for one in found)

    def _move(self, path: Path, name: str) -> None:
        """Move a file into a folder beside it, under a name that is free there."""
        folder = self._folder / name
        make_own_folder(folder)
        target, number = folder / path.name, 1
        while target.exists():
            number += 1
            target = folder / f"{path.stem}-{number}{path.suffix}"
        os.rename(path, target)

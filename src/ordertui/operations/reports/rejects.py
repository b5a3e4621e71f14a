"""Write rows and values that could not be imported into a file beside the store, as they come: memory stays flat."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

from ordertui.amazon.reports import RejectedRow, ReportInfo
from ordertui.files import make_own_folder
from ordertui.orders.text import guard_formula

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

"""Files that leave: written whole or not at all, never over other content, safe against a crash at any moment."""

from __future__ import annotations

import os
from pathlib import Path

from ordertui.orders.errors import UserError

TEMPORARY = ".part"


class FileConflict(UserError):
    """A file of that name with other content is there already."""


def write_atomic(folder: Path, name: str, content: bytes) -> Path:
    """Write `content` as `folder/name` so that at any moment the file is whole or absent; gives its path.

    The same content there already is success (a repeated write after a crash). Raises OutboxConflict when other content
    is there, ValueError for a name with a path in it, OSError (full disk, read-only folder) with nothing left behind.
    """
    if name != os.path.basename(name) or name in ("", ".", "..") or name.endswith(TEMPORARY):
        raise ValueError(f"{name!r} is not a plain file name")
    target = folder / name
    if target.exists():
        return _same(target, content)
    temporary = folder / f".{name}.{os.getpid()}{TEMPORARY}"
    try:
        _write(temporary, content)
        try:
            os.link(temporary, target)  # fails when the name was taken meanwhile, where a rename would replace it
        except FileExistsError:
            return _same(target, content)
        except OSError:
            if target.exists():
                return _same(target, content)
            os.rename(temporary, target)  # a file system without hard links
    finally:
        temporary.unlink(missing_ok=True)
    _sync(folder)
    return target


def _write(path: Path, content: bytes) -> None:
    """The bytes into a new file, down to the disk; through os alone, so that tests can fail at each call."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial_files(folder: Path) -> int:
    """Remove what crashed writes left behind in a folder; gives how many files."""
    left = list(folder.glob(f".*{TEMPORARY}")) if folder.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _same(target: Path, content: bytes) -> Path:
    if target.read_bytes() != content:
        raise FileConflict(
            f"{target} exists with other content; it was not touched: move it away, or look whether it was uploaded"
        )
    return target


def _sync(folder: Path) -> None:
    """Make the folder's new entry durable, where the system can."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError:
        pass
    finally:
        os.close(handle)

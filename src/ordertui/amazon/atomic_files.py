"""Write files whole or not at all, never over other content, and safe against a crash at any moment."""

from __future__ import annotations

import os
from pathlib import Path

from ordertui.orders.errors import UserError

TEMPORARY = ".part"


class FileConflict(UserError):
    """A file of that name with other content exists already."""


def write_atomic(folder: Path, name: str, content: bytes) -> Path:
    """Write `content` as `folder/name` and return the path. At any moment the file is whole or absent.

    A file with the same content counts as written: a write is repeated after a crash. Raises FileConflict when the file
    has other content, ValueError for a name that is a path, OSError (full disk, read-only folder) with nothing left
    behind.
    """
    if name != os.path.basename(name) or name in ("", ".", "..") or name.endswith(TEMPORARY):
        raise ValueError(f"{name!r} is not a plain file name")
    target = folder / name
    if target.exists():
        return _accept_same(target, content)
    temporary = folder / f".{name}.{os.getpid()}{TEMPORARY}"
    try:
        _write(temporary, content)
        try:
            os.link(temporary, target)  # fails when the name was taken meanwhile, where a rename would replace it
        except FileExistsError:
            return _accept_same(target, content)
        except OSError:
            if target.exists():
                return _accept_same(target, content)
            os.rename(temporary, target)  # a file system without hard links
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(folder)
    return target


def _write(path: Path, content: bytes) -> None:
    """Write and sync a new file, with functions of `os` alone, so that tests can make each call fail."""
    handle = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o666)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(handle, left) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_partial_files(folder: Path) -> int:
    """Remove the files that crashed writes left in a folder, and return their number."""
    left = list(folder.glob(f".*{TEMPORARY}")) if folder.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _accept_same(target: Path, content: bytes) -> Path:
    if target.read_bytes() != content:
        raise FileConflict(
            f"{target} exists with other content; it was not touched: move it away, or look whether it was uploaded"
        )
    return target


def _sync_folder(folder: Path) -> None:
    """Make the folder's new entry durable, where the system supports it."""
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

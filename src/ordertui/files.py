"""Files outside of the store: read with a cap, written whole or not at all, open to their owner alone.

Every file that the program reads or writes goes through here. What is written has mode 0600 and its folder 0700,
whatever the umask; a file is at any moment whole or absent; nothing follows a link that somebody else put there.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, AnyStr, BinaryIO

from ordertui.orders.errors import UserError

TEMPORARY = ".part"
FOLDER_MODE, FILE_MODE = 0o700, 0o600
MEBIBYTE = 2**20
SETTINGS_BYTES = 2**18
"""Most bytes of a file that a person writes: settings, keys, views, house rules."""
MOST_FEED_BYTES = 256 * MEBIBYTE
"""Most bytes of a file of a batch."""
SECRET_CHARACTERS = 2**14
"""Most characters of a secret or an address that is piped in."""
MOST_KEY_PARTS = 12
"""Names in a dotted key of TOML. Each costs some 500 bytes, and a file of nothing else has 130,000."""
_BINARY = getattr(os, "O_BINARY", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""Opening a pipe that nobody writes would wait for ever."""
_NO_HARD_LINKS = frozenset(
    {
        errno.EPERM,
        errno.EACCES,
        errno.EXDEV,
        errno.EINVAL,
        errno.ENOSYS,
        errno.EMLINK,
        errno.EOPNOTSUPP,
        getattr(errno, "ENOTSUP", errno.EOPNOTSUPP),
    }
)
"""How file systems say that they know none; Windows says EINVAL, Android EACCES, folders with a quota EXDEV."""
_HERE, _NO_REPLACE = -100, 1
"""AT_FDCWD and RENAME_NOREPLACE of Linux (rename(2))."""


Pieces = Callable[[], Iterable[bytes]]
"""Gives a large content piece by piece, again from its beginning at each call."""


class FileConflict(UserError):
    """A file of that name is there already, and may not be replaced."""


class TooLong(UserError):
    """A pipe gave more than such an input has."""


# Reading


def is_absent(path: Path) -> bool:
    """Return whether nothing is at this path, so that "none" is the truth; else the file is there, or is to be read.

    A link is there also when it leads nowhere, such as to a disk that is away; so is what stands behind such a link,
    in a folder that may not be looked into, or where a file has its folder's name.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        above = next((one for one in path.parents if os.path.lexists(one)), path)
        return above.exists() and (above.is_dir() or above != path.parent)  # /dev/null is the home of who has none
    except OSError:
        return False
    return False


def open_plain(path: Path) -> BinaryIO:
    """Open a plain file to be read. Raises OSError, also for a pipe, a device or a folder, which may have no end.

    FileNotFoundError says that nothing is there, as `is_absent` does; a link that leads nowhere is another OSError.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _BINARY | _NO_WAIT)
    except FileNotFoundError:
        if is_absent(path):
            raise
        raise OSError(errno.EINVAL, "it is a link, or stands behind one, that leads nowhere", str(path)) from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is no plain file; save it to one first", str(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_file(path: Path, most: int) -> bytes:
    """Return the bytes of a plain file of at most `most` bytes. Raises OSError, also for a larger one."""
    with open_plain(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most:,} bytes, more than such a file has", str(path))
    return content


def read_text(path: Path, most: int, encoding: str = "utf-8") -> str:
    """Return the text of a plain file of at most `most` bytes. Raises OSError and UnicodeDecodeError."""
    return read_file(path, most).decode(encoding)


def read_stream(stream: IO[AnyStr], most: int, what: str) -> AnyStr:
    """Return what is left of a stream that has no name, such as a pipe. Raises TooLong, naming `what` it is."""
    return _up_to(most, stream.read(most + 1), what)


def read_line(stream: IO[AnyStr], most: int, what: str) -> AnyStr:
    """Return the next line of a stream; empty at its end. Raises TooLong, naming `what` it is."""
    return _up_to(most, stream.readline(most + 1), what)


def _up_to(most: int, content: AnyStr, what: str) -> AnyStr:
    if len(content) > most:
        raise TooLong(f"{what} is longer than {most:,} characters, more than it ever has; nothing was done")
    return content


def load_toml(text: str) -> dict[str, object]:
    """Return the values of a TOML text. Raises tomllib.TOMLDecodeError, also for what would take endless memory."""
    import re
    import tomllib  # few starts read any

    part = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
    if re.search(rf"(?<![A-Za-z0-9_-]){part}(?:[ \t]*+\.[ \t]*+{part}){{{MOST_KEY_PARTS}}}", text):
        raise _no_toml(f"a key has more than {MOST_KEY_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        words, bracket, place = str(error).partition(" (")
        if "overwrite" not in words:
            raise
        line = re.findall(r"\d+", place)[:1]  # none at the end of the text
        key, equals, _ = text.rstrip().split("\n")[int(line[0]) - 1 if line else -1].partition("=")
        where = f"{bracket}{place}"
        raise _no_toml(f"{key.strip() if equals else 'a key'} is given twice{where}") from None
    except RecursionError:
        raise _no_toml("its values stand too deep inside one another") from None
    except ValueError:  # of int(): Python reads 4,300 digits at most
        raise _no_toml("a number has too many digits") from None


def _no_toml(why: str) -> Exception:
    """Return the error of a text that cannot be read. Python 3.14 wants a place in it, older ones take none."""
    import tomllib

    if sys.version_info >= (3, 14):
        error = tomllib.TOMLDecodeError(why, "", 0)
        error.args = (why,)  # the place is not known
        return error
    return tomllib.TOMLDecodeError(why)


# Writing


def make_folder(path: Path) -> None:
    """Make a folder that only its owner can look into, with those above it; one that is there is left as it is."""
    for folder in (*reversed(path.parents), path):
        if not folder.exists():
            with suppress(FileExistsError):  # another process made it meanwhile
                folder.mkdir(FOLDER_MODE)
                folder.chmod(FOLDER_MODE)


def make_own_folder(path: Path) -> None:
    """Make a folder that belongs to the program, such as the outbox, and take it from all others if it is there.

    What a link leads to is left as it is: it is somebody's, and need not be a folder.
    """
    make_folder(path)
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode) and stat.S_IMODE(mode) & ~FOLDER_MODE:
        with suppress(PermissionError):  # another user's
            path.chmod(FOLDER_MODE)


def make_file(path: Path) -> None:
    """Make an empty file for its owner alone. Raises FileExistsError when another process made it, OSError."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | _NO_FOLLOW, FILE_MODE)
    try:
        _own(handle)
    finally:
        os.close(handle)


def _own(handle: int) -> None:
    if hasattr(os, "fchmod"):  # a umask may have taken the owner's own rights
        os.fchmod(handle, FILE_MODE)


def write_atomic(folder: Path, name: str, content: bytes | Pieces) -> Path:
    """Write `content` as `folder/name` and return the path. At any moment the file is whole or absent.

    A file with the same content counts as written: a write is repeated after a crash. Raises FileConflict when the file
    has other content, ValueError for a name that is a path, OSError (full disk, read-only folder) with nothing left
    behind.
    """
    if name != os.path.basename(name) or name in ("", ".", "..") or name.endswith(TEMPORARY):
        raise ValueError(f"{name!r} is not a plain file name")
    target = folder / name
    pieces = content if callable(content) else lambda: iter((content,))
    if not target.exists():
        try:
            with _temporary(target) as (handle, temporary):
                _write(handle, pieces())
                publish(temporary, target)
            return target
        except FileExistsError:
            pass  # somebody was faster
    with open_plain(target) as file:
        is_same = all(file.read(len(piece)) == piece for piece in pieces()) and not file.read(1)
    if not is_same:
        raise FileConflict(
            f"{target} exists with other content; it was not touched: move it away, or look whether it was uploaded"
        )
    return target


def replace_file(path: Path, content: bytes) -> None:
    """Write a file of the program's own, such as the marks, over the one before. Raises OSError."""
    with _temporary(path) as (handle, temporary):
        _write(handle, (content,))
        os.replace(temporary, path)
    _sync_folder(path.parent)


@contextmanager
def new_output(path: Path, *, may_replace: Callable[[Path], bool] | None = None) -> Iterator[BinaryIO]:
    """Open a file that the operator asked for, such as a plan or a list; it is there when the context ends well.

    A file that exists is refused, unless `may_replace` says of it that it is one of the program's own that the operator
    wants to replace. Raises FileConflict, OSError.
    """
    check_output(path, may_replace=may_replace)
    with _temporary(path) as (handle, temporary):
        file = os.fdopen(os.dup(handle), "wb")
        with file:
            yield file
        os.fsync(handle)
        try:
            if may_replace is not None and check_output(path, may_replace=may_replace):
                os.replace(temporary, path)
            else:
                publish(temporary, path)
        except FileExistsError:
            raise _taken(path) from None


def check_output(path: Path, *, may_replace: Callable[[Path], bool] | None = None) -> bool:
    """Return whether there is a file that may be replaced.

    Raises FileConflict when there is one that may not be, FileNotFoundError without its folder.
    """
    if not os.path.lexists(path):
        if not path.parent.exists():
            raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(path.parent))
        return False
    if may_replace is None or path.is_symlink() or not may_replace(path):
        raise _taken(path)
    return True


def _taken(path: Path) -> FileConflict:
    return FileConflict(f"{path} exists; it was not touched: choose another name")


@contextmanager
def _temporary(target: Path) -> Iterator[tuple[int, Path]]:
    """Open a new file of an unpredictable name beside the target; it is removed at the end, whatever happens.

    An OSError names the target: who reads it knows that one.
    """
    temporary = target.with_name(f".ordertui-{os.urandom(8).hex()}{TEMPORARY}")
    try:
        with _opened(temporary) as handle:
            yield handle, temporary
    except OSError as error:
        if error.filename in (None, str(temporary)):
            error.filename, error.filename2 = str(target), None
        raise


@contextmanager
def _opened(temporary: Path) -> Iterator[int]:
    """Make a file as long as the context lasts."""
    handle = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | _BINARY | _NO_FOLLOW, FILE_MODE)
    try:
        _own(handle)
        yield handle
    finally:
        with suppress(OSError):
            os.close(handle)
        temporary.unlink(missing_ok=True)


def _write(handle: int, pieces: Iterable[bytes]) -> None:
    """Write and sync, with functions of `os` alone, so that tests can make each call fail."""
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(handle, left) :]
    os.fsync(handle)


def publish(temporary: Path, target: Path) -> None:
    """Give a finished file its name, without ever replacing another one. Raises FileExistsError, OSError."""
    try:
        os.link(temporary, target)  # fails when the name was taken meanwhile, where a rename would replace it
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _rename(temporary, target)
    _sync_folder(target.parent)


def rename_to_new(path: Path, target: Path) -> None:
    """Give a file another name in the same folder, in one step: at no moment it has both. One that has it is left.

    Raises FileConflict when another file has that name, OSError.
    """
    try:
        _rename(path, target)
    except FileExistsError:
        write_atomic(path.parent, target.name, lambda: _pieces_of(path))
        path.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _pieces_of(path: Path) -> Iterator[bytes]:
    with open_plain(path) as file:
        while piece := file.read(MEBIBYTE):
            yield piece


def _rename(temporary: Path, target: Path) -> None:
    """Rename a file to a name that is free: in one step on Linux and Windows, else after a look."""
    if sys.platform == "linux":
        import ctypes  # few file systems know no hard links

        rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
        if rename is not None:
            if not rename(_HERE, os.fsencode(temporary), _HERE, os.fsencode(target), _NO_REPLACE):
                return
            if ctypes.get_errno() == errno.EEXIST:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    os.rename(temporary, target)


def partial_files(folder: Path) -> list[Path]:
    """Return the files of a folder that are being written, or that crashed writes left."""
    return list(folder.glob(f".*{TEMPORARY}")) if folder.is_dir() else []


def remove_partial_files(folder: Path) -> int:
    """Remove the files that crashed writes left in a folder, and return their number."""
    left = partial_files(folder)
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


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

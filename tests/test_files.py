"""Files are read with a cap, written whole, open to their owner alone, and never over what somebody else put there."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordertui.files import (
    SETTINGS_BYTES,
    FileConflict,
    Pieces,
    is_absent,
    load_toml,
    make_folder,
    make_own_folder,
    new_output,
    open_plain,
    publish,
    read_file,
    replace_file,
    write_atomic,
)

needs_posix = pytest.mark.skipif(os.name == "nt", reason="pipes, devices and modes")


@pytest.fixture(params=[0o000, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """A umask that gives everything away, the usual one, and one that takes everything."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@needs_posix
def test_a_pipe_a_device_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    begin = time.thread_time()
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError, match="no plain file"):
            read_file(path, 1_000)
        with pytest.raises(OSError, match="no plain file"):
            open_plain(path)
    assert time.thread_time() - begin < 1


@needs_posix
def test_what_leads_nowhere_or_cannot_be_looked_at_is_not_absent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "away").symlink_to("/no/such/disk")
    (tmp_path / "loop").symlink_to("loop")
    there = ("file", "file/a", "away", "away/a", "away/a/b", "loop", "loop/a", "a" * 300)
    assert [name for name in there if is_absent(tmp_path / name)] == []
    for absent in (tmp_path / "none", tmp_path / "none" / "a", Path("/dev/null/.config/ordertui/config.toml")):
        assert is_absent(absent)
    for name in there:
        if name != "file":
            with pytest.raises(OSError) as caught:
                open_plain(tmp_path / name)
            assert not isinstance(caught.value, FileNotFoundError)
    with pytest.raises(FileNotFoundError):
        open_plain(tmp_path / "none" / "a")


def test_one_byte_more_than_the_cap_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    assert read_file(tmp_path / "a", 10) == b"x" * 10
    with pytest.raises(OSError, match="larger than 9 bytes"):
        read_file(tmp_path / "a", 9)


@pytest.mark.parametrize(
    "text",
    [".".join("a" * 20_000) + " = 1", "[" + ".".join("a" * 20_000) + "]", "x = {" + ".".join(["'a'"] * 900) + " = 1}",
     "x = " + "[" * 20_000, "x = " + "{a=" * 20_000, "a" * SETTINGS_BYTES, '"' * SETTINGS_BYTES, "a." * 100_000,
     "x = " + "9" * 5_000],
    ids=["dotted key", "dotted table", "inline key", "lists", "inline tables", "long key", "quotes", "dots", "digits"],
)  # fmt: skip
def test_toml_made_to_fill_the_memory_is_refused_in_time(text: str) -> None:
    begin = time.thread_time()
    with pytest.raises(tomllib.TOMLDecodeError):
        load_toml(text)
    assert time.thread_time() - begin < 2


def test_toml_that_people_write_is_read() -> None:
    text = (
        'a.b.c = "v1.2.3, see https://sellercentral.amazon.co.uk/help/hub/reference/external/G200 ..."\n["order.x"]\n'
    )
    assert load_toml(text) == tomllib.loads(text)


@needs_posix
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    write_atomic(folder, "feed.txt", b"1")
    replace_file(folder / "marks.json", b"2")
    with new_output(folder / "plan.json") as file:
        file.write(b"3")
    assert {mode(folder), mode(folder.parent)} == {0o700}
    assert {path.name: mode(path) for path in folder.iterdir()} == dict.fromkeys(
        ("feed.txt", "marks.json", "plan.json"), 0o600
    )
    os.chmod(folder, 0o777)
    make_folder(folder)
    assert mode(folder) == 0o777, "a folder of the operator's stays as it is"
    make_own_folder(folder)
    assert mode(folder) == 0o700, "one of the program's does not"


@pytest.mark.skipif(os.name == "nt", reason="modes are of Unix")
def test_what_a_link_leads_to_keeps_its_mode(tmp_path: Path) -> None:
    """As `outbox -> /dev/null`, or a folder that others work in: it is not the program's own."""
    (tmp_path / "theirs").mkdir()
    (tmp_path / "file").touch()
    for name, mode in (("theirs", 0o755), ("file", 0o644)):
        (tmp_path / name).chmod(mode)
        link = tmp_path / f"link-{name}"
        link.symlink_to(tmp_path / name)
        make_own_folder(link)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode, name


def test_an_output_never_goes_over_a_file(tmp_path: Path) -> None:
    target = tmp_path / "orders.db"
    target.write_bytes(b"the store")
    with pytest.raises(FileConflict, match=r"orders\.db exists"), new_output(target) as file:
        file.write(b"a plan")
    with pytest.raises(FileConflict), new_output(tmp_path / "late"):
        (tmp_path / "late").write_bytes(b"meanwhile")
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [b"meanwhile", b"the store"]


def test_only_what_may_be_replaced_is(tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    target.write_bytes(b"{old}")
    with pytest.raises(FileConflict), new_output(target, may_replace=lambda path: path.read_bytes() == b"a plan"):
        pass
    assert target.read_bytes() == b"{old}"
    with new_output(target, may_replace=lambda path: path.read_bytes() == b"{old}") as file:
        file.write(b"{new}")
    assert target.read_bytes() == b"{new}"


@needs_posix
def test_a_link_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"the store")
    (tmp_path / "plan.json").symlink_to(tmp_path / "store")
    (tmp_path / "nowhere.json").symlink_to(tmp_path / "gone")
    for name in ("plan.json", "nowhere.json"):
        with pytest.raises(FileConflict), new_output(tmp_path / name, may_replace=lambda _: True):
            pass
    replace_file(tmp_path / "plan.json", b"marks")
    assert (tmp_path / "store").read_bytes() == b"the store"
    assert not (tmp_path / "gone").exists()


def test_an_output_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError), new_output(tmp_path / "a.csv") as file:
        file.writelines([b"half", "no bytes"])  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", ["EPERM", "EACCES", "EXDEV", "EINVAL", "ENOSYS", "EMLINK", "EOPNOTSUPP"])
def test_without_hard_links_a_name_that_is_taken_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(getattr(errno, code), "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    write_atomic(tmp_path, "a.txt", b"1")
    with pytest.raises(FileConflict):
        write_atomic(tmp_path, "a.txt", b"2")
    (tmp_path / "part").write_bytes(b"3")
    with pytest.raises(FileExistsError):
        publish(tmp_path / "part", tmp_path / "a.txt")
    publish(tmp_path / "part", tmp_path / "b.txt")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.txt": b"1", "b.txt": b"3"}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a rename of the system's own refuses, or a look does")
def test_without_hard_links_a_name_that_is_taken_after_the_look_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "part").write_bytes(b"mine")
    (tmp_path / "a.txt").write_bytes(b"another's")
    monkeypatch.setattr(os.path, "lexists", lambda _: False)  # it came right after
    with pytest.raises(FileExistsError):
        publish(tmp_path / "part", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"another's"


def test_a_file_in_pieces_is_whole_or_absent_and_compared_piece_by_piece(tmp_path: Path) -> None:
    def pieces(*parts: bytes) -> Pieces:
        return lambda: iter(parts)

    path = write_atomic(tmp_path, "a", pieces(b"one", b"", b"two"))
    assert path.read_bytes() == b"onetwo"
    assert write_atomic(tmp_path, "a", pieces(b"on", b"etwo")) == path
    assert write_atomic(tmp_path, "a", b"onetwo") == path
    for other in (pieces(b"one"), pieces(b"one", b"two", b"!"), pieces(b"two", b"one"), pieces()):
        with pytest.raises(FileConflict):
            write_atomic(tmp_path, "a", other)

    def broken() -> Iterator[bytes]:
        yield b"one"
        raise OSError(errno.EIO, "the store cannot be read")

    with pytest.raises(OSError, match="cannot be read"):
        write_atomic(tmp_path, "b", broken)
    assert [one.name for one in tmp_path.iterdir()] == ["a"]

"""Report files on the disk: what a folder offers, what each is by its header, paths completed as they are typed."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from pathlib import Path

import pytest

from ordertui.operations.errors import BadInput, error_message
from ordertui.operations.reports.files import (
    complete_path,
    expand_folders,
    import_order,
    kind_of,
    list_folder,
    typed_paths,
)
from support.cli import Command
from support.reports import write
from support.shops import ALL_ORDERS, UNSHIPPED, all_orders_row, unshipped_row

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "all.txt", ALL_ORDERS, [all_orders_row(1)])
    write(tmp_path / "open.TXT", UNSHIPPED, [unshipped_row(1)])
    (tmp_path / "letter.txt").write_text("dear all\n")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / ".hidden.txt").write_text("x")
    (tmp_path / "Old reports").mkdir()
    (tmp_path / "archive").mkdir()
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    for age, name in enumerate(("all.txt", "letter.txt", "open.TXT", "picture.png")):
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    return tmp_path


def test_folders_first_then_likely_files_newest_first(folder: Path) -> None:
    assert [entry.path.name for entry in list_folder(folder)] == [
        "archive",
        "Old reports",
        "all.txt",
        "letter.txt",
        "open.TXT",
    ]
    assert [entry.path.name for entry in list_folder(folder, everything=True)][-1] == "picture.png"
    newest = list_folder(folder)[2]
    assert (newest.modified, newest.size) == (1_000_000, (folder / "all.txt").stat().st_size)
    with pytest.raises(OSError):
        list_folder(folder / "nowhere")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("us/reports/unshipped-orders.txt", "Unshipped orders"), ("jp/reports/new-orders.txt", "New orders"),
        ("de/reports/all-orders-by-order-date.txt", "All Orders"),
        ("us/reports/cancellation-rate.csv", "Cancellation Rate"),
        ("us/results/cancel-report.txt", "processing report"), ("us/results/refund-report.xml", "processing report"),
        ("quirks/no-report.txt", ""), ("us/choices/refund.tsv", ""), ("none.txt", ""),
    ],
)  # fmt: skip
def test_a_header_says_what_a_file_is(name: str, kind: str) -> None:
    assert kind_of(EXAMPLES / name) == kind


def test_a_folder_stands_for_the_reports_in_it(folder: Path) -> None:
    found, notes, unread = expand_folders([folder / "picture.png", folder])
    assert [path.name for path in found] == ["picture.png", "all.txt", "open.TXT"]
    assert notes == [f"{folder}: 1 file left out, they are no reports: letter.txt"]
    assert unread == []
    with pytest.raises(BadInput, match="is a folder without a report"):
        expand_folders([folder / "archive"])


def test_a_file_that_cannot_be_unpacked_costs_no_other(tmp_path: Path) -> None:
    """Whether its beginning can be read, as of a download that broke off, or nothing of it, or it holds two files."""
    rows = [unshipped_row(n) for n in range(1, 400)]
    text = write(tmp_path / "open.txt", UNSHIPPED, rows).read_bytes()
    packed = gzip.compress(text)
    (tmp_path / "whole.gz").write_bytes(packed)
    (tmp_path / "cut.gz").write_bytes(packed[:-40])
    (tmp_path / "junk.gz").write_bytes(packed[:4] + b"junk" * 20)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.txt", text)
        archive.writestr("b.txt", text)
    found = expand_folders([tmp_path])
    assert {path.name for path in found.paths} == {"open.txt", "whole.gz"}
    assert found.notes == []
    assert sorted(line.partition(" ")[0] for line in found.unread) == [
        str(tmp_path / name) for name in ("cut.gz", "junk.gz", "two.zip")
    ]
    command = Command(tmp_path)
    done = command.run("import", tmp_path, "--marketplace", "US", "--format", "json")
    assert done.code == 4
    assert sorted(Path(row["path"]).name for row in json.loads(done.stdout)) == ["open.txt", "whole.gz"]
    assert all(f"{name} " in done.stderr for name in ("cut.gz", "junk.gz", "two.zip"))
    assert command.run("import", tmp_path / "cut.gz", "--marketplace", "US").code == 4
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "open.txt").write_bytes(text)
    with zipfile.ZipFile(folder / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", b"a")
        archive.writestr("b.jpg", b"b")
    photos = command.run("import", folder, "--marketplace", "US")
    assert photos.code == 0
    assert "1 file left out, they are no reports: photos.zip" in photos.stderr
    for name in ("open.txt", "whole.gz"):
        (tmp_path / name).unlink()
    with pytest.raises(BadInput, match="without a report") as caught:
        expand_folders([tmp_path])
    assert f"{tmp_path / 'cut.gz'} cannot be unpacked: it is damaged" in error_message(caught.value)


def test_that_a_packed_file_is_looked_at_is_told_and_ends_when_somebody_stops(tmp_path: Path) -> None:
    """It was silent for as long as a folder of large ones took to unpack."""
    rows = [unshipped_row(n, product_name=f"{n}" * 400) for n in range(1, 2_000)]
    plain = write(tmp_path / "open.txt", UNSHIPPED, rows)
    damaged = tmp_path / "cut.gz"
    damaged.write_bytes(gzip.compress(plain.read_bytes())[:-40])
    asked: list[Path] = []

    def stop(path: Path) -> bool:
        asked.append(path)
        return len(asked) == 2

    assert (sorted(expand_folders([tmp_path], stop).paths), asked) == ([damaged, plain], [damaged] * 2)
    found = expand_folders([tmp_path], stop)
    assert (found.paths, len(found.unread), set(asked[2:])) == ([plain], 1, {damaged})


def test_only_the_beginning_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.write(("\t".join(UNSHIPPED) + "\n").encode())
        file.truncate(1 << 33)
    assert kind_of(path) == "Unshipped orders"
    path.write_bytes(b"")
    assert kind_of(path) == ""


def test_rates_and_results_come_after_orders() -> None:
    names = ["us/results/cancel-report.txt", "us/reports/cancellation-rate.csv", "us/reports/new-orders.txt"]
    assert [path.name for path in import_order([EXAMPLES / name for name in names])] == [
        "new-orders.txt",
        "cancellation-rate.csv",
        "cancel-report.txt",
    ]


def test_paths_as_they_are_typed(folder: Path) -> None:
    assert typed_paths("all.txt open.TXT", folder) == [folder / "all.txt", folder / "open.TXT"]
    assert typed_paths(f"'Old reports' {folder}/all.txt", folder) == [folder / "Old reports", folder / "all.txt"]
    assert typed_paths("Old reports", folder) == [folder / "Old reports"]
    with pytest.raises(ValueError):
        typed_paths("'all.txt", folder)
    assert typed_paths(" ~nobody-has-this/x ", folder) == [folder / "~nobody-has-this/x"]
    assert typed_paths("x" * 5_000, folder) == [folder / ("x" * 5_000)], "too long a name is no crash"


@pytest.mark.parametrize(
    ("typed", "grown"),
    [
        ("al", "all.txt"), ("a", "a"), ("ar", "archive/"), ("Old", "Old\\ reports/"), ("Old\\ r", "Old\\ reports/"),
        ("all.txt op", "all.txt open.TXT"), ("zz", "zz"), ("nowhere/x", "nowhere/x"), (".hid", ".hid"), ("pic", "pic"),
        ("~nobody-has-this/x", "~nobody-has-this/x"), pytest.param("x" * 5_000 + "/a", "x" * 5_000 + "/a", id="long"),
    ],
)  # fmt: skip
def test_a_path_is_completed_as_far_as_all_agree(folder: Path, typed: str, grown: str) -> None:
    assert complete_path(typed, folder) == grown


def test_what_was_completed_is_read_as_that_path(folder: Path) -> None:
    (folder / "Old reports" / "it's new.txt").write_text("x")
    once = complete_path("Old", folder)
    assert typed_paths(complete_path(once, folder), folder) == [folder / "Old reports" / "it's new.txt"]
    assert complete_path(f"{folder}/al", Path("/")) == f"{folder}/all.txt"

"""What the program writes is open to its owner alone, whatever the umask; a feed file that was changed is named."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.demo.example_files import write_example_reports
from ordertui.operations.marks import Marks
from ordertui.operations.session import Session
from ordertui.operations.workspace import QueueLook, SavedView
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support.batches import send
from support.shops import NOW, standard

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes")


@pytest.fixture(params=[0o000, 0o002, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_everything_beside_the_store_is_its_owners_alone(tmp_path: Path, umask: int) -> None:
    reports = tmp_path / "reports"
    reports.mkdir()
    reports.chmod(0o755)
    home = tmp_path / "home"
    with Session.open(home / "orders.db", clock=FixedClock(NOW), config=Config()) as session:
        standard(session, reports)
        send(session, Action.CANCEL, 1, 2)
        marks = Marks()
        marks.add([1, 2])
        session.workspace.keep_marks(marks, b"")
        session.workspace.keep_views([SavedView("mine")])
        session.workspace.keep_looks({"all": QueueLook(columns="order")})
        session.workspace.remember("late")
        session.workspace.keep_folder(tmp_path)
        session.batches.save_plan(session.planner.plan(Action.CANCEL, session.orders.find()), home / "plan.json")
        session.orders.export(session.orders.find(), home / "list.csv")
        session.maintenance.backup(home / "copy.db")
    modes = {path.relative_to(home): stat.S_IMODE(path.stat().st_mode) for path in home.rglob("*")}
    assert {str(path): oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert len(modes) > 10


def test_what_the_practice_makes_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        build_practice(tmp_path / "practice", orders=100, now=NOW)
        write_example_reports(tmp_path / "story", NOW)
    finally:
        os.umask(before)
    folders = (tmp_path / "practice", tmp_path / "story")
    assert [oct(stat.S_IMODE(folder.stat().st_mode)) for folder in folders] == ["0o700", "0o700"]


def test_an_outbox_that_an_older_version_left_open_is_closed(session: Session) -> None:
    outbox = session.context.outbox_directory
    outbox.mkdir()
    outbox.chmod(0o777)
    send(session, Action.CANCEL, 1)
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o700


def test_a_feed_file_that_was_changed_is_not_shown_for_upload(session: Session) -> None:
    send(session, Action.CANCEL, 1, 2)
    (batch,) = session.batches.find()
    path = next(Path(name) for name in batch.files if name.endswith(".txt"))
    assert f"Upload {path}" in batch.advice
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\n", b"\r\n"))
    (batch,) = session.batches.find()
    assert "do NOT upload" in batch.advice
    assert "Upload " not in batch.advice.replace("do NOT upload", "")
    path.write_bytes(content)
    assert f"Upload {path}" in session.batches.find()[0].advice
    path.unlink()
    assert "is gone" in session.batches.find()[0].advice

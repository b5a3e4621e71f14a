"""A folder of reports is read once, and says what it did with each file; no line of the log holds a buyer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ordertui.operations.config import Config, WorkerConfig
from ordertui.operations.session import Session
from ordertui.operations.worker.import_folder import QUIET_SECONDS, ImportJob
from ordertui.operations.worker.log import KEPT, WorkerLog, failure_text
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import StoreError
from ordertui.store.repositories.work import JobName
from support.batches import answer, send, session_of
from support.reports import write
from support.shops import ALL_ORDERS, NOW, all_orders_row
from support.workers import last_text, run_once, worker

BUYER = ("Jane Roe", "12 Elm Street", "jane.roe@marketplace.example", "Springfield")


def put(path: Path, *, age: int = QUIET_SECONDS) -> Path:
    os.utime(path, (NOW - age, NOW - age))
    return path


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def opener(tmp_path: Path, clock: FixedClock, inbox: Path) -> Callable[[], Session]:
    session_of(tmp_path, clock, waiting=3).close()
    config = Config(worker=WorkerConfig(import_folder=str(inbox)))
    return lambda: Session.open(tmp_path / "orders.db", clock=clock, config=config)


def orders_file(path: Path, *numbers: int, **more: object) -> Path:
    columns = [*ALL_ORDERS, "buyer-name", "buyer-email", "ship-address-1", "ship-city"]
    buyer = {"buyer-name": BUYER[0], "buyer-email": BUYER[2], "ship-address-1": BUYER[1], "ship-city": BUYER[3]}
    write(path, columns, [all_orders_row(n) | buyer | more for n in numbers])
    return put(path)


def test_a_stop_leaves_the_files_that_were_not_begun(opener: Callable[[], Session], inbox: Path) -> None:
    for number in (21, 22, 23):
        orders_file(inbox / f"orders-{number}.txt", number)
    with opener() as session:
        text = ImportJob(inbox).run(session, lambda: (inbox / "imported").exists())
        assert text == "1 file taken in, 1 order new or changed"
        assert len(list(inbox.glob("*.txt"))) == 2
        assert ImportJob(inbox).run(session, lambda: False) == "2 files taken in, 2 orders new or changed"


def test_reports_are_taken_in_once_and_said_what_became_of_them(
    opener: Callable[[], Session], inbox: Path, clock: FixedClock, tmp_path: Path
) -> None:
    lines, log = list[str](), tmp_path / "log" / "worker.log"
    made = worker(opener, log=WorkerLog(log, clock, lines.append))
    with opener() as session:
        batch = send(session, Action.CANCEL, 1)
        put(answer(session, inbox, batch))
    orders_file(inbox / "orders.txt", 21, 22)
    put(inbox / "orders.txt", age=QUIET_SECONDS - 1)
    (inbox / "note.txt").write_text("no report", encoding="utf-8")
    put(inbox / "note.txt")
    assert run_once(made)
    assert {path.name for path in inbox.iterdir()} == {"imported", "note.txt", "orders.txt"}, "it may still be written"
    clock.advance(60)
    assert run_once(made)
    assert {path.name for path in (inbox / "imported").iterdir()} == {"report.txt", "orders.txt"}
    with opener() as session:
        assert session.orders.count() == 7
        assert session.batches.get(batch).state.value == "answered"
        assert last_text(session, JobName.IMPORT) == (
            "ok: 1 file taken in, 2 orders new or changed; 1 file is no report and stays"
        )

    bad = orders_file(inbox / "orders.txt", 23, **{"product-name": "Zzz", "sales-channel": "Non-Amazon"})
    bad.write_bytes(bad.read_bytes().replace(b"Zzz", f"{BUYER[0]} 水筒ボトル".encode("cp932")))
    put(bad)  # its encoding cannot be told
    clock.advance(60)
    assert not run_once(made)
    assert [path.name for path in (inbox / "refused").iterdir()] == ["orders.txt"]
    clock.advance(60)
    assert not run_once(made), "it fails until somebody takes the file away"
    (inbox / "refused" / "orders.txt").unlink()
    orders_file(inbox / "orders.txt", 24)
    clock.advance(600)
    assert run_once(made)
    assert {path.name for path in (inbox / "imported").iterdir()} == {"report.txt", "orders.txt", "orders-2.txt"}
    text = log.read_text(encoding="utf-8") + "".join(lines)
    assert "1 file in refused" in text
    with opener() as session:
        kept = str(session.context.store.work.workers()) + last_text(session, JobName.IMPORT)
    for word in BUYER:
        assert word not in text + kept


def test_words_of_reports_and_of_amazon_stay_out_of_the_log() -> None:
    from ordertui.amazon.reports import ReportError
    from ordertui.amazon.spapi.errors import Rejected
    from ordertui.operations.dispatch.dispatcher import DispatchIncomplete, batch_failure
    from ordertui.operations.errors import BadInput

    said = f"{BUYER[0]}, {BUYER[1]}, {BUYER[2]}"
    errors = (
        ReportError(said), BadInput(said), Rejected("createFeed", said, status=400, code="InvalidInput"),
        Rejected("createFeed", "x", status=400, code=said), ValueError(said), KeyError(said),
        DispatchIncomplete([], {3: batch_failure(3, ValueError(said))}),
    )  # fmt: skip
    texts = [failure_text(error) for error in errors]
    assert texts[2] == "Amazon's createFeed: Rejected HTTP 400 InvalidInput"
    assert "(ValueError)" in texts[-1]
    assert failure_text(StoreError("db.example: the connection was lost")) == "db.example: the connection was lost"
    for text in texts:
        assert not any(word in text for word in BUYER), text


def test_the_log_turns_over_and_keeps_a_few(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordertui.operations.worker.log.MOST_BYTES", 200)
    shown = list[str]()
    log = WorkerLog(tmp_path / "state" / "worker.log", clock, shown.append)
    for number in range(60):
        log(f"line {number}\nof two")
    files = sorted((tmp_path / "state").iterdir())
    assert [path.name for path in files] == ["worker.log", *(f"worker.log.{n + 1}" for n in range(KEPT))]
    assert all(path.stat().st_size <= 200 and path.stat().st_mode & 0o077 == 0 for path in files)
    assert files[0].read_text(encoding="utf-8").splitlines()[-1] == "2026-11-23T14:05:00Z line 59 of two"
    (tmp_path / "file").write_text("", encoding="utf-8")
    WorkerLog(tmp_path / "file" / "worker.log", clock, shown.append)("no folder")
    assert shown[-1].endswith("no folder")

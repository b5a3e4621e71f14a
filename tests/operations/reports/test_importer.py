"""Report files into a session: what is kept, what is listed, what is asked; no buyer's word on disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordertui.amazon.reports import MarketplaceNeeded, UnknownReport, read_orders
from ordertui.operations.reports import importer
from ordertui.operations.reports.progress import ImportProgress
from ordertui.operations.reports.rejects import SHOWN
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.store import Store
from support.imports import NOW, dump, finished
from support.reports import ALL_ORDERS, BUYER, COLUMNS, cells, write


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """An empty session."""
    with Session.open(tmp_path / "shop" / "orders.db", clock=FixedClock(NOW)) as opened:
        yield opened


def on_disk(folder: Path) -> bytes:
    """Every byte the session wrote."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_buyers_word_and_no_control_character_reaches_the_disk(session: Session, tmp_path: Path) -> None:
    for kind, columns in COLUMNS.items():
        good = cells(kind, 1, product_name="Pan\x1b[31m\x00\u202e red\u200d")
        bad = [
            cells(kind, 2, purchase_date="soon\x1b]0;x\x07"),
            cells(kind, 3) | {"sku": "A\tB"},
            cells(kind, 4) | {"buyer-name": "Zquinn\tBuyerson"},
            cells(kind, 5) | {"ship-city": "Zcityville\tZState\tmore"},
        ]
        summary = session.imports.import_files([write(tmp_path / f"{kind}.txt", columns, [good, *bad])])[0]
        assert (summary.rows, summary.rejected >= 2) == (5 - summary.rejected, True)
        assert summary.rejects_file is not None
        assert summary.rejects_file.read_text(encoding="utf-8").count("\n") == summary.rejected + 1
    found = on_disk(session.directory)
    words = {word for text in BUYER.values() for word in (text, text.split()[0]) if word not in ("+1", "77")}
    assert [word for word in words if word.encode() in found] == []
    order = session.orders.get("113-0000001-0000009")
    assert order is not None
    assert order.lines[0].title == "Pan[31m red\u200d"
    assert b"\x1b[31m" not in found
    assert "\u202e".encode() not in found


def test_three_reports_join_into_one_order_and_twice_changes_nothing(session: Session, tmp_path: Path) -> None:
    files = [write(tmp_path / f"{kind}.txt", columns, [cells(kind)]) for kind, columns in COLUMNS.items()]
    session.imports.import_files(files)
    order = session.orders.get("113-0000001-0000009")
    assert order is not None
    (line,) = order.lines
    assert set(order.sources) == {"all_orders", "unshipped", "new_orders"}
    assert (line.order_item_id, line.sku, line.asin) == ("000000000000001", "001E5", "B000000001")
    assert line.paid is not None
    assert (line.paid.total, line.buyer_request.value, order.row.status.value) == (2214, "official", "unshipped")
    before = dump(session.directory / "orders.db")
    version = session.orders.rows(session.orders.find()).popitem()[1].version
    again = session.imports.import_files(files[::-1])
    assert [(one.new, one.changed, one.unchanged) for one in again] == [(0, 0, 1)] * 3
    assert dump(session.directory / "orders.db") == before
    assert session.orders.rows(session.orders.find()).popitem()[1].version == version


def test_without_a_request_column_requests_are_unknown_and_the_user_is_told(session: Session, tmp_path: Path) -> None:
    columns = [name for name in COLUMNS["unshipped"] if "requested" not in name]
    (summary,) = session.imports.import_files([write(tmp_path / "a.txt", columns, [cells("unshipped")])])
    assert any(note.startswith("buyer requests are invisible in this report") for note in summary.notes)
    order = session.orders.get("113-0000001-0000009")
    assert order is not None
    assert order.row.buyer_request.value == "unknown"


def test_every_file_is_recognised_before_the_first_row_is_stored(session: Session, tmp_path: Path) -> None:
    good = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders")])
    strange = tmp_path / "b.txt"
    strange.write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(UnknownReport):
        session.imports.import_files([good, strange])
    assert session.orders.count() == 0


def test_rejects_are_kept_in_full_though_a_summary_shows_some(session: Session, tmp_path: Path) -> None:
    rows = [cells("all_orders", n, quantity="many") for n in range(1, SHOWN + 51)]
    path = write(tmp_path / "a.txt", ALL_ORDERS, [*rows, cells("all_orders", 999)])
    for _ in range(2):
        (summary,) = session.imports.import_files([path])
        assert (summary.rows, summary.rejected, len(summary.rejects)) == (1, SHOWN + 50, SHOWN)
        assert summary.rejects_file is not None
        lines = summary.rejects_file.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "file\tline\treason\ttext"
        assert len(lines) == SHOWN + 51
        assert lines[1].split("\t")[:3] == [str(path), "2", "quantity: 'many' is no whole number such as 2"]
    assert summary.rejects_file is not None
    assert sorted(path.name for path in (session.directory / "rejects").iterdir()) == [summary.rejects_file.name]


def rate_file(path: Path, *rows: tuple[int, str]) -> Path:
    """A Cancellation Rate report of the orders with these numbers."""
    lines = ["Order Date,Order ID,Impacts Account Health"]
    lines += [f"2026-11-20,113-{number:07d}-0000009,{impacts}" for number, impacts in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_the_rate_report_says_who_cancelled_whichever_came_first(session: Session, tmp_path: Path) -> None:
    orders = write(
        tmp_path / "z.txt", ALL_ORDERS, [cells("all_orders", n, order_status="Cancelled") for n in (1, 2, 3)]
    )
    rate = rate_file(tmp_path / "a.csv", (1, "Yes"), (2, "No"), (8, "Yes"))
    first, second = session.imports.import_files([rate, orders])  # it goes last, so that its orders are known
    assert (first.kind, second.kind) == ("all_orders", "cancellation_rate")
    assert second.notes == ("Amazon counts 2 of these 3 orders", "1 of them are in no imported order report")
    by = {row.order_id: row.cancelled_by.value for row in session.orders.rows(session.orders.find()).values()}
    assert [by[f"113-{n:07d}-0000009"] for n in (1, 2, 3)] == ["seller", "buyer", "unknown"]
    session.imports.import_files(
        [write(tmp_path / "late.txt", ALL_ORDERS, [cells("all_orders", 8, order_status="Cancelled")])]
    )
    late = session.orders.get("113-0000008-0000009")
    assert late is not None
    assert late.row.cancelled_by.value == "seller"
    before = dump(session.directory / "orders.db")
    (again,) = session.imports.import_files([rate])
    assert again.changed == 0
    assert dump(session.directory / "orders.db") == before


def test_a_rate_report_of_unknown_orders_asks_for_its_marketplace(session: Session, tmp_path: Path) -> None:
    rate = rate_file(tmp_path / "a.csv", (1, "Yes"))
    with pytest.raises(MarketplaceNeeded):
        session.imports.import_files([rate])
    (summary,) = session.imports.import_files([rate], marketplace="DE")
    assert summary.rows == 1
    with Store.open(session.directory / "orders.db", clock=FixedClock(NOW), read_only=True) as store:
        assert store.database.query("SELECT order_id, marketplace FROM rate_report") == [("113-0000001-0000009", "DE")]


def test_a_stop_keeps_whole_chunks_and_the_file_again_completes_it(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders", n) for n in range(1, 301)])
    monkeypatch.setattr(importer, "read_orders", lambda info: importing_read(info, block_bytes=8_192))
    asked: list[ImportProgress] = []
    (summary,) = session.imports.import_files([path], progress=asked.append, stop=lambda: len(asked) >= 3)
    assert summary.stopped
    assert len(asked) == 3
    assert 0 < session.orders.count() == summary.rows < 300
    assert asked[-1].bytes_done < asked[-1].bytes_total == path.stat().st_size
    (summary,) = session.imports.import_files([path])
    assert (summary.stopped, summary.new + summary.unchanged, session.orders.count()) == (False, 300, 300)
    with Store.open(session.directory / "orders.db", clock=FixedClock(NOW), read_only=True) as store:
        assert finished(store) == [False, True]


def test_a_stop_while_files_are_looked_at_stores_nothing(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders")])
    (summary,) = session.imports.import_files([path], stop=lambda: True)
    assert (summary.stopped, session.orders.count()) == (True, 0)


importing_read = read_orders


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a POSIX signal")
def test_ctrl_c_in_a_real_process_leaves_a_whole_store_that_the_file_again_completes(tmp_path: Path) -> None:
    rows = 45_000
    path = tmp_path / "a.txt"
    head = "\t".join(ALL_ORDERS) + "\n"
    line = "\t".join(cells("all_orders").values()) + "\n"
    with path.open("w", encoding="utf-8") as file:
        file.write(head)
        for n in range(rows):
            file.write(line.replace("113-0000001", f"113-{n:07d}"))
    store = tmp_path / "orders.db"
    command = [sys.executable, "-m", "ordertui", "--store", str(store), "import", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while process.poll() is None and not _orders(store):
            pass
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, said
    assert "import" in said
    with Store.open(store, clock=FixedClock(NOW)) as left:
        assert left.maintenance.check() == []
        assert 0 < left.orders.count() < rows
        assert left.audit.verify().ok
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    with Store.open(store, clock=FixedClock(NOW)) as whole:
        assert whole.orders.count() == rows


def _orders(store: Path) -> int:
    if not store.exists():
        return 0
    try:
        with Store.open(store, clock=FixedClock(NOW), read_only=True) as reader:
            return reader.orders.count()
    except Exception:  # not made yet
        return 0

"""Report files into a session: what is kept, what is listed, what is asked; no buyer's word on disk."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from ordertui.amazon.reports import MarketplaceNeeded, ReportError, UnknownReport
from ordertui.operations.errors import error_message
from ordertui.operations.reports.closing import closing_notes
from ordertui.operations.reports.importer import SHOWN
from ordertui.operations.reports.progress import ImportProgress
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.store import Store, StoreError
from ordertui.store.importing import import_log, import_session
from support.imports import NOW, dump, finished
from support.reports import ALL_ORDERS, BUYER, COLUMNS, UNSHIPPED, cells, write


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
        assert (summary.rows, summary.rejected + summary.unread >= 2) == (5 - summary.rejected, True)
        assert summary.rejects_file is not None
        listed = summary.rejects_file.read_text(encoding="utf-8").count("\n")
        assert listed == summary.rejected + summary.unread + 1
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
    assert closing_notes(session.orders.count, [summary]) == [
        "buyer requests are invisible in a.txt: no column is-buyer-requested-cancellation"
    ]
    order = session.orders.get("113-0000001-0000009")
    assert order is not None
    assert order.row.buyer_request.value == "unknown"


def test_what_a_later_file_settles_is_not_told(session: Session, tmp_path: Path) -> None:
    """New Orders without the column beside an Unshipped report with it, and All Orders after an Unshipped report."""
    columns = [name for name in COLUMNS["new_orders"] if "requested" not in name]
    new = write(tmp_path / "new.txt", columns, [cells("new_orders", n) for n in (1, 2)])
    everything = write(tmp_path / "all.txt", ALL_ORDERS, [cells("all_orders", n) for n in (1, 2)])
    (alone,) = session.imports.import_files([new])
    _, status = closing_notes(session.orders.count, [alone])
    assert status.startswith("of unknown status, which a New Orders report does not say: 2 orders (filter: status:unk")
    one = write(tmp_path / "one.txt", UNSHIPPED, [cells("unshipped", 1)])
    summaries = session.imports.import_files([everything, new, one])
    requests, missing = closing_notes(session.orders.count, summaries)
    assert requests.startswith("buyer requests are invisible for 1 order to ship")
    assert missing.startswith("missing in the newest Unshipped report of their days: 1 order")
    both = write(tmp_path / "both.txt", UNSHIPPED, [cells("unshipped", n) for n in (1, 2)])
    summaries = session.imports.import_files([new, both])
    assert not closing_notes(session.orders.count, summaries)
    assert not any("invisible" in note for one in summaries for note in one.notes)


def test_a_request_is_known_when_the_report_names_all_that_waits(session: Session, tmp_path: Path) -> None:
    """An Unshipped report names no line that has left: of that one no report ever says whether the buyer asked."""
    left = {"sku": "LEFT", "item-status": "Shipped"}
    rows = [cells("all_orders", n, order_status="Shipping") | part for n in (1, 2) for part in ({}, left)]
    everything = write(tmp_path / "all.txt", ALL_ORDERS, rows)
    no, yes = {"is-buyer-requested-cancellation": "FALSE"}, {"is-buyer-requested-cancellation": "TRUE"}
    waits = write(tmp_path / "waits.txt", UNSHIPPED, [cells("unshipped", 1) | no, cells("unshipped", 2) | yes])
    columns = [name for name in COLUMNS["new_orders"] if "requested" not in name]
    new = write(tmp_path / "new.txt", columns, [cells("new_orders", 1)])
    summaries = session.imports.import_files([everything, waits, new])
    rows_now = session.orders.rows(session.orders.find()).values()
    assert {row.order_id: (row.items, row.buyer_request.value) for row in rows_now} == {
        cells("unshipped", 1)["order-id"]: (4, "none"),
        cells("unshipped", 2)["order-id"]: (4, "some"),
    }
    assert session.orders.count("request:unknown") == 0
    assert not [note for note in closing_notes(session.orders.count, summaries) if "invisible" in note]


def test_the_encoding_of_a_utf16_file_is_told(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", UNSHIPPED, [cells("unshipped")])
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    assert [session.imports.import_files([path])[0].encoding for _ in ("new", "known")] == ["utf-16", "utf-16"]


def test_every_file_is_recognised_before_the_first_row_is_stored(session: Session, tmp_path: Path) -> None:
    good = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders")])
    strange = tmp_path / "b.txt"
    strange.write_text("a\tb\n", encoding="utf-8")
    with pytest.raises(UnknownReport):
        session.imports.import_files([good, strange])
    assert session.orders.count() == 0


def test_rejects_are_kept_in_full_though_a_summary_shows_some(session: Session, tmp_path: Path) -> None:
    rows = [cells("unshipped", n, order_item_id="=many") for n in range(1, SHOWN + 51)]
    path = write(tmp_path / "a.txt", UNSHIPPED, [*rows, cells("unshipped", 999, quantity_shipped="x")])
    for _ in range(2):
        (summary,) = session.imports.import_files([path])
        assert (summary.rows, summary.rejected, summary.unread, len(summary.rejects)) == (1, SHOWN + 50, 1, SHOWN)
        assert summary.rejects_text == (
            f"{SHOWN + 50} rows left out, 1 value not taken, the rest of the row was;"
            f" all of them: {summary.rejects_file}"
        )
        assert summary.rejects_file is not None
        lines = summary.rejects_file.read_text(encoding="utf-8").splitlines()
        assert lines[0] == "file\tline\treason\ttext\trow"
        assert len(lines) == SHOWN + 52
        assert lines[1].split("\t")[:3] == [str(path), "2", "order-item-id: '=many' is not made of digits"]
        assert [line.split("\t")[4] for line in lines[-2:]] == ["left out", "taken without this value"]
    assert summary.rejects_file is not None
    assert sorted(path.name for path in (session.directory / "rejects").iterdir()) == [summary.rejects_file.name]


def test_the_file_of_rejects_holds_no_formula(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ["order-id", *ALL_ORDERS], [cells("all_orders") | {"order-id": "x"}])
    path.write_text(path.read_text(encoding="utf-8").replace("113-0000001-0000009", "=cmd|x!A1"), encoding="utf-8")
    (summary,) = session.imports.import_files([path])
    assert summary.rejects_file is not None
    for line in summary.rejects_file.read_text(encoding="utf-8").splitlines()[1:]:
        assert not any(cell.startswith(("=", "+", "@")) for cell in line.split("\t"))


UNNAMED = {kind: [name for name in columns if name != "sales-channel"] for kind, columns in COLUMNS.items()}


@pytest.fixture
def three_marketplaces(session: Session, tmp_path: Path) -> Session:
    """A session with two orders of each of three marketplaces, whose ids begin differently."""
    rows = [
        cells("all_orders", number, order_id=f"{prefix}-{number:07d}-0000009", sales_channel=channel, currency=currency)
        for number, (prefix, channel, currency) in enumerate(
            [("202", "Amazon.co.uk", "GBP"), ("303", "Amazon.de", "EUR"), ("404", "Amazon.fr", "EUR")] * 2, 1
        )
    ]
    session.imports.import_files([write(tmp_path / "known.txt", ALL_ORDERS, rows)])
    return session


def marketplaces(session: Session) -> dict[str, str]:
    """Order ids and their marketplaces."""
    return {row.order_id: row.marketplace for row in session.orders.rows(session.orders.find()).values()}


@pytest.mark.parametrize("answer", [None, "UK"])
@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_a_known_order_keeps_its_marketplace_and_nothing_is_asked(
    kind: str, answer: str | None, three_marketplaces: Session, tmp_path: Path
) -> None:
    before = marketplaces(three_marketplaces)
    ids = sorted(before, key=lambda order_id: order_id[4:])
    rows = [cells(kind, number, order_id=order_id) for number, order_id in enumerate(ids, 1)]
    path = write(tmp_path / "unnamed.txt", UNNAMED[kind], [row | {"currency": ""} for row in rows])
    (summary,) = three_marketplaces.imports.import_files([path], marketplace=answer)
    assert marketplaces(three_marketplaces) == before
    assert (summary.new, summary.rejected) == (0, 0)
    clashes = [one for one in summary.rejects if "is known to be of" in one.reason]
    assert len(clashes) == (4 if answer else 0)
    if answer:
        assert (clashes[0].file, clashes[0].line) == (str(path), 3)
        assert clashes[0].reason == "the order is known to be of DE, and stays so: UK was given"


@pytest.mark.parametrize(
    ("prefix", "currency", "choices", "proposed"),
    [
        ("303", "EUR", ("DE", "FR"), "DE"),
        ("999", "EUR", ("DE", "FR"), None),
        ("999", "GBP", ("UK",), "UK"),
        ("999", "JPY", ("JP",), "JP"),
        ("404", "", ("FR", "DE", "UK"), "FR"),
    ],
)
def test_the_question_offers_what_fits_and_proposes_by_the_order_ids(
    prefix: str, currency: str, choices: tuple[str, ...], proposed: str, three_marketplaces: Session, tmp_path: Path
) -> None:
    amounts = {"currency": currency, "item-price": "20" if currency else "", "item-tax": ""}
    row = cells("new_orders", 9, order_id=f"{prefix}-0000009-0000009") | amounts
    path = write(tmp_path / "unnamed.txt", UNNAMED["new_orders"], [row])
    with pytest.raises(MarketplaceNeeded) as caught:
        three_marketplaces.imports.import_files([path])
    assert (caught.value.choices, caught.value.proposed) == (choices, proposed)


def test_an_answer_that_the_amounts_contradict_is_refused(three_marketplaces: Session, tmp_path: Path) -> None:
    rows = [cells("new_orders", n, order_id=f"303-{n:07d}-0000009", currency="EUR") for n in (8, 9)]
    path = write(tmp_path / "unnamed.txt", UNNAMED["new_orders"], rows)
    before = marketplaces(three_marketplaces)
    with pytest.raises(ReportError, match="its amounts are in EUR, those of UK are in GBP"):
        three_marketplaces.imports.import_files([path], marketplace="UK")
    assert marketplaces(three_marketplaces) == before
    rows.append(cells("new_orders", 7, order_id="202-0000007-0000009", currency="GBP"))
    (summary,) = three_marketplaces.imports.import_files(
        [write(tmp_path / "unnamed.txt", UNNAMED["new_orders"], rows)], marketplace="UK"
    )
    assert marketplaces(three_marketplaces) == before | {"202-0000007-0000009": "UK"}
    reasons = [(one.line, one.reason) for one in summary.rejects]
    assert reasons == [(line, "currency: 'EUR' does not fit UK, whose orders are in GBP") for line in (2, 3)]


def test_a_new_order_whose_row_names_no_marketplace_is_left_out(session: Session, tmp_path: Path) -> None:
    rows = [cells("unshipped", 1), cells("unshipped", 2, sales_channel="")]
    path = write(tmp_path / "a.txt", UNSHIPPED, rows)
    (summary,) = session.imports.import_files([path])
    assert marketplaces(session) == {"113-0000001-0000009": "US"}
    (reject,) = summary.rejects
    assert (reject.line, reject.is_taken) == (3, False)
    session.imports.import_files([path], marketplace="CA")
    assert marketplaces(session) == {"113-0000001-0000009": "US", "113-0000002-0000009": "CA"}


def test_an_order_that_came_without_currency_is_cancelled_all_the_same(session: Session, tmp_path: Path) -> None:
    first = cells("all_orders", 1, last_updated_date="2026-11-22T18:16:04+00:00")
    later = cells(
        "all_orders", 1, last_updated_date="2026-11-22T22:00:00+00:00", order_status="Cancelled",
        item_status="Cancelled", quantity="0", currency="", item_price="", item_tax="0.00",
    )  # fmt: skip
    session.imports.import_files([write(tmp_path / "a.txt", ALL_ORDERS, [first])])
    (summary,) = session.imports.import_files([write(tmp_path / "b.txt", ALL_ORDERS, [later])])
    assert (summary.changed, summary.rejects) == (1, ())
    order = session.orders.get("113-0000001-0000009")
    assert order is not None
    assert order.row.status.value == "cancelled"


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
    assert second.notes[:2] == ("Amazon counts 2 of 3 orders in it", "1 of them are in no imported order report")
    assert "1 cancelled order of these days that it does not name is taken as not counting" in second.notes[2]
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


@pytest.mark.parametrize("covers", [None, (date(2026, 11, 20), date(2026, 11, 20))])
def test_a_rate_report_with_a_row_left_out_says_nothing_of_orders_that_it_does_not_name(
    session: Session, tmp_path: Path, covers: tuple[date, date] | None
) -> None:
    """The row may be of any order: it was taken as not counting, and the rate was too low."""
    orders = write(
        tmp_path / "z.txt", ALL_ORDERS, [cells("all_orders", n, order_status="Cancelled") for n in (1, 2, 3)]
    )
    session.imports.import_files([orders])
    rate = rate_file(tmp_path / "a.csv", (1, "Yes"), (2, "No"), (3, "Perhaps"))
    (summary,) = session.imports.import_files([rate], covers=covers)
    assert summary.rejected == 1
    assert summary.notes == (
        "Amazon counts 1 of 2 orders in it",
        "rows were left out, so what the report does not name says nothing",
    )
    counts = {row.order_id: row.amazon_counts.value for row in session.orders.rows(session.orders.find()).values()}
    assert [counts[f"113-{n:07d}-0000009"] for n in (1, 2, 3)] == ["yes", "no", "unknown"]


def test_a_rate_report_of_unknown_orders_asks_for_its_marketplace(session: Session, tmp_path: Path) -> None:
    rate = rate_file(tmp_path / "a.csv", (1, "Yes"))
    with pytest.raises(MarketplaceNeeded):
        session.imports.import_files([rate])
    (summary,) = session.imports.import_files([rate], marketplace="DE")
    assert summary.rows == 1
    with Store.open(session.directory / "orders.db", clock=FixedClock(NOW), read_only=True) as store:
        assert store.database.query("SELECT order_id, marketplace FROM rate_report") == [("113-0000001-0000009", "DE")]


def test_a_stop_keeps_whole_slices_and_the_file_again_completes_it(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders", n) for n in range(1, 301)])
    monkeypatch.setattr(import_session.ImportSession.__init__, "__kwdefaults__", {"slice_rows": 50})
    monkeypatch.setattr(import_log.ImportLog.open, "__kwdefaults__", {"slice_rows": 50})
    told: list[ImportProgress] = []
    (summary,) = session.imports.import_files([path], progress=told.append, stop=lambda: len(told) >= 4)
    assert summary.stopped
    assert session.orders.count() == summary.rows == summary.new == 100, "a block was read, two slices were merged"
    assert told.pop(0) == ImportProgress(path, 0, 0, 0), "it is looked at first"
    assert [one.bytes_total for one in told] == [path.stat().st_size] * 3
    assert 0 < told[0].bytes_done < told[1].bytes_done < told[2].bytes_done < path.stat().st_size
    assert told[0].rows < told[1].rows < told[2].rows < 300
    told.clear()
    (summary,) = session.imports.import_files([path], progress=told.append)
    assert (summary.stopped, summary.new, summary.unchanged, session.orders.count()) == (False, 200, 100, 300)
    assert (told[-1].rows, told[-1].bytes_done) == (300, path.stat().st_size)
    with Store.open(session.directory / "orders.db", clock=FixedClock(NOW), read_only=True) as store:
        assert finished(store) == [False, True]


def test_a_stop_while_a_file_is_read_stores_nothing_and_says_so(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders", n) for n in range(1, 31)])
    told: list[ImportProgress] = []
    (summary,) = session.imports.import_files([path], progress=told.append, stop=lambda: told[-1].bytes_total > 0)
    assert (summary.stopped, summary.rows, session.orders.count()) == (True, 0, 0)
    assert summary.notes[-1].startswith("stopped: what was merged so far is kept")


@pytest.mark.parametrize(
    ("merged", "kept"), [(0, "nothing of {path} was kept"), (10, "of {path} 10 rows were merged and are kept")]
)
def test_an_import_that_finds_no_room_says_what_of_its_files_is_kept(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merged: int, kept: str
) -> None:
    monkeypatch.setattr(import_log.ImportLog.open, "__kwdefaults__", {"slice_rows": 10})
    first, second = (
        write(tmp_path / name, ALL_ORDERS, [cells("all_orders", n) for n in range(at, at + 30)])
        for name, at in (("a.txt", 1), ("b.txt", 101))
    )
    merge = import_session.ImportSession._merge_orders

    def full(target: import_session.ImportSession) -> int:
        if session.orders.count() == 30 + merged:
            raise StoreError("the disk may be full")
        return merge(target)

    monkeypatch.setattr(import_session.ImportSession, "_merge_orders", full)
    with pytest.raises(StoreError) as told:
        session.imports.import_files([first, second])
    assert error_message(told.value).split("\n") == [
        "the disk may be full",
        f"{kept.format(path=second)}: import it again{' to go on' if merged else ''}",
        f"kept whole before it: {first}",
    ]
    assert session.orders.count() == 30 + merged


def test_a_large_packed_file_is_told_while_it_is_looked_at_and_stopped_between_any_two_parts(
    session: Session, tmp_path: Path
) -> None:
    rows = [cells("all_orders", n, product_name="x" * 900) for n in range(1, 2_501)]
    plain = write(tmp_path / "a.txt", ALL_ORDERS, rows)
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    told: list[ImportProgress] = []
    for at in (1, 2, 3):
        told.clear()
        stop = partial(lambda last: len(told) == last, at)
        (summary,) = session.imports.import_files([packed], progress=told.append, stop=stop)
        assert told == [ImportProgress(packed, 0, 0, 0)] * at
        assert (summary.stopped, session.orders.count()) == (True, 0)
    (summary,) = session.imports.import_files([packed])
    assert summary.new == 2_500


def test_a_stop_while_files_are_looked_at_stores_nothing(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders")])
    (summary,) = session.imports.import_files([path], stop=lambda: True)
    assert (summary.stopped, session.orders.count()) == (True, 0)


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


def test_the_same_file_again_is_known_and_not_merged(session: Session, tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", COLUMNS["all_orders"], [cells("all_orders", n) for n in (1, 2)])
    (first,) = session.imports.import_files([path])
    (again,) = session.imports.import_files([path])
    assert (again.rows, again.new, again.changed, again.unchanged, again.number) == (2, 0, 0, 2, first.number)
    assert "this very file was imported before, as import 1 of 2026-11-23T14:05:00Z" in again.notes[-1]
    with Store.open(session.directory / "orders.db", clock=FixedClock(NOW), read_only=True) as store:
        assert finished(store) == [True], "no new import is recorded"
    session.imports.undo(1)
    (anew,) = session.imports.import_files([path])
    assert (anew.new, anew.number) == (2, 2)


def test_a_file_of_which_a_value_was_not_read_is_read_again(session: Session, tmp_path: Path) -> None:
    rows = [cells("all_orders", 1), cells("all_orders", 2, purchase_date="soon")]
    path = write(tmp_path / "a.txt", COLUMNS["all_orders"], rows)
    assert [session.imports.import_files([path])[0].unread for _ in (1, 2)] == [1, 1]
    with Store.open(session.directory / "orders.db", clock=FixedClock(NOW), read_only=True) as store:
        assert len(finished(store)) == 2

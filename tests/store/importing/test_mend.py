"""A store that version 0.1 wrote is mended when it is opened, and what changed is told and kept.

`version_5.sql` was written by version 0.1 from reports of this project's complaints: promotions that repeat an item,
item ids that change or lose a zero, taxes inside of prices, a marketplace given by hand, SKUs spelled otherwise.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.orders.enums import ReportKind
from ordertui.store import Interrupted, Store
from ordertui.store.engine import file_connection, migrations
from ordertui.store.importing import mend
from ordertui.store.importing.mend import StoredLine, joined_line, one_item
from ordertui.store.importing.tables import LINE_REGISTERS
from support.reports import COLUMNS, cells, write

DUMP = Path(__file__).parents[1] / "stores" / "version_5.sql"
NOW = parse_iso("2026-11-23T12:00:00Z")
RIGHT = {
    "113-5550001-5550001": (2, 3750, "US"), "113-5550002-5550002": (2, 4949, "US"),
    "113-0000031-0000031": (2, None, "US"), "113-0000032-0000032": (2, None, "US"),
    "304-7000001-7000001": (1, 12390, "DE"), "250-7000003-7000003": (1, 1980, "JP"),
    "206-7000002-7000002": (1, 2699, "UK"), "113-7000004-7000004": (1, 11473, "US"),
    "202-8100000-8100000": (1, 2000, "UK"), "303-8100001-8100001": (1, 2000, "UK"),
    "113-0000071-0000071": (2, 2160, "US"), "113-0000072-0000072": (2, 2160, "US"),
}  # fmt: skip
"""Order to units, minor units and marketplace. DE and FR orders stay of UK until a report names them."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The store of version 0.1."""
    path = tmp_path / "orders.db"
    connection = sqlite3.connect(path)
    connection.executescript(DUMP.read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 5")
    connection.commit()
    connection.close()
    return path


def opened(path: Path) -> Session:
    return Session.open(path, clock=FixedClock(NOW))


def test_bringing_along_stops_when_told_and_goes_on_later(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_connection, "ASKED_STEPS", 10)
    stopped: set[int] = set()
    for limit in (int(1.2**step) for step in range(20, 100)):
        questions = count(1)
        try:
            store = Store.open(old, clock=FixedClock(NOW), stop=lambda: next(questions) > limit)  # noqa: B023
            break
        except Interrupted:
            with closing(sqlite3.connect(old)) as connection:
                stopped.add(connection.execute("PRAGMA user_version").fetchone()[0])
    assert stopped == {5, migrations.LATEST}, "in the migration, and in the mending after it"
    assert "lines that were one item, joined: 11 orders" in store.mended
    store.close()


def test_ctrl_c_ends_it_in_words_and_the_next_command_ends_it_well(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_connection, "ASKED_STEPS", 10)
    seconds = count(100)

    def tick() -> float:
        now = next(seconds)
        if now > 120:
            raise KeyboardInterrupt  # as the handler of SIGINT does, inside of whatever is called then
        return now

    with monkeypatch.context() as patch:
        patch.setattr("ordertui.cli.context.time.monotonic", tick)
        stopped = CliRunner().invoke(cli, ["--store", str(old), "list"])
    assert stopped.exit_code == 130
    assert "from an older version: 2 s; Ctrl-C stops" in stopped.stderr
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (5,)
    done = CliRunner().invoke(cli, ["--store", str(old), "list"])
    assert done.exit_code == 0
    assert "joined: 11 orders" in done.stderr


def test_a_store_of_a_later_version_is_not_searched_again(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bringing a million orders along must not take minutes for what no version of late kept wrong."""
    opened(old).close()
    monkeypatch.setattr(mend, "one_item", lambda _: pytest.fail("lines were searched"))
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE orders SET items = 7 WHERE id = (SELECT order_id FROM lines GROUP BY order_id)")
        connection.execute("INSERT INTO meta (key, value) VALUES ('mend', '24')")
        connection.execute(
            "CREATE TABLE before_migration AS SELECT id, total, currency, items, units_shipped FROM orders"
        )
        connection.execute("UPDATE orders SET total = NULL WHERE total = 1980")
    with opened(old) as session:
        assert session.orders.count("items:7") == 0, "what follows from the lines is worked out again all the same"


def test_what_follows_from_other_facts_is_worked_out_again_for_any_older_store(tmp_path: Path) -> None:
    """`version_27.sql` was written by the program at version 27, whose rules of these facts were others.

    Order 1 has one item in two lines, as its SKU and title were changed. Order 2 was cancelled by a batch, and Amazon's
    rate report does not count it. Order 3 was refunded whole before its price rose. Of order 4 one item was shipped.
    """
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection, connection:
        connection.executescript(DUMP.with_name("version_27.sql").read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 27")
    with opened(tmp_path / "orders.db") as session:
        assert "(cancelled by: 1 order; refunded: 1 order; units shipped: 1 order)" in session.context.store.mended
        assert list(session.recount().run()) == []
        assert session.audit.verify()
        (cancelled,) = session.orders.rows(session.orders.find("status:cancelled")).values()
        assert cancelled.cancelled_by == "seller", "so it counts"
    (listed,) = tmp_path.glob("orders.db-changes-from-27-to-*.tsv")
    assert listed.read_text(encoding="utf-8").splitlines()[1:] == [
        "111-0000000-0000002\tcancelled by\tbuyer\tseller",
        "111-0000000-0000003\trefunded\tfull\tpartial",
        "111-0000000-0000001\tunits shipped\t0\tunknown",
    ]


def test_what_was_wrong_is_mended_and_told(old: Path) -> None:
    with opened(old) as session:
        ids = session.orders.rows(session.orders.find())
        rows = {row.order_id: row for row in ids.values()}
        for order_id, (units, total, marketplace) in RIGHT.items():
            row = rows[order_id]
            assert (row.items, row.total and row.total.minor, row.marketplace) == (units, total, marketplace), order_id
            assert not row.units_shipped or row.status == "shipped", order_id
        assert list(session.recount().run()) == []
        assert "113-0000071-0000071" in {ids[one].order_id for one in session.orders.find("action:cancel")}
        told = [one for one in session.notices.banners() if "migrated from version 5" in one]
        assert len(told) == 1
        assert "lines that were one item, joined: 11 orders" in told[0]
        (record,) = [one for one in session.audit.records("113-5550001-5550001") if one["what"] == "store.mended"]
        assert session.audit.verify()
        (listed,) = old.parent.glob("orders.db-changes-from-5-to-*.tsv")
        told_file = (listed.name, hashlib.sha256(listed.read_bytes()).hexdigest())
        assert (record["more"]["file"], record["more"]["sha256"]) == told_file
        with listed.open(encoding="utf-8", newline="") as file:
            changes = list(csv.DictReader(file, delimiter="\t"))
        of_one = [(one["what"], one["was"], one["now"]) for one in changes if one["order-id"] == "113-5550001-5550001"]
        assert of_one[1:] == [("total", "USD 86.99", "USD 37.50"), ("units", "4", "2")]
        left = [one["order-id"] for one in changes if one["what"].startswith("lines that may be one item")]
        assert left == ["113-0000021-0000021"], "another id, and no report of all its lines: nobody can tell"
    with opened(old) as session:
        assert not [one for one in session.notices.banners() if "migrated" in one]


def test_a_report_corrects_the_marketplace_that_was_given_by_hand(old: Path, tmp_path: Path) -> None:
    row = cells("all_orders", 1, order_id="303-8100001-8100001", sales_channel="Amazon.de", currency="EUR",
        sku="LAMP-1", quantity="1", item_price="20.00", item_tax="3.33", last_updated_date="2026-11-17T02:00:00+00:00",
        purchase_date="2026-11-17T01:00:00+00:00")  # fmt: skip
    with opened(old) as session:
        session.imports.import_files([write(tmp_path / "all.txt", COLUMNS["all_orders"], [row])])
        order = session.orders.get("303-8100001-8100001")
        assert order is not None
        assert (order.row.marketplace, order.row.items) == ("DE", 1)
        assert list(session.recount().run()) == []


def test_the_command_line_tells_it_once(old: Path) -> None:
    first, second = (CliRunner().invoke(cli, ["--store", str(old), "store", "check", "--orders"]) for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stderr.count("migrated from version 5") == 1
    assert "migrated" not in second.stderr


def test_a_crash_before_it_was_mended_leaves_it_for_the_next_start(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(mend, "_compare", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            opened(old)
    with opened(old) as session:
        assert [one for one in session.notices.banners() if "lines that were one item, joined: 11 orders" in one]


def test_lines_that_a_batch_names_are_left_and_listed(old: Path) -> None:
    connection = sqlite3.connect(old)
    (row_id,) = connection.execute("SELECT id FROM orders WHERE order_id = '113-0000031-0000031'").fetchone()
    connection.execute(
        "INSERT INTO batches (id, action, marketplace, state, created_at, due_at, sent_at, files, sha256, advice, plan)"
        " VALUES (1, 'cancel', 'US', 'sent', 1, 2, 3, '[]', '', '', '{}')"
    )
    connection.execute(
        "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason) VALUES (1, 0, ?, 'cancel', 'ok',"
        " 0, 'NoInventory')",
        (row_id,),
    )
    connection.commit()
    connection.close()
    with opened(old) as session:
        order = session.orders.get("113-0000031-0000031")
        assert order is not None
        assert len(order.lines) == 2
        assert [one for one in session.notices.banners() if "left: a batch names them: 1 order" in one]


def test_an_order_that_a_date_of_the_future_froze_takes_reports_again(old: Path, tmp_path: Path) -> None:
    connection = sqlite3.connect(old)
    (row_id,) = connection.execute("SELECT id FROM orders WHERE order_id = '113-0000072-0000072'").fetchone()
    connection.execute(
        "UPDATE orders SET at = ?, ages = NULL WHERE id = ?", (parse_iso("2099-01-01T00:00:00Z"), row_id)
    )
    connection.execute(
        "UPDATE lines SET at = ?, ages = NULL WHERE order_id = ?", (parse_iso("2099-01-01T00:00:00Z"), row_id)
    )
    connection.commit()
    connection.close()
    shipped = cells("all_orders", 1, order_id="113-0000072-0000072", sku="mug-blue", quantity="1",
        order_status="Cancelled", item_status="Cancelled", last_updated_date="2026-11-24T08:00:00+00:00")  # fmt: skip
    with Session.open(old, clock=FixedClock(NOW + 86_400)) as session:
        assert [
            one for one in session.notices.banners() if "dates in the future, set to the last import: 1 order" in one
        ]
        session.imports.import_files([write(tmp_path / "all.txt", COLUMNS["all_orders"], [shipped])])
        order = session.orders.get("113-0000072-0000072")
        assert order is not None
        assert order.row.status == "cancelled"
        assert list(session.recount().run()) == []


def test_a_new_store_and_one_of_today_say_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path / "new.db") as session:
            session.imports.import_files([write(tmp_path / "a.txt", COLUMNS["all_orders"], [cells("all_orders")])])
            assert not [one for one in session.notices.banners() if "migrated" in one]


# -- which lines are one item

OPEN, NEW, ALL = (kind.bit for kind in (ReportKind.UNSHIPPED, ReportKind.NEW_ORDERS, ReportKind.ALL_ORDERS))


def line(number: int, item: str | None, sku: str = "MUG", *, price: int | None = 1000, **more: object) -> StoredLine:
    values: dict[str, object] = dict.fromkeys(LINE_REGISTERS)
    sources = int(str(more.pop("sources", ALL | OPEN)))
    values |= {"item_id": item, "quantity": 2, "at": 10, "first_at": 10, "item_price": price, "item_promotion": 0}
    return StoredLine(1, "113-0000001-0000001", sources, number, number, sku, values | more)


ONE = [
    ([line(1, "012345678901234"), line(2, "12345678901234", "mug ")], "an id that lost its zero"),
    ([line(1, None), line(2, "12345678901234", "mug", price=None)], "All Orders has no ids, Unshipped no prices"),
    ([line(1, "12345678901234"), line(2, "99345678901234", price=None)], "another id, and All Orders names one line"),
    ([line(1, None, sources=NEW), line(2, "12345678901234", sources=NEW)], "New orders gives the ids of all lines"),
]
TWO = [
    ([line(1, "12345678901234"), line(2, "99345678901234")], False, "a report priced both"),
    ([line(1, "12345678901234"), line(2, None)], True, "All Orders priced both: one shipped, so no id came"),
    ([line(1, None), line(2, "12345678901234", price=None, quantity=1)], False, "other quantities"),
    ([line(1, None), line(2, "12345678901234", "CUP", price=None)], False, "other SKUs"),
    ([line(1, None), line(2, "12345678901234", price=None, status="pending")], True, "All Orders names both"),
    ([line(1, "12345678901234", price=None, sources=OPEN), line(2, "99345678901234", price=None, sources=OPEN, at=20,
        first_at=20)], True, "one after the other, but one may have shipped"),
    ([line(1, "12345678901234", price=None, sources=OPEN), line(2, "99345678901234", price=None, sources=OPEN)], False,
        "both of one report"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "why"), ONE)
def test_lines_are_one_item(lines: list[StoredLine], why: str) -> None:
    groups, is_doubtful = one_item(lines)
    assert [len(group) for group in groups] == [2], why
    assert not is_doubtful


@pytest.mark.parametrize(("lines", "is_doubtful", "why"), TWO)
def test_lines_stay_two(lines: list[StoredLine], *, is_doubtful: bool, why: str) -> None:
    groups, doubtful = one_item(lines)
    assert [len(group) for group in groups] == [1, 1], why
    assert doubtful is is_doubtful, why


def test_the_newest_statement_of_each_field_is_kept() -> None:
    one = line(1, "12345678901234", at=30, a_price=20, item_promotion=300, quantity=3, a_item_id=10)
    other = line(2, "012345678901234", "mug-long", at=20, first_at=5, item_promotion=250, quantity_shipped=1)
    found = joined_line([one, other])
    assert (found.line, found.sku) == (1, "mug-long")
    wanted = {
        "item_id": "012345678901234", "quantity": 3, "quantity_shipped": 1, "item_price": 1000, "item_promotion": 550,
        "at": 30, "first_at": 5, "a_item_id": 20, "a_quantity": None, "a_quantity_shipped": 20, "a_price": 20,
    }  # fmt: skip
    assert {name: found.values[name] for name in wanted} == wanted
    assert json.dumps(sorted(found.values)) == json.dumps(sorted(LINE_REGISTERS))

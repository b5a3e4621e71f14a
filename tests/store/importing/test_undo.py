"""An import can be undone: the store is as it was, or what is not is said."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from ordertui.orders.clock import DAY
from ordertui.orders.enums import Dispatched, ReportKind
from ordertui.orders.report_row import MARKETPLACE, MARKETPLACE_BY_HAND, ORDER_ID
from ordertui.store import Store, StoreError
from ordertui.store.importing import undo
from ordertui.store.importing.tables import DERIVED, LINE_REGISTERS, ORDER_REGISTERS
from ordertui.store.importing.undo import UndoneImport
from support.imports import CLOCK, NOW, Report, deadline, row, take
from support.places import on_both, store_at
from support.profile import LONG

from .test_slow_merge import random_reports

ORDER = (*ORDER_REGISTERS, "sources", *(name for name in DERIVED if name != "product_id"), "verge", "verge_at")


def content(store: Store) -> dict[str, list[Any]]:
    """All that the store says, but numbers of rows, versions and imports."""
    query = store.database.query
    orders = query(
        f"SELECT order_id, {', '.join(ORDER)}, missing, missing_since,"
        " CASE WHEN status IN ('unshipped', 'partially_shipped') THEN named_at END FROM orders ORDER BY order_id"
    )
    lines = query(
        f"SELECT o.order_id, l.line, p.sku, p.marketplace, {', '.join(f'l.{name}' for name in LINE_REGISTERS)}"
        " FROM lines l JOIN orders o ON o.id = l.order_id JOIN products p ON p.id = l.product_id ORDER BY 1, 2"
    )
    products = query("SELECT marketplace, sku, asin, asin_at, title, title_at FROM products ORDER BY 1, 2")
    reports = query("SELECT marketplace, as_of, placed_from, placed_to FROM unshipped_reports ORDER BY 1, 2, 3, 4")
    return {"orders": orders, "lines": lines, "products": products, "reports": reports}


def last(store: Store) -> int:
    return store.database.required(int, "SELECT max(id) FROM imports")


def take_back(store: Store, number: int) -> UndoneImport:
    """Undo an import, which must do what was said before, or be refused where that was said."""
    said = next((one for one in store.imports.newest(99) if one.number == number), None)
    try:
        done = store.imports.undo(number, deadline)
    except StoreError:
        assert said is None or not said.can_be_undone
        raise
    assert said is not None
    assert said.can_be_undone
    effect = said.effect
    assert (done.removed, done.restored, done.kept) == (len(effect.removed), effect.changed, effect.kept)
    return done


@on_both
def test_an_undo_that_is_stopped_at_any_step_undoes_nothing(tmp_path: Path, engine: str) -> None:
    class Stop(Exception):
        pass

    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1, quantity=1), row(2))))
        take(store, Report("all_orders", (row(1, quantity=2, fact_at=NOW), row(3))))
        before, steps, left = content(store), 0, 0

        def check() -> None:
            nonlocal left
            left -= 1
            if not left:
                raise Stop

        while True:
            steps += 1
            left = steps
            try:
                store.imports.undo(2, deadline, check)
            except Stop:
                assert content(store) == before
            else:
                break
        assert steps > 4
        assert len(content(store)["orders"]) == 2


def of_marketplaces(rng: random.Random, report: Report) -> Report:
    """The report, with other marketplaces in some rows, named or given by hand."""
    rows = []
    for one in report.rows:
        values = list(one)
        values[MARKETPLACE] = rng.choice(["US", "US", "US", "DE"])
        values[MARKETPLACE_BY_HAND] = rng.choice([None, None, 1])
        rows.append(tuple(values))
    return Report(report.kind, tuple(rows), report.as_of)


@on_both
@pytest.mark.parametrize("seed", range(150 if LONG else 10))
def test_imports_undone_one_by_one_leave_the_store_as_it_was(seed: int, tmp_path: Path, engine: str) -> None:
    if engine == "postgresql" and seed > 3 and not LONG:
        pytest.skip("the first ones are enough")
    rng = random.Random(seed)
    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        before = [content(store)]
        for report in random_reports(rng):
            take(store, of_marketplaces(rng, report), slice_rows=rng.choice([5, 30, 10_000]))
            before.append(content(store))
        for number in range(last(store), 0, -1):
            before.pop()
            assert take_back(store, number).kept == ()
            assert content(store) == before[-1]
            with pytest.raises(StoreError, match="it was undone"):
                take_back(store, number)
        assert store.maintenance.check() == []
        assert store.audit.verify().ok
        for table in ("import_orders", "import_lines", "import_products"):
            assert store.database.required(int, f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("seed", range(100 if LONG else 10))
def test_orders_that_a_later_import_names_stay_until_it_is_undone(seed: int, tmp_path: Path) -> None:
    rng = random.Random(f"{seed} stay")
    reports = [of_marketplaces(rng, one) for one in random_reports(rng)]
    first, *later = reports
    named = {str(one[ORDER_ID]) for report in later for one in report.rows}
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, first)
        for report in later:
            take(store, report)
        before = content(store)
        ids = {str(one[ORDER_ID]) for one in first.rows}
        if ids <= named:
            with pytest.raises(StoreError, match=r"nothing of import 1 .* can be undone: named again by import"):
                take_back(store, 1)
            assert content(store) == before
        else:
            assert {order_id for order_id, _ in take_back(store, 1).kept} == ids & named
            after = content(store)
            silent = slice(-3, -1)  # whether it is missing, and since when: the report's silence is undone too
            for one, was in zip(after["orders"], (one for one in before["orders"] if one[0] in named), strict=True):
                assert [*one[: silent.start], one[-1]] == [*was[: silent.start], was[-1]]
            assert after["lines"] == [one for one in before["lines"] if one[0] in named]
        for number in range(last(store), 0, -1):
            if number > 1 or ids & named:
                take_back(store, number)
        assert content(store) == {"orders": [], "lines": [], "products": [], "reports": []}


@on_both
def test_a_product_stays_while_a_later_undo_may_put_a_line_of_it_back(tmp_path: Path, engine: str) -> None:
    """The item id joins two SKUs: the first report's product has no line then, but is kept of the second import."""
    values = {
        "order_item_id": "01234567890123", "quantity": 1, "currency": "USD", "item_price": 1000, "item_tax": 0,
        "shipping_price": 0, "shipping_tax": 0, "gift_wrap_price": 0, "gift_wrap_tax": 0, "item_promotion": 0,
        "ship_promotion": 0,
    }  # fmt: skip
    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1, sku="ab", **values), row(2, sku="z", quantity=1))))
        before = content(store)
        take(store, Report("all_orders", (row(1, sku="abc", order_item_id="01234567890123", quantity=1, fact_at=NOW),)))
        take_back(store, 1)
        take_back(store, 2)
        assert content(store)["orders"] == [one for one in before["orders"] if one[0].startswith("113-0000001")]
        assert content(store)["lines"] == [one for one in before["lines"] if one[2] == "ab"]
        take(store, Report("all_orders", (row(3, sku="OTHER", quantity=5, fact_at=NOW),)))
        order = store.orders.id_of("113-0000001-0000001")
        assert order is not None
        assert [(line.sku, line.quantity) for line in store.orders.get([order])[order].lines] == [("ab", 1)]
        take_back(store, 3)
        take_back(store, 1)
        assert content(store) == {"orders": [], "lines": [], "products": [], "reports": []}


@on_both
@pytest.mark.parametrize("order", [(3, 2, 1), (1, 2, 3), (2, 1, 3), (2, 3, 1), (1, 3, 2), (3, 1, 2)])
def test_products_go_back_in_whatever_order_imports_are_undone(
    order: tuple[int, ...], tmp_path: Path, engine: str
) -> None:
    """The imports name other orders of one product, each with another title."""
    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        take(store, Report("all_orders", (row(9, sku="T", title="Other"),)))
        before = content(store)
        for number in (1, 2, 3):
            take(store, Report("all_orders", (row(number, sku="S", title=f"Title {number}", fact_at=NOW + number),)))
        for number in order:
            assert take_back(store, number + 1).kept == ()
        assert content(store) == before
        take_back(store, 1)
        assert content(store) == {"orders": [], "lines": [], "products": [], "reports": []}


def commit(store: Store, row_id: int, state: str = "held") -> None:
    with store.write() as database:
        batch = 1 + database.required(int, "SELECT coalesce(max(id), 0) FROM batches")
        database.execute(
            "INSERT INTO batches (id, action, marketplace, state, created_at, due_at, sha256, advice, plan)"
            " VALUES (?, 'cancel', 'US', ?, ?, 0, '', '', '')",
            (batch, state, NOW),
        )
        database.execute(
            "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason)"
            " VALUES (?, 0, ?, 'cancel', ?, ?, 'x')",
            (batch, row_id, state, int(state == "held")),
        )


def test_an_import_on_which_something_was_committed_stays(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1), row(2))))
        commit(store, 1)
        take(store, Report("all_orders", (row(1, status="unshipped"), row(3))))
        before = content(store)
        with pytest.raises(
            StoreError, match=r"import 1 .a\.txt. .* order 113-0000001-0000001 was committed in batch 1"
        ):
            take_back(store, 1)
        assert content(store) == before
        done = take_back(store, 2)
        assert (done.removed, done.restored, done.kept) == (1, 1, ()), "the commit was before it"
        with store.write() as database:
            database.execute("UPDATE batch_rows SET state = 'recalled', is_open = 0")
        done = take_back(store, 1)
        assert (done.removed, done.restored) == (1, 0)
        assert done.kept == (("113-0000001-0000001", "new with it, and in the record of batch 1"),)
        for number in (99, 10**30):
            with pytest.raises(StoreError, match=rf"no import {number}; the newest that can be undone: 1 .a\.txt."):
                take_back(store, number)


def test_facts_of_the_operator_and_of_rate_reports_outlive_an_undo(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        placed = {"purchased_at": NOW - 9 * DAY, "channel": "merchant"}
        take(store, Report("all_orders", (row(1, status="unshipped", **placed), row(2, status="unshipped", **placed))))
        later = {"fact_at": NOW - 1, **placed}
        take(
            store,
            Report("all_orders", (row(1, status="cancelled", **later), row(2, status="shipped", **later), row(3))),
        )
        store.rate_reports.add(("r.txt", "1"), "US", [], (NOW - 20 * DAY, NOW), NOW)
        assert store.orders.rows([1])[1].amazon_counts == "no", "cancelled, and not named by the rate report"
        store.facts.set([2, 3], dispatched=Dispatched.YES)
        done = take_back(store, 2)
        assert done.kept == (("113-0000003-0000001", "new with it, and you stated facts of it since"),)
        store.rate_reports.apply()
        rows = store.orders.rows([1, 2, 3])
        assert [(one.status, one.dispatched, one.amazon_counts) for one in rows.values()] == [
            ("unshipped", "unknown", "unknown"), ("unshipped", "yes", "unknown"), ("unknown", "yes", "unknown")
        ]  # fmt: skip


def test_a_page_of_the_api_is_no_import_to_undo_but_stands_in_the_way(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1), row(2))))
        take(store, Report(ReportKind.API_ORDERS.value, (row(1),)))
        with pytest.raises(StoreError, match="Amazon's API said it"):
            take_back(store, 2)
        assert take_back(store, 1).kept == (("113-0000001-0000001", "named again by import 2"),)


@on_both
def test_pages_of_the_api_take_no_room_of_imports_that_can_be_undone(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undo, "KEPT_ORDERS", 4)
    with Store.open(store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1, title="Old"), row(2), row(3), row(4))))
        for step in range(6):
            changed = {"status": "shipped", "fact_at": NOW + step, "title": f"New {step}"}
            take(store, Report(ReportKind.API_ORDERS.value, (row(1, **changed), row(90 + step, **changed))))
        kept = "SELECT count(*) FROM import_orders WHERE import > 1"
        assert store.database.required(int, kept) == 1, "that order 1 came later"
        assert store.database.required(int, "SELECT count(*) FROM import_products WHERE import > 1") == 1
        assert store.database.required(int, "SELECT count(*) FROM import_lines") == 0
        done = take_back(store, 1)
        assert (done.removed, done.kept) == (3, (("113-0000001-0000001", "named again by import 7"),))
        assert store.database.value(str, "SELECT title FROM products") == "New 5"
        assert len(store.orders.find()) == 7


def test_an_import_that_can_not_be_undone_keeps_only_that_it_came(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1, status="unshipped", channel="merchant"), row(2, quantity=1))))
        commit(store, 1, "written")
        with store.write() as database:
            database.execute("UPDATE batch_rows SET is_open = 1")
            database.execute("UPDATE orders SET state = 'written', open_action = 'cancel' WHERE id = 1")
        take(store, Report("all_orders", (row(1, status="cancelled", fact_at=NOW), row(2, quantity=2, fact_at=NOW))))
        with pytest.raises(StoreError, match="confirmed what a batch did"):
            take_back(store, 2)
        assert store.database.required(int, "SELECT count(*) FROM import_lines") == 0
        with pytest.raises(StoreError, match=r"was committed|named again by import 2"):
            take_back(store, 1)


def test_a_row_number_is_not_given_to_another_order(tmp_path: Path) -> None:
    """Marks and the like name orders by their numbers."""
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1), row(2))))
        take_back(store, 1)
        take(store, Report("all_orders", (row(5),)))
        assert list(store.orders.find()) == [3]


def test_purged_orders_are_not_put_back(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1, fact_at=NOW - 99 * DAY), row(2), row(3))))
        take(store, Report("all_orders", (row(1, fact_at=NOW - 90 * DAY, status="shipped"), row(2, status="shipped"))))
        assert store.maintenance.purge(NOW - 50 * DAY) == 1
        assert take_back(store, 2).restored == 1
        assert len(store.orders.find()) == 2


def test_only_the_newest_imports_are_kept_and_no_huge_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "KEPT_ORDERS", 4)
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        for number in range(1, 5):
            take(store, Report("all_orders", (row(number), row(number + 50))))
        with pytest.raises(StoreError, match="only the newest imports can be undone, of 4 orders together"):
            take_back(store, 2)
        assert take_back(store, 3).removed == 2
        take(store, Report("all_orders", tuple(row(n) for n in range(90, 95))), slice_rows=2)
        with pytest.raises(StoreError, match="it names more than 4 orders"):
            take_back(store, 5)
        with pytest.raises(StoreError, match="import 5, which came later, names more than 4 orders"):
            take_back(store, 4)
        assert store.database.required(int, "SELECT count(*) FROM import_orders") == 0

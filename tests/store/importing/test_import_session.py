"""Reports into the store: the same reports give the same store, whatever their order, number and chunk size."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.report_row import ROW_FIELDS, ReportRow
from ordertui.store import Store
from ordertui.store.engine.sqlite import sqlite_engine
from ordertui.store.importing import merge_order
from ordertui.store.importing.fast_merge import merge_newer_report
from ordertui.store.importing.new_order import NewOrderBuilder
from ordertui.store.importing.products import Products
from ordertui.store.importing.seen_lines import BloomFilter, SeenLines
from support.imports import CLOCK, NOW, Report, dump, finished, importer, row, stored, take

some = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
dates = st.sampled_from([NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY])
maybe = st.none() | st.just("yes") | st.just("no")
statuses = st.none() | st.sampled_from(["pending", "unshipped", "partially_shipped", "shipped", "cancelled"])
AT = {name: place for place, name in enumerate(ROW_FIELDS)}


@st.composite
def reports(draw: st.DrawFn) -> list[Report]:
    """Reports over a few orders. A line keeps its SKU, its quantity and, where a report gives ids, its id."""
    orders = {
        n: [(f"S{draw(st.integers(1, 3))}", draw(st.integers(1, 3))) for _ in range(draw(st.integers(1, 3)))]
        for n in range(1, 4)
    }
    found = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["unshipped", "new_orders", "all_orders"]))
        as_of = draw(dates)
        rows: list[ReportRow] = []
        for number, lines in orders.items():
            if draw(st.booleans()):
                continue
            facts = {
                "channel": draw(st.sampled_from([None, "merchant"])),
                "status": draw(statuses),
                "purchased_at": draw(st.none() | dates),
                "ship_by": draw(st.none() | dates),
                "business": draw(maybe),
                "fact_at": draw(dates) if kind == "all_orders" else as_of,
            }
            for place, (sku, quantity) in enumerate(lines):
                priced = draw(st.booleans())
                request = draw(st.sampled_from([None, "official", "none"])) if kind != "all_orders" else None
                rows.append(
                    row(
                        number, sku=sku, quantity=quantity, asin=draw(st.sampled_from([None, "B1", "B2"])),
                        title=draw(st.sampled_from([None, "Pan", "Pot"])),
                        order_item_id=None if kind == "all_orders" else f"0{number}{place}",
                        item_status=draw(statuses) if kind == "all_orders" else None,
                        quantity_shipped=draw(st.sampled_from([None, 0, 1])),
                        currency="USD" if priced else None,
                        **({"item_price": draw(st.integers(1, 3)), "item_tax": 1} | dict.fromkeys(ROW_FIELDS[18:24],
                            0) if priced else {}),
                        buyer_request=request, request_reason=draw(st.sampled_from([None,
                        "late"])) if request else None,
                        **facts,
                    )
                )  # fmt: skip
        found.append(Report(kind, tuple(rows), as_of))
    return found


def one_of_each_sku(found: list[Report]) -> list[Report]:
    """The reports without second lines of one SKU in an order: which of two is which, no report without ids can say."""
    out = []
    for report in found:
        seen: set[tuple[object, object]] = set()
        rows = []
        for one in report.rows:
            key = (one[AT["order_id"]], one[AT["sku"]])
            if key not in seen:
                rows.append(one)
            seen.add(key)
        out.append(Report(report.kind, tuple(rows), report.as_of))
    return out


@some
@given(found=reports().map(one_of_each_sku), data=st.data())
def test_any_order_any_number_of_times_any_chunk_gives_the_same_store(
    found: list[Report], data: st.DataObject, tmp_path: Path
) -> None:
    straight = stored(tmp_path / "a.db", found)
    shuffled = data.draw(st.permutations([*found, *data.draw(st.lists(st.sampled_from(found), max_size=2))]))
    again = [
        Report(report.kind, tuple(data.draw(st.permutations(report.rows))),
            report.as_of) if report.kind != "all_orders" else report
        for report in shuffled
    ]  # fmt: skip
    assert stored(tmp_path / "b.db", again, chunk_rows=data.draw(st.integers(1, 9))) == straight


@some
@given(found=reports(), chunk_rows=st.integers(1, 5))
def test_chunks_and_repeats_change_nothing_even_with_several_lines_of_one_sku(
    found: list[Report], chunk_rows: int, tmp_path: Path
) -> None:
    straight = stored(tmp_path / "a.db", found)
    assert stored(tmp_path / "b.db", found, chunk_rows=chunk_rows) == straight
    with Store.open(tmp_path / "c.db", clock=CLOCK) as store:
        for report in found:
            take(store, report)
        version = [r.version for r in store.orders.rows(store.orders.find()).values()]
        for report in found:
            _, changed, unchanged = take(store, report, chunk_rows=chunk_rows)
            assert changed == 0
            assert unchanged >= len({r[1] for r in report.rows})
        assert [r.version for r in store.orders.rows(store.orders.find()).values()] == version
    assert dump(tmp_path / "c.db") == straight
    for name in ("c.db", "c.db-wal", "c.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)


@some
@given(data=st.data())
def test_the_stored_facts_are_those_of_a_slow_obvious_merge(data: st.DataObject, tmp_path: Path) -> None:
    found = one_of_each_sku(data.draw(reports()))
    kept = stored(tmp_path / "a.db", found)
    rank = ["pending", "unshipped", "unfulfillable", "partially_shipped", "shipped", "cancelled"]

    def best(said: list[tuple[Any, Any]]) -> Any:
        """Newest date wins; at one date the more advanced status, else the greater value; nothing said is None."""
        named = [(at, value) for at, value in said if value is not None]
        return (
            max(named, key=lambda p: (p[0], rank.index(str(p[1])) if p[1] in rank else -1, p[1]))[1] if named else None
        )

    rows: list[tuple[Any, ...]] = [one for report in found for one in report.rows]
    for order_id in {one[1] for one in rows}:
        of_order = [one for one in rows if one[1] == order_id]
        order, lines = kept[order_id]
        for name in ("channel", "status", "purchased_at", "ship_by", "business"):
            said = best([(one[AT["fact_at"]], one[AT[name]]) for one in of_order])
            unknown = None if name in ("purchased_at", "ship_by") else "unknown"
            assert order[name] == (said if said is not None else unknown)
        assert order["at"] == max(one[AT["fact_at"]] for one in of_order)
        assert len(lines) == len({one[AT["sku"]] for one in of_order})
        for line in lines:
            of_line = [one for one in of_order if one[AT["sku"]] == line[1]]
            for place, name in ((2, "order_item_id"), (3, "quantity"), (4, "quantity_shipped"), (5, "item_status")):
                assert line[place] == best([(one[AT["fact_at"]], one[AT[name]]) for one in of_line])
            price = best([(one[9], one[16:24] if one[16] is not None else None) for one in of_line])
            assert line[7:15] == (price or (None,) * 8)
            asked = best([(one[9], (one[24], one[25] or "") if one[24] else None) for one in of_line])
            assert line[15:17] == ((asked[0], asked[1] or None) if asked else (None, None))


@some
@given(found=reports())
def test_the_short_way_of_joining_gives_what_the_long_way_gives(found: list[Report], tmp_path: Path) -> None:
    quick = stored(tmp_path / "a.db", found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge_order, "merge_newer_report", lambda *_: None)
        assert stored(tmp_path / "b.db", found) == quick


def test_a_newer_report_of_known_orders_takes_the_short_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[bool] = []

    def noted(*given: object) -> object:
        after = merge_newer_report(*given)  # type: ignore[arg-type]
        taken.append(after is not None)
        return after

    monkeypatch.setattr(merge_order, "merge_newer_report", noted)
    lines: list[dict[str, Any]] = [{"sku": "S1", "quantity": 1}, {"sku": "S2", "quantity": 2}]
    first = [row(n, status="shipped", channel="merchant", **line) for n in (1, 2) for line in lines]
    second = [
        row(n, status="unshipped", quantity_shipped=0, order_item_id=f"{n}{line['sku'][1:]}", fact_at=NOW, **line)
        for n in (1, 2)
        for line in lines
    ]
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", tuple(first)))
        assert take(store, Report("unshipped", tuple(second))) == (0, 2, 0)
        assert taken == [True, True]
        order = store.orders.order("113-0000002-0000001")
        assert order is not None
        assert [(line.order_item_id, line.quantity_shipped) for line in order.lines] == [("21", 0), ("22", 0)]


def test_what_was_said_before_is_passed_over_unless_a_batch_waits_or_a_line_is_named_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[str] = []
    merge = merge_order.OrderMerger.merge
    monkeypatch.setattr(merge_order.OrderMerger, "merge_newer_report", lambda *_: None)

    def noted(self: merge_order.OrderMerger, rows: Sequence[ReportRow], *rest: object) -> bool:
        joined.append(str(rows[0][1])[4:11])
        return merge(self, rows, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(merge_order.OrderMerger, "merge", noted)
    report = Report("all_orders", tuple(row(n) for n in (1, 2, 3)))
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, report)
        assert take(store, report) == (0, 0, 3)
        assert take(store, Report("new_orders", report.rows)) == (0, 0, 3)  # another report: it says it, too
        assert joined == ["0000001", "0000002", "0000003"]
        joined.clear()
        assert take(store, Report("new_orders", report.rows)) == (0, 0, 3)
        assert joined == []
        with store.write() as connection:
            connection.execute("UPDATE orders SET open_action = 'cancel', state = 'sent' WHERE id = 2")
        assert take(store, Report("new_orders", report.rows)) == (0, 0, 3)
        assert joined == ["0000002"]
        joined.clear()
        again = (row(1), *(row(n) for n in range(10, 40)), row(1))
        take(store, Report("new_orders", again), chunk_rows=5)
        assert joined == ["0000001"]
        order = store.orders.order("113-0000001-0000001")
        assert order is not None
        assert len(order.lines) == 2


def test_a_store_of_version_three_learns_what_reports_say_with_the_next_import(tmp_path: Path) -> None:
    report = Report("all_orders", tuple(row(n) for n in (1, 2, 3)))
    path = tmp_path / "a.db"
    with Store.open(path, clock=CLOCK) as store:
        take(store, report)
        with store.write() as connection:
            connection.execute("ALTER TABLE orders DROP COLUMN digest")
            connection.execute("ALTER TABLE orders DROP COLUMN amazon_counts")
            connection.execute("DROP INDEX batch_rows_counts")
            connection.execute("ALTER TABLE batch_rows DROP COLUMN counts")
            connection.execute("UPDATE orders SET situation = situation / 3 / 270 * 216 + situation / 3 % 270")
            connection.execute("PRAGMA user_version = 3")
    with Store.open(path, clock=CLOCK) as store:
        for _ in range(2):
            assert take(store, report) == (0, 0, 3)
            with store.write() as connection:
                digests = connection.value("SELECT count(DISTINCT digest) FROM orders")
            assert digests == 3
        assert [one.version for one in store.orders.rows(store.orders.find()).values()] == [1, 1, 1]


def test_lines_of_one_sku_are_told_apart_by_id_then_quantity_then_place(tmp_path: Path) -> None:
    everything = Report("all_orders", (row(quantity=2, item_status="shipped"), row(quantity=1), row(quantity=1)))
    unshipped = Report("unshipped", (row(quantity=1, order_item_id="07", fact_at=NOW),), NOW)
    new = Report(
        "new_orders",
        tuple(row(quantity=q, order_item_id=i, fact_at=NOW) for q, i in ((1, "07"), (2, "05"), (1, "06"))),
        NOW,
    )
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, everything)
        take(store, unshipped)
        order = store.orders.order("113-0000001-0000001")
        assert order is not None
        assert [line.order_item_id for line in order.lines] == [None, "07", None]
        take(store, new)
        order = store.orders.order("113-0000001-0000001")
        assert order is not None
        assert [(line.order_item_id, line.quantity) for line in order.lines] == [("05", 2), ("07", 1), ("06", 1)]


def test_rows_of_an_order_far_apart_stay_lines_of_their_own(tmp_path: Path) -> None:
    far = [row(1, quantity=1), *(row(n) for n in range(2, 40)), row(1, quantity=1)]
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        for _ in range(2):
            take(store, Report("all_orders", tuple(far)), chunk_rows=5)
            order = store.orders.order("113-0000001-0000001")
            assert order is not None
            assert [line.quantity for line in order.lines] == [1, 1]
            assert order.row.items == 2


@some
@given(st.lists(st.tuples(st.integers(0, 9_000), st.integers(1, 20)), max_size=60))
def test_lines_seen_are_remembered(pairs: list[tuple[int, int]]) -> None:
    seen, model = SeenLines(), dict[int, set[int]]()
    for order, line in pairs:
        if line % 3:
            seen.add_all(order, [line])
            model.setdefault(order, set()).add(line)
        else:
            seen.add(order, line)
            model.setdefault(order, set()).update(range(1, line + 1))
    assert all(
        seen.lines(order) == model.get(order, set())
        for order in range(0, 9_001, 1)
        if order in model or order % 500 == 0
    )


@some
@given(st.sets(st.text(max_size=19)), st.sets(st.text(max_size=19)))
def test_every_order_that_was_added_may_be_known_and_of_others_few(added: set[str], asked: set[str]) -> None:
    known = BloomFilter()
    for one in added:
        known.add(one)
    found = known.among(sorted(asked | added))
    assert added <= set(found)
    assert len(set(found) - added) <= 1


def test_in_a_new_store_only_orders_that_the_report_names_again_are_looked_up(tmp_path: Path) -> None:
    looked: list[str] = []

    def hear(statement: str) -> None:
        if "FROM orders WHERE" in statement or "CROSS JOIN orders" in statement:
            looked.extend(re.findall(r"113-\d{7}-\d{7}", statement))

    rows = [*(row(n) for n in range(1, 30)), row(3, quantity=2)]
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        with store.write() as connection:
            sqlite_engine(connection.engine).connection.set_trace_callback(hear)
        take(store, Report("all_orders", tuple(rows)), chunk_rows=5)
        assert looked == ["113-0000003-0000001"]
        take(store, Report("all_orders", tuple(rows[:29])), chunk_rows=5)
        assert len(looked) == 1 + 29


@pytest.mark.parametrize("fails", [False, True])
def test_the_log_is_long_only_while_a_report_comes_in(fails: bool, tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:

        def pages() -> int:
            with store.write() as connection:
                return int(connection.value("PRAGMA wal_autocheckpoint"))

        usual = pages()
        with contextlib.suppress(_PowerCut), importer(store, Report("all_orders", ())) as target:
            target.add([row(1)])
            assert pages() > usual
            if fails:
                raise _PowerCut
        assert pages() == usual


@some
@given(found=reports(), impacts=st.sampled_from([None, 0, 1]))
def test_an_order_of_one_row_is_built_as_one_of_several(
    found: list[Report], impacts: int | None, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        products = partial(Products, sqlite_engine(store.database.engine).connection)
        for one in (one for report in found for one in report.rows):
            order, (line,) = NewOrderBuilder(products(), 4).build(7, "113", [one], impacts, 5)
            assert NewOrderBuilder(products(), 4).build_single(7, "113", one, impacts, 5) == (order, line)


def test_a_report_comes_in_with_other_changes_as_one(tmp_path: Path) -> None:
    """As a sync does: the orders and how far it got, both or neither."""
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        with contextlib.suppress(_PowerCut), store.write():
            take(store, Report("all_orders", (row(1),)))
            raise _PowerCut
        assert store.orders.count() == 0
        with store.write():
            take(store, Report("all_orders", (row(1),)))
            store.set_meta("synced", "1")
        assert (store.orders.count(), store.meta("synced")) == (1, "1")


class _PowerCut(Exception):
    pass


@pytest.mark.parametrize("whole", [0, 1, 2])
def test_a_stop_between_chunks_leaves_a_whole_store_and_the_file_again_completes_it(whole: int, tmp_path: Path) -> None:
    rows = tuple(row(n // 2, sku=f"S{n % 2}", quantity=1) for n in range(2, 42))
    complete = stored(tmp_path / "a.db", [Report("all_orders", rows)])
    path = tmp_path / "b.db"
    store = Store.open(path, clock=CLOCK)

    def cut_off() -> None:
        with importer(store, Report("all_orders", ()), chunk_rows=10) as target:
            target.add(rows[: 10 * whole])
            target.add(rows[10 * whole : 10 * whole + 5])
            raise _PowerCut

    with pytest.raises(_PowerCut):
        cut_off()
    store.close()
    with Store.open(path, clock=CLOCK) as again:
        assert again.maintenance.check() == []
        assert finished(again) == [False]
        for order_id, kept in dump(path).items():
            assert order_id == "products" or kept == complete[order_id]
        take(again, Report("all_orders", rows))
    assert dump(path) == complete


def test_a_chunk_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
    def broken(_market: str, _ship_by: int) -> int:
        raise ZeroDivisionError

    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1),)))
        before = dump(tmp_path / "a.db")
        target = importer(store, Report("unshipped", ()), auto_cancel_at=broken)
        with pytest.raises(ZeroDivisionError), target:
            target.add([row(2), row(1, ship_by=NOW + HOUR, fact_at=NOW)])
        assert dump(tmp_path / "a.db") == before


def test_a_product_takes_the_newest_words_even_when_they_came_back(tmp_path: Path) -> None:
    def report(title: str, age: int) -> Report:
        return Report("all_orders", (row(age, title=title, fact_at=NOW - age * DAY),))

    told = [report("Pan", 3), report("Pan", 1), report("Pot", 2)]
    for sequence in ([0, 1, 2], [2, 1, 0], [0, 2, 1], [1, 2, 0]):
        kept = stored(tmp_path / "a.db", [told[i] for i in sequence])
        assert kept["products"] == [("US", "S", None, None, "Pan", NOW - DAY)]


def test_waiting_rows_never_exceed_a_chunk_and_one_order(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        target = importer(store, Report("all_orders", ()), chunk_rows=50)
        most = 0
        with target:
            for n in range(400):
                target.add([row(n // 3 + 1, sku=f"S{n % 3}")])
                most = max(most, target.waiting)
        assert most <= 50
        assert target.rows == 400

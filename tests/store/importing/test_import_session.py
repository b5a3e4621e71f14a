"""Reports into the store: the same reports give the same store, whatever their order, number and slices."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.report_row import ROW_FIELDS, ReportRow
from ordertui.store import Store
from ordertui.store.importing.tables import OF_SLICE
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
def test_any_order_any_number_of_times_any_slices_gives_the_same_store(
    found: list[Report], data: st.DataObject, tmp_path: Path
) -> None:
    straight = stored(tmp_path / "a.db", found)
    shuffled = data.draw(st.permutations([*found, *data.draw(st.lists(st.sampled_from(found), max_size=2))]))
    again = [
        Report(report.kind, tuple(data.draw(st.permutations(report.rows))),
            report.as_of) if report.kind != "all_orders" else report
        for report in shuffled
    ]  # fmt: skip
    assert stored(tmp_path / "b.db", again, slice_rows=data.draw(st.integers(1, 9))) == straight


@some
@given(found=reports(), slice_rows=st.integers(1, 5))
def test_slices_and_repeats_change_nothing_even_with_several_lines_of_one_sku(
    found: list[Report], slice_rows: int, tmp_path: Path
) -> None:
    straight = stored(tmp_path / "a.db", found)
    assert stored(tmp_path / "b.db", found, slice_rows=slice_rows) == straight
    with Store.open(tmp_path / "c.db", clock=CLOCK) as store:
        for report in found:
            take(store, report)
        version = [r.version for r in store.orders.rows(store.orders.find()).values()]
        for report in found:
            _, changed, unchanged = take(store, report, slice_rows=slice_rows)
            assert changed == 0
            assert unchanged >= len({r[1] for r in report.rows})
        assert [r.version for r in store.orders.rows(store.orders.find()).values()] == version
    assert dump(tmp_path / "c.db") == straight
    for name in ("c.db", "c.db-wal", "c.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)


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
        assert [line.order_item_id for line in order.lines] == ["07", None, None], "the one that was shipped is last"
        take(store, new)
        order = store.orders.order("113-0000001-0000001")
        assert order is not None
        assert [(line.order_item_id, line.quantity) for line in order.lines] == [("07", 1), ("06", 1), ("05", 2)]


@pytest.mark.parametrize(("other", "units"), [
    ({"quantity": 1, "item_price": 900}, [1, 1]), ({"quantity": 2}, [1, 2]), ({"quantity": 1}, [1]),
])  # fmt: skip
def test_rows_of_an_order_far_apart_stay_lines_of_their_own(
    other: dict[str, int], units: list[int], tmp_path: Path
) -> None:
    """But one that says the very same again: the file is joined, for sorting keeps like rows together."""
    priced = {"currency": "USD", "item_price": 1000}
    far = [row(1, quantity=1, **priced), *(row(n) for n in range(2, 40)), row(1, **priced | other)]
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        for _ in range(2):
            take(store, Report("all_orders", tuple(far)), slice_rows=5)
            order = store.orders.order("113-0000001-0000001")
            assert order is not None
            assert [line.quantity for line in order.lines] == units
            assert order.row.items == sum(units)


@pytest.mark.parametrize("fails", [False, True])
def test_the_log_is_long_only_while_a_report_comes_in(fails: bool, tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:

        def pages() -> int:
            with store.write() as connection:
                return connection.required(int, "PRAGMA wal_autocheckpoint")

        usual = pages()
        with contextlib.suppress(_PowerCut), importer(store, Report("all_orders", ())) as target:
            target.add([row(1)])
            assert pages() > usual
            if fails:
                raise _PowerCut
        assert pages() == usual


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
def test_a_stop_between_slices_leaves_a_whole_store_and_the_file_again_completes_it(whole: int, tmp_path: Path) -> None:
    rows = tuple(row(n // 2, sku=f"S{n % 2}", quantity=1) for n in range(2, 42))
    complete = stored(tmp_path / "a.db", [Report("all_orders", rows)])
    path = tmp_path / "b.db"
    store = Store.open(path, clock=CLOCK)
    merged: list[int] = []

    def cut_off(done: int) -> None:
        merged.append(done)
        if len(merged) == whole:
            raise _PowerCut

    def run() -> None:
        with importer(store, Report("all_orders", ()), slice_rows=10) as target:
            target.add(rows)
            if not whole:
                raise _PowerCut
            target.merge(cut_off)

    with pytest.raises(_PowerCut):
        run()
    store.close()
    with Store.open(path, clock=CLOCK) as again:
        assert again.maintenance.check() == []
        assert finished(again) == [False]
        assert again.orders.count() == 5 * whole
        for order_id, kept in dump(path).items():
            assert order_id == "products" or kept == complete[order_id]
        take(again, Report("all_orders", rows))
    assert dump(path) == complete


def test_a_stop_is_heard_between_statements_and_undoes_only_the_slice_at_hand(tmp_path: Path) -> None:
    rows = tuple(row(n) for n in range(1, 41))
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        asked: list[int] = []
        with importer(store, Report("all_orders", ()), slice_rows=10) as target:
            target.add(rows)
            target.merge(asked.append, stop=lambda: len(asked) == 2)
        assert (target.stopped, target.rows, target.new, store.orders.count()) == (True, 20, 20, 20)
        assert finished(store) == [False]
        assert take(store, Report("all_orders", rows)) == (20, 0, 20)


def test_two_imports_on_one_connection_do_not_meet(tmp_path: Path) -> None:
    """As when a sync runs beside the import of a file."""
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        with importer(store, Report("all_orders", ()), slice_rows=2) as one:
            one.add([row(n) for n in (1, 2, 3)])
            with importer(store, Report("unshipped", ())) as other:
                other.add([row(n, order_item_id="07") for n in (3, 4)])
        assert ((one.rows, one.new), (other.rows, other.new)) == ((3, 2), (2, 2))
        assert store.orders.count() == 4


def test_an_unchanged_order_is_left_alone_but_a_waiting_batch_is_confirmed(tmp_path: Path) -> None:
    report = Report("all_orders", tuple(row(n, status="cancelled") for n in (1, 2, 3)))
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, report)
        with store.write() as connection:
            connection.execute("UPDATE orders SET open_action = 'cancel', state = 'sent' WHERE id = 2")
            connection.execute(
                "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason)"
                " VALUES (1, 0, 2, 'cancel', 'sent', 1, 'NoInventory')"
            )
        assert take(store, report) == (0, 0, 3)
        states = store.database.query("SELECT id, version, state FROM orders ORDER BY id")
        assert states == [(1, 1, None), (2, 1, "confirmed"), (3, 1, None)]
        assert store.database.query("SELECT state, is_open FROM batch_rows") == [("confirmed", 0)]


def test_a_slice_that_fails_leaves_nothing_of_itself(tmp_path: Path) -> None:
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


def test_no_temporary_table_hides_one_of_the_store(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        kept = {row[0] for row in store.database.query("SELECT name FROM sqlite_master")}
        with importer(store, Report("all_orders", ())):
            temporary = {row[0] for row in store.database.query("SELECT name FROM sqlite_temp_master")}
    assert temporary >= set(OF_SLICE)
    assert not kept & temporary

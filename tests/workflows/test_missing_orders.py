"""An Unshipped report speaks by silence too: of orders of its days that it leaves out. And every report grows old."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.operations.errors import BadInput
from ordertui.operations.query.api_sentences import order_sentences
from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc, parse_iso
from ordertui.orders.enums import Action, OrderStatus
from support.batches import states
from support.reports import COLUMNS, cells, write
from support.shops import open_session

NOW = parse_iso("2026-11-23T14:05:00Z")
names = itertools.count()
LEFT = {RowState.SENT, RowState.ACCEPTED, RowState.OK}


class Report(NamedTuple):
    """A report: its kind, when it was made, and the numbers of its orders."""

    kind: str
    at: int
    orders: tuple[int, ...]


def placed(number: int) -> int:
    """Order n was placed n hours after midnight of the 20th."""
    return parse_iso("2026-11-20T00:00:00Z") + number * HOUR


def write_report(folder: Path, report: Report, **more: str) -> Path:
    """Write the report as Amazon makes it."""
    rows = [
        cells(report.kind, number, purchase_date=iso_utc(placed(number)), reporting_date=iso_utc(report.at),
              last_updated_date=iso_utc(placed(number)), quantity_shipped="0", **more)
        for number in report.orders
    ]  # fmt: skip
    if report.kind == "all_orders" and rows:  # another order gives the file its date
        rows.append(cells("all_orders", 900, last_updated_date=iso_utc(report.at), order_status="Shipped"))
    return write(folder / f"{next(names)}.txt", COLUMNS[report.kind], rows)


def bring(session: Session, folder: Path, *reports: Report, **more: object) -> None:
    """Import these reports one after the other."""
    for report in reports:
        session.imports.import_files([write_report(folder, report)], **more)  # type: ignore[arg-type]


def missing(session: Session) -> set[int]:
    """Numbers of the orders that the filter finds, after a look at each way of asking."""
    ids = session.orders.find("missing")
    rows = session.orders.rows(session.orders.find("status:unshipped"))
    allowed = set(session.orders.find("action:cancel"))
    plans = session.planner.plan(Action.CANCEL, list(rows))
    inside = {row.id for plan in plans for row in plan.rows}
    left_out = {out.id for plan in plans for out in plan.out if out.rule == "missing"}
    for row_id, row in rows.items():
        denial = session.eligibility.denial(row, Action.CANCEL)
        assert (row_id in allowed) == (denial is None) == (session.eligibility.allowed_action(row) == "cancel ★")
        assert (row_id in inside) == (row_id in allowed)
        assert (row_id in ids) == (row_id in left_out) == (denial is not None and denial.rule == "missing")
    return {int(rows[row_id].order_id.split("-")[1]) for row_id in ids}


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """An empty store."""
    with open_session(tmp_path / "shop", clock=FixedClock(NOW)) as opened:
        yield opened


DAY_1 = Report("unshipped", NOW - DAY, (1, 2, 3, 4, 5))
DAY_2 = Report("unshipped", NOW - HOUR, (2, 4))


def test_an_order_between_the_rows_of_a_newer_report_is_missing(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, DAY_1, DAY_2)
    assert missing(session) == {3}
    order = session.orders.get("113-0000003-0000009")
    assert order is not None
    denial = session.eligibility.denial(order.row, Action.CANCEL)
    assert denial is not None
    assert denial.why == (
        "not among the unshipped orders of 2026-11-23T13:05:00Z: import All Orders, which says what became of it"
    )
    queue = next(queue for queue in session.orders.queues() if queue.key == "missing")
    assert queue.count == 1


def test_orders_of_rows_without_a_line_end_between_them_are_named(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, DAY_1)
    path = write_report(tmp_path, Report("unshipped", NOW - HOUR, (2, 3, 4, 5)))
    header, two, three, four, five, *_ = path.read_text(encoding="utf-8").split("\n")
    path.write_text("\n".join([header, two, three + four, five, ""]), encoding="utf-8")
    session.imports.import_files([path])
    assert missing(session) == set()


def test_outside_of_the_rows_the_plan_warns_and_asks_for_the_count(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, DAY_1, DAY_2)
    (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("id:113-0000005*"))
    assert len(plan.rows) == plan.typed_count == 1
    assert plan.warnings[0].startswith("a newer Unshipped report leaves out 1 order")
    (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("id:113-0000002*"))
    assert not any("newer Unshipped report" in warning for warning in plan.warnings)


def bring_over_and_listed(
    session: Session, folder: Path, sequence: tuple[int, ...], status: str, item_status: str
) -> list[str]:
    """Import All Orders, by which order 3 has this status, and a newer Unshipped report that lists it, so often and in
    this sequence (0 and 1); return what the imports say.
    """
    at = iso_utc(NOW - 2 * HOUR)
    over = cells("all_orders", 3, last_updated_date=at, order_status=status) | {"item-status": item_status}
    kept = [cells("all_orders", n, last_updated_date=at) for n in (2, 4)]
    files = [
        write(folder / "all.txt", COLUMNS["all_orders"], [over, *kept]),
        write_report(folder, Report("unshipped", NOW - HOUR, (2, 3, 4)), is_buyer_requested_cancellation="false"),
    ]
    return [note for place in sequence for note in session.imports.import_files([files[place]])[0].notes]


@pytest.mark.parametrize("item_status", ["Cancelled", ""])
@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
def test_an_order_that_was_cancelled_stays_so_when_a_newer_report_lists_it(
    session: Session, tmp_path: Path, order: tuple[int, ...], item_status: str
) -> None:
    """A cancellation cannot be undone, and a report may be half an hour behind: nothing is shipped, and it counts."""
    notes = bring_over_and_listed(session, tmp_path, order, "Cancelled", item_status)
    (told,) = (note for note in notes if "cancelled by one report" in note)
    assert told.endswith(": 113-0000003-0000009")
    found = session.orders.get("113-0000003-0000009")
    assert found is not None
    assert found.row.status is OrderStatus.CANCELLED
    assert any("newer Unshipped report lists it" in one for one in order_sentences(found))
    assert [v.action for v in session.eligibility.verdicts(found.row, found.lines) if v.allowed] == []
    waiting = session.orders.rows(session.orders.find(BY_KEY["to_ship"].filter)).values()
    assert {row.order_id for row in waiting} == {"113-0000002-0000009", "113-0000004-0000009"}
    assert session.rate.calculator.effects("US")[0].before.cancelled == 1
    assert list(session.recount().run()) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1)])
def test_an_order_that_was_shipped_stays_so_when_a_newer_report_lists_it(
    session: Session, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """A shipment cannot be undone: nothing is cancelled, confirmed again or shipped twice, and it was charged."""
    notes = bring_over_and_listed(session, tmp_path, order, "Shipped", "Shipped")
    (told,) = (note for note in notes if "shipped by one report" in note)
    assert told.endswith(": 113-0000003-0000009")
    found = session.orders.get("113-0000003-0000009")
    assert found is not None
    assert found.row.status is OrderStatus.SHIPPED
    assert found.row.units_shipped == found.row.items == found.lines[0].quantity_shipped
    assert any("Amazon takes no shipment back" in one for one in order_sentences(found))
    allowed = {v.action for v in session.eligibility.verdicts(found.row, found.lines) if v.allowed}
    assert not allowed & {Action.CANCEL, Action.CONFIRM}
    waiting = session.orders.rows(session.orders.find(BY_KEY["to_ship"].filter)).values()
    assert {row.order_id for row in waiting} == {"113-0000002-0000009", "113-0000004-0000009"}
    assert list(session.recount().run()) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_units_that_were_shipped_stay_so_when_a_newer_report_lists_all(
    session: Session, tmp_path: Path, order: tuple[int, ...]
) -> None:
    """Of an order shown in part as shipped, the rest truly waits, and the whole is not cancelled."""
    row = cells("all_orders", 3, last_updated_date=iso_utc(NOW - 2 * HOUR), order_status="PartiallyShipped")
    files = [
        write(tmp_path / "all.txt", COLUMNS["all_orders"], [
            row | {"item-status": "Shipped", "sku": "A"}, row | {"item-status": "Unshipped", "sku": "B"}]),
        write(tmp_path / "unshipped.txt", COLUMNS["unshipped"], [
            cells("unshipped", 3, reporting_date=iso_utc(NOW - HOUR), quantity_shipped="0", order_item_id=item) | {
                "sku": sku} for sku, item in (("A", "10000000000031"), ("B", "10000000000032"))]),
    ]  # fmt: skip
    for place in order:
        session.imports.import_files([files[place]])
    found = session.orders.get("113-0000003-0000009")
    assert found is not None
    assert found.row.status is OrderStatus.PARTIALLY_SHIPPED
    assert {line.sku: line.quantity_shipped for line in found.lines} == {"A": found.lines[0].quantity, "B": 0}
    allowed = {v.action for v in session.eligibility.verdicts(found.row, found.lines) if v.allowed}
    assert Action.CANCEL not in allowed
    assert session.orders.find(BY_KEY["to_ship"].filter) == session.orders.find("id:113-0000003*")
    assert list(session.recount().run()) == []


@pytest.mark.parametrize("orders", [(), (2, 4)])
def test_a_named_period_speaks_of_all_its_orders_also_without_a_row(
    orders: tuple[int, ...], session: Session, tmp_path: Path
) -> None:
    bring(session, tmp_path, DAY_1)
    bring(session, tmp_path, Report("unshipped", NOW, orders), covers=(date(2026, 11, 19), date(2026, 11, 23)))
    assert missing(session) == {1, 2, 3, 4, 5} - set(orders)


def test_an_empty_report_without_a_period_says_what_it_needs(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, DAY_1)
    (summary,) = session.imports.import_files([write_report(tmp_path, Report("unshipped", NOW, ()))])
    assert any("plans warn" in note and "--covers FIRST..LAST" in note for note in summary.notes)
    assert missing(session) == set()
    (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("status:unshipped"))
    assert len(plan.rows) == plan.typed_count == 5
    assert plan.warnings[0].startswith("a newer Unshipped report leaves out 5 orders")
    bring(session, tmp_path, Report("unshipped", NOW - HOUR, (1, 2, 3, 4, 5)))
    (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("status:unshipped"))
    assert plan.typed_count is None
    assert not any("newer Unshipped report" in warning for warning in plan.warnings)
    with pytest.raises(BadInput, match="All Orders takes no days that it covers"):
        bring(session, tmp_path, Report("all_orders", NOW, (1,)), covers=(date(2026, 11, 19), date(2026, 11, 23)))


def test_a_later_report_that_names_the_order_clears_it(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, DAY_1, DAY_2)
    bring(session, tmp_path, Report("all_orders", NOW - 2 * HOUR, (3,)))
    assert missing(session) == {3}, "this one is older"
    bring(session, tmp_path, Report("all_orders", NOW, (3,)))
    assert missing(session) == set()


def test_a_row_that_cannot_be_read_is_no_silence(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, DAY_1)
    path = write_report(tmp_path, Report("unshipped", NOW, (1, 3, 5)))
    text = path.read_text(encoding="utf-8").replace(f"0{3:014d}", "1.2E+14")
    path.write_text(text, encoding="utf-8")
    (summary,) = session.imports.import_files([path])
    assert summary.rejected == 1
    assert missing(session) == {2, 4}
    path.write_text(text.replace("113-0000003", "113-03"), encoding="utf-8")
    bring(session, tmp_path, Report("unshipped", NOW + 60, (1, 2, 3, 4, 5)))
    (summary,) = session.imports.import_files([path])
    assert missing(session) == set(), "a row without an order id may be any order's"
    path.write_text("\n".join(text.splitlines()[:2]).replace("113-0000001", "113-01") + "\n", encoding="utf-8")
    (summary,) = session.imports.import_files([path])
    assert (summary.rejected, summary.is_period_open) == (1, False)
    assert not any("it has no row" in note for note in summary.notes), "it has one, which was left out"


def test_a_held_cancellation_does_not_leave_when_its_order_is_missing(session: Session, tmp_path: Path) -> None:
    bring(session, tmp_path, DAY_1)
    (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("id:113-0000003*"))
    batch = session.batches.commit(plan, typed="1").id
    bring(session, tmp_path, DAY_2)
    session.batches.release(batch)
    session.dispatcher.run()
    assert not [state for state in states(session, batch).values() if state in LEFT]


reports = st.lists(
    st.builds(
        Report,
        kind=st.sampled_from(["unshipped", "unshipped", "all_orders"]),
        at=st.integers(1, 20).map(lambda hours: NOW - hours * HOUR),
        orders=st.sets(st.integers(1, 6), min_size=1).map(lambda numbers: tuple(sorted(numbers))),
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda report: report.at,
)


def missing_by_hand(found: list[Report]) -> set[int]:
    """Return which orders are missing, looked up report by report."""
    out = set()
    for number in {number for report in found for number in report.orders}:
        named = max(report.at for report in found if number in report.orders)
        out |= {
            number
            for report in found
            if report.kind == "unshipped" and report.at > named
            and min(report.orders) <= number <= max(report.orders)
        }  # fmt: skip
    return out


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=reports, data=st.data())
def test_missing_does_not_depend_on_the_order_of_import(
    found: list[Report], data: st.DataObject, tmp_path: Path
) -> None:
    with open_session(tmp_path / f"shop{next(names)}", clock=FixedClock(NOW)) as session:
        bring(session, tmp_path, *data.draw(st.permutations(found)))
        assert missing(session) == missing_by_hand(found)


@pytest.mark.parametrize(
    ("age", "warns", "typed", "allowed"),
    [(23 * HOUR, False, False, True), (30 * HOUR, True, False, True), (4 * DAY, True, True, True),
     (40 * DAY, False, False, False)],
)  # fmt: skip
def test_old_reports_warn_then_ask_then_refuse(
    age: int, warns: bool, typed: bool, allowed: bool, tmp_path: Path
) -> None:
    clock = FixedClock(NOW)
    with open_session(tmp_path / "shop", clock=clock) as session:
        bring(session, tmp_path, Report("unshipped", NOW, (1, 2)))
        clock.advance(age)
        ids = session.orders.find("status:unshipped")
        (plan,) = session.planner.plan(Action.CANCEL, ids)
        assert len(plan.rows) == (2 if allowed else 0)
        assert [out.rule for out in plan.out] == ([] if allowed else ["outdated"] * 2)
        assert any("what the reports say is" in warning for warning in plan.warnings) == warns
        assert (plan.typed_count == 2) == typed
        assert session.orders.count("action:cancel") == len(plan.rows)
        words = {session.eligibility.allowed_action(row) for row in session.orders.rows(ids).values()}
        assert words == ({"cancel ★"} if allowed else {"-"})
        bring(session, tmp_path, Report("unshipped", NOW + age, (1, 2)))
        assert session.orders.count("action:cancel") == 2, "a new report names them"

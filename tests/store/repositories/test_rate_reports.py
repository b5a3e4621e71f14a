"""What Amazon's Cancellation Rate report decides, of orders that it names and of those of its days that it does not."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.cli.main import cli
from ordertui.operations.reports.rate_report import parse_days
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, day_start, iso_utc
from ordertui.orders.enums import YesNo
from ordertui.rules.situation import situation_number, situation_of
from ordertui.store.engine.errors import StoreError
from support.faults import Crash, inject
from support.reports import write
from support.shops import NOW, all_orders_row, bring, open_session, order_id

NAMES = ["Order Date", "Order ID", "Impacts Account Health"]
ZONE = "America/Los_Angeles"


def report(folder: Path, rows: Sequence[tuple[int, int, str]], name: str = "rate.txt") -> Path:
    """A report of (number, age in seconds, Yes or No)."""
    return write(folder / name, NAMES, [
        {"Order Date": iso_utc(NOW - age)[:10], "Order ID": order_id(n), "Impacts Account Health": word}
        for n, age, word in rows
    ])  # fmt: skip


def cancelled(session: Session, folder: Path, ages: Mapping[int, int], *, shipped: int = 188) -> None:
    """These orders, cancelled, and some that shipped."""
    rows = [all_orders_row(n, "Cancelled", age=age, updated=NOW - 3600) for n, age in ages.items()]
    rows += [all_orders_row(1000 + n, "Shipped", age=2 * DAY) for n in range(shipped)]
    bring(session, folder, everything=rows)


def counted(session: Session) -> tuple[int, int]:
    figure = session.rate.calculator.effects("US")[0].before
    return figure.cancelled, figure.cancelled_at_least


def test_a_killed_undo_leaves_what_rate_reports_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that is cancelled before and after: the report decides of it by silence, at any moment."""
    faults = inject(monkeypatch)
    with open_session(tmp_path) as session:
        cancelled(session, tmp_path, {1: DAY}, shipped=0)
        bring(session, tmp_path, everything=[all_orders_row(1, "Cancelled", age=DAY, updated=NOW - 60, quantity=2)])
        session.imports.import_files([report(tmp_path, [])], covers=parse_days("2026-11-17..2026-11-23"))
        assert facts(session, [1]) == {1: "no"}
        point = 0
        while True:
            try:
                with faults.armed(point, Crash()):
                    session.imports.undo(3)
                break
            except Crash:
                point += 1
                assert facts(session, [1]) == {1: "no"}
                if session.context.store.database.value(str, "SELECT undo FROM imports WHERE id = 3"):
                    break
        assert facts(session, [1]) == {1: "no"}


def facts(session: Session, numbers: Sequence[int]) -> dict[int, str]:
    """What Amazon's report says of each; the stored situation must say the same."""
    rows = session.orders.rows([session.orders.id_of(order_id(n)) or 0 for n in numbers]).values()
    for row in rows:
        stored = session.context.store.database.required(int, "SELECT situation FROM orders WHERE id = ?", (row.id,))
        assert stored == situation_number(situation_of(row))
    return {int(row.order_id[-7:]): row.amazon_counts.value for row in rows}


def test_amazons_none_settles_orders_cancelled_while_pending(tmp_path: Path) -> None:
    """12 of 200 cancelled while pending; Amazon's report of these days names none. Ours said 6 %, over."""
    session = open_session(tmp_path)
    cancelled(session, tmp_path, dict.fromkeys(range(12), DAY))
    assert counted(session) == (12, 0)
    (summary,) = session.imports.import_files([report(tmp_path, [])], covers=parse_days("2026-11-17..2026-11-23"))
    assert any("12 cancelled orders of these days that it does not name are taken" in note for note in summary.notes)
    assert counted(session) == (0, 0)
    assert session.rate.calculator.effects("US")[0].before.status == "ok"
    assert session.orders.count("amazon-counts:no") == 12
    assert session.orders.count("counts:no status:cancelled") == 12
    (kept,) = session.rate.reports()
    assert (kept.named, kept.unnamed, kept.is_undone) == (0, 12, False)
    session.rate.undo_report(kept.id)
    assert counted(session) == (12, 0)
    assert session.rate.reports()[0].is_undone
    with pytest.raises(StoreError, match="undone already"):
        session.rate.undo_report(kept.id)


def test_by_its_own_dates_it_decides_about_the_days_between(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY, 2: 2 * DAY, 3: 3 * DAY, 4: 5 * DAY})
    (summary,) = session.imports.import_files([report(tmp_path, [(1, DAY, "Yes"), (3, 3 * DAY, "No")])])
    assert facts(session, range(1, 5)) == {1: "yes", 2: "no", 3: "no", 4: "unknown"}
    assert counted(session) == (2, 1)
    assert any("by its own dates, it covers orders of 2026-11-20 to 2026-11-22" in note for note in summary.notes)


def test_of_one_day_the_day_is_said(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY, 2: DAY})
    (own,) = session.imports.import_files([report(tmp_path, [(1, DAY, "Yes"), (2, DAY, "No")])])
    assert any("by its own dates, it covers orders of one day, 2026-11-22:" in note for note in own.notes)
    (named,) = session.imports.import_files([report(tmp_path, [])], covers=parse_days("2026-11-21..2026-11-21"))
    assert any(note.startswith("it covers orders of one day, 2026-11-21:") for note in named.notes)


@pytest.mark.parametrize("words", [("Yes", "No"), ("No", "Yes")], ids=" then ".join)
def test_two_rows_of_one_order_are_one_and_the_worse_counts(words: tuple[str, str], tmp_path: Path) -> None:
    """It says as little of other orders as one row does."""
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY, 2: DAY})
    (summary,) = session.imports.import_files([report(tmp_path, [(1, DAY, word) for word in words])])
    assert facts(session, [1, 2]) == {1: "yes", 2: "unknown"}
    assert summary.notes[:2] == (
        "Amazon counts 1 of 1 order in it",
        f"rows say both Yes and No of 1 order, the first {order_id(1)}: taken as counting",
    )
    (same,) = [note for note in session.rate.compare(tmp_path / "rate.txt")[0].notes if "both Yes and No" in note]
    assert same == summary.notes[1]


def test_dates_that_are_not_its_orders_days_cover_nothing(tmp_path: Path) -> None:
    """In which zone its days begin is not known then: order 3 may be of a day that it does not cover."""
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY, 2: DAY, 3: 2 * DAY})
    (summary,) = session.imports.import_files([report(tmp_path, [(1, 2 * DAY, "Yes"), (2, 2 * DAY, "Yes")])])
    assert facts(session, [1, 2, 3]) == {1: "yes", 2: "yes", 3: "unknown"}
    assert any(f"it dates order {order_id(1)} 2026-11-21, which was placed on 2026-11-22" in n for n in summary.notes)
    session.imports.import_files([tmp_path / "rate.txt"], covers=parse_days("2026-11-21..2026-11-21"))
    assert facts(session, [1, 2, 3]) == {1: "yes", 2: "yes", 3: "no"}


def test_orders_of_another_marketplace_stretch_no_days(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    rows = [all_orders_row(n, "Cancelled", age=n * DAY, updated=NOW - 3600) for n in (1, 2, 3, 4)]
    rows.append(all_orders_row(9, "Cancelled", market="UK", age=4 * DAY, updated=NOW - 3600))
    bring(session, tmp_path, everything=rows)
    found = [(1, DAY, "Yes"), (2, 2 * DAY, "Yes"), (9, 4 * DAY, "No")]
    (summary,) = session.imports.import_files([report(tmp_path, found)])
    assert facts(session, [1, 2, 3, 4, 9]) == {1: "yes", 2: "yes", 3: "unknown", 4: "unknown", 9: "no"}
    assert "1 order of other marketplaces than US: of their days it says nothing more" in summary.notes


def test_one_row_or_none_asks_for_the_days(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY})
    (summary,) = session.imports.import_files([report(tmp_path, [])])
    assert counted(session) == (1, 0)
    assert any("--covers" in note for note in summary.notes)


def test_an_order_cancelled_after_the_report_was_made_is_not_decided(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY})
    path = report(tmp_path, [])
    os.utime(path, (NOW - 1800, NOW - 1800))
    session.imports.import_files([path], covers=parse_days("2026-11-17..2026-11-23"))
    later = [all_orders_row(n, "Cancelled", age=DAY, updated=at) for n, at in ((2, NOW - 2400), (3, NOW - 600))]
    bring(session, tmp_path, everything=later)
    assert facts(session, (1, 2, 3)) == {1: "no", 2: "no", 3: "unknown"}, (
        "2 was cancelled before, and became known later"
    )
    again = [all_orders_row(1, "Cancelled", age=DAY, updated=NOW - 60)]
    bring(session, tmp_path, everything=again)
    assert facts(session, (1,)) == {1: "no"}, "what is decided stays, whatever names the order again"


def test_the_newest_report_wins_and_undoing_it_brings_back_the_one_before(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY, 2: DAY})
    days = parse_days("2026-11-17..2026-11-23")
    session.imports.import_files([report(tmp_path, [(1, DAY, "Yes"), (2, DAY, "No")])], covers=days)
    assert facts(session, (1, 2)) == {1: "yes", 2: "no"}
    session.imports.import_files([report(tmp_path, [(2, DAY, "Yes")], "second.txt")], covers=days)
    assert facts(session, (1, 2)) == {1: "no", 2: "yes"}
    session.rate.undo_report(2)
    assert facts(session, (1, 2)) == {1: "yes", 2: "no"}
    assert session.orders.count("cancelled-by:seller") == 1
    session.rate.undo_report(1)
    assert facts(session, (1, 2)) == {1: "unknown", 2: "unknown"}
    assert session.orders.count("cancelled-by:unknown status:cancelled") == 2


def test_importing_it_twice_changes_nothing(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    cancelled(session, tmp_path, {1: DAY, 2: DAY})
    path = report(tmp_path, [(1, DAY, "Yes")])
    for _ in range(2):
        session.imports.import_files([path], covers=parse_days("2026-11-22"))
    assert len(session.rate.reports()) == 1


def test_what_amazon_counts_counts_before_an_order_report_shows_it(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    bring(session, tmp_path, everything=[all_orders_row(n, "Shipped", age=2 * DAY) for n in range(100)])
    session.imports.import_files([report(tmp_path, [(5, 2 * DAY, "Yes")])])
    assert counted(session) == (1, 1)
    (entry,) = session.rate.lists.listing("US")
    assert (entry.order_id, entry.counts, entry.how) == (order_id(5), YesNo.YES, "Amazon's report")


def test_the_comparison_offers_amazons_side_in_one_step(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    cancelled(session, tmp_path, dict.fromkeys(range(12), DAY))
    path = report(tmp_path, [(11, DAY, "Yes")])
    session.close()
    run = CliRunner()
    base = ["--store", str(tmp_path / "orders.db"), "--as-of", iso_utc(NOW)]
    found = run.invoke(cli, [*base, "rate", "--marketplace", "US", "--reconcile", str(path)])
    (line,) = [line for line in found.stderr.splitlines() if "Amazon's side" in line]
    command = line.partition(": ordertui ")[2].split()
    assert run.invoke(cli, [*base, *command]).exit_code == 0
    (record,) = json.loads(run.invoke(cli, [*base, "rate", "--format", "json"]).stdout)
    assert record["cancelled"] == 1
    after = run.invoke(cli, [*base, "rate", "--marketplace", "US", "--reconcile", str(path)])
    assert "they agree" in after.stderr
    (listed,) = json.loads(run.invoke(cli, [*base, "rate-reports", "--format", "json"]).stdout)
    assert (listed["counting"], listed["not_named"]) == (1, 11)
    assert run.invoke(cli, [*base, "rate-reports", "--undo", "1"]).exit_code == 0
    (record,) = json.loads(run.invoke(cli, [*base, "rate", "--format", "json"]).stdout)
    assert record["cancelled"] == 12
    assert run.invoke(cli, [*base, "rate-reports", "--undo", "7"]).exit_code == 4


@pytest.mark.parametrize("text", ["2026-11-23..2026-11-17", "yesterday", "2026-11-31", "1900-01-01..2026-11-22", ""])
def test_days_that_are_none_are_refused(tmp_path: Path, text: str) -> None:
    path = report(tmp_path, [])
    found = CliRunner().invoke(cli, ["--store", str(tmp_path / "a.db"), "import", str(path), "--covers", text])
    assert found.exit_code == 2
    assert "Traceback" not in found.output


steps = st.lists(
    st.one_of(
        st.tuples(st.just("orders"), st.lists(st.integers(0, 9), max_size=4), st.just(0)),
        st.tuples(
            st.just("report"),
            st.lists(
                st.tuples(st.integers(0, 9), st.sampled_from(["Yes", "No"])), max_size=3, unique_by=lambda v: v[0]
            ),
            st.integers(0, 4),
        ),
        st.tuples(st.just("undo"), st.just([]), st.integers(1, 3)),
    ),
    max_size=8,
)


@given(steps)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_any_order_of_reports_orders_and_undoing_is_a_recount(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Any]
) -> None:
    """Order n is placed n days ago and cancelled; a report covers the days 0 to n. The newest that decides wins."""
    folder = tmp_path_factory.mktemp("reports")
    known: set[int] = set()
    made: list[tuple[dict[int, str], int]] = []
    undone: set[int] = set()
    with open_session(folder) as session:
        bring(session, folder, everything=[all_orders_row(99, "Shipped")])
        for number, (what, values, more) in enumerate(steps):
            if what == "orders":
                known |= set(values)
                rows = [all_orders_row(n, "Cancelled", age=n * DAY, updated=NOW - 60) for n in values]
                bring(session, folder, everything=rows)
            elif what == "report":
                named = dict(values)
                if (named, more) in [one for k, one in enumerate(made) if k not in undone]:
                    continue
                first, last = (iso_utc(day_start(NOW, ZONE, -k) + DAY // 2)[:10] for k in (more, 0))
                listed = [(n, n * DAY, word) for n, word in named.items()]
                path = report(folder, listed, f"{number}.txt")
                session.imports.import_files([path], marketplace="US", covers=parse_days(f"{first}..{last}"))
                made.append((named, more))
            elif more <= len(made) and more - 1 not in undone:
                session.rate.undo_report(more)
                undone.add(more - 1)
        expected = {}
        for n in known:
            words = [named.get(n, "No" if NOW - n * DAY >= day_start(NOW, ZONE, -reach) else None)
                     for k, (named, reach) in enumerate(made) if k not in undone]  # fmt: skip
            decided = [word for word in words if word is not None]
            expected[n] = decided[-1].lower() if decided else "unknown"
        assert facts(session, sorted(known)) == expected

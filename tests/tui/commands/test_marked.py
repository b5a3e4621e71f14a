"""The marked orders as a filter and a queue; actions name what queue and filter hide; space marks in every list."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from ordertui.rules.language import FilterError, parse
from ordertui.store.engine.database import as_parameter
from ordertui.tui.screens.dialogs import ConfirmScreen, FormScreen
from ordertui.tui.screens.rate import OrdersScreen
from ordertui.tui.widgets.queue_tabs import QueueTabs
from support.batches import commit
from support.cli import Command
from support.pilot import main, press, running, settled, table, text, to_ship, until
from support.shops import NOW, open_session, order_id, standard


def tabs(pilot: Pilot[None]) -> str:
    return str(main(pilot).query_one(QueueTabs).render())


def test_marked_is_a_field_of_filters(session: Session) -> None:
    ids = list(session.orders.find("status:unshipped"))
    session.workspace.marks()[0].add(ids[:2])
    assert set(session.orders.find("marked")) == set(ids[:2])
    assert set(session.orders.find("-marked status:unshipped")) == set(ids[2:])
    assert session.orders.count("marked:no") + 2 == session.orders.count()
    assert session.orders.count("marked:yes,no") == session.orders.count()
    assert set(session.orders.find(queue="marked")) == set(ids[:2])
    assert {queue.key: queue.count for queue in session.orders.queues()}["marked"] == 2
    assert list(session.recount().run()) == [], "the slow recount agrees"


def test_no_rule_can_ask_for_the_marks() -> None:
    with pytest.raises(FilterError, match="only for filters, not for rules"):
        parse("marked", now=0, zone="UTC", plan=True)


@pytest.mark.parametrize(
    ("filter_text", "counts"),
    [
        ("", {"all": 100, "to_ship": 5, "buyer_asked": 1, "late": 5, "held": 1, "marked": 2}),
        ("late", {"all": 6, "to_ship": 5, "buyer_asked": 1, "late": 5, "held": 1, "marked": 2}),
        ("late -sku:SKU-2", {"all": 5, "to_ship": 4, "buyer_asked": 1, "late": 4, "held": 1, "marked": 1}),
        ("status:shipped or sku:SKU-6", {"all": 95, "held": 1, "marked": 1}),
    ],
)
def test_queues_are_counted_within_a_filter(
    session: Session, clock: FixedClock, filter_text: str, counts: dict[str, int]
) -> None:
    commit(session, Action.CANCEL, 6)
    session.workspace.marks()[0].add(session.orders.ids_of([order_id(2), order_id(6)]).values())
    clock.advance(4 * DAY)  # all six are late
    queues = session.orders.queues(filter_text)
    assert {str(queue.key): queue.count for queue in queues if queue.count != 0} == counts
    for queue in queues:
        assert queue.count == len(session.orders.find(filter_text, queue=queue.key))


def test_marked_orders_are_counted_a_part_at_a_time(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    session.workspace.marks()[0].add(session.orders.find())
    assert len(session.workspace.marks()[0]) == 100
    lists: list[int] = []

    def counted(rows: Iterable[object]) -> str:
        values = list(rows)
        lists.append(len(values))
        return as_parameter(values)

    for name in ("orders", "filter_sql"):
        monkeypatch.setattr(f"ordertui.store.repositories.{name}.as_parameter", counted)
    monkeypatch.setattr("ordertui.store.repositories.orders.MAX_VALUES", 7)
    for filter_text, found in (("", 100), ("sku:SKU-2", session.orders.count("sku:SKU-2"))):
        queues = session.orders.queues(filter_text)
        assert {queue.key: queue.count for queue in queues}["marked"] == found
        assert max(lists, default=0) <= 7, filter_text


def test_the_command_line_knows_the_marks_of_the_screen(tmp_path: Path) -> None:
    with open_session(tmp_path / "shop", clock=FixedClock(NOW)) as session:
        standard(session, tmp_path)
        marks = session.workspace.marks()[0]
        ids = list(session.orders.find("status:unshipped"))[:2]
        marks.add(ids)
        session.workspace.keep_marks(marks, b"")
        wanted = {row.order_id for row in session.orders.rows(ids).values()}
        store = session.context.store.path
    command = Command(tmp_path, store)
    for options in (("--filter", "marked"), ("--queue", "marked")):
        assert {row["order_id"] for row in command.json("list", *options)} == wanted


async def test_the_queue_of_the_marked_keeps_what_is_unmarked_until_it_is_opened_again(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "space", "space", "space")
        await until(pilot, lambda: "9 Marked 3" in tabs(pilot))
        await press(pilot, "9")
        await settled(pilot)
        assert len(table(pilot).ids) == 3
        await press(pilot, "space")
        await until(pilot, lambda: "9 Marked 2" in tabs(pilot))
        assert len(table(pilot).ids) == 3, "a slip can be mended where it was made"
        await press(pilot, "9")
        await until(pilot, lambda: len(table(pilot).ids) == 2)


async def test_the_tabs_follow_the_filter(session: Session) -> None:
    async with running(session) as pilot:
        await until(pilot, lambda: "2 To ship 6" in tabs(pilot))
        screen = main(pilot)
        screen.view.apply_filter("late")
        late = session.orders.count("late")
        await until(pilot, lambda: f"1 All {late} " in tabs(pilot))
        assert f"2 To ship {session.orders.count('late', 'to_ship')} " in tabs(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: "2 To ship 6" in tabs(pilot))


async def test_a_fact_of_hidden_orders_is_asked_about(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await press(pilot, "space", "space")
        main(pilot).view.apply_filter("status:shipped")
        await settled(pilot)
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert "2 orders (2 not shown)" in str(pilot.app.screen.query("Title").first().render())
        await press(pilot, "escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        assert "2 marked orders (2 not shown)" in str(pilot.app.screen.query("Title").first().render())


async def test_space_marks_in_a_list_of_the_rate(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "P")
        await settled(pilot)
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, OrdersScreen))
        await press(pilot, "space", "space", "escape", "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        assert table(pilot).marks.count == 2
        await until(pilot, lambda: "2 marked" in text(pilot, "status"))

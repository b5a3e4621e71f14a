"""One verdict: table, pane, filter, sorting, status line, plan and preview say the same of every order and action."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings

from ordertui.cli.main import cli
from ordertui.operations.config import Config
from ordertui.operations.denials import AWAITING_SHIPMENT, BATCH_ACTIONS
from ordertui.operations.errors import PlanChanged
from ordertui.operations.order_rules import LineCache
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import ExcludedOrder
from ordertui.operations.query.export import cell
from ordertui.operations.session import Session
from ordertui.orders.api_facts import ApiFacts, Parcel
from ordertui.orders.batch_state import OPEN_STATES, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action, BuyerRequest, Channel, Dispatched, OrderStatus
from ordertui.orders.money import format_decimal, format_grouped, parse_minor
from ordertui.orders.order import LinesKnown, Order, OrderRow
from ordertui.orders.refund_limit import refund_limit, refundable_lines
from ordertui.store.engine.database import Database
from ordertui.store.engine.protocol import Params
from ordertui.store.repositories.order_by import BY_ALLOWED_ACTION
from ordertui.tui.main.order_details import describe_order
from ordertui.tui.main.store_rows import StoreRows
from ordertui.tui.render.state import ROW_LOOKS
from ordertui.tui.widgets.order_table.columns import BY_KEY
from support.profile import LONG
from support.random_days import ORDERS, POLICIES, PROGRAMS, RULES, STEPS, Placed, Step, days_of, parcels, rules_text
from support.shops import NOW, all_orders_row, bring, clone_store, open_session, order_id, unshipped_row

PLAN_ALONE = {"units", "amount", "currency", "price", "item-id", "lines"}
"""Ids of reasons for which a plan may leave out an order that is allowed: some of its lines cannot be acted on as
asked.
"""
EXAMPLES = 3_000 if LONG else 100


def rules_file(folder: Path, rng: random.Random) -> Path:
    """Some house rules that deny."""
    path = folder / "house.toml"
    path.write_text(rules_text(rng.sample(range(len(RULES)), rng.randrange(4))), encoding="utf-8")
    return path


def fill(session: Session, folder: Path, rng: random.Random, count: int) -> None:
    """Orders of three marketplaces in every state, some with two lines, without item ids or without prices."""
    everything, waiting = [], []
    for number in range(1, count + 1):
        market = rng.choice(("US", "US", "JP", "DE"))
        status = rng.choice(
            ("Unshipped", "Unshipped", "Shipped", "Shipped", "Cancelled", "Pending", "PartiallyShipped")
        )
        age = rng.randrange(HOUR, 9 * DAY)
        named = rng.random()
        for line in range(1, 1 + rng.choice((1, 1, 1, 2))):
            sku = f"SKU-{number}{'' if line == 1 else 'b'}"
            price = rng.choice(("0.00", "10.00", "30.00")).replace(".00", "" if market == "JP" else ".00")
            item_status = "Cancelled" if rng.random() < 0.1 else status
            more = {"item_price": "", "item_tax": "", "currency": ""} if rng.random() < 0.1 else {"item_price": price}
            if named < 0.9:
                everything.append(
                    all_orders_row(
                        number, status, market=market, age=age, updated=NOW - 60, sku=sku, item_status=item_status,
                        fulfillment_channel=rng.choice(("Merchant",) * 5 + ("Amazon",)), quantity=2, **more,
                    )
                )  # fmt: skip
            if (named >= 0.9 or (status != "Cancelled" and rng.random() < 0.7)) and status != "Pending":
                waiting.append(
                    unshipped_row(
                        number, rng.choice(("true", "false")), market=market, age=age, sku=sku,
                        order_item_id=f"0{number:012d}{line:02d}",
                        quantity_purchased=2, quantity_shipped=rng.choice((0,
                        1)) if status == "PartiallyShipped" else 0,
                    )
                )  # fmt: skip
    bring(session, folder, everything=everything, open_=waiting)


def tell_by_api(session: Session, rng: random.Random) -> None:
    """Some orders of a program, and some of which a parcel was made, or left."""
    rows = session.orders.rows(session.orders.find()).values()
    facts = {
        row.order_id: ApiFacts(
            NOW,
            tuple(rng.sample(PROGRAMS, rng.randrange(3))),
            parcels=tuple(Parcel("1", rng.choice(("PENDING", "IN_TRANSIT", ""))) for _ in range(rng.randrange(2))),
        )
        for row in rows
        if rng.random() < 0.3
    }
    session.context.store.api_facts.keep(facts)


def act(session: Session, clock: FixedClock, rng: random.Random) -> None:
    """Say which parcels left, and commit and send some batches; some of them are answered by the operator."""
    ids = list(session.orders.find())
    session.facts.set_dispatched([i for i in ids if rng.random() < 0.3], Dispatched.YES)
    session.facts.set_asked([i for i in ids if rng.random() < 0.2], True)
    for _ in range(4):
        action = rng.choice(BATCH_ACTIONS)
        for plan in session.planner.plan(
            action, rng.sample(ids, len(ids) // 3), PlanChoices(shipping=parcels(session))
        ):
            if not plan.rows:
                continue
            try:
                batch = session.batches.commit(plan, typed=str(len(plan.rows)))
            except PlanChanged:
                continue
            if rng.random() < 0.7:
                session.batches.release(batch.id)
                session.dispatcher.run()
                done = [row.order_id for row in batch.rows if rng.random() < 0.5]
                if done:
                    session.batches.settle(batch.id, done, done=rng.random() < 0.6, why="seen", typed=str(len(done)))
    clock.advance(rng.choice((0, HOUR, DAY)))


@pytest.fixture(params=range(2))
def session(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Session]:
    rng, clock = random.Random(request.param), FixedClock(NOW)
    config = Config(policy_file=str(rules_file(tmp_path, rng)))
    with Session.open(tmp_path / "orders.db", clock=clock, config=config) as session:
        fill(session, tmp_path, rng, 60)
        tell_by_api(session, rng)
        act(session, clock, rng)
        yield session


def orders_of(session: Session) -> dict[int, Order]:
    return {
        row.id: order
        for row in session.orders.rows(session.orders.find()).values()
        if (order := session.orders.get(row.order_id)) is not None
    }


def assert_every_view_says_the_same(session: Session) -> None:
    orders = orders_of(session)
    rows = session.orders.rows(orders)
    allowed: dict[Action, set[int]] = {}
    for action in Action:
        verdicts = {
            i: session.eligibility.verdicts(order.row, order.lines)[list(Action).index(action)]
            for i, order in orders.items()
        }
        assert all(verdict.why and verdict.rule and verdict.source for verdict in verdicts.values())
        allowed[action] = {i for i, verdict in verdicts.items() if verdict.allowed}
        assert set(session.orders.find(f"action:{action.value}")) == allowed[action], "filter and pane"
        assert session.orders.count(f"-action:{action.value}") == len(orders) - len(allowed[action])
        assert {
            i for i, row in rows.items() if session.eligibility.verdicts(row)[list(Action).index(action)].allowed
        } == allowed[action]
        explained = {i: session.planner.explain(order, action) for i, order in orders.items()}
        assert {i for i, one in explained.items() if one.allowed} == allowed[action], "the explanation"
        planned: set[int] = set()
        left_out: dict[int, ExcludedOrder] = {}
        choices = PlanChoices("Other" if action is Action.REFUND else "", shipping=parcels(session))
        for plan in session.planner.plan(action, list(orders), choices):
            planned |= {row.id for row in plan.rows}
            left_out |= {out.id: out for out in plan.out}
        assert planned <= allowed[action], "the preview"
        for row_id in allowed[action] - planned:
            assert left_out[row_id].rule in PLAN_ALONE, left_out[row_id]
        for row_id in set(orders) - allowed[action]:
            assert left_out[row_id].rule == verdicts[row_id].rule
            assert left_out[row_id].why
        for row_id, order in orders.items():
            pane = describe_order(session, order.row.order_id).plain
            assert _pane_offers(pane, action) is (row_id in allowed[action]), pane
    for row_id, row in rows.items():
        words = [action.value for action in (Action.CANCEL, Action.CONFIRM, Action.REFUND) if row_id in allowed[action]]
        word = session.eligibility.allowed_action(row).removesuffix(" ★")
        assert word == words[0] if words else word in ("-", "wait")
        assert session.eligibility.allowed_action(row).endswith("★") == (
            row_id in allowed[Action.CANCEL] & set(session.orders.find("counts:no"))
        )
    assert [str(one) for one in session.recount().run()] == [], "the slow recount of totals, verdicts, queues and rates"
    ranks = [_rank(session, rows[i]) for i in session.orders.find(sort=BY_ALLOWED_ACTION)]
    assert ranks == sorted(ranks, reverse=True), "sorting"
    impact = session.rate.calculator.impact(orders)
    assert (impact.cancellable, impact.refundable, impact.confirmable) == tuple(len(allowed[a]) for a in BATCH_ACTIONS)
    assert impact.counted == len(allowed[Action.CANCEL] & set(session.orders.find("counts:yes")))


def assert_the_state_column_names_what_can_be_done(session: Session) -> None:
    source = StoreRows(session)
    source.is_judging = True
    rows = source.rows(list(session.orders.find()))
    allowed = {action: set(session.orders.find(f"action:{action.value}")) for action in BATCH_ACTIONS}
    for row_id, row in rows.items():
        first = next((one for one in (Action.CANCEL, Action.CONFIRM, Action.REFUND) if row_id in allowed[one]), None)
        for width in (9, 11, 24):
            text = BY_KEY["state"].text(row, source.context(row), width)
            assert text, row
            action = row.open_action
            look = None if action is None else ROW_LOOKS[action.state]
            if action and look and look.column and text.startswith(f"{look.glyph} "):
                assert first is None or action.state in (RowState.ERROR, RowState.UNKNOWN), text
            else:
                assert _action_in(text) is first, (text, row)


def _pane_offers(pane: str, action: Action) -> bool:
    """Return what the side pane says of an action."""
    (said,) = re.findall(rf"^ \S+ {action.value} +(yes|no) ", pane, re.MULTILINE)
    return str(said) == "yes"


def _rank(session: Session, row: OrderRow) -> int:
    """Return the place of an order in the sorting by what can be done first, worked out from the verdicts."""
    cancel, refund, confirm, _message = session.eligibility.verdicts(row)
    if cancel.allowed:
        if not session.eligibility.counts(row):
            return 6
        return 5 if row.buyer_request is BuyerRequest.MESSAGE else 4
    return 3 if confirm.allowed else 2 if refund.allowed else 1 if row.status is OrderStatus.PENDING else 0


def _action_in(text: str) -> Action | None:
    """Return the action that a text of the State column offers."""
    if text.startswith(("★", "☆", "auto")):
        return Action.CANCEL
    words = {"cancel": Action.CANCEL, "conf": Action.CONFIRM, "confirm": Action.CONFIRM, "refund": Action.REFUND}
    return next((words[word] for word in text.replace("can ", "").split() if word in words), None)


def assert_no_queue_of_work_holds_what_is_under_way(session: Session) -> None:
    orders = orders_of(session)
    under_way = {i for i, order in orders.items() if order.is_rest_cancelled} | {
        i for i, order in orders.items()
        if (action := order.row.open_action) and action.kind is Action.CANCEL and action.state in OPEN_STATES
    }  # fmt: skip
    waiting = {i for i, order in orders.items() if order.row.status in AWAITING_SHIPMENT}
    ours = {i for i, order in orders.items() if order.row.channel is Channel.MERCHANT}
    counts = {queue.key: queue for queue in session.orders.queues()}
    found = {key: set(session.orders.find(queue=key)) for key in counts}
    assert found["to_ship"] == (waiting & ours) - under_way
    for key in ("buyer_asked", "late", "auto_cancel"):
        assert not found[key] & under_way, key
    unknown = {i for i in waiting - under_way if orders[i].row.channel is not Channel.AMAZON}
    no_time = {i for i in unknown if orders[i].row.ship_by is None}
    assert (counts["late"].count, counts["late"].unknown) == (len(found["late"]), len(no_time))
    assert found["held"] == {i for i, one in orders.items() if one.row.open_action
        and one.row.open_action.state is RowState.HELD}  # fmt: skip
    for key, ids in found.items():
        assert counts[key].count in (len(ids), None), key


def assert_the_store_knows_what_is_left_as_the_plan_does(session: Session) -> int:
    """The SQL behind `OrderRow.lines_known` and `orders.refund_limit` agree wherever an order was charged."""
    charged = 0
    for order in orders_of(session).values():
        limits = {line.line: refund_limit(order, line) for line in order.lines}
        active = [line for line in order.lines if line.is_active]
        known = LinesKnown(0)
        for line in active:
            limit = limits[line.line]
            known |= LinesKnown.ACTIVE | (LinesKnown.MISSING_ID if line.order_item_id is None else LinesKnown.HAS_ID)
            known |= LinesKnown(0) if limit is None else LinesKnown.PRICED
            if limit is not None and limit.total > 0 and line.order_item_id is not None:
                known |= LinesKnown.REFUNDABLE
            known |= LinesKnown.EXCHANGEABLE if line.may_be_exchanged else LinesKnown(0)
        if order.row.status in (OrderStatus.SHIPPED, OrderStatus.PARTIALLY_SHIPPED) or order.row.units_shipped:
            charged += 1
            assert order.row.lines_known & ~LinesKnown.BARS == known, order
            assert bool(known & LinesKnown.REFUNDABLE) == any(
                line.order_item_id is not None and line.line in refundable_lines(order) for line in active
            )
        else:
            assert (
                order.row.lines_known & ~(LinesKnown.REFUNDABLE | LinesKnown.BARS) == known & ~LinesKnown.REFUNDABLE
            ), order
    return charged


def assert_one_verdict(session: Session) -> int:
    """Return how many of the orders were charged, after all was compared."""
    assert_every_view_says_the_same(session)
    assert_the_state_column_names_what_can_be_done(session)
    assert_no_queue_of_work_holds_what_is_under_way(session)
    return assert_the_store_knows_what_is_left_as_the_plan_does(session)


def test_sixty_orders_say_the_same_everywhere(session: Session) -> None:
    assert assert_one_verdict(session)


def test_each_order_has_the_same_facts_in_show_pane_export_and_plan(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Units, totals, what was paid, went back and is left, state, and what may be done and why."""
    config = tmp_path / "config.toml"
    config.write_text(f'policy_file = "{tmp_path / "house.toml"}"\n', encoding="utf-8")
    monkeypatch.setenv("ORDERTUI_CONFIG", str(config))
    base = ["--store", str(tmp_path / "orders.db"), "--as-of", iso_utc(session.clock.now())]

    def told(*words: str) -> str:
        found = CliRunner().invoke(cli, [*base, *words])
        assert found.exit_code == 0, found.output
        return found.stdout

    orders = orders_of(session)
    listed = {one["order_id"]: one for one in json.loads(told("list", "--format", "json"))}
    sheet = {one["order_id"]: one for one in csv.DictReader(io.StringIO(told("list", "--format", "csv")))}
    assert len(listed) == len(sheet) == len(orders)
    choices = PlanChoices("Other", shipping=parcels(session))
    planned = {
        (action, row.order_id): row
        for action in BATCH_ACTIONS
        for plan in session.planner.plan(
            action, list(orders), choices if action is not Action.CANCEL else PlanChoices()
        )
        for row in plan.rows
    }
    for order in orders.values():
        ident = order.row.order_id
        show, one = json.loads(told("show", ident, "--format", "json")), listed[ident]
        facts, lines = show["facts"], show["lines"]
        pane = describe_order(session, ident, is_full=True).plain
        assert {key: cell(value) for key, value in one.items()} == sheet[ident]
        assert (show["status"], facts["items"], facts["total"], facts["currency"]) == (
            one["status"], one["items"], one["total"], one["currency"]
        )  # fmt: skip
        wanted = [line for line in lines if line["status"] != "cancelled"]
        paid = [line["paid"] for line in wanted]
        if wanted:
            assert (one["total"] is None) == (None in paid), "a part that is not known makes the total unknown"
        if one["total"] is not None:
            assert sum(Decimal(line["paid"] or 0) for line in lines) == Decimal(one["total"]), lines
        for line, known in zip(lines, order.lines, strict=True):
            assert f"{line['units']} × {line['sku']}" in one["lines"]
            assert f"{line['units']:,} × {line['sku']}" in pane
            if 0 < (line["shipped"] or 0) < line["units"]:
                assert f"{line['shipped']} of {line['units']} shipped" in pane
            if known.paid is None:
                assert "price unknown" in pane
                assert (line["paid"], line["left"]) == (None, None)
                continue
            money = [Decimal(line[name]) for name in ("paid", "refunded", "open_refund", "left")]
            assert money[1] + money[2] + money[3] <= money[0], line
            for name, words in (("refunded", "refunded"), ("open_refund", "open refund")):
                text = f"  {words} {format_grouped(parse_minor(line[name], line['currency']), line['currency'])}"
                assert (text in pane) or not Decimal(line[name]), (text, pane)
        for verdict in show["actions"]:
            action = Action(verdict["action"])
            assert _pane_offers(describe_order(session, ident).plain, action) is verdict["allowed"]
            assert verdict["allowed"] or "".join(verdict["why"].split()) in "".join(pane.split())
        for action in BATCH_ACTIONS:
            row = planned.get((action, ident))
            if row is None:
                continue
            assert next(v["allowed"] for v in show["actions"] if v["action"] == action.value)
            if action is Action.CANCEL:
                assert (None if row.total is None else format_decimal(row.total, row.currency or "")) == one["total"]
                units = sum(line.quantity for line in row.lines)
                assert units == sum(line["units"] for line in wanted)
                assert (f"; all {units}" in describe_order(session, ident).plain) is (units > 1)
            elif action is Action.REFUND:
                left = {line["line"]: Decimal(line["left"]) for line in lines if line["left"] is not None}
                back = {
                    line.line: Decimal(format_decimal(line.refund.total, row.currency or ""))
                    for line in row.lines
                    if line.refund is not None
                }
                assert all(back[number] <= left[number] for number in back)
                assert sum(back.values()) == Decimal(format_decimal(row.total or 0, row.currency or ""))
            else:
                to_ship = sum(line["units"] - (line["shipped"] or 0) for line in wanted)
                assert sum(line.quantity for line in row.lines) == to_ship


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store, to be copied: making one takes longer than a day in it."""
    folder = tmp_path_factory.mktemp("empty")
    open_session(folder).close()
    return folder / "orders.db"


@given(orders=ORDERS, policy=POLICIES, steps=STEPS)
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=not LONG, suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)  # fmt: skip
def test_whatever_happened_every_view_says_the_same(
    empty: Path, orders: list[Placed], policy: tuple[str, list[int]], steps: list[Step]
) -> None:
    with tempfile.TemporaryDirectory(prefix="ordertui-verdict-") as made:
        folder, clock = Path(made), FixedClock(NOW)
        clone_store(empty, folder / "orders.db")
        with days_of(folder, clock, orders, policy) as days:
            session = days.session
            for number, step in enumerate(steps):
                days.go(step)
                if LONG and number == len(steps) // 2:
                    assert_one_verdict(session)
            assert_one_verdict(session)


def test_a_page_reads_lines_at_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = list(session.orders.find(limit=40))
    for row in session.orders.rows(ids).values():
        session.eligibility.allowed_action(row)
    queries: list[str] = []
    real = Database.query

    def query(self: Database, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        queries.append(sql)
        return real(self, sql, params)

    monkeypatch.setattr(Database, "query", query)
    session.eligibility.rules._lines = LineCache(session.context.reader)
    rows = session.orders.rows(ids)
    session.eligibility.rules.prefetch(rows.values())
    for row in rows.values():
        session.eligibility.allowed_action(row)
    assert len(queries) <= 4, "the page; of all its orders at once: rows, lines, and what went back of their lines"


def test_a_held_order_may_nothing(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        bring(session, tmp_path, everything=[all_orders_row(1)], open_=[unshipped_row(1)])
        assert session.eligibility.allowed_action(session.orders.rows([1])[1]) == "cancel"
        batch = session.batches.commit(session.planner.plan(Action.CANCEL, [1])[0], typed="1")
        order = session.orders.get(order_id(1))
        assert order is not None
        assert session.eligibility.allowed_action(order.row) == "-"
        cancel = session.eligibility.verdicts(order.row)[0]
        assert (cancel.allowed, cancel.rule, cancel.why) == (
            False,
            "open",
            "a batch already holds an action for it (cancel, held)",
        )
        assert session.orders.count("action:cancel") == 0
        session.batches.recall(batch.id)
        assert session.orders.count("action:cancel") == 1


def test_a_refund_needs_an_item_id_and_a_price(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        bring(
            session,
            tmp_path,
            everything=[
                all_orders_row(1, "Shipped"),
                all_orders_row(2, "Shipped", item_price="", item_tax="", currency=""),
            ],
        )
        reasons = {i: session.eligibility.verdicts(row)[1].rule for i, row in session.orders.rows([1, 2]).items()}
        assert reasons == {1: "item-id", 2: "price"}
        assert [session.eligibility.allowed_action(row) for row in session.orders.rows([1, 2]).values()] == ["-", "-"]
        assert session.orders.count("action:refund") == 0
        (plan,) = session.planner.plan(Action.REFUND, [1, 2])
        assert [out.rule for out in plan.out] == ["item-id", "price"]

"""The recount finds no disagreement in sound stores, and each kind of wrong number that is planted in one."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.denials import lines_denial
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.planning.order_planner import NO_CHOICES, PlanChoices
from ordertui.operations.query import queues
from ordertui.operations.rate.counting import RateCounting
from ordertui.operations.session import Session
from ordertui.orders.batch_state import holds_order
from ordertui.orders.clock import DAY, FixedClock, day_start, parse_iso
from ordertui.orders.enums import Action, Dispatched, YesNo
from ordertui.orders.order import LineAmounts, OrderLine
from ordertui.rules.auto_cancel import AutoCancelSchedule
from ordertui.rules.policy.policy import Policy
from ordertui.rules.rate import headroom
from ordertui.rules.situation import situation_of
from ordertui.rules.tables.table import Table
from ordertui.store.repositories.rates import RateQueries
from support.batches import commit
from support.cli import AS_OF, EXAMPLES, Command
from support.places import on_both
from support.profile import LONG
from support.reports import ALL_ORDERS, write
from support.shops import all_orders_row, bring, open_session, order_id, standard, unshipped_row

NOW = parse_iso(AS_OF)


def recount(store: Path) -> list[str]:
    with Session.open(store, clock=FixedClock(NOW), read_only=True) as session:
        return [str(one) for one in session.recount().run()]


@on_both
def test_what_another_process_changes_meanwhile_is_no_disagreement(engine: str, tmp_path: Path) -> None:
    """Both sides are read of one state, though batches are committed and undone, and facts told, at each step."""
    with open_session(tmp_path) as other, open_session(tmp_path, read_only=True) as session:
        standard(other, tmp_path)

        def change(done: int, _total: int) -> None:
            first = other.orders.find("action:cancel")[0]
            if not done:
                commit(other, Action.CANCEL, 1, 2)
            other.facts.set_dispatched([first], Dispatched.YES)
            write(tmp_path / f"{done}.txt", ALL_ORDERS, [all_orders_row(900 + done)])
            other.imports.import_files([tmp_path / f"{done}.txt"])

        assert [str(one) for one in session.recount().run(change)] == []
        assert other.orders.count("dispatched:yes") == 2
        assert [str(one) for one in session.recount().run()] == []


@pytest.mark.parametrize("seed", range(200 if LONG else 4))
def test_practice_stores_agree(seed: int, tmp_path: Path) -> None:
    """They have held, sent, answered and refunded batches, partly shipped orders, requests and FBA orders."""
    assert recount(build_practice(tmp_path, orders=300 + 100 * (seed % 3), seed=seed, now=NOW)) == []


@pytest.mark.parametrize("market", ["US", "DE", "JP", "IN"])
def test_the_examples_agree(market: str, tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring(market)
    for later in sorted((EXAMPLES / market.lower()).glob("next-day/*")):
        command.ok("import", later)
    assert "recounted" in command.run("store", "check", "--orders").stderr
    assert recount(command.store) == []


def test_the_examples_in_other_forms_agree(tmp_path: Path) -> None:
    """UTF-16, packed, XML, and reports with rows that cannot be read."""
    command = Command(tmp_path)
    for path in sorted([*(EXAMPLES / "eu" / "reports").iterdir(), *(EXAMPLES / "quirks").iterdir()]):
        if path.name not in ("no-report.txt", "ambiguous-encoding.txt"):
            assert command.run("import", "--marketplace", "US", path).code in (0, 4), path
    assert "recounted" in command.run("store", "check", "--orders").stderr


@pytest.mark.parametrize("words", [("Yes", "No"), ("No", "Yes")])
def test_amazons_word_on_an_order_that_is_not_cancelled_agrees(words: tuple[str, str], tmp_path: Path) -> None:
    """One item of it may be: the Cancellation Rate report names it, and All Orders shows it as unshipped."""
    with open_session(tmp_path) as session:
        waiting = [all_orders_row(1), all_orders_row(1, "Unshipped", sku="SKU-1b", item_status="Cancelled")]
        bring(session, tmp_path, everything=[*waiting, all_orders_row(2), all_orders_row(3, "Shipped")])
        rows = [
            {"Order Date": "2026-11-22", "Order ID": order_id(n), "Impacts Account Health": word}
            for n, word in zip((1, 2), words, strict=True)
        ]
        session.imports.import_files([write(tmp_path / "rate.txt", tuple(rows[0]), rows)])
        assert [str(one) for one in session.recount().run()] == []
        (effect,) = session.rate.calculator.effects("US")
        assert (effect.before.cancelled, effect.before.cancelled_at_least) == (1, 1)


PLANTED = {
    "total": ("UPDATE orders SET total = total + 1 WHERE id = :id", "the total in minor units"),
    "no total": ("UPDATE orders SET total = NULL WHERE id = :id", "the total in minor units"),
    "units": ("UPDATE orders SET items = items + 1 WHERE id = :id", "units"),
    "units shipped": ("UPDATE orders SET units_shipped = 7 WHERE id = :id", "units shipped"),
    "refunded": ("UPDATE orders SET refunded = 'full' WHERE id = :id", "refunded"),
    "situation": ("UPDATE orders SET situation = situation + 1 WHERE id = :id", "the situation's amazon_counts"),
    "status": ("UPDATE orders SET status = 'cancelled' WHERE id = :id", "the situation's status"),
    "line price": ("UPDATE lines SET item_price = item_price + 100 WHERE order_id = :id", "the total in minor units"),
    "open action": ("UPDATE orders SET state = 'held', open_action = 'cancel' WHERE id = :id", "its open action"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found(kind: str, tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring("US")
    with Session.open(command.store, clock=FixedClock(NOW), read_only=True) as session:
        row_id = session.orders.find("status:unshipped channel:merchant total>1", limit=1)[0]
        order_id = session.orders.rows([row_id])[row_id].order_id
    sql, what = PLANTED[kind]
    with sqlite3.connect(command.store) as connection:
        connection.execute(sql, {"id": row_id})
    connection.close()
    done = command.run("store", "check", "--orders")
    assert done.code == 4
    assert f"{order_id}: {what} is " in done.stdout


# -- the program's own code, broken in one place: the recount shares nothing with it that would hide the fault


def everywhere(patch: pytest.MonkeyPatch, broken: object, function: object) -> None:
    """Put `broken` in place of a function in every module that has it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("ordertui"):
            for key, value in list(vars(module).items()):
                if value is function:
                    patch.setattr(module, key, broken)


def _yesterday(epoch: int, zone: str, days: int = 0) -> int:
    return day_start(epoch, zone, days - 1 if days <= 0 else days)


def _mutate_queue(key: str, text: str) -> Callable[[pytest.MonkeyPatch], None]:
    def mutate(patch: pytest.MonkeyPatch) -> None:
        changed = tuple(
            msgspec.structs.replace(one, filter=one.filter.replace(text, "")) if one.key == key else one
            for one in queues.QUEUES
        )
        assert changed != queues.QUEUES
        patch.setattr(queues, "QUEUES", changed)
        patch.setattr("ordertui.operations.query.orders.QUEUES", changed)
        patch.setattr("ordertui.operations.query.orders.BY_KEY", {one.key: one for one in changed}, raising=False)

    return mutate


def _of_property(kind: type, name: str, broken: Callable[[Any], object]) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(kind, name, property(broken))


def _deny_row(patch: pytest.MonkeyPatch) -> None:
    real = Table.hits

    def hits(table: Table, indexes: Sequence[int]) -> int:
        found = real(table, indexes)
        return real(table, [*indexes[:3], 2, *indexes[4:]]) if table.name == "cancel" else found

    patch.setattr(Table, "hits", hits)


def _without_promotion(amounts: LineAmounts) -> int:
    return amounts.item_price + amounts.item_tax + amounts.shipping_price + amounts.shipping_tax


MUTANTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "the window begins a day early": lambda p: everywhere(p, _yesterday, day_start),
    "Amazon cancels a day later": lambda p: p.setattr(
        AutoCancelSchedule, "at", lambda one, ship_by, real=AutoCancelSchedule.at: (real(one, ship_by) or 0) + DAY
    ),
    "what is held does not count": lambda p: p.setattr(RateCounting, "is_pending", staticmethod(lambda facts: False)),
    "a situation forgets what was handed over": lambda p: everywhere(
        p, lambda row: situation_of(row)._replace(dispatched=Dispatched.UNKNOWN), situation_of
    ),
    "promotions are not taken off": _of_property(LineAmounts, "total", _without_promotion),
    "what went back may go again": lambda p: p.setattr("ordertui.store.repositories.orders.sum_refunds", lambda _: {}),
    "cancelled lines may be refunded": _of_property(OrderLine, "is_active", lambda line: True),
    "a journal that holds nothing": lambda p: everywhere(p, lambda action, state: False, holds_order),
    "the rules deny what they allow": _deny_row,
    "unknown cancellations are free": lambda p: p.setattr(Policy, "counts_history", lambda *_: YesNo.NO),
    "lines suffice always": lambda p: everywhere(p, lambda action, facts, program=None: None, lines_denial),
    "room for one more": lambda p: everywhere(p, lambda *a, **k: headroom(*a, **k) + 1, headroom),
    "a day's orders are counted twice": lambda p: p.setattr(
        RateQueries, "count_day",
        lambda one, *a, real=RateQueries.count_day: (real(one, *a)[0], [(n, c, k * 2) for n, c, k in real(one, *a)[1]]),
    ),
    "to ship although Amazon ships it": _mutate_queue("to_ship", "channel:merchant "),
    "to ship although it is being cancelled": _mutate_queue("to_ship", queues._NO_CANCEL_UNDER_WAY),
    "the status line forgets a denial": lambda p: p.setattr(Eligibility, "denied_ids", lambda *_: []),
    "the filter forgets a denial": lambda p: p.setattr(Eligibility, "_denied", lambda *_: None),
    "whatever was asked for is free": lambda p: p.setattr(Eligibility, "counts", lambda *_: False),
}  # fmt: skip
"""What is broken, and how."""


RULE = '[[rule]]\nid = "r"\nwhen = "sku:SKU-9"\neffect = "deny"\nwhy = "not this one"\naction = ["cancel"]\n'
PARTS = {"item_price": "20.00", "gift_wrap_price": "3.00", "item_promotion_discount": "4.00"}


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one order of each kind whose numbers could go wrong by themselves."""
    folder = tmp_path_factory.mktemp("busy")
    (folder / "house.toml").write_text(RULE, encoding="utf-8")
    with open_busy(folder / "orders.db") as session:
        everything = [
            *(all_orders_row(n, **PARTS) for n in (1, 2, 9)),
            all_orders_row(3, fulfillment_channel="Amazon", age=8 * DAY),
            all_orders_row(4, quantity=2),
            all_orders_row(4, sku="SKU-4b"),
            *(all_orders_row(n, "Shipped", **PARTS) for n in (5, 6)),
            all_orders_row(7, "Cancelled"),
            all_orders_row(8, "Unshipped", age=2 * DAY, sku="SKU-8"),
            all_orders_row(10, "Shipped", age=6 * DAY + 20 * 3600),
            all_orders_row(11, age=8 * DAY),
            all_orders_row(12, "Shipped", **PARTS),
            all_orders_row(12, "Shipped", item_status="Cancelled", sku="SKU-12b"),
            all_orders_row(13, item_status="Cancelled", quantity=0, sku="SKU-13b"),
            all_orders_row(13, sku="SKU-9"),
        ]
        waiting = [
            *(unshipped_row(n) for n in (1, 2, 5, 6, 9)),
            unshipped_row(4, quantity_purchased=2, quantity_shipped=1),
            unshipped_row(8, "true", age=2 * DAY),
            unshipped_row(11, age=8 * DAY),
        ]
        bring(session, folder, everything=everything, open_=waiting)
        bring(session, folder, everything=[all_orders_row(n, "Shipped", updated=NOW, **PARTS) for n in (5, 6)])
        session.facts.set_dispatched([session.orders.id_of(order_id(1)) or 0], Dispatched.YES)
        ids = session.orders.ids_of(order_id(n) for n in (2, 6))
        choices = PlanChoices("Other")
        for action, number in ((Action.REFUND, 6), (Action.CANCEL, 2)):
            (plan,) = session.planner.plan(
                action, [ids[order_id(number)]], choices if action is Action.REFUND else NO_CHOICES
            )
            batch = session.batches.commit(plan, typed="1")
            if action is Action.REFUND:
                session.batches.release(batch.id)
                session.dispatcher.run()
    return folder / "orders.db"


def open_busy(store: Path) -> Session:
    house = store.parent / "house.toml"
    return Session.open(store, clock=FixedClock(NOW), config=Config(policy_file=str(house)))


def recount_busy(store: Path) -> list[str]:
    with open_busy(store) as session:
        return [str(one) for one in session.recount().run()]


def test_the_busy_store_agrees(busy: Path) -> None:
    assert recount_busy(busy) == []


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_fault_of_the_program_is_found(mutant: str, busy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[mutant](monkeypatch)
    assert recount_busy(busy)

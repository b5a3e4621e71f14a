"""Whether a condition can be true at all, and whether one implies another, against trying every order and batch."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from ordertui.orders.enums import BuyerRequest, CancelledBy, Channel, Dispatched, OrderStatus, Refunded, YesNo
from ordertui.orders.money import Money
from ordertui.orders.order import OrderRow
from ordertui.rules.language import Condition, HasOrderFields, parse, predicate
from ordertui.rules.policy import satisfiability
from ordertui.rules.policy.edition import load_edition
from ordertui.rules.situation import situation_of
from rules.policy.test_bundled import policy
from support.shops import NOW

ATOMS = (
    "status:shipped", "status:unshipped", "status:unshipped,cancelled", "total>50", "total>50USD", "total<=50",
    "total:unknown",
    "total>10EUR", "late", "request:official", "buyer-requested:no", "dispatched:yes", "action:cancel",
    "action:refund", "counts:no", "counts:yes",
    "items:1", "items>2", "items<2", "batch-orders>3", "batch-orders<2", "batch-orders:2", "rate-after>=2%",
    "rate-after<1%", "rate-after:unknown",
    "sku-cancels>1", "batch-total>100USD", "batch-total:unknown", "prime", "channel:merchant",
)  # fmt: skip


def order(**more: Any) -> OrderRow:
    values: dict[str, Any] = {
        "id": 1, "order_id": "1", "marketplace": "US", "channel": Channel.MERCHANT, "status": OrderStatus.UNSHIPPED,
        "purchased_at": NOW,
        "ship_by": None, "items": 1, "units_shipped": 0, "total": None, "dispatched": Dispatched.NO,
        "buyer_request": BuyerRequest.NONE,
        "cancelled_by": CancelledBy.NONE, "refunded": Refunded.NONE, "replacement": YesNo.NO, "business": YesNo.NO,
        "prime": YesNo.NO,
        "title": None, "sku": None, "open_action": None, "version": 1,
    }  # fmt: skip
    return OrderRow(**(values | more))


class One:
    """An order in a batch."""

    lines = ()

    def __init__(self, row: OrderRow, facts: dict[str, Any]) -> None:
        self.row = row
        self.facts = facts


def everything(rng: random.Random) -> list[One]:
    """Orders and batches at every edge the atoms name: all of the small facts, the rest drawn."""
    found = []
    totals = (
        None,
        Money(1000, "EUR"),
        Money(1001, "EUR"),
        Money(5000, "USD"),
        Money(5001, "USD"),
        Money(1, "USD"),
        Money(5001, "EUR"),
    )
    for status, total, items in product(OrderStatus, totals, (None, 0, 1, 2, 3)):
        for request, dispatched in product(BuyerRequest, Dispatched):
            for _ in range(2):
                facts = {
                    "batch-orders": rng.choice((1, 2, 3, 4)), "rate-after": rng.choice((Fraction(0), Fraction(1, 100),
                    Fraction(2, 100), Fraction(15, 1000))),
                    "sku-cancels": rng.choice((0, 1, 2)), "batch-total": Money(rng.choice((0, 10_000, 10_001)),
                    "USD"), "unpriced": rng.random() < 0.5, "uncovered": rng.random() < 0.5,
                }  # fmt: skip
                row = order(
                    status=status, total=total, items=items, buyer_request=request, dispatched=dispatched,
                    units_shipped=rng.choice((None, 0, 1)),
                    ship_by=rng.choice((None, NOW - 1, NOW, NOW + 1)), channel=rng.choice(list(Channel)),
                    prime=rng.choice(list(YesNo)),
                    cancelled_by=rng.choice(list(CancelledBy)), refunded=rng.choice(list(Refunded)),
                )  # fmt: skip
                found.append(One(row, facts))
    return found


RULES = policy()
TABLES = load_edition("amazon").tables


@pytest.fixture(scope="module")
def orders() -> list[One]:
    """Make them when the first test needs them: every worker reads this module."""
    return everything(random.Random(4))


def decide(row: OrderRow, kind: str, value: str) -> bool:
    from ordertui.operations.order_rules import decides
    from ordertui.rules.situation import situation_number

    return decides(RULES, situation_number(situation_of(row)), kind, value)


def text(rng: random.Random, depth: int = 0) -> str:
    if depth > 2 or rng.random() < 0.3:
        return ("-" if rng.random() < 0.3 else "") + rng.choice(ATOMS)
    glue = rng.choice((" ", " ", " or "))
    return "(" + glue.join(text(rng, depth + 1) for _ in range(rng.randint(2, 3))) + ")"


def formula(condition: Condition) -> satisfiability.Formula:
    return satisfiability.build_formula(condition, TABLES.__getitem__)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_called_impossible_fits_no_order(seed: int, orders: list[One]) -> None:
    rng = random.Random(seed)
    first, second = (parse(text(rng), now=NOW, zone="UTC", plan=True) for _ in range(2))
    tests = [predicate(c, decide=decide, auto_cancel_at=lambda _: None, batch=_Batch()) for c in (first, second)]
    hits = [one for one in orders if tests[0](one)]
    if hits:
        assert satisfiability.is_satisfiable(formula(first))
    if not all(tests[1](one) for one in hits):
        assert not satisfiability.implies(formula(first), formula(second))
    assert satisfiability.implies(formula(first), formula(first))
    assert not satisfiability.is_satisfiable(
        satisfiability.AllOf((formula(first), satisfiability.Negation(formula(first))))
    )


class _Batch:
    """Each subject knows its own batch."""

    def fact(self, subject: HasOrderFields, name: str) -> Any:
        assert isinstance(subject, One)
        return subject.facts[name]

    def unknown(self, subject: HasOrderFields, name: str) -> bool:
        assert isinstance(subject, One)
        return bool(subject.facts["unpriced" if name == "batch-total" else "uncovered"])


@pytest.mark.parametrize("field", ["batch-total>100USD", "day-total>100USD", "rate-after>=2%"])
def test_what_is_known_of_a_batch_is_compared_though_a_part_is_unknown(field: str) -> None:
    unknown = f"{field.partition('>')[0]}:unknown"
    both = parse(f"{field} {unknown}", now=NOW, zone="UTC", plan=True)
    assert satisfiability.is_satisfiable(formula(both))
    known, missing = (formula(parse(text, now=NOW, zone="UTC", plan=True)) for text in (field, f"-{unknown}"))
    assert not satisfiability.implies(known, missing)


@pytest.mark.parametrize(
    "impossible",
    [
        "status:shipped late", "total>50 total<=50", "total:unknown total>1", "items>2 items<2",
        "action:cancel status:shipped", "action:cancel -channel:merchant",
        "counts:no request:none status:unshipped", "batch-orders<1", "batch-orders>1 batch-orders<2",
        "rate-after>100%", "prime -prime", "sku:A -sku:A",
        "action:cancel action:refund", "placed<2026-01-01 placed>2026-02-01", "total>10USD total>10EUR",
        "auto-cancel<1d status:shipped", "items:unknown items:1",
        "sku-cancels:unknown",
    ],
)  # fmt: skip
def test_impossible(impossible: str) -> None:
    assert not satisfiability.is_satisfiable(formula(parse(impossible, now=NOW, zone="UTC", plan=True)))


@pytest.mark.parametrize(
    "possible",
    [
        "",
        "sku:A sku:B",
        "total>50 total<51",
        "items>1 items<3",
        "late",
        "action:cancel counts:no",
        "action:refund status:unshipped",
        "yoga -mat",
        "state:held",
    ],
)
def test_possible(possible: str) -> None:
    assert satisfiability.is_satisfiable(formula(parse(possible, now=NOW, zone="UTC", plan=True)))


def test_a_condition_that_takes_too_long_is_refused() -> None:
    """More pigeons than holes: nothing fits, and no short way shows it."""
    pigeons, holes = range(6), range(5)
    somewhere = " ".join("(" + " or ".join(f"p{p}{h}" for h in holes) + ")" for p in pigeons)
    apart = " ".join(f"-(p{p}{h} p{q}{h})" for h in holes for q in pigeons for p in range(q))
    condition = formula(parse(f"{somewhere} {apart}", now=NOW, zone="UTC", plan=True))
    with pytest.raises(satisfiability.TooComplex, match="split it"):
        satisfiability.is_satisfiable(condition, satisfiability.Budget(100))
    assert not satisfiability.is_satisfiable(condition)

"""The set chosen in a shortage is the least harmful there is: compared with every other set of small shops."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.rules import shortage, unit_cover
from ordertui.rules.shortage import Harm, Shortage, WaitingOrder, Weigher, Why
from support.profile import LONG

FREE = Harm(0, 0, 0, 0, 0)
USUAL = Harm(1, 0, 1, 100, 0)
SHOPS = 20_000 if LONG else 400


def order(
    number: int, units: Mapping[str, int], *, harm: Harm = USUAL, can: bool = True, asked: bool = False
) -> WaitingOrder:
    return WaitingOrder(number, tuple(units.items()), harm, is_cancellable=can, is_requested=asked)


def weigh(
    orders: Sequence[WaitingOrder], available: Mapping[str, int], cancel: Iterable[int] = (), keep: Iterable[int] = ()
) -> Shortage:
    return Weigher(orders, available).weigh(cancel=set(cancel), keep=set(keep))


def freed(orders: Iterable[WaitingOrder]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in orders:
        for sku, units in one.units:
            found[sku] = found.get(sku, 0) + units
    return found


def least_harm(
    orders: Sequence[WaitingOrder], available: Mapping[str, int], cancel: Iterable[int] = (), keep: Iterable[int] = ()
) -> tuple[int, ...]:
    """The least harm of any set, by trying every one: the slow and obvious way."""
    ordered = freed(orders)
    short = {sku: ordered.get(sku, 0) - units for sku, units in available.items() if ordered.get(sku, 0) > units}
    holding = [one for one in orders if one.is_cancellable and any(sku in short for sku, _ in one.units)]
    fixed = [one for one in holding if one.id not in keep and (one.id in cancel or one.is_requested)]
    free = [one for one in holding if one.id not in keep and one not in fixed]
    most = freed([*fixed, *free])
    best = None
    for size in range(len(free) + 1):
        for chosen in combinations(free, size):
            back = freed([*fixed, *chosen])
            if all(back.get(sku, 0) >= min(units, most.get(sku, 0)) for sku, units in short.items()):
                harm = tuple(sum(level) for level in zip(*(one.harm for one in (*fixed, *chosen)), strict=True)) or FREE
                best = harm if best is None else min(best, harm)
    assert best is not None
    return tuple(best)


@st.composite
def shops(draw: st.DrawFn) -> tuple[list[WaitingOrder], dict[str, int]]:
    skus = [f"SKU-{number}" for number in range(draw(st.integers(1, 4)))]
    harms = st.builds(
        Harm, st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.integers(0, 40), st.integers(0, 3)
    )
    orders = [
        order(
            number,
            draw(st.dictionaries(st.sampled_from(skus), st.integers(1, 5), min_size=1)),
            harm=draw(harms),
            can=draw(st.integers(0, 5)) > 0,
            asked=draw(st.integers(0, 7)) == 0,
        )
        for number in range(draw(st.integers(0, 12 if LONG else 9)))
    ]
    return orders, {sku: draw(st.integers(0, 14)) for sku in skus}


@settings(max_examples=SHOPS, deadline=None)
@given(shops(), st.sets(st.integers(0, 11), max_size=2), st.sets(st.integers(0, 11), max_size=2))
def test_no_other_set_does_less_harm(
    shop: tuple[list[WaitingOrder], dict[str, int]], cancel: set[int], keep: set[int]
) -> None:
    orders, available = shop
    found = weigh(orders, available, cancel=cancel, keep=keep)
    assert found.is_exact
    assert tuple(found.harm) == least_harm(orders, available, cancel, keep)
    by_id = {one.id: one for one in orders}
    left = freed(one for one in orders if one.id not in found.chosen)
    for sku, units in available.items():
        assert left.get(sku, 0) <= units + found.missing.get(sku, 0)
        if sku in found.missing:  # as much as can be freed is freed
            holders = [one for one in orders if sku in dict(one.units) and one.id not in found.chosen]
            assert all(not one.is_cancellable or one.id in keep for one in holders)
    assert all(by_id[number].is_cancellable for number in found.chosen)
    short = {sku for sku in available if freed(orders).get(sku, 0) > available[sku]}
    holding = {one.id for one in orders if any(sku in short for sku, _ in one.units)}
    assert found.chosen.keys() | found.kept.keys() == holding
    assert not found.chosen.keys() & found.kept.keys()


def test_twelve_lamps_for_forty() -> None:
    """Each order of one lamp: those that do not count go first, then the cheapest, then the latest."""
    orders = [order(number, {"LAMP": 1}, harm=Harm(number % 4 > 0, 0, 1, 1000 + number, 0)) for number in range(40)]
    found = weigh(orders, {"LAMP": 12})
    assert len(found.chosen) == 28
    assert {number for number in range(40) if number % 4 == 0} <= found.chosen.keys()
    assert max(found.chosen) == 39 - 3
    assert found.harm.counts == 18


def test_requests_go_first_and_all_of_them() -> None:
    orders = [
        order(1, {"LAMP": 1}, asked=True, harm=FREE),
        order(2, {"LAMP": 1}, asked=True, harm=FREE),
        order(3, {"LAMP": 1}),
    ]
    found = weigh(orders, {"LAMP": 2})
    assert found.chosen == {1: Why.REQUESTED, 2: Why.REQUESTED}
    assert found.kept == {3: Why.ENOUGH_UNITS}


def test_an_order_of_two_skus_frees_both() -> None:
    orders = [order(1, {"A": 1, "B": 1}), order(2, {"A": 1}), order(3, {"B": 1})]
    assert weigh(orders, {"A": 1, "B": 1}).chosen == {1: Why.LEAST_HARM}


def test_what_may_not_be_cancelled_stays_missing() -> None:
    orders = [order(1, {"A": 3}, can=False), order(2, {"A": 1})]
    found = weigh(orders, {"A": 1})
    assert found.chosen == {2: Why.LEAST_HARM}
    assert found.kept == {1: Why.DENIED}
    assert found.missing == {"A": 2}


def test_nothing_short_cancels_nothing() -> None:
    found = weigh([order(1, {"A": 1}, asked=True)], {"A": 1})
    assert (dict(found.chosen), dict(found.kept), found.is_exact) == ({}, {}, True)


@pytest.mark.parametrize(("seed", "largest"), [*((seed, 7) for seed in range(40)), *((seed, 50) for seed in range(20))])
def test_quantities_of_one_sku_against_every_count(seed: int, largest: int) -> None:
    """Some hundred orders of one SKU: the neighbourhood search equals the table over all counts."""
    rng = random.Random(seed)
    many = largest > 7  # harm of several levels as one number, as shortages have it
    weights = (0, 10**9, 10**9 + 10**6) if many else (0,)
    items = [
        (
            rng.choice((1, 2, 5, 10, 20, 50)) if many else rng.randint(1, largest),
            rng.choice(weights) + rng.randint(0, 60),
            n,
        )
        for n in range(120)
    ]
    need = rng.randint(1, sum(item[0] for item in items))
    best: list[float] = [0.0] + [float("inf")] * need
    for units, weight, _ in items:
        for place in range(need, 0, -1):
            best[place] = min(best[place], best[max(0, place - units)] + weight)
    found = unit_cover.cover(need, items)
    assert found.is_exact
    assert found.cost == best[need]
    by_id = {number: (units, weight) for units, weight, number in items}
    assert sum(by_id[number][0] for number in found.orders) >= need
    assert sum(by_id[number][1] for number in found.orders) == found.cost


def test_a_bound_is_said_where_the_search_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shortage, "MOST_VISITS", 0)
    monkeypatch.setattr(unit_cover, "MOST_STEPS", 0)
    cut = 0
    for seed in range(60):
        rng = random.Random(seed)
        orders = [
            order(
                number,
                {sku: rng.randint(1, 4) for sku in rng.sample("ABC", rng.randint(1, 3))},
                harm=Harm(rng.randint(0, 1), 0, 0, rng.randint(0, 9), 0),
            )
            for number in range(8)
        ]
        available = {sku: rng.randint(0, 6) for sku in "ABC"}
        found = weigh(orders, available)
        best = least_harm(orders, available)
        assert tuple(found.harm) >= best
        assert found.at_least_counting <= best[0]
        if found.is_exact:
            assert tuple(found.harm) == best
        cut += not found.is_exact
    assert cut > 5

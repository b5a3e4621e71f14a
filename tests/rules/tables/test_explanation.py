"""Explanations: the facts that decided, and the nearest row with what stands in the way, against a slow search."""

from __future__ import annotations

import random

from ordertui.orders.enums import Action, BuyerRequest, Dispatched, OrderStatus
from ordertui.rules.policy.edition import DECIDING
from ordertui.rules.situation import SITUATIONS, Confirmed, situation_from_number
from rules.policy.test_bundled import BASE, policy


def test_the_facts_that_decided() -> None:
    found = policy().explain(BASE._replace(dispatched=Dispatched.NO, buyer_request=BuyerRequest.MESSAGE), Action.CANCEL)
    assert (found.rule, found.allowed) == ("A4", True)
    assert found.because == ("channel is merchant", "status is unshipped", "confirmed is no", "dispatched is no")
    assert (found.counts_rule, found.counts_because) == ("C3", ("buyer_request is message",))
    assert found.nearest is None
    assert "(read 2026-11-23)" in found.source
    assert "(read 2026-11-23)" in found.counts_source


def test_why_not() -> None:
    order = BASE._replace(status=OrderStatus.SHIPPED, confirmed=Confirmed.ALL)
    found = policy().explain(order, Action.CANCEL)
    assert (found.rule, found.instead) == ("A9", Action.REFUND)
    assert str(found.nearest) == "A5 would need status unshipped (it is shipped); confirmed no (it is all)"
    assert (found.counts, found.counts_rule) == (None, "")


def test_the_nearest_row_is_the_nearest_of_all() -> None:
    rules = policy()
    for number in random.Random(3).sample(range(SITUATIONS), 300):
        order = situation_from_number(number)
        for action in Action:
            found = rules.explain(order, action)
            assert (found.nearest is None) is found.allowed
            if found.nearest is None:
                continue
            distances = {}
            for row in rules.table(action.value).rows:
                if row.then["allowed"] is True:
                    inside = [
                        mask >> fact.values.index(v) & 1
                        for mask, fact, v in zip(row.box, DECIDING, (*order, "US"), strict=True)
                    ]
                    distances[row.id] = inside.count(0)
            assert len(found.nearest.needs) == min(distances.values()) == distances[found.nearest.rule]
            for need in found.nearest.needs:
                fact = need.split()[0]
                assert need.endswith(f"(it is {getattr(order, fact)})")

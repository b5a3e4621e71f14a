"""A day in a filter is that of the order's own marketplace: in the table, a colour, a house rule and a plan alike."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ordertui.operations.config import ColourRule, Config
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import zone_of
from support import places
from support.places import on_both
from support.shops import NOW, all_orders_row, bring, unshipped_row

pytestmark = on_both

RULE = """
[[rule]]
id = "today"
when = "placed:today"
effect = "deny"
why = "they stay"
"""
MARKETS = {"US": 20, "JP": 60, "DE": 30}
"""Most orders are of Japan; its day begins 17 hours before that of the US."""


def days(marketplace: str, placed: int, now: int) -> int:
    """Return how many days ago it was placed, as people of the marketplace count."""
    zone = ZoneInfo(zone_of(marketplace))
    return (datetime.fromtimestamp(now, zone).date() - datetime.fromtimestamp(placed, zone).date()).days


@pytest.mark.parametrize("hours", [0, 2, 9, 17])
def test_each_order_has_the_day_of_its_marketplace(tmp_path: Path, hours: int) -> None:
    (tmp_path / "house.toml").write_text(RULE)
    now = NOW + hours * HOUR
    colours = (ColourRule(filter="placed:today", colour="red"),)
    config = Config(policy_file=str(tmp_path / "house.toml"), colours=colours)
    number, everything, waiting = 0, [], []
    for market, count in MARKETS.items():
        for n in range(count):
            number += 1
            everything.append(all_orders_row(number, market=market, age=n * HOUR))
            waiting.append(unshipped_row(number, market=market, age=n * HOUR))
    with Session.open(places.place(tmp_path / "orders.db"), clock=FixedClock(now), config=config) as session:
        bring(session, tmp_path, everything=everything, open_=waiting)
        rows = session.orders.rows(session.orders.find())
        ago = {n: days(row.marketplace, row.purchased_at or 0, now) for n, row in rows.items()}
        today = {n for n in rows if ago[n] == 0}
        assert set(session.orders.find("placed:today")) == today
        assert set(session.orders.find("placed:yesterday")) == {n for n in rows if ago[n] == 1}
        assert set(session.orders.find("placed:last-2d")) == {n for n in rows if ago[n] in (0, 1)}
        assert set(session.orders.find("-placed<today")) == today
        for market in MARKETS:
            here = {n for n in today if rows[n].marketplace == market}
            assert set(session.orders.find(f"marketplace:{market} placed:today")) == here
        assert {n for n, row in rows.items() if session.colours.rule_of(row)} == today
        plans = session.planner.plan(Action.CANCEL, list(rows))
        assert {out.id for plan in plans for out in plan.out if out.rule == "house today"} == today
        assert not set(session.orders.find("placed:today action:cancel"))

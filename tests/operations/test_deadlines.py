"""When Amazon cancels by itself, where sources differ: the earlier time acts, both are told, stored times keep step."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc, parse_iso
from ordertui.rules.policy.policy import load_policies
from ordertui.tui.main.order_details import describe_order
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

SHIP_BY = parse_iso("2026-11-16T12:00:00Z")
"""Seven days later is 2026-11-23; seven business days are 2026-11-25 in the US."""


def late_shop(folder: Path) -> Session:
    """One order that waits since SHIP_BY."""
    session = open_session(folder, clock=FixedClock(SHIP_BY + 6 * DAY + 2 * HOUR))
    due = {"promise-date": iso_utc(SHIP_BY), "reporting-date": iso_utc(SHIP_BY + 6 * DAY)}
    bring(session, folder, everything=[all_orders_row(1, age=10 * DAY)], open_=[unshipped_row(1, age=10 * DAY) | due])
    return session


@pytest.mark.parametrize(
    ("code", "earliest", "latest"),
    [
        ("US", SHIP_BY + 7 * DAY, parse_iso("2026-11-25T12:00:00Z")),
        ("AU", SHIP_BY + 7 * DAY, parse_iso("2026-11-25T12:00:00Z")),
        ("AE", SHIP_BY + DAY, parse_iso("2026-11-25T12:00:00Z")),
        ("SA", SHIP_BY + 3 * DAY, parse_iso("2026-11-25T12:00:00Z")),
        ("JP", SHIP_BY + 7 * DAY, parse_iso("2026-11-26T12:00:00Z")),
        ("IN", SHIP_BY, SHIP_BY + DAY),
    ],
)
def test_both_times_of_a_marketplace(code: str, earliest: int, latest: int) -> None:
    policy = load_policies(now=lambda: NOW).of(code)
    assert (policy.auto_cancel_at(SHIP_BY), policy.latest_auto_cancel_at(SHIP_BY)) == (earliest, latest)
    sources = {setting.name: setting.source for setting in policy.settings()}
    assert sources["auto_cancel"] != sources["auto_cancel_earliest"]


def test_queue_forecast_and_detail_go_by_the_earliest(tmp_path: Path) -> None:
    with late_shop(tmp_path) as session:
        assert session.orders.count("auto-cancel<24h") == 1
        assert len(session.rate.at_risk("US").ids) == 1
        (effect,) = session.rate.outlook.forecast("US")
        assert effect.after.cancelled == effect.before.cancelled, "it was placed before the window"
        text = " ".join(describe_order(session, order_id(1), is_full=True).plain.split())
        assert "Auto-cancel Nov 23 04:00 PST at the earliest, Nov 25 04:00 PST at the latest" in text


def test_the_command_line_tells_both(tmp_path: Path) -> None:
    late_shop(tmp_path).close()
    base = ["--store", str(tmp_path / "orders.db"), "--as-of", "2026-11-22T14:00:00Z"]
    found = json.loads(CliRunner().invoke(cli, [*base, "show", order_id(1), "--format", "json"]).stdout)
    assert found["facts"]["auto_cancel_at"] == "2026-11-23T12:00:00Z"
    assert found["facts"]["auto_cancel_latest"] == "2026-11-25T12:00:00Z"
    shown = json.loads(CliRunner().invoke(cli, [*base, "policy", "show", "US", "--format", "json"]).stdout)
    values = {record["name"]: (record["value"], record["source"]) for record in shown}
    assert values["auto_cancel"][0] == "7 business days"
    assert values["auto_cancel_earliest"][0] == "7 days"
    assert "G201722390" in values["auto_cancel_earliest"][1]


def test_stored_times_follow_a_changed_policy(tmp_path: Path) -> None:
    """A store of an older version, or another edition in the settings: queues and detail agree again at once."""
    late_shop(tmp_path).close()
    article = Config(policy="article")
    with Session.open(tmp_path / "orders.db", clock=FixedClock(SHIP_BY + 29 * DAY + HOUR), config=article) as session:
        assert session.orders.count("auto-cancel<24h") == 1
        stored = session.context.store.database.required(int, "SELECT auto_cancel_at FROM orders")
        assert stored == SHIP_BY + 30 * DAY
    with open_session(tmp_path, clock=FixedClock(SHIP_BY + 6 * DAY + 2 * HOUR)) as session:
        assert session.orders.count("auto-cancel<24h") == 1

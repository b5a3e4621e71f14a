"""A rate of which some days are missing is not known: on every surface, by the same words."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.cli.main import cli
from ordertui.cli.messages import plan_sentences
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import Action
from ordertui.rules.rate import RateStatus
from ordertui.tui.render.format import format_rate
from ordertui.tui.render.plan import PlanLook, render_details, render_head
from ordertui.tui.render.rate_panel import RatePanel, render_rate_panel, render_rate_strip
from ordertui.tui.render.rate_report import Course, render_rate
from support.shops import all_orders_row, bring, open_session, unshipped_row

AS_OF = ["--as-of", "2026-11-23T14:05:00Z"]


def is_told(reported: set[int], waiting: set[int]) -> bool:
    """Whether reports tell of each of the 7 days that end today, the slow way. Days are given by their age."""
    newest = min(reported | waiting)
    for age in range(7):
        begins = any(one >= age for one in reported)
        ends_before = age > 0 and age < newest
        has_open_only = age > 0 and age in waiting and age not in reported
        if not begins or ends_before or has_open_only:
            return False
    return any(age < 7 for age in reported)


def shop(folder: Path, reported: set[int], waiting: set[int]) -> Session:
    """All Orders of some days, of ten orders each, and orders of some days from the Unshipped report."""
    session = open_session(folder)
    rows = [
        all_orders_row(100 * age + n, "Shipped" if n else "Cancelled", age=age * DAY + 2 * HOUR)
        for age in reported
        for n in range(10)
    ]
    open_ = [unshipped_row(90 + n, age=n * DAY + 2 * HOUR, reporting_date="", promise_date="") for n in waiting]
    bring(session, folder, is_all=False, everything=rows, open_=open_)
    return session


def texts(session: Session) -> dict[str, str]:
    """What the screen and the plan say of the rate when every waiting order is marked."""
    ids = session.orders.find("status:unshipped")
    (effect,) = session.rate.calculator.effects("US", ids)
    (plan,) = session.planner.plan(Action.CANCEL, ids)
    panel = RatePanel(
        effects=[effect], has_marks=True, name="US", elsewhere=(), sparkline="", rolls_off=0, at_risk=0, is_pinned=False
    )
    course = Course(effect, tuple(session.rate.trend.course("US", ids)), 0, len(ids))
    look = PlanLook(plan, len(ids))
    return {
        "panel": render_rate_panel(panel).plain,
        "strip": render_rate_strip(panel).plain,
        "in full": render_rate(course, 120, 12).plain,
        "preview": "\n".join(line.plain for line in render_head(look, 160, 30)),
        "details": render_details(look).plain,
        "command line": "\n".join(plan_sentences(plan)),
    }


@given(st.sets(st.integers(0, 9), min_size=1), st.sets(st.integers(0, 6), min_size=1))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_surface_says_the_same(reported: set[int], waiting: set[int]) -> None:
    known = is_told(reported, waiting)
    with TemporaryDirectory() as name:
        with shop(Path(name), reported, waiting) as session:
            ids = session.orders.find("status:unshipped")
            (effect,) = session.rate.calculator.effects("US", ids)
            for figure in (effect.before, effect.after):
                assert (figure.reason == "", figure.share is not None) == (known, known)
                assert (figure.status == RateStatus.UNKNOWN) is not known
                assert known or figure.headroom == 0
            for where, text in texts(session).items():
                assert (format_rate(effect.after) in text) if known else ("%" not in text.replace("2.5 %", "")), where
                assert known or "more allowed" not in text or "unknown how many" in text, where
            (plan,) = session.planner.plan(Action.CANCEL, ids)
            assert any("rate is not known" in warning for warning in plan.warnings) is not known
            today = next(point for point in session.rate.trend.course("US") if not point.ahead)
            assert (today.status == RateStatus.UNKNOWN) is not known
            assert (session.rate.outlook.days("US")[0].status == RateStatus.UNKNOWN) is not known
            assert bool(session.notifications.unknowns()) is not known
        found = CliRunner().invoke(cli, ["--store", str(Path(name) / "orders.db"), *AS_OF, "rate", "--format", "json"])
        (record,) = json.loads(found.stdout)
        assert (record["reason"] == "", record["rate"] is not None, record["status"] != "unknown") == (known,) * 3


def test_the_reason_names_the_days_that_are_told_of(tmp_path: Path) -> None:
    cases = (
        (
            {0, 1, 2},
            "3 of these 7 days, 2026-11-21 to 2026-11-23: import the All Orders report of the last 7 days, and",
        ),
        ({3, 8}, "4 of these 7 days, 2026-11-17 to 2026-11-20: import the All Orders report of the last 7 days"),
    )
    for number, (reported, words) in enumerate(cases):
        with shop(tmp_path / str(number), reported, set()) as session:
            assert words in session.rate.calculator.effects("US")[0].before.reason

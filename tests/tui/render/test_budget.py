"""Budgets on the screen: used and left in the panel, the rate in full and the preview."""

from __future__ import annotations

from pathlib import Path

from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.render.plan import PlanLook, render_head
from ordertui.tui.render.rate_panel import RatePanel, render_rate_panel, render_rate_strip
from ordertui.tui.render.rate_report import render_figures
from ordertui.tui.screens.rate import courses
from support.shops import NOW, all_orders_row, bring, unshipped_row


def test_used_and_left_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    file.write_text("[budget]\nday = 2\nweek = 9\n", encoding="utf-8")
    config = Config(policy_file=str(file))
    with Session.open(tmp_path / "orders.db", clock=FixedClock(NOW), config=config) as session:
        numbers = range(1, 4)
        rows = [all_orders_row(n, age=HOUR) for n in numbers]
        bring(session, tmp_path, everything=rows, open_=[unshipped_row(n, "false", age=HOUR) for n in numbers])
        ids = session.orders.find("status:unshipped")
        (plan,) = session.planner.plan(Action.CANCEL, ids)
        head = [line.plain for line in render_head(PlanLook(plan, 3, 0, "", ()), 100, 30)]
        assert any("Budget" in line and "today 0 → 3 of 2, 1 over" in line for line in head)
        assert any("this week 0 → 3 of 9, 6 left" in line for line in head)
        session.batches.commit(plan, typed="3")

        budgets = session.rate.budgets.of("US")
        panel = RatePanel(
            effects=session.rate.calculator.effects("US"), has_marks=False, name="US", elsewhere=(), sparkline="",
            rolls_off=0, at_risk=0, budgets=budgets, is_pinned=False,
        )  # fmt: skip
        lines = render_rate_panel(panel).plain.split("\n")
        assert " budget  today 3 of 2, 1 over" in lines
        assert "         this week 3 of 9, 6 left" in lines
        assert "budget today 3 of 2, 1 over" in render_rate_strip(panel).plain
        (course, *_) = courses(session, "US", ())
        assert "budget  today 3 of 2, 1 over   this week 3 of 9, 6 left" in render_figures(course).plain

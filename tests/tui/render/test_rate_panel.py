"""The rate in one line: another marketplace is named before the target, and the orders behind the share always."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from ordertui.messages import CHINESE, ENGLISH
from ordertui.operations.rate.figures import RateEffect, RateFigure
from ordertui.orders.clock import FixedClock
from ordertui.tui.render.format import cut_parts
from ordertui.tui.render.rate_panel import WIDTH, RatePanel, counting, render_rate_panel, render_rate_strip
from support.languages import speaking
from support.shops import NOW, all_orders_row, bring, open_session, unshipped_row


def figure_of(orders: int, cancelled: int, reason: str = "") -> RateFigure:
    status = "unknown" if reason else "no orders" if not orders else "over" if cancelled * 40 >= orders else "ok"
    return RateFigure("US", 7, 0, 0, "UTC", orders, cancelled, cancelled, "0.025", 0, status, "", reason=reason)


@pytest.mark.parametrize("width", [64, 78])
def test_where_cells_are_few_the_target_is_left_out_first(tmp_path: Path, width: int) -> None:
    with open_session(tmp_path, clock=FixedClock(NOW)) as session:
        numbers = range(1, 5)
        bring(
            session,
            tmp_path,
            everything=[all_orders_row(n) for n in numbers],
            open_=[unshipped_row(n) for n in numbers],
        )
        effects = session.rate.calculator.effects("US", session.orders.find("status:unshipped"))
        panel = RatePanel(
            effects=effects, has_marks=True, name="US", elsewhere=[("CA", 2, effects[0])], sparkline="", rolls_off=0,
            at_risk=0, is_pinned=False,
        )  # fmt: skip
        line = cut_parts(render_rate_strip(panel, is_short=True), width).plain
        assert line.startswith("US 7 d 0/4 0.00 % ✓ → 100.00 % ✗ · none left · CA 100.00 % ✗")
        assert "target" not in line
        assert "target < 2.5 %" in render_rate_strip(panel).plain


@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
@pytest.mark.parametrize("count", [1, 999, 4_458, 123_456])
@pytest.mark.parametrize(("orders", "cancelled"), [(0, 0), (5_000, 110), (9_999, 9_999), (40, 1)])
@pytest.mark.parametrize("reason", ["", "no All Orders report"])
def test_no_line_of_the_panel_is_wider_than_it(
    language: str, count: int, orders: int, cancelled: int, reason: str
) -> None:
    with speaking(language):
        figure = figure_of(orders, cancelled, reason)
        panel = RatePanel(
            effects=[RateEffect(figure, figure)], has_marks=True, name="US",
            elsewhere=[("CA", count, RateEffect(figure, figure)), ("MX", 0, RateEffect(figure, figure))],
            sparkline="", rolls_off=0, at_risk=min(count, 9_999), outdated=count, is_pinned=False,
        )  # fmt: skip
        for shown in (panel, counting(panel)):
            lines = render_rate_panel(shown).plain.splitlines()
            assert [line for line in lines if cell_len(line) > WIDTH + 1] == []
        marked = next(line for line in render_rate_panel(panel).plain.splitlines() if line.startswith(" CA"))
        assert marked.endswith(f"{count:,} ●")


def test_while_marks_are_counted_nothing_is_said_of_other_marks() -> None:
    effect = RateEffect(figure_of(40, 1), figure_of(40, 30))
    panel = RatePanel(
        effects=[effect], has_marks=True, name="US", elsewhere=[("CA", 7, effect)], sparkline="", rolls_off=0,
        at_risk=0, is_pinned=False,
    )  # fmt: skip
    text = render_rate_panel(counting(panel)).plain
    assert "counting the marked" in text
    assert "mark orders to see it" not in text
    assert "75.00" not in text
    assert "7 ●" not in text
    line = render_rate_strip(counting(panel)).plain
    assert "→ …" in line
    assert "allowed" not in line

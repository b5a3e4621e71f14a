"""The rate in one line: another marketplace is named before the target, and the orders behind the share always."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.orders.clock import FixedClock
from ordertui.tui.render.format import cut_parts
from ordertui.tui.render.rate_panel import RatePanel, render_rate_strip
from support.shops import NOW, all_orders_row, bring, open_session, unshipped_row


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

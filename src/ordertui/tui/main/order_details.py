"""The text of one order for the detail pane, or in full."""

from __future__ import annotations

from textual.content import Content

from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import zone_of
from ordertui.tui.render.order_detail import PANE, OrderDetail, render_order

MAX_WIDTH = 100
"""Cells of a line in the full text, at most."""


def describe_order(session: Session, order_id: str, *, screen_width: int | None = None) -> Content:
    """Return the order as text for the pane, or in full for a screen of `screen_width` cells; empty when it is gone."""
    order = session.orders.get(order_id)
    if order is None:
        return Content("")
    is_full = screen_width is not None
    detail = OrderDetail(
        order=order,
        verdicts=session.eligibility.verdicts(order.row, order.lines),
        deadline=session.eligibility.deadline(order.row),
        latest=session.eligibility.latest_deadline(order.row),
        now=session.clock.now(),
        zone=zone_of(order.row.marketplace),
        is_full=is_full,
        api_facts=session.orders.api_facts(order.row.id),
        history=session.orders.timeline(order) if is_full else (),
        explanations=[session.planner.explain(order, action) for action in Action] if is_full else (),
        width=PANE if screen_width is None else min(MAX_WIDTH, screen_width * 9 // 10 - 6),
    )
    return render_order(detail)

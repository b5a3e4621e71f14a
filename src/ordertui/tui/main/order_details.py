"""The text of one order for the detail pane, or in full."""

from __future__ import annotations

from textual.content import Content

from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import ListedFacts
from ordertui.tui.keymap import Keymap
from ordertui.tui.render.order_detail import PANE, OrderDetail, OrderKeys, render_order


def describe_order(
    session: Session,
    order_id: str,
    *,
    width: int = PANE,
    is_full: bool = False,
    in_dialog: bool = False,
    keymap: Keymap | None = None,
) -> Content:
    """Return the order as text in lines of `width` cells; empty when it is gone. `keymap`: whose keys it names; those
    of facts do nothing in a dialog, and are not named there.
    """
    order = session.orders.get(order_id)
    if order is None:
        return Content("")
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
        width=width,
        keys=_keys(keymap or Keymap(), in_dialog=in_dialog),
        claim=session.claims.of(order.row.id),
        listed=session.orders.listed((order.row,)).get(order.row.id, ListedFacts()),
    )
    return render_order(detail)


def _keys(keymap: Keymap, *, in_dialog: bool) -> OrderKeys:
    actions = {action: keymap.first_key(f"order.{action.value}") for action in Action}
    facts = ("order.asked", "order.dispatched", "order.not_dispatched")
    return OrderKeys(actions, *("" if in_dialog else keymap.first_key(one) for one in facts))

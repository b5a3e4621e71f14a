"""A plan's orders in groups: those that are in by reason, those that are out by why."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.text import Text

from ordertui.operations.planning.other_items import other_items
from ordertui.operations.planning.plan import ExcludedOrder, Plan, PlanLine, PlannedOrder
from ordertui.orders.enums import Action
from ordertui.orders.money import format_money

from .format import ACTION_WORD


class PlanGroup(msgspec.Struct, frozen=True):
    """Orders with the same outcome."""

    key: str
    """What its orders have in common; the same while the plan is made anew."""
    label: Text
    is_in: bool
    members: tuple[PlannedOrder | ExcludedOrder, ...]


def group_plan(plan: Plan) -> list[PlanGroup]:
    """Return the groups, those that are in first; each kind in the order of its first order."""
    ins: dict[str, list[PlannedOrder]] = {}
    others = other_items(plan.action, plan.rows)
    for row in plan.rows:
        word = row.reason or ACTION_WORD[plan.action]
        if plan.action is Action.CANCEL:
            word += " · counts" if row.counts else " · ★ does not count"
        if row.id in others:
            word += " · takes other items along"
        ins.setdefault(word, []).append(row)
    outs: dict[tuple[str, str, str], list[ExcludedOrder]] = {}
    for out in plan.out:
        outs.setdefault((out.rule, out.why, out.instead), []).append(out)
    found = [
        PlanGroup(f"in {word}", Text.assemble(("✓ in   ", "bold"), f"{len(rows):>5,}  {word}"), True, tuple(rows))
        for word, rows in ins.items()
    ]
    for (rule, why, instead), left in outs.items():
        more = f"; instead: {instead}" if instead and instead not in why else ""
        label = Text.assemble(("✗ out  ", "bold"), f"{len(left):>5,}  {why}{more}  ", (rule, "dim"))
        found.append(PlanGroup(f"out {rule} {why}", label, False, tuple(left)))
    return found


def render_member(
    member: PlannedOrder | ExcludedOrder, others: Sequence[PlanLine] = (), *, is_hidden: bool = False
) -> Text:
    """Return the line of one order of a group.

    `others`: the items that its cancellation takes along; `is_hidden`: the filter of the main screen hides it.
    """
    unseen = ("  not in the view", "bold") if is_hidden else ""
    if isinstance(member, ExcludedOrder):
        return Text.assemble(member.order_id, unseen, (f"  {member.nearest}" if member.nearest else "", "dim"))
    known = member.total is not None and member.currency
    money = format_money(member.total or 0, member.currency or "") if known else "price unknown"
    pieces: list[str | tuple[str, str]] = [f"{member.order_id}  {money:>14}  ", (member.rule, "dim"), unseen]
    if others:
        pieces.append(("  with " + ", ".join(f"{line.quantity} × {line.sku}" for line in others), "bold"))
    if member.tracking:
        pieces.append(f"  {member.carrier} {member.tracking} {member.ship_date}")
    if member.note or any(line.refund for line in member.lines):
        pieces += [f"  {line.quantity} × {line.sku}" for line in member.lines]
    if member.note:
        pieces.append((f"  {member.note}", "italic"))
    return Text.assemble(*pieces)

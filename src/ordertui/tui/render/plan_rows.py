"""The lines of a preview's list: included orders, those excluded by the operator among them, then the others by why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from textual.content import Content

from ordertui.messages import _, ngettext, translate, translate_codes
from ordertui.operations.planning.lines import other_items
from ordertui.operations.planning.order_planner import BY_OPERATOR
from ordertui.operations.planning.plan import ExcludedOrder, Plan, PlanLine, PlannedOrder
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import format_grouped, format_money
from ordertui.orders.text import mask_control_characters

from .format import MUTED, Piece, cut_text, orders_text
from .plan import WARNING, common_reason

GROUPED_FROM = 3
"""So many orders excluded for one reason make a group, closed at first; fewer are listed one by one."""
ID_CELLS = 19
FEWEST_ITEMS = 4
"""Cells of the items below which they are left out."""
SHORTEST_ITEMS = 14
"""Cells for the items of an order, below which its flags become signs."""
REASON_CELLS = 10
"""Cells for the reason of an order where its flags are signs."""
_EXCLUDED = ("✗ ", "$text-warning")
_COMMAND = re.compile(r"[,，][^,，()（）]*`ordertui [^`]*`(?=[)）])")
"""In brackets, behind a key: the command that does the same."""


class ExclusionGroup(msgspec.Struct, frozen=True):
    """Orders that are excluded for one reason, as one line that opens."""

    key: str
    why: str
    count: int
    is_open: bool


PlanEntry = PlannedOrder | ExcludedOrder | ExclusionGroup


def list_entries(plan: Plan, ids: Iterable[int], opened: frozenset[str] = frozenset()) -> list[PlanEntry]:
    """Return the lines: orders that are, or may be, included in the order of `ids`; then those excluded, by why.

    `opened`: keys of the groups that are open.
    """
    found: dict[int, PlannedOrder | ExcludedOrder] = {row.id: row for row in plan.rows}
    groups: dict[tuple[str, str, str], list[ExcludedOrder]] = {}
    for out in plan.out:
        if out.rule == BY_OPERATOR:
            found[out.id] = out
        else:
            groups.setdefault((out.rule, out.why, out.instead), []).append(out)
    entries: list[PlanEntry] = [found[row_id] for row_id in ids if row_id in found]
    for (rule, why, instead), members in groups.items():
        if len(members) >= GROUPED_FROM:
            key = f"{rule} {why} {instead}"
            text = exclusion_text(why, rule, instead)
            entries.append(ExclusionGroup(key, text, len(members), key in opened))
            if key not in opened:
                continue
        entries += members
    return entries


def exclusion_text(why: str, rule: str, instead: str) -> str:
    """Return why an order is excluded, what to do instead, and the id of the rule.

    Where a key does it, the command that does the same is left out: a line has no room for both.
    """
    more = _("; instead: {instead}", instead=_(instead)) if instead and instead not in why else ""
    text = _COMMAND.sub("", f"{translate(why)}{more}")
    return text if rule == BY_OPERATOR else _("{words} ({code})", words=text, code=translate_codes(rule))


class PlanRows:
    """Draws the lines of one plan. What all of them share is worked out once."""

    def __init__(self, plan: Plan, known: Mapping[int, PlannedOrder], hidden: frozenset[int]) -> None:
        """`known`: orders as they were when they were last included, for lines of those excluded by the operator.

        `hidden`: row numbers of orders that the main screen does not show.
        """
        market = MARKETPLACES.get(plan.marketplace)
        self._action = plan.action
        self._currency = market.currency if market else ""
        self._reason = common_reason(plan)
        self._others = other_items(plan.action, plan.rows)
        self._known = known
        self._hidden = hidden
        self._total_cells = max((len(self._total(row)) for row in known.values()), default=0)

    def draw(self, entry: PlanEntry, width: int) -> Content:
        """Return the line of an entry, in at most `width` cells."""
        if isinstance(entry, ExclusionGroup):
            sign = "▾" if entry.is_open else "▸"
            return Content.assemble(
                _EXCLUDED,
                _(
                    "{sign} {orders} excluded: {why}",
                    sign=sign,
                    orders=orders_text(entry.count),
                    why=translate(entry.why),
                ),
            )
        if isinstance(entry, PlannedOrder):
            return self._order(entry, ("✓ ", "$text-success"), self._flags(entry), "", width)
        why = _("excluded: {why}", why=exclusion_text(entry.why, entry.rule, entry.instead))
        row = self._known.get(entry.id) if entry.rule == BY_OPERATOR else None
        if row is not None:
            return self._order(row, _EXCLUDED, [(why, why, "$text-warning")], MUTED, width)
        flags: list[Piece] = [(_("  not shown"), WARNING)] if entry.id in self._hidden else []
        nearest = (f"  {translate(entry.nearest)}", MUTED) if entry.nearest else ""
        return Content.assemble(_EXCLUDED, f"{entry.order_id:<{ID_CELLS}}", *flags, f"  {why}", nearest)

    def _order(
        self, row: PlannedOrder, sign: Piece, flags: Sequence[tuple[str, str, str]], style: str, width: int
    ) -> Content:
        """Return sign, id, total and items; then flags, as signs where there is no room for their words."""
        head = f"{row.order_id:<{ID_CELLS}}  {self._total(row):>{self._total_cells}}  "
        items = Content(mask_control_characters(self._items(row)))
        room = width - len(head) - 2
        words = "   ".join(flag[0] for flag in flags)
        is_short = min(items.cell_length, SHORTEST_ITEMS) + 3 + Content(words).cell_length > room
        shown = [(flag[1] if is_short else flag[0], flag[2]) for flag in flags]
        gap = " " if is_short else "   "
        taken = sum(Content(text).cell_length + len(gap) for text, _ in shown)
        left = room - taken
        items = items.truncate(left, ellipsis=True) if left >= min(items.cell_length, FEWEST_ITEMS) else Content("")
        pieces: list[Piece | Content] = [sign, (head, style), items.stylize(style) if style else items]
        for text, flag_style in shown:
            pieces += [gap, (text, flag_style)]
        return Content.assemble(*pieces).truncate(width, ellipsis=True)

    def _flags(self, row: PlannedOrder) -> list[tuple[str, str, str]]:
        """Return words, sign and style of what is special about an included order."""
        found = []
        if row.id in self._others:
            found.append((_("! other items"), "!", WARNING))
        if self._action is Action.CANCEL and not row.counts:
            found.append((_("★ does not count"), "★", "$text-success"))
        if row.id in self._hidden:
            found.append((_("not shown"), _("not shown"), WARNING))
        if row.reason and row.reason != self._reason:
            found.append((row.reason, cut_text(row.reason, REASON_CELLS), "$text-accent"))
        return found

    def _total(self, row: PlannedOrder) -> str:
        """Return what the order loses or gives back; with its currency when it is not the marketplace's."""
        if self._action not in (Action.CANCEL, Action.REFUND):
            return ""
        if row.total is None or not row.currency:
            return _("price ?")
        if row.currency == self._currency:
            return format_grouped(row.total, row.currency)
        return format_money(row.total, row.currency)

    def _items(self, row: PlannedOrder) -> str:
        """Return `2 BRD-BMB-L + USB-HUB-7, SCK-MER-3P-L`: what the batch is about, then what is cancelled with it."""
        if self._action is Action.CONFIRM:
            return f"{row.carrier} {row.tracking} {row.ship_date}  {_list_items(row.lines)}"
        others = self._others.get(row.id, ())
        own = [line for line in row.lines if line not in others]
        items = f"{_list_items(own)} + {_list_items(others)}" if own and others else _list_items(row.lines)
        units = sum(line.cancelled for line in row.lines)
        return items + (_(", cancels {units}", units=ngettext("{n:,} unit", "{n:,} units", units)) if units else "")


def _list_items(lines: Iterable[PlanLine]) -> str:
    """Return `2 of 3 BRD-BMB-L, 4 SCK-MER-3P-L, USB-HUB-7`: a quantity only where it is not 1, or a part."""
    return ", ".join(_item(line) for line in lines)


def _item(line: PlanLine) -> str:
    if line.quantity < line.ordered:
        return _("{n} of {units} {sku}", n=line.quantity, units=line.ordered, sku=line.sku)
    return line.sku if line.quantity == 1 else f"{line.quantity} {line.sku}"

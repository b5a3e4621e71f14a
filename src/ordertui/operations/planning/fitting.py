"""Keep as many of the marked cancellations as fit under the rate's target, and say when the others would fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.marks import IdSet
from ordertui.operations.rate.budget import BudgetUse
from ordertui.operations.rate.counting import ChosenOrders
from ordertui.operations.rate.figures import Dated
from ordertui.operations.rate.service import RateService
from ordertui.orders.clock import day_start, to_local
from ordertui.orders.enums import Action, BuyerRequest
from ordertui.orders.order import Order
from ordertui.rules.fit import DayAhead, FitOrder, first_days, keep_most
from ordertui.rules.rate import window

from .harm import HarmScale
from .order_planner import PlanChoices
from .plan import PlannedOrder
from .planner import Planner
from .reading import READ_AT_ONCE


class WaitingCancellation(msgspec.Struct, frozen=True):
    """An order whose cancellation does not fit today."""

    id: int
    order_id: str
    fits_by_order_date: date | None
    """The first day on which it fits, when Amazon dates cancellations by the order; None: on none of the window's days.
    """
    fits_by_cancellation_date: date | None
    """The same, when Amazon dates them by the cancellation itself."""
    auto_cancel: date | None
    """The day on which Amazon cancels it by itself, at the earliest."""
    why: str

    @property
    def is_auto_cancelled_first(self) -> bool:
        """Whether Amazon may cancel it before it fits, by either reading."""
        return any(self.auto_cancelled_first)

    @property
    def auto_cancelled_first(self) -> tuple[bool, bool]:
        """Whether Amazon may cancel it before it fits, by the order date and by the cancellation date."""
        auto, by_order, by_cancellation = self.auto_cancel, self.fits_by_order_date, self.fits_by_cancellation_date
        return (
            auto is not None and (by_order is None or auto < by_order),
            auto is not None and (by_cancellation is None or auto < by_cancellation),
        )


class MarketplaceFit(msgspec.Struct, frozen=True):
    """Which orders of one marketplace to keep in the batch."""

    marketplace: str
    room: int | None
    """How many more cancellations may count, or the operator's budget; None: the rate is not known, so none may."""
    kept: tuple[int, ...]
    rest: tuple[WaitingCancellation, ...]
    """The others, the one that comes next first."""


class BatchFitter:
    """Weighs the orders of a cancellation; changes nothing."""

    def __init__(self, context: SessionContext, eligibility: Eligibility, rate: RateService, planner: Planner) -> None:
        self._context = context
        self._eligibility = eligibility
        self._rate = rate
        self._planner = planner

    def fit(self, ids: Sequence[int], choices: PlanChoices, budget: int | None = None) -> tuple[MarketplaceFit, ...]:
        """Return what to keep of these orders, by marketplace.

        `budget`: at most so many may newly count in each marketplace, whatever the rate; None: as many as stay under
        its target, and none where it is not known. The budgets of the policy file are kept in both cases. Orders that
        may not be cancelled are left aside.
        """
        found: dict[str, list[Order]] = {}
        for order in self._candidates(ids, choices):
            found.setdefault(order.row.marketplace, []).append(order)
        return tuple(self._fit_marketplace(code, found[code], budget) for code in sorted(found))

    def _candidates(self, ids: Sequence[int], choices: PlanChoices) -> Iterator[Order]:
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), READ_AT_ONCE):
            part = wanted[start : start + READ_AT_ONCE]
            orders = self._context.reader().orders.get(part)
            for order in (orders[row_id] for row_id in part if row_id in orders):
                if isinstance(self._planner.orders.plan(Action.CANCEL, order, choices), PlannedOrder):
                    yield order

    def _fit_marketplace(self, marketplace: str, orders: Sequence[Order], budget: int | None) -> MarketplaceFit:
        now, policy = self._context.clock.now(), self._eligibility.policy(marketplace)
        starts = [window(now, days, policy.zone)[0] for days in policy.values.rate_days]
        figures = [effect.before for effect in self._rate.calculator.effects(marketplace)]
        is_known = not any(figure.reason for figure in figures)
        uses = self._rate.budgets.of(marketplace)
        by_rate = budget is None and is_known
        scale = HarmScale(self._eligibility, orders)
        ids = [order.row.id for order in orders]
        newly = self._rate.calculator.counting.newly_counting(self._context.reader(), marketplace, ids)
        candidates = []
        for order in orders:
            counts = order.row.id in newly
            placed = order.row.purchased_at or 0
            in_windows = [counts and start <= placed <= now for start in starts]
            of_budgets = [self._eligibility.counts(order.row)] * len(uses)
            candidates.append(
                FitOrder(
                    order.row.id,
                    scale.harm(order, counts=counts),
                    placed,
                    (*(in_windows if by_rate else [counts]), *of_budgets),
                    is_requested=order.row.buyer_request is BuyerRequest.OFFICIAL,
                    deadline=self._eligibility.deadline(order.row),
                )
            )
        rooms = [figure.headroom for figure in figures] if by_rate else [budget or 0]
        rooms += [use.left for use in uses]
        fit = keep_most(candidates, rooms)
        room = min(rooms) if is_known or budget is not None else None
        by_id = {order.row.id: order for order in orders}
        limits = _Limits(by_id, uses, is_known, "" if budget is None else f"beyond the budget of {budget:,}")
        kept = [row_id for row_id in fit.kept if self._eligibility.counts(by_id[row_id].row)]
        rest = self._when(marketplace, newly.intersection(kept), kept, fit.rest, limits) if fit.rest else ()
        return MarketplaceFit(marketplace, room, fit.kept, rest)

    def _when(
        self, marketplace: str, newly: Set[int], kept: Sequence[int], rest: Sequence[FitOrder], limits: _Limits
    ) -> tuple[WaitingCancellation, ...]:
        """Return the orders that do not fit, with the day on which each would, by both readings of Amazon's rule.

        `kept`: the orders kept that count; `newly`: those of them that newly count.
        """
        policy = self._eligibility.policy(marketplace)
        chosen, waiting = ChosenOrders(counting=IdSet(newly)), ChosenOrders(counting=IdSet(one.id for one in rest))
        dates: dict[Dated, dict[int, date | None]] = {}
        for dated in Dated if limits.is_known else ():
            days = self._rate.outlook.ahead(marketplace, chosen, waiting, dated)
            days, left = _with_budgets(days, limits.budgets, len(kept), policy.zone)
            found = first_days(rest, days, policy.values.rate_target, left, by_order=dated is Dated.ORDER)
            dates[dated] = {
                row_id: None if index is None else to_local(days[index].start, policy.zone).date()
                for row_id, index in found.items()
            }
        return tuple(
            _waiting(
                limits.orders[one.id],
                dates[Dated.ORDER][one.id] if dates else None,
                dates[Dated.CANCELLATION][one.id] if dates else None,
                None if one.deadline is None else to_local(one.deadline, policy.zone).date(),
                limits,
            )
            for one in rest
        )


class _Limits(msgspec.Struct, frozen=True):
    """What keeps orders of a marketplace from fitting."""

    orders: Mapping[int, Order]
    budgets: Sequence[BudgetUse]
    is_known: bool
    """Whether the rate is known."""
    typed: str
    """What is said of the operator's own number; empty without one."""


def _with_budgets(
    days: Sequence[DayAhead], uses: Sequence[BudgetUse], kept: int, zone: str
) -> tuple[list[DayAhead], list[int]]:
    """Return the days with their budgets, and what each of these has left once the orders kept are committed today."""
    places: dict[tuple[str, int], int] = {}
    left: list[int] = []
    found = []
    for day in days:
        mine = []
        for use in uses:
            span = use.budget.span
            start = day.start if span == "day" else day_start(day.start, zone, -to_local(day.start, zone).weekday())
            if (span, start) not in places:
                places[span, start] = len(left)
                left.append(use.left - kept if start == use.start else use.budget.most)
            mine.append(places[span, start])
        found.append(msgspec.structs.replace(day, budgets=tuple(mine)))
    return found, left


def _waiting(
    order: Order, by_order: date | None, by_cancellation: date | None, auto: date | None, limits: _Limits
) -> WaitingCancellation:
    before = auto if limits.is_known else None  # whether it comes before is known only with the day
    found = WaitingCancellation(order.row.id, order.row.order_id, by_order, by_cancellation, before, "")
    parts = [limits.typed] if limits.typed else []
    by_either = found.auto_cancelled_first
    if limits.is_known and all(by_either):
        parts.append(f"auto-cancelled {_day(auto)}, before it fits")
    if not limits.is_known:
        parts.append("the rate is not known" if limits.typed else "the rate is not known: give a budget")
        parts += [f"auto-cancel {_day(auto)}"] if auto is not None else []
    else:
        days = _days(by_order, by_cancellation)
        parts.append(f"under the target it {days}" if limits.typed else days)
        if any(by_either) and not all(by_either):
            reading = "order date" if by_either[0] else "cancellation date"
            parts.append(f"auto-cancelled {_day(auto)}, before it fits by {reading}")
    return msgspec.structs.replace(found, why="; ".join(parts))


def _days(by_order: date | None, by_cancellation: date | None) -> str:
    """Return from when on an order fits; the earliest day first, since a line may be cut after it."""
    if by_order is None and by_cancellation is None:
        return "fits on none of the days ahead"
    if by_order == by_cancellation:
        return f"fits {_day(by_order)}"
    if by_cancellation is None or (by_order is not None and by_order < by_cancellation):
        return f"fits {_day(by_order)} by order date, {_day(by_cancellation)} by cancellation date"
    return f"fits {_day(by_cancellation)} by cancellation date, {_day(by_order)} by order date"


def _day(day: date | None) -> str:
    return "not in the days ahead" if day is None else f"{day:%b} {day.day}"

"""Keep as many of the marked cancellations as fit under the rate's target, and say when the others would fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set
from datetime import date

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.errors import Stopped
from ordertui.operations.rate.calculator import RateCalculator
from ordertui.operations.rate.counting import ChosenOrders
from ordertui.operations.rate.figures import Dated
from ordertui.operations.rate.outlook import RateOutlook
from ordertui.orders.clock import to_local
from ordertui.orders.enums import Action, BuyerRequest
from ordertui.orders.order import Order
from ordertui.rules.fit import FitOrder, first_days, keep_most
from ordertui.rules.rate import window

from .harm import HarmScale
from .plan import PlannedOrder
from .planner import READ_AT_ONCE, PlanChoices, Planner


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
        """Whether Amazon may cancel it before it fits by both readings."""
        days = (self.fits_by_order_date, self.fits_by_cancellation_date)
        return self.auto_cancel is not None and any(day is None or self.auto_cancel < day for day in days)


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

    def __init__(
        self,
        context: SessionContext,
        eligibility: Eligibility,
        calculator: RateCalculator,
        outlook: RateOutlook,
        planner: Planner,
    ) -> None:
        self._context = context
        self._eligibility = eligibility
        self._calculator = calculator
        self._outlook = outlook
        self._planner = planner

    def fit(
        self,
        ids: Sequence[int],
        choices: PlanChoices,
        budget: int | None = None,
        *,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[MarketplaceFit, ...]:
        """Return what to keep of these orders, by marketplace.

        `budget`: at most so many may newly count in each marketplace, whatever the rate; None: as many as stay under
        its target, and none where it is not known. Orders that may not be cancelled are left aside. Raises Stopped.
        """
        found: dict[str, list[Order]] = {}
        for order in self._candidates(ids, choices):
            if stop():
                raise Stopped("stopped; nothing was done")
            found.setdefault(order.row.marketplace, []).append(order)
        return tuple(self._fit_marketplace(code, found[code], budget) for code in sorted(found))

    def _candidates(self, ids: Sequence[int], choices: PlanChoices) -> Iterator[Order]:
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), READ_AT_ONCE):
            part = wanted[start : start + READ_AT_ONCE]
            orders = self._context.reader().orders.get(part)
            for order in (orders[row_id] for row_id in part if row_id in orders):
                if isinstance(self._planner.plan_order(Action.CANCEL, order, choices), PlannedOrder):
                    yield order

    def _fit_marketplace(self, marketplace: str, orders: Sequence[Order], budget: int | None) -> MarketplaceFit:
        now, policy = self._context.clock.now(), self._eligibility.policy(marketplace)
        starts = [window(now, days, policy.zone)[0] for days in policy.values.rate_days]
        figures = [effect.before for effect in self._calculator.effects(marketplace)]
        is_known = not any(figure.reason for figure in figures)
        scale = HarmScale(self._eligibility, orders)
        ids = [order.row.id for order in orders]
        newly = self._calculator.counting.newly_counting(self._context.reader(), marketplace, ids)
        candidates = []
        for order in orders:
            counts = order.row.id in newly
            placed = order.row.purchased_at or 0
            in_windows = (counts and start <= placed <= now for start in starts)
            candidates.append(
                FitOrder(
                    order.row.id,
                    scale.harm(order, counts=counts),
                    placed,
                    (counts,) if budget is not None or not is_known else tuple(in_windows),
                    is_requested=order.row.buyer_request is BuyerRequest.OFFICIAL,
                    deadline=self._eligibility.deadline(order.row),
                )
            )
        rooms = [budget or 0] if budget is not None or not is_known else [figure.headroom for figure in figures]
        fit = keep_most(candidates, rooms)
        room = min(rooms) if is_known or budget is not None else None
        by_id = {order.row.id: order for order in orders}
        if budget is not None or not is_known:
            why = "the rate is not known: give a budget" if budget is None else f"beyond the budget of {budget:,}"
            rest = tuple(
                WaitingCancellation(one.id, by_id[one.id].row.order_id, None, None, None, why) for one in fit.rest
            )
        else:
            rest = self._when(marketplace, newly.intersection(fit.kept), fit.rest, by_id) if fit.rest else ()
        return MarketplaceFit(marketplace, room, fit.kept, rest)

    def _when(
        self, marketplace: str, counting: Set[int], rest: Sequence[FitOrder], orders: dict[int, Order]
    ) -> tuple[WaitingCancellation, ...]:
        """Return the orders that do not fit, with the day on which each would, by both readings of Amazon's rule.

        `counting`: the orders kept that newly count.
        """
        policy = self._eligibility.policy(marketplace)
        chosen, waiting = ChosenOrders(counting=tuple(counting)), ChosenOrders(counting=tuple(one.id for one in rest))
        dates: dict[Dated, dict[int, date | None]] = {}
        for dated in Dated:
            days = self._outlook.ahead(marketplace, chosen, waiting, dated)
            found = first_days(rest, days, policy.values.rate_target, by_order=dated is Dated.ORDER)
            dates[dated] = {
                row_id: None if index is None else to_local(days[index].start, policy.zone).date()
                for row_id, index in found.items()
            }
        return tuple(
            _waiting(
                orders[one.id],
                dates[Dated.ORDER][one.id],
                dates[Dated.CANCELLATION][one.id],
                None if one.deadline is None else to_local(one.deadline, policy.zone).date(),
            )
            for one in rest
        )


def _waiting(
    order: Order, by_order: date | None, by_cancellation: date | None, auto: date | None
) -> WaitingCancellation:
    found = WaitingCancellation(order.row.id, order.row.order_id, by_order, by_cancellation, auto, "")
    if by_order == by_cancellation:
        when = f"fits {_day(by_order)}"
    else:
        when = f"fits {_day(by_order)} by order date, {_day(by_cancellation)} by cancellation date"
    first = f"; auto-cancel {_day(auto)} comes before" if found.is_auto_cancelled_first else ""
    return msgspec.structs.replace(found, why=when + first)


def _day(day: date | None) -> str:
    return "not in the days ahead" if day is None else f"{day:%b} {day.day}"

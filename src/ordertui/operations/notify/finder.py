"""Find what is worth telling now, from what the store holds. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.operations.context import SessionContext
from ordertui.operations.query.orders import OrderQueries
from ordertui.operations.sync.credentials import ROTATION_DAYS, SECRET_ISSUED_KEY
from ordertui.orders.clock import DAY, iso_utc, to_local
from ordertui.orders.enums import AlertKind
from ordertui.orders.text import pluralize
from ordertui.rules.rate import RateStatus, percent, target_percent
from ordertui.store import JournalBatch

from .alerts import Alert

if TYPE_CHECKING:
    from ordertui.operations.eligibility import Eligibility
    from ordertui.operations.rate.figures import RateFigure
    from ordertui.operations.rate.service import RateService

REFUSED_DAYS = 30
"""Days after a batch left in which its refusals are worth telling."""
SECRET_STEPS = (30, 7, 1, 0)
"""Days before a client secret expires at which it is told; 0: when it expired."""
_STUCK = frozenset({"stuck", "unwritten", "unconfirmed"})
"""Kinds of open issues in which nothing follows; in the others Amazon's answer is unclear, or reports contradict it."""
_RATE_KINDS = {RateStatus.NEAR: AlertKind.RATE_NEAR, RateStatus.OVER: AlertKind.RATE_OVER}


class AlertFinder:
    """Finds the alerts of one store. `eligibility`, `rate` and `open_issues` are called with each look."""

    def __init__(
        self,
        context: SessionContext,
        orders: OrderQueries,
        eligibility: Callable[[], Eligibility],
        rate: Callable[[], RateService],
        open_issues: Callable[[], Sequence[OpenIssue]],
    ) -> None:
        self._context = context
        self._orders = orders
        self._eligibility = eligibility
        self._rate = rate
        self._open_issues = open_issues

    def find(self) -> list[Alert]:
        """Return every alert that is true now, whatever was told."""
        return [*self._orders_alerts(), *self._batches_alerts(), *self._rate_alerts(), *self._secret_alerts()]

    def unknowns(self) -> list[str]:
        """Return what cannot be watched, because it is not known, and why."""
        found = [
            f"rate of {one.marketplace}, {one.days} days: not known: {one.reason}"
            for one in self._figures()
            if one.status == RateStatus.UNKNOWN
        ]
        found += [queue.note for queue in self._orders.queues() if queue.note]
        if self._context.config.amazon.profile != "off" and self._issued_at() is None:
            found.append(f"nobody said when the client secret was issued; it expires after {ROTATION_DAYS} days")
        return found

    def _orders_alerts(self) -> Iterator[Alert]:
        asked = self._orders.find(queue="buyer_asked", sort="placed", reverse=False)
        rows = self._orders.rows(asked)
        for row in (rows[one] for one in asked if one in rows):
            request = row.buyer_request.value
            yield Alert(
                AlertKind.BUYER_REQUEST, f"buyer_request:{row.order_id}:{request}",
                f"{row.marketplace} {row.order_id} ({request})", row.marketplace, (row.order_id,),
            )  # fmt: skip
        near = self._orders.find(queue="auto_cancel", sort="auto_cancel", reverse=False)
        rows = self._orders.rows(near)
        for row in (rows[one] for one in near if one in rows):
            at = self._eligibility().deadline(row)
            when = "Amazon says so" if at is None else f"at {iso_utc(at)}"
            yield Alert(
                AlertKind.AUTO_CANCEL, f"auto_cancel:{row.order_id}:{'verge' if at is None else at}",
                f"{row.marketplace} {row.order_id}, {when}", row.marketplace, (row.order_id,),
            )  # fmt: skip

    def _batches_alerts(self) -> Iterator[Alert]:
        batches = self._context.reader().batches
        for batch in batches.to_upload():
            orders = tuple(row.order_id for row in batch.rows)
            yield Alert(
                AlertKind.FILE_TO_UPLOAD, f"file_to_upload:{batch.id}", _batch(batch, len(orders)), batch.marketplace,
                orders,
            )  # fmt: skip
        since = self._context.clock.now() - REFUSED_DAYS * DAY
        for ident, refused in batches.refused(since).items():
            batch = batches.get(ident)
            yield Alert(
                AlertKind.BATCH_FAILED, f"batch_failed:{ident}:{len(refused)}", _batch(batch, len(refused)),
                batch.marketplace, tuple(refused),
            )  # fmt: skip
        for issue in self._open_issues():
            kind = AlertKind.BATCH_STUCK if issue.kind in _STUCK else AlertKind.ANSWER_UNCLEAR
            about = f"batch {issue.batch} ({issue.action.value}, {issue.marketplace}, {pluralize(len(issue.orders))})"
            yield Alert(
                kind, f"{kind.value}:{issue.batch}:{issue.kind}:{len(issue.orders)}", f"{about}: {issue.kind}",
                issue.marketplace, issue.orders,
            )  # fmt: skip

    def _figures(self) -> Iterator[RateFigure]:
        for marketplace in self._orders.marketplaces():
            for effect in self._rate().calculator.effects(marketplace):
                yield effect.before

    def _rate_alerts(self) -> Iterator[Alert]:
        for one in self._figures():
            kind = _RATE_KINDS.get(RateStatus(one.status))
            if kind is None or one.share is None:
                continue
            target = Fraction(one.target)
            day = to_local(one.window_to, one.timezone).date().isoformat()
            yield Alert(
                kind, f"{kind.value}:{one.marketplace}:{one.days}:{day}",
                f"{one.marketplace}, {one.days} days: {percent(one.share, target=target)} of {pluralize(one.orders)},"
                f" target {target_percent(target)}",
                one.marketplace,
            )  # fmt: skip

    def _issued_at(self) -> int | None:
        found = self._context.reader().meta(SECRET_ISSUED_KEY)
        return None if found is None else int(found)

    def _secret_alerts(self) -> Iterator[Alert]:
        issued = self._issued_at()
        if issued is None or self._context.config.amazon.profile == "off":
            return
        ends = issued + ROTATION_DAYS * DAY
        left = (ends - self._context.clock.now()) / DAY
        passed = [step for step in SECRET_STEPS if left <= step]
        if passed:
            word = "expired" if left <= 0 else "expires"
            yield Alert(
                AlertKind.SECRET_EXPIRING,
                f"secret_expiring:{issued}:{min(passed)}",
                f"it {word} on {iso_utc(ends)[:10]}",
            )


def _batch(batch: JournalBatch, count: int) -> str:
    return f"batch {batch.id} ({batch.action.value}, {batch.marketplace}, {pluralize(count)})"

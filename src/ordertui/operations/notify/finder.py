"""Alerts: what is worth telling somebody who does not look, found in a store, and in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.operations.context import SessionContext
from ordertui.operations.query.orders import OrderQueries
from ordertui.operations.query.queues import INVISIBLE_REQUESTS
from ordertui.operations.sync.credentials import ROTATION_DAYS, SECRET_ENTERED_KEY, SECRET_ISSUED_KEY
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, iso_utc, to_local
from ordertui.orders.enums import AlertKind
from ordertui.orders.order import OrderRow
from ordertui.orders.text import pluralize
from ordertui.rules.rate import RateStatus, percent, target_percent
from ordertui.store import JournalBatch

if TYPE_CHECKING:
    from ordertui.operations.eligibility import Eligibility
    from ordertui.operations.rate.figures import RateFigure
    from ordertui.operations.rate.service import RateService

FIRST = 5
"""Alerts of a notification that are named one by one."""


class Alert(msgspec.Struct, frozen=True):
    """One fact that is true now and worth telling. Each is told once to each receiver."""

    kind: AlertKind
    keys: tuple[str, ...]
    """Its identity; of one about a batch a key for each order, so that it is told again when it comes to be true of
    more orders, and not of fewer. A fact that comes to be true once more has other keys.
    """
    subject: str
    """What it is about, in a line: an order id, a batch, a marketplace with its rate."""
    marketplace: str = ""
    """Empty: it is about no single one."""
    orders: tuple[str, ...] = ()
    """Order ids by which a filter chooses; empty: it is about no order."""


class AlertText(msgspec.Struct, frozen=True):
    """A notification in words, as it is kept and sent."""

    title: str
    body: str
    count: int
    """How many alerts it tells of."""
    first: tuple[str, ...]
    """The subjects of the first ones."""
    marketplaces: tuple[str, ...]
    """The marketplaces of all of them."""


class _Words(NamedTuple):
    one: str
    many: str
    """With `{count}`."""
    next_step: str


WORDS: dict[AlertKind, _Words] = {
    AlertKind.AUTO_CANCEL: _Words(
        "Amazon is about to cancel an order",
        "Amazon is about to cancel {count} orders",
        "Confirm the shipment or cancel it yourself before: queue Auto-cancel < 24 h, or"
        " `ordertui list --queue auto_cancel`.",
    ),
    AlertKind.RATE_OVER: _Words(
        "The cancellation rate is over its target",
        "The cancellation rate is over its target, {count} times",
        "Cancel no more than you must: `ordertui rate` shows what counts and when it leaves the window.",
    ),
    AlertKind.ANSWER_UNCLEAR: _Words(
        "It is not clear what Amazon did with a batch",
        "It is not clear what Amazon did with {count} batches",
        "Send nothing again: `ordertui todo` says what would settle it.",
    ),
    AlertKind.BATCH_FAILED: _Words(
        "Amazon refused orders of a batch",
        "Amazon refused orders of {count} batches",
        "`ordertui outbox` says why; `ordertui retry BATCH` plans those orders again, and no others.",
    ),
    AlertKind.BATCH_STUCK: _Words(
        "A batch does not get on", "{count} batches do not get on", "`ordertui todo` says what would settle it."
    ),
    AlertKind.APPROVAL_WANTED: _Words(
        "A batch waits for approval",
        "{count} batches wait for approval",
        "A lead or owner other than who committed it decides: `ordertui approvals`, or key o on the screen.",
    ),
    AlertKind.BUYER_REQUEST: _Words(
        "A buyer asked to cancel an order",
        "Buyers asked to cancel {count} orders",
        "Look before they are shipped: queue Buyer asked, or `ordertui list --queue buyer_asked`.",
    ),
    AlertKind.FILE_TO_UPLOAD: _Words(
        "A file waits to be uploaded to Seller Central",
        "{count} files wait to be uploaded to Seller Central",
        "`ordertui outbox` lists them; `ordertui uploaded BATCH` when it is done.",
    ),
    AlertKind.RATE_NEAR: _Words(
        "The cancellation rate is near its target",
        "The cancellation rate is near its target, {count} times",
        "`ordertui rate` shows how many more may be cancelled.",
    ),
    AlertKind.SECRET_EXPIRING: _Words(
        "The client secret of Amazon's API must be renewed",
        "Client secrets of Amazon's API must be renewed",
        "Make a new one in Seller Central, then `ordertui api login`.",
    ),
}
"""Kind to its words. `{count}` counts alerts."""


def alert_text(alerts: Sequence[Alert], shop: str, now: int) -> AlertText:
    """Return the words for alerts of one kind. `shop`: the name of the shop, or empty; `now` in epoch seconds."""
    words = WORDS[alerts[0].kind]
    count = len(alerts)
    title = words.one if count == 1 else words.many.format(count=f"{count:,}")
    first = tuple(alert.subject for alert in alerts[:FIRST])
    more = [f"and {count - FIRST:,} more"] if count > FIRST else []
    body = "\n".join([*first, *more, words.next_step, f"As of {iso_utc(now)}."])
    markets = tuple(dict.fromkeys(alert.marketplace for alert in alerts if alert.marketplace))
    return AlertText(f"{shop}: {title}" if shop else title, body, count, first, markets)


REFUSED_DAYS = 30
"""Days after a batch left in which its refusals are worth telling."""
SECRET_STEPS = (30, 7, 1, 0)
"""Days before a client secret expires at which it is told; 0: when it expired."""
_STUCK = frozenset({"unread", "stuck", "unwritten", "unconfirmed", "no_upload"})
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
        if self._orders.marketplaces() and not self._context.reader().tallies.has_request_column():
            found.append(INVISIBLE_REQUESTS)
        if self._context.config.amazon.profile != "off" and self._secret_dates() is None:
            found.append("the client secret's age: nobody said when it was made (`ordertui api login`)")
        return found

    def _orders_alerts(self) -> Iterator[Alert]:
        for row in self._rows("buyer_asked", "placed"):
            request = row.buyer_request.value
            key = f"buyer_request:{row.order_id}:{request}"
            subject = f"{row.marketplace} {row.order_id} ({request})"
            yield Alert(AlertKind.BUYER_REQUEST, (key,), subject, row.marketplace, (row.order_id,))
        for row in self._rows("auto_cancel", "auto_cancel"):
            at = self._eligibility().deadline(row)
            key = f"auto_cancel:{row.order_id}:{'verge' if at is None else at}"
            subject = f"{row.marketplace} {row.order_id}, {'Amazon says so' if at is None else f'at {iso_utc(at)}'}"
            yield Alert(AlertKind.AUTO_CANCEL, (key,), subject, row.marketplace, (row.order_id,))

    def _rows(self, queue: str, sort: str) -> Iterator[OrderRow]:
        ids = self._orders.find(queue=queue, sort=sort, reverse=False)
        rows = self._orders.rows(ids)
        return (rows[one] for one in ids if one in rows)

    def _batches_alerts(self) -> Iterator[Alert]:
        batches = self._context.reader().batches
        found = self._open_issues()
        withheld = {issue.batch for issue in found if issue.kind == "no_upload"}
        for batch in map(batches.get, [one.id for one in batches.to_upload() if one.id not in withheld]):
            yield _about_batch(AlertKind.FILE_TO_UPLOAD, batch, [row.order_id for row in batch.rows], by_order=False)
        for batch in batches.find(open_only=True) if batches.count(BatchState.AWAITING) else ():
            if batch.state is BatchState.AWAITING:
                orders = batch.orders_in(RowState.HELD)
                yield _about_batch(AlertKind.APPROVAL_WANTED, batch, orders, by_order=False)
        since = self._context.clock.now() - REFUSED_DAYS * DAY
        for ident, refused in batches.refused(since).items():
            yield _about_batch(AlertKind.BATCH_FAILED, batches.get(ident), refused)
        issues: dict[tuple[int, str], list[OpenIssue]] = {}
        for issue in found:
            issues.setdefault((issue.batch, issue.kind), []).append(issue)
        for (_, word), group in issues.items():
            kind = AlertKind.BATCH_STUCK if word in _STUCK else AlertKind.ANSWER_UNCLEAR
            yield _about_batch(kind, group[0], [order for issue in group for order in issue.orders], word)

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
                kind, (f"{kind.value}:{one.marketplace}:{one.days}:{day}",),
                f"{one.marketplace}, {one.days} days: {percent(one.share, target=target)} of {pluralize(one.orders)},"
                f" target {target_percent(target)}",
                one.marketplace,
            )  # fmt: skip

    def _secret_dates(self) -> tuple[int, bool] | None:
        """Return a moment from which the client secret's days count, and whether it was made then or before.

        It was made when the operator said, else by the day it was entered at the latest. None: neither is known.
        """
        meta = self._context.reader().meta
        issued, entered = meta(SECRET_ISSUED_KEY), meta(SECRET_ENTERED_KEY)
        known = issued or entered
        return None if known is None else (int(known), issued is None)

    def _secret_alerts(self) -> Iterator[Alert]:
        dates = self._secret_dates()
        if dates is None or self._context.config.amazon.profile == "off":
            return
        since, at_latest = dates
        ends = since + ROTATION_DAYS * DAY
        left = (ends - self._context.clock.now()) / DAY
        passed = [step for step in SECRET_STEPS if left <= step]
        if passed:
            day = f"on {iso_utc(ends)[:10]}{' at the latest' if at_latest else ''}"
            subject = f"it expired {day}" if left <= 0 else f"it expires {day}"
            yield Alert(AlertKind.SECRET_EXPIRING, (f"secret_expiring:{since}:{min(passed)}",), subject)


def _about_batch(
    kind: AlertKind, batch: JournalBatch | OpenIssue, orders: Sequence[str], word: str = "", *, by_order: bool = True
) -> Alert:
    """Return an alert about orders of a batch. `word` says more of its kind; `by_order`: each order has a key."""
    number = batch.batch if isinstance(batch, OpenIssue) else batch.id
    begin = ":".join((kind.value, str(number), *([word] if word else [])))
    keys = tuple(f"{begin}:{order}" for order in orders) if by_order else (begin,)
    about = f"batch {number} ({batch.action.value}, {batch.marketplace}, {pluralize(len(orders))})"
    return Alert(kind, keys, f"{about}: {word}" if word else about, batch.marketplace, tuple(orders))

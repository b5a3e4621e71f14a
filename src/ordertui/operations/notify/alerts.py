"""What is worth telling, as frozen values, and the words in which it is told. The words hold no data of a buyer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import AlertKind

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
        "A batch does not get on",
        "{count} batches do not get on",
        "`ordertui todo` says what would settle it.",
    ),
    AlertKind.APPROVAL_WANTED: _Words(
        "A batch waits for approval",
        "{count} batches wait for approval",
        "Somebody with another login than who committed it decides: `ordertui approvals`, or key o on the screen.",
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

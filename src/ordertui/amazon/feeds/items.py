"""The items of feeds, validated before any byte is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

import msgspec

from ordertui.orders.enums import CancelReason, RefundReason
from ordertui.orders.errors import UserError
from ordertui.orders.marketplace import MARKETPLACES, Marketplace, PriceTax, price_tax
from ordertui.orders.order import COMPONENTS, MAX_ITEM_ID, MIN_ITEM_ID, LineAmounts

from .vocabulary import CARRIER_CODES, MOST_CARRIER_NAME, OTHER, PARTIAL_CANCEL_REASONS

ORDER_ID = re.compile(r"[A-Z0-9]{3}-[0-9]{7}-[0-9]{7}", re.ASCII)
ITEM_ID = re.compile(f"[0-9]{{{MIN_ITEM_ID},{MAX_ITEM_ID}}}", re.ASCII)
_BREAKING = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that no cell of a feed may hold: control, format, surrogate, private, unassigned, line ends."""


class FeedError(UserError, ValueError):
    """An item must not be sent to Amazon. The message names the order and what to do."""


class CancelItem(msgspec.Struct, frozen=True):
    """The cancellation of one item of an order."""

    order_id: str
    item_id: str
    reason: str


_ITEM_FIRST = (
    "item_price", "item_tax", "shipping_price", "shipping_tax", "gift_wrap_price", "gift_wrap_tax"
)  # fmt: skip
_SHIPPING_FIRST = (*_ITEM_FIRST[2:], *_ITEM_FIRST[:2])
"""The amounts from which a promotion without an id is taken off, in turn."""


class RefundItem(msgspec.Struct, frozen=True):
    """A refund for one item. Amounts are for the whole quantity, in minor units of `currency`.

    `units_cancelled` counts units that were never shipped and are cancelled with the refund (AMAZON.md b, partial
    cancellation).
    """

    order_id: str
    item_id: str
    reason: str
    currency: str
    amounts: LineAmounts
    units_cancelled: int = 0
    item_promotion_id: str = ""
    """Amazon's id of the promotion on the item; empty: unknown, so its amount is taken off the price instead."""
    ship_promotion_id: str = ""

    def promotions_named(self) -> LineAmounts:
        """Return the amounts as they are sent: a promotion whose id is unknown is taken off its price.

        A promotion column or element without its id is refused (help 661); what the buyer gets is the same.
        """
        found = {name: getattr(self.amounts, name) for name in COMPONENTS}
        unnamed = (
            ("item_promotion", self.item_promotion_id, _ITEM_FIRST),
            ("ship_promotion", self.ship_promotion_id, _SHIPPING_FIRST),
        )
        for promotion, ident, prices in unnamed:
            for price in () if ident else prices:
                part = min(found[price], found[promotion])
                found[price] -= part
                found[promotion] -= part
        return LineAmounts(**found)


class ShipItem(msgspec.Struct, frozen=True):
    """The shipping confirmation of one item. `ship_date` is an ISO date such as `2026-11-23`."""

    order_id: str
    item_id: str
    quantity: int
    ship_date: str
    carrier_code: str
    carrier_name: str
    tracking: str
    method: str = ""


def encoding_of(marketplace: str) -> str:
    """Return the encoding of a marketplace's files: cp932 for Japan, else UTF-8 (AMAZON.md h)."""
    return "cp932" if marketplace == "JP" else "utf-8"


def check_text(text: str, what: str) -> None:
    """Raise FeedError for characters that would break a row or a message (_BREAKING). `what` names the text."""
    if text.isascii() and text.isprintable():  # nearly every text
        return
    if any(unicodedata.category(char) in _BREAKING for char in text):
        raise FeedError(f"{what} {text!r} has a tab, line end or control character in it")


_CANCEL_REASONS, _REFUND_REASONS = frozenset(CancelReason), frozenset(RefundReason)
Item = TypeVar("Item", CancelItem, RefundItem, ShipItem)


def validate_items(items: Iterable[Item], marketplace: str) -> list[Item]:
    """Return the items as a list. Raises FeedError for the first bad item, and for none at all."""
    found = list(items)
    if not found:
        raise FeedError("a feed without rows is not made")
    market = MARKETPLACES.get(marketplace)
    if market is None:
        raise FeedError(f"there is no marketplace {marketplace!r}; a feed belongs to one")
    seen: set[tuple[str, str]] = set()
    for item in found:
        if not ORDER_ID.fullmatch(item.order_id):
            raise FeedError(f"{item.order_id!r} is no order id such as 113-0000001-0000001")
        if not ITEM_ID.fullmatch(item.item_id):
            raise FeedError(
                f"{_where(item)}: the order-item-id must be digits, 14 to 16 of them;"
                " import the Unshipped orders report"
            )
        if (item.order_id, item.item_id) in seen:
            raise FeedError(f"{_where(item)}: it is in the feed twice")
        seen.add((item.order_id, item.item_id))
        if isinstance(item, CancelItem):
            if item.reason not in _CANCEL_REASONS:
                raise FeedError(f"{_where(item)}: {item.reason!r} is no cancellation reason")
        elif isinstance(item, RefundItem):
            _check_refund(item, _where(item), market)
        else:
            _check_shipment(item, _where(item), marketplace)
    return found


def _where(item: Item) -> str:
    return f"order {item.order_id}, item {item.item_id or '(none)'}"


def _check_refund(item: RefundItem, where: str, market: Marketplace) -> None:
    currency = market.currency
    if item.reason not in _REFUND_REASONS:
        raise FeedError(f"{where}: {item.reason!r} is no refund reason")
    if item.currency != currency:
        raise FeedError(f"{where}: {item.currency} in a feed of {currency}: amounts of another currency are never sent")
    if item.units_cancelled < 0:
        raise FeedError(f"{where}: {item.units_cancelled} units cannot be cancelled")
    for name in COMPONENTS:
        if getattr(item.amounts, name) < 0:
            raise FeedError(f"{where}: {name.replace('_', ' ')} is below zero")
    if item.amounts.total <= 0:
        raise FeedError(f"{where}: nothing would be given back")
    if item.units_cancelled and item.reason not in PARTIAL_CANCEL_REASONS:
        reasons = " or ".join(reason.value for reason in PARTIAL_CANCEL_REASONS)
        raise FeedError(f"{where}: a refund that cancels units takes the reason {reasons}, not {item.reason}")
    amounts = item.amounts
    if price_tax(market.code) is not PriceTax.ADDED and (
        amounts.item_tax or amounts.shipping_tax or amounts.gift_wrap_tax
    ):
        raise FeedError(f"{where}: prices in {market.code} include the tax: a tax is not given back beside them")
    for text in (item.item_promotion_id, item.ship_promotion_id):
        check_text(text, f"{where}: the promotion id")


def _check_shipment(item: ShipItem, where: str, marketplace: str) -> None:
    if item.quantity < 1:
        raise FeedError(f"{where}: the quantity must be 1 or more")
    for name in ("carrier_code", "carrier_name", "tracking", "method"):
        text = getattr(item, name)
        check_text(text, f"{where}: {name.replace('_', ' ')}")
        try:
            text.encode(encoding_of(marketplace))
        except UnicodeEncodeError as error:
            raise FeedError(
                f"{where}: {text[error.start : error.end]!r} cannot be written in {error.encoding},"
                f" which {marketplace} needs"
            ) from None
    if not item.tracking.strip() or not item.carrier_code:
        raise FeedError(f"{where}: a shipment needs a carrier and a tracking number")
    if item.carrier_code not in (*CARRIER_CODES, OTHER):
        raise FeedError(f"{where}: Amazon has no carrier code {item.carrier_code!r}; it is {OTHER} with the name")
    if item.carrier_code == OTHER and not item.carrier_name.strip():
        raise FeedError(f"{where}: carrier Other needs the carrier's name")
    if len(item.carrier_name) > MOST_CARRIER_NAME:
        raise FeedError(f"{where}: Amazon takes {MOST_CARRIER_NAME} characters of a carrier's name at most")
    try:
        good = date.fromisoformat(item.ship_date).isoformat() == item.ship_date
    except ValueError:
        good = False
    if not good:
        raise FeedError(f"{where}: {item.ship_date!r} is no date such as 2026-11-23")


def group_by_order(items: Sequence[Item]) -> list[tuple[str, list[Item]]]:
    """Return the items of each order, orders in the sequence of their first item."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.order_id, []).append(item)
    return list(found.items())

"""Write and check the tab-delimited files for “Upload order related files” (AMAZON.md c, d, e)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from ordertui.orders.enums import Action, CancelReason
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import exponent, format_decimal

from .items import (
    ITEM_ID,
    ORDER_ID,
    CancelItem,
    FeedError,
    RefundItem,
    ShipItem,
    check_text,
    encoding_of,
    validate_items,
)
from .vocabulary import CARRIER_CODES, FLAT_REFUND_REASONS, MOST_CARRIER_NAME, OTHER, flat_refund_reason

TEMPLATE = (
    "TemplateType=OrderCancellation",
    "Version=1.0/1.0.3",
    "This row for Amazon.com use only.  Do not modify or delete.",
)
"""The first line of a cancellation file."""


class FlatColumn(msgspec.Struct, frozen=True):
    """A column of a flat file, and what Amazon takes in it."""

    name: str
    pattern: str
    """Regular expression for a whole cell."""
    takes: str
    """For people: what a cell may be."""


def _one_of(values: Iterable[str]) -> str:
    return "|".join(re.escape(value) for value in sorted(values))


_TEXT = r"[^\t\r\n]*"
_ORDER = FlatColumn("order-id", ORDER_ID.pattern, "an order id such as 113-0000001-0000001")
_ITEM = FlatColumn("order-item-id", ITEM_ID.pattern, "14 to 16 digits")
CANCELLATION = (
    _ORDER,
    FlatColumn("cancellation-reason-code", _one_of(CancelReason), "a reason of Amazon's"),
    FlatColumn("amazon-order-item-code", ITEM_ID.pattern, "14 to 16 digits"),
)


_AMOUNT = r"[0-9]{1,18}\.[0-9]{2}"


def _amount(name: str) -> FlatColumn:
    """Return a column of an amount: exactly two decimals, and 0.00 where nothing is given back (help 661)."""
    return FlatColumn(name, _AMOUNT, "an amount with two decimals")


def _promotion(name: str) -> FlatColumn:
    """Return a column of a promotion that is taken off what goes back: a positive one would pay it to the buyer."""
    return FlatColumn(name, rf"-{_AMOUNT}|0\.00", "0.00, or an amount below zero with two decimals")


ADJUSTMENT = (
    _ORDER, _ITEM,
    FlatColumn("adjustment-reason-code", _one_of(FLAT_REFUND_REASONS), "a reason of Amazon's"),
    FlatColumn("currency", "[A-Z]{3}", "a currency"),
    _amount("item-price-adj"), _amount("item-tax-adj"), _amount("shipping-price-adj"), _amount("shipping-tax-adj"),
    _amount("gift-wrap-price-adj"), _amount("gift-wrap-tax-adj"),
    _promotion("item-promotion-adj"), FlatColumn("item-promotion-id", _TEXT, "a promotion id"),
    _promotion("ship-promotion-adj"), FlatColumn("ship-promotion-id", _TEXT, "a promotion id"),
    FlatColumn("quantity-cancelled", "[0-9]{1,9}", "a number of units"),
)  # fmt: skip
PROMOTIONS = frozenset({"item-promotion-adj", "item-promotion-id", "ship-promotion-adj", "ship-promotion-id"})
"""Columns that a file has when a promotion is taken off, and does not have otherwise: then its upload fails."""
FULFILLMENT = (
    _ORDER, _ITEM,
    FlatColumn("quantity", "[1-9][0-9]{0,8}", "a number of units"),
    FlatColumn("ship-date", "[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date such as 2026-11-23"),
    FlatColumn("carrier-code", _one_of((*CARRIER_CODES, OTHER)), "a code of Amazon's list, or Other"),
    FlatColumn("carrier-name", rf"[^\t\r\n]{{0,{MOST_CARRIER_NAME}}}", "a carrier's name, of 50 characters at most"),
    FlatColumn("tracking-number", r"[^\t\r\n]*[^\s][^\t\r\n]*", "a tracking number"),
    FlatColumn("ship-method", _TEXT, "a text"),
)  # fmt: skip
COLUMNS = {Action.CANCEL: CANCELLATION, Action.REFUND: ADJUSTMENT, Action.CONFIRM: FULFILLMENT}
"""By help 50791 (order cancellation), 661 (adjustments) and 641 (shipping confirmation), read in November 2026."""


def check_flat_file(content: bytes, action: Action, marketplace: str) -> None:
    """Raise FeedError, naming the order and the column, for a file that Amazon would not take."""
    try:
        text = content.decode(encoding_of(marketplace))
    except UnicodeDecodeError as error:
        raise FeedError(f"the file is not in {error.encoding}, which {marketplace} needs") from None
    lines = text.split("\r\n")
    if lines.pop() or not lines:
        raise FeedError("the file does not end with a line end")
    if action is Action.CANCEL and lines.pop(0) != "\t".join(TEMPLATE):
        raise FeedError("the file does not begin with Amazon's template line")
    header = lines.pop(0).split("\t") if lines else []
    columns = COLUMNS[action]
    if action is Action.REFUND and not PROMOTIONS & set(header):
        columns = tuple(column for column in columns if column.name not in PROMOTIONS)
    if header != [column.name for column in columns] or not lines:
        raise FeedError(f"the file's header must be {' '.join(column.name for column in columns)}, and rows follow it")
    row = re.compile("\t".join(f"(?:{column.pattern})" for column in columns))
    seen: set[tuple[str, str]] = set()
    for line in lines:
        problem = "" if row.fullmatch(line) else _cell_problem(line, columns)
        cells = dict(zip(header, line.split("\t"), strict=False))
        problem = problem or _pair_problem(cells) or _value_problem(cells, marketplace)
        item = cells["order-id"], cells.get("order-item-id") or cells.get("amazon-order-item-code", "")
        problem = problem or (f"item {item[1]} is there twice" if item in seen else "")
        seen.add(item)
        if problem:
            raise FeedError(f"order {cells['order-id']}: {problem}; Amazon would refuse it, so the file is not made")


def _cell_problem(line: str, columns: tuple[FlatColumn, ...]) -> str:
    cells = line.split("\t")
    if len(cells) != len(columns):
        return f"{len(cells)} cells, {len(columns)} are wanted"
    column, cell = next(
        (column, cell) for column, cell in zip(columns, cells, strict=True) if not re.fullmatch(column.pattern, cell)
    )
    return f"{column.name} must be {column.takes}, not {cell!r}"


def _pair_problem(cells: dict[str, str]) -> str:
    """Return what is wrong between two cells, or an empty text."""
    for part in ("item", "ship"):
        adjustment, ident = cells.get(f"{part}-promotion-adj"), cells.get(f"{part}-promotion-id", "")
        if adjustment is not None and float(adjustment) and not ident.strip():
            return f"{part}-promotion-adj needs {part}-promotion-id beside it"
    if cells.get("carrier-code") == OTHER and not cells["carrier-name"].strip():
        return "carrier-code Other needs a carrier-name beside it"
    return ""


def _value_problem(cells: dict[str, str], marketplace: str) -> str:
    """Return what is wrong with the values of a row whose cells have the right form, or an empty text."""
    if "ship-date" in cells:
        try:
            date.fromisoformat(cells["ship-date"])
        except ValueError:
            return f"ship-date must be a date such as 2026-11-23, not {cells['ship-date']!r}"
    if "currency" not in cells:
        return ""
    currency = MARKETPLACES[marketplace].currency
    if cells["currency"] != currency:
        return f"currency must be {currency} in {marketplace}, not {cells['currency']}"
    amounts = {name: int(cell.replace(".", "")) for name, cell in cells.items() if name.endswith("-adj")}
    if exponent(currency) == 0:
        odd = next((name for name, amount in amounts.items() if amount % 100), None)
        if odd is not None:
            return f"{odd} must be a whole number of {currency}, not {cells[odd]}"
    return "" if sum(amounts.values()) > 0 else "nothing is given back"


def _write_rows(rows: Iterable[Sequence[str]], marketplace: str) -> bytes:
    lines = []
    for row in rows:
        for cell in row:
            check_text(cell, "the value")
        lines.append("\t".join(row))
    return ("\r\n".join(lines) + "\r\n").encode(encoding_of(marketplace))


def cancellation_flat(items: Iterable[CancelItem], *, marketplace: str) -> bytes:
    """Return the Order Cancellation file: template line, header, one row for each item. Raises FeedError."""
    rows = [(item.order_id, item.reason, item.item_id) for item in validate_items(items, marketplace)]
    return _write_rows([TEMPLATE, _names(CANCELLATION), *rows], marketplace)


def takes_promotion_off(item: RefundItem) -> bool:
    """Return whether a promotion with a known id is taken off: its file needs the promotion columns."""
    sent = item.promotions_named()
    return bool(sent.item_promotion or sent.ship_promotion)


def adjustment_flat(items: Iterable[RefundItem], *, marketplace: str, with_promotions: bool | None = None) -> bytes:
    """Return the payment adjustment file. Raises FeedError.

    Every field is required but those of promotions (help 661): 0.00 stands where nothing is given back, and the four
    promotion columns are written only when a promotion with a known id is taken off. `with_promotions` says it of the
    whole file when these are a part of its items.
    """
    found = validate_items(items, marketplace)
    if with_promotions is None:
        with_promotions = any(map(takes_promotion_off, found))
    columns = [name for name in _names(ADJUSTMENT) if with_promotions or name not in PROMOTIONS]
    rows = [[cells[name] for name in columns] for cells in map(_adjustment_cells, found)]
    return _write_rows([columns, *rows], marketplace)


def without_header(content: bytes, action: Action) -> bytes:
    """Return the rows of a file, to be joined to a file with others of its kind."""
    return content.split(b"\r\n", 2 if action is Action.CANCEL else 1)[-1]


def _names(columns: Iterable[FlatColumn]) -> list[str]:
    return [column.name for column in columns]


def _adjustment_cells(item: RefundItem) -> dict[str, str]:
    amounts = item.promotions_named()

    def text(minor: int) -> str:
        return format_two_decimals(minor, item.currency)

    return {
        "order-id": item.order_id,
        "order-item-id": item.item_id,
        "adjustment-reason-code": flat_refund_reason(item.reason),
        "currency": item.currency,
        "item-price-adj": text(amounts.item_price),
        "item-tax-adj": text(amounts.item_tax),
        "shipping-price-adj": text(amounts.shipping_price),
        "shipping-tax-adj": text(amounts.shipping_tax),
        "gift-wrap-price-adj": text(amounts.gift_wrap_price),
        "gift-wrap-tax-adj": text(amounts.gift_wrap_tax),
        "item-promotion-adj": text(-amounts.item_promotion),
        "item-promotion-id": item.item_promotion_id if amounts.item_promotion else "",
        "ship-promotion-adj": text(-amounts.ship_promotion),
        "ship-promotion-id": item.ship_promotion_id if amounts.ship_promotion else "",
        "quantity-cancelled": str(item.units_cancelled),
    }


def format_two_decimals(minor: int, currency: str) -> str:
    """Return an amount with exactly two decimals, for yen too (help 661; amzn-base.xsd)."""
    text = format_decimal(minor, currency)
    return text if "." in text else f"{text}.00"


def fulfillment_flat(items: Iterable[ShipItem], *, marketplace: str) -> bytes:
    """Return the shipping confirmation file. Raises FeedError."""
    rows = [
        (i.order_id, i.item_id, str(i.quantity), i.ship_date, i.carrier_code, i.carrier_name, i.tracking, i.method)
        for i in validate_items(items, marketplace)
    ]
    return _write_rows([_names(FULFILLMENT), *rows], marketplace)

"""Order reports row by row: plain tuples out, bad rows listed, buyers' data never touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import itemgetter

from ordertui.orders.marketplace import by_sales_channel
from ordertui.orders.report_row import Row

from .cells import Memo, amount, channel, flag, label, moment, status, unquoted, whole
from .errors import ReportError
from .kinds import FIELDS, ReportKind, positions
from .looking import chunks
from .values import Reject, ReportInfo, RowBatch

ORDER_ID = re.compile(r"[A-Z0-9]{3}-[0-9]{7}-[0-9]{7}")
_BROKEN_NUMBER = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")


class _Bad(ValueError):
    """Why a row cannot be taken in."""


def read(info: ReportInfo) -> Iterator[RowBatch]:
    """The rows of an order report, some thousands at a time. Raises ReportError for the Cancellation Rate report (`read_rate`)."""
    return _Reader(info).batches()


class _Reader:
    def __init__(self, info: ReportInfo) -> None:
        self._info = info
        places = positions(info.header)
        self._width = len(info.header)
        last = self._width  # an empty cell is added there, for columns that are not in this file
        self._pick = itemgetter(*(last if at is None else at for at in places))
        self._has = {name: at is not None for name, at in zip(FIELDS, places, strict=True)}
        self._markets: Memo[str | None] = Memo(self._market)
        self._moments: Memo[int | None] = Memo(moment)
        self._labels: Memo[str | None] = Memo(label)
        self._wholes: Memo[int | None] = Memo(whole)
        self._flags: Memo[str | None] = Memo(flag)
        self._statuses: Memo[str | None] = Memo(status)
        self._channels: Memo[str | None] = Memo(channel)
        self._amounts: dict[str, Memo[int | None]] = {}
        self._row: Callable[[int, tuple[str, ...]], Row | None] = (
            self._all_orders if info.kind is ReportKind.ALL_ORDERS else self._shipping_report
        )

    def batches(self) -> Iterator[RowBatch]:
        """All rows."""
        info = self._info
        number = 0
        for block, done in chunks(info.path):
            text = decode(info, block)
            rows: list[Row] = []
            rejects: list[Reject] = []
            ignored = 0
            for line in text.split("\n"):
                number += 1
                if number == 1 or not line or line == "\r":
                    continue
                cells = line.rstrip("\r").split(info.delimiter)
                if len(cells) < self._width:
                    cells += [""] * (self._width - len(cells))
                elif len(cells) > self._width:
                    if any(cell.strip() for cell in cells[self._width :]):
                        rejects.append(
                            self._reject(number, f"{len(cells)} values, the header has {self._width}", cells)
                        )
                        continue
                    del cells[self._width :]
                cells.append("")
                try:
                    row = self._row(number, self._pick(cells))
                except _Bad as error:
                    rejects.append(self._reject(number, str(error), cells))
                    continue
                if row is None:
                    ignored += 1
                else:
                    rows.append(row)
            number -= 1  # the text after the last line end is no line
            yield RowBatch(rows, rejects, ignored, done)

    def _reject(self, number: int, reason: str, cells: list[str]) -> Reject:
        kept = [
            label(cell) or ""
            for cell in self._pick([*cells[: self._width], *[""] * (self._width + 1 - min(len(cells), self._width))])
        ]
        return Reject(str(self._info.path), number, reason, " | ".join(cell for cell in kept if cell))

    def _market(self, text: str) -> str | None:
        """The marketplace's code; None outside Amazon. Raises _Bad when nobody says."""
        text = unquoted(text)
        if not text:
            if self._info.marketplace is None:
                raise _Bad("sales-channel is empty: import with --marketplace CODE")
            return self._info.marketplace
        market = by_sales_channel(text)
        if market is not None:
            return market.code
        if text.lower().startswith("non-amazon"):
            return None
        raise _Bad(f"sales-channel: {text!r} is no marketplace that is known here")

    def _amount(self, currency: str) -> Memo[int | None]:
        memo = self._amounts.get(currency)
        if memo is None:
            memo = self._amounts[currency] = Memo(amount(currency))
        return memo

    def _prices(self, cells: tuple[str, ...], currency: str | None) -> tuple[int | None, ...]:
        if currency is None:
            if any(cell.strip() for cell in cells):
                raise _Bad("there are amounts but no currency")
            return (None,) * 8
        memo = self._amount(currency)
        try:
            a, b, c, d, e, f, g, h = (memo[cell] for cell in cells)
        except ValueError as error:
            raise _Bad(f"amount: {error}") from None
        if a is None:
            return (None,) * 8
        if a < 0 or (b or 0) < 0 or (c or 0) < 0 or (d or 0) < 0 or (e or 0) < 0 or (f or 0) < 0:
            raise _Bad("an amount is below zero")
        return (a, b or 0, c or 0, d or 0, e or 0, f or 0, abs(g or 0), abs(h or 0))

    def _common(self, cells: tuple[str, ...]) -> tuple[str, int | None, int | None, int | None, int | None]:
        """Order id, purchase time, ship-by, quantity, shipped. Raises _Bad."""
        order_id = _order_id(cells[0])
        name, text = "purchase-date", cells[6]
        try:
            purchased = self._moments[text]
            name, text = "latest-ship-date" if "latest-ship-date" in self._info.header else "promise-date", cells[7]
            ship_by = self._moments[text]
        except ValueError:
            raise _Bad(f"{name}: {text!r} is no date such as 2026-11-23T14:05:00+00:00") from None
        try:
            name, text = "quantity", cells[12]
            quantity = self._wholes[text]
            name, text = "quantity-shipped", cells[13]
            shipped = self._wholes[text]
        except ValueError:
            raise _Bad(f"{name}: {text!r} is no whole number") from None
        return order_id, purchased, ship_by, quantity, shipped

    def _all_orders(self, number: int, cells: tuple[str, ...]) -> Row | None:
        market = self._markets[cells[3]]
        if market is None:
            return None
        order_id, purchased, ship_by, quantity, shipped = self._common(cells)
        try:
            updated = self._moments[cells[8]]
        except ValueError:
            raise _Bad(f"last-updated-date: {cells[8]!r} is no date such as 2026-11-23T14:05:00+00:00") from None
        item_status = self._statuses[cells[5]]
        if shipped is None and item_status == "shipped":
            shipped = quantity
        currency = _currency(cells[14])
        return (
            number, order_id, _item_id(cells[1]), market, self._channels[cells[2]], self._statuses[cells[4]], item_status,
            purchased, ship_by, updated if updated is not None else purchased or self._info.as_of or 0,
            self._labels[cells[9]] or "", self._labels[cells[10]], self._labels[cells[11]], quantity, shipped, currency,
            *self._prices(cells[15:23], currency), self._request(cells[23]), self._labels[cells[24]],
            self._flags[cells[25]], self._flags[cells[26]], self._flags[cells[27]],
        )  # fmt: skip

    def _shipping_report(self, number: int, cells: tuple[str, ...]) -> Row | None:
        market = self._markets[cells[3]]
        if market is None:
            return None
        order_id, purchased, ship_by, quantity, shipped = self._common(cells)
        state = None
        if self._info.kind is ReportKind.UNSHIPPED:
            state = "partially_shipped" if shipped else "unshipped"
        currency = _currency(cells[14])
        item_id = _item_id(cells[1])
        if item_id is None:
            raise _Bad("order-item-id is empty")
        return (
            number, order_id, item_id, market, "merchant", state, None,
            purchased, ship_by, self._info.as_of or purchased or 0,
            self._labels[cells[9]] or "", self._labels[cells[10]], self._labels[cells[11]], quantity, shipped, currency,
            *self._prices(cells[15:23], currency), self._request(cells[23]), self._labels[cells[24]],
            self._flags[cells[25]], self._flags[cells[26]], self._flags[cells[27]],
        )  # fmt: skip

    def _request(self, text: str) -> str | None:
        if not self._has["requested"]:
            return None
        word = self._flags[text]
        return "official" if word == "yes" else "none" if word == "no" or not text.strip() else None


def decode(info: ReportInfo, block: bytes) -> str:
    """Some lines as text. Raises ReportError when they are not in the encoding that was given."""
    try:
        return block.decode(info.encoding)
    except UnicodeDecodeError as error:
        raise ReportError(f"{info.path}: it is not {info.encoding}: {error.reason}; try another --encoding") from error


def _order_id(text: str) -> str:
    if ORDER_ID.fullmatch(text):
        return text
    text = unquoted(text)
    if ORDER_ID.fullmatch(text):
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise _Bad(f"order id {text!r} was broken by a spreadsheet: download the report again")
    raise _Bad(f"{text!r} is no order id such as 113-0000001-0000001")


def _item_id(text: str) -> str | None:
    text = unquoted(text)
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise _Bad(f"order-item-id {text!r} was broken by a spreadsheet: download the report again")
    raise _Bad(f"order-item-id {text!r} is not made of digits")


def _currency(text: str) -> str | None:
    text = unquoted(text)
    if not text:
        return None
    if len(text) == 3 and text.isascii() and text.isupper():
        return text
    raise _Bad(f"currency {text!r} is no code such as USD")

"""Many rows of an order report at once, column by column, each through a memo: several times as fast as row by row.

Only plain rows are read here. When anything in a piece is not, nothing of it is, and `row_reading` tells what is wrong with
which row; both give the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

from ordertui.orders.report_row import ReportRow

from .cell_parsers import FIRST_YEAR, ORDER_ID, Memo, channel, flag, label, status
from .inspect import split
from .model import ReportInfo
from .report_kind import FIELDS, ReportKind, positions
from .row_reader import AT, ITEM_ID, RowReader, currency_of, item_id_of, order_id_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_EARLY = int((datetime(FIRST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())
"""Dates before are looked at one by one."""
_AMOUNTS = FIELDS[AT["item_price"] + 1 : AT["requested"]]
_DISCOUNTS = frozenset({"item_promotion", "ship_promotion"})

Column = Sequence[Any]


class ColumnReader:
    """Reads pieces of one report."""

    def __init__(self, info: ReportInfo, rows: RowReader) -> None:
        self._info = info
        self._rows = rows
        self._all_orders = info.kind is ReportKind.ALL_ORDERS
        self._width = len(info.header)
        self._places = {name: at for name, at in zip(FIELDS, positions(info.header), strict=True) if at is not None}
        self._markets: Memo[str, str | None] = Memo(rows.market)
        self._currencies: Memo[str, str | None] = Memo(currency_of)
        self._words: dict[str, Memo[str, str | None]] = {
            "channel": Memo(lambda text: rows.known("channel", channel, text)),
            "status": Memo(lambda text: rows.known("status", status, text)),
            "item_status": Memo(lambda text: rows.known("item_status", status, text)),
            "requested": Memo(rows.request),
            "request_reason": Memo(label),
            "replacement": Memo(lambda text: rows.known("replacement", flag, text)),
            "business": Memo(lambda text: rows.known("business", flag, text)),
            "prime": Memo(lambda text: rows.known("prime", flag, text)),
        }

    def read(self, number: int, lines: list[str]) -> list[ReportRow] | None:
        """The rows of these lines, of which the first has this number; None when one of them is not plain."""
        mark = self._info.delimiter
        cells = [line.split(mark) for line in lines] if mark == "\t" else [split(line, mark) for line in lines]
        try:
            if set(map(len, cells)) != {self._width}:
                if not all(map(str.strip, lines)):
                    return None
                cells = [self._rows.fitted(one) for one in cells]
            return self._read(range(number, number + len(lines)), list(zip(*cells, strict=True)))
        except (ValueError, TypeError):  # TypeError: a time without its offset from UTC
            return None

    def _read(self, numbers: Sequence[int], cells: list[Sequence[str]]) -> list[ReportRow]:
        """The rows of these columns. Raises ValueError, TypeError."""
        count = len(numbers)
        places, rows, words = self._places, self._rows, self._words
        blank = ("",) * count
        markets = self._through(self._markets, "sales_channel", cells, blank)
        ignored = 0
        if None in markets:
            kept = [at for at, market in enumerate(markets) if market is not None]
            ignored = count - len(kept)
            count, blank = len(kept), blank[: len(kept)]
            numbers = [numbers[at] for at in kept]
            markets = [markets[at] for at in kept]
            cells = [[column[at] for at in kept] for column in cells]
        currencies = self._through(self._currencies, "currency", cells, blank)
        word = {name: self._through(memo, name, cells, blank) for name, memo in words.items()}
        ids: Column = cells[places["order_id"]]
        if not all(map(ORDER_ID.fullmatch, ids)):
            ids = [order_id_of(text) for text in ids]
        items: Column = repeat(None, count)  # type: ignore[assignment]
        if "item_id" in places:
            items = cells[places["item_id"]]
            if not all(map(ITEM_ID.fullmatch, items)):
                items = [item_id_of(text) for text in items]
                if None in items and not self._all_orders:
                    raise ValueError
        purchased, ship_by = (
            self._dates(cells[places[name]]) if name in places else [None] * count for name in ("purchased", "ship_by")
        )
        quantities = self._through(rows.wholes, "quantity", cells, blank)
        shipped = self._through(rows.wholes, "shipped", cells, blank)
        as_of = self._info.as_of
        channels, states, line_states, facts = word["channel"], word["status"], word["item_status"], [as_of] * count
        if self._all_orders:
            facts = self._dates(cells[places["updated"]]) if "updated" in places else [None] * count
            if None in facts:
                facts = [
                    at if at is not None else bought or as_of or 0 for at, bought in zip(facts, purchased, strict=True)
                ]
            if None in shipped:
                shipped = [
                    quantity if units is None and state == "shipped" else units
                    for units, quantity, state in zip(shipped, quantities, line_states, strict=True)
                ]
        else:
            channels, line_states = ["merchant"] * count, [None] * count
            if not as_of:
                facts = [at or 0 for at in purchased]
            if self._info.kind is ReportKind.UNSHIPPED:
                states = ["partially_shipped" if units else "unshipped" for units in shipped]
            else:
                states = [None] * count
        found: list[ReportRow] = list(
            zip(
                numbers, ids, items, markets, channels, states, line_states, purchased, ship_by, facts,
                [text or "" for text in self._through(rows.labels, "sku", cells, blank)],
                self._through(rows.labels, "asin", cells, blank), self._through(rows.labels, "title", cells, blank),
                quantities, shipped, currencies, *self._money(currencies, cells, blank),
                word["requested"], word["request_reason"], word["replacement"], word["business"], word["prime"],
                strict=True,
            )
        )  # fmt: skip
        rows.ignored += ignored
        return found

    def _through(self, memo: Memo[str, Any], field: str, cells: Sequence[Column], blank: Column) -> Column:
        """A column's values; those of an empty one when it is not in this file."""
        place = self._places.get(field)
        if place is None:
            return [memo[""]] * len(blank)
        return list(map(memo.__getitem__, cells[place]))

    @staticmethod
    def _dates(texts: Column) -> list[int | None]:
        """UTC epoch seconds of times with an offset; None for empty ones. Raises ValueError, TypeError."""
        known: dict[str, int | None] = dict.fromkeys(texts)
        known.pop("", None)
        if not known:
            return [None] * len(texts)
        times = [(time - _EPOCH) // _SECOND for time in map(datetime.fromisoformat, known)]
        if min(times) < _EARLY:
            raise ValueError
        if len(times) == len(texts):
            return times  # type: ignore[return-value]
        known = dict(zip(known, times, strict=True))
        known[""] = None
        return list(map(known.__getitem__, texts))

    def _money(self, currencies: Column, cells: Sequence[Column], blank: Column) -> Iterable[Column]:
        """The eight amounts; None where there is no item price. Raises ValueError."""
        rows, places = self._rows, self._places
        if not rows.priced:
            return [[None] * len(blank)] * 8
        named = set(currencies)
        memos = {currency: rows.memos(currency) for currency in named}

        def values(field: str) -> Column:
            place = places.get(field)
            if place is None:
                return [None] * len(blank)
            which = field in _DISCOUNTS
            if len(memos) == 1:
                (pair,) = memos.values()
                return list(map(pair[which].__getitem__, cells[place]))
            return [memos[currency][which][text] for currency, text in zip(currencies, cells[place], strict=True)]

        prices = values("item_price")
        rest = [values(field) for field in _AMOUNTS]
        if None in prices:
            return [
                prices,
                *(
                    [None if price is None else amount or 0 for price, amount in zip(prices, column, strict=True)]
                    for column in rest
                ),
            ]
        return [prices, *([amount or 0 for amount in column] for column in rest)]

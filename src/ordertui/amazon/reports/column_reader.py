"""Read many rows of an order report at once, column by column: several times as fast as row by row.

Only plain rows are read here. If any row of a group is not plain, none of the group is read and `row_reader` takes
over, which tells what is wrong with which row. Both give the same rows:
`tests/amazon/reports/test_column_reader.py` holds them to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

from ordertui.orders.clock import EARLIEST, LATEST
from ordertui.orders.report_row import MARKETPLACE, ReportRow
from ordertui.orders.report_row import ORDER_ID as ROW_ORDER_ID

from .cell_parsers import ORDER_ID, Memo, parse_channel, parse_flag, parse_label, parse_status, strip_quotes
from .cell_values import ITEM_ID, OUTSIDE_AMAZON, check_currency, parse_currency, parse_item_id, parse_order_id
from .inspect import split_line
from .model import ReportInfo
from .report_kind import AMOUNT_FIELDS, FIELDS, StatusSource, column_positions
from .row_reader import RowReader

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_FLAGS = frozenset({"requested", "replacement", "business", "prime"})
_DISCOUNTS = frozenset({"item_promotion", "ship_promotion"})

Values = Sequence[Any]
"""The values of one field, one for each row."""


class ColumnReader:
    """Reads groups of lines of one report. `rows` is the RowReader whose memos and counters it shares."""

    def __init__(self, info: ReportInfo, rows: RowReader) -> None:
        self._info = info
        self._rows = rows
        self._values = values = rows.values
        self._has_status = info.format.status_source is StatusSource.COLUMNS
        self._width = len(info.header)
        positions = zip(FIELDS, column_positions(info.header), strict=True)
        self._positions = {name: index for name, index in positions if index is not None}
        self._markets: Memo[str, str | None] = Memo(values.parse_marketplace)
        self._currencies: Memo[str, str | None] = Memo(parse_currency)
        self._words: dict[str, Memo[str, str | None]] = {
            "channel": Memo(lambda text: values.parse_word("channel", parse_channel, text)),
            "status": Memo(lambda text: values.parse_word("status", parse_status, text)),
            "item_status": Memo(lambda text: values.parse_word("item_status", parse_status, text)),
            "requested": Memo(values.parse_request),
            "request_reason": Memo(parse_label),
            "replacement": Memo(lambda text: values.parse_word("replacement", parse_flag, text)),
            "business": Memo(lambda text: values.parse_word("business", parse_flag, text)),
            "prime": Memo(lambda text: values.parse_word("prime", parse_flag, text)),
        }

    def read(self, number: int, lines: list[str]) -> list[ReportRow] | None:
        """Return the rows of these lines; None when one of them is not plain. `number` is the first line's number."""
        mark = self._info.delimiter
        cells = [line.split(mark) for line in lines] if mark == "\t" else [split_line(line, mark) for line in lines]
        try:
            if set(map(len, cells)) != {self._width}:
                if not all(map(str.strip, lines)):
                    return None
                cells = [self._rows.shape.fit_to_header(one) for one in cells]
            return self._read(range(number, number + len(lines)), list(zip(*cells, strict=True)))
        except (ValueError, TypeError):  # TypeError: a time without its offset from UTC
            return None

    def _read(self, numbers: Sequence[int], cells: list[Sequence[str]]) -> list[ReportRow]:
        """Return the rows of these columns of cells. Raises ValueError, TypeError."""
        count = len(numbers)
        positions, rows, words = self._positions, self._rows, self._words
        blank = ("",) * count
        markets = self._parse_column(self._markets, "sales_channel", cells, blank)
        ignored = 0
        if OUTSIDE_AMAZON in markets:
            kept = [index for index, market in enumerate(markets) if market != OUTSIDE_AMAZON]
            ignored = count - len(kept)
            count, blank = len(kept), blank[: len(kept)]
            numbers = [numbers[index] for index in kept]
            markets = [markets[index] for index in kept]
            cells = [[column[index] for index in kept] for column in cells]
        currencies = self._parse_column(self._currencies, "currency", cells, blank)
        _check_currencies(markets, currencies)
        word = {name: self._parse_column(memo, name, cells, blank) for name, memo in words.items()}
        for name in _FLAGS.intersection(positions):
            if None in word[name] and any(map(str.strip, cells[positions[name]])):
                texts = zip(word[name], cells[positions[name]], strict=True)
                if any(value is None and strip_quotes(text) for value, text in texts):
                    raise ValueError("a word that is not known may be another column's")
        ids: Values = cells[positions["order_id"]]
        if not all(map(ORDER_ID.fullmatch, ids)):
            ids = [parse_order_id(text) for text in ids]
        self._check_marketplaces(ids, markets)
        items: Values = repeat(None, count)  # type: ignore[assignment]
        if "item_id" in positions:
            items = cells[positions["item_id"]]
            if not all(map(ITEM_ID.fullmatch, items)):
                items = [parse_item_id(text) for text in items]
                if None in items and not self._has_status:
                    raise ValueError
        purchased, ship_by = (
            self._parse_times(cells[positions[name]], latest) if name in positions else [None] * count
            for name, latest in (("purchased", self._info.latest), ("ship_by", LATEST))
        )
        skus = self._parse_skus(cells, blank)
        quantities = self._parse_column(self._values.quantities, "quantity", cells, blank)
        shipped = self._parse_column(self._values.quantities, "shipped", cells, blank)
        as_of = self._info.as_of
        channels, statuses, item_statuses = word["channel"], word["status"], word["item_status"]
        fact_times: Values = [as_of] * count
        if self._has_status:
            if "updated" in positions:
                fact_times = self._parse_times(cells[positions["updated"]], self._info.latest)
            else:
                fact_times = [None] * count
            if None in fact_times:
                fact_times = [
                    updated if updated is not None else bought or as_of or 0
                    for updated, bought in zip(fact_times, purchased, strict=True)
                ]
            if None in shipped:
                shipped = [
                    quantity if units is None and status == "shipped" else units
                    for units, quantity, status in zip(shipped, quantities, item_statuses, strict=True)
                ]
        else:
            channels, item_statuses = ["merchant"] * count, [None] * count
            if not as_of:
                fact_times = [bought or 0 for bought in purchased]
            if self._info.format.status_source is StatusSource.UNITS_SHIPPED:
                statuses = ["partially_shipped" if units else "unshipped" for units in shipped]
            else:
                statuses = [None] * count
        found: list[ReportRow] = list(
            zip(
                numbers, ids, items, markets, channels, statuses, item_statuses, purchased, ship_by, fact_times,
                skus,
                self._parse_column(self._values.labels, "asin", cells, blank),
                self._parse_column(self._values.labels, "title", cells, blank),
                quantities, shipped, currencies, *self._parse_amounts(currencies, cells, blank),
                word["requested"], word["request_reason"], word["replacement"], word["business"], word["prime"],
                self._parse_column(self._values.labels, "item_promotion_id", cells, blank),
                self._parse_column(self._values.labels, "ship_promotion_id", cells, blank), repeat(None, count),
                strict=True,
            )
        )  # fmt: skip
        rows.ignored += ignored
        return found

    def _check_marketplaces(self, ids: Values, markets: Values) -> None:
        """Raise ValueError where a row without a marketplace takes that of the same order's row before it."""
        if None not in markets:
            return
        last = self._rows.last
        order_id, market = (last[ROW_ORDER_ID], last[MARKETPLACE]) if last is not None else (None, None)
        for one, its_market in zip(ids, markets, strict=True):
            if its_market is None and market is not None and one == order_id:
                raise ValueError
            order_id, market = one, its_market

    def _parse_column(self, memo: Memo[str, Any], field: str, cells: Sequence[Values], blank: Values) -> Values:
        """Return a field's values; those of empty cells when its column is not in this file."""
        index = self._positions.get(field)
        if index is None:
            return [memo[""]] * len(blank)
        return list(map(memo.__getitem__, cells[index]))

    def _parse_skus(self, cells: Sequence[Values], blank: Values) -> Values:
        """Return the SKUs. Raises ValueError where one is missing: the row may only add a promotion to its item."""
        skus = self._parse_column(self._values.labels, "sku", cells, blank)
        if None in skus and self._rows.shape.has_amounts:
            raise ValueError
        return [text or "" for text in skus]

    @staticmethod
    def _parse_times(texts: Values, latest: int = LATEST) -> list[int | None]:
        """Return the UTC epoch seconds of times with an offset; None for empty ones. Raises ValueError, TypeError."""
        known: dict[str, int | None] = dict.fromkeys(texts)
        known.pop("", None)
        if not known:
            return [None] * len(texts)
        times = [(time - _EPOCH) // _SECOND for time in map(datetime.fromisoformat, known)]
        if min(times) < EARLIEST or max(times) > latest:
            raise ValueError
        if len(times) == len(texts):
            return times  # type: ignore[return-value]
        known = dict(zip(known, times, strict=True))
        known[""] = None
        return list(map(known.__getitem__, texts))

    def _parse_amounts(self, currencies: Values, cells: Sequence[Values], blank: Values) -> Iterable[Values]:
        """Return the eight columns of amounts; None where there is no item price. Raises ValueError."""
        positions = self._positions
        if not self._rows.shape.has_amounts:
            return [[None] * len(blank)] * 8
        memos = {currency: self._values.amount_memos(currency) for currency in set(currencies)}

        def values(field: str) -> Values:
            index = positions.get(field)
            if index is None:
                return [None] * len(blank)
            is_discount = field in _DISCOUNTS
            if len(memos) == 1:
                (pair,) = memos.values()
                return list(map(pair[is_discount].__getitem__, cells[index]))
            return [memos[currency][is_discount][text] for currency, text in zip(currencies, cells[index], strict=True)]

        prices, *rest = map(values, AMOUNT_FIELDS)
        if None in prices:
            return [
                prices,
                *(
                    [None if price is None else amount or 0 for price, amount in zip(prices, column, strict=True)]
                    for column in rest
                ),
            ]
        return [prices, *([amount or 0 for amount in column] for column in rest)]


def _check_currencies(markets: Values, currencies: Values) -> None:
    """Raise ValueError where amounts are not in the currency of their marketplace."""
    for market, currency in set(zip(markets, currencies, strict=True)):
        check_currency(market, currency)

"""Marketplaces of rows that name none: a known order keeps its own, the operator's answer is for the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from ordertui.amazon.reports import MarketplaceNeeded, RejectedRow, ReportError, ReportInfo, RowBatch, UnnamedOrders
from ordertui.amazon.reports.cell_values import RowError, check_currency, is_own_currency
from ordertui.amazon.reports.included_tax import drop_included_tax
from ordertui.amazon.reports.unnamed_orders import PREFIX_CHARACTERS
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import COMPONENTS
from ordertui.orders.report_row import (
    AMOUNTS,
    CURRENCY,
    LINE_NO,
    MARKETPLACE,
    MARKETPLACE_BY_HAND,
    ORDER_ID,
    PURCHASED_AT,
    ReportRow,
)
from ordertui.store import Store


def make_question(path: Path, unnamed: UnnamedOrders, store: Store) -> MarketplaceNeeded:
    """Return the question for the marketplace of these orders: the store's marketplaces whose currency fits.

    Those whose known orders begin like these come first. Without a fitting one in the store, every marketplace whose
    currency fits is offered.
    """
    currencies = unnamed.currencies
    fitting = [code for code, one in MARKETPLACES.items() if not currencies or one.currency in currencies]
    of_store = [code for code in store.tallies.marketplaces() if code in fitting]
    alike = store.tallies.marketplaces_by_prefix(unnamed.prefixes).values()
    likely = [code for code in of_store if any(code in codes for codes in alike)]
    choices = likely + [code for code in of_store or fitting if code not in likely]
    proposed = likely or choices
    return MarketplaceNeeded(path, choices, proposed=proposed[0] if len(proposed) == 1 else None)


def check_answer(path: Path, unnamed: UnnamedOrders, marketplace: str) -> None:
    """Check the operator's answer against the amounts of the orders it is for. Raises ReportError."""
    currency = MARKETPLACES[marketplace].currency
    if unnamed.currencies and currency not in unnamed.currencies:
        found = ", ".join(sorted(unnamed.currencies))
        raise ReportError(f"{path}: its amounts are in {found}, those of {marketplace} are in {currency}")


SHOWN_ORDERS = 5
"""Orders of another beginning that a summary names."""


class MarketplaceResolver:
    """Gives the rows of one report that name no marketplace the one of their order."""

    def __init__(self, store: Store, info: ReportInfo) -> None:
        self._store = store
        self._file = str(info.path)
        self._answer = info.marketplace
        self._elsewhere: dict[str, str] = {}
        """By beginning of order ids: marketplaces of the known orders with it, when the answer is none of them."""
        self._beginnings: set[str] = set()
        self._doubtful: list[str] = []
        self.has_unnamed = False
        """Whether a row named no marketplace: what was made of it depends on what was known."""

    def notes(self) -> Iterator[str]:
        """Yield what speaks against the answer: order ids of marketplaces begin alike."""
        if self._doubtful:
            more = len(self._doubtful) - SHOWN_ORDERS
            yield (
                f"taken as orders of {self._answer}, though known orders that begin alike are of another marketplace:"
                f" {'; '.join(self._doubtful[:SHOWN_ORDERS])}{f'; and {more:,} more' if more > 0 else ''};"
                " if they are not of it, undo the import (--undo) and give the file with the right one"
            )
        elif len({one[0] for one in self._beginnings}) > 1:
            yield (
                f"the ids of its new orders begin with {', '.join(sorted(self._beginnings)[:SHOWN_ORDERS])}: are all of"
                f" them of {self._answer}? Each marketplace has beginnings of its own, as far as is known"
            )

    def resolve(self, batches: Iterable[RowBatch]) -> Iterator[RowBatch]:
        """Yield the batches with a marketplace in each row; rows for which none is known are rejected."""
        for batch in batches:
            if any(row[MARKETPLACE] is None for row in batch.rows):
                yield self._resolve(batch)
            else:
                yield batch

    def _resolve(self, batch: RowBatch) -> RowBatch:
        self.has_unnamed = True
        ids = {str(row[ORDER_ID]) for row in batch.rows if row[MARKETPLACE] is None}
        known = {str(row[ORDER_ID]): str(row[MARKETPLACE]) for row in batch.rows if row[MARKETPLACE] is not None}
        known |= self._store.orders.marketplaces_of(ids)
        rows: list[ReportRow] = []
        odd = {one.line for one in batch.rejects if one.is_taken and one.reason.startswith("sales-channel")}
        rejects = list(batch.rejects)
        for row in batch.rows:
            if row[MARKETPLACE] is not None:
                rows.append(row)
                continue
            line, order_id = int(str(row[LINE_NO])), str(row[ORDER_ID])
            if line in odd and order_id not in known:  # the answer is for rows that name nothing
                rejects = [msgspec.structs.replace(r, is_taken=False) if r.line == line else r for r in rejects]
                continue
            code, problem = self._marketplace_of(row, known)
            if problem:
                placed = row[PURCHASED_AT]
                when = None if placed is None else int(str(placed))
                rejects.append(RejectedRow(self._file, line, problem, order_id, code is not None, (order_id,), when))
            if code is not None:
                if not is_own_currency(code, row[CURRENCY]):
                    row = (*row[:CURRENCY], None, *(None,) * len(COMPONENTS), *row[AMOUNTS.stop :])
                rows += drop_included_tax([(*row[:MARKETPLACE], code, *row[MARKETPLACE + 1 : MARKETPLACE_BY_HAND], 1)])
        return msgspec.structs.replace(batch, rows=rows, rejects=rejects)

    def _marketplace_of(self, row: ReportRow, known: Mapping[str, str]) -> tuple[str | None, str]:
        """Return the marketplace of a row that names none, None to reject it; and what is to be told of it, if any."""
        own, answer, currency = known.get(str(row[ORDER_ID])), self._answer, row[CURRENCY]
        if own is not None:
            try:
                check_currency(own, None if currency is None else str(currency))
            except RowError as error:
                return own, error.with_value()
            is_clash = answer is not None and answer != own
            return own, f"the order is known to be of {own}, and stays so: {answer} was given" if is_clash else ""
        if answer is None:
            return None, "sales-channel is empty, and the order is not known: import with --marketplace CODE"
        expected = MARKETPLACES[answer].currency
        if currency is not None and currency != expected:
            return None, f"currency: '{currency}' does not fit {answer}, whose orders are in {expected}"
        self._note_beginning(int(str(row[LINE_NO])), str(row[ORDER_ID]), answer)
        return answer, ""

    def _note_beginning(self, line: int, order_id: str, answer: str) -> None:
        beginning = order_id[:PREFIX_CHARACTERS]
        if beginning not in self._beginnings:
            self._beginnings.add(beginning)
            codes = self._store.tallies.marketplaces_by_prefix([beginning])[beginning]
            self._elsewhere[beginning] = "" if answer in codes else ", ".join(sorted(codes))
        if self._elsewhere[beginning]:
            self._doubtful.append(f"line {line}: {order_id} ({beginning}-: {self._elsewhere[beginning]})")

"""Choices for a plan from tab-separated files: amounts to refund by line, and carrier and tracking by order."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ordertui.files import MEBIBYTE, read_file
from ordertui.operations.errors import BadInput
from ordertui.orders.money import parse_minor
from ordertui.orders.order import COMPONENTS, LineAmounts, Order
from ordertui.orders.text import NOT_UTF8, pluralize

from .plan import PlanLine

MOST_BYTES = 32 * MEBIBYTE
CANCELLED = "quantity-cancelled"
REFUND_COLUMNS = ("order-id", "line", *(name.replace("_", "-") for name in COMPONENTS), CANCELLED)
MOST_NAMED = 10
"""Orders that an error lists."""
SHIPPING_COLUMNS = ("order-id", "carrier", "tracking-number", "ship-date")


def table_rows(lines: Sequence[str], path: Path, *, quotes: bool = True) -> Iterator[list[str]]:
    """Yield the cells of tab-separated lines. Raises BadInput for a cell that is longer than any could be."""
    reader = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadInput(f"{path}:{reader.line_num}: cannot be read as a table: {error}") from error


def _rows(path: Path, needed: tuple[str, ...], known: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = read_file(path, MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} cannot be read: {NOT_UTF8}") from error
    reader = table_rows(text.splitlines(), path)
    header = [cell.strip() for cell in next(reader, [])]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise BadInput(f"{path}:1: the header names {', '.join(twice)} more than once; keep one column of each")
    missing = [name for name in needed if name not in header]
    strange = [name for name in header if name not in known]
    if missing or strange:
        word = f"lacks {', '.join(missing)}" if missing else f"has unknown columns {', '.join(strange)}"
        raise BadInput(f"{path}:1: the header {word}; it may have, tab-separated: {' '.join(known)}")
    for number, cells in enumerate(reader, start=2):
        if any(cell.strip() for cell in cells):
            if len(cells) != len(header):
                raise BadInput(f"{path}:{number}: {len(cells)} values, the header has {len(header)}")
            yield number, dict(zip(header, (cell.strip() for cell in cells), strict=True))


def read_shipping(path: Path) -> dict[str, tuple[str, str, str]]:
    """Order id to carrier, tracking number, ship date. Raises BadInput naming file and line."""
    found = {}
    for number, row in _rows(path, SHIPPING_COLUMNS, SHIPPING_COLUMNS):
        if row["order-id"] in found:
            raise BadInput(f"{path}:{number}: order {row['order-id']} is named twice")
        found[row["order-id"]] = (row["carrier"], row["tracking-number"], row["ship-date"])
    return found


def read_refunds(path: Path, order_of: dict[str, Order]) -> dict[str, tuple[PlanLine, ...]]:
    """Return the lines to refund by order id: amounts, and units never shipped to cancel.

    Amounts are decimals in the line's currency. Each order of `order_of` must be named: silence never means all that
    was paid. Raises BadInput naming file and line, and the orders that are missing.
    """
    found: dict[str, tuple[PlanLine, ...]] = {}
    for number, row in _rows(path, ("order-id", "line"), REFUND_COLUMNS):
        order = order_of.get(row["order-id"])
        if order is None:
            raise BadInput(f"{path}:{number}: order {row['order-id']} is not among the orders of this plan")
        line = next((one for one in order.lines if str(one.line) == row["line"]), None)
        if line is None or line.currency is None:
            raise BadInput(
                f"{path}:{number}: order {row['order-id']} has no line {row['line']!r} with a known currency"
            )
        amounts = {}
        for name in COMPONENTS:
            text = row.get(name.replace("_", "-"), "")
            try:
                amounts[name] = parse_minor(text, line.currency) if text else 0
            except ValueError as error:
                raise BadInput(f"{path}:{number}: {name.replace('_', '-')}: {error}") from error
        units = row.get(CANCELLED, "") or "0"
        if not (units.isascii() and units.isdigit()):
            raise BadInput(f"{path}:{number}: {CANCELLED}: {units!r} is no whole number")
        planned = PlanLine(
            line.line, line.order_item_id or "", line.sku, line.quantity or 0, LineAmounts(**amounts), int(units)
        )
        found[row["order-id"]] = (*found.get(row["order-id"], ()), planned)
    unnamed = [order_id for order_id in order_of if order_id not in found]
    if unnamed:
        some = ", ".join(unnamed[:MOST_NAMED]) + (", ..." if len(unnamed) > MOST_NAMED else "")
        raise BadInput(
            f"{path} names no amounts for {pluralize(len(unnamed))} of this plan: {some};"
            " name every order, or plan only the orders that it names"
        )
    return found

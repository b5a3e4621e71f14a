"""Lists of orders as table, json, csv or tsv text. Nothing that a terminal or spreadsheet would run gets out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import TextIO

from ordertui.files import new_output
from ordertui.operations.errors import BadInput
from ordertui.operations.planning.plan import Plan
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import OrderStatus
from ordertui.orders.money import format_decimal
from ordertui.orders.order import Order, OrderLine, OrderRow
from ordertui.orders.refund_limit import is_left_unknown, refund_limit
from ordertui.orders.text import guard_formula, strip_control_characters

FORMATS = ("table", "json", "csv", "tsv")
COLUMNS = (
    "order_id", "marketplace", "placed", "ship_by", "items", "total", "currency", "status", "may", "action", "state",
    "asked", "dispatched", "sku", "title", "lines", "note",
)  # fmt: skip
"""Columns of a list of orders. `action` and `state` are those of its last action; `lines` are all of its lines."""
SHEET = ("order_id", "outcome", "reason", "counts", "rule", "why", "instead", "total", "currency")
"""Columns of a plan's sheet."""
Record = dict[str, object]


def cell(value: object) -> str:
    """Return a value as table text: None is empty, booleans are yes and no, numbers have no exponent."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:f}".rstrip("0").rstrip(".")
    return strip_control_characters(str(value))


def safe_cell(value: object) -> str:
    """Return `cell` with an apostrophe before what a spreadsheet would take for a formula; plain numbers stay."""
    return guard_formula(cell(value))


def render(records: Iterable[Mapping[str, object]], columns: Sequence[str], form: str) -> str:
    """Return the list as `json`, `csv` or `tsv` text that ends in a newline."""
    out = io.StringIO()
    write_records(out, records, columns, form)
    return out.getvalue()


def write_records(file: TextIO, records: Iterable[Mapping[str, object]], columns: Sequence[str], form: str) -> int:
    """Write the list as `json`, `csv` or `tsv`, record by record, and return how many there were."""
    count = 0
    if form == "json":
        for count, one in enumerate(records, start=1):
            file.write("[\n" if count == 1 else ",\n")
            file.write(indent(json_text(one).rstrip("\n"), "  "))
        file.write("\n]\n" if count else "[]\n")
        return count
    writer = csv.writer(file, delimiter="," if form == "csv" else "\t", lineterminator="\n")
    writer.writerow(columns)
    for one in records:
        count += 1
        writer.writerow([safe_cell(one.get(column)) for column in columns])
    return count


def json_text(value: object) -> str:
    """Return indented JSON with a final newline; enums as their value, frozen values as objects."""
    import msgspec

    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2) + "\n"


def format_lines(lines: Sequence[OrderLine]) -> str:
    """Return every line as `2 × SKU`, with `?` for an unknown quantity; cancelled ones say so."""
    return "; ".join(
        f"{'?' if line.quantity is None else line.quantity} × {line.sku}"
        + (" (cancelled)" if line.status is OrderStatus.CANCELLED else "")
        for line in lines
    )


LINE_COLUMNS = (
    "line", "item_id", "sku", "units", "shipped", "status", "paid", "refunded", "open_refund", "left", "currency",
    "title",
)  # fmt: skip
"""Columns of the items of one order. `line` is the number that `plan refund --amounts` takes; `paid` is nothing for a
cancelled item, as in the order's total; `refunded` went back by this store's refunds, `open_refund` may have or will,
and `left` may still be given back.
"""


def paid_of(line: OrderLine) -> int | None:
    """Return what the buyer paid for an item, in minor units: 0 for a cancelled one; None: unknown."""
    if line.paid is None or line.may_be_exchanged:
        return None
    return line.paid.total if line.is_active else 0


def line_records(order: Order) -> list[Record]:
    """Return the items of an order as rows of a list; None: unknown."""

    def money(line: OrderLine, minor: int | None) -> str | None:
        return None if minor is None or line.currency is None else format_decimal(minor, line.currency)

    found: list[Record] = []
    for line in order.lines:
        left = refund_limit(order, line)
        found.append({
            "line": line.line,
            "item_id": line.order_item_id,
            "sku": line.sku,
            "units": line.quantity,
            "shipped": line.quantity_shipped,
            "status": str(line.status),
            "paid": money(line, paid_of(line)),
            "refunded": money(line, line.refunded.total - line.refund_open),
            "open_refund": money(line, line.refund_open),
            "left": money(line, None if left is None or is_left_unknown(order, line) else left.total),
            "currency": line.currency,
            "title": line.title,
        })  # fmt: skip
    return found


def record(row: OrderRow, may: str, lines: Sequence[OrderLine] = ()) -> Record:
    """Return one order of a list; `may` is what may be done, `-`: nothing. Times are ISO texts in UTC."""
    total, action = row.total, row.open_action
    return {
        "order_id": row.order_id,
        "marketplace": row.marketplace,
        "placed": iso(row.purchased_at),
        "ship_by": iso(row.ship_by),
        "items": row.items,
        "total": total.decimal() if total else None,
        "currency": total.currency if total else None,
        "status": str(row.status),
        "may": "none" if may == "-" else may,
        "action": None if action is None else str(action.kind),
        "state": None if action is None else str(action.state),
        "asked": str(row.buyer_request),
        "dispatched": str(row.dispatched),
        "sku": row.sku,
        "title": row.title,
        "lines": format_lines(lines),
        "note": row.note,
    }


def sheet(plan: Plan) -> list[Record]:
    """Return every order of a plan with its outcome: those that are in first."""
    ins: list[Record] = [
        {
            "order_id": row.order_id, "outcome": "in", "reason": row.reason, "counts": row.counts, "rule": row.rule,
            "why": row.note, "instead": "", "currency": row.currency,
            "total": format_decimal(row.total, row.currency) if row.total is not None and row.currency else None,
        }
        for row in plan.rows
    ]  # fmt: skip
    outs: list[Record] = [
        {"order_id": out.order_id, "outcome": "out", "rule": out.rule, "why": out.why, "instead": out.instead}
        for out in plan.out
    ]
    return ins + outs


def iso(epoch: int | None) -> str | None:
    """Return ISO text, or None for an unknown time."""
    return None if epoch is None else iso_utc(epoch)


def write_list(records: Iterable[Mapping[str, object]], path: Path, columns: Sequence[str] = COLUMNS) -> int:
    """Write a list to a new file, in the format its suffix names. Return how many orders it has.

    Raises BadInput when the suffix is none of .csv, .tsv, .json, or when it cannot be written, and FileConflict when
    the file exists.
    """
    form = path.suffix.lower().removeprefix(".")
    if form not in ("csv", "tsv", "json"):
        raise BadInput(f"{path}: give a name that ends in .csv, .tsv or .json")
    try:
        with new_output(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
            count = write_records(text, records, columns, form)
            text.flush()
            text.detach()
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}; choose another place") from error
    return count

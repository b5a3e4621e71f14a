"""Orders as text for the clipboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ordertui.operations.query.export import COLUMNS, record, render
from ordertui.orders.order import OrderRow

COPIES = (
    ("ids", "order ids, one a line"),
    ("tsv", "rows for a spreadsheet (TSV)"),
    ("json", "JSON"),
    ("markdown", "a Markdown table"),
)
"""Form, and how the menu names it."""


def as_text(rows: Sequence[OrderRow], form: str, may: Callable[[OrderRow], str]) -> str:
    """These orders in one of the forms."""
    if form == "ids":
        return "\n".join(row.order_id for row in rows)
    records = [record(row, may(row)) for row in rows]
    if form in ("tsv", "json"):
        return render(records, COLUMNS, form)
    lines = [COLUMNS, ("---",) * len(COLUMNS), *([str(one[name] or "") for name in COLUMNS] for one in records)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)

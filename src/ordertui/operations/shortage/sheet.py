"""The sheet of a shortage: its values, and how it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from ordertui.files import new_output
from ordertui.operations.query.export import Record, iso, render
from ordertui.orders.money import Money, format_decimal
from ordertui.rules.shortage import Shortage, Why

COLUMNS = ("order_id", "marketplace", "choice", "units", "currency", "total", "ship_by", "counts", "reason", "why")


class ShortageRow(msgspec.Struct, frozen=True):
    """One order that holds a short SKU."""

    id: int
    order_id: str
    marketplace: str
    is_chosen: bool
    """Whether it is to be cancelled."""
    reason: Why
    why: str
    """`chosen because ...` or `kept because ...`."""
    units: tuple[tuple[str, int], ...]
    """Units of each short SKU that it waits for."""
    total: Money | None
    ship_by: int | None
    """Epoch seconds."""
    counts: bool
    """Whether cancelling it newly counts toward the rate."""

    def record(self) -> Record:
        """Return the order as lists show it."""
        return {
            "order_id": self.order_id,
            "marketplace": self.marketplace,
            "choice": "cancel" if self.is_chosen else "keep",
            "units": " ".join(f"{units} {sku}" for sku, units in self.units),
            "currency": None if self.total is None else self.total.currency,
            "total": None if self.total is None else format_decimal(self.total.minor, self.total.currency),
            "ship_by": iso(self.ship_by),
            "counts": self.counts if self.is_chosen else None,
            "reason": self.reason,
            "why": self.why,
        }


class ShortageSheet(msgspec.Struct, frozen=True):
    """What to cancel and what to keep, with reasons."""

    rows: tuple[ShortageRow, ...]
    """Chosen ones first, each part by ship-by time."""
    available: Mapping[str, int]
    """Units on hand, of the SKUs that were asked for."""
    result: Shortage
    notes: tuple[str, ...]
    """What no cancellation can settle, and what was assumed."""

    @property
    def chosen(self) -> tuple[ShortageRow, ...]:
        """The orders to cancel."""
        return self.rows[: len(self.result.chosen)]

    @property
    def counting(self) -> int:
        """How many of the orders to cancel newly count toward the rate."""
        return self.result.harm.counts


def save_sheet(sheet: ShortageSheet, path: Path) -> None:
    """Write the sheet tab-separated, and the ids to cancel, one a line, to the same name with `.ids.txt`.

    Neither file may exist: nothing is overwritten.
    """
    ids = ids_path(path)
    with new_output(path) as table, new_output(ids) as out:
        table.write(render((row.record() for row in sheet.rows), COLUMNS, "tsv").encode())
        out.write(ids_text(sheet).encode())


def ids_path(path: Path) -> Path:
    """Return where the ids of a sheet saved at `path` go."""
    return path.with_suffix(".ids.txt")


def ids_text(sheet: ShortageSheet) -> str:
    """Return the ids of the orders to cancel, one a line."""
    return "".join(f"{row.order_id}\n" for row in sheet.chosen)

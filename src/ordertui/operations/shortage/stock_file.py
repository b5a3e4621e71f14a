"""Read how many units of each SKU are on hand, from a file of the seller's own or a report of Amazon's.

Amazon's Active Listings Report and Inventory Report name the SKU `seller-sku` or `sku`, and the units `quantity`
(localised headers are not known here; save the two columns as `sku` and `available`). Its `quantity` counts as units on
hand; rows without one, such as Amazon's own stock (FBA), are left out.
"""

from __future__ import annotations

from pathlib import Path

from ordertui.files import MEBIBYTE, read_file
from ordertui.operations.errors import BadInput
from ordertui.operations.planning.choice_files import table_rows

MOST_BYTES = 64 * MEBIBYTE
SKU_COLUMNS = ("sku", "seller-sku")
OWN_COLUMN, AMAZON_COLUMN = "available", "quantity"
MOST_UNITS = 10_000_000


def read_stock(path: Path) -> dict[str, int]:
    """Return units on hand by SKU. Raises BadInput naming file, line and value."""
    try:
        text = read_file(path, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = read_file(path, MOST_BYTES).decode("cp1252", errors="replace")  # titles only; SKU and units are ASCII
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    reader = table_rows(text.splitlines(), path, quotes=False)
    header = [cell.strip().strip('"').lower() for cell in next(reader, [])]
    sku_column = next((name for name in SKU_COLUMNS if name in header), None)
    units_column = next((name for name in (OWN_COLUMN, AMAZON_COLUMN) if name in header), None)
    if sku_column is None or units_column is None:
        raise BadInput(
            f"{path}:1: no column of SKUs and of units; give a tab-separated file with the columns sku and available,"
            " or Amazon's Active Listings or Inventory Report"
        )
    twice = sorted({name for name in (sku_column, units_column) if header.count(name) > 1})
    if twice:
        raise BadInput(f"{path}:1: the header names {twice[0]} more than once; keep one column of it")
    at, of = header.index(sku_column), header.index(units_column)
    available: dict[str, int] = {}
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) <= max(at, of):
            raise BadInput(f"{path}:{number}: {len(cells)} values, the header has {len(header)}")
        sku, units = cells[at].strip().strip('"'), cells[of].strip().strip('"')
        if not units:
            continue
        if not (units.isascii() and units.isdigit() and len(units) <= 20 and int(units) <= MOST_UNITS):
            raise BadInput(
                f"{path}:{number}: {units_column}: {units[:40]!r} is not a number of units from 0 to {MOST_UNITS:,}"
            )
        if sku in available:
            raise BadInput(f"{path}:{number}: SKU {sku!r} is named twice; name each once")
        available[sku] = int(units)
    return available

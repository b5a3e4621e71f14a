"""Read how many units of each SKU are on hand, from a file of the seller's own or a report of Amazon's.

Amazon's Active Listings Report and Inventory Report name the SKU `seller-sku` or `sku`, and the units `quantity`
(localised headers are not known here; save the two columns as `sku` and `available`). Its `quantity` counts as units on
hand; rows without one, and rows of Amazon's own stock (FBA, by `fulfillment-channel`), are left out.
"""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

from ordertui.files import MEBIBYTE, read_file
from ordertui.operations.errors import BadInput
from ordertui.operations.planning.choice_files import table_rows

MOST_BYTES = 64 * MEBIBYTE
SKU_COLUMNS = ("sku", "seller-sku")
OWN_COLUMN, AMAZON_COLUMN = "available", "quantity"
CHANNEL_COLUMN, AMAZON_CHANNEL = "fulfillment-channel", "AMAZON"
MOST_UNITS = 10_000_000


def read_stock(path: Path) -> dict[str, int]:
    """Return units on hand by SKU. Raises BadInput naming file, line and value."""
    reader = table_rows(_lines(path), path, quotes=False)
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
    channel = header.index(CHANNEL_COLUMN) if CHANNEL_COLUMN in header else -1
    available: dict[str, int] = {}
    for number, cells in enumerate(reader, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > channel >= 0 and cells[channel].strip().strip('"').upper().startswith(AMAZON_CHANNEL):
            continue
        if len(cells) <= max(at, of):
            raise BadInput(f"{path}:{number}: {len(cells)} values, the header has {len(header)}")
        sku, units = cells[at].strip().strip('"'), cells[of].strip().strip('"')
        if not units:
            continue
        if not sku or not sku.isprintable():
            raise BadInput(f"{path}:{number}: {sku_column}: {sku[:40]!r} is no SKU; correct it, or remove the line")
        if not (units.isascii() and units.isdigit() and len(units) <= 20 and int(units) <= MOST_UNITS):
            raise BadInput(
                f"{path}:{number}: {units_column}: {units[:40]!r} is not a number of units from 0 to {MOST_UNITS:,}"
            )
        if sku in available:
            raise BadInput(f"{path}:{number}: SKU {sku!r} is named twice; name each once")
        available[sku] = int(units)
    if not available:
        raise BadInput(f"{path}: no line has a SKU and its units on hand")
    return available


def _lines(path: Path) -> list[str]:
    try:
        content = read_file(path, MOST_BYTES)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        text = content.decode("utf-16" if content[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # titles only; SKU and units are ASCII
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # splitlines() also breaks within a title

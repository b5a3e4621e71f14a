"""The lines of a shortage sheet: what comes after the units is lined up."""

from __future__ import annotations

import pytest

from ordertui.operations.shortage.sheet import ShortageRow, ShortageSheet
from ordertui.rules.shortage import Harm, Shortage, Why
from ordertui.tui.render.shortage import render_shortage_row, shortage_units_cells

NO_HARM = Harm(*[0] * len(Harm._fields))


def order_row(number: int, *units: tuple[str, int]) -> ShortageRow:
    return ShortageRow(
        number, f"111-0000000-000000{number}", "US", False, Why.LEAST_HARM, "kept because x", units, None, None, False
    )


@pytest.mark.parametrize(
    ("short", "units"),
    [
        (("MUG",), [(("MUG", 1),), (("MUG", 12),), (("MUG", 120),)]),
        (("MUG", "杯子"), [(("MUG", 1),), (("杯子", 10),), (("MUG", 2), ("杯子", 3))]),
    ],
)
def test_what_comes_after_the_units_is_lined_up(
    short: tuple[str, ...], units: list[tuple[tuple[str, int], ...]]
) -> None:
    rows = tuple(order_row(number, *one) for number, one in enumerate(units))
    result = Shortage({}, {}, {}, dict.fromkeys(short, 1), {}, NO_HARM, True, 0)
    sheet = ShortageSheet(rows, {}, result, ())
    cells, many = shortage_units_cells(sheet), len(short) > 1
    lines = [render_shortage_row(row, "UTC", 120, many_skus=many, units_cells=cells) for row in rows]
    assert len({line[: line.plain.index("price")].cell_length for line in lines}) == 1

"""Lines that lose whole facts where cells are few."""

import pytest
from rich.cells import cell_len
from textual.content import Content

from ordertui.tui.render.format import cut_parts, wrap_text

LINE = "US 2.20 % → 3.30 % · none left · target < 2.5 %"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (47, LINE),
        (46, "US 2.20 % → 3.30 % · none left …"),
        (32, "US 2.20 % → 3.30 % · none left …"),
        (31, "US 2.20 % → 3.30 % …"),
        (10, "US 2.20 …"),
        (5, "US …"),
        (4, "US …"),
        (3, "US…"),
        (0, ""),
    ],
)
def test_a_line_is_cut_between_its_parts(width: int, shown: str) -> None:
    assert cut_parts(Content(LINE), width).plain == shown


def test_a_wide_character_takes_two_cells() -> None:
    assert cut_parts(Content("目标 · 没有余量 · 估计"), 17).plain == "目标 · 没有余量 …"
    assert cut_parts(Content("目标 · 没有余量 · 估计"), 16).plain == "目标 …"


@pytest.mark.parametrize("width", range(6, 40))
def test_a_number_stays_with_the_counter_after_it(width: int) -> None:
    text = "标记的 12 个订单中有 3 个可以取消，其余 9 个订单已发货。"
    lines = wrap_text(text, "", width).split("\n")
    assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line[-1].isdigit() for line in lines)

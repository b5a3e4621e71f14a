"""The chart is true: every bar within half a row of its value, on its side of the target, and the target exactly on an
edge.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.tui.render.bar_chart import AXIS, BLOCKS, LINE, MORE, RANGE, Bar, Scale, draw_chart

TARGETS = st.sampled_from([Fraction(25, 1000), Fraction(4, 100), Fraction(1, 100)])
SHARES = st.fractions(min_value=0, max_value=Fraction(3, 10), max_denominator=5000)
BARS = st.lists(st.tuples(SHARES, SHARES).map(sorted) | st.none(), min_size=1, max_size=40)


def drawn(bars: list[list[Fraction] | None], target: Fraction, height: int) -> list[str]:
    columns = [Bar(Fraction(0), None, "", "·") if bar is None else Bar(bar[0], bar[1], "", "✓") for bar in bars]
    lines = draw_chart(columns, target, height).plain.split("\n")
    assert len(lines) == height + 3
    return [line[AXIS:].ljust(len(bars)) for line in lines[:height]][::-1]


@settings(max_examples=200, deadline=None)
@given(BARS, TARGETS, st.integers(2, 14))
def test_bars_are_where_their_values_are(bars: list[list[Fraction] | None], target: Fraction, height: int) -> None:
    rows = drawn(bars, target, height)
    highest = max((bar[1] for bar in bars if bar), default=Fraction(0))
    scale = Scale.fitting(target, highest, height)
    assert scale.top * scale.under == target * height, "the target lies on the edge of a row"
    assert highest <= scale.top or scale.under == 1
    for number, bar in enumerate(bars):
        cells = [row[number] for row in rows]
        if bar is None:
            assert set(cells) <= {" ", LINE}
            continue
        low, high = bar
        rests = cells[scale.under] == LINE  # the line, or an eighth of a row: never both, see below
        filled = [cell for row, cell in enumerate(cells) if cell != " " and not (row == scale.under and rests)]
        exact = high * scale.under / target
        if MORE in filled:
            assert exact > height
            continue
        assert cells[: len(filled)] == filled, "a bar has no holes"
        tall = sum(Fraction(BLOCKS.index(cell), 8) if cell in BLOCKS else 1 for cell in filled)
        assert (tall > scale.under) is (high >= target)
        if RANGE in filled:
            at_an_edge = tall in (1, scale.under, scale.under + 1)
            assert abs(tall - exact) <= (1 if at_an_edge else Fraction(1, 2))
            solid = filled.index(RANGE)
            assert abs(solid - low * scale.under / target) <= 1
        elif scale.eighths(low) == scale.eighths(high):
            assert abs(tall - exact) <= Fraction(2, 8)
        assert (tall > 0) is (high > 0), "something is never drawn as nothing"


@settings(max_examples=100, deadline=None)
@given(SHARES, TARGETS, st.integers(2, 14))
def test_the_line_is_drawn_across_all_that_does_not_reach_it(share: Fraction, target: Fraction, height: int) -> None:
    rows = drawn([[share, share], None], target, height)
    scale = Scale.fitting(target, share, height)
    assert rows[scale.under][1] == LINE
    assert (rows[scale.under][0] == LINE) is (share < target)
    said = draw_chart([Bar(share, share, "", "✓")], target, height).plain.split("\n")[height - 1 - scale.under]
    assert said.strip().startswith("< ")


def test_days_are_written_where_they_fit_and_today_first() -> None:
    columns = [Bar(Fraction(0), Fraction(0), "", "✓", f"Nov {n}", strong=False) for n in range(1, 20)]
    columns.append(Bar(Fraction(0), Fraction(0), "", "✓", "▲ today", width=3, gap=9, strong=True))
    foot = draw_chart(columns, Fraction(25, 1000), 4).plain.split("\n")[5]
    assert foot.split() == ["Nov", "1", "Nov", "7", "Nov", "13", "▲", "today"]
    assert foot.index("▲") == AXIS + 19


def test_the_target_is_written_exactly() -> None:
    """Rounded, a target of 2.499 % would read as another one than everywhere else."""
    for target, words in ((Fraction(2499, 100_000), "< 2.499 %"), (Fraction(25, 1000), "< 2.5 %")):
        assert words in draw_chart([Bar(Fraction(0), None, "", "·")], target, 6).plain

"""What a key may cost, in counts: lines painted, strips made, rows fetched. Wall-clock times are in benchmarks/."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.widgets.order_table.columns import Column
from support.pilot import main, press, running, settled, table, until
from support.shops import all_orders_row, bring, open_session


@pytest.fixture
def many(tmp_path: Path, clock: FixedClock) -> Session:
    found = open_session(tmp_path / "many", clock=clock)
    bring(found, tmp_path, everything=[all_orders_row(n, age=n * 60) for n in range(1, 601)])
    return found


async def test_a_cursor_key_paints_two_lines_and_makes_nothing(many: Session) -> None:
    async with running(many) as pilot:
        await press(pilot, "j")
        await settled(pilot)
        view = table(pilot)
        renders, contents, fetches = view.renders, view.renderer.made, view.row_cache.fetches
        await press(pilot, "j")
        await settled(pilot)
        assert (view.renders - renders, view.renderer.made - contents, view.row_cache.fetches - fetches) == (2, 0, 0)


async def test_a_mark_paints_its_line_and_the_next(many: Session) -> None:
    async with running(many) as pilot:
        await press(pilot, "j")
        await settled(pilot)
        view = table(pilot)
        renders, contents, fetches = view.renders, view.renderer.made, view.row_cache.fetches
        await press(pilot, "space")
        await settled(pilot)
        assert view.renders - renders <= 3
        assert (view.renderer.made - contents, view.row_cache.fetches - fetches) == (0, 0)


async def test_pages_fetch_at_most_twice(many: Session) -> None:
    async with running(many) as pilot:
        view = table(pilot)
        for key in ("pagedown", "pagedown", "pagedown", "pageup", "end", "home", "ctrl+d"):
            fetches = view.row_cache.fetches
            await press(pilot, key)
            await settled(pilot)
            assert view.row_cache.fetches - fetches <= 2, key


async def test_lines_that_scroll_are_not_put_together_again(many: Session) -> None:
    async with running(many) as pilot:
        view = table(pilot)
        await press(pilot, "pagedown")
        await until(pilot, lambda: view.prepared_at == view.view.top)
        for _ in range(3):
            lines, top = view.renderer.composed, view.view.top
            await press(pilot, "k")
            await settled(pilot)
            assert view.view.top == top - 1
            assert view.renderer.composed - lines <= 5, "two of the cursor, the new one, two of the scroll bar"


async def test_a_page_writes_each_cell_once(many: Session) -> None:
    async with running(many) as pilot:
        view, asked = table(pilot), Counter[str]()

        def counted(column: Column) -> Column:
            return replace(
                column, text=lambda row, *more: asked.update([f"{column.key} {row.id}"]) or column.text(row, *more)
            )

        layout = view.renderer.layout
        view.renderer.layout = replace(layout, columns=tuple(map(counted, layout.columns)))
        await press(pilot, "pagedown")
        await settled(pilot)
        assert {cell.split()[0] for cell in asked} == {column.key for column in layout.columns}
        assert set(asked.values()) == {1}


@pytest.mark.parametrize(("keys", "key"), [(("pagedown",), "pagedown"), (("end", "pageup"), "pageup")])
async def test_a_page_is_made_while_the_cursor_rests_on_the_one_before(
    many: Session, monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...], key: str
) -> None:
    async with running(many) as pilot:
        view = table(pilot)
        for one in keys:
            await press(pilot, one)
            await until(pilot, lambda: view.prepared_at == view.view.top)
        monkeypatch.setattr(view, "prepare_page", lambda: None)  # of the page after this one
        top, lines = view.view.top, view.renderer.composed
        contents, fetches = view.renderer.made, view.row_cache.fetches
        await press(pilot, key)
        assert abs(view.view.top - top) == view.view.height
        assert view.renderer.composed - lines <= 4, "those of the scroll bar alone"
        assert (view.renderer.made - contents, view.row_cache.fetches - fetches) == (0, 0)


async def test_a_page_makes_one_strip_for_each_line(many: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(many, (160, 50)) as pilot:
        view, made = table(pilot), Counter[str]()

        class Counted(Strip):
            def __init__(self, segments: Iterable[Segment], cell_length: int | None = None) -> None:
                made["strips"] += 1
                super().__init__(segments, cell_length)

        monkeypatch.setattr("ordertui.tui.widgets.order_table.strips.Strip", Counted)
        lines = view.renderer.composed
        await press(pilot, "pagedown")
        await settled(pilot)
        assert view.renderer.composed - lines >= view.view.height
        assert made["strips"] == view.renderer.composed - lines


async def test_a_range_over_all_orders_paints_only_what_is_shown(many: Session) -> None:
    async with running(many) as pilot:
        view = table(pilot)
        await press(pilot, "v")
        renders = view.renders
        await press(pilot, "G")
        await settled(pilot)
        assert view.renders - renders <= 4 * view.size.height
        await press(pilot, "space")
        assert view.marks.count == 600


async def test_a_theme_or_size_change_makes_each_shown_strip_once(many: Session) -> None:
    async with running(many) as pilot:
        view = table(pilot)
        for size in ((80, 24), (160, 50), (60, 15), (120, 40)):
            contents = view.renderer.made
            await pilot.resize_terminal(*size)
            await pilot.pause(0.05)
            assert view.renderer.made - contents <= 2 * size[1]


async def test_an_idle_screen_asks_for_no_repaint_while_time_goes_by(
    many: Session, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(many) as pilot:
        asked: list[Widget] = []
        refresh = Widget.refresh

        def counted(widget: Widget, *regions: Region, **more: bool) -> Widget:
            asked.append(widget)
            return refresh(widget, *regions, **more)

        monkeypatch.setattr(Widget, "refresh", counted)
        for _ in range(50):
            clock.advance(1)
            main(pilot)._tick()
            await pilot.pause()
        assert asked == []
        await press(pilot, "j")
        await settled(pilot)
        assert asked, "a repaint would have been seen"


async def test_typing_a_filter_moves_no_row_and_paints_at_most_a_page(many: Session) -> None:
    for size in ((120, 40), (80, 24), (60, 15)):
        async with running(many, size) as pilot:
            view = table(pilot)
            region, renders = view.region, view.renders
            await press(pilot, "slash")
            await settled(pilot)
            assert main(pilot).filter_bar.typed == ""
            assert view.region == region, f"the table stays where it is at {size}"
            assert view.renders - renders <= view.size.height, "once, as the table loses the focus"
            await press(pilot, *"statu:")
            assert view.region == region
            renders = view.renders
            await press(pilot, "escape")
            await settled(pilot)
            assert view.region == region
            assert view.renders - renders <= 2 * view.size.height, "the orders of before, and the focus"


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_cursor_and_mark_differ_where_colours_are_few(
    many: Session, is_wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_wanted:
        monkeypatch.setattr("ordertui.tui.widgets.order_table.table.shows_few_colours", lambda _: True)
    else:
        monkeypatch.setenv("NO_COLOR", "1")
    async with running(many) as pilot:
        await press(pilot, "space", "j")
        view = table(pilot)
        marked, plain, cursor = (view.render_line(y) for y in (1, 2, 3))
        assert (marked.text[:3], plain.text[:3], cursor.text[:3]) == (" ● ", "   ", "▌  ")

        def looks(y: int) -> set[tuple[bool, bool]]:
            styles = [segment.style for segment in view.render_line(y) if segment.style is not None]
            return {(bool(style.reverse), bool(style.bold)) for style in styles}

        assert looks(1) == {(False, True)}
        assert looks(2) == {(False, False)}
        assert looks(3) == {(True, True)}

"""Fewer bytes for the same picture: every cell looks as it did, and a text repaints only the lines that changed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static
from textual.widgets._toast import Toast

from ordertui.operations.session import Session
from ordertui.tui.screens.base import Dialog
from ordertui.tui.widgets import viewport
from ordertui.tui.widgets.minimal_repaint import (
    DiffStatic,
    WholeCharacters,
    _whole,
    draw_whole_characters,
    merge_segments,
)
from ordertui.tui.widgets.viewport import Viewport
from support.pilot import main, press, running, until

STYLES = [
    Style(),
    Style(color="red", bgcolor="black"),
    Style(color="blue", bgcolor="black"),
    Style(color="blue", bgcolor="black", bold=True),
    Style(color="red", bgcolor="white"),
    Style(color="red", bgcolor="black", underline=True),
    Style(color="red", bgcolor="black", reverse=True),
    Style(color="red", bgcolor="black", strike=True),
    Style(color="red", bgcolor="black") + Style.from_meta({"@click": "app.bell"}),
    Style(color="red", bgcolor="black", link="https://example.com"),
]
TEXTS = st.text(alphabet=" a茶🎁é", min_size=0, max_size=6)
STRIPS = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), max_size=12).map(
    lambda parts: Strip([Segment(text, style) for text, style in parts])
)


def cells(strip: Strip) -> list[tuple[object, ...]]:
    """What each character shows and does; of a plain blank only its background can be seen."""
    found: list[tuple[object, ...]] = []
    for text, style, _ in strip:
        style = style or Style()
        for character in text:
            plain = character == " " and not (style.underline or style.strike or style.reverse)
            look = style.bgcolor if plain else style.clear_meta_and_links()
            found.append((character, look, style.link, style.meta))
    return found


@given(STRIPS)
@settings(max_examples=300, deadline=None)
def test_a_thrifty_strip_shows_the_same(strip: Strip) -> None:
    small = merge_segments(strip)
    assert cells(small) == cells(strip)
    assert len(list(small)) <= max(1, len(list(strip)))
    assert small.cell_length == strip.cell_length == sum(cell_len(segment.text) for segment in small)
    assert cells(merge_segments(small)) == cells(small)


def test_a_row_of_one_background_needs_one_style_for_each_run_of_words() -> None:
    red, blue = STYLES[1], STYLES[2]
    row = Strip(
        [
            Segment("  ", blue),
            Segment("a ", red),
            Segment("  ", blue),
            Segment("b", red),
            Segment(" ", Style(bgcolor="black")),
        ]
    )
    assert [(text, style) for text, style, _ in merge_segments(row)] == [("  a   b ", red)]


def test_a_selection_of_text_begins_where_the_first_cell_was() -> None:
    blank = STYLES[2] + Style.from_meta({"offset": (0, 3)})
    word = STYLES[1] + Style.from_meta({"offset": (2, 3)})
    (segment,) = merge_segments(Strip([Segment("  ", blank), Segment("word", word)]))
    assert segment.style is not None
    assert (segment.text, segment.style.meta) == ("  word", {"offset": (0, 3)})


class Texts(App[None]):
    CSS = "DiffStatic { width: 20; height: auto; }"

    def compose(self) -> ComposeResult:
        yield Counted(Content("one\ntwo\nthree"), id="text")


class Counted(DiffStatic):
    """Says which lines were painted."""

    painted: list[int]

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)

    def on_mount(self) -> None:
        self.painted = []


Counted.painted = []


@pytest.mark.parametrize(("after", "painted"), [
    (Content("one\n2\nthree"), [1]),
    (Content("one\ntwo\nthree"), []),
    (Content.assemble(("one", "bold"), "\ntwo\nthree"), [0]),
    (Content("eins\ntwo\ndrei"), [0, 2]),
    (Content("a line that is wrapped\nthree"), [0, 1]),
])  # fmt: skip
async def test_a_text_repaints_the_lines_that_differ(after: Content, painted: list[int]) -> None:
    async with Texts().run_test(size=(30, 8)) as pilot:
        text = pilot.app.query_one(Counted)
        await pilot.pause()
        text.painted = []
        text.update(after, layout=False)
        await pilot.pause()
        assert sorted(set(text.painted)) == painted
        text.update(Content("one more line\n" * 4))
        await pilot.pause()
        assert text.size.height == 5, "with layout it is laid out anew"


@given(st.integers(0, 3_000), st.integers(1, 60), st.integers(0, 3_000))
@settings(max_examples=200, deadline=None)
def test_the_thumb_is_in_the_bar_and_at_its_ends_when_the_rows_are(total: int, height: int, top: int) -> None:
    last = max(0, total - height)
    view = viewport.clamp(Viewport(min(top, last), min(top, last), height, total))
    thumb = viewport.thumb(view)
    assert bool(thumb) == (total > height)
    if thumb:
        assert 0 <= thumb[0] <= thumb[-1] < height
        assert viewport.thumb(viewport.home(view))[0] == 0
        assert viewport.thumb(viewport.end(view))[-1] == height - 1
        assert viewport.scroll_to_bar(view, 0).top == 0
        assert viewport.scroll_to_bar(view, height).top == last
        middle = thumb[len(thumb) // 2]
        there = viewport.thumb(viewport.scroll_to_bar(view, middle))
        assert middle in there, "the thumb comes under the pointer"


@pytest.mark.parametrize(
    ("end", "whole"), [(0, 0), (1, 1), (2, 2), (3, 4), (4, 4), (5, 6), (6, 6), (7, 8), (8, 8), (12, 12)]
)
def test_no_wide_character_is_cut(end: int, whole: int) -> None:
    line = {0: Strip([Segment("ab中"), Segment("国")]), 6: Strip([Segment("文d")]), 9: None}
    assert _whole(line, end) == whole


async def test_main_screen_and_dialogs_draw_so(session: Session) -> None:
    async with running(session) as pilot:
        assert isinstance(main(pilot)._compositor, WholeCharacters)
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        assert isinstance(pilot.app.screen._compositor, WholeCharacters)


class Behind(App[None]):
    """Texts of many widths, and messages over them."""

    def get_default_screen(self) -> Screen[None]:
        """Return a screen that draws whole characters."""
        screen: Screen[None] = Screen(id="_default")
        draw_whole_characters(screen)
        return screen

    def compose(self) -> ComposeResult:
        for width in range(10, 60):
            text = Static("x" * width)
            text.styles.width = width
            yield text


async def test_no_edge_behind_a_message_halves_its_characters() -> None:
    message = "撤回一个保留中的批次"
    async with Behind().run_test(size=(60, 50), notifications=True) as pilot:
        pilot.app.notify("\n".join(" " * (n % 2) + message for n in range(20)), timeout=600)
        await until(pilot, lambda: any(one.region.height >= 20 for one in pilot.app.screen.query(Toast)))
        compositor = pilot.app.screen._compositor
        assert sum(message in line.text for line in compositor.render_strips()) == 20
        (toast,) = pilot.app.screen.query(Toast)
        compositor.update_widgets({toast.refresh()})
        update = compositor.render_partial_update()
        assert update is not None
        drawn = "".join(segment.text for segment in pilot.app.console.render(update))
        assert drawn.count(message) == 20
        for ends, pieces in zip(update.chop_ends, update.chops, strict=True):  # Textual reads them side by side
            assert ends == [*list(pieces)[1:], 60]

"""Show the same picture with fewer bytes, for slow connections.

Each change of style costs some 40 bytes. A blank shows only its background, so it can take the style of its neighbour;
and a text that changes repaints only the lines that differ. What is repainted are whole characters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import TypeVar

from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.content import Content
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.visual import VisualType
from textual.widgets import Static
from textual.widgets._toast import Toast

PLAIN = Style()


def merge_runs(runs: Iterable[tuple[str, Style]]) -> list[Segment]:
    """Return fewest segments for these texts: blanks take the style beside them, equal neighbours become one."""
    done: list[tuple[str, Style]] = []
    for text, style in runs:
        if not done:
            done.append((text, style))
            continue
        before, kept = done[-1]
        if kept is style or _looks_the_same(kept, style) or (text.isspace() and _blank_alike(kept, style)):
            done[-1] = (before + text, kept)
        elif len(done) == 1 and before.isspace() and _blank_alike(kept, style):
            done[-1] = (before + text, _moved(style, kept))
        else:
            done.append((text, style))
    return [Segment(text, style) for text, style in done]


def merge_segments(strip: Strip) -> Strip:
    """Return the strip with its segments merged."""
    return Strip(merge_runs((text, style or PLAIN) for text, style, _ in strip), strip.cell_length)


@lru_cache(maxsize=1024)
def _looks_the_same(one: Style, other: Style) -> bool:
    return one.clear_meta_and_links() == other.clear_meta_and_links() and _click(one) == _click(other)


@lru_cache(maxsize=1024)
def _blank_alike(one: Style, other: Style) -> bool:
    return (
        one.bgcolor == other.bgcolor
        and not any(style.reverse or style.underline or style.underline2 for style in (one, other))
        and not any(style.strike or style.overline or style.frame or style.encircle for style in (one, other))
        and _click(one) == _click(other)
    )


def _click(style: Style) -> tuple[str | None, list[tuple[str, object]]]:
    """Return what the style does when clicked. Textual's `offset` only says where a selection of text begins."""
    return style.link, sorted((key, value) for key, value in style.meta.items() if key != "offset")


def _moved(style: Style, first: Style) -> Style:
    """Return the style for a text that now begins where `first` began, so that a selection counts from there."""
    return style + Style.from_meta(first.meta) if first.meta else style


def _is_same(one: Content, other: Content) -> bool:
    """Return whether both have the same text and styles; `==` compares the text only."""
    return one.plain == other.plain and one.spans == other.spans


class DiffStatic(Static):
    """A text that repaints only the lines that differ when it changes but its size does not."""

    _changed: list[Region] | None = None
    _wrapped: tuple[Content, int, list[Content]] | None = None
    """The text that was compared last, in lines of so many cells."""

    def update(self, content: VisualType = "", *, layout: bool = True) -> None:
        """Show this content, as Static does; `layout=False` says that the size stays."""
        old = self.content
        if not layout and isinstance(old, Content) and isinstance(content, Content):
            self._changed = self._lines_that_differ(old, content)
        super().update(content, layout=layout)
        self._changed = None

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> DiffStatic:
        """Repaint; while a text is updated, only the lines that differ."""
        if self._changed is not None and not regions:
            if not self._changed:
                return self
            regions = tuple(self._changed)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _lines_that_differ(self, old: Content, new: Content) -> list[Region]:
        width = self.content_size.width
        if not width:
            return []
        both = zip_longest(self._wrap(old, width), self._wrap(new, width), fillvalue=Content(""))
        return [Region(0, y, width, 1) for y, (one, other) in enumerate(both) if not _is_same(one, other)]

    def _wrap(self, content: Content, width: int) -> list[Content]:
        if self._wrapped is None or self._wrapped[0] is not content or self._wrapped[1] != width:
            self._wrapped = content, width, content.wrap(width)
        return self._wrapped[2]

    def render_line(self, y: int) -> Strip:
        """Return the line with its segments merged."""
        line = super().render_line(y)
        blank = Style(bgcolor=self.visual_style.rich_style.bgcolor)
        return merge_segments(line.extend_cell_length(self.content_size.width, blank))


Given = TypeVar("Given")


def draw_whole_characters(screen: Screen[Given]) -> None:
    """Let a screen that was just made draw whole characters. Textual has no public way to this: its compositor is named
    here alone.
    """
    screen._compositor = WholeCharacters()  # noqa: SLF001


class WholeCharacters(Compositor):
    """Draws a part of the screen one cell further where it ends within a wide character, and a message in one piece.

    Textual draws a blank for the half that is inside, and the terminal then drops the half outside: a Chinese character
    behind the edge of a dialog that became smaller, or of a message that left, stayed away. It also cuts a message at
    the edges of all that lies behind it, and a character that such an edge would halve was lost.
    """

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        """Return the pieces of each line by where they begin; nothing lies over a message, so it is one piece."""
        lines = [dict(line) for line in super()._render_chops(crop, is_rendered_line)]
        for widget, (region, clip) in self.visible_widgets.items():
            if isinstance(widget, Toast) and clip.contains_region(region):
                strips = widget.render_lines(region.reset_offset)
                for y, strip in zip(region.line_range, strips, strict=True):
                    if lines[y].get(region.x) is not None:
                        lines[y] = {x: piece for x, piece in lines[y].items() if not region.x < x < region.right}
                        lines[y][region.x] = strip
        return lines

    def render_partial_update(self) -> ChopsUpdate | None:
        """Return what has to be drawn anew; None when nothing has."""
        update = super().render_partial_update()
        if update is not None:
            update.spans = [(y, start, _whole(update.chops[y], end)) for y, start, end in update.spans]
            update.chop_ends = [[*list(line)[1:], self.size.width] for line in update.chops]
        return update


def _whole(line: Mapping[int, Strip | None], end: int) -> int:
    """Return this end of a part of a line, one cell further where a wide character lies across it."""
    for x, strip in line.items():
        if strip is not None and x < end < x + strip.cell_length:
            halves = strip.crop(0, end - x).text + strip.crop(end - x).text
            return end if halves == strip.text else end + 1
    return end

"""Pictures of the screen as text that a diff can show: its characters, and below them a letter a cell for the style.

A letter stands for the cell's looks in every theme at once; the legend at the end of the file says which they are, with
the contrast of each. A letter keeps its meaning when the file is drawn anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import groupby
from string import ascii_letters, digits
from typing import NamedTuple

from rich.cells import cell_len
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from .colours import ratio

LETTERS = "." + ascii_letters + digits + "!#$%&*+,-/:;<=>?@^_~¡¢£¤¥¦§©«¬®±µ¶»¿ßæøþÞÐŒœŠšŽž"
ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse", "strike")
Styles = tuple[str, ...]
"""The looks of a cell, one for each theme."""


class Picture(NamedTuple):
    """What a terminal of one size shows in one theme."""

    text: list[str]
    styles: list[list[str]]
    """Of each cell, line by line."""


class Section(NamedTuple):
    """The pictures of one size that have the same characters."""

    title: str
    text: list[str]
    cells: list[list[Styles]]


def describe_style(style: Style | None) -> str:
    """Return the colours, their contrast, and bold, reverse and the like."""
    if style is None or style.color is None or style.bgcolor is None:
        return "plain"
    front, back = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    words = [name for name in ATTRIBUTES if getattr(style, name)]
    return " ".join([f"{front.hex6.lower()} on {back.hex6.lower()}", f"{ratio(front, back):.1f}", *words])


def take(strips: Iterable[Strip], names: dict[Style | None, str]) -> Picture:
    """Return the picture of these lines; `names` remembers the styles."""
    text, styles = list[str](), list[list[str]]()
    for strip in strips:
        cells: list[str] = []
        for piece in strip:
            name = names.get(piece.style)
            if name is None:
                name = names[piece.style] = describe_style(piece.style)
            if not piece.text.strip():  # on blanks only a background, and lines, are seen
                name = re.sub(r"^#\w+ (on #\w+) [\d.]+", r"\1", name)
                name = re.sub(" (bold|dim|italic)", "", name)
            cells += [name] * cell_len(piece.text)
        text.append(strip.text.rstrip())
        styles.append(cells)
    return Picture(text, styles)


def sections(title: str, pictures: Mapping[str, Picture]) -> Iterator[Section]:
    """Join the pictures of one size by theme; themes that show other characters make a section of their own."""
    parts: list[tuple[list[str], list[str]]] = []
    for theme, picture in pictures.items():
        same = next((names for names, text in parts if text == picture.text), None)
        if same is None:
            parts.append(([theme], picture.text))
        else:
            same.append(theme)
    for names, text in parts:
        rows = zip(*(pictures[name].styles for name in names), strict=True)
        labels = [f"{name} " for name in names]
        cells = [[tuple(map(str.__add__, labels, cell)) for cell in zip(*row, strict=True)] for row in rows]
        yield Section(title if len(names) == len(pictures) else f"{title}, {', '.join(names)}", text, cells)


def write(head: str, parts: Sequence[Section], before: str) -> str:
    """Return the file. `before` is what it held: styles keep their letters."""
    letters = {styles: letter for letter, styles in read_legend(before).items()}
    kept = set(letters.values())
    free = (letter for letter in LETTERS if letter not in kept)
    used: dict[Styles, str] = {}
    lines = [head]
    for part in parts:
        lines += ["", f"== {part.title}", *part.text, "-- styles"]
        for row in part.cells:
            for styles in row:
                if styles not in used:
                    used[styles] = letters.get(styles) or next(free)
            lines.append(_shorten("".join(used[styles] for styles in row)))
    lines += ["", "== legend"]
    lines += [f"{letter}  {' · '.join(styles)}" for styles, letter in sorted(used.items(), key=lambda one: one[1])]
    return "\n".join(lines) + "\n"


def _shorten(row: str) -> str:
    """Leave out what repeats the last letter up to the end: `aab` for `aabbbbb`."""
    return row.rstrip(row[-1]) + row[-1] if row else row


def read_legend(text: str) -> dict[str, Styles]:
    """Return the styles of a file, by letter."""
    _, found, legend = text.partition("\n== legend\n")
    return {line[0]: tuple(line[3:].split(" · ")) for line in legend.splitlines() if found}


def in_theme(text: str, theme: str) -> str:
    """Return what a file says of one theme: its sections, with the runs of each style in words in place of letters."""
    legend = {
        letter: next((style for style in styles if style.startswith(f"{theme} ")), "")
        for letter, styles in read_legend(text).items()
    }
    lines, is_shown, is_style = list[str](), True, False
    for line in text.partition("\n== legend\n")[0].splitlines():
        if line.startswith("== "):
            title, *themes = line.split(", ")
            is_shown, is_style = not themes or theme in themes, False
            line = title
        if is_shown and is_style:
            runs = [(style, len(list(run))) for style, run in groupby(line, legend.get)]
            line = " ".join(
                [*(f"{count} {style}" for style, count in runs[:-1]), *(str(style) for style, _ in runs[-1:])]
            )
        is_style = is_style or line == "-- styles"
        if is_shown:
            lines.append(line)
    return "\n".join(lines)


def difference(name: str, before: str, now: str) -> str:
    """Return what differs, as a diff; empty when nothing does."""
    return "\n".join(
        unified_diff(before.splitlines(), now.splitlines(), f"{name} as it was", f"{name} now", lineterm="")
    )

"""The two themes of ordertui. Widgets name tokens only, so any theme of Textual works too."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="ordertui-dark",
    primary="#7aa2d6",
    secondary="#9aa7bf",
    accent="#e6b566",
    foreground="#d7dce5",
    background="#11141a",
    surface="#161a22",
    panel="#212836",
    success="#93cc8e",
    warning="#e6b566",
    error="#f28b82",
    dark=True,
    variables={
        "foreground-muted": "#a2acbe",
        "text-muted": "#a2acbe",
        "text-accent": "#e6b566",
        "text-success": "#93cc8e",
        "text-warning": "#e6b566",
        "text-error": "#f28b82",
        "block-cursor-background": "#26395a",
        "block-cursor-foreground": "#ffffff",
        "scrollbar": "#333d4f",
        "scrollbar-hover": "#44506a",
        "scrollbar-active": "#7aa2d6",
        "scrollbar-background": "#11141a",
        "scrollbar-background-hover": "#11141a",
        "scrollbar-background-active": "#11141a",
        "scrollbar-corner-color": "#11141a",
    },
)

LIGHT = Theme(
    name="ordertui-light",
    primary="#1f5aa8",
    secondary="#525d70",
    accent="#7d4f00",
    foreground="#1b2230",
    background="#fcfcfa",
    surface="#f3f4f2",
    panel="#e3e6ea",
    success="#1c6127",
    warning="#7d4f00",
    error="#a81b1b",
    dark=False,
    variables={
        "foreground-muted": "#4f596a",
        "text-muted": "#4f596a",
        "text-accent": "#7d4f00",
        "text-success": "#1c6127",
        "text-warning": "#7d4f00",
        "text-error": "#a81b1b",
        "block-cursor-background": "#c3d7f2",
        "block-cursor-foreground": "#0c1420",
        "scrollbar": "#c3c9d2",
        "scrollbar-hover": "#a7afbc",
        "scrollbar-active": "#1f5aa8",
        "scrollbar-background": "#fcfcfa",
        "scrollbar-background-hover": "#fcfcfa",
        "scrollbar-background-active": "#fcfcfa",
        "scrollbar-corner-color": "#fcfcfa",
    },
)

THEMES = (DARK, LIGHT)

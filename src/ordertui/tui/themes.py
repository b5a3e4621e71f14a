"""The two own themes. Widgets name tokens only, so any of Textual's themes may replace them."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="ordertui-dark",
    primary="#7aa2d6",
    secondary="#8f9bb3",
    accent="#e0af68",
    foreground="#d7dce5",
    background="#12151c",
    surface="#161a23",
    panel="#1f2531",
    success="#8fc58a",
    warning="#e0af68",
    error="#ee7c7c",
    dark=True,
    variables={
        "block-cursor-background": "#2f4468",
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#e0af68",
    },
)

LIGHT = Theme(
    name="ordertui-light",
    primary="#1f5aa8",
    secondary="#5a6578",
    accent="#8a5a00",
    foreground="#1b2230",
    background="#fbfbf9",
    surface="#f4f4f0",
    panel="#e6e8ea",
    success="#226b2c",
    warning="#8a5a00",
    error="#b02020",
    dark=False,
    variables={
        "block-cursor-background": "#c5d8f1",
        "block-cursor-foreground": "#0c1420",
        "footer-key-foreground": "#8a5a00",
    },
)

THEMES = (DARK, LIGHT)

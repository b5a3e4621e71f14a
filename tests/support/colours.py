"""How well a colour can be read on another."""

from __future__ import annotations

from textual.color import Color

READABLE = 4.5
"""Contrast that WCAG 2 asks of body text (level AA)."""


def ratio(one: Color, other: Color) -> float:
    """Return the contrast of two colours, by WCAG 2."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

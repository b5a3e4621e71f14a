"""The two themes of ordertui. Widgets name tokens only, so any theme of Textual works too."""

from __future__ import annotations

from textual.theme import Theme


def _complete(theme: Theme, *, muted: str, info: str, cursor: tuple[str, str], bar: str, hovered_bar: str) -> Theme:
    """Give the theme the variables that Textual would derive otherwise. `cursor`: its background and foreground."""
    theme.variables = {
        "foreground-muted": muted,
        "text-muted": muted,
        "text-disabled": muted,
        "text-primary": info,
        **{f"text-{name}": str(getattr(theme, name)) for name in ("accent", "success", "warning", "error")},
        "block-cursor-background": cursor[0],
        "block-cursor-foreground": cursor[1],
        "scrollbar": bar,
        "scrollbar-hover": hovered_bar,
        "scrollbar-active": theme.primary,
        **{f"scrollbar-{name}": str(theme.background) for name in _BACKGROUNDS},
    }
    return theme


_BACKGROUNDS = ("background", "background-hover", "background-active", "corner-color")
DARK = _complete(
    Theme(
        "ordertui-dark", primary="#7aa2d6", secondary="#9aa7bf", accent="#e6b566", foreground="#d7dce5",
        background="#11141a", surface="#161a22", panel="#212836", success="#93cc8e", warning="#e6b566", error="#f28b82",
    ),
    muted="#a2acbe", info="#86acdf", cursor=("#26395a", "#ffffff"), bar="#333d4f", hovered_bar="#44506a",
)  # fmt: skip
LIGHT = _complete(
    Theme(
        "ordertui-light", primary="#1f5aa8", secondary="#525d70", accent="#7d4f00", foreground="#1b2230",
        background="#fcfcfa", surface="#f3f4f2", panel="#e3e6ea", success="#1c6127", warning="#7d4f00", error="#a81b1b",
        dark=False,
    ),
    muted="#4f596a", info="#1f5aa8", cursor=("#c3d7f2", "#0c1420"), bar="#c3c9d2", hovered_bar="#a7afbc",
)  # fmt: skip
THEMES = (DARK, LIGHT)

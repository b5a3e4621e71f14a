"""The application: themes, the main screen, and how a shop is run on a terminal. Nothing else is put together here."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from ordertui.operations.shop import Shop

from .screens.main import MainScreen
from .themes import DARK, THEMES

TERMINATED = 143
"""Exit code after SIGTERM or SIGHUP, as shells number it."""


class OrderTuiApp(App[None]):
    """ordertui on a terminal, over one shop."""

    TITLE = "ordertui"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [
        (0, "-too-narrow"),
        (60, "-narrow"),
        (80, "-medium"),
        (110, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (15, "-low"), (22, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.shop = shop
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DARK.name

    def on_load(self) -> None:
        """End in order when the system says so: the terminal is given back, and nothing is left half done."""
        for name in ("SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # Windows
                number = getattr(signal, name)
                asyncio.get_running_loop().add_signal_handler(number, lambda: self.exit(return_code=TERMINATED))

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        return MainScreen(self.shop)


def run(shop: Shop) -> int:
    """Show the shop until the operator leaves; gives the exit code."""
    app = OrderTuiApp(shop)
    app.run()
    return app.return_code or 0

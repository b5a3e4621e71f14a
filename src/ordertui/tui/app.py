"""The application: themes, the main screen, and how a shop is run on a terminal. Nothing else is put together here."""

from __future__ import annotations

from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from ordertui.operations.shop import Shop

from .screens.main import MainScreen
from .themes import DARK, THEMES


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

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        return MainScreen(self.shop)


def run(shop: Shop) -> None:
    """Show the shop until the operator leaves."""
    OrderTuiApp(shop).run()

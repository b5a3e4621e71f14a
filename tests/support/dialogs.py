"""All dialogs of the screen."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module

from ordertui.tui import screens
from ordertui.tui.screens.base import Dialog


def dialogs() -> Iterator[type[Dialog[object]]]:
    """Yield every dialog class."""
    for module in pkgutil.iter_modules(screens.__path__):
        for _, one in inspect.getmembers(import_module(f"{screens.__name__}.{module.name}"), inspect.isclass):
            if issubclass(one, Dialog) and one is not Dialog and one.__module__.endswith(f".{module.name}"):
                yield one

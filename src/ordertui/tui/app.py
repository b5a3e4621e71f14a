"""The application: themes, keys in order, the main screen, and how a shop is run on a terminal."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import ClassVar

from textual import events, on
from textual.app import App
from textual.binding import BindingType
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen

from ordertui.operations.config import config_path
from ordertui.operations.session import Session

from .key_queue import KeyHandled, KeyQueue
from .keymap import KEYMAP_FILE, Keymap, read_keymap
from .main.screen import MainScreen
from .themes import DARK, THEMES

LOST_AFTER = 0.5
"""Seconds after which a key whose trace was lost (its dialog is gone) holds up the next ones no longer."""

QUIET = 0.25
"""Seconds without a key before Escape, so that it is an answer to what is shown and no part of a run of keys."""
ALONE_AFTER = 1.0
"""Seconds between two looks whether anybody can see the screen still. What is drawn for nobody waits in Textual, which holds 30
drawings and then stands still: so this is shorter than it takes a countdown to fill that."""
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
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, shop: Session, *, keymap: Keymap | None = None, theme: str = DARK.name, tour: bool = False
    ) -> None:
        """`tour`: begin with it."""
        super().__init__()
        self._tour = tour
        self._practice: Session | None = None
        self.shop = shop
        self.keys = KeyQueue(lambda: self.call_later(self.next_key))
        for one in THEMES:
            self.register_theme(one)
        if theme == DARK.name:  # the same as what follows, but for parsing every style twice
            self.set_reactive(App.theme, theme)
            self.stylesheet.set_variables(self.get_css_variables())
        else:
            self.theme = theme
        self._own_keys = keymap or Keymap()
        self.set_keymap(self._own_keys.changed())
        self._key_screen: Screen[object] | None = None
        self._serious_until = 0.0

    def on_load(self) -> None:
        """End in order when the system says so: the terminal is given back, and nothing is left half done."""
        for name in ("SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # Windows
                number = getattr(signal, name)
                asyncio.get_running_loop().add_signal_handler(number, lambda: self.exit(return_code=TERMINATED))

    def on_mount(self) -> None:
        """Back from the shell (ctrl+z, fg) the terminal is blank: paint all of it. End when nobody can see the screen any more."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        go_on_only_with_a_terminal()
        if self._tour:
            self.call_after_refresh(self._begin_tour)
        if not self.is_headless:
            server = os.getppid()

            def look() -> None:
                """In a browser the server is gone; else the terminal, of which a program that is not first in its session is
                not always told (under `make`, say)."""
                if os.getppid() != server if self.is_web else not has_terminal():
                    self.exit(return_code=TERMINATED)

            self.set_interval(ALONE_AFTER, look)

    def get_default_screen(self) -> MainScreen:
        """The main screen."""
        return MainScreen(self.shop, self.keys, self._own_keys)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something for a while, as it is: brackets in it are no markup. It takes the place of what was said before, but
        for a warning or an error, which stays its time."""
        now = Message().time
        if now > self._serious_until:
            self.clear_notifications()
            for screen in self.screen_stack:
                screen.query("ToastHolder").remove()  # it would keep its line, and what is said now stood below it
        if severity != "information":
            self._serious_until = now + (timeout or self.NOTIFICATION_TIMEOUT)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def _begin_tour(self) -> None:
        if isinstance(self.screen, MainScreen):
            self.screen.begin_tour()

    async def open_practice(self, path: Path) -> None:
        """Show the practice store over the one that was opened, with the tour."""
        self._practice = Session.open(path, clock=self.shop.clock, config=self.shop.config)
        await self.push_screen(MainScreen(self._practice, self.keys, self._own_keys))
        self.call_after_refresh(self._begin_tour)

    def on_unmount(self) -> None:
        """Close what was opened here."""
        if self._practice is not None:
            self._practice.close()

    # Keys, in order (see typeahead)

    async def on_event(self, event: events.Event) -> None:
        """A key just typed goes into the line, but for the one that leaves; everything else is Textual's."""
        if isinstance(event, events.AppBlur) and self.is_web:
            return  # a browser's screen begins with it, at any moment: the cursor would be lost, and keys with it
        leave = isinstance(event, events.Key) and event.key == "ctrl+q"
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded and not leave:
            self.keys.add(event)
            if self._stops(event):
                return
            if self.keys.on_its_way:
                number = self.keys.number
                self.set_timer(LOST_AFTER, lambda: self._key_went(number))
            await self.next_key()
        else:
            await super().on_event(event)

    def _stops(self, event: events.Key | events.Paste) -> bool:
        """Escape, typed when a view was said to be read and not amid other keys, stops that at once. What was typed for the
        view that will not come is thrown away."""
        main = self.screen
        if not isinstance(event, events.Key) or event.key != "escape" or self.keys.pause < QUIET:
            return False
        if not isinstance(main, MainScreen) or not main.is_stoppable:
            return False
        self.keys.drop(event.time + 1)
        main.stop_reading()
        return True

    async def next_key(self) -> None:
        """Hand the next key on, if one may go."""
        event = self.keys.next()
        if event is None:
            return
        self._key_screen = self.screen
        await super().on_event(event)
        self._follow(KeyHandled(self.keys.number))

    def _follow(self, trace: KeyHandled) -> None:
        target = self.focused or self.screen
        if not target.post_message(trace):
            self._key_went(trace.number)

    @on(KeyHandled)
    def _trace_arrived(self, trace: KeyHandled) -> None:
        trace.stop()
        if trace.round == 1:
            self._follow(KeyHandled(trace.number, 2))
        elif self.screen is self._key_screen:
            self.call_later(self._key_went, trace.number)
        else:  # what the key opened, or showed again, is drawn first, unless it is gone before
            number = trace.number
            self.screen.call_after_refresh(self._key_went, number)
            self.set_timer(LOST_AFTER, lambda: self._key_went(number))

    def _key_went(self, number: int) -> None:
        if self.keys.went(number):
            self.call_later(self.next_key)


def run(shop: Session, *, mouse: bool = True, tour: bool = False) -> int:
    """Show the shop until the operator leaves; gives the exit code."""
    app = OrderTuiApp(shop, keymap=read_keymap(config_path().with_name(KEYMAP_FILE)), tour=tour)
    app.run(mouse=mouse)
    _let_go()
    return app.return_code or 0


def has_terminal() -> bool:
    """Whether standard input is a terminal that is still there."""
    return sys.__stdin__ is not None and sys.__stdin__.isatty()


def go_on_only_with_a_terminal() -> None:
    """A terminal that goes away sends SIGCONT after SIGHUP; Textual would take it for `fg` and begin to read keys a second
    time, from nowhere, and for ever."""
    number = getattr(signal, "SIGCONT", None)  # not on Windows
    goes_on = None if number is None else signal.getsignal(number)
    if number is None or not callable(goes_on):
        return

    def handler(what: int, frame: FrameType | None) -> None:
        if has_terminal():
            goes_on(what, frame)

    signal.signal(number, handler)


def _let_go() -> None:
    """Of a terminal that is gone: what is still buffered for it goes nowhere, or Python would end with a code of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

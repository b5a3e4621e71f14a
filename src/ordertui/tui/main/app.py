"""The application: themes, the key queue, notifications and the main screen."""

from __future__ import annotations

import asyncio
import gc
import io
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from shutil import get_terminal_size
from typing import TYPE_CHECKING, ClassVar

from rich.console import Console
from textual import events, on
from textual.actions import ActionParseResult
from textual.app import App
from textual.binding import BindingType
from textual.dom import DOMNode
from textual.geometry import Offset
from textual.message import Message
from textual.notifications import SeverityLevel
from textual.screen import Screen

from ordertui.messages import ENGLISH, _, choose_language, current_language, translate, use
from ordertui.operations.config import config_path
from ordertui.operations.errors import error_message
from ordertui.operations.session import Session
from ordertui.tui.key_queue import KeyHandled, KeyQueue
from ordertui.tui.keymap import KEYMAP_FILE, Keymap, read_keymap
from ordertui.tui.render.format import wrap_text
from ordertui.tui.screens.errors import errors_shown
from ordertui.tui.terminal import discard_output_of_closed_terminal, exit_on_signals, shows_few_colours, watch_terminal
from ordertui.tui.themes import DARK, THEMES
from ordertui.tui.tour.controller import PracticeBuilt

from .screen import MainScreen

if TYPE_CHECKING:
    from ordertui.tui.message_history import MessageHistory

START_SECONDS = 5.0
"""Seconds after which what the start made is there to stay."""
THREADS = 4
"""A sync, a dispatch, a task and what the screen reads may go on side by side."""


LEAVING_KEYS = frozenset({"q", "ctrl+c", "ctrl+q"})
"""All that the main screen takes while the terminal is too small to show orders."""
CLOSING_KEYS = frozenset({"escape", "ctrl+c", "ctrl+q"})
"""All that a dialog takes then: what is typed might answer it or stand in its field, unseen."""


class OrderTuiApp(App[None]):
    """ordertui on a terminal, over one session."""

    TITLE = "ordertui"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-too-narrow"), (60, "-narrow"), (80, "-medium"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-too-low"), (15, "-low"), (22, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = []
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        session: Session,
        *,
        keymap: Keymap | None = None,
        theme: str = DARK.name,
        tour: bool = False,
        language: str = ENGLISH,
        is_alone: bool = False,
    ) -> None:
        """`tour`: begin with it. `language`: one of `messages.LANGUAGES`; of every text until the screen is left.
        `is_alone`: the process runs nothing else and ends with it.
        """
        super().__init__()
        use(language)
        self._session = session
        self._user_keymap = keymap or Keymap()
        self._begins_with_tour = tour
        self._is_alone = is_alone
        self._practice: Session | None = None
        self._keep_notifications_until = 0.0
        self._last_message = ""
        self.last_language = language
        """Language of the screen when it was left."""
        self.defect: BaseException | None = None
        """The error that ended the application."""
        self.error_console = Console(file=io.StringIO())  # Textual's traceback shows values of orders and buyers
        self._pressed: tuple[Screen[object] | None, Offset, float] = None, Offset(), 0.0
        """Screen, place and time of the last press of a mouse button."""
        self.keys = KeyQueue(self, self._handle, self._stop_reading)
        for one in THEMES:
            self.register_theme(one)
        if theme == DARK.name:  # the same as assigning it, but without parsing every style twice
            self.set_reactive(App.theme, theme)
            self.stylesheet.set_variables(self.get_css_variables())
        else:
            self.theme = theme
        self.set_keymap(self._user_keymap.changed())

    def on_load(self) -> None:
        """Leave in order when the system says so; work in few threads, because each keeps a reader of the store."""
        exit_on_signals(self)
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS))

    def on_mount(self) -> None:
        """Watch the terminal, and paint all of it after a visit to the shell (ctrl+z, fg), which leaves it blank."""
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        watch_terminal(self)
        self.set_class(shows_few_colours(self), "-few-colours")
        if self._is_alone:
            # Or each 30th key waits 20 ms and more while all the widgets and styles are looked through for garbage.
            self.set_timer(START_SECONDS, gc.freeze)
            self.call_after_refresh(self._settle_memory)
        if self._begins_with_tour:
            self.call_after_refresh(self._begin_tour)

    def _settle_memory(self) -> None:
        from ordertui.tui.memory import give_large_blocks_back

        give_large_blocks_back()

    def get_default_screen(self) -> MainScreen:
        """Return the main screen."""
        return MainScreen(self._session, self.keys, self._user_keymap, lambda: self._messages)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a message for a while, as it is. It replaces the one before; a warning or an error stays its time,
        where the terminal is not so low that two messages hide half of it.
        """
        del markup  # part of Textual's signature; brackets in a message are never markup here
        message = translate(message)
        self._messages.add(message, severity)
        now = Message().time
        stands = message == self._last_message and now <= self._keep_notifications_until
        if stands and severity != "information" and self.screen.query("Toast"):
            return  # said once is enough; that something was done is said each time
        self._last_message = message
        has_ended = now > self._keep_notifications_until
        is_low = self.size.height < self.VERTICAL_BREAKPOINTS[-1][0]
        if is_low and not has_ended:
            before = self._user_keymap.first_key("app.messages")
            message = _("{message} ({key} lists what was said before)", message=message, key=before)
        if has_ended or is_low:
            self.clear_notifications()
            for screen in self.screen_stack:
                screen.query("ToastHolder").remove()  # it would keep its line, and the new message would stand below
        if severity != "information":
            self._keep_notifications_until = now + (timeout or self.NOTIFICATION_TIMEOUT)
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    @cached_property
    def _messages(self) -> MessageHistory:
        from ordertui.tui.message_history import MessageHistory  # with the first message

        return MessageHistory(self._session.clock)

    def action_help_quit(self) -> None:
        """Say what leaves the program: ctrl+c does not, it copies what is selected."""
        keys = self._user_keymap
        self.notify(
            _("{first_key} on the main screen leaves, ctrl+q leaves at once", first_key=keys.first_key("app.quit"))
        )

    @on(PracticeBuilt)
    async def _open_practice(self, event: PracticeBuilt) -> None:
        self._practice = Session.open(event.path, clock=self._session.clock, config=self._session.config)
        await self.push_screen(MainScreen(self._practice, self.keys, self._user_keymap, lambda: self._messages))
        self.call_after_refresh(self._begin_tour)

    def on_unmount(self) -> None:
        """Close the practice store if it was opened here. What the process says from now on is English, but for what
        `run` says of the screen.
        """
        self.last_language = current_language()
        use(ENGLISH)
        if self._practice is not None:
            self._practice.close()

    def _begin_tour(self) -> None:
        if isinstance(self.screen, MainScreen):
            self.screen.tour.start()

    # What nobody foresaw

    def bell(self) -> None:
        """Remember the error that is being handled: Textual rings when one is about to end the application."""
        error = sys.exc_info()[1]
        if error is None:
            super().bell()
        elif self.defect is None:
            self.defect = error

    # Keys: every one goes through the queue

    def _acts_unseen(self, event: events.Event) -> bool:
        """Return whether the terminal is too small to show what a key or a paste would do, and says only that."""
        is_wide, is_high = (
            self.size.width >= self.HORIZONTAL_BREAKPOINTS[1][0],
            self.size.height >= self.VERTICAL_BREAKPOINTS[1][0],
        )
        taken = LEAVING_KEYS if isinstance(self.screen, MainScreen) else CLOSING_KEYS
        return not (is_wide and is_high) and getattr(event, "key", "") not in taken

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key or a click is bound to, and show the error that it raises."""
        with errors_shown(self.screen):
            return await super().run_action(action, default_namespace, namespaces)
        return True

    async def _handle(self, event: events.Event) -> None:
        """Give Textual a key whose turn has come, unless the terminal became too small since it was typed."""
        if not self._acts_unseen(event):
            await super().on_event(event)

    async def on_event(self, event: events.Event) -> None:
        """Queue a key just typed; ctrl+q and everything else is handled by Textual at once."""
        if isinstance(event, events.AppBlur) and self.is_web:
            return  # a browser's screen begins with it, at any moment: the cursor would be lost, and keys with it
        if isinstance(event, events.MouseDown) and self._ends_a_double_click(event):
            return
        leaves = isinstance(event, events.Key) and event.key == "ctrl+q"
        if isinstance(event, (events.Key, events.Paste)) and not event.is_forwarded and not leaves:
            if not self._acts_unseen(event):
                await self.keys.add(event)
        elif not self.keys.came_too_late(event):
            await super().on_event(event)

    def _ends_a_double_click(self, press: events.MouseDown) -> bool:
        """Return whether a double click opened or closed a dialog with its first half: nobody aimed the second one at
        what stands there now.
        """
        screen, place, time = self._pressed
        is_second = place == press.screen_offset and press.time - time <= self.CLICK_CHAIN_TIME_THRESHOLD
        if not is_second:
            screen = self.screen
        self._pressed = screen, press.screen_offset, press.time
        return screen is not self.screen

    @on(KeyHandled)
    def _trace_arrived(self, trace: KeyHandled) -> None:
        self.keys.trace(trace)

    def _stop_reading(self) -> bool:
        """Stop what the main screen reads, if it says that Escape does; return whether it was stopped."""
        screen = self.screen
        if not isinstance(screen, MainScreen) or not screen.view.is_stoppable:
            return False
        screen.view.stop_reading()
        return True


def run(
    session: Session, *, mouse: bool = True, tour: bool = False, say: Callable[[str], None] = lambda _text: None
) -> int:
    """Show the session's orders until the user leaves; return the exit code.

    `say` is told, in the language of the screen, what is not done yet.
    """
    language = choose_language(session.config.language, os.environ)
    use(language)  # what is wrong with the keymap is told on the screen
    keymap = read_keymap(config_path().with_name(KEYMAP_FILE))
    app = OrderTuiApp(session, keymap=keymap, tour=tour, language=language, is_alone=True)
    app.run(mouse=mouse)
    discard_output_of_closed_terminal()
    use(app.last_language)
    if app.defect is not None:
        print(f"ordertui: {translate(error_message(app.defect))}", file=sys.stderr)
    elif not app.return_code:
        width = get_terminal_size().columns
        for sentence in session.batches.unfinished(session.orders.zone):
            say(wrap_text(translate(sentence), "  ", width).removeprefix("  "))
    use(ENGLISH)
    return app.return_code or 0

"""Base of every dialog, and a guard that every screen needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Click, ScreenResume
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.screen import ModalScreen, ScreenResultType
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from ordertui.messages import N_, _
from ordertui.tui.render.format import GAP, wrap_text
from ordertui.tui.widgets.key_hints import key_at
from ordertui.tui.widgets.minimal_repaint import draw_whole_characters

from .errors import call_every, text_or_error

if TYPE_CHECKING:
    from ordertui.operations.session import Session

LOOK_SECONDS = 0.6
"""How often a dialog that shows what was counted before looks whether orders changed since."""
TOO_SMALL = N_("ordertui needs at least 60 x 15")
"""What a smaller terminal shows in place of every screen."""
FAR = 1_000_000
"""Lines, more than any text has."""
SCROLL_KEYS = (
    Binding("j,down", "scroll(1)", N_("Scroll down"), show=False),
    Binding("k,up", "scroll(-1)", N_("Scroll up"), show=False),
    Binding("pagedown,space,ctrl+d", "scroll(10)", N_("A page down"), show=False),
    Binding("pageup,ctrl+u", "scroll(-10)", N_("A page up"), show=False),
    Binding("g,home", f"scroll({-FAR})", N_("Go to the first line"), show=False),
    Binding("G,end", f"scroll({FAR})", N_("Go to the last line"), show=False),
)


def read_selected_text(read: Callable[[], str | None]) -> str | None:
    """Return the text that Textual's `Screen.get_selected_text` gives; None where it fails.

    Textual raises IndexError when a widget's text has become shorter since it was selected.
    """
    try:
        return read()
    except IndexError:
        return None


class Title(Static):
    """The title of a dialog. It knows when it was first drawn: keys typed before then cannot answer the dialog."""

    def __init__(self, text: str) -> None:
        super().__init__(text, classes="dialog-title", markup=False)
        self.first_drawn: float | None = None
        """Time of the first drawing by the clock of Textual's messages; None before it."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render as any text, and remember when that was first done."""
        if self.first_drawn is None:
            self.first_drawn = Message().time
        return super().render_lines(crop)


class FittedText(Static):
    """A text in lines that are as wide as the terminal allows; `make` makes it, and again at another size."""

    def __init__(self, make: Callable[[], Content], *, name: str | None = None) -> None:
        super().__init__(text_or_error(make), id=name, markup=False)
        self._make = make
        self._width = 0
        """Of the terminal that the text was made for; 0 before it was laid out."""

    def show(self, make: Callable[[], Content]) -> None:
        """Show another text."""
        self._make = make
        self.update(text_or_error(make))

    def on_resize(self) -> None:
        """Make the text anew, unless it was made for this width."""
        width = self.app.size.width
        if self._width not in (0, width):
            self.update(text_or_error(self._make))
        self._width = width


class DialogKeys(Widget):
    """The keys of a dialog, such as `y commit   Esc no`: as many lines as they need; a key and its word stay together.
    A click on one does what the key does.

    Three blanks part one key from the next. Textual's own wrapping breaks at any blank.
    """

    def __init__(self, keys: str) -> None:
        super().__init__(classes="dialog-keys")
        self._keys = keys

    def show(self, keys: str) -> None:
        """Show other keys."""
        if keys != self._keys:
            self._keys = keys
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the lines that the keys need."""
        return len(self._lines(width))

    def render(self) -> Content:
        """Return the lines."""
        return Content("\n".join(self._lines(self.size.width)))

    def on_click(self, event: Click) -> None:
        """Do what the key under the mouse does, as if it were typed."""
        place = event.get_content_offset(self)
        if place is None:
            return
        end = -len(GAP)
        for hint in self._lines(self.size.width)[place.y].split(GAP):
            start, end = end + len(GAP), end + len(GAP) + Content(hint).cell_length
            if start <= place.x < end and (key := key_at(hint, place.x - start)) is not None:
                self.app.post_message(key)

    def _lines(self, width: int) -> list[str]:
        lines = [""]
        for key in self._keys.split(GAP):
            longer = f"{lines[-1]}{GAP}{key}" if lines[-1] else key
            if not lines[-1] or Content(longer).cell_length <= width:
                lines[-1] = longer
            else:
                lines.append(key)
        return lines


class WrappedText(Static):
    """A text whose lines also break between wide characters, which have no blanks between them."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the lines that the text needs."""
        return self._wrapped(width).count("\n") + 1

    def render(self) -> Content:
        """Return the lines."""
        return Content(self._wrapped(self.size.width))

    def _wrapped(self, width: int) -> str:
        return wrap_text(str(self.content), "", width)


ROOM = 4
"""Lines above a text in which a message can stand without covering what the dialog is about."""


class ReadBelow(Static):
    """A text that has to stay readable while something is said: messages stand above it where there is room."""

    is_docked = False
    """Whether it takes its lines from the whole screen, so that all that stands above it moves up."""

    def on_resize(self) -> None:
        """Make room once it is laid out."""
        self._make_room(self.screen.query(ReadBelow))

    def on_unmount(self) -> None:
        """Give the room back."""
        self._make_room(one for one in self.screen.query(ReadBelow) if one is not self)

    def _make_room(self, shown: Iterable[ReadBelow]) -> None:
        screen = self.screen
        texts = [one for one in shown if one.region.height]
        docked = sum(one.outer_size.height for one in texts if one.is_docked)
        tops = [one.region.y for one in texts if not one.is_docked and one.region.y > ROOM]
        below = max((screen.size.height - top for top in tops), default=0)
        for rack in screen.query("ToastRack"):
            usual = rack.styles.base.margin
            rack.styles.margin = Spacing(usual.top, usual.right, max(usual.bottom + docked, below), usual.left)


class Dialog(ModalScreen[ScreenResultType]):
    """A modal screen that answers once: a title, a note if there is one, its own widgets, and a line of keys.

    Textual dismisses whatever screen is on top, each time it is asked to: the second click of a double click on a list
    would close the screen beneath, and leave its question without an answer.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "show_dialog_keys", N_("keys of this dialog"), show=False),
        Binding("f2", "tell_of_language", N_("language"), show=False),
    ]

    def __init__(self, title: str, keys: str = "", *, note: str = "", is_tall: bool = False) -> None:
        super().__init__(classes="dialog-screen")
        draw_whole_characters(self)
        self._title = title
        self._keys = keys
        self._note = note
        self._is_tall = is_tall

    def compose(self) -> ComposeResult:
        """Compose the parts of a dialog."""
        with Vertical(classes="dialog dialog-tall" if self._is_tall else "dialog"):
            yield self._make_title()
            if self._note:
                yield WrappedText(self._note, classes="dialog-text", markup=False)
            yield from self._compose_body()
            if self._keys:
                yield DialogKeys(self._keys)
        yield Static(_(TOO_SMALL), classes="too-small")

    def _make_title(self) -> Title:
        return Title(self._title)

    def _compose_body(self) -> ComposeResult:
        return ()

    @on(ScreenResume)
    def _move_message_up(self) -> None:
        """Take the message away from the screens below: it is shown here, and would stand there a second time."""
        for screen in self.app.screen_stack[:-1]:
            screen.query("ToastHolder").remove()

    def show_keys(self, keys: str) -> None:
        """Show another line of keys."""
        self.query_one(DialogKeys).show(keys)

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Answer and close; do nothing when the dialog has answered already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def _more_keys(self) -> Sequence[tuple[str, str]]:
        """Return keys that are no bindings, each with its words, for `?`."""
        return ()

    def action_show_dialog_keys(self) -> None:
        """Show every key of this dialog."""
        from .dialog_help import dialog_help  # when it is opened

        self.app.push_screen(dialog_help(self, self._title, self._more_keys()))

    def action_tell_of_language(self) -> None:
        """Say where the language is switched."""
        self.notify(_("F2 switches the language on the main screen: close this first"))

    def action_leave(self) -> None:
        """Close, and change nothing."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def get_selected_text(self) -> str | None:
        """Return the text selected with the mouse, for ctrl+c."""
        return read_selected_text(super().get_selected_text)


class ChangeWatch:
    """Tells a dialog that the store changed since what it shows was read; many changes in a row at once."""

    def __init__(self, session: Session) -> None:
        """Remember the state of the store: made before what is shown is read."""
        self._session = session
        self._version = session.data_version()

    def start(self, dialog: Dialog[ScreenResultType], on_change: Callable[[], None]) -> None:
        """Look again and again while the dialog is open."""

        def look() -> None:
            version = self._session.data_version()
            if version != self._version and dialog.query(Title):  # none while the dialog is being unmounted
                self._version = version
                on_change()

        call_every(dialog, LOOK_SECONDS, look)

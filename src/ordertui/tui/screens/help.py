"""All keys, from the registry; typing narrows the list."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ordertui.rules.language import FIELDS

from ..actions import MAIN_ACTIONS, TABLE_KEYS
from ..texts import Piece


class HelpScreen(ModalScreen[None]):
    """Keys and filter fields."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(classes="dialog-screen")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog dialog-tall"):
            yield Static("Keys", classes="dialog-title")
            yield Input(placeholder="type to narrow")
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(help_text(""), id="help-text")
            yield Static("↑ ↓ scroll   Esc close", classes="dialog-keys")

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self.query_one("#help-text", Static).update(help_text(event.value))

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Move the list."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)


def help_text(narrow: str) -> Content:
    """Every key and filter field whose line holds the words typed."""
    words = narrow.lower().split()
    pieces: list[Piece] = []

    def section(title: str, lines: list[tuple[str, str]]) -> None:
        found = [(key, text) for key, text in lines if all(word in f"{key} {text}".lower() for word in words)]
        if found:
            pieces.append((f"{title}\n", "bold $text-accent"))
            for key, text in found:
                pieces.append((f"  {key:<18}", "$text-primary"))
                pieces.append(f" {text}\n")

    section("Moving and marking", list(TABLE_KEYS))
    for group in dict.fromkeys(action.group for action in MAIN_ACTIONS):
        section(group, [(action.key_text, action.description) for action in MAIN_ACTIONS if action.group == group])
    section(
        "Filter fields",
        [(field.name, f"{field.help}  {' '.join((*field.values, *field.examples)[:7])}") for field in FIELDS.values()],
    )
    section(
        "Filter words",
        [
            ("late prime business", "stand alone"),
            ("- not", "negates"),
            ("or ( )", "joins"),
            ('"two words"', "text in id, SKU, ASIN, title"),
        ],
    )
    return Content.assemble(*pieces) if pieces else Content("no key fits these words")

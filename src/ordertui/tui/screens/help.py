"""All keys, from the registry; typing narrows the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from ordertui.messages import N_, _
from ordertui.rules.language import FIELDS
from ordertui.tui.actions import ALL_COMMANDS, QUEUE_HELP, Command
from ordertui.tui.render.format import Piece, pad, wrap_text
from ordertui.tui.widgets.line_input import LineInput

from .base import Dialog

GLYPHS = (
    ("●", N_("marked")),
    ("✎", N_("has a note; N writes it")),
    ("★", N_("the buyer asked with Amazon's own button: cancelling does not count")),
    ("☆", N_("the buyer asked by message only, or for some items: cancelling counts")),
    ("◷ ◇ ↑ …", N_("held, waits for approval, file written (upload it), uploaded")),
    ("→ ✓ ✗ ?", N_("sent by the API, done, refused, unclear")),
    ("✓ ! ✗", N_("beside a rate: ok, near the target, over it")),
    ("@ana", N_("ana has it in an open preview, or in a batch that is held")),
    ("?", N_("no report said")),
)
"""Meaning of the signs on the screen."""
KEYS = 21
"""Cells before the description of a key."""


class HelpScreen(Dialog[None]):
    """Keys and filter fields."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("close"), show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, actions: Sequence[Command] = ALL_COMMANDS) -> None:
        super().__init__(_("Keys"), _("↑ ↓ scroll   Esc close"), is_tall=True)
        self._actions = tuple(actions)

    def _compose_body(self) -> ComposeResult:
        yield LineInput(placeholder=_("type to narrow"))
        with VerticalScroll(classes="dialog-body", can_focus=False):
            yield Static(id="help-text")

    def on_resize(self) -> None:
        """Wrap the lines for the new size."""
        self.call_after_refresh(self._show)

    @on(Input.Changed)
    def _show(self) -> None:
        if self.query("#help-text"):  # none when it was closed meanwhile
            width = self.query_one(VerticalScroll).scrollable_content_region.width
            text = help_text(self.query_one(Input).value, self._actions, width)
            self.query_one("#help-text", Static).update(text)


def help_text(narrow: str, actions: Sequence[Command] = ALL_COMMANDS, width: int = 100) -> Content:
    """Return every key and filter field whose line has all the words typed, in lines of `width` cells."""
    words = narrow.lower().split()
    pieces: list[Piece] = []

    def section(title: str, lines: list[tuple[str, str]]) -> None:
        found = [(key, text) for key, text in lines if all(word in f"{key} {text}".lower() for word in words)]
        if found:
            pieces.append((f"{title}\n", "bold $text-accent"))
            for key, text in found:
                pieces.append((f"  {pad(key, KEYS - 3)} ", "$text-primary"))
                pieces.append(f"{wrap_text(text, ' ' * KEYS, width).lstrip()}\n")

    for group in dict.fromkeys(action.group for action in actions):
        lines = [(action.key_text, _(action.description)) for action in actions if action.group == group]
        section(_(group), [*lines, (_(QUEUE_HELP[0]), _(QUEUE_HELP[1]))] if group == "Find" else lines)
    section(_("Glyphs"), [(sign, _(text)) for sign, text in GLYPHS])
    section(
        _("Filter fields"),
        [
            (field.name, f"{_(field.help)}  {' '.join((*field.values, *field.examples)[:7])}")
            for field in FIELDS.values()
        ],
    )
    section(
        _("Filter words"),
        [
            ("late prime business", _("stand alone")),
            (_("- not"), _("negates")),
            (_("or ( )"), _("joins")),
            (_('"two words"'), _("text in id, SKU, ASIN, title")),
        ],
    )
    return Content.assemble(*pieces) if pieces else Content(_("no key fits these words"))

"""The keys of a dialog, each with a sentence: made from its bindings and what their actions say of themselves."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from textual.actions import parse
from textual.binding import ActiveBinding, Binding, BindingType
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input

from ordertui.messages import N_, _
from ordertui.tui.actions import format_key
from ordertui.tui.render.format import Piece, pad, wrap_text
from ordertui.tui.widgets.option_list import SafeOptionList

from .dialogs import TextScreen

Given = TypeVar("Given")
PLAIN_WORDS: Mapping[str, str] = {
    "Copy selected text to clipboard": N_("Copy the text selected with the mouse"),
    "Move the highlight down to the next enabled option": N_("Down"),
    "Move the highlight up to the previous enabled option": N_("Up"),
    "Move the highlight to the first enabled option": N_("Go to the first line"),
    "Move the highlight to the last enabled option": N_("Go to the last line"),
}
"""What Textual's actions say of themselves, in the words of the other dialogs."""
SIDEWAYS = frozenset({"scroll_left", "scroll_right", "page_left", "page_right"})
OF_EVERY_DIALOG = frozenset({"leave", "show_dialog_keys", "tell_of_language", "copy_text"})
KEYS = 18
"""Cells before the sentence of a key."""


class DialogHelpScreen(TextScreen):
    """The keys of the dialog beneath."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,f1", "leave", N_("close"), show=False)]


def dialog_help(dialog: Screen[Given], title: str, more: Sequence[tuple[str, str]]) -> DialogHelpScreen:
    """Return the screen that lists the keys of a dialog. `more`: keys that are no bindings, with their words."""
    has_words = any(options.display and options.has_words for options in dialog.query(SafeOptionList))
    jumps = [(_("a letter"), _("Go to the next line that begins with it"))] if has_words else []
    lines = [*more, *binding_lines(dialog), *jumps]

    def fit() -> Content:
        width = max(40, min(96, dialog.app.size.width * 9 // 10 - 6))
        pieces: list[Piece] = []
        for keys, text in lines:
            pieces.append((f"{pad(keys, KEYS - 1)} ", "$text-primary"))
            pieces.append(f"{wrap_text(text, ' ' * KEYS, width).lstrip()}\n")
        return Content.assemble(*pieces)

    return DialogHelpScreen(_("Keys: {title}", title=title), fit)


def binding_lines(dialog: Screen[Given]) -> list[tuple[str, str]]:
    """Return the keys that are in force in a dialog, those of one action together, with a sentence for each action.

    The dialog's own come first, then those of the list in it, then those that every dialog has. Without those of a
    field to type in, those of the application and those that scroll sideways.
    """

    def place(active: ActiveBinding) -> tuple[bool, bool]:
        return parse(active.binding.action)[1] in OF_EVERY_DIALOG, active.node is not dialog

    lines: dict[str, list[str]] = {}
    for key, active in sorted(dialog.active_bindings.items(), key=lambda item: place(item[1])):
        if active.binding.system or isinstance(active.node, Input) or active.node is dialog.app:
            continue
        if parse(active.binding.action)[1] in SIDEWAYS:
            continue
        text = _sentence(active, dialog)
        if text:
            lines.setdefault(text, []).append(format_key(key))
    return [(" ".join(keys), text) for text, keys in lines.items()]


def _sentence(active: ActiveBinding, dialog: Screen[Given]) -> str:
    """Return what the action of a binding says of itself; the binding's own words where it says nothing, or where the
    action does different things by its parameters. Empty for one of the app.
    """
    destination, name, parameters = parse(active.binding.action)
    if destination == "app":
        return ""
    node: DOMNode = dialog if destination == "screen" else active.node
    action = getattr(node, f"action_{name}", None)
    described = (inspect.getdoc(action) if action is not None else None) or ""
    words = active.binding.description
    text = words if words and (parameters or not described) else described.split("\n")[0].rstrip(".")
    return _(PLAIN_WORDS.get(text, text))

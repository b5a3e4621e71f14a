"""Small dialogs: a question, a text, a form, a choice. Enter and Escape never do what cannot be undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from ordertui.tui.clipboard import copy
from ordertui.tui.widgets.dialog_title import Title
from ordertui.tui.widgets.line_input import LineInput
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import Dialog


class ConfirmScreen(Dialog[str | None]):
    """A question with letters as answers; Enter and Escape give an empty text, which means no."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,n", "answer('')", "no", show=False)]

    def __init__(self, question: str, answers: Mapping[str, str], detail: str = "") -> None:
        super().__init__(classes="dialog-screen")
        self._question = question
        self._answers = dict(answers)
        self._detail = detail

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        keys = "   ".join(f"{key} {word}" for key, word in self._answers.items())
        with Vertical(classes="dialog"):
            yield Title(self._question)
            if self._detail:
                yield Static(self._detail, markup=False)
            yield Static(f"{keys}   Enter, Esc: no", classes="dialog-keys", markup=False)

    def on_key(self, event: events.Key) -> None:
        """Answer with a letter."""
        if event.character in self._answers:
            event.stop()
            self.dismiss(event.character)

    def action_answer(self, key: str) -> None:
        """Answer and close."""
        self.dismiss(key)


class TextScreen(Dialog[None]):
    """A text to read; `y` copies `copy` when there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "close", "close", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, title: str, body: str | Content, copy: str = "") -> None:
        super().__init__(classes="dialog-screen")
        self._title = title
        self._body = body
        self._copy = copy

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        with Vertical(classes="dialog dialog-tall"):
            yield Title(self._title)
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(self._body, markup=False)
            keys = "y copy   Esc close" if self._copy else "Esc close"
            yield Static(keys, classes="dialog-keys", markup=False)

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copy the text."""
        if self._copy:
            self.notify(copy(self.app, self._copy, "it"))


class FormScreen(Dialog[dict[str, str] | None]):
    """Some fields; Enter goes to the next one and, on the last, gives their values by name; Escape gives None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "leave", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self, title: str, fields: Sequence[tuple[str, str, str]], note: str = "", *, password: bool = False
    ) -> None:
        """`fields`: name, label and first value of each; `password`: what is typed is not shown."""
        super().__init__(classes="dialog-screen")
        self._title = title
        self._fields = tuple(fields)
        self._note = note
        self._password = password

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        with Vertical(classes="dialog"):
            yield Title(self._title)
            if self._note:
                yield Static(self._note, markup=False)
            yield Static("")
            for name, label, value in self._fields:
                with Horizontal(classes="field"):
                    yield Label(label, markup=False)
                    yield LineInput(value, id=f"field-{name}", select_on_focus=True, password=self._password)
            yield Static("Enter next, then done   Esc leave", classes="dialog-keys")

    def on_mount(self) -> None:
        """Focus the first field."""
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        inputs = list(self.query(Input))
        place = inputs.index(event.input)
        if place + 1 < len(inputs):
            inputs[place + 1].focus()
        else:
            self.dismiss({name: self.query_one(f"#field-{name}", Input).value for name, _, _ in self._fields})

    def action_cancel(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class ChoiceScreen(Dialog[str | None]):
    """A list to choose from; gives the key of the choice, Escape None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "cancel", "leave", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], note: str = "", at: str = "") -> None:
        super().__init__(classes="dialog-screen")
        self._title = title
        self._choices = tuple(choices)
        self._note = note
        self._at = at
        """Key of the choice to highlight first; empty: the first one."""

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        with Vertical(classes="dialog"):
            yield Title(self._title)
            if self._note:
                yield Static(self._note, markup=False)
            yield SafeOptionList(*(Option(Content(text), id=key) for key, text in self._choices))
            yield Static("Enter choose   Esc leave", classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        """Highlight the choice asked for."""
        if self._at:
            options = self.query_one(OptionList)
            options.highlighted = options.get_option_index(self._at)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)

    def action_cancel(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

"""Small dialogs: a question, a text, a form, a choice. Enter and Escape never do what cannot be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from ordertui.messages import N_, _
from ordertui.tui.clipboard import copy
from ordertui.tui.render.format import GAP
from ordertui.tui.widgets.line_input import LineInput
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import SCROLL_KEYS, Dialog, FittedText, WrappedText


class ConfirmScreen(Dialog[str | None]):
    """A question with letters as answers; Enter and Escape give an empty text, which means no."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "answer('')", N_("no"), show=False)]

    def __init__(self, question: str, answers: Mapping[str, str], detail: str = "", *, no: str = "") -> None:
        """`no`: what Enter and Escape do, in words, if it is not just no."""
        keys = [*(f"{key} {word}" for key, word in answers.items()), no or _("Enter, Esc: no")]
        super().__init__(question, GAP.join(keys), note=detail)
        self._answers = dict(answers)

    def on_key(self, event: events.Key) -> None:
        """Answer with a letter; `n` means no where it is no answer."""
        if event.character in self._answers:
            event.stop()
            self.dismiss(event.character)
        elif event.character == "n":
            event.stop()
            self.dismiss("")

    def _more_keys(self) -> Sequence[tuple[str, str]]:
        return list(self._answers.items())

    def action_answer(self, key: str) -> None:
        """Close; nothing is done."""
        self.dismiss(key)


class TextScreen(Dialog[None]):
    """A text to read; `y` copies `copy` when there is one. A function makes a text that is fitted to the terminal."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", N_("close"), show=False),
        Binding("y", "copy", N_("copy"), show=False),
        *SCROLL_KEYS,
    ]

    def __init__(self, title: str, body: str | Content | Callable[[], Content], copy: str = "") -> None:
        super().__init__(title, _("y copy   Esc close") if copy else _("Esc close"), is_tall=True)
        self._body = body
        self._copy = copy

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-body", can_focus=False):
            yield FittedText(self._body) if callable(self._body) else Static(self._body, markup=False)

    def action_copy(self) -> None:
        """Copy the text."""
        if self._copy:
            self.notify(copy(self.app, self._copy, "it"))
        else:
            self.notify(_("there is nothing to copy"))


class FormScreen(Dialog[dict[str, str] | None]):
    """Some fields; Enter goes to the next one and, on the last, gives their values by name; Escape gives None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("leave"), show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[tuple[str, str, str]],
        note: str = "",
        *,
        done: str = "",
        password: bool = False,
        check: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _values: {},
    ) -> None:
        """`fields`: name, label and first value of each; `done`: what Enter does on the last of them, in a word or two;
        `password`: what is typed is not shown.

        `check` returns what is wrong with the values, by field: the first is shown, its field gets the focus, and the
        form stays open until nothing is wrong.
        """
        done = done or _("go on")
        keys = (
            _("Enter {done}   Esc leave", done=done)
            if len(fields) == 1
            else _("Enter next field, on the last one {done}   Esc leave", done=done)
        )
        super().__init__(title, keys, note=note)
        self._fields = tuple(fields)
        self._password = password
        self._check = check

    def _compose_body(self) -> ComposeResult:
        yield Static("")
        for name, label, value in self._fields:
            with Horizontal(classes="field"):
                yield Label(label, markup=False)
                yield LineInput(value, id=f"field-{name}", select_on_focus=True, password=self._password)
        yield WrappedText("", id="form-error", classes="error", markup=False)

    def on_mount(self) -> None:
        """Focus the first field that is empty, else the first."""
        fields = list(self.query(Input))
        next((field for field in fields if not field.value), fields[0]).focus()

    @on(Input.Changed)
    def _clear_error(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#form-error", Static).update("")  # it was said of the text before

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        inputs = list(self.query(Input))
        place = inputs.index(event.input)
        if place + 1 < len(inputs):
            inputs[place + 1].focus()
            return
        values = {name: self.query_one(f"#field-{name}", Input).value for name, _, _ in self._fields}
        wrong = self._check(values)
        for name, text in wrong.items():
            self.query_one("#form-error", Static).update(text)
            field = self.query_one(f"#field-{name}", Input)
            field.focus()
            field.action_select_all()  # what is typed next replaces it
            return
        self.dismiss(values)


def no_file_name() -> str:
    """Return what is wrong with an empty name of a file."""
    return _("type the name of a file")


def filled(name: str, problem: str) -> Callable[[Mapping[str, str]], Mapping[str, str]]:
    """Return a check of a form: that a field is not empty, and the words for when it is."""
    return lambda values: {} if values[name].strip() else {name: problem}


class ChoiceScreen(Dialog[str | None]):
    """A list to choose from; gives the key of the choice, Escape None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "leave", N_("leave"), show=False)]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], note: str = "", at: str | None = "") -> None:
        super().__init__(title, _("Enter choose   Esc leave"), note=note)
        self._choices = tuple(choices)
        self._at = at
        """Key of the choice to highlight first; empty: the first one; None: none, so that Enter alone takes none."""

    def _compose_body(self) -> ComposeResult:
        yield SafeOptionList(*(Option(Content(text), id=key) for key, text in self._choices), is_menu=True)
        if self._at is None:
            yield WrappedText("", classes="error", markup=False)

    def on_mount(self) -> None:
        """Highlight the choice asked for."""
        options = self.query_one(OptionList)
        if self._at is None:
            options.highlighted = None
        elif self._at:
            options.highlighted = options.get_option_index(self._at)

    @on(SafeOptionList.NothingHighlighted)
    def _ask_to_choose(self) -> None:
        self.query_one(".error", Static).update(_("choose one first: ↑ ↓, or its first letter"))

    @on(OptionList.OptionHighlighted)
    def _clear_error(self) -> None:
        for error in self.query(".error").results(Static):
            error.update("")

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)

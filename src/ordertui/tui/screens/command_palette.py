"""Every action by name, and commands with an argument: type, choose, Enter."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from os.path import commonprefix
from typing import ClassVar, TypeAlias

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ordertui.messages import N_, _, pgettext, translate
from ordertui.operations.errors import UnknownChoice
from ordertui.orders.text import mask_control_characters
from ordertui.rules.language import FilterError
from ordertui.tui.actions import Command
from ordertui.tui.render.format import MUTED, pad, wrap_text
from ordertui.tui.widgets.line_input import LineInput
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import Dialog, WrappedText
from .errors import shows_errors
from .typed_commands import VERBS, CommandReader, TypedCommand

RECENT = 5
"""Typed commands that are offered before anything is typed, newest first."""
COMPLETIONS = 8
"""Completions that are offered."""
MOVE = "Move"
"""Group of the actions that are offered last."""
NAME_CELLS = 12
"""Cells of the column of names, which a longer one exceeds."""
NEAREST = 5
"""Names that are offered for one that nothing has."""
Hit: TypeAlias = Command | TypedCommand | str
"""An action, a typed command, or a line that may be typed."""


class PaletteScreen(Dialog[Command | TypedCommand | None]):
    """The actions, narrowed by the words typed, and typed commands (why not Textual's: docs/decisions/0007)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("leave"), show=False),
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(self, actions: Sequence[Command], reader: CommandReader, history: Sequence[str]) -> None:
        super().__init__(_("Actions and commands"), _("↑ ↓ choose   Enter do it   Tab complete   Esc leave"))
        found = (action for action in actions if action.id != "app.palette")
        self._actions = tuple(sorted(found, key=lambda action: action.group == MOVE))  # known to who came here by keys
        self._reader = reader
        self._history = tuple(reversed(history))
        self._shown: dict[str, Hit] = {}
        """What is offered now, by the id of its option: a click may be told after the list was filled anew."""

    def _compose_body(self) -> ComposeResult:
        yield LineInput(placeholder=_("an action, or: late   sort ship-by   filter sku:A*   queue 3"))
        yield WrappedText("", id="palette-note", markup=False)
        yield SafeOptionList(is_menu=True)

    @shows_errors
    def on_mount(self) -> None:
        """Show the last commands and all actions, and focus the input."""
        self._narrow("")
        self.query_one(OptionList).can_focus = False
        self.query_one(Input).focus()

    def _narrow(self, text: str) -> None:
        typed = self._read(text)
        lines: list[str] = []
        if not text:
            lines += self._history[:RECENT]
        elif text.partition(" ")[0] in VERBS:
            lines += [line for line in self._history if line.startswith(text) and line not in lines][:RECENT]
            lines += [line for line in self._reader.complete(text) if line not in lines][:COMPLETIONS]
        actions = self._matching(text)
        if text and " " not in text:
            lines += [line for line in self._reader.complete(text) if line not in lines][:COMPLETIONS]
        shown: list[Hit]
        if typed is not None:
            shown = [typed, *(line for line in lines if line.strip() != typed.text), *actions]
        elif self._is_command(text):
            shown = [f"{text} ", *(line for line in lines if line.strip() != text), *actions]
        else:
            shown = [*actions, *lines] if text and " " not in text else [*lines, *actions]
        unknown = bool(text.strip()) and not shown
        if unknown:
            shown = self._near(text)
        self._shown = {self._key_of(hit): hit for hit in shown}
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(self._prompt(hit), id=key) for key, hit in self._shown.items())
        options.highlighted = 0 if self._shown and not unknown else None  # Enter does nothing that is only similar

    def _near(self, text: str) -> list[Hit]:
        """Say that nothing is called so, and return what is called nearly so, the nearest first."""
        word, _blank, rest = text.strip().partition(" ")
        verb = VERBS.get(word)
        if verb is not None:
            if not verb.argument:
                self._say(_("'{word}' takes nothing after it", word=word))
            return []  # what is wrong with its argument is told already
        names: dict[str, Hit] = {name: action for action in self._actions for name in labels_of(action)}
        names |= {one: f"{one} {rest}".strip() if VERBS[one].argument and rest else one for one in VERBS}
        found = list(dict.fromkeys(names[name] for name in get_close_matches(word.lower(), names, NEAREST, cutoff=0.5)))
        word = mask_control_characters(word)
        if found:
            self._say(_("no action or command is called '{word}'; the nearest are below, ↓ chooses one", word=word))
        else:
            self._say(_("no action or command is called '{word}', and none nearly so", word=word))
        return found

    def _say(self, text: str) -> None:
        self.query_one("#palette-note", Static).update(text)

    def _is_command(self, text: str) -> bool:
        """Return whether a text is the word of a command, and no action is called so, which would come first."""
        return text in VERBS and not any(
            action.id.endswith(f".{text}") or any(label.startswith(text) for label in labels_of(action))
            for action in self._actions
        )

    def _matching(self, text: str) -> list[Command]:
        words = text.lower().split()
        found = [
            action
            for action in self._actions
            if all(
                word in f"{words_of(action)} {action.label} {action.description} {action.id}".lower() for word in words
            )
        ]
        start = words[0] if words else ""
        return sorted(
            found,
            key=lambda action: (
                not action.id.endswith(f".{text}"),
                not any(label.startswith(start) for label in labels_of(action)),
            ),
        )

    def _read(self, text: str) -> TypedCommand | None:
        """Return the typed command; None when it is none, or wrong, which the note says."""
        wrong = ""
        try:
            return self._reader.read(text)
        except (FilterError, UnknownChoice) as error:
            wrong = translate(str(error))
            return None
        finally:
            self._say(wrong)

    @staticmethod
    def _key_of(hit: Hit) -> str:
        if isinstance(hit, TypedCommand):
            return f"typed {hit.text}"
        return f"line {hit}" if isinstance(hit, str) else f"action {hit.id}"

    @property
    def _here(self) -> Hit | None:
        option = self.query_one(OptionList).highlighted_option
        return None if option is None or option.id is None else self._shown.get(option.id)

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        for options in self.query(OptionList):  # none when it was closed meanwhile
            for key, hit in self._shown.items():
                options.replace_option_prompt(key, self._prompt(hit))
            options.refresh(layout=True)

    def _prompt(self, hit: Hit) -> Content:
        """Return the lines of a hit: what it is called, and beside that what it does."""
        room = (self.query_one(OptionList).size.width or self.app.size.width * 9 // 10) - 1  # a scrollbar may come
        if isinstance(hit, TypedCommand):
            name, text = hit.text, _(VERBS[hit.verb].description)
        elif isinstance(hit, str):
            verb = VERBS.get(hit.split()[0])
            missing = verb.argument if verb is not None and hit.strip() == verb.word else ""
            name, text = f"{hit.strip()} {missing}", _(verb.description) if verb is not None else ""
        else:
            name, text = hit.key_text, _(hit.description)
        head = f"{pad(name, NAME_CELLS)}  "
        words = wrap_text(text, " " * min(cell_len(head), room // 2), room).lstrip()
        if not isinstance(hit, Command):
            return Content.assemble((head, "bold $text-success"), (words, MUTED))
        return Content.assemble((head, "bold $text-accent"), words)

    @on(Input.Changed)
    @shows_errors
    def _changed(self, event: Input.Changed) -> None:
        self._narrow(event.value)

    @on(Input.Submitted)
    @shows_errors
    def _submitted(self) -> None:
        hit = self._here
        if hit is not None:
            self._take(hit)

    @on(OptionList.OptionSelected)
    @shows_errors
    def _selected(self, event: OptionList.OptionSelected) -> None:
        hit = self._shown.get(event.option_id or "")
        if hit is not None:  # else the list was filled anew since the click, without it
            self._take(hit)

    def _take(self, hit: Hit) -> None:
        """Answer with an action or a whole command; of one that needs an argument, let that be typed."""
        if not isinstance(hit, str):
            self.dismiss(hit)
            return
        is_typed = self.query_one(Input).value.strip() == hit.strip()
        command = self._read(hit if is_typed else hit.rstrip())
        if command is not None:
            self.dismiss(command)
        elif hit.strip() in VERBS or self.query_one(Input).value != hit:
            self._type(hit)

    def _type(self, text: str) -> None:
        entry = self.query_one(Input)
        entry.value = text
        entry.cursor_position = len(text)

    def action_complete(self) -> None:
        """Complete what is typed: the highlighted line, else as far as all completions agree."""
        hit, place, typed = self._here, self.query_one(OptionList).highlighted, self.query_one(Input).value
        found = self._reader.complete(typed)
        if isinstance(hit, str) and hit != typed.rstrip() and place:
            self._type(hit)
        elif found:
            self._type(found[0] if len(found) == 1 else commonprefix(found))  # noqa: RUF071  (characters, not paths)

    def action_step(self, by: int) -> None:
        """Move the highlight up or down."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()


def labels_of(action: Command) -> tuple[str, str]:
    """Return the name of an action in English, and in the language of the screen."""
    return action.label, pgettext("key", action.label)


def words_of(action: Command) -> str:
    """Return what an action is called in the language of the screen."""
    return f"{pgettext('key', action.label)} {_(action.description)} {_(action.group)}"

"""The filter bar: explains a filter while it is typed, and applies it on Enter."""

from __future__ import annotations

from collections.abc import Callable
from os.path import commonprefix
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from ordertui.messages import N_, _, translate
from ordertui.orders.errors import UserError

from .line_input import LineInput

if TYPE_CHECKING:
    from ordertui.rules.language import Condition


PLACEHOLDER = N_("filter: status:unshipped total>50 late")


class FilterInput(LineInput):
    """The input of the filter bar: Tab completes, up and down go through the history, Escape cancels."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False),
        Binding("escape", "leave", show=False),
        Binding("up", "older(1)", show=False),
        Binding("down", "older(-1)", show=False),
    ]

    def __init__(self, *, placeholder: str, id: str) -> None:  # noqa: A002
        super().__init__(placeholder=placeholder, id=id, select_on_focus=False)
        self.history: list[str] = []
        """Filters used before, oldest first."""
        self._back = 0
        self._typed = ""

    class Cancelled(Message):
        """Escape was pressed."""

    def action_complete(self) -> None:
        """Complete the word at the cursor."""
        from ordertui.rules.language import complete, word_start  # when it is typed

        found = complete(self.value, self.cursor_position)
        if not found:
            return
        start = word_start(self.value, self.cursor_position)
        word = found[0] if len(found) == 1 else commonprefix(found)  # noqa: RUF071  (characters, not paths)
        if len(word) >= self.cursor_position - start:
            self.value = self.value[:start] + word + self.value[self.cursor_position :]
            self.cursor_position = start + len(word)

    def action_older(self, by: int) -> None:
        """Show an older filter; down comes back to the text that was typed."""
        if self._back == 0:
            self._typed = self.value
        self._back = min(max(0, self._back + by), len(self.history))
        self.value = self.history[-self._back] if self._back else self._typed
        self.cursor_position = len(self.value)

    def restart_history(self) -> None:
        """Let the next press of up begin at the newest filter."""
        self._back = 0

    def action_leave(self) -> None:
        """Cancel typing."""
        self.post_message(self.Cancelled())


class FilterBar(Vertical):
    """A line to type a filter in, and a note below it while it is typed or wrong."""

    class Applied(Message):
        """Enter was pressed on a valid filter."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Typed(Message):
        """The text is a valid filter, perhaps unfinished; its last word does not begin a field's name."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Cancelled(Message):
        """Escape was pressed; the filter in force stays."""

    def __init__(
        self,
        read: Callable[[str], Condition],
        *,
        nothing: str = N_("all orders of this queue"),
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id, classes="-idle")
        self._read = read
        self._nothing = nothing
        """What an empty filter stands for, in words."""
        self._applied = ""

    async def mount_input(self) -> None:
        """Mount input and note; the main screen does so after the first orders are drawn."""
        entry = FilterInput(placeholder=_(PLACEHOLDER), id="filter-input")
        line = Horizontal(Static("/", id="filter-slash"), entry, Static("", id="filter-count"), id="filter-line")
        await self.mount(line, Static("", id="filter-note", markup=False))

    def on_click(self) -> None:
        """Begin to type where nothing is typed yet; in a text the cursor goes to the mouse."""
        if self.has_class("-idle"):
            self.begin()

    def relabel(self) -> None:
        """Show the texts of the bar in another language."""
        for entry in self.query(FilterInput):
            entry.placeholder = _(PLACEHOLDER)
            if self.typed is not None:
                self._explain(self.typed)

    @property
    def _input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def typed(self) -> str | None:
        """The text while it is typed; None when the input has no focus."""
        return self._input.value if self._input.has_focus else None

    def set_history(self, history: list[str]) -> None:
        """Set the filters used before, oldest first."""
        self._input.history = history

    def begin(self) -> None:
        """Start typing, with the filter in force selected: the first character replaces it, an arrow key keeps it to be
        edited. A bar that took no line is shown over what stands below it, which does not move.
        """
        self.set_class(self.has_class("-idle"), "-floating")
        self.remove_class("-idle")
        self._input.restart_history()
        self._input.focus()
        self._input.action_select_all()
        self._explain(self._input.value)

    def set_text(self, text: str) -> None:
        """Show the filter that is in force."""
        self._applied = text
        self._input.value = text
        self._say("")
        self.remove_class("-floating")
        self.set_class(not text, "-idle")

    def count(self, text: str) -> None:
        """Show the count at the right."""
        self.query_one("#filter-count", Static).update(text)

    def _say(self, text: str, *, error: bool = False) -> None:
        note = self.query_one("#filter-note", Static)
        note.update(text)
        note.set_class(bool(text), "-shown")
        note.set_class(error, "-error")

    def _explain(self, text: str) -> bool:
        """Show how the filter is understood, or what is wrong with it; return whether it is valid."""
        from ordertui.rules.language import FilterError, complete, format_condition  # when it is typed

        try:
            condition = self._read(text)
        except FilterError as error:
            hint = (
                _("  did you mean {suggestion}?", suggestion=error.suggestion)
                if error.suggestion and error.suggestion not in str(error)
                else ""
            )
            self._say(f"{' ' * (error.column - 1)}^\n{translate(str(error))}{hint}", error=True)
            return False
        except (UserError, OSError) as error:  # the store that knows the zone of its dates cannot be read
            self._say(translate(str(error)), error=True)
            return False
        found = complete(text, self._input.cursor_position)
        words = _("   Tab: {found}", found="  ".join(found[:6])) if found and text and not text.endswith(" ") else ""
        self._say(f"{format_condition(condition) if text.strip() else _(self._nothing)}{words}")
        return True

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._input.has_focus and self._explain(event.value) and not self._may_become_a_field():
            self.post_message(self.Typed(event.value))

    def _may_become_a_field(self) -> bool:
        """Return whether the word at the cursor begins a field's name, and so may not be a word to search for."""
        from ordertui.rules.language import complete, word_start  # when it is typed

        text, place = self._input.value, self._input.cursor_position
        word = text[word_start(text, place) : place]
        return bool(word) and not set(word) & set(":<>=") and bool(complete(text, place))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._explain(event.value):
            self._applied = event.value
            self._say("")
            self.remove_class("-floating")
            self.set_class(not event.value.strip(), "-idle")
            text = " ".join(event.value.split())
            if text:
                self._input.history = [*(old for old in self._input.history if old != text), text]
            self.post_message(self.Applied(event.value))

    @on(FilterInput.Cancelled)
    def _cancelled(self, event: FilterInput.Cancelled) -> None:
        event.stop()
        self.set_text(self._applied)
        self.post_message(self.Cancelled())

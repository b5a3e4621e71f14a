"""The values of a fact among the orders shown, with counts: Enter filters by one, space marks its orders."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ordertui.messages import N_, _, translate, translate_codes
from ordertui.operations.marks import Marks
from ordertui.operations.query.facets import FACETS, FacetValue, values
from ordertui.operations.query.queues import within
from ordertui.operations.session import Session
from ordertui.orders.text import mask_control_characters
from ordertui.store import Interrupted
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.format import MUTED
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import Dialog, Title
from .view_request import ViewRequest


class ValuesScreen(Dialog[str | None]):
    """List the values of one facet; ← and → go to the others. Answers with the filter to show, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,equals_sign", "leave", show=False),
        Binding("space", "mark", show=False),
        Binding("right,tab", "facet(1)", N_("Values of the next field"), show=False, priority=True),
        Binding("left,shift+tab", "facet(-1)", N_("Values of the previous field"), show=False, priority=True),
    ]

    def __init__(self, session: Session, keys: KeyQueue, facet: str, request: ViewRequest) -> None:
        super().__init__(
            _("Values"), _("Enter filter   space mark   ← → other facts   ? keys   Esc close"), is_tall=True
        )
        self._session = session
        self._tasks = TaskRunner(self, keys)
        self._facet = facet
        self._filter, self._queue, self._without_fba = request.filter, request.queue, not request.fba
        self._values: list[FacetValue] = []
        self._marked: set[int] = set()
        """Places of the values whose orders are all marked, as far as space was pressed on them."""

    def _compose_body(self) -> ComposeResult:
        yield SafeOptionList(markup=False, mark_cells=2)
        yield Static("", id="values-note", markup=False)

    def on_mount(self) -> None:
        """Count the values of the first facet."""
        self.query_one(OptionList).focus()
        self._tasks.start(self._read)

    async def _read(self, task: Task) -> None:
        facet = self._facet
        self._values = await task.work(self._count, facet)
        self._marked.clear()
        name = translate(FACETS[facet][0])
        title = _("{facets}: {values:,} among the orders shown", facets=name, values=len(self._values))
        self.query_one(Title).update(title)
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(Option(self._prompt(place), id=_key_of(value)) for place, value in enumerate(self._values))
        if self._values:
            options.highlighted = 0
        else:
            options.add_option(Option(_("no order is shown"), disabled=True))

    def _count(self, facet: str) -> list[FacetValue]:
        return values(self._session.orders, facet, self._filter, self._queue, without_fba=self._without_fba)

    def _find(self, text: str) -> Marks:
        while True:
            try:
                return Marks(self._session.orders.find(text, queue=self._queue, without_fba=self._without_fba))
            except Interrupted:  # together with what the main screen was reading, which is read again
                if not self.is_attached:
                    raise

    def _prompt(self, place: int) -> Content:
        value = self._values[place]
        mark = "●" if place in self._marked else " "
        is_text = self._facet == "sku"
        label = mask_control_characters(value.label) if is_text else translate_codes(translate(value.label))
        return Content.assemble((f"{mark} ", "$text-accent"), (f"{value.count:>7,}  ", MUTED), label)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        value = next((value for value in self._values if _key_of(value) == event.option_id), None)
        if value is not None:  # else another facet is listed since the click
            self.dismiss(within(self._filter, value.filter))

    def action_facet(self, by: int) -> None:
        """Go to the next facet, or the one before."""
        keys = list(FACETS)
        self._facet = keys[(keys.index(self._facet) + by) % len(keys)]
        self._tasks.start(self._read)

    def action_mark(self) -> None:
        """Mark the orders that have the value; when all of them are marked, unmark them."""
        place = self.query_one(OptionList).highlighted
        if place is not None and place < len(self._values):
            self._tasks.start(lambda task: self._mark(task, place))

    async def _mark(self, task: Task, place: int) -> None:
        text = within(self._filter, self._values[place].filter)
        found = await task.work(self._find, text)
        marks = self._session.orders.marks()
        if marks.covers(found):
            marks.remove(found)
            self._marked.discard(place)
        else:
            marks.add(found)
            self._marked.add(place)
        options = self.query_one(OptionList)
        options.replace_option_prompt_at_index(place, self._prompt(place))
        if place + 1 < len(self._values):
            options.highlighted = place + 1
        self.query_one("#values-note", Static).update(_("{count:,} marked in all", count=marks.count))


def _key_of(value: FacetValue) -> str:
    """Return the id of a value's option: SKUs that differ only in case share a filter, two facets may share a label."""
    return f"{value.label} {value.filter}"

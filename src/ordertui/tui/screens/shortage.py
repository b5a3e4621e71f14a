"""The shortage sheet: which orders to cancel when units are missing, and why each; `space` moves an order across.

A moved order is pinned and the sheet is weighed again in a thread. An answer that is older than the last move is
dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from ordertui.messages import N_, _, translate
from ordertui.operations.paths import typed_path
from ordertui.operations.session import Session
from ordertui.operations.shortage.service import ShortageDraft
from ordertui.operations.shortage.sheet import ShortageRow, ShortageSheet, ids_path, save_sheet
from ordertui.orders.clock import to_local
from ordertui.orders.text import mask_control_characters
from ordertui.rules.shortage import Why
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.format import GAP, orders_text
from ordertui.tui.render.shortage import (
    render_shortage_details,
    render_shortage_head,
    render_shortage_row,
    shortage_units_cells,
)
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.line_list import LineList

from .base import ChangeWatch, Dialog, Title
from .dialogs import FormScreen, TextScreen, filled, no_file_name
from .errors import shows_errors, work_shown


class ShortageScreen(Dialog[ShortageSheet | None]):
    """Shows a sheet; answers with it when its chosen orders are to be marked, None when it was left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", N_("close"), show=False),
        Binding("y", "take", N_("mark the chosen"), show=False),
        Binding("u", "unpin", N_("let it be weighed again"), show=False),
        Binding("U", "unpin_all", N_("let all be weighed again"), show=False),
        Binding("R", "refresh", N_("weigh the orders as they are now"), show=False),
        Binding("i", "details", N_("every SKU"), show=False),
        Binding("w", "save", N_("save the sheet"), show=False),
    ]

    def __init__(
        self,
        session: Session,
        keys: KeyQueue,
        draft: ShortageDraft,
        sheet: ShortageSheet,
        describe: Callable[[str], Content],
        watch: ChangeWatch,
    ) -> None:
        """`watch`: made before the draft was."""
        super().__init__(
            _("Shortage{text}", text=_(" · PRACTICE") if session.is_practice else ""), _("Esc close"), is_tall=True
        )
        self._session = session
        self._tasks = TaskRunner(self, keys)
        self._draft = draft
        self._watch = watch
        self.sheet = sheet
        self._units_cells = 0
        self._describe = describe
        self._zone = session.orders.zone
        self._cancel: set[int] = set()
        self._keep: set[int] = set()
        self._moves = 0
        """How many times orders were moved: an answer to fewer moves is stale."""
        self._shown = 0
        """The moves that `sheet` answers."""

    def _compose_body(self) -> ComposeResult:
        yield Static("", id="shortage-head", markup=False)
        yield LineList(self._draw, id="shortage-list")

    def on_mount(self) -> None:
        """Show the sheet."""
        self._show(self.sheet.rows[0].id if self.sheet.rows else None)
        self._list.focus()
        self._watch.start(self, self._tell_of_change)

    def _tell_of_change(self) -> None:
        """Say that orders changed: they are not moved under the operator's hands."""
        self.query_one(Title).update(_("{title} · orders changed: R weighs them as they are now", title=self._title))

    @property
    def _list(self) -> LineList:
        return self.query_one(LineList)

    @property
    def is_weighing(self) -> bool:
        """Whether the sheet shown answers fewer moves than were made."""
        return self._shown != self._moves

    @property
    def _row(self) -> ShortageRow | None:
        """The order under the cursor."""
        place = self._list.cursor
        return self.sheet.rows[place] if place < len(self.sheet.rows) else None

    def _draw(self, line: int, width: int) -> Content:
        many = len(self.sheet.result.short) > 1
        cells = self._units_cells
        return render_shortage_row(self.sheet.rows[line], self._zone, width, many_skus=many, units_cells=cells)

    def _show(self, row_id: int | None) -> None:
        """Show the sheet, with the cursor on this order."""
        place = next((n for n, row in enumerate(self.sheet.rows) if row.id == row_id), self._list.cursor)
        self._units_cells = shortage_units_cells(self.sheet)
        self._list.show(len(self.sheet.rows), place)
        self._show_head()

    def _show_head(self) -> None:
        self.query_one("#shortage-head", Static).update(render_shortage_head(self.sheet, is_weighing=self.is_weighing))
        keys = [_("y mark {chosen:,} to cancel", chosen=len(self.sheet.chosen))] if self.sheet.chosen else []
        keys += [_("space move across")] if self.sheet.rows else []
        keys += [_("u undo the move"), _("U all moves")] if self._cancel or self._keep else []
        self.show_keys(
            GAP.join([*keys, _("Enter the whole order"), _("w save"), _("i SKUs"), _("? keys"), _("Esc close")])
        )

    # Moving orders

    @on(LineList.Toggled)
    def _toggle(self) -> None:
        """Move the order under the cursor across, pin it there, and go on to the next line."""
        row = self._row
        if row is None:
            return
        if row.reason is Why.DENIED:
            self.notify(row.why)
            return
        self._pin(row.id, None if row.id in self._cancel | self._keep else row.is_chosen)
        self._list.action_move(1)

    def _pin(self, row_id: int, was_chosen: bool | None) -> None:
        """Pin an order on the other side of where it was; one that is pinned goes to the side opposite of its pin."""
        if was_chosen is None:
            was_chosen = row_id in self._cancel
        self._cancel.discard(row_id)
        self._keep.discard(row_id)
        (self._keep if was_chosen else self._cancel).add(row_id)
        self._weigh()

    def action_unpin(self) -> None:
        """Let the order under the cursor be weighed again."""
        row = self._row
        if row is None or row.id not in self._cancel | self._keep:
            self.notify(_("this order was not moved: those with * were"))
            return
        self._cancel.discard(row.id)
        self._keep.discard(row.id)
        self._weigh()

    def action_unpin_all(self) -> None:
        """Let every moved order be weighed again."""
        if self._cancel or self._keep:
            self._cancel.clear()
            self._keep.clear()
            self._weigh()

    def _weigh(self) -> None:
        """Weigh again beside the screen, one answer at a time: moves made meanwhile are weighed together after it."""
        is_running = self.is_weighing
        self._moves += 1
        self._show_head()
        if not is_running:
            self.run_worker(work_shown(self, self._weigh_until_done()), group="weigh")

    async def _weigh_until_done(self) -> None:
        while self.is_weighing:
            moves, cancel, keep = self._moves, frozenset(self._cancel), frozenset(self._keep)
            sheet = await asyncio.to_thread(self._draft.weigh, cancel=cancel, keep=keep)
            if not self.is_mounted:
                return
            if moves == self._moves:
                row = self._row
                self.sheet, self._shown = sheet, moves
                self._show(row.id if row is not None else None)

    def action_refresh(self) -> None:
        """Read the orders again and weigh them, with every move that was made."""
        self._tasks.start(self._refresh)

    async def _refresh(self, task: Task) -> None:
        self.query_one(Title).update(self._title)  # what changes from now on is told again
        try:
            self._draft = await task.work(self._session.shortage.draft, self._draft.available)
        except Exception:
            self._tell_of_change()  # what is shown is as old as before
            raise
        self._weigh()

    # Looking, saving, leaving

    @on(LineList.Opened)
    @shows_errors
    def _open(self) -> None:
        """Show the order under the cursor in full, after why it is where it is."""
        row = self._row
        if row is not None:
            why = f"{mask_control_characters(translate(row.why))}\n\n"

            def text() -> Content:
                return Content.assemble(why, self._describe(row.order_id))

            self._tasks.start(
                lambda task: task.ask(TextScreen(_("Order {order_id}", order_id=row.order_id), text, copy=row.order_id))
            )

    def action_details(self) -> None:
        """List every SKU with what is ordered, on hand and missing."""
        text = render_shortage_details(self.sheet)
        self._tasks.start(lambda task: task.ask(TextScreen(_("Units of each SKU"), text)))

    def action_save(self) -> None:
        """Write the sheet tab-separated, and the ids to cancel beside it."""
        if self._is_ready():
            self._tasks.start(self._save)

    async def _save(self, task: Task) -> None:
        stamp = to_local(self._session.clock.now(), self._zone).strftime("%Y%m%d-%H%M%S")
        path = self._session.directory / f"shortage-{stamp}.tsv"
        note = _("Tab-separated: every order, cancel or keep, and why. The ids to cancel go beside it, into .ids.txt.")
        fields, check = [("path", _("File"), str(path))], filled("path", no_file_name())
        answer = await task.ask(FormScreen(_("Save the sheet"), fields, note, done=_("save"), check=check))
        if answer is not None:
            target = typed_path(answer["path"])
            await task.work(save_sheet, self.sheet, target)
            self.notify(_("saved: {target} and {target_2}", target=target, target_2=ids_path(target).name))

    def action_take(self) -> None:
        """Mark the chosen orders on the main screen, and close."""
        if not self.sheet.chosen:
            self.notify(_("no order is chosen: there is nothing to mark"))
        elif self._is_ready():
            self.dismiss(self.sheet)

    def _is_ready(self) -> bool:
        """Return whether the sheet answers every move; say so when it does not."""
        if self.is_weighing:
            self.notify(
                _(
                    "weighing {orders} again; press it once more when it is done",
                    orders=orders_text(len(self.sheet.rows)),
                )
            )
        return not self.is_weighing

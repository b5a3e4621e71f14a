"""The keys that only look: queues, filter, find, sort, columns, views, detail, copies, export, help.

Dialogs are imported when they are opened: the first orders are on the screen before that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from textual import events
from textual.containers import VerticalScroll
from textual.content import Content

from ordertui.operations.query.marks import Marks
from ordertui.operations.query.queues import Queue
from ordertui.operations.session import Session
from ordertui.orders.clock import to_local
from ordertui.orders.marketplace import seller_central_url
from ordertui.orders.order import OrderRow
from ordertui.orders.text import mask_control_characters, pluralize
from ordertui.tui.keymap import Keymap
from ordertui.tui.main.selection_summary import SelectionSummarizer
from ordertui.tui.order_ids import order_ids
from ordertui.tui.task_runner import Task, TaskMixin
from ordertui.tui.themes import DARK, LIGHT
from ordertui.tui.view_request import Request, View
from ordertui.tui.widgets.filter_bar import FilterBar
from ordertui.tui.widgets.order_table import OrderTable

if TYPE_CHECKING:
    from .dialogs import TextScreen


class Looking(TaskMixin):
    """What the main screen shows, and how."""

    session: Session
    keymap: Keymap
    request: Request
    panel: SelectionSummarizer
    queue_counts: tuple[Queue, ...]
    shown_view: View | None
    found: Marks
    """What a filter found, shown or not."""

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...
        def refresh_all(self) -> None: ...
        def ask_for(self, request: Request) -> None: ...
        async def look_up(self, task: Task, text: str, queue: str = "all") -> Marks | None: ...
        def show_columns(self, request: Request) -> None: ...
        def show_panel(self) -> None: ...
        def detail_of(self, row: OrderRow, *, full: bool) -> Content: ...
        def failed(self, error: Exception) -> None: ...
        def stop_sync(self) -> bool: ...
        def leave_tour(self) -> bool: ...

    def action_queue(self, key: str) -> None:
        """Show a work queue."""
        note = next((queue.note for queue in self.queue_counts if queue.key == key and queue.note), "")
        if note:
            self.notify(note, severity="warning")
        self.ask_for(msgspec.structs.replace(self.request, queue=key))

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).begin()

    def action_clear_filter(self) -> None:
        """Drop the filter; with none, what was found; else stop a sync, or leave the tour."""
        if self.request.filter:
            self.ask_for(msgspec.structs.replace(self.request, filter=""))
        elif self.found:
            self.found = Marks()
            self.notify("what was found is forgotten; n and N go through the marked orders")
        else:
            _ = self.stop_sync() or self.leave_tour()

    def action_find(self) -> None:
        """Find without hiding the others."""
        self.start(self._find)

    async def _find(self, task: Task) -> None:
        text = await self.ask_filter(task, "Find by a filter", "n and N go through what fits; nothing is hidden.")
        if text is None:
            return
        found = await self.look_up(task, text)
        if found is None:
            return
        count = 0 if self.shown_view is None else found.common(self.shown_view.members)
        self.found = found if count else Marks()
        self.notify(f"{count:,} found in this view" if count else "nothing in this view fits")
        if count and self.table.cursor_id not in found:
            self.action_next(1)

    async def ask_filter(self, task: Task, title: str, note: str) -> str | None:
        """A filter from a dialog, remembered with those of the bar; None when there is none."""
        from .filter_prompt import FilterScreen

        desk = self.session.workspace
        text = await task.ask(FilterScreen(title, note, self.session.orders.condition, desk.history()))
        if text is not None:
            desk.remember(text)
            self.query_one(FilterBar).set_history(desk.history())
        return text

    def action_next(self, way: int) -> None:
        """The next, or the last, order that was found or is marked."""
        table = self.table
        wanted = self.found or table.marks
        if not wanted:
            self.notify("nothing was found and nothing is marked: F finds, space marks")
            return
        places = range(table.cursor + 1, len(table.ids)) if way > 0 else range(table.cursor - 1, -1, -1)
        place = next((index for index in places if table.ids[index] in wanted), None)
        if place is None:
            self.notify(f"none {'below' if way > 0 else 'above'}")
        else:
            table.cursor = place

    def action_go_to(self) -> None:
        """Go to an order id, or mark several."""
        self.start(self._go_to)

    async def _go_to(self, task: Task) -> None:
        from .go_to_order import FIRST, GoScreen

        wanted = await task.ask(GoScreen())
        if wanted == FIRST:
            self.table.action_home()
        elif wanted:
            await self._go_to_all(task, wanted)

    def on_paste(self, event: events.Paste) -> None:
        """Order ids pasted onto the table: as when they are typed after `g`."""
        if event.text.strip():
            self.start(lambda task: self._go_to_all(task, event.text))

    async def _go_to_all(self, task: Task, text: str) -> None:
        wanted = order_ids(text)
        if not wanted:
            self.notify(
                f"no order id such as 111-2222222-3333333 in: {mask_control_characters(text[:60])}", severity="error"
            )
            return
        known = await task.work(self.session.orders.ids_of, wanted)
        missing = [order_id for order_id in wanted if order_id not in known]
        if missing:
            more = f" and {len(missing) - 5:,} more" if len(missing) > 5 else ""
            self.notify(f"not in this store: {', '.join(missing[:5])}{more}", severity="warning", timeout=10)
        if len(wanted) > 1:
            self._mark_ids(list(known.values()))
        elif known:
            await self._show_order(task, known[wanted[0]])

    def _mark_ids(self, ids: Sequence[int]) -> None:
        changed = self.table.marks.add(ids)
        self.table.marks_changed()
        self.notify(f"{changed:,} marked")

    async def _show_order(self, task: Task, row_id: int) -> None:
        if not self.table.go_to(row_id):
            self.ask_for(msgspec.structs.replace(self.request, queue="all", filter=""))
            for worker in [worker for worker in self.workers if worker.group == "view"]:
                await worker.wait()
            self.notify("it is not in that view: all orders are shown")
            self.table.go_to(row_id)

    def action_sort(self) -> None:
        """Choose the column to sort by."""
        self.start(self._sort)

    async def _sort(self, task: Task) -> None:
        from .dialogs import ChoiceScreen

        note = "The same column again turns the order round. S on the table sorts by one more."
        first = next((column for column, _ in self.request.order), "")
        chosen = await task.ask(ChoiceScreen("Sort by", self._sortable(), note, at=first))
        if chosen is not None:
            self.sort_by(chosen)

    def action_then_sort(self) -> None:
        """Choose one more column to sort by."""
        self.start(self._then_sort)

    async def _then_sort(self, task: Task) -> None:
        from .dialogs import ChoiceScreen

        note = "After those that have a number. One of them again turns round, then goes."
        chosen = await task.ask(ChoiceScreen("Then sort by", self._sortable(), note))
        if chosen is not None:
            self.sort_by(chosen, more=True)

    def _sortable(self) -> list[tuple[str, str]]:
        """Each column, with its place and direction when it is sorted by."""
        sign = {
            column: f"{number}{'▼' if down else '▲'}"
            for number, (column, down) in enumerate(self.request.order, start=1)
        }
        return [(column.key, f"{sign.get(column.key, ''):<3}{column.label}") for column in self.table.renderer.columns]

    def sort_by(self, column: str, *, more: bool = False) -> None:
        """Sort by a column of the table, alone or after the others."""
        self.ask_for(self.request.then_by(column) if more else self.request.sorted_by(column))

    def action_columns(self) -> None:
        """Choose columns."""
        self.start(self._columns)

    async def _columns(self, task: Task) -> None:
        from .arrange import ColumnsScreen

        several = len(self.session.orders.marketplaces()) > 1
        chosen = await task.ask(ColumnsScreen(self.request, self.table.renderer.layout, several=several))
        if chosen is not None:
            self.show_columns(chosen)

    def action_views(self) -> None:
        """Saved views."""
        self.start(self._views)

    async def _views(self, task: Task) -> None:
        from .arrange import ViewsScreen

        desk = self.session.workspace
        views, problem = desk.views()
        if problem:
            self.notify(problem, severity="error", timeout=12)
            return
        chosen = await task.ask(ViewsScreen(desk, views, self.request))
        if chosen is not None:
            self.ask_for(Request.of(chosen))

    def action_market(self) -> None:
        """The rate of another marketplace."""
        pinned = self.panel.switch()
        self.notify(f"the panel stays with {pinned}" if pinned else "the panel follows the cursor", timeout=2)
        self.show_panel()

    def action_theme(self) -> None:
        """Dark or light."""
        self.app.theme = LIGHT.name if self.app.current_theme.dark else DARK.name

    def action_detail(self) -> None:
        """The order under the cursor, in full."""
        from .dialogs import TextScreen

        row = self.table.cursor_row
        if row is not None:
            text = self.detail_of(row, full=True)
            self.start(lambda task: self._read(task, TextScreen(f"Order {row.order_id}", text, copy=row.order_id)))

    async def _read(self, task: Task, screen: TextScreen) -> None:
        await task.ask(screen)

    def action_scroll_detail(self, lines: int) -> None:
        """Move the detail pane."""
        self.query_one("#detail-scroll", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_outbox(self) -> None:
        """Batches."""
        self.start(self._outbox)

    async def _outbox(self, task: Task) -> None:
        from .outbox import OutboxScreen

        await task.ask(OutboxScreen(self.session, self.keys))
        self.table.reload()
        self.refresh_all()

    def action_refresh_view(self) -> None:
        """Read the store again."""
        self.table.reload()
        self.refresh_all()

    def action_copy(self) -> None:
        """Copy the order id."""
        from ordertui.tui.clipboard import copy

        row = self.table.cursor_row
        if row is not None:
            self.notify(copy(self.app, row.order_id, row.order_id))

    def action_copy_menu(self) -> None:
        """Copy in another form."""
        self.start(self._copy_menu)

    async def _copy_menu(self, task: Task) -> None:
        from ordertui.tui.clipboard import COPY_FORMS, copy, format_orders

        from .dialogs import ChoiceScreen

        ids = self.table.acting_ids()
        what = f"{len(ids):,} orders" if len(ids) != 1 else "the order"
        form = await task.ask(ChoiceScreen(f"Copy {what} as", list(COPY_FORMS)))
        if form is not None and ids:
            rows = await task.work(self.session.orders.rows, ids)
            text = format_orders([rows[i] for i in ids if i in rows], form, self.session.eligibility.allowed_action)
            self.notify(copy(self.app, text, what))

    def action_open_order(self) -> None:
        """The order's page in Seller Central."""
        from .dialogs import TextScreen

        row = self.table.cursor_row
        if row is None:
            return
        link = seller_central_url(row.marketplace, row.order_id)
        if self.session.is_practice or not (self.app.is_web or self.can_browse()):
            why = (
                "Practice orders are not real: the link would find nothing."
                if self.session.is_practice
                else "No browser here."
            )
            text = f"{why}\n\n{link}"
            self.start(lambda task: self._read(task, TextScreen(f"{row.order_id} in Seller Central", text, copy=link)))
        else:
            self.app.open_url(link)
            self.notify(f"opened {link}")

    @staticmethod
    def can_browse() -> bool:
        """Whether a browser would open where the operator sits."""
        if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
            return False
        return sys.platform in ("darwin", "win32") or bool(
            os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        )

    def action_export(self) -> None:
        """Write the marked, or the shown, orders to a file."""
        self.start(self._export)

    async def _export(self, task: Task) -> None:
        from ordertui.operations.paths import typed_path

        from .dialogs import FormScreen

        table = self.table
        ids = table.marks.ids() if table.marks else table.ids
        what = pluralize(len(ids), "marked order" if table.marks else "shown order")
        stamp = to_local(self.session.clock.now(), self.session.orders.zone).strftime("%Y%m%d-%H%M")
        path = self.session.directory / f"orders-{stamp}.csv"
        note = "Ends in .csv, .tsv or .json. Buyers' names and addresses are not in it: ordertui keeps none."
        answer = await task.ask(FormScreen(f"Export {what}", [("path", "File", str(path))], note))
        if answer is not None and answer["path"].strip():
            target = typed_path(answer["path"])
            count = await task.work(self.session.orders.export, ids, target)
            self.notify(f"{pluralize(count)} written: {target}")

    def action_palette(self) -> None:
        """Any action by name."""
        self.start(self._palette)

    async def _palette(self, task: Task) -> None:
        from .command_palette import PaletteScreen

        chosen = await task.ask(PaletteScreen(self.keymap.actions))
        if chosen is not None:
            owner = self.table if chosen.id.startswith("table.") else self
            self.call_later(owner.run_action, chosen.action)

    def action_suspend(self) -> None:
        """Back to the shell."""
        self.app.action_suspend_process()

    def action_help(self) -> None:
        """All keys."""
        self.start(self._help)

    async def _help(self, task: Task) -> None:
        from .help import HelpScreen

        await task.ask(HelpScreen(self.keymap.actions))

    def action_quit(self) -> None:
        """Leave; what is held stays held."""
        self.app.exit()

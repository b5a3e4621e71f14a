"""Columns and saved views: what is shown, kept with a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.workspace import SavedView, Workspace
from ordertui.tui.render.format import MUTED
from ordertui.tui.view_request import Request
from ordertui.tui.widgets.dialog_title import Title
from ordertui.tui.widgets.option_list import SafeOptionList
from ordertui.tui.widgets.order_table.columns import columns_for
from ordertui.tui.widgets.order_table.layout import MAX_WIDTH, MIN_WIDTH, Layout

from .base import Dialog
from .dialogs import FormScreen


class ColumnsScreen(Dialog[Request | None]):
    """Which columns, in which order, how wide; gives the request with them, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("enter", "done", show=False, priority=True),
        Binding("space", "show_or_hide", show=False),
        Binding("J,shift+down", "shift(1)", show=False),
        Binding("K,shift+up", "shift(-1)", show=False),
        Binding("plus,right,greater_than_sign", "widen(1)", show=False),
        Binding("minus,left,less_than_sign", "widen(-1)", show=False),
        Binding("r", "reset", show=False),
    ]

    def __init__(self, request: Request, layout: Layout, *, several: bool) -> None:
        super().__init__(classes="dialog-screen")
        self._request = request
        self._known = {column.key: column for column in columns_for(several=several)}
        shown = [column.key for column in layout.columns if column.key in self._known]
        self._order = [*shown, *(key for key in self._known if key not in shown)]
        self._on = set(shown)
        self._widths = dict(request.widths)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Title("Columns")
            yield SafeOptionList()
            yield Static(
                "space show, hide   J K move   + - width   r as usual   Enter done   Esc leave", classes="dialog-keys"
            )

    def on_mount(self) -> None:
        """Show them."""
        self._show(0)
        self.query_one(OptionList).focus()

    def _show(self, place: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        for key in self._order:
            column = self._known[key]
            mark = "[x]" if key in self._on else "[ ]"
            width = self._widths.get(key)
            text = f"{width} cells" if width else f"{column.width} cells, as usual"
            options.add_option(Option(Content.assemble(f"{mark} {column.label:<10}", (f" {text}", MUTED))))
        options.highlighted = place

    @property
    def _place(self) -> int:
        return self.query_one(OptionList).highlighted or 0

    def action_show_or_hide(self) -> None:
        """Show or hide; the order id stays."""
        key = self._order[self._place]
        if key != "order":
            self._on.symmetric_difference_update({key})
            self._show(self._place)

    def action_shift(self, by: int) -> None:
        """Move the column."""
        here, there = self._place, self._place + by
        if 0 <= there < len(self._order):
            self._order[here], self._order[there] = self._order[there], self._order[here]
            self._show(there)

    def action_widen(self, by: int) -> None:
        """Wider or narrower."""
        key = self._order[self._place]
        width = self._widths.get(key, self._known[key].width) + by
        self._widths[key] = min(max(width, MIN_WIDTH), MAX_WIDTH)
        self._show(self._place)

    def action_reset(self) -> None:
        """Back to what the width of the terminal chooses."""
        self.dismiss(msgspec.structs.replace(self._request, keys=(), widths=()))

    def action_done(self) -> None:
        """Take them."""
        keys = tuple(key for key in self._order if key in self._on)
        self.dismiss(msgspec.structs.replace(self._request, keys=keys, widths=tuple(self._widths.items())))

    def action_leave(self) -> None:
        """Change nothing."""
        self.dismiss(None)


class ViewsScreen(Dialog[SavedView | None]):
    """The saved views; gives the one to open."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("s", "save", show=False),
        Binding("d", "delete", show=False),
        Binding("r", "rename", show=False),
        *(Binding(str(number), f"open({number})", show=False) for number in range(1, 10)),
    ]

    def __init__(self, desk: Workspace, views: Sequence[SavedView], now: Request) -> None:
        super().__init__(classes="dialog-screen")
        self._desk = desk
        self._views = list(views)
        self._now = now

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Title("Saved views")
            yield SafeOptionList()
            yield Static(f"Kept in {self._desk.views_file.name} beside the store.", classes="dialog-note")
            yield Static(
                "Enter or 1 to 9 open   s save this one   r rename   d delete   Esc leave", classes="dialog-keys"
            )

    def on_mount(self) -> None:
        """Show them."""
        self._show(0)
        self.query_one(OptionList).focus()

    def _show(self, place: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        for number, view in enumerate(self._views, start=1):
            queue = BY_KEY[view.queue].title if view.queue in BY_KEY else view.queue
            words = f"  {queue} · {view.filter or 'no filter'} · by {view.sort.replace(',', ', ')}"
            options.add_option(
                Option(Content.assemble((f"{number:>2} ", "bold $text-accent"), view.name, (words, MUTED)))
            )
        if not self._views:
            options.add_option(
                Option(
                    Content("None yet: s saves what is shown now, with its filter, sort and columns."), disabled=True
                )
            )
        elif self._views:
            options.highlighted = min(place, len(self._views) - 1)

    @property
    def _place(self) -> int | None:
        place = self.query_one(OptionList).highlighted
        return place if place is not None and place < len(self._views) else None

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_open(event.option_index + 1)

    def action_open(self, number: int) -> None:
        """Open it."""
        if number <= len(self._views):
            self.dismiss(self._views[number - 1])

    @work(exclusive=True, group="views")
    async def action_save(self) -> None:
        """Save what is shown now; a name that exists is replaced."""
        answer = await self.app.push_screen_wait(FormScreen("Save this view as", [("name", "Name", "")]))
        name = answer["name"].strip() if answer else ""
        if name:
            self._views = [view for view in self._views if view.name != name] + [self._now.saved(name)]
            self._keep(len(self._views) - 1)

    @work(exclusive=True, group="views")
    async def action_rename(self) -> None:
        """Another name."""
        place = self._place
        if place is None:
            return
        view = self._views[place]
        answer = await self.app.push_screen_wait(FormScreen("Rename", [("name", "Name", view.name)]))
        if answer and answer["name"].strip():
            self._views[place] = msgspec.structs.replace(view, name=answer["name"].strip())
            self._keep(place)

    def action_delete(self) -> None:
        """Remove it; the orders are not touched."""
        place = self._place
        if place is not None:
            self.notify(f"{self._views.pop(place).name} deleted")
            self._keep(place)

    def _keep(self, place: int) -> None:
        self._desk.keep_views(self._views)
        self._show(place)

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)

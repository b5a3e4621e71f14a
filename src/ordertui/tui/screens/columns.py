"""Choose, order and widen the columns of the table."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ordertui.messages import N_, _
from ordertui.tui.render.format import MUTED, pad
from ordertui.tui.screens.view_request import ViewRequest
from ordertui.tui.widgets.option_list import SafeOptionList
from ordertui.tui.widgets.order_table.columns import columns_for
from ordertui.tui.widgets.order_table.layout import MAX_WIDTH, MIN_WIDTH, Layout

from .base import Dialog


class ColumnsScreen(Dialog[ViewRequest | None]):
    """Ask which columns to show, in which order and how wide; answers with the request for them, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("enter", "done", show=False, priority=True),
        Binding("space", "show_or_hide", show=False),
        Binding("J,shift+down", "shift(1)", N_("Move the column down"), show=False),
        Binding("K,shift+up", "shift(-1)", N_("Move the column up"), show=False),
        Binding("plus,right,greater_than_sign", "widen(1)", N_("Make the column wider"), show=False),
        Binding("minus,left,less_than_sign", "widen(-1)", N_("Make the column narrower"), show=False),
        Binding("r", "reset", show=False),
    ]

    def __init__(self, request: ViewRequest, layout: Layout, *, several: bool) -> None:
        super().__init__(
            _("Columns"), _("space show, hide   J K move   + - width   r as usual   Enter done   Esc leave")
        )
        self._request = request
        self._known = {column.key: column for column in columns_for(several=several)}
        shown = [column.key for column in layout.columns if column.key in self._known]
        self._order = [*shown, *(key for key in self._known if key not in shown)]
        self._on = set(shown)
        self._widths = dict(request.widths)

    def _compose_body(self) -> ComposeResult:
        yield SafeOptionList(mark_cells=3)

    def on_mount(self) -> None:
        """List the columns."""
        self._show(0)
        self.query_one(OptionList).focus()

    def _show(self, place: int) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        cells = max(cell_len(_(column.label)) for column in self._known.values())
        for key in self._order:
            column = self._known[key]
            mark = "[x]" if key in self._on else "[ ]"
            width = self._widths.get(key)
            text = _("{width} cells", width=width) if width else _("{width} cells, as usual", width=column.width)
            options.add_option(Option(Content.assemble(f"{mark} {pad(_(column.label), cells)}", (f" {text}", MUTED))))
        options.highlighted = place

    @property
    def _place(self) -> int:
        return self.query_one(OptionList).highlighted or 0

    def action_show_or_hide(self) -> None:
        """Show or hide the column; the order id stays."""
        key = self._order[self._place]
        if key != "order":
            self._on.symmetric_difference_update({key})
            self._show(self._place)

    def action_shift(self, by: int) -> None:
        """Move the column by so many places."""
        here, there = self._place, self._place + by
        if 0 <= there < len(self._order):
            self._order[here], self._order[there] = self._order[there], self._order[here]
            self._show(there)

    def action_widen(self, by: int) -> None:
        """Make the column wider or, below 0, narrower."""
        key = self._order[self._place]
        width = self._widths.get(key, self._known[key].width) + by
        self._widths[key] = min(max(width, MIN_WIDTH), MAX_WIDTH)
        self._show(self._place)

    def action_reset(self) -> None:
        """Go back to the columns that the width of the terminal chooses."""
        self.dismiss(msgspec.structs.replace(self._request, keys=(), widths=()))

    def action_done(self) -> None:
        """Answer with the columns as they are."""
        keys = tuple(key for key in self._order if key in self._on)
        self.dismiss(msgspec.structs.replace(self._request, keys=keys, widths=tuple(self._widths.items())))

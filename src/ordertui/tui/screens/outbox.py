"""Batches: what is held and until when, what left and where to upload it, what Amazon said of each row."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ordertui.operations.known import KNOWN, sentence
from ordertui.operations.plan_values import Batch
from ordertui.operations.shop import Shop
from ordertui.orders.status import BatchState

from .. import texts
from .dialogs import ConfirmScreen


class OutboxScreen(ModalScreen[None]):
    """The batches of the shop, newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,o", "close", "close", show=False),
        Binding("u", "undo", "take back", show=False),
        Binding("r", "release", "release now", show=False),
        Binding("y", "copy", "copy path", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, shop: Shop) -> None:
        super().__init__(classes="dialog-screen")
        self._shop = shop
        self._batches: list[Batch] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog dialog-tall"):
            yield Static("Outbox", classes="dialog-title")
            yield OptionList(id="batches")
            with VerticalScroll(classes="dialog-body", can_focus=False):
                yield Static(id="batch-detail")
            yield Static("u take back   r release now   y copy path   PgDn scroll   Esc close", classes="dialog-keys")

    def on_mount(self) -> None:
        """Show the batches, and count their holds down."""
        self._read()
        self.query_one(OptionList).focus()
        self.set_interval(1.0, self._count_down)

    def _read(self) -> None:
        self._batches = self._shop.outbox()
        options = self.query_one(OptionList)
        keep = options.highlighted or 0
        options.clear_options()
        now = self._shop.clock.now()
        options.add_options(
            [Option(Content(texts.batch_line(batch, now)), id=str(batch.id)) for batch in self._batches]
        )
        if self._batches:
            options.highlighted = min(keep, len(self._batches) - 1)
        else:
            self.query_one("#batch-detail", Static).update(
                "No batch yet. x, r and c on the main screen open a preview."
            )

    def _count_down(self) -> None:
        now = self._shop.clock.now()
        held = [batch for batch in self._batches if batch.state is BatchState.HELD]
        if any(batch.due_at <= now for batch in held):
            self._read()
            return
        for batch in held:
            self.query_one(OptionList).replace_option_prompt(str(batch.id), Content(texts.batch_line(batch, now)))

    @property
    def _batch(self) -> Batch | None:
        place = self.query_one(OptionList).highlighted
        return self._batches[place] if place is not None and place < len(self._batches) else None

    @on(OptionList.OptionHighlighted)
    def _highlighted(self) -> None:
        batch = self._batch
        if batch is not None:
            self.query_one("#batch-detail", Static).update(texts.batch_detail(batch, self._shop.zone))

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)

    def action_down(self) -> None:
        """Next batch."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """The batch before."""
        self.query_one(OptionList).action_cursor_up()

    def action_scroll(self, lines: int) -> None:
        """Move the detail."""
        self.query_one(VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copy the path of the file to upload."""
        batch = self._batch
        path = next((name for name in batch.files if name.endswith(".txt")), "") if batch else ""
        if path:
            self.app.copy_to_clipboard(path)
            self.notify(f"copied, if your terminal allows OSC 52: {path}")

    @work(exclusive=True, group="outbox")
    async def action_undo(self) -> None:
        """Take the held batch back."""
        batch = self._batch
        if batch is None or batch.state is not BatchState.HELD:
            self.notify("only a held batch can be taken back")
            return
        count = sum(row.state.value == "held" for row in batch.rows)
        answer = await self.app.push_screen_wait(
            ConfirmScreen(f"Take batch {batch.id} back?", {"b": f"all {count:,} orders"})
        )
        if answer:
            await self._do(self._shop.undo, batch.id)

    @work(exclusive=True, group="outbox")
    async def action_release(self) -> None:
        """End the hold now."""
        batch = self._batch
        if batch is None or batch.state is not BatchState.HELD:
            self.notify("only a held batch can be released")
            return
        answer = await self.app.push_screen_wait(
            ConfirmScreen(
                f"Release batch {batch.id} now?",
                {"w": "write its files now"},
                "Its files are written at once; it cannot be taken back then. Nothing reaches Amazon before you upload a file.",
            )
        )
        if answer:
            await self._do(self._shop.release, batch.id)
            await self._do(self._shop.dispatch)

    async def _do(self, what: object, *args: int) -> None:
        try:
            await asyncio.to_thread(what, *args)  # type: ignore[arg-type]
        except KNOWN as error:
            self.notify(sentence(error), severity="error", timeout=10)
        self._read()
        self._highlighted()

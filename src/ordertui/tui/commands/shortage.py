"""Ask for the units on hand, show which orders to cancel, and mark them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ordertui.operations.errors import BadInput
from ordertui.operations.paths import typed_path
from ordertui.operations.session import Session
from ordertui.operations.shortage.stock_file import MOST_UNITS
from ordertui.orders.text import pluralize
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.screens.dialogs import ChoiceScreen, FormScreen
from ordertui.tui.screens.task_runner import Task


async def weigh_sku(context: CommandContext, task: Task) -> None:
    """Ask how many units of the SKU under the cursor are on hand, and show the sheet."""
    row = context.table.cursor_row
    order = None if row is None else await task.work(context.session.orders.get, row.order_id)
    skus = [] if order is None else list(dict.fromkeys(line.sku for line in order.lines if line.sku))
    if not skus:
        context.notify("put the cursor on an order whose SKU is known")
        return
    sku: str | None = skus[0]
    if len(skus) > 1:
        sku = await task.ask(ChoiceScreen("Of which SKU are units missing?", [(one, one) for one in skus]))
    if sku is None:
        return
    stock = context.session.shortage.stock

    def check(values: Mapping[str, str]) -> str:
        return "" if _is_units(values["units"].strip()) else f"type a whole number from 0 to {MOST_UNITS:,}"

    known = str(stock[sku]) if sku in stock else ""
    note = f"{sku}: the orders that wait for it are weighed; nothing is cancelled yet." + (
        " The number is of the stock file that was read last." if known else ""
    )
    answer = await task.ask(FormScreen("How many units are on hand?", [("units", "Units", known)], note, check=check))
    if answer is not None:
        await _show(context, task, {sku: int(answer["units"])})


async def weigh_typed(context: CommandContext, task: Task, argument: str) -> None:
    """Show the sheet of `SKU UNITS`, or of a stock file. Raises BadInput."""
    sku, _, units = argument.rpartition(" ")
    if sku and _is_units(units):
        await _show(context, task, {sku: int(units)})
        return
    await _show(context, task, await task.work(_read_stock, context.session, typed_path(argument)))


def _read_stock(session: Session, path: Path) -> Mapping[str, int]:
    if not path.is_file():
        raise BadInput(f"{path}: no file; type a SKU and its units on hand, such as MUG-BLUE 12, or a stock file")
    return session.shortage.read_stock(path)


def _is_units(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= MOST_UNITS


async def _show(context: CommandContext, task: Task, available: Mapping[str, int]) -> None:
    """Show the sheet, and mark what it chose when the operator says so."""
    from ordertui.tui.screens.shortage import ShortageScreen

    session = context.session
    draft = await task.work(session.shortage.draft, available)
    sheet = await task.work(draft.weigh)
    if not any(sheet.result.ordered.values()):
        what = next(iter(available)) if len(available) == 1 else f"any of {pluralize(len(available), 'SKU')}"
        context.notify(f"no unshipped order waits for {what}; SKUs are compared letter by letter")
        return
    chosen = await task.ask(ShortageScreen(session, context.tasks.keys, draft, sheet, context.describe))
    if chosen is not None:
        marks = context.table.marks
        marks.add([row.id for row in chosen.chosen])
        context.table.marks_changed()
        others = marks.count - len(chosen.chosen)
        more = f", beside {others:,} marked before" if others else ""
        context.notify(f"{pluralize(len(chosen.chosen))} marked{more}; x cancels them, z undoes that")

"""Ask for the units on hand, show which orders to cancel, and mark them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ordertui.messages import _, join_texts, ngettext, translate
from ordertui.operations.errors import BadInput
from ordertui.operations.paths import typed_path
from ordertui.operations.session import Session
from ordertui.operations.shortage.stock_file import MOST_UNITS
from ordertui.orders.order import current_lines
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.render.format import orders_text
from ordertui.tui.screens.dialogs import ChoiceScreen, FormScreen
from ordertui.tui.screens.task_runner import Task


async def weigh_sku(context: CommandContext, task: Task) -> None:
    """Ask how many units of the SKU under the cursor are on hand, and show the sheet."""
    row = context.table.cursor_row
    order = None if row is None else await task.work(context.session.orders.get, row.order_id)
    skus = (
        [] if order is None else list(dict.fromkeys(line.sku for line in current_lines(order.row.status, order.lines)))
    )
    if not skus:
        context.notify(_("put the cursor on an order whose SKU is known"))
        return
    sku: str | None = skus[0]
    if len(skus) > 1:
        sku = await task.ask(ChoiceScreen(_("Of which SKU are units missing?"), [(one, one) for one in skus]))
    if sku is None:
        return
    stock = context.session.shortage.stock

    def check(values: Mapping[str, str]) -> Mapping[str, str]:
        if _is_units(values["units"].strip()):
            return {}
        return {"units": _("type a whole number from 0 to {most_units:,}", most_units=MOST_UNITS)}

    known = str(stock[sku]) if sku in stock else ""
    note = _("{sku}: the orders that wait for it are weighed; nothing is cancelled yet.", sku=sku) + (
        _(" The number is of the stock file that was read last.") if known else ""
    )
    answer = await task.ask(
        FormScreen(_("How many units are on hand?"), [("units", _("Units"), known)], note, done=_("weigh"), check=check)
    )
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
        raise BadInput(
            _("{path}: no file; type a SKU and its units on hand, such as MUG-BLUE 12, or a stock file", path=path)
        )
    return session.shortage.read_stock(path)


def _is_units(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 12 and int(text) <= MOST_UNITS


async def _show(context: CommandContext, task: Task, available: Mapping[str, int]) -> None:
    """Show the sheet, and mark what it chose when the operator says so."""
    from ordertui.tui.screens.base import ChangeWatch
    from ordertui.tui.screens.shortage import ShortageScreen

    session = context.session
    watch = ChangeWatch(session)
    draft = await task.work(session.shortage.draft, available)
    sheet = await task.work(draft.weigh)
    if not any(sheet.result.ordered.values()):
        what = (
            next(iter(available))
            if len(available) == 1
            else _("any of {skus}", skus=ngettext("{n:,} SKU", "{n:,} SKUs", len(available)))
        )
        text = _("no unshipped order waits for {what}; SKUs are compared letter by letter", what=what)
        notes = (translate(note) for note in sheet.notes if note.startswith("orders wait"))
        context.notify(join_texts([text, *notes], "; "))
        return
    chosen = await task.ask(ShortageScreen(session, context.tasks.keys, draft, sheet, context.describe, watch))
    if chosen is not None:
        marks = context.table.marks
        marks.add([row.id for row in chosen.chosen])
        context.table.marks_changed()
        others = marks.count - len(chosen.chosen)
        more = _(", beside {others:,} marked before", others=others) if others else ""
        context.notify(
            _(
                "{orders} marked{more}; {order_cancel} cancels them, {change_undo} undoes that",
                orders=orders_text(len(chosen.chosen)),
                more=more,
                **context.keymap.names,
            )
        )

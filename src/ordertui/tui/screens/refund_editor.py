"""The refund editor: asks for line, quantity and amounts, always beside what is left to refund."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ordertui.operations.planning.plan import PlanLine
from ordertui.orders.money import format_decimal, parse_minor
from ordertui.orders.order import COMPONENTS, LineAmounts, Order, OrderLine
from ordertui.orders.refund_limit import excess_text, prorate, units_to_cancel
from ordertui.tui.screens.task_runner import Task

from .dialogs import ChoiceScreen, FormScreen

CANCELLED = "cancelled"


async def ask_amounts(
    task: Task, order: Order, left: Mapping[int, LineAmounts], say: Callable[[str], object]
) -> tuple[PlanLine, ...] | None:
    """Ask line by line what to refund; return None when the operator leaves.

    `left`: what may still be refunded, by line, in minor units. An amount above it is asked for again.
    """
    lines = [line for line in order.lines if line.line in left and line.currency is not None]
    if not lines:
        say("nothing is left to give back, or what was paid is unknown")
        return None
    if len(lines) > 1:
        choices = [
            ("all", "every line, one after another"),
            *((str(line.line), _line_words(line, left[line.line])) for line in lines),
        ]
        chosen = await task.ask(ChoiceScreen(f"Refund which line of {order.row.order_id}?", choices))
        if chosen is None:
            return None
        lines = lines if chosen == "all" else [line for line in lines if str(line.line) == chosen]
    found: list[PlanLine] = []
    for line in lines:
        planned = await _ask_line(task, order, line, left[line.line], say)
        if planned is None:
            return None
        if planned.refund is not None and planned.refund.total:
            found.append(planned)
    return tuple(found)


async def _ask_line(
    task: Task, order: Order, line: OrderLine, limit: LineAmounts, say: Callable[[str], object]
) -> PlanLine | None:
    currency = line.currency or ""
    quantity = line.quantity or 1
    if quantity > 1:
        answer = await task.ask(
            FormScreen(
                f"{line.sku}: for how many of {quantity}?",
                [("quantity", "Quantity", str(units_to_cancel(order, line) or quantity))],
                "Sets the amounts on the next page.",
            )
        )
        if answer is None:
            return None
        wanted = answer["quantity"].strip()
        if not wanted.isdigit() or not 1 <= int(wanted) <= quantity:
            say(f"{wanted!r} is no number from 1 to {quantity}")
            return None
        part = int(wanted)
    else:
        part = 1
    start = prorate(limit, part, quantity)
    names = [name for name in COMPONENTS if getattr(limit, name)]
    note = f"{currency}; left: {', '.join(f'{_word(n)} {format_decimal(getattr(limit, n), currency)}' for n in names)}"
    values = {name: format_decimal(getattr(start, name), currency) for name in names}
    waiting = units_to_cancel(order, line) or 0
    if waiting:
        note += f"; {waiting} of its units were never shipped and can be cancelled with it"
        values[CANCELLED] = str(min(part, waiting))
    while True:
        fields = [(name, _word(name), values[name]) for name in names]
        if waiting:
            fields.append((CANCELLED, "Cancel units", values[CANCELLED]))
        answer = await task.ask(FormScreen(f"Refund {line.sku} of {order.row.order_id}", fields, note))
        if answer is None:
            return None
        values = answer
        try:
            amounts = LineAmounts(**{name: parse_minor(answer[name] or "0", currency) for name in names})
        except ValueError as error:
            say(str(error))
            continue
        below = next((name for name in names if getattr(amounts, name) < 0), None)
        why = f"{_word(below)} is below zero" if below else excess_text(amounts, limit, currency)
        if why:
            say(why)
            continue
        units = answer.get(CANCELLED, "0").strip() or "0"
        if not units.isdigit() or int(units) > waiting:
            say(f"{units!r} is no number from 0 to {waiting}")
            continue
        return PlanLine(line.line, line.order_item_id or "", line.sku, part, amounts, int(units))


def _word(name: str) -> str:
    return name.replace("_", " ")


def _line_words(line: OrderLine, limit: LineAmounts) -> str:
    left = format_decimal(limit.total, line.currency or "")
    return f"{line.line}  {line.quantity or '?'} × {line.sku}   left {line.currency} {left}"

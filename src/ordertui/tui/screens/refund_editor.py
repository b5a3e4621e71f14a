"""The refund editor: asks for line, quantity and amounts, always beside what may still be refunded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from ordertui.messages import _, join_texts, ngettext, translate
from ordertui.operations.planning.plan import PlanLine
from ordertui.orders.money import format_decimal, parse_minor
from ordertui.orders.order import COMPONENTS, LineAmounts, Order, OrderLine
from ordertui.orders.refund_limit import TOTAL, excess_text, most_of, prorate, refund_excess, units_to_cancel
from ordertui.tui.render.plan import COMPONENT_WORD
from ordertui.tui.screens.task_runner import Task

from .dialogs import ChoiceScreen, FormScreen

CANCELLED = "cancelled"
DONE = "done"
SKU_CELLS = 24


async def ask_amounts(
    task: Task,
    order: Order,
    left: Mapping[int, LineAmounts],
    say: Callable[[str], object],
    before: Sequence[PlanLine] = (),
) -> tuple[PlanLine, ...] | None:
    """Ask what to refund of each line, in any order, until the operator is done; None when they leave.

    `left`: what may still be refunded, by line, in minor units. `before`: what was entered for this order already.
    What is wrong with an amount is said at once, and the form stays open. Leaving the form of a line keeps what was
    entered for the others.
    """
    lines = [line for line in order.lines if line.line in left and line.currency is not None]
    if not lines:
        say(_("nothing is left to refund, or what was paid is unknown"))
        return None
    entered = {one.line: one for one in before}
    if len(lines) == 1:
        planned = await _ask_line(task, order, lines[0], left[lines[0].line], entered.get(lines[0].line))
        return None if planned is None else _with_amounts([planned])
    at = str(lines[0].line)
    while True:
        choices = [(str(line.line), _line_text(line, left[line.line], entered.get(line.line))) for line in lines]
        if _with_amounts(entered.values()):
            choices.append((DONE, _done_text(entered, lines)))
        note = _("Enter edits a line; lines without an amount are not refunded.")
        chosen = await task.ask(
            ChoiceScreen(_("Refund of {order_id}", order_id=order.row.order_id), choices, note, at=at)
        )
        if chosen is None:
            if _with_amounts(entered.values()) != _with_amounts(before):
                say(_("the amounts were not applied: the refund stays as it was"))
            return None
        if chosen == DONE:
            return _with_amounts(entered.values())
        line = next(line for line in lines if str(line.line) == chosen)
        at = chosen
        planned = await _ask_line(task, order, line, left[line.line], entered.get(line.line))
        if planned is not None:
            entered[line.line] = planned
            rest = [str(one.line) for one in lines if one.line not in entered]
            at = rest[0] if rest else DONE if _with_amounts(entered.values()) else chosen


def _with_amounts(planned: Iterable[PlanLine]) -> tuple[PlanLine, ...]:
    """Return the lines of which something goes back."""
    return tuple(line for line in planned if line.refund is not None and line.refund.total)


async def _ask_line(
    task: Task, order: Order, line: OrderLine, limit: LineAmounts, before: PlanLine | None = None
) -> PlanLine | None:
    """Ask for quantity and amounts of one line, beginning with what was entered `before`; None when they leave."""
    currency, quantity = line.currency or "", line.quantity or 1
    waiting = units_to_cancel(order, line) or 0
    part = 1
    if quantity > 1:
        first = before.quantity if before is not None else waiting or quantity
        answer = await task.ask(
            FormScreen(
                _("{sku}: refund how many of {quantity} units?", sku=line.sku, quantity=quantity),
                [("quantity", _("Units"), str(first))],
                _("Sets the amounts on the next page."),
                check=lambda values: _units_problem("quantity", values["quantity"], 1, quantity),
            )
        )
        if answer is None:
            return None
        part = int(answer["quantity"])
    kept = before.refund if before is not None and before.quantity == part else None
    start = kept or prorate(most_of(limit, limit), part, quantity)
    names = [name for name in COMPONENTS if getattr(limit, name) > 0]
    fields = [
        (name, _(COMPONENT_WORD[name]).capitalize(), format_decimal(getattr(start, name), currency)) for name in names
    ]
    note = join_texts(f"{_(COMPONENT_WORD[name])} {format_decimal(getattr(limit, name), currency)}" for name in names)
    note = _("{currency}; refundable at most: {note}", currency=currency, note=note)
    if waiting:
        note += _(
            "; {units} not shipped, which the refund can cancel", units=ngettext("{n:,} unit", "{n:,} units", waiting)
        )
        units = before.cancelled if kept is not None and before is not None else min(part, waiting)
        fields.append((CANCELLED, _("Cancel units"), str(units)))

    def check(values: Mapping[str, str]) -> Mapping[str, str]:
        amounts = LineAmounts()
        for name in names:
            try:
                amounts = replace(amounts, **{name: parse_minor(values[name] or "0", currency)})
            except ValueError as error:
                return {name: translate(str(error))}
            if getattr(amounts, name) < 0:
                return {name: _("{component_word} is below zero", component_word=_(COMPONENT_WORD[name]))}
        for name in refund_excess(amounts, limit):
            return {names[0] if name == TOTAL else name: translate(excess_text(amounts, limit, currency))}
        return _units_problem(CANCELLED, values.get(CANCELLED) or "0", 0, waiting)

    answer = await task.ask(
        FormScreen(
            _("Refund {sku} of {order_id}", sku=line.sku, order_id=order.row.order_id),
            fields,
            note,
            done=_("apply the amounts"),
            check=check,
        )
    )
    if answer is None:
        return None
    amounts, units = _amounts(answer, names, currency), int(answer.get(CANCELLED) or "0")
    return PlanLine(line.line, line.order_item_id or "", line.sku, part, amounts, units)


def _amounts(values: Mapping[str, str], names: Iterable[str], currency: str) -> LineAmounts:
    """Return the amounts that were typed; an empty field is 0. Raises ValueError."""
    return LineAmounts(**{name: parse_minor(values[name] or "0", currency) for name in names})


def _units_problem(name: str, text: str, least: int, most: int) -> Mapping[str, str]:
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most:
        return {}
    return {name: _("'{text}' is not a number of units from {least} to {most}", text=text, least=least, most=most)}


def _line_text(line: OrderLine, limit: LineAmounts, entered: PlanLine | None) -> str:
    currency = line.currency or ""
    head = f"{line.quantity or '?'} × {line.sku}"
    if entered is None or entered.refund is None:
        return _(
            "  {head}  refundable {currency} {total}",
            head=head,
            sku_cells=SKU_CELLS,
            currency=currency,
            total=format_decimal(limit.total, currency),
        )
    if entered.quantity != (line.quantity or 1):
        head = _("{n} of {units} × {sku}", n=entered.quantity, units=line.quantity or "?", sku=line.sku)
    return _(
        "✓ {head}  refund {currency} {total}",
        head=head,
        sku_cells=SKU_CELLS,
        currency=currency,
        total=format_decimal(entered.refund.total, currency),
    )


def _done_text(entered: Mapping[int, PlanLine], lines: Iterable[OrderLine]) -> str:
    planned = _with_amounts(entered.values())
    currency = next(line.currency or "" for line in lines)
    total = sum(line.refund.total for line in planned if line.refund is not None)
    return _(
        "Done: refund {currency} {total} of {lines}",
        currency=currency,
        total=format_decimal(total, currency),
        lines=ngettext("{n:,} line", "{n:,} lines", len(planned)),
    )

"""Act on orders: preview and commit a batch, undo it, look at the outbox."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from textual.message import Message

from ordertui.amazon.feeds.vocabulary import MOST_CARRIER_NAME, OTHER, carrier_code
from ordertui.messages import _, join_texts, translate
from ordertui.operations.batches.batch import Batch, is_of_others
from ordertui.operations.planning.lines import shipping_denial
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.reasons import UNSAID, reasons_for
from ordertui.operations.session import Session
from ordertui.orders.batch_state import NOT_LEFT, BatchState, RowState
from ordertui.orders.clock import to_local
from ordertui.orders.enums import Action, CancelReason
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import OrderRow
from ordertui.orders.people import Permission
from ordertui.orders.text import mask_control_characters
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.render.format import action_word, format_zone, orders_text, reason_choices
from ordertui.tui.screens.dialogs import ChoiceScreen, ConfirmScreen, FormScreen
from ordertui.tui.screens.task_runner import Task

Shipping = dict[str, tuple[str, str, str]]
"""Carrier, tracking number and ship date by order id."""
LISTED_AS_SHOWN = 10_000
"""Orders up to which a preview lists them as the table does; of more, nobody reads the list."""
NAMED_BATCHES = 5
"""Batches that are named; of more it is said how many they are."""


async def repeat(context: CommandContext, task: Task) -> None:
    """Do the last action again, with the orders that are marked now, or the one under the cursor."""
    if context.last.run is None:
        context.notify(_("nothing was done yet that can be repeated: x r c m d D b N Y"))
    else:
        await context.last.run(context, task)


async def act(context: CommandContext, task: Task, name: str, reason: str = "", only: Sequence[int] = ()) -> None:
    """Preview this action for the marked orders, or the one under the cursor; ask for tracking first to confirm.

    `only`: for these orders, whatever is marked.
    """
    from ordertui.tui.render.plan import MarketplaceStep
    from ordertui.tui.screens.preview import PreviewOptions, PreviewScreen

    refusal = context.session.context.role_refusal(Permission.COMMIT)
    if refusal:  # before anything is asked: an order in full leads here past the registry
        context.notify(translate(refusal))
        return
    action, ids = Action(name), only or context.table.acting_ids()
    if not ids:
        context.notify(_("there is no order here to act on"))
        return
    hidden = frozenset() if only else context.hidden(ids)
    if 1 < len(ids) <= LISTED_AS_SHOWN:
        ids = await task.work(_as_shown, ids, context.table.ids)
    _remember(context, name, reason)
    choices = PlanChoices(reason=reason)
    if action is Action.CONFIRM:
        shipping = await _ask_shipping(context, task, ids)
        if shipping is None:
            return
        choices = PlanChoices(shipping=shipping)
    plans = await task.plan(context.session, action, ids, choices)
    unsaid = sum(out.rule == UNSAID.rule for plan in plans for out in plan.out)
    if unsaid:
        asked = await _ask_reason(task, action, unsaid)
        if asked is None:
            return
        choices = PlanChoices(reason=asked)
        plans = await task.plan(context.session, action, ids, choices)
    plans = tuple(sorted(plans, key=lambda plan: not plan.rows))  # where nothing can be done comes last
    steps = [MarketplaceStep(plan.marketplace, len(plan.rows)) for plan in plans]
    for place, plan in enumerate(plans):
        shown = tuple(steps) if len(steps) > 1 else ()
        options = PreviewOptions("", shown, choices, hidden, describe=context.describe)
        preview = PreviewScreen(context.session, context.tasks.keys, plan, options)
        answer = await task.ask(preview, discard_typeahead=True)
        if answer is None:
            left = ", ".join(step.code for step in steps[place:])
            if place:
                context.notify(_("closed: {left} not committed; these orders stay marked", left=left))
            return
        batch = answer.batch
        steps[place] = MarketplaceStep(plan.marketplace, len(batch.rows if batch else plan.rows), "✓" if batch else "–")
        if batch is not None:
            await _take_in_committed(context, task, batch)
            context.tasks.keys.discard(Message().time)  # typed while the preview was still to be seen
            given = {row.reason for row in batch.rows if row.reason in reasons_for(action)}
            if len(given) == 1 and CancelReason.BUYER_CANCELED not in given:  # that one belongs to its orders
                _remember(context, name, given.pop())


def _remember(context: CommandContext, name: str, reason: str) -> None:
    context.last.remember(lambda context, task: act(context, task, name, reason))


async def _take_in_committed(context: CommandContext, task: Task, batch: Batch) -> None:
    session, table = context.session, context.table
    ids = await task.work(session.orders.ids_of, [row.order_id for row in batch.rows])
    context.marks.remember_set()
    if table.marks.remove(ids.values()):
        table.marks_changed()
    table.reload()
    context.refresh()
    if batch.state is BatchState.AWAITING:
        from ordertui.tui.render.batch import committed_text

        context.notify(committed_text(batch, context.keymap.first_key("batch.undo")))
        return
    zone = session.orders.zone
    due = f"{to_local(batch.due_at, zone).strftime('%H:%M')} {format_zone(batch.due_at, zone)}"
    context.notify(
        _(
            "batch {batch}: {orders} held until {due}; {batch_undo} undoes it",
            batch=batch.id,
            orders=orders_text(len(batch.rows)),
            due=due,
            **context.keymap.names,
        )
    )


async def _ask_reason(task: Task, action: Action, count: int) -> str | None:
    """Ask why the money of `count` orders goes back; None when the user leaves."""
    reasons = reason_choices(reasons_for(action))
    return await task.ask(
        ChoiceScreen(
            _("Reason for refunding {orders}", orders=orders_text(count)),
            reasons,
            _("Amazon is told this reason. In the preview, e changes it for one order, E for all."),
            at=None,
        )
    )


def _as_shown(ids: Sequence[int], shown: Sequence[int]) -> list[int]:
    """Return these orders in the sequence of the table, hidden ones last: whoever has the parcels or a list of the
    orders beside them goes through the preview in the same sequence.
    """
    wanted = frozenset(ids)
    places = {one: place for place, one in enumerate(shown) if one in wanted}
    return sorted(ids, key=lambda one: places.get(one, len(shown)))


def _confirmable(session: Session, ids: Sequence[int]) -> list[OrderRow]:
    """Return the orders that may be confirmed."""
    found = session.orders.rows(ids)
    rows = [found[one] for one in ids if one in found]
    return [row for row in rows if session.eligibility.verdict(row, Action.CONFIRM).allowed]


async def _ask_shipping(context: CommandContext, task: Task, ids: Sequence[int]) -> Shipping | None:
    """Ask for carrier, tracking number and date of each order that may be confirmed; None when the user leaves."""
    session = context.session
    rows = await task.work(_confirmable, session, ids)
    found: Shipping = {}
    carrier = ""
    day = to_local(session.clock.now(), session.orders.zone).date().isoformat()
    for number, row in enumerate(rows, start=1):
        answer = await task.ask(
            FormScreen(
                _(
                    "Confirm the shipment of {order_id}  ({number} of {rows})",
                    order_id=row.order_id,
                    number=number,
                    rows=len(rows),
                ),
                [
                    ("carrier", _("Carrier"), carrier),
                    ("tracking", _("Tracking number"), ""),
                    ("day", _("Ship date"), day),
                ],
                await task.work(_parcel_note, session, row),
                done=_("go on"),
                check=partial(_shipping_problem, row, session.clock.now()),
            )
        )
        if answer is None:
            return None
        carrier, day = answer["carrier"].strip(), answer["day"].strip()
        found[row.order_id] = (carrier, answer["tracking"].strip(), day)
    return found


def _parcel_note(session: Session, row: OrderRow) -> str:
    """Return what is in the parcel, and what an empty tracking number means."""
    order = session.orders.get(row.order_id)
    lines = order.lines if order is not None else ()
    items = ", ".join(f"{line.quantity or '?'} × {mask_control_characters(line.sku)}" for line in lines)
    note = _("Nothing is sent before the preview. Without a tracking number the order is left out of it.")
    return f"{items}\n{note}" if items else note


def _shipping_problem(row: OrderRow, now: int, values: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is wrong with carrier or date; without a tracking number nothing is."""
    if not values["tracking"].strip():
        return {}
    code, name = carrier_code(values["carrier"])
    if code == OTHER and not name:
        return {"carrier": _("type the carrier, or leave the tracking number empty to leave the order out")}
    if len(name) > MOST_CARRIER_NAME:
        return {"carrier": _("Amazon takes {n} characters of a carrier's name at most", n=MOST_CARRIER_NAME)}
    given = (values["carrier"], values["tracking"], values["day"].strip())
    denial = shipping_denial(row, given, now, zone_of(row.marketplace))
    return {} if denial is None else {"day": translate(denial.why)}


async def undo_held(context: CommandContext, task: Task) -> None:
    """Undo held orders, the marked ones or those of a batch; ask which."""
    from ordertui.tui.render.batch import others_note

    session, row = context.session, context.table.cursor_row
    found = await task.work(lambda: session.batches.find(open_only=True))
    held = [batch for batch in found if batch.state in NOT_LEFT]
    if not held:
        context.notify(
            _(
                "nothing is held; what was written or sent cannot be undone;"
                " {change_undo} undoes changes of marks and facts",
                **context.keymap.names,
            )
        )
        return
    answers = {}
    waiting = {one.order_id for batch in held for one in batch.rows if one.state is RowState.HELD}
    ids = await task.work(session.orders.ids_of, waiting)
    marked = {row_id: order_id for order_id, row_id in ids.items() if row_id in context.table.marks}
    me, notes = session.context.person.name, list[str]()
    batches = _holding(held, marked.values())
    if marked:
        answers["m"] = _(
            "the marked: {marked} of {waiting:,} held{where}",
            marked=context.count_text(list(marked)),
            waiting=sum(one.count(RowState.HELD) for one in batches),
            where=_where_text(batches) if len(held) > 1 else "",
        )
        notes += _of_others(held, me, set(marked.values()))
    batch = batches[0] if len(batches) == 1 else None
    if row is not None and row.order_id in waiting:
        batch = _holding(held, [row.order_id])[0]
        answers["o"] = _("only {order_id} of batch {batch}", order_id=row.order_id, batch=batch.id)
    elif not marked:
        batch = next((one for one in held if not is_of_others(one, me)), held[0])  # the newest
    if batch is not None:
        answers["b"] = _batch_text(batch)
        notes += [note] if (note := others_note(batch, me)) else []
    if len(held) > 1:
        answers["c"] = _("choose one of {held:,} held batches", held=len(held))
    question = ConfirmScreen(_("What shall be undone?"), answers, "\n".join(notes))
    answer = await task.ask(question, discard_typeahead=True)
    if answer == "c":
        batch = await _choose_batch(task, held, me, at=(batch or [*batches, *held][0]).id)
        answer = "" if batch is None else "b"
    if answer == "m":
        count = await task.work(session.batches.recall_orders, set(marked.values()))
    elif answer == "o" and row is not None:
        count = await task.work(session.batches.recall, row.order_id)
    elif answer == "b" and batch is not None:
        count = await task.work(session.batches.recall, batch.id)
    else:
        return
    context.notify(_("{orders} undone; nothing was sent to Amazon", orders=orders_text(count)))
    context.table.reload()
    context.refresh()


def _holding(held: Sequence[Batch], order_ids: Collection[str]) -> list[Batch]:
    """Return the batches that hold one of these orders."""
    wanted = frozenset(order_ids)
    return [one for one in held if any(row.state is RowState.HELD and row.order_id in wanted for row in one.rows)]


def _where_text(batches: Sequence[Batch]) -> str:
    """Return ` in batches 7, 5`: which ones, or how many of them."""
    if len(batches) > NAMED_BATCHES:
        return _(" in {n:,} batches", n=len(batches))
    numbers = join_texts(str(batch.id) for batch in batches)
    return _(" in batches {numbers}", numbers=numbers) if len(batches) > 1 else _(" in batch {n}", n=numbers)


def _batch_text(batch: Batch) -> str:
    return _(
        "batch {batch}: {held_rows} ({action}, {marketplace})",
        batch=batch.id,
        held_rows=orders_text(batch.count(RowState.HELD)),
        action=action_word(batch.action),
        marketplace=batch.marketplace,
    )


async def _choose_batch(task: Task, held: Sequence[Batch], me: str, at: int) -> Batch | None:
    """Ask which held batch to undo, and ask again once it is chosen; None: none."""
    from ordertui.tui.render.batch import others_note
    from ordertui.tui.render.state import person_sign

    choices = [
        (str(one.id), f"{_batch_text(one)} {person_sign(one.author) if is_of_others(one, me) else ''}".rstrip())
        for one in held
    ]
    answer = await task.ask(ChoiceScreen(_("Which batch shall be undone?"), choices, at=str(at)))
    batch = next((one for one in held if str(one.id) == answer), None)
    if batch is None:
        return None
    question = ConfirmScreen(_("Undo this batch?"), {"b": _batch_text(batch)}, others_note(batch, me))
    return batch if await task.ask(question, discard_typeahead=True) == "b" else None


def _of_others(held: Sequence[Batch], me: str, order_ids: Collection[str]) -> list[str]:
    """Return a sentence for each of the others who committed some of these held orders."""
    counts = Counter(
        one.author
        for one in held
        for row in one.rows
        if is_of_others(one, me) and row.state is RowState.HELD and row.order_id in order_ids
    )
    return [
        _(
            "! of the marked, {orders} committed by {who}, not by you",
            orders=orders_text(count),
            who=mask_control_characters(who),
        )
        for who, count in sorted(counts.items())
    ]


async def show_outbox(context: CommandContext, task: Task) -> None:
    """Show the batches."""
    from ordertui.tui.screens.outbox import OutboxScreen

    await task.ask(OutboxScreen(context.session, context.tasks.keys, context.describe))
    context.table.reload()
    context.refresh()

"""The text of one order: in short for the side pane, in full with reasons, sources and history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.cells import cell_len
from textual.content import Content
from textual.style import Style

from ordertui.messages import N_, _, join_texts, ngettext, translate, translate_codes
from ordertui.operations.query.api_sentences import api_sentences, order_sentences
from ordertui.orders.batch_state import is_contradicted
from ordertui.orders.clock import DAY, to_local
from ordertui.orders.enums import Action, BuyerRequest, Channel, Dispatched, OrderStatus, Verge, YesNo
from ordertui.orders.money import format_grouped, format_money
from ordertui.orders.order import ListedFacts, Order, OrderLine
from ordertui.orders.text import mask_control_characters

from .format import (
    MUTED,
    Piece,
    action_word,
    cut_text,
    format_day,
    format_duration,
    format_left,
    format_time,
    format_zone,
    pad,
    since_text,
    wrap_text,
)
from .state import row_look, status_forms

if TYPE_CHECKING:
    from ordertui.operations.claims import OthersClaim
    from ordertui.orders.api_facts import ApiFacts
    from ordertui.rules.tables.explanation import Explanation, Verdict

PANE = 37
"""Cells of a line in the side pane."""
PANE_LINES = 6
"""Items that the side pane lists."""
REASON_COLUMN = 17
"""Cells of a line before the reason of an action."""

REQUEST_WORDS = {
    BuyerRequest.OFFICIAL: (N_("★ requested on Amazon"), N_("buyer requested cancellation on Amazon: does not count")),
    BuyerRequest.SOME: (N_("☆ for some items: counts"), N_("buyer requested some items only: cancelling all counts")),
    BuyerRequest.MESSAGE: (N_("☆ by message: counts"), N_("requested by message: counts")),
    BuyerRequest.NONE: (N_("no cancellation request"), N_("no cancellation request")),
    BuyerRequest.UNKNOWN: (N_("? unknown: counts"), N_("cancellation request unknown: treated as counting")),
}
"""How the buyer requested a cancellation: in the pane, and in full."""
_REQUEST_STYLES = {BuyerRequest.OFFICIAL: "$text-success", BuyerRequest.NONE: MUTED}
VERGE_WORDS = {
    Verge.CANCELLATION: N_("! report: on the verge of cancellation"),
    Verge.LATE: N_("! report: on the verge of being late"),
}
HANDED_OVER = {Dispatched.YES: N_("yes"), Dispatched.NO: N_("no"), Dispatched.UNKNOWN: N_("not set")}
_WAITING = (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.UNKNOWN)
CLICKED = "command"
"""In what a style carries along: the id of the command that a click on the text does."""


class OrderKeys(msgspec.Struct, frozen=True):
    """The keys that the text names, as people write them."""

    actions: Mapping[Action, str]
    asked: str
    handed_over: str
    not_handed_over: str


class OrderDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What the pane, or the full view, shows of an order."""

    order: Order
    verdicts: Sequence[Verdict]
    deadline: int | None
    """When Amazon cancels by itself at the earliest, in epoch seconds; None: never, or unknown."""
    now: int
    """Epoch seconds."""
    zone: str
    """IANA zone of the times."""
    keys: OrderKeys
    listed: ListedFacts = ListedFacts()
    claim: OthersClaim | None = None
    """Somebody else's open preview that has it."""
    is_full: bool = False
    """Whether reasons, sources, history and item ids are shown too."""
    api_facts: ApiFacts | None = None
    """What only the API said of it; None: nothing."""
    latest: int | None = None
    """When Amazon cancels at the latest, by the other source."""
    history: Sequence[tuple[int | None, str]] = ()
    """Moment and text of each event; None: its moment is unknown."""
    explanations: Sequence[Explanation] = ()
    """Why each action is allowed or not."""
    width: int = PANE
    """Cells of a line."""

    @property
    def is_waiting(self) -> bool:
        """Whether the order is to be shipped, as far as is known."""
        return self.order.row.status in _WAITING


def render_order(detail: OrderDetail) -> Content:
    """Return the order as text: its items first, then facts, then each action; in full, why, history and sources."""
    pieces = [*_head(detail), *_items(detail), *_facts(detail), *_actions(detail)]
    if detail.is_full:
        pieces += [*_reasons(detail), *_history(detail)]
    return Content.assemble(*pieces)


def _clickable(command_id: str, *pieces: Piece) -> Content:
    """Return these pieces as a text on which a click does a command, whatever its key is."""
    return Content.assemble(*pieces).stylize(Style.from_meta({CLICKED: command_id}))


def _head(detail: OrderDetail) -> Iterator[Piece]:
    row = detail.order.row
    words = [row.marketplace, *(["FBA"] if row.channel is Channel.AMAZON else [])]
    statuses = [form.capitalize() for form in status_forms(row.status)]
    forms = [f"   {' · '.join([*words, statuses[0]])}", *(f" {' '.join([*words, one])}" for one in statuses)]
    room = detail.width - len(row.order_id) - 1
    yield (f" {row.order_id}", "bold")
    yield f"{next((form for form in forms if cell_len(form) <= room), cut_text(forms[-1], room))}\n"
    if detail.claim is not None:
        yield (f"{wrap_text(claim_text(detail.claim, detail.now, detail.zone), ' ', detail.width)}\n", "$text-accent")
    if row.open_action is None:
        return
    listed = detail.listed
    look = row_look(row.open_action.state, awaits_approval=listed.awaits_approval)
    batch = "" if listed.batch is None else _(" · batch {batch}", batch=listed.batch)
    if listed.author:
        batch += _(" of {who}", who=mask_control_characters(listed.author))
    left = "" if listed.hold_ends is None else f" {format_left(listed.hold_ends, detail.now)}"
    word, glyph, style = _(look.sentence if detail.is_full else look.column or look.count), look.glyph, look.style
    if is_contradicted(row.open_action.kind, row.open_action.state, row.status):
        word, glyph, style = _("ok, but a report says {status}", status=statuses[0].lower()), "!", "$text-error"
    text = f"{glyph} {action_word(row.open_action.kind)} {word}{left}{batch}"
    yield (f"{wrap_text(text, ' ', detail.width)}\n", style)
    if listed.answer:
        yield (f"{wrap_text(translate(listed.answer), '   ', detail.width)}\n", look.style)


def claim_text(claim: OthersClaim, now: int, zone: str) -> str:
    """Return whose open preview an order is in, and since when."""
    facts = {
        "who": mask_control_characters(claim.login),
        "since": since_text(claim.since, now, zone),
        "action": action_word(claim.action),
    }
    if claim.login:
        return _("@ {who} is looking at this since {since} (preview of {action})", **facts)
    return _("@ you are looking at this in another window since {since} (preview of {action})", **facts)


def _items(detail: OrderDetail) -> Iterator[Piece]:
    lines = detail.order.lines if detail.is_full else detail.order.lines[:PANE_LINES]
    sku_cells = min(max((cell_len(line.sku) for line in lines), default=0), detail.width * 2 // 5)
    for line in lines:
        yield from _item(detail, line, sku_cells)
    left = len(detail.order.lines) - len(lines)
    if left:
        yield (_(" and {left}: Enter\n", left=ngettext("{n:,} more item", "{n:,} more items", left)), MUTED)


def _item(detail: OrderDetail, line: OrderLine, sku_cells: int) -> Iterator[Piece]:
    quantity = "?" if line.quantity is None else f"{line.quantity:,}"
    sku = cut_text(mask_control_characters(line.sku), sku_cells)
    head = f" {quantity} × {sku}{' ' * (sku_cells - cell_len(sku))}"
    if line.paid is None or not line.currency or line.may_be_exchanged:
        price: Piece = (_("  price unknown"), MUTED)
    elif detail.is_full:
        price = f"  {format_money(line.paid.total, line.currency)}"
    else:
        price = f" {format_grouped(line.paid.total, line.currency):>8}"
    yield from (head, price)
    used = cell_len(head) + cell_len(price if isinstance(price, str) else price[0])
    for total, phrase in (
        (line.refunded.total - line.refund_open, N_("  refunded {total}")),
        (line.refund_open, N_("  open refund {total}")),
    ):
        if not line.currency or not total:
            continue
        text = _(phrase, total=format_grouped(total, line.currency))
        yield (text, "$text-warning")
        used += cell_len(text)
    if detail.order.row.buyer_request is BuyerRequest.SOME and line.buyer_request is BuyerRequest.OFFICIAL:
        yield (_("  ★ requested"), "$text-success")
        used += cell_len(_("  ★ requested"))
    if line.status is OrderStatus.CANCELLED and detail.order.row.status is not OrderStatus.CANCELLED:
        yield (_("  cancelled"), MUTED)
        used += cell_len(_("  cancelled"))
    title = mask_control_characters(line.title or "")
    if title and detail.width - used > 4:
        yield (f"  {cut_text(title, detail.width - used - 2)}", MUTED)
    yield "\n"
    if line.quantity is not None and 0 < (line.quantity_shipped or 0) < line.quantity:
        text = _("{n} of {units} shipped", n=line.quantity_shipped, units=line.quantity)
        yield (f"{wrap_text(text, '     ', detail.width)}\n", "$text-accent")
    if line.request_reason:
        yield (
            f"{wrap_text(_('buyer: {request_reason}', request_reason=line.request_reason), '     ', detail.width)}\n",
            "$text-accent",
        )
    if detail.is_full:
        text = _("item {value}", value=line.order_item_id or _("id unknown: import the Unshipped orders report"))
        yield (f"{wrap_text(text, '     ', detail.width)}\n", MUTED)


def _facts(detail: OrderDetail) -> Iterator[Piece | Content]:
    """Yield request, carrier and the two times that matter, each with how long is left."""
    row, zone, width, keys = detail.order.row, detail.zone, detail.width, detail.keys
    short, long = (_(text) for text in REQUEST_WORDS[row.buyer_request])
    text = long if detail.is_full and cell_len(long) < width - 15 else short
    style = _REQUEST_STYLES.get(row.buyer_request, "$text-warning")
    asked = {"order.asked": keys.asked} if detail.is_waiting else {}
    yield from _with_keys(_(" Buyer   "), (text, style), asked, width)
    if detail.is_waiting or row.dispatched is not Dispatched.UNKNOWN:
        yield from _with_keys(
            _(" Carrier "),
            (_("handed over: {handed_over}", handed_over=_(HANDED_OVER[row.dispatched])), ""),
            {"order.dispatched": keys.handed_over, "order.not_dispatched": keys.not_handed_over},
            width,
        )
    yield from _ship_by(detail)
    if detail.is_waiting and row.verge in VERGE_WORDS:
        style = "$text-error" if row.verge is Verge.CANCELLATION else "$text-warning"
        yield (f" {_(VERGE_WORDS[row.verge])}\n", style)
    yield from _auto_cancel(detail)
    if row.note is not None:
        yield (_(" Note    "), MUTED)
        yield (f"{wrap_text(mask_control_characters(row.note), ' ' * 9, width).lstrip()}\n", "$text-accent")
    for sentence in order_sentences(detail.order):
        yield (f"{wrap_text(translate(sentence), ' ', width)}\n", "$text-warning")
    if detail.api_facts is not None:
        for sentence in api_sentences(detail.api_facts, lambda at: f"{format_time(at, zone)} {format_zone(at, zone)}"):
            yield (f"{wrap_text(translate(sentence), ' ', width)}\n", MUTED)


def _with_keys(label: str, text: tuple[str, str], keys: Mapping[str, str], width: int) -> Iterator[Piece | Content]:
    """Yield a line with the keys, by command id, that change what it says at the right end, or below where they do not
    fit. A click on it does the first; on another key, what that one does.
    """
    named = {command_id: key for command_id, key in keys.items() if key}
    end = width - len(" ".join(named.values())) - 2
    room = end - cell_len(label) - cell_len(text[0])
    gap = " " * room if room > 0 else f"\n{' ' * end}"
    before: list[Piece] = [(label, MUTED), text, (f"{gap}[" if named else "\n", MUTED)]
    for place, (command_id, key) in enumerate(named.items(), start=1):
        yield _clickable(command_id, *before, (f"{key} " if place < len(named) else f"{key}]\n", MUTED))
        before = []
    yield from before


def _ship_by(detail: OrderDetail) -> Iterator[Piece]:
    ship_by, now, zone = detail.order.row.ship_by, detail.now, detail.zone
    if ship_by is None:
        if detail.is_waiting:
            yield (_(" Ship by unknown, so auto-cancel too\n"), "$text-warning")
        return
    exact = _exact(ship_by, zone)
    yield (_(" Ship by "), MUTED)
    if not detail.is_waiting:
        yield f"{exact}\n"
        return
    is_late = ship_by < now
    left = (
        _("{ship_by} late", ship_by=format_duration(ship_by - now))
        if is_late
        else _("in {ship_by}", ship_by=format_duration(ship_by - now))
    )
    yield (f"{exact} · {left}\n", "$text-error" if is_late else "$text-warning" if ship_by - now < DAY else "")


def _auto_cancel(detail: OrderDetail) -> Iterator[Piece]:
    first, last, now, zone = detail.deadline, detail.latest, detail.now, detail.zone
    if first is None:
        return
    left = (
        _("in {first}", first=format_duration(first - now))
        if first > now
        else _("{first} overdue", first=format_duration(first - now))
    )
    style = "$text-error" if first - now < DAY else "$text-warning" if first - now < 2 * DAY else ""
    yield (_(" Auto-cancel "), MUTED)
    exact = _exact(first, zone)
    if last not in (None, first) and detail.is_full:
        at_latest = _exact(last or first, zone)
        text = _(
            "{exact} at the earliest, {at_latest} at the latest · {left}", exact=exact, at_latest=at_latest, left=left
        )
        yield (f"{wrap_text(text, ' ' * 13, detail.width).lstrip()}\n", style)
    elif last in (None, first) or first - now < 2 * DAY:
        room = detail.width - cell_len(_(" Auto-cancel "))
        hour = f"{to_local(first, zone):%H:%M} {format_zone(first, zone)}"
        brief = f"{left} · {hour if abs(first - now) < DAY else _day(first, zone)}"
        yield (f"{exact} · {left}" if cell_len(f"{exact} · {left}") <= room else brief, style)
        yield "\n"
    else:
        yield (
            _("{first} to {value} · {left}\n", first=_day(first, zone), value=_day(last or first, zone), left=left),
            style,
        )


def _exact(moment: int, zone: str) -> str:
    return f"{_day(moment, zone)} {to_local(moment, zone):%H:%M} {format_zone(moment, zone)}"


def _day(moment: int, zone: str) -> str:
    return format_day(to_local(moment, zone))


def _actions(detail: OrderDetail) -> Iterator[Piece | Content]:
    """Yield one line for each action: its key, whether it is allowed, and why in a few words."""
    room = detail.width - REASON_COLUMN
    for verdict in detail.verdicts:
        is_allowed = verdict.allowed
        forms, style = _short_reason(verdict, detail.order)
        yield _clickable(
            f"order.{verdict.action.value}",
            (f" {detail.keys.actions[verdict.action]} ", "bold $text-accent" if is_allowed else MUTED),
            (pad(action_word(verdict.action), 9), "bold" if is_allowed else MUTED),
            (_("yes  ") if is_allowed else _("no   "), "$text-success" if is_allowed else MUTED),
            (f"{next((form for form in forms if cell_len(form) <= room), cut_text(forms[-1], room))}\n", style),
        )
    if not detail.is_full:
        yield _clickable("see.detail", (_(" Enter: reasons, sources, history\n"), MUTED))


def _short_reason(verdict: Verdict, order: Order) -> tuple[tuple[str, ...], str]:
    """Return the reason, the longest form first, and its style."""
    if verdict.action is not Action.CANCEL or not verdict.allowed:
        return (translate(verdict.short or verdict.why),), "" if verdict.allowed else MUTED
    word, style = (
        (_("★ not counted"), "$text-success") if verdict.counts is YesNo.NO else (_("counts"), "$text-warning")
    )
    wanted = [line.quantity for line in order.lines if line.is_active]
    items = sum(quantity or 0 for quantity in wanted)
    if None in wanted or items <= 1:
        return (word,), style
    return (
        _("{word}; all {items:,} items", word=word, items=items),
        _("{word}; all {items:,}", word=word, items=items),
        word,
    ), style


def _reasons(detail: OrderDetail) -> Iterator[Piece]:
    """Yield why each action is allowed or not: the row of the policy, the facts, the source."""
    width = detail.width
    yield (_("\n Reasons\n"), "bold")
    for verdict in detail.verdicts:
        word = _("allowed") if verdict.allowed else _("not allowed")
        instead = (
            _(", {instead} instead", instead=action_word(verdict.instead))
            if verdict.instead and not verdict.allowed
            else ""
        )
        yield (" " + pad(f"{action_word(verdict.action)} ", 8), "bold")
        yield (
            f"{_('{words} ({code})', words=word, code=verdict.rule)}{instead}\n",
            "$text-success" if verdict.allowed else MUTED,
        )
        yield (f"{wrap_text(translate(verdict.why), '    ', width)}\n", "")
        if verdict.action is Action.CANCEL and verdict.allowed:
            counts = verdict.counts is not YesNo.NO
            word = _("counts toward the rate") if counts else _("★ does not count")
            ruled = _("{words} ({code})", words=word, code=verdict.counts_rule)
            text = join_texts([ruled, translate(verdict.counts_why)], ": ")
            yield (f"{wrap_text(text, '    ', width)}\n", "$text-warning" if counts else "$text-success")
        if verdict.note:
            yield (f"{wrap_text(translate(verdict.note), '    ', width)}\n", "$text-warning")
        for one in detail.explanations:
            if one.action is verdict.action:
                yield from ((f"{wrap_text(text, '    ', width)}\n", style) for text, style in _explain(one))
        yield (f"{wrap_text(_('source: {source}', source=translate(verdict.source)), '    ', width)}\n", MUTED)


def _explain(one: Explanation) -> list[tuple[str, str]]:
    """Return the facts that decided, what a denied action would need, and the house rules that match."""
    found = [(_("because {because}", because=translate_codes(", ".join(one.because))), MUTED)] if one.because else []
    if one.action is Action.REFUND and one.counts is YesNo.YES:
        text = join_texts([_("counts toward the rate"), translate(one.counts_why)], ": ")
        found.append((text, "$text-warning"))
    if one.nearest is not None:
        found.append((translate(str(one.nearest)), MUTED))
    found += [
        (
            _("house rule {rule}, {effect}: {why}", rule=hit.rule, effect=hit.effect, why=translate(hit.why)),
            "$text-warning",
        )
        for hit in one.house
    ]
    return found


def _history(detail: OrderDetail) -> Iterator[Piece]:
    order, zone = detail.order, detail.zone
    if detail.history:
        yield (_("\n History\n"), "bold")
        for moment, text in detail.history:
            yield (" " + pad("" if moment is None else format_time(moment, zone), 13), MUTED)
            yield f"{wrap_text(translate(text), ' ' * 14, detail.width).lstrip()}\n"
    placed, updated = format_time(order.row.purchased_at, zone), format_time(order.updated_at, zone)
    sources = join_texts(translate_codes(source.value.replace("_", " ")) for source in order.sources)
    text = _(
        "placed {placed} · updated {updated} · times in {zone} · from {value}",
        placed=placed,
        updated=updated,
        zone=zone,
        value=sources or _("no report"),
    )
    yield (f"\n{wrap_text(text, ' ', detail.width)}\n", MUTED)

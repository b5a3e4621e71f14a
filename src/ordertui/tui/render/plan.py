"""The preview's head: what is done, to how many orders, the rate before and after, money, warnings; and the details."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import msgspec
from rich.cells import cell_len
from textual.content import Content

from ordertui.messages import N_, _, join_texts, ngettext, pgettext, translate
from ordertui.operations.planning.effects import TOTAL, window_words
from ordertui.operations.planning.order_planner import BY_OPERATOR
from ordertui.operations.planning.plan import Plan
from ordertui.operations.rate.figures import RateEffect, RateFigure
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES, PriceTax, price_tax
from ordertui.orders.money import format_grouped
from ordertui.rules.rate import RateStatus, target_percent

from .format import (
    GAP,
    GLYPH,
    MUTED,
    STYLE,
    Piece,
    action_text,
    action_word,
    budget_pieces,
    format_duration,
    format_rate,
    orders_text,
    pad,
    rate_word,
    wrap_text,
)

WARNING = "bold $text-warning"
COMPONENT_WORD = {
    "item_price": N_("items"),
    "item_tax": N_("tax"),
    "shipping_price": N_("shipping"),
    "shipping_tax": N_("shipping tax"),
    "gift_wrap_price": N_("gift wrap"),
    "gift_wrap_tax": N_("gift wrap tax"),
    "item_promotion": N_("promotions"),
    "ship_promotion": N_("shipping promotions"),
}
_TAX_NOTE = {
    PriceTax.INCLUDED: N_("prices include the tax"),
    PriceTax.UNKNOWN: N_("unknown whether prices include the tax"),
}


class MarketplaceStep(msgspec.Struct, frozen=True):
    """One marketplace of a plan for several, as the title shows it."""

    code: str
    orders: int
    outcome: str = ""
    """`✓` committed, `–` skipped, empty: to come."""


class PlanLook(msgspec.Struct, frozen=True):
    """A plan and what its head needs beside it."""

    plan: Plan
    marked: int
    """Orders that the plan was asked for, those excluded too."""
    hidden: int = 0
    """Of these, not shown on the main screen: queue, filter or FBA hides them."""
    heading: str = ""
    """What the title begins with, such as `Retry of batch 12`; empty for a plan of the marked orders."""
    steps: tuple[MarketplaceStep, ...] = ()
    """All marketplaces of the plan, when there are several."""
    others: tuple[str, ...] = ()
    """What others do with these orders at this moment: open previews, batches committed since the plan was made."""


def common_reason(plan: Plan) -> str:
    """Return the reason code of all included orders, `several reasons`, or an empty text when the action has none."""
    reasons = {row.reason for row in plan.rows}
    return _("several reasons") if len(reasons) > 1 else next(iter(reasons), "")


def render_title(look: PlanLook, width: int) -> Content:
    """Return action, orders, marketplace and reason; on the right the marketplaces, as many cells as there are."""
    plan = look.plan
    market = MARKETPLACES.get(plan.marketplace)
    included = len(plan.rows)
    if not included:
        orders = _("Nothing to {action}", action=action_word(plan.action))
    elif included < look.marked:
        orders = action_text(
            plan.action, _("{included:,} of {orders}", included=included, orders=orders_text(look.marked))
        )
    else:
        orders = action_text(plan.action, orders_text(included))
    parts = [look.heading, orders, market.name if market else plan.marketplace, _with_words(common_reason(plan))]
    left = " · ".join(part for part in parts if part)
    right = _steps_text(look)
    room = width - Content(left).cell_length - Content(right).cell_length
    if right and room < len(GAP):
        place = next((n for n, step in enumerate(look.steps, start=1) if step.code == plan.marketplace), 1)
        right = _("{marketplace}: {place} of {steps}", marketplace=plan.marketplace, place=place, steps=len(look.steps))
        room = width - Content(left).cell_length - Content(right).cell_length
    if not right:
        return Content(left).truncate(width, ellipsis=True)
    if room < 1:
        left = Content(left).truncate(max(1, width - len(right) - 1), ellipsis=True).plain
        room = 1
    return Content.assemble(left, " " * room, (right, "$foreground"))


def _with_words(code: str) -> str:
    """Return a reason code with its words in the language of the screen, where it has others."""
    words = pgettext("reason", code) if code else ""
    return _("{words} ({code})", words=words, code=code) if words != code else code


def _steps_text(look: PlanLook) -> str:
    """Return `CA 2 ✓ · UK 7 ◂ · US 15`."""
    words = []
    for step in look.steps:
        here = step.code == look.plan.marketplace
        count = len(look.plan.rows) if here else step.orders
        words.append(f"{step.code} {count:,}" + (" ◂" if here else f" {step.outcome}" if step.outcome else ""))
    return " · ".join(words)


def render_head(look: PlanLook, width: int, height: int, *, by_api: bool = False) -> list[Content]:
    """Return at most `height` lines: rates and total first, then warnings, then what happens next, as far as there is
    room. Each part that is cut says so; `render_details` has all of it.
    """
    plan = look.plan
    first = [*_rate_lines(plan, width), *_total_lines(plan, width)] if plan.rows else []
    warnings = list(_warnings(look))
    notes = [] if not plan.rows else [(text, MUTED) for text in _notes(plan, by_api=by_api)]
    full = [line for text in warnings for line in _wrapped(f"! {text}", width, WARNING)]
    if len(first) + len(full) > height:
        first = first[: max(1, height - 1)]
        full = [Content.styled(f" ! {text}", WARNING).truncate(width, ellipsis=True) for text in warnings]
        room = max(1, height - len(first))
        if len(full) > room:
            more = len(full) - room + 1
            full = [
                *full[: room - 1],
                Content.styled(
                    _(" ! {warnings} more: i", warnings=ngettext("{n:,} warning", "{n:,} warnings", more)), WARNING
                ),
            ]
    lines = [*first, *full]
    for text, style in notes:
        wrapped = _wrapped(text, width, style)
        if len(lines) + len(wrapped) > height:
            break
        lines += wrapped
    return lines[: max(1, height)]


def _wrapped(text: str, width: int, style: str) -> list[Content]:
    """Return the text in lines of at most `width` cells, those after the first further in."""
    lines = wrap_text(text, "", max(1, width - 3)).split("\n")
    return [Content.styled(f" {line}" if n == 0 else f"   {line}", style) for n, line in enumerate(lines)]


def _flow(pieces: Sequence[Content], width: int) -> list[Content]:
    """Return the pieces in lines, broken only between two of them; a piece wider than a line is cut."""
    lines: list[Content] = []
    for piece in pieces:
        longer = Content.assemble(lines[-1], GAP, piece) if lines else None
        if longer is not None and longer.cell_length <= width:
            lines[-1] = longer
        else:
            lines.append(Content.assemble(" " if not lines else f" {GAP}", piece).truncate(width, ellipsis=True))
    return lines


def _rate_lines(plan: Plan, width: int) -> Iterator[Content]:
    for number, effect in enumerate(plan.rates, start=1):
        head = _("Rate {days}", days=ngettext("{n:,} day", "{n:,} days", effect.after.days))
        pieces = rate_pieces(effect)
        pieces[0] = Content(pad(head, 13)) + pieces[0]
        counted = _count_words(plan, effect, is_last=number == len(plan.rates))
        yield from _flow([*pieces, *(Content(text) for text in counted)], width)
    if plan.budgets:
        budgets = [Content.assemble(*budget_pieces(use)) for use in plan.budgets]
        yield from _flow([Content(pad(_("Budget"), 14)) + budgets[0], *budgets[1:]], width)


def _count_words(plan: Plan, effect: RateEffect, *, is_last: bool) -> list[str]:
    """Return who counts in one window; with the last one also what is true of all windows."""
    words = [translate(text) for text in window_words(plan, effect)]
    if not is_last:
        return words
    if not words:
        return [text] if (text := count_text(plan)) else []
    others = sum(not row.counts for row in plan.rows) if plan.action is Action.CANCEL else 0
    return [*words, ngettext("{n:,} does not count", "{n:,} do not count", others)] if others else words


def rate_pieces(effect: RateEffect) -> list[Content]:
    """Return the rate before and after a batch, with what it is of, and where it stands then."""
    before, after = effect.before, effect.after
    if before.reason or after.reason:
        return [Content(_(" not known"))]
    if before.cancelled == after.cancelled:
        return [Content(_(" {after}, unchanged", after=format_rate(after))), _verdict(after)]
    counts = _(" ({cancelled:,} of {orders:,})", cancelled=after.cancelled, orders=after.orders) if after.orders else ""
    return [Content(f" {format_rate(before)} → {format_rate(after)}{counts}"), _verdict(after)]


def _verdict(after: RateFigure) -> Content:
    """Return where the rate stands after a batch, and how many more cancellations the target allows."""
    target = Fraction(after.target)
    words = {
        RateStatus.OVER.value: f"{(_('at') if after.share == target else rate_word('over'))} {target_percent(target)}",
        RateStatus.NO_ORDERS.value: _("no orders in these days"),
    }
    text = words.get(after.status)
    if text is None:
        room = _("{headroom:,} more allowed", headroom=after.headroom) if after.headroom else _("none left")
        level = rate_word("near") if after.status == RateStatus.NEAR else _("under")
        text = join_texts([f"{level} {target_percent(target)}", room])
    return Content.styled(f"{GLYPH[after.status]} {text}", STYLE[after.status])


def count_text(plan: Plan) -> str:
    """Return how many included orders newly count toward the rate, and how many do not; empty where none could."""
    orders, counted = len(plan.rows), sum(row.counts for row in plan.rows)
    if plan.action is not Action.CANCEL:
        return _("{orders} will count: units are cancelled", orders=orders_text(counted)) if counted else ""
    if orders == 1:
        return _("it counts") if counted else _("★ it does not count")
    if counted in (0, orders):
        return _("all {orders:,} count", orders=orders) if counted else _("★ none of them counts")
    others = orders - counted
    words = ngettext("{n:,} counts", "{n:,} count", counted)
    return join_texts([words, ngettext("{n:,} does not", "{n:,} do not", others)])


def _tax_note(marketplace: str) -> str:
    """Return whether the prices of a marketplace include the tax, where that is worth a word; else empty."""
    note = _TAX_NOTE.get(price_tax(marketplace))
    return _(note) if note else ""


def _total_lines(plan: Plan, width: int) -> Iterator[Content]:
    """Yield a line for each currency: its total, then its parts as far as there is room."""
    for currency in dict.fromkeys(entry.currency for entry in plan.money):
        entries = [entry for entry in plan.money if entry.currency == currency]
        total = next(entry.minor for entry in entries if entry.component == TOTAL)
        head = f" {pad(_('Total'), 13)} {currency} {format_grouped(total, currency)}"
        parts = [
            f"{_(COMPONENT_WORD[entry.component])} {format_grouped(entry.minor, currency)}"
            for entry in entries
            if entry.component != TOTAL
        ]
        tax = _tax_note(plan.marketplace)
        text = " · ".join([*(parts if len(parts) > 1 else []), *([tax] if tax else [])])
        if not text:
            yield Content.assemble((head, "bold")).truncate(width, ellipsis=True)
            continue
        room = width - cell_len(head) - len(GAP) - cell_len(_(" ({note})", note="").strip())
        if cell_len(text) > room:
            while len(parts) > 1 and cell_len(" · ".join(parts)) + 4 > room:
                parts.pop()
            text = " · ".join([*parts, "…"])
        line = Content.assemble((head, "bold"), (GAP + _(" ({note})", note=text).strip(), MUTED))
        yield line if line.cell_length <= width else Content.styled(head, "bold").truncate(width, ellipsis=True)


def _warnings(look: PlanLook) -> Iterator[str]:
    plan = look.plan
    if not plan.rows:
        yield _("none of {orders} is included: the list says why", orders=orders_text(look.marked))
    yield from look.others
    if look.hidden:
        yield ngettext(
            "{n:,} of {marked:,} is not shown on the main screen",
            "{n:,} of {marked:,} are not shown on the main screen",
            look.hidden,
            marked=look.marked,
        )
    if plan.unpriced:
        yield _("{orders} without a known price: not in the total", orders=orders_text(plan.unpriced))
    for why in plan.approval:
        yield _("waits for approval by somebody else: {why}", why=translate(why))
    yield from map(translate, plan.warnings)


def _notes(plan: Plan, *, by_api: bool) -> Iterator[str]:
    """Yield what happens after the commit."""
    happens = _("goes to Amazon") if by_api else _("is written")
    yield _(
        "Held {hold_seconds} before anything {happens}; u undoes it until then.",
        hold_seconds=format_duration(plan.hold_seconds),
        happens=happens,
    )
    if plan.approval:
        yield _("The hold begins with the approval.")
    if plan.buyer_mails:
        also = _(", even if they opted out") if plan.action is Action.CANCEL else ""
        buyers = _("the buyer") if plan.buyer_mails == 1 else _("the buyers")
        yield _(
            "Amazon sends {buyer_mails} to {buyers}{also}.",
            buyer_mails=ngettext("{n:,} e-mail", "{n:,} e-mails", plan.buyer_mails),
            buyers=buyers,
            also=also,
        )
    if plan.restock:
        yield _("Stock: {restock}.", restock=translate(plan.restock))


def render_details(look: PlanLook, *, by_api: bool = False) -> Content:
    """Return all of the plan but its orders: counts behind the rate, money by part, warnings, files with checksums.

    `by_api`: the rows go to Amazon by the API; the XML file is then the feed.
    """
    plan = look.plan
    pieces: list[Piece] = [
        (
            _(
                "{action} in {marketplace}",
                action=action_text(plan.action, orders_text(len(plan.rows))),
                marketplace=plan.marketplace,
            ),
            "bold",
        ),
        _(", {out:,} excluded\n", out=len(plan.out)),
        (_("Plan {plan}\n\n", plan=plan.id), MUTED),
    ]
    for number, effect in enumerate(plan.rates, start=1):
        before, after = effect.before, effect.after
        total = _("unknown") if after.reason else f"{after.orders:,}"
        pieces.append(
            _(
                "Rate {days} days   {cancelled:,} of {total} orders ({before})",
                days=after.days,
                cancelled=before.cancelled,
                total=total,
                before=format_rate(before),
            )
        )
        pieces.append(
            _(
                " → {cancelled:,} of {total} ({after})  ",
                cancelled=after.cancelled,
                total=total,
                after=format_rate(after),
            )
        )
        pieces.append((f"{GLYPH[after.status]} {rate_word(after.status)}\n", STYLE[after.status]))
        pieces.append((f"  {translate(after.basis)}\n", MUTED))
        if after.silent_days and not after.reason:
            silent = _("No order at all is known of {days}.\n", days=join_texts(after.silent_days))
            pieces.append((f"  {silent}", STYLE[RateStatus.UNKNOWN]))
        if words := _count_words(plan, effect, is_last=number == len(plan.rates)):
            pieces.append(f"{join_texts(words)}\n")
    for entry in plan.money:
        name = _("total") if entry.component == TOTAL else _(COMPONENT_WORD[entry.component])
        pieces.append(f"{pad(name, 20)} {entry.currency} {format_grouped(entry.minor, entry.currency):>12}\n")
    if plan.money and (tax := _tax_note(plan.marketplace)):
        pieces.append((f"{tax}\n", MUTED))
    pieces.append("\n")
    pieces += [(f"! {warning}\n", WARNING) for warning in _warnings(look)]
    pieces += [f"{note}\n" for note in _notes(plan, by_api=by_api)] if plan.rows else []
    excluded = [out for out in plan.out if out.rule == BY_OPERATOR]
    if excluded:
        pieces.append((_("\n{orders} excluded by you\n", orders=orders_text(len(excluded))), "bold"))
        pieces += [f"{out.order_id}  {translate(out.why)}\n" for out in excluded]
    for file in plan.files:
        if by_api:
            kind = _("the same as a file; do not upload") if file.upload else _("goes to Amazon by the API")
        else:
            kind = _("to upload") if file.upload else _("the same for the API; do not upload")
        pieces.append(_("\n{file}  ({kind}, {content:,} bytes)\n", file=file.name, kind=kind, content=file.size))
        pieces.append((f"  sha256 {file.sha256}\n", MUTED))
    if by_api and plan.action is Action.CONFIRM and len(plan.rows) == 1:
        pieces.append((_("\na single shipment goes by its own call, if nothing of its order left before\n"), MUTED))
    return Content.assemble(*pieces)

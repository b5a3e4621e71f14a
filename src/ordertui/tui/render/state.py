"""Glyphs, words and styles of states: of orders in the State column, of rows and batches in pane and outbox."""

from __future__ import annotations

import msgspec

from ordertui.messages import N_, _, pgettext
from ordertui.orders.batch_state import BatchState, RowState, holds_order, is_contradicted
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import Action, BuyerRequest, Channel, OrderStatus, Verge
from ordertui.orders.order import ListedFacts, OrderRow
from ordertui.orders.text import mask_control_characters

from .format import action_word, format_left


class StateLook(msgspec.Struct, frozen=True):
    """How one state is shown."""

    glyph: str
    tone: str
    """`muted`, `error`, `warning`, `success` or `accent`: a component style of the order table."""
    column: str
    """The word of the State column; empty: the order's own state is shown there."""
    count: str
    """After a number of rows, in the outbox's list."""
    sentence: str

    @property
    def style(self) -> str:
        """The style of text in this state outside the order table."""
        return "$foreground-muted" if self.tone == "muted" else f"$text-{self.tone}"


ROW_LOOKS = {
    RowState.HELD: StateLook("◷", "warning", N_("held"), N_("held"), N_("held: nothing was sent to Amazon")),
    RowState.RECALLED: StateLook("↶", "muted", "", N_("undone"), N_("undone: nothing was sent to Amazon")),
    RowState.LEFT_OUT: StateLook("↷", "muted", "", N_("left out"), N_("left out at the last check: no longer allowed")),
    RowState.WRITTEN: StateLook(
        "↑", "warning", N_("to upload"), N_("file written"), N_("file written: upload it to Amazon")
    ),
    RowState.UPLOADED: StateLook(
        "…", "accent", N_("uploaded"), N_("uploaded"), N_("marked as uploaded, not answered yet")
    ),
    RowState.SENT: StateLook("→", "accent", N_("sent"), N_("sent"), N_("sent by the API, not answered yet")),
    RowState.ACCEPTED: StateLook(
        "…", "accent", N_("accepted"), N_("accepted"), N_("accepted by Amazon, not answered yet")
    ),
    RowState.OK: StateLook("✓", "success", N_("ok"), N_("answered ok"), N_("Amazon answered ok, not confirmed yet")),
    RowState.ERROR: StateLook("✗", "error", N_("refused"), N_("refused"), N_("refused by Amazon")),
    RowState.UNKNOWN: StateLook(
        "?", "warning", N_("unclear"), N_("unclear"), N_("unclear: check in Seller Central; never sent again by itself")
    ),
    RowState.CONFIRMED: StateLook("✓", "success", "", N_("confirmed"), N_("confirmed by a later report")),
}  # fmt: skip
AWAITING_LOOK = StateLook(
    "◇", "warning", N_("for approval"), N_("for approval"), N_("waits for approval: nothing was sent to Amazon")
)
"""Of a batch, and of its held rows."""
BATCH_LOOKS = {
    BatchState.AWAITING: AWAITING_LOOK,
    BatchState.HELD: ROW_LOOKS[RowState.HELD],
    BatchState.RECALLED: ROW_LOOKS[RowState.RECALLED],
    BatchState.LEFT_OUT: ROW_LOOKS[RowState.LEFT_OUT],
    BatchState.WRITTEN: ROW_LOOKS[RowState.WRITTEN],
    BatchState.UPLOADED: ROW_LOOKS[RowState.UPLOADED],
    BatchState.SENT: ROW_LOOKS[RowState.SENT],
    BatchState.ANSWERED: StateLook("✓", "muted", "", "", N_("answered by Amazon")),
}


class Verdicts(msgspec.Struct, frozen=True):
    """What `Eligibility` says of an order, as far as the State column shows it."""

    action: str = ""
    """As `Eligibility.allowed_action`; empty before the rules were read."""
    denial: str = ""
    """Id of the denial of a cancellation, of an order that waits and allows nothing; else empty."""
    deadline: int | None = None
    """When Amazon cancels the order by itself at the earliest, epoch seconds; None: never, or unknown."""


class OrderState(msgspec.Struct, frozen=True):
    """The state of an order in words, the longest form first; a cell takes the first that fits."""

    forms: tuple[str, ...]
    tone: str = ""


UNDECIDED = OrderState(("",))
SOON = DAY
"""Seconds before the auto-cancellation in which the State column counts them."""
STATUS_FORMS = {
    OrderStatus.PENDING: (N_("pending"),),
    OrderStatus.UNSHIPPED: (N_("unshipped"),),
    OrderStatus.PARTIALLY_SHIPPED: (N_("partly shipped"), N_("part shipped"), N_("part ship.")),
    OrderStatus.SHIPPED: (N_("shipped"),),
    OrderStatus.CANCELLED: (N_("cancelled"),),
    OrderStatus.UNFULFILLABLE: (N_("unfulfillable"), N_("unfulfill.")),
    OrderStatus.UNKNOWN: (N_("? status unknown"), N_("? status")),
}
_DENIED = {
    "missing": OrderState((N_("? missing from report"), N_("? missing")), "warning"),
    "outdated": OrderState((N_("? outdated: import"), N_("? outdated")), "warning"),
    "program": OrderState((N_("in Seller Central only"), N_("– program")), "muted"),
    "parcel": OrderState((N_("parcel has left"), N_("parcel left"), N_("left")), "warning"),
    "item-id": OrderState((N_("? item id unknown"), N_("? item id")), "warning"),
    "lines": OrderState((N_("no items left"), N_("no items")), "muted"),
}
"""Words for a waiting order that allows nothing, by the id of what denies its cancellation."""
_HOUSE_RULE = OrderState((N_("denied by house rule"), N_("house rule"), N_("– rule")), "muted")


def status_forms(status: OrderStatus) -> tuple[str, ...]:
    """Return the words for Amazon's status, the longest form first."""
    return tuple(_(form) for form in STATUS_FORMS[status])


def _translated(state: OrderState) -> OrderState:
    return OrderState(tuple(_(form) for form in state.forms), state.tone)


def row_look(state: RowState, *, awaits_approval: bool) -> StateLook:
    """Return how a row of a batch is shown. `awaits_approval`: its batch does."""
    return AWAITING_LOOK if awaits_approval and state is RowState.HELD else ROW_LOOKS[state]


def order_state(row: OrderRow, verdicts: Verdicts, listed: ListedFacts, now: int, claimed_by: str = "") -> OrderState:
    """Return the state of an order: what its batch waits for, else what can be done, else Amazon's status.

    `now`: epoch seconds. `claimed_by`: who has it in an open preview, as `person_sign` names them; it says nothing of
    what can be done, so that stays, with as many words as fit, its sign at the least.
    """
    found = _journal_state(row, verdicts, listed, now)
    if found is not None or not claimed_by:
        return found or _own_state(row, verdicts, now)
    own = _own_state(row, verdicts, now)
    shortest = f"{_sign_of(own)} {claimed_by}".strip()
    return OrderState((*(f"{claimed_by} {form}" for form in own.forms if form), shortest), own.tone or "accent")


def _sign_of(state: OrderState) -> str:
    """Return the sign that a state begins or ends with, such as `★` or `!`; empty when it is words alone."""
    words = state.forms[0].split()
    return next((word for word in (*words[:1], *words[-1:]) if not any(map(str.isalnum, word))), "")


def person_sign(login: str) -> str:
    """Return `@ana`; `@you` without a login: the same person in another window."""
    return f"@{mask_control_characters(login) or _('you')}"


def _journal_state(row: OrderRow, verdicts: Verdicts, listed: ListedFacts, now: int) -> OrderState | None:
    """Return the state of the order's batch row; None when the order's own state says more."""
    action, hold_ends = row.open_action, listed.hold_ends
    look = None if action is None else row_look(action.state, awaits_approval=listed.awaits_approval)
    if action is None or look is None or not look.column:
        return None
    if action.state is RowState.ERROR and row.status is OrderStatus.CANCELLED:
        return None
    if action.state is RowState.OK and not holds_order(action.kind, action.state) and _can_act(verdicts):
        return None
    if is_contradicted(action.kind, action.state, row.status):
        words = status_forms(row.status)
        whole = _("! {action} ok, but {status}", action=action_word(action.kind), status=words[0])
        return OrderState((whole, *(f"! {form}" for form in (*words, action_word(action.kind)))), "error")
    word = _(look.column)
    whose = f" {person_sign(listed.author)}" if listed.author and action.state is RowState.HELD else ""
    head = f"{look.glyph} {word}"
    long = f"{look.glyph} {action_word(action.kind)} {word}"
    if action.state is RowState.HELD and hold_ends is not None:
        span = format_left(hold_ends, now)
        forms = (f"{long} {span}", f"{head} {span}", f"{look.glyph} {span}")
        return OrderState((*(f"{form}{whose}" for form in forms), *forms), look.tone)
    shown = (f"{long}{whose}", f"{head}{whose}") if whose else ()
    return OrderState((*shown, long, head, f"{look.glyph}{word.split()[-1]}"), look.tone)


def _can_act(verdicts: Verdicts) -> bool:
    return verdicts.action not in ("", "-", "wait")


def _own_state(row: OrderRow, verdicts: Verdicts, now: int) -> OrderState:
    match verdicts.action:
        case "":
            return UNDECIDED
        case "cancel ★":
            return (
                OrderState((_("★ requested: can cancel"), _("★ requested"), _("★ request")), "success")
                if row.buyer_request is BuyerRequest.OFFICIAL
                else OrderState((_("★ cancel: not counted"), _("★ cancel")), "success")
            )
        case "cancel" | "confirm":
            return _waiting_state(row, verdicts, now)
        case "refund":
            status = status_forms(row.status)[0]
            return OrderState((_("{status}: can refund", status=status), _("can refund"), action_word(Action.REFUND)))
    if row.channel is Channel.AMAZON:
        return OrderState((f"FBA {status_forms(row.status)[0]}", "FBA"), "muted")
    if verdicts.action == "wait":
        return OrderState(status_forms(OrderStatus.PENDING), "muted")
    if verdicts.denial.startswith("house "):
        return _translated(_HOUSE_RULE)
    if verdicts.denial in _DENIED:
        return _translated(_DENIED[verdicts.denial])
    if row.channel is Channel.UNKNOWN:
        return OrderState((_("? who ships is unknown"), _("? who ships"), _("? ships")), "warning")
    return OrderState(status_forms(row.status), "muted" if row.status is OrderStatus.CANCELLED else "")


def _waiting_state(row: OrderRow, verdicts: Verdicts, now: int) -> OrderState:
    """Return the state of an order that can be cancelled, or whose shipment can be confirmed."""
    is_here = verdicts.action == "cancel"
    if is_here and row.buyer_request is BuyerRequest.MESSAGE:
        return OrderState((_("☆ message: cancel counts"), _("☆ message")), "warning")
    if is_here and row.buyer_request is BuyerRequest.SOME:
        return OrderState((_("☆ items: cancel counts"), _("☆ for items"), _("☆ items")), "warning")
    left = None if verdicts.deadline is None else verdicts.deadline - now
    if left is not None and left < SOON:
        if left >= HOUR:
            span = f"{left // HOUR} {pgettext('unit', 'h')}"
        else:
            span = f"{left // 60} {pgettext('unit', 'm')}" if left >= 60 else _("now")
        brief = span.replace(" ", "")
        if is_here:
            return OrderState(
                (_("auto-cancel {span} !", span=span), _("auto {span} !", span=span), _("auto {brief}!", brief=brief)),
                "error",
            )
        return OrderState(
            (_("can confirm {span} !", span=span), _("confirm {brief}!", brief=brief), _("conf {brief}!", brief=brief)),
            "error",
        )
    if row.verge is Verge.CANCELLATION:
        return OrderState((_("auto-cancel soon !"), _("auto soon !"), _("auto !")), "error")
    return OrderState(
        (_("can cancel"), action_word(Action.CANCEL)) if is_here else (_("can confirm"), action_word(Action.CONFIRM))
    )

"""Compare our cancellation rate with Amazon's own: each difference with its likely cause, and what can be disputed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec

from ordertui.amazon.reports import RejectedRow, ReportKind, inspect, read_rate
from ordertui.amazon.reports.account_health import HealthFigure, read_health
from ordertui.amazon.reports.cancellation_rate import contradiction_notes, merge_rows
from ordertui.files import open_plain
from ordertui.operations.errors import BadInput
from ordertui.orders.clock import iso_utc, to_local
from ordertui.orders.enums import BuyerRequest, CancelledBy, Channel, OrderStatus, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import OrderRow
from ordertui.orders.text import pluralize
from ordertui.rules.rate import exact_text

from .calculator import RateCalculator
from .lists import RateEntry, RateLists
from .sources import RateSources

UNKNOWN_HERE = "who cancelled was unknown here and was taken as counting: import this report"
TAKEN_OUT = "Amazon does not count it: import this report, and it is taken out here too"
FEWEST_PLACES, MOST_PLACES = 3, 6
"""To so many places after the point a rate of Amazon's is rounded: 0.005 is half a percent. More may be noise."""
FRESH = "import fresh reports: the newest here does not show it as cancelled"


class Difference(msgspec.Struct, frozen=True):
    """Where we and Amazon do not agree."""

    marketplace: str
    what: str
    """An order id, or the figure (`orders`, `cancelled`, `target`)."""
    ours: str
    amazons: str
    cause: str
    dispute: bool = False
    """Whether the facts here speak against Amazon's count."""


class Reconciliation(msgspec.Struct, frozen=True):
    """One marketplace compared."""

    marketplace: str
    span: tuple[int, int]
    """First and last second of the window compared (epoch)."""
    ours: tuple[int | None, int | None]
    """Cancelled, orders."""
    amazons: tuple[int | None, int | None]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()
    command: str = ""
    """The command that lets Amazon's report decide; empty where it cannot, or where they agree."""


class RateComparison:
    """Compares one store with a report; changes nothing."""

    def __init__(self, sources: RateSources, calculator: RateCalculator, lists: RateLists) -> None:
        self._sources = sources
        self._calculator = calculator
        self._lists = lists

    def compare(self, path: Path, marketplace: str | None = None) -> list[Reconciliation]:
        """Compare with a Cancellation Rate report or an account health report (JSON). Raises BadInput, ReportError."""
        try:
            with open_plain(path) as file:
                start = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        except OSError as error:
            raise BadInput(f"{path} cannot be read: {error.strerror}") from error
        if start.startswith(b"{"):
            found = [self._health(f) for f in read_health(path) if marketplace in (None, f.marketplace)]
            if not found:
                raise BadInput(f"{path} has no figure of marketplace {marketplace}")
            return found
        return [self._report(path, marketplace)]

    def _report(self, path: Path, marketplace: str | None) -> Reconciliation:
        info = inspect(path, marketplace=marketplace)
        if info.kind is not ReportKind.CANCELLATION_RATE:
            raise BadInput(f"{path} is no Cancellation Rate report (Order Date, Order ID, Impacts Account Health)")
        code = marketplace or info.marketplace
        if code is None:
            codes = self._sources.store().tallies.marketplaces()
            if len(codes) != 1:
                raise BadInput(
                    f"{path} names no marketplace; give --marketplace, one of: {', '.join(codes) or 'none here'}"
                )
            code = codes[0]
        rejects: list[RejectedRow] = []
        stated, contradicted = merge_rows(read_rate(info, rejects))
        theirs = {order_id: impacts for _, order_id, _, impacts in stated}
        ours = {entry.order_id: entry for entry in self._lists.listing(code)}
        store, policy = self._sources.store(), self._sources.policy(code)
        days = min(policy.values.rate_days)
        start, end = self._sources.window(code, days)
        ids = store.orders.ids_of(theirs)
        rows = store.orders.rows(ids.values())
        differences = []
        for order_id, impacts in theirs.items():
            row = rows.get(ids[order_id]) if order_id in ids else None
            cause, dispute = _uncounted(row, start, end) if impacts else ("", False)
            if impacts is (order_id in ours) and not dispute:
                continue
            if impacts:
                differences.append(
                    Difference(
                        code, order_id, "counts" if order_id in ours else "not counted", "counts", cause, dispute
                    )
                )
            else:
                mine = ours[order_id].counts
                cause = UNKNOWN_HERE if mine is YesNo.UNKNOWN else TAKEN_OUT
                differences.append(Difference(code, order_id, mine.value, "does not count", cause))
        for order_id, entry in ours.items():
            if order_id not in theirs:
                differences.append(Difference(code, order_id, entry.counts.value, "not listed", _unlisted(entry)))
        figure = self._calculator.effects(code)[0].before
        notes = (
            [f"{pluralize(len(rejects), 'row')} of {path} could not be read; the first: {rejects[0].reason}"]
            if rejects
            else []
        )
        notes += contradiction_notes(contradicted)
        if figure.reason:
            notes.append(f"the rate here is not known: {figure.reason}")
        return Reconciliation(
            code, (start, end), (figure.cancelled, figure.orders), (sum(theirs.values()), None),
            tuple(differences), tuple(notes), _import_command(path, code, (start, end), policy.zone, differences),
        )  # fmt: skip

    def _health(self, theirs: HealthFigure) -> Reconciliation:
        code = theirs.marketplace
        policy = self._sources.policy(code)
        differences: list[Difference] = []
        if theirs.start is None or theirs.end is None:
            start, end = self._sources.window(code, min(policy.values.rate_days))
            notes = ["the report does not say which days it covers; compared with the window here"]
        else:
            start, end, notes = theirs.start, theirs.end, []
        orders, cancelled, least = self._calculator.span_counts(code, start, end)
        causes = {
            "orders": _orders_cause(orders, theirs.orders),
            "cancelled": _cancelled_cause(cancelled, least, theirs.cancelled),
        }
        for name, mine, their in (("orders", orders, theirs.orders), ("cancelled", cancelled, theirs.cancelled)):
            if their is not None and mine != their:
                differences.append(Difference(code, name, f"{mine:,}", f"{their:,}", causes[name]))
        if theirs.target is not None and Fraction(str(theirs.target)) != policy.values.rate_target:
            cause = "Amazon's target for this account is another than the policy's: go by Amazon's"
            differences.append(
                Difference(code, "target", exact_text(policy.values.rate_target), f"{theirs.target:g}", cause)
            )
        if theirs.rate is not None and theirs.orders and theirs.cancelled is not None:
            places = -int(Decimal(str(theirs.rate)).as_tuple().exponent)  # of a rate that Amazon rounded: 0.005
            if abs(theirs.cancelled / theirs.orders - theirs.rate) > 0.5 / 10 ** min(
                max(places, FEWEST_PLACES), MOST_PLACES
            ):
                notes.append(
                    f"Amazon's own numbers do not agree: {theirs.cancelled:,} of {theirs.orders:,}"
                    f" is not {theirs.rate:g}"
                )
        return Reconciliation(
            code, (start, end), (cancelled, orders), (theirs.cancelled, theirs.orders), tuple(differences), tuple(notes)
        )


def _import_command(path: Path, code: str, span: tuple[int, int], zone: str, differences: Sequence[Difference]) -> str:
    """Return the command that imports a report as covering a span; it decides about what it does not name too."""
    if not any(difference.amazons in ("does not count", "not listed") for difference in differences):
        return ""
    first, last = (to_local(at, zone).date() for at in span)
    return f"ordertui import {shlex.quote(str(path))} --marketplace {code} --covers {first}..{last}"


def _uncounted(row: OrderRow | None, start: int, end: int) -> tuple[str, bool]:
    """Return why an order that Amazon counts is probably not counted here, and whether it can be disputed."""
    if row is None:
        return "it is in no imported report: import All Orders for its day", False
    if row.channel is Channel.AMAZON:
        return "Amazon ships it (FBA): such orders are no part of this rate", True
    if row.buyer_request is BuyerRequest.OFFICIAL:
        return "the buyer asked for it with Amazon's own button", True
    if row.cancelled_by in (CancelledBy.BUYER, CancelledBy.AMAZON):
        who = "the buyer" if row.cancelled_by is CancelledBy.BUYER else "Amazon"
        return f"reports here say that {who} cancelled it", True
    if row.status is not OrderStatus.CANCELLED:
        return FRESH, False
    if row.purchased_at is None or not start <= row.purchased_at <= end:
        placed = "on an unknown day" if row.purchased_at is None else iso_utc(row.purchased_at)
        return (
            f"it was placed {placed}, outside the window here:"
            " Amazon dates it otherwise, or its report is of other days",
            False,
        )
    return "it is counted otherwise here", False


def _unlisted(entry: RateEntry) -> str:
    if entry.how == "in a batch":
        return "it is in a batch of yours that Amazon has not carried out, or that the report is older than"
    if entry.how == "an item cancelled":
        return "only an item of it is cancelled: Amazon may not count it, or the report is older"
    if entry.counts is YesNo.UNKNOWN:
        return "who cancelled is unknown here and taken as counting: as Amazon does not list it, probably the buyer did"
    return "the report is older than the cancellation, or Amazon dates it otherwise"


def _orders_cause(mine: int, theirs: int | None) -> str:
    if theirs is not None and mine < theirs:
        return "orders of these days are missing here: import All Orders for them"
    return "Amazon leaves some of these out (pending ones are cancelled by the buyer), or its day has another zone"


def _cancelled_cause(mine: int, least: int, theirs: int | None) -> str:
    if theirs is not None and least <= theirs <= mine:
        return "of some cancelled orders it is unknown here who cancelled them: import the Cancellation Rate report"
    if theirs is not None and mine < theirs:
        return (
            "Amazon counts orders that are not cancelled here: import fresh reports; or it dates them by cancellation"
        )
    return "Amazon does not count some of these: import the Cancellation Rate report to see which"


def summary(found: Reconciliation) -> str:
    """Return one sentence about a marketplace."""
    name = MARKETPLACES[found.marketplace].name
    ours, theirs = _share(found.ours), _share(found.amazons)
    disputes = sum(difference.dispute for difference in found.differences)
    text = f"{name}, {iso_utc(found.span[0])} to {iso_utc(found.span[1])}: here {ours}, Amazon {theirs}"
    if not found.differences:
        return f"{text}: they agree"
    count = len(found.differences)
    text += f": {count:,} {'disagreement' if count == 1 else 'disagreements'}"
    return f"{text}, {disputes:,} to dispute" if disputes else text


def _share(figure: tuple[int | None, int | None]) -> str:
    cancelled, orders = ("unknown" if n is None else f"{n:,}" for n in figure)
    return f"{cancelled} cancelled" if figure[1] is None else f"{cancelled} of {orders}"

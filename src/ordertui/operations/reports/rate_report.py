"""Import Amazon's Cancellation Rate report: what it names, and the cancelled orders of its days that it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from ordertui.amazon.reports import MarketplaceNeeded, RejectedRow, ReportInfo, read_rate
from ordertui.amazon.reports.cancellation_rate import contradiction_notes, merge_rows
from ordertui.orders.clock import to_local
from ordertui.orders.marketplace import MARKETPLACES, zone_of
from ordertui.orders.order import OrderRow
from ordertui.orders.text import pluralize, with_verb
from ordertui.store import Store
from ordertui.store.importing.import_session import ReportSource
from ordertui.store.repositories.rate_reports import RateReport, RateRow

Days = tuple[date, date]
"""First and last day of order, in the marketplace's zone."""
FEW = 1
"""A report with so many rows or fewer says little of the days that it covers by its own dates."""


class RateReportImport(msgspec.Struct, frozen=True):
    """Result of importing one Cancellation Rate report."""

    info: ReportInfo
    rows: int
    known: int
    """Orders of it that are in the store."""
    changed: int
    rejected: tuple[RejectedRow, ...]
    notes: tuple[str, ...]


def take_in_rate_report(
    store: Store, info: ReportInfo, covers: Days | None, now: Callable[[], int]
) -> RateReportImport:
    """Import a report. `covers`: the days that it covers; None: from its first date to its last.

    Raises MarketplaceNeeded when neither the file, nor its orders, nor the store tell of which marketplace it is.
    """
    found: list[RejectedRow] = []
    rows, contradicted = merge_rows(read_rate(info, found))
    known = store.orders.ids_of([row[1] for row in rows])
    if info.marketplace is None and (rows or covers):
        info = msgspec.structs.replace(info, marketplace=_marketplace(store, info.path, known.values()))
        found.clear()
        rows, contradicted = merge_rows(read_rate(info, found))  # again: the marketplace says how dates are written
    notes = [f"Amazon counts {sum(row[3] for row in rows):,} of {pluralize(len(rows))} in it"]
    notes += contradiction_notes(contradicted)
    if len(known) < len(rows):
        notes.append(f"{len(rows) - len(known):,} of them are in no imported order report")
    undated = sum(row[2] is None for row in rows)
    if undated:
        notes.append(f"the order date of {pluralize(undated, 'row')} could not be read; they count all the same")
    source = ReportSource(info.kind.value, str(info.path), info.sha256, None, False, info.marketplace)
    with store.write():
        changed = store.imports.add_cancellation_rate(source, rows, rejected=len(found))
        if info.marketplace is not None:
            days = covers
            if covers is None and len(rows) > FEW:
                days, why = _own_days(rows, store.orders.rows(known.values()), info.marketplace)
                notes += why
            if found:  # one of these rows may name any order
                days = None
            span = None if days is None else span_of_days(days, zone_of(info.marketplace))
            kept = store.rate_reports.add(
                (str(info.path), info.sha256), info.marketplace, rows, span, _made_at(info.path, span, now())
            )
            notes += _decided(kept, days, is_own=covers is None)
    if found:
        notes.append("rows were left out, so what the report does not name says nothing")
    elif len(rows) <= FEW and covers is None:
        notes.append(
            "so few rows say little of the days that the report covers: name them, as with"
            " `ordertui import --covers 2026-11-16..2026-11-22`, and every cancelled order of theirs that it does not"
            " name is taken as not counting"
        )
    return RateReportImport(info, len(rows), len(known), changed, tuple(found), tuple(notes))


def _decided(kept: RateReport, days: Days | None, *, is_own: bool) -> list[str]:
    if days is None:
        return []
    first, last = days
    if first == last:
        text = f"it covers orders of one day, {first}"
        if is_own:
            text = f"by its own dates, it covers orders of one day, {first}"
    else:
        text = f"it covers orders of {first} to {last}"
        if is_own:
            text = f"by its own dates, it covers orders of {first} to {last}"
    if not kept.unnamed:
        return [f"{text}: it names every one of them that is cancelled here"]
    unnamed = with_verb(
        kept.unnamed,
        "cancelled order of these days that it does not name is taken as not counting",
        "cancelled orders of these days that it does not name are taken as not counting",
    )
    return [f"{text}: {unnamed}; `ordertui rate-reports --undo {kept.id}` takes that back"]


def _marketplace(store: Store, path: Path, ids: Iterable[int]) -> str:
    markets = Counter(row[1] for row in store.tallies.of_orders(ids))
    if markets:
        return markets.most_common(1)[0][0]
    codes = store.tallies.marketplaces()
    if len(codes) == 1:
        return codes[0]
    raise MarketplaceNeeded(path, codes or tuple(MARKETPLACES))


def _own_days(
    rows: Sequence[RateRow], known: Mapping[int, OrderRow], marketplace: str
) -> tuple[Days | None, list[str]]:
    """Return the days from the report's first date to its last, of orders of its marketplace, and what to say.

    None where a date is another day than that of its order here: then it is not known in which zone the report's days
    begin, so an order of a day beside them may be taken for one that the report leaves out.
    """
    zone = zone_of(marketplace)
    placed = {row.order_id: row for row in known.values()}
    elsewhere = {row.order_id for row in known.values() if row.marketplace not in (marketplace, "")}
    dated = {order: to_local(at, zone).date() for _, order, at, _ in rows if at is not None and order not in elsewhere}
    notes = []
    if elsewhere:
        notes.append(
            f"{pluralize(len(elsewhere))} of other marketplaces than {marketplace}: of their days it says nothing more"
        )
    for order, day in dated.items():
        at = placed[order].purchased_at if order in placed else None
        if at is not None and (own := to_local(at, zone).date()) != day:
            notes.append(
                f"it dates order {order} {day}, which was placed on {own}: what its days are is not known, and it"
                " decides about the orders that it names alone; name the days with `--covers`"
            )
            return None, notes
    return (min(dated.values()), max(dated.values())) if dated else None, notes


def span_of_days(days: Days, zone: str) -> tuple[int, int]:
    """Return the first and last second of days in a zone, in epoch seconds."""
    start, end = (
        datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) for day in (days[0], days[1] + timedelta(days=1))
    )
    return int(start.timestamp()), int(end.timestamp()) - 1


def _made_at(path: Path, span: tuple[int, int] | None, now: int) -> int:
    """Return when the report was made at the latest: when its file was last written, unless that cannot be.

    A file that claims to be older than the last of its days was copied with a wrong date.
    """
    try:
        written = int(path.stat().st_mtime)
    except OSError:
        return now
    last_day = 0 if span is None else span[1] - int(timedelta(days=1).total_seconds())
    return written if last_day <= written <= now else now


def parse_days(text: str) -> Days:
    """Return the days of `2026-11-16..2026-11-22`, or of one day. Raises ValueError with what is wrong."""
    first, _, last = text.partition("..")
    try:
        days = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError as error:
        raise ValueError(f"{text!r} are no days such as 2026-11-16..2026-11-22") from error
    if days[0] > days[1]:
        raise ValueError(f"{text!r}: the first day comes after the last")
    if not datetime(1990, 1, 1, tzinfo=UTC).date() <= days[0] <= days[1] <= datetime(2100, 1, 1, tzinfo=UTC).date():
        raise ValueError(f"{text!r} are days outside 1990 to 2100")
    return days

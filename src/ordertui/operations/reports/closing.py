"""What is to be told once at the end of an import of several files, because a later file may settle it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ordertui.orders.enums import ReportKind
from ordertui.orders.text import pluralize

from .progress import ImportSummary

_REQUEST_UNKNOWN = "request:unknown channel:merchant (status:unshipped or status:partially_shipped)"
_NO_STATUS = "status:unknown"


def closing_notes(count: Callable[[str], int], summaries: Sequence[ImportSummary]) -> list[str]:
    """Return what holds after all of these files: requests that nobody sees, orders that are missing or have no status.

    `count` returns how many orders fit a filter.
    """
    notes = []
    unshipped = [one for one in summaries if one.kind == ReportKind.UNSHIPPED.value]
    hiding = [one for one in summaries if one.hides_requests]
    if hiding and (not unshipped or any(one.hides_requests for one in unshipped)):
        names = ", ".join(dict.fromkeys(one.path.name for one in hiding))
        notes.append(f"buyer requests are invisible in {names}: no column is-buyer-requested-cancellation")
    elif hiding and (unknown := count(_REQUEST_UNKNOWN)):
        notes.append(
            f"buyer requests are invisible for {pluralize(unknown)} to ship: no report that names them has the column"
            " is-buyer-requested-cancellation"
        )
    if unshipped and (missing := count("missing")):
        notes.append(
            f"missing in the newest Unshipped report of their days: {pluralize(missing)} (filter: missing);"
            " import All Orders, which says what became of them"
        )
    is_new = any(one.kind == ReportKind.NEW_ORDERS.value for one in summaries)
    if is_new and (unknown := count(_NO_STATUS)):
        notes.append(
            f"of unknown status, which a New Orders report does not say: {pluralize(unknown)} (filter: {_NO_STATUS});"
            " nothing may be done with them before an Unshipped report of their marketplace is imported"
        )
    return notes

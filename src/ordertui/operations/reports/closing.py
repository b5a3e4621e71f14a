"""What is to be told once at the end of an import of several files, because a later file may settle it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ordertui.orders.enums import ReportKind
from ordertui.orders.text import pluralize

from .progress import ImportSummary

_REQUEST_UNKNOWN = "request:unknown channel:merchant (status:unshipped or status:partially_shipped)"


def closing_notes(count: Callable[[str], int], summaries: Sequence[ImportSummary]) -> list[str]:
    """Return what holds after all of these files: requests that nobody sees, and orders that are missing.

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
    return notes

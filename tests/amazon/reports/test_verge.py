"""Amazon's own flags of the Unshipped report are stored, shown, and put an order into the queue."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, iso_utc
from ordertui.orders.enums import Verge
from ordertui.tui.main.order_details import describe_order
from support.shops import NOW, UNSHIPPED, open_session, order_id, unshipped_row, write

COLUMNS = [*UNSHIPPED, "verge-of-cancellation", "verge-of-lateShipment"]


def bring_flags(session: Session, folder: Path, flags: Mapping[int, tuple[str, str]], at: int) -> None:
    """Import an Unshipped report of a moment with these flags."""
    rows = [
        unshipped_row(n)
        | {"verge-of-cancellation": first, "verge-of-lateShipment": second, "reporting-date": iso_utc(at)}
        for n, (first, second) in flags.items()
    ]
    session.imports.import_files([write(folder / f"{at}.txt", COLUMNS, rows)])


def verges(session: Session) -> dict[str, Verge]:
    return {row.order_id: row.verge for row in session.orders.rows(session.orders.find()).values()}


def test_the_flags_are_stored_shown_and_queued(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        flags = {1: ("true", "true"), 2: ("false", "false"), 3: ("false", "true"), 4: ("", "")}
        bring_flags(session, tmp_path, flags, NOW - 2 * HOUR)
        found = verges(session)
        assert [found[order_id(n)].value for n in flags] == ["cancellation", "none", "late", "unknown"]
        queue = BY_KEY["auto_cancel"].filter
        assert list(session.orders.find(queue)) == [session.orders.id_of(order_id(1))]
        assert session.rate.count_at_risk("US") == 1
        text = " ".join(describe_order(session, order_id(1)).plain.split())
        assert "on the verge of cancellation" in text
        bring_flags(session, tmp_path, {1: ("false", "false")}, NOW - HOUR)
        assert verges(session)[order_id(1)] is Verge.NONE
        bring_flags(session, tmp_path, {1: ("true", "true")}, NOW - 3 * HOUR)
        assert verges(session)[order_id(1)] is Verge.NONE, "an older report does not win"


@pytest.mark.parametrize("cell", ["maybe", "2"])
def test_a_flag_that_cannot_be_read_is_unknown(tmp_path: Path, cell: str) -> None:
    with open_session(tmp_path) as session:
        bring_flags(session, tmp_path, {1: (cell, "false"), 2: (cell, cell)}, NOW - HOUR)
        assert [verges(session)[order_id(n)] for n in (1, 2)] == [Verge.UNKNOWN, Verge.UNKNOWN]

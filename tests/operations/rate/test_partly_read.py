"""Of days whose All Orders report was read in part only, no rate is shown as known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.rate import RateStatus
from ordertui.store.importing import import_log, import_session
from support.places import on_both
from support.reports import write
from support.shops import ALL_ORDERS, NOW, UNSHIPPED, all_orders_row, open_session, unshipped_row

OLDEST, TODAY = 14, 0


def row(number: int, day: int, market: str = "US") -> dict[str, object]:
    return all_orders_row(number, "Shipped", age=day * DAY, market=market)


def whole(*, newest: int = TODAY, oldest: int = OLDEST, market: str = "US", first: int = 0) -> list[dict[str, object]]:
    """Two shipped orders of each day."""
    return [row(first + 2 * day + n, day, market) for day in range(newest, oldest + 1) for n in (1, 2)]


def take(shop: Session, folder: Path, rows: list[dict[str, object]], name: str = "all.txt") -> int:
    number = shop.imports.import_files([write(folder / name, ALL_ORDERS, rows)])[0].number
    assert number is not None
    return number


def reason(shop: Session, market: str = "US") -> str:
    """Why the rate of the seven-day window is unknown; empty: it is known."""
    before = shop.rate.calculator.effects(market)[0].before
    assert (before.status is RateStatus.UNKNOWN) == bool(before.reason)
    return before.reason


def take_part(shop: Session, folder: Path, rows: list[dict[str, object]], patch: pytest.MonkeyPatch) -> None:
    """Stop an import when it was looked at and has read one order of each day."""
    half = len(rows) // 2
    with patch.context() as small:
        small.setattr(import_session.ImportSession.__init__, "__kwdefaults__", {"slice_rows": 1})
        small.setattr(import_log.ImportLog.open, "__kwdefaults__", {"slice_rows": 1})
        told: list[object] = []
        path = write(folder / "all.txt", ALL_ORDERS, rows[::2] + rows[1::2])
        (summary,) = shop.imports.import_files([path], progress=told.append, stop=lambda: len(told) > half + 1)
    assert summary.stopped
    assert summary.new == half


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Iterator[Session]:
    with open_session(tmp_path, clock=clock) as session:
        yield session


@on_both
def test_an_import_that_was_stopped_leaves_the_rate_unknown_until_the_file_is_read_whole(
    shop: Session, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = whole()
    take_part(shop, tmp_path, rows, monkeypatch)
    assert "only a part was read" in reason(shop)
    again = take(shop, tmp_path, rows)
    assert reason(shop) == ""
    shop.undo_import(again)
    assert "only a part was read" in reason(shop), "what told of the rest is gone"


@on_both
def test_an_undo_that_keeps_orders_leaves_the_rate_unknown(shop: Session, tmp_path: Path, engine: str) -> None:
    rows = whole()
    first = take(shop, tmp_path, rows)
    assert reason(shop) == ""
    kept = [unshipped_row(2 * day + 1, age=day * DAY) for day in range(OLDEST + 1)]
    (later,) = shop.imports.import_files([write(tmp_path / "open.txt", UNSHIPPED, kept)])
    assert later.number is not None
    done = shop.undo_import(first)
    assert (done.removed, len(done.kept)) == (len(rows) - len(kept), len(kept))
    assert "only a part was read" in reason(shop)
    shop.undo_import(later.number)
    assert shop.undo_import(first).kept == ()
    assert "only a part was read" not in reason(shop), "nothing of it is left"
    take(shop, tmp_path, rows)
    assert reason(shop) == ""


def test_only_a_report_of_these_days_and_of_that_marketplace_tells_the_rest(
    shop: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = whole()
    take_part(shop, tmp_path, rows, monkeypatch)
    take(shop, tmp_path, whole(market="MX", first=100))
    assert "only a part was read" in reason(shop), "another marketplace's says nothing"
    assert reason(shop, "MX") == ""
    take(shop, tmp_path, whole(oldest=3, first=200))
    assert "only a part was read" in reason(shop), "three days of seven"
    take(shop, tmp_path, whole(oldest=7, first=300))
    assert reason(shop) == "", "what is older is in no window"


def test_what_an_earlier_report_told_stays_known(
    shop: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of today the orders of its first hours are always all that is known."""
    take(shop, tmp_path, whole(newest=0))
    rows = whole(newest=0, oldest=20, first=100)
    take_part(shop, tmp_path, rows, monkeypatch)
    assert reason(shop) == ""


def test_an_import_that_broke_off_is_one_that_was_stopped(
    shop: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, merged = whole(), 0
    merge = import_session.ImportSession._merge_slice

    def broken(self: import_session.ImportSession, sort: str, **span: int) -> None:
        nonlocal merged
        merged += 1
        if merged > len(rows) // 2:
            raise OSError("the machine lost its power")
        merge(self, sort, **span)

    with monkeypatch.context() as patch:
        patch.setattr(import_session.ImportSession, "_merge_slice", broken)
        with pytest.raises(OSError, match="power"):
            take_part(shop, tmp_path, rows, patch)
    assert "only a part was read" in reason(shop)
    take(shop, tmp_path, rows)
    assert reason(shop) == ""


def test_a_clock_that_stands_before_the_reports_knows_no_rate(shop: Session, tmp_path: Path, clock: FixedClock) -> None:
    """Its window has neither the newest orders nor their cancellations: 1.47 % was shown where 3.10 % were true."""
    take(shop, tmp_path, whole(oldest=30))
    assert reason(shop) == ""
    clock.moment = NOW - 3 * DAY
    assert reason(shop).startswith("a report is of ")
    clock.moment = NOW
    assert reason(shop) == ""


DAMAGED = {
    "an id": (3, {"amazon_order_id": "1.2E+14"}),
    "an id of today": (TODAY, {"amazon_order_id": ""}),
    "an id and a date": (12, {"amazon_order_id": "x", "purchase_date": "soon"}),
    "more cells than the header": (3, {"product_name": "a\tb", "asin": "c\td", "amazon_order_id": "x"}),
    "the date": (3, {"purchase_date": "soon"}),
    "who ships it": (3, {"fulfillment_channel": "?"}),
    "the status": (3, {"order_status": "?"}),
}
"""What cannot be read, of how many days ago."""


@pytest.mark.parametrize("what", DAMAGED)
@on_both
def test_a_row_that_cannot_be_read_leaves_the_rate_of_its_day_unknown(
    shop: Session, tmp_path: Path, engine: str, what: str
) -> None:
    """It may be a cancellation: 0.00 % was shown as known."""
    age, cells = DAMAGED[what]
    torn = [*whole(), all_orders_row(999, "Cancelled", age=age * DAY, **cells)]
    for _ in range(2):  # the same file again tells no more
        take(shop, tmp_path, torn)
        assert "only a part was read" in reason(shop) or "no report says when" in reason(shop)
    assert list(shop.recount().run()) == []
    number = take(shop, tmp_path, [*whole(), all_orders_row(999, "Cancelled", age=age * DAY, updated=NOW)])
    assert reason(shop) == ""
    shop.undo_import(number)
    assert reason(shop) != ""


def test_a_row_of_days_before_the_window_says_nothing_of_it(shop: Session, tmp_path: Path) -> None:
    rows = [*whole(), all_orders_row(999, age=12 * DAY, amazon_order_id="x")]
    (summary,) = shop.imports.import_files([write(tmp_path / "all.txt", ALL_ORDERS, rows)])
    assert any("rows were left out" in note for note in summary.notes)
    assert reason(shop) == ""


def of(market: str, rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """The same orders in another marketplace, under ids of its own."""
    place = {"sales-channel": MARKETPLACES[market].name, "currency": MARKETPLACES[market].currency}
    return [one | place | {"amazon-order-id": f"{market}1"[:3] + str(one["amazon-order-id"])[3:]} for one in rows]


TORN = {
    "the id": {"amazon-order-id": "1.2E+14"},
    "the id and the date": {"amazon-order-id": "x", "purchase-date": "soon"},
    "the id, the date and the marketplace": {"amazon-order-id": "x", "purchase-date": "soon", "sales-channel": "?"},
    "the width": {"product-name": "a\tb", "asin": "c\td", "amazon-order-id": "x"},
}


@pytest.mark.parametrize("what", TORN)
@pytest.mark.parametrize("others", [[], whole(oldest=4, first=100)], ids=["alone", "beside others"])
@on_both
def test_a_marketplace_of_which_every_row_was_left_out_has_no_known_rate(
    shop: Session, tmp_path: Path, engine: str, what: str, others: list[dict[str, object]]
) -> None:
    """The note of the import said so, and the rate stayed known."""
    is_named = what in ("the id", "the id and the date")
    take(shop, tmp_path, whole(newest=1))
    take(shop, tmp_path, of("MX", whole(newest=1)))
    assert reason(shop) == reason(shop, "MX") == ""
    torn = [one | TORN[what] for one in of("MX", [row(900 + day, day) for day in (0, 1)])]
    (summary,) = shop.imports.import_files([write(tmp_path / "torn.txt", ALL_ORDERS, [*others, *torn])])
    assert any("no rate of their days is known" in note for note in summary.notes)
    assert "only a part was read" in reason(shop, "MX")
    assert ("only a part was read" in reason(shop)) is not is_named, "another marketplace is named, or none"
    take(shop, tmp_path, of("MX", whole(first=400)))
    take(shop, tmp_path, whole(first=500))
    assert reason(shop) == reason(shop, "MX") == ""
    assert list(shop.recount().run()) == []


@on_both
def test_days_between_two_reports_are_not_known_until_one_tells_of_them(
    shop: Session, tmp_path: Path, engine: str
) -> None:
    """Within one report a day without orders had none; between two, nobody asked for it: 10.00 % was shown as known."""
    older, newer = whole(oldest=14, newest=6, first=100), whole(oldest=2, first=200)
    for market, parts in (("MX", (older, newer)), ("CA", (newer, older)), ("BR", (older + newer,))):
        for number, rows in enumerate(parts):
            take(shop, tmp_path, of(market, rows), f"{market}-{number}.txt")
        told = "the reports tell of 4 of these 7 days, " in reason(shop, market)
        assert told is (len(parts) == 2), market
    between = [row(900 + day, day, "MX") for day in (6, 2)]
    take(shop, tmp_path, between)
    assert reason(shop, "MX") == ""

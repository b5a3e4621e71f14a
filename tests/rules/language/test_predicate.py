"""What a parsed condition says of an order, and what an unknown fact does to it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ordertui.orders.batch_state import OpenAction, RowState
from ordertui.orders.enums import (
    Action,
    BuyerRequest,
    CancelledBy,
    Channel,
    Dispatched,
    OrderStatus,
    Refunded,
    ReportKind,
    YesNo,
)
from ordertui.orders.money import Money
from ordertui.orders.order import LineAmounts, Order, OrderLine, OrderRow
from ordertui.rules.language import Undecidable, parse, predicate
from ordertui.rules.language.ast import Pattern
from ordertui.rules.language.wildcards import matches, variants

NOW = 1_795_000_000
ROW = OrderRow(
    1, "113-1234567-7654321", "DE", Channel.MERCHANT, OrderStatus.UNSHIPPED, NOW - 86_400, NOW - 60, 2, 0,
    Money(5_000, "EUR"), Dispatched.UNKNOWN, BuyerRequest.MESSAGE, CancelledBy.NONE, Refunded.NONE,
    YesNo.NO, YesNo.UNKNOWN, YesNo.YES, "Übergroße Yoga-Matte 50%", "ABC-1", OpenAction(Action.CANCEL, RowState.HELD),
    1,
)  # fmt: skip


def order(row: OrderRow = ROW, *skus: str) -> Order:
    lines = tuple(
        OrderLine(i, None, sku, "B000TEST01", row.title, 1, 0, row.status, "EUR", None, LineAmounts(), 0,
                  row.buyer_request, None)
        for i, sku in enumerate(skus or ("ABC-1",), 1)
    )  # fmt: skip
    return Order(row, None, lines, False, (ReportKind.UNSHIPPED,))


def says(text: str, subject: Order) -> bool:
    test = predicate(
        parse(text, now=NOW, zone="Europe/Berlin"),
        decide=lambda row, _, value: value == "cancel" and row.status == OrderStatus.UNSHIPPED,
        auto_cancel_at=lambda row: None if row.ship_by is None else row.ship_by + 3_600,
    )
    return test(subject)


@pytest.mark.parametrize(
    "text",
    [
        "", "late", "-late:no", "total:50", "total>=50EUR", "-total>50", "-total>1USD", "items>1", "state:held",
        "buyer-requested:no", "-buyer-requested", "prime", "-business", "business:unknown", "sku:abc*", "-sku:abc",
        "title:yoga-matte", "übergroße", "ÜBERGROßE", '"50%"', "id:113-*-7654321", "7654321", "auto-cancel:1h",
        "action:cancel", "-counts:yes", "placed:last-7d", "replacement:no", "marketplace:de", "a* or yoga*50",
        "request:message", "cancelled-by:none refunded:none channel:mfn dispatched:unknown asin:b000*",
    ],
)  # fmt: skip
def test_the_order_matches_and_its_negation_does_not(text: str) -> None:
    assert says(text, order())
    assert text == "" or not says(f"-({text})", order())


def test_an_unknown_fact_fails_every_comparison_and_passes_its_negation() -> None:
    blank = order(replace(ROW, total=None, items=None, purchased_at=None, ship_by=None, open_action=None))
    for text in (
        "total>0",
        "total<=0",
        "items>=0",
        "placed>=1990-01-01",
        "ship-by<1w",
        "auto-cancel<1w",
        "state:held",
        "late",
    ):
        assert not says(text, blank)
        assert says(f"-{text}", blank)
    for text in ("total:unknown", "items:unknown", "placed:unknown", "ship-by:unknown", "auto-cancel:unknown"):
        assert says(text, blank)
        assert not says(text, order())


def test_money_is_compared_in_the_orders_own_major_units() -> None:
    yen, euro = order(replace(ROW, total=Money(51, "JPY"))), order(replace(ROW, total=Money(51, "EUR")))
    assert says("total>50", yen)
    assert not says("total>50", euro)
    assert says("total>0.5", euro)
    assert not says("total:0.5", yen)
    assert not says("total>50EUR", yen)
    assert says("total:51JPY", yen)


def test_shipped_orders_are_neither_late_nor_auto_cancelled() -> None:
    shipped = order(replace(ROW, status=OrderStatus.SHIPPED))
    assert not says("late", shipped)
    assert not says("auto-cancel:1h", shipped)
    assert says("ship-by<1h", shipped)


def test_any_line_may_match() -> None:
    both = order(ROW, "ABC-1", "XYZ-2")
    assert says("sku:abc* sku:xyz*", both)
    assert not says("-sku:xyz*", both)


def test_a_cancelled_line_matches_only_where_no_other_is_left() -> None:
    both = order(ROW, "ABC-1", "XYZ-2")
    dead, living = (replace(both.lines[0], status=OrderStatus.CANCELLED), both.lines[1])
    for lines in ((dead, living), (replace(dead, status=OrderStatus.UNKNOWN, quantity=0), living)):
        subject = replace(both, lines=lines)
        assert [says(text, subject) for text in ("sku:abc-1", "abc-1", "-sku:abc-1")] == [False, False, True]
        assert says("sku:xyz-2", subject)
    unknown = replace(both, lines=(replace(dead, status=OrderStatus.UNKNOWN, quantity=None), living))
    assert says("sku:abc-1", unknown), "nobody says that it is cancelled"
    gone = replace(both, lines=(dead, replace(living, quantity=0)))
    assert says("sku:abc-1 sku:xyz-2", gone), "a wholly cancelled order is found by what it held"
    cancelled = replace(both, row=replace(ROW, status=OrderStatus.CANCELLED), lines=(dead, living))
    assert says("sku:abc-1 sku:xyz-2", cancelled)


def test_a_condition_that_needs_the_policy_says_so() -> None:
    for text in ("action:cancel", "-(late or counts:no)", "auto-cancel<24h"):
        with pytest.raises(Undecidable, match="pass"):
            predicate(parse(text, now=NOW, zone="UTC"))


def test_many_wildcards_take_no_time() -> None:
    pattern = variants(Pattern(("a", "a", "a", "a", "a", "b")))[0]
    assert not matches(pattern, "a" * 100_000, anywhere=True)


def test_wildcard_parts_may_not_overlap() -> None:
    assert not matches(Pattern(("ab", "bc")), "abc", anywhere=False)
    assert matches(Pattern(("ab", "bc")), "abbc", anywhere=False)

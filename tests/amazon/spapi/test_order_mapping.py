"""Orders of the API as rows: what is kept, what is dropped, what is unknown."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from ordertui.amazon.spapi.order_mapping import OrderRows, order_rows
from ordertui.amazon.spapi.schemas import OrderPage
from ordertui.orders.api_facts import ItemCancellation, Parcel
from ordertui.orders.clock import DAY, HOUR, iso_utc
from ordertui.orders.enums import Program
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import LinesKnown
from ordertui.orders.report_row import ROW_FIELDS
from support.api import NOW
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")


def rows(*orders: dict[str, Any], due: int | None = None) -> OrderRows:
    page = msgspec.json.decode(msgspec.json.encode({"orders": orders}), type=OrderPage)
    return order_rows(page.orders, lambda market, ship_by: due, NOW)


def fields(*orders: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(ROW_FIELDS, row, strict=True)) for row in rows(*orders).rows]


def test_an_order_is_what_its_report_rows_would_be() -> None:
    found = fields(order(7, NOW, items=2, quantity=3, price=1500, programs=["AMAZON_BUSINESS"]))
    assert [row["order_item_id"] for row in found] == ["0000000000000701"[1:], "0000000000000702"[1:]]
    first = found[0]
    assert (first["order_id"], first["marketplace"], first["channel"]) == ("113-0000000-0000007", "US", "merchant")
    assert (first["status"], first["item_status"], first["quantity"], first["quantity_shipped"]) == (
        "unshipped",
        "unshipped",
        3,
        0,
    )
    assert (first["currency"], first["item_price"], first["item_tax"], first["shipping_price"]) == ("USD", 1500, 150, 0)
    assert (first["buyer_request"], first["replacement"], first["business"], first["prime"]) == (
        "none",
        "no",
        "yes",
        "no",
    )
    assert (first["purchased_at"], first["ship_by"], first["fact_at"]) == (NOW - DAY, NOW + DAY, NOW - DAY + HOUR)


def test_the_buyers_request_is_kept_and_his_words_are_not() -> None:
    found = rows(order(1, NOW, asked=True))
    row = dict(zip(ROW_FIELDS, found.rows[0], strict=True))
    assert (row["buyer_request"], row["request_reason"]) == ("official", None)
    assert "Jane" not in repr(found)


@pytest.mark.parametrize(
    ("request_", "asked", "reason", "said"),
    [
        (
            {"requester": "BUYER", "cancelReason": "ORDER_CREATED_BY_MISTAKE"},
            "official",
            "ORDER_CREATED_BY_MISTAKE",
            "",
        ),
        (
            {"requester": "BUYER", "cancelReason": "Order Created by Mistake"},
            "official",
            "Order Created by Mistake",
            "",
        ),
        ({"requester": "BUYER"}, "official", None, ""),
        ({"requester": "MERCHANT", "cancelReason": "NO_INVENTORY"}, None, None, "MERCHANT"),
        ({"requester": "AMAZON"}, None, None, "AMAZON"),
        ({"requester": "buyer"}, None, None, "buyer"),
        ({"requester": None}, None, None, "nobody that Amazon names"),
        ({}, None, None, "nobody that Amazon names"),
    ],
)
def test_only_the_buyers_request_is_official(
    request_: dict[str, Any], asked: str | None, reason: str | None, said: str
) -> None:
    made = order(1, NOW)
    made["orderItems"][0]["cancellation"] = {"cancellationRequest": request_}
    found = rows(made)
    row = dict(zip(ROW_FIELDS, found.rows[0], strict=True))
    assert (row["buyer_request"], row["request_reason"]) == (asked, reason)
    (kept,) = found.facts["113-0000000-0000001"].cancellations
    assert (kept.is_requested, kept.requester) == (True, request_.get("requester") or "")
    notes = {one for one in found.unrecognised_values if "only the buyer's request is official" in one}
    assert notes == ({f"a cancellation requested by {said}: only the buyer's request is official"} if said else set())


def test_what_only_the_api_says_is_kept() -> None:
    made = order(1, NOW, "CANCELLED", cancelled_by="MERCHANT", programs=["PRIME", "AMAZON_EASY_SHIP", "TELEPATHY"])
    made["orderItems"][0]["cancellation"]["cancellationExecution"]["cancelReason"] = "I, Jane Doe, was unhappy"
    made["fulfillment"]["deliverByWindow"] = {"latestDateTime": iso_utc(NOW + 5 * DAY)}
    made["packages"] = [
        {"packageReferenceId": "1", "carrier": "UPS", "trackingNumber": "1Z9", "shipTime": iso_utc(NOW),
            "packageStatus": {"status": "IN_TRANSIT"}, "shipFromAddress": {"name": "Jane Doe"}},
        {"packageReferenceId": "2", "packageStatus": None},
    ]  # fmt: skip
    found = rows(made)
    facts = found.facts["113-0000000-0000001"]
    assert (facts.program, facts.deliver_by, facts.at) == (Program.EASY_SHIP, NOW + 5 * DAY, NOW - DAY + HOUR)
    assert facts.parcels == (Parcel("1", "IN_TRANSIT", "UPS", "1Z9", NOW), Parcel("2"))
    assert facts.units_waiting == {"000000000000101": 1}
    assert facts.cancellations == (ItemCancellation("000000000000101", cancelled_by="MERCHANT"),)
    assert facts.bars == (LinesKnown.PROGRAM_BARS_CANCEL | LinesKnown.PROGRAM_BARS_CONFIRM | LinesKnown.PARCEL_LEFT)
    assert found.unrecognised_values == {"program TELEPATHY"}
    assert "Jane" not in repr(found)


def with_proceeds(*breakdowns: dict[str, Any]) -> dict[str, Any]:
    made = order(1, NOW)
    made["orderItems"][0]["proceeds"]["breakdowns"] = list(breakdowns)
    return made


def part(kind: str, amount: str, **details: str) -> dict[str, Any]:
    money = {"amount": amount, "currencyCode": "USD"}
    more = [{"subtype": name, "value": {"amount": value, "currencyCode": "USD"}} for name, value in details.items()]
    return {"type": kind, "subtotal": money} | ({"detailedBreakdowns": more} if more else {})


def test_money_goes_to_its_component() -> None:
    row = fields(
        with_proceeds(
            part("ITEM", "20.00"), part("SHIPPING", "4.99"), part("GIFT_WRAP", "3.00"),
            part("TAX", "2.10", ITEM="1.60", SHIPPING="0.40", GIFT_WRAP="0.10"),
            part("DISCOUNT", "-3.00", ITEM="-2.00", SHIPPING="-1.00"), part("COD_FEE", "1.00"),
        )
    )[0]  # fmt: skip
    amounts = {name: row[name] for name in ROW_FIELDS[16:24]}
    assert amounts == {
        "item_price": 2000, "item_tax": 160, "shipping_price": 499, "shipping_tax": 40, "gift_wrap_price": 300,
        "gift_wrap_tax": 10, "item_promotion": 200, "ship_promotion": 100,
    }  # fmt: skip


def test_what_no_detail_explains_is_not_lost() -> None:
    row = fields(with_proceeds(part("ITEM", "20.00"), part("TAX", "1.60"), part("DISCOUNT", "5.00")))[0]
    assert (row["item_tax"], row["item_promotion"]) == (160, 500)


def test_without_proceeds_the_price_is_unknown() -> None:
    made = order(1, NOW)
    del made["orderItems"][0]["proceeds"]
    assert fields(made)[0]["item_price"] is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda o: o["salesChannel"].update(marketplaceId="X"), "marketplace"),
        (lambda o: o.update(orderItems=[]), "no items"),
        (lambda o: o["orderItems"][0].update(orderItemId="12E3"), "digits"),
        (lambda o: o["orderItems"][0]["proceeds"].update(breakdowns=[part("ITEM", "1.234")]), "decimals"),
        (lambda o: o.update(createdTime="yesterday"), "yesterday"),
    ],
)
def test_a_bad_order_is_named_and_stops_nothing(change: Any, why: str) -> None:
    bad = order(1, NOW)
    change(bad)
    found = rows(bad, order(2, NOW))
    assert [row[1] for row in found.rows] == ["113-0000000-0000002"]
    assert found.rejected[0][0] == "113-0000000-0000001"
    assert why in found.rejected[0][1]


def test_an_unknown_value_is_unknown_and_said() -> None:
    found = rows(order(1, NOW, "ON_THE_MOON"))
    assert found.rows[0][5] is None
    assert found.unrecognised_values == {"order status ON_THE_MOON"}


def test_orders_of_other_channels_are_left_out() -> None:
    made = order(1, NOW)
    made["salesChannel"]["channelName"] = "NON_AMAZON"
    assert rows(made).rows == []


@pytest.mark.parametrize(
    ("said", "due", "by"),
    [
        ("MERCHANT", None, "seller"),
        ("BUYER", None, "buyer"),
        ("AMAZON", NOW + 5 * DAY, "amazon"),
        ("AMAZON", NOW - DAY, "auto"),
        ("AMAZON", None, None),
        ("ROBOT", None, None),
    ],
)
def test_who_cancelled(said: str, due: int | None, by: str | None) -> None:
    found = rows(order(1, NOW, "CANCELLED", cancelled_by=said, updated=NOW), due=due)
    assert found.cancelled == ([("113-0000000-0000001", by, NOW)] if by else [])


def test_one_item_of_the_seller_makes_it_his() -> None:
    made = order(1, NOW, "CANCELLED", cancelled_by="BUYER", items=2)
    made["orderItems"][1]["cancellation"]["cancellationExecution"]["cancelledBy"] = "MERCHANT"
    assert rows(made).cancelled[0][1] == "seller"


def test_a_search_answer_names_its_end() -> None:
    page = msgspec.json.decode(msgspec.json.encode({"orders": [], "lastUpdatedBefore": iso_utc(NOW)}), type=OrderPage)
    assert (page.last_updated_before, page.next_token) == ("2026-11-23T14:05:00Z", "")


def in_currency(made: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made).replace(b'"USD"', f'"{code}"'.encode()))
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item["proceeds"]["breakdowns"][0]["subtotal"].update(currencyCode="EUR"),
        lambda item: item["proceeds"].update(proceedsTotal={"amount": "20.00", "currencyCode": "EUR"}),
        lambda item: item.update(in_currency(item, "EUR")),
    ],
)
def test_amounts_of_another_currency_are_unknown_and_cost_no_order(change: Callable[[dict[str, Any]], None]) -> None:
    made = order(1, NOW, items=2)
    change(made["orderItems"][0])
    found = rows(made)
    assert found.rejected == []
    first, second = fields(made)
    assert (first["currency"], first["item_price"], first["item_promotion"]) == (None, None, None)
    assert (second["currency"], second["item_price"]) == ("USD", 1000)
    assert [one for one in found.unrecognised_values if "EUR, which is not the currency of US" in one]


@pytest.mark.parametrize(("total", "price"), [("22.00", 2000), ("24.00", 2200), (None, 2000)])
def test_where_prices_include_the_tax_no_tax_is_added_unless_amazons_total_has_it_on_top(
    total: str | None, price: int
) -> None:
    """ITEM 20, TAX 2, SHIPPING 2: only a total of 24 shows that the tax is beside the prices."""
    made = with_proceeds(part("ITEM", "20.00"), part("TAX", "2.00", ITEM="2.00"), part("SHIPPING", "2.00"))
    made["salesChannel"]["marketplaceId"] = MARKETPLACES["DE"].id
    if total is not None:
        made["orderItems"][0]["proceeds"]["proceedsTotal"] = {"amount": total, "currencyCode": "USD"}
    row = fields(in_currency(made, "EUR"))[0]
    assert (row["item_price"], row["item_tax"], row["shipping_price"]) == (price, 0, 200)


@pytest.mark.parametrize("total", [{"amount": "20.00", "currencyCode": "EUR"}, {"amount": "x", "currencyCode": "USD"}])
def test_a_grand_total_that_cannot_be_compared_costs_only_the_comparison(total: dict[str, str]) -> None:
    made = with_proceeds(part("ITEM", "20.00"))
    made["proceeds"] = {"grandTotal": total}
    found = rows(made)
    assert not found.rejected
    assert fields(made)[0]["item_price"] == 2000
    assert any("the order's own total cannot be compared" in one for one in found.unrecognised_values)
    assert found.facts[made["orderId"]].differing_grand_total is None


@pytest.mark.parametrize("first", [{"amount": "20.00", "currencyCode": "EUR"}, {"amount": "x", "currencyCode": "USD"}])
def test_a_total_that_cannot_be_compared_hides_no_other(first: dict[str, str]) -> None:
    """The first item's total is in another currency, or no number; the second's, and the order's, differ."""
    made = order(1, NOW, items=3, price=1000)
    one, two, three = made["orderItems"]
    one["proceeds"]["proceedsTotal"] = first
    two["proceeds"]["proceedsTotal"] = {"amount": "5.00", "currencyCode": "USD"}
    three["proceeds"]["proceedsTotal"] = first
    found = rows(made)
    facts = found.facts[made["orderId"]]
    assert list(facts.differing_totals) == [two["orderItemId"]]
    told = sorted(one for one in found.unrecognised_values if "cannot be compared" in one)
    assert [one["orderItemId"] in text for one, text in zip((one, three), told, strict=False)] == [True, True]


def test_the_orders_own_total_is_compared_though_an_item_names_another_currency() -> None:
    made = order(1, NOW, items=2, price=1000)
    made["proceeds"] = {"grandTotal": {"amount": "1.00", "currencyCode": "USD"}}
    made["orderItems"][1]["proceeds"]["proceedsTotal"] = {"amount": "1.00", "currencyCode": "EUR"}
    found = rows(made)
    assert any(made["orderItems"][1]["orderItemId"] in one for one in found.unrecognised_values)
    whole = found.facts[made["orderId"]].differing_grand_total
    assert whole is not None
    assert whole.stated == 100


@pytest.mark.parametrize("ahead", [DAY + 1, 30 * DAY, 365 * DAY])
def test_an_update_in_the_future_is_as_of_now_and_said(ahead: int) -> None:
    found = rows(order(1, NOW, "CANCELLED", updated=NOW + ahead, cancelled_by="MERCHANT"))
    row = dict(zip(ROW_FIELDS, found.rows[0], strict=True))
    assert (row["fact_at"], found.facts["113-0000000-0000001"].at, found.cancelled[0][2]) == (NOW, NOW, NOW)
    assert any("in the future" in one and iso_utc(NOW + ahead) in one for one in found.unrecognised_values)


def test_a_day_of_the_machines_clock_is_forgiven() -> None:
    found = rows(order(1, NOW, updated=NOW + DAY))
    assert dict(zip(ROW_FIELDS, found.rows[0], strict=True))["fact_at"] == NOW + DAY
    assert not found.unrecognised_values


def test_an_order_that_was_placed_in_the_future_was_placed_when_nobody_knows() -> None:
    found = rows(order(1, NOW, age=-40 * DAY, updated=NOW))
    assert dict(zip(ROW_FIELDS, found.rows[0], strict=True))["purchased_at"] is None
    assert any("in the future" in one for one in found.unrecognised_values)


@pytest.mark.parametrize("field", ["createdTime", "lastUpdatedTime"])
@pytest.mark.parametrize("date", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1994-12-31T00:00:00Z"])
def test_a_date_that_cannot_be_is_named_with_its_order(field: str, date: str) -> None:
    found = rows(order(1, NOW) | {field: date})
    assert not found.rows
    assert found.rejected[0][0] == "113-0000000-0000001"


def test_a_ship_by_date_that_cannot_be_is_named_with_its_order() -> None:
    given = order(1, NOW)
    given["fulfillment"]["shipByWindow"]["latestDateTime"] = "9999-12-31T23:59:59-14:00"
    assert not rows(given).rows

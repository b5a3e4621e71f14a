"""The files that Seller Central takes, byte for byte (AMAZON.md c, d, e)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ordertui.amazon import feeds
from ordertui.amazon.feeds import CancelItem, FeedError, RefundItem, ShipItem
from ordertui.amazon.feeds.vocabulary import FLAT_REFUND_REASONS
from ordertui.orders.enums import Action, CancelReason, RefundReason
from ordertui.orders.order import COMPONENTS, LineAmounts

A, B = "113-0000001-0000009", "113-0000002-0000009"
CANCEL = CancelItem(A, "000123456789012", "NoInventory")
REFUND = RefundItem(A, "012345678901234", "CouldNotShip", "USD", LineAmounts(item_price=1999, item_tax=160))
SHIP = ShipItem(A, "01234567890123", 2, "2026-11-23", "UPS", "", "1Z999AA10123456784")
many = settings(max_examples=60, deadline=None)


def test_cancellation_file() -> None:
    items = [CANCEL, CancelItem(A, "100000000000002", "NoInventory"), CancelItem(B, "70000000000001", "BuyerCanceled")]
    assert feeds.cancellation_flat(items, marketplace="US") == (
        b"TemplateType=OrderCancellation\tVersion=1.0/1.0.3\t"
        b"This row for Amazon.com use only.  Do not modify or delete.\r\n"
        b"order-id\tcancellation-reason-code\tamazon-order-item-code\r\n"
        b"113-0000001-0000009\tNoInventory\t000123456789012\r\n"
        b"113-0000001-0000009\tNoInventory\t100000000000002\r\n"
        b"113-0000002-0000009\tBuyerCanceled\t70000000000001\r\n"
    )


def test_payment_adjustment_file_without_promotions_has_no_promotion_columns() -> None:
    other = RefundItem(
        B, "90000000000001", "CustomerCancel", "USD", LineAmounts(shipping_price=5, gift_wrap_price=100),
        units_cancelled=2,
    )  # fmt: skip
    assert feeds.adjustment_flat([REFUND, other], marketplace="US") == (
        b"order-id\torder-item-id\tadjustment-reason-code\tcurrency\titem-price-adj\titem-tax-adj\tshipping-price-adj"
        b"\tshipping-tax-adj\tgift-wrap-price-adj\tgift-wrap-tax-adj\tquantity-cancelled\r\n"
        b"113-0000001-0000009\t012345678901234\tCouldNotShip\tUSD\t19.99\t1.60\t0.00\t0.00\t0.00\t0.00\t0\r\n"
        b"113-0000002-0000009\t90000000000001\tCustomerCancel\tUSD\t0.00\t0.00\t0.05\t0.00\t1.00\t0.00\t2\r\n"
    )


def test_a_promotion_with_its_id_has_columns_and_one_without_is_taken_off_its_price() -> None:
    amounts = LineAmounts(item_price=1999, shipping_price=500, item_promotion=200, ship_promotion=100)
    unnamed = replace(REFUND, order_id=B, amounts=amounts)
    named = replace(REFUND, amounts=amounts, item_promotion_id="PAWS-V2 2026/11", ship_promotion_id="FREE-SHIP")
    assert feeds.adjustment_flat([named, unnamed], marketplace="US") == (
        b"order-id\torder-item-id\tadjustment-reason-code\tcurrency\titem-price-adj\titem-tax-adj\tshipping-price-adj"
        b"\tshipping-tax-adj\tgift-wrap-price-adj\tgift-wrap-tax-adj\titem-promotion-adj\titem-promotion-id"
        b"\tship-promotion-adj\tship-promotion-id\tquantity-cancelled\r\n"
        b"113-0000001-0000009\t012345678901234\tCouldNotShip\tUSD\t19.99\t0.00\t5.00\t0.00\t0.00\t0.00"
        b"\t-2.00\tPAWS-V2 2026/11\t-1.00\tFREE-SHIP\t0\r\n"
        b"113-0000002-0000009\t012345678901234\tCouldNotShip\tUSD\t17.99\t0.00\t4.00\t0.00\t0.00\t0.00"
        b"\t0.00\t\t0.00\t\t0\r\n"
    )
    alone = feeds.adjustment_flat([unnamed], marketplace="US").decode()
    assert "promotion" not in alone


def test_yen_have_two_decimals_and_a_tax_inside_the_price_is_never_sent_beside_it() -> None:
    item = RefundItem(
        "250-0000001-0000009", "10000000000001", "GeneralAdjustment", "JPY",
        LineAmounts(item_price=1100, shipping_price=330),
    )  # fmt: skip
    content = feeds.adjustment_flat([item], marketplace="JP").decode("cp932")
    cells = "JPY\t1100.00\t0.00\t330.00\t0.00\t0.00\t0.00\t0"
    assert content.splitlines()[1] == f"250-0000001-0000009\t10000000000001\tGeneralAdjustment\t{cells}"
    for name in ("item_tax", "shipping_tax", "gift_wrap_tax"):
        with_tax = replace(item, amounts=replace(item.amounts, **{name: 1}))
        assert "prices in JP include the tax" in refused(with_tax, "JP")
        assert "prices in SA include the tax" in refused(replace(with_tax, currency="SAR"), "SA"), "no source: cautious"


def test_a_reason_that_only_the_xml_feed_knows_is_a_general_adjustment_in_the_file() -> None:
    for reason in RefundReason:
        item = replace(REFUND, reason=reason.value)
        flat = feeds.adjustment_flat([item], marketplace="US").decode().splitlines()[1].split("\t")[2]
        xml = feeds.adjustment_xml([item], "M", 1, marketplace="US").decode()
        assert f"<AdjustmentReason>{reason.value}</AdjustmentReason>" in xml
        assert flat == (reason.value if reason in FLAT_REFUND_REASONS else "GeneralAdjustment")


def test_shipping_confirmation_file_in_utf8_and_in_japan_cp932() -> None:
    other = ShipItem(B, "20000000000001", 1, "2026-11-22", "Other", "ヤマト　運輸", "12-34", "宅急便")
    wanted = (
        "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\tship-method\r\n"
        "113-0000001-0000009\t01234567890123\t2\t2026-11-23\tUPS\t\t1Z999AA10123456784\t\r\n"
        "113-0000002-0000009\t20000000000001\t1\t2026-11-22\tOther\tヤマト　運輸\t12-34\t宅急便\r\n"
    )
    assert feeds.fulfillment_flat([SHIP, other], marketplace="US") == wanted.encode("utf-8")
    assert feeds.fulfillment_flat([SHIP, other], marketplace="JP") == wanted.encode("cp932")
    with pytest.raises(FeedError, match="'é' cannot be written in cp932, which JP needs"):
        feeds.fulfillment_flat([replace(other, carrier_name="Société")], marketplace="JP")


components = st.builds(LineAmounts, **{name: st.integers(0, 10**7) for name in COMPONENTS}).filter(
    lambda c: c.total > 0
)


@many
@given(
    st.lists(st.tuples(components, st.sampled_from(["", "P-1"]), st.sampled_from(["", "P-2"])), min_size=1, max_size=8),
    st.sampled_from([("US", "USD"), ("JP", "JPY"), ("DE", "EUR"), ("CA", "CAD")]),
)
def test_file_and_feed_give_back_exactly_the_money_that_was_asked_for(
    asked: list[tuple[LineAmounts, str, str]], market: tuple[str, str]
) -> None:
    code, currency = market
    if code in ("JP", "DE"):
        asked = [(replace(one, item_tax=0, shipping_tax=0, gift_wrap_tax=0), item, ship) for one, item, ship in asked]
        asked = [one for one in asked if one[0].total > 0]
        assume(asked)
    items = [
        RefundItem(A, f"{n:015d}", "CustomerReturn", currency, one, 0, item, ship)
        for n, (one, item, ship) in enumerate(asked)
    ]
    content = feeds.adjustment_flat(items, marketplace=code)
    feeds.check_flat_file(content, Action.REFUND, code)
    xml = feeds.adjustment_xml(items, "M", 1, marketplace=code)
    feeds.check_feed(xml, "OrderAdjustment")
    lines = content.decode("cp932").split("\r\n")
    header = lines[0].split("\t")
    named = any((item and one.item_promotion) or (ship and one.ship_promotion) for one, item, ship in asked)
    assert ("item-promotion-adj" in header) == bool(named)
    adjusted = list(fromstring(xml).iter("AdjustedItem"))
    for (one, *_), line, element in zip(asked, lines[1:-1], adjusted, strict=True):
        row = dict(zip(header, line.split("\t"), strict=True))
        money = [Decimal(value) for name, value in row.items() if name.endswith("-adj")]
        assert all(-value.as_tuple().exponent == 2 for value in money)  # type: ignore[operator]
        sent = [Decimal(amount.text or "") for amount in element.iter("Amount")]
        assert {sum(money), sum(sent)} == {Decimal(one.total) / (1 if code == "JP" else 100)}
        assert all((row.get(f"{part}-promotion-adj", "0.00") == "0.00") or row[f"{part}-promotion-id"]
                   for part in ("item", "ship"))  # fmt: skip


@many
@given(st.lists(st.integers(0, 10**15 - 1), min_size=1, max_size=6, unique=True), st.sampled_from(list(CancelReason)))
def test_the_same_items_give_the_same_bytes_and_ids_stay_text(numbers: list[int], reason: CancelReason) -> None:
    items = [CancelItem(A, f"{number:015d}", reason) for number in numbers]
    content = feeds.cancellation_flat(items, marketplace="UK")
    assert content == feeds.cancellation_flat(iter(items), marketplace="UK")
    rows = [line.split("\t") for line in content.decode("ascii").split("\r\n")[2:-1]]
    assert rows == [[item.order_id, item.reason, item.item_id] for item in items]


def refused(item: CancelItem | RefundItem | ShipItem, market: str = "US") -> str:
    """Return the message with which both forms refuse an item."""
    flat, xml = {
        CancelItem: (feeds.cancellation_flat, feeds.acknowledgement_xml),
        RefundItem: (feeds.adjustment_flat, feeds.adjustment_xml),
        ShipItem: (feeds.fulfillment_flat, feeds.fulfillment_xml),
    }[type(item)]
    with pytest.raises(FeedError) as one:
        flat([item], marketplace=market)  # type: ignore[operator]
    with pytest.raises(FeedError) as two:
        xml([item], "M", 1, marketplace=market)  # type: ignore[operator]
    assert str(one.value) == str(two.value)
    return str(one.value)


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (replace(CANCEL, order_id="113-1-2"), "is no order id"),
        (replace(CANCEL, order_id="１13-0000001-0000009"), "is no order id"),
        (replace(CANCEL, item_id=""), "import the Unshipped orders report"),
        (replace(CANCEL, item_id="1.2E+14"), "the order-item-id must be digits"),
        (replace(CANCEL, item_id="１２"), "the order-item-id must be digits"),
        (replace(CANCEL, reason="Because"), "'Because' is no cancellation reason"),
        (replace(CANCEL, reason="CouldNotShip"), "is no cancellation reason"),
        (replace(REFUND, reason="BuyerCanceled"), "is no refund reason"),
        (replace(REFUND, currency="EUR"), "EUR in a feed of USD: amounts of another currency are never sent"),
        (replace(REFUND, amounts=LineAmounts()), "nothing would be given back"),
        (replace(REFUND, amounts=LineAmounts(item_price=-1, item_tax=5)), "item price is below zero"),
        (replace(REFUND, amounts=LineAmounts(item_price=5, item_promotion=9)), "nothing would be given back"),
        (replace(REFUND, units_cancelled=-1), "cannot be cancelled"),
        (replace(REFUND, units_cancelled=1), "takes the reason NoInventory or CustomerCancel, not CouldNotShip"),
        (replace(REFUND, item_promotion_id="A\tB"), "has a tab, line end or control character in it"),
        (replace(CANCEL, item_id="1234567890123"), "14 to 16 of them"),
        (replace(CANCEL, item_id="12345678901234567"), "14 to 16 of them"),
        (replace(SHIP, quantity=0), "the quantity must be 1 or more"),
        (replace(SHIP, tracking=" "), "a shipment needs a carrier and a tracking number"),
        (replace(SHIP, carrier_code="Other"), "carrier Other needs the carrier's name"),
        (replace(SHIP, ship_date="23.11.2026"), "is no date such as 2026-11-23"),
        (replace(SHIP, ship_date="20261123"), "is no date such as 2026-11-23"),
        *((replace(SHIP, tracking=f"1Z{odd}9"),
            "has a tab, line end or control character in it") for odd in "\t\r\n\x00\x1b\x85\u202e\u2028\ufffe\ud800"),
        (replace(SHIP, carrier_code="UPS\tX"), "has a tab, line end or control character in it"),
    ],
)  # fmt: skip
def test_what_must_not_go_to_amazon_is_refused(item: CancelItem | RefundItem | ShipItem, says: str) -> None:
    assert says in refused(item)


def test_a_feed_is_of_one_known_marketplace_and_names_an_item_once() -> None:
    assert "there is no marketplace 'XX'; a feed belongs to one" in refused(CANCEL, "XX")
    assert "USD in a feed of EUR" in refused(REFUND, "DE")
    with pytest.raises(FeedError, match="it is in the feed twice"):
        feeds.cancellation_flat([CANCEL, replace(CANCEL, reason="BuyerCanceled")], marketplace="US")
    for build in (feeds.cancellation_flat, feeds.adjustment_flat, feeds.fulfillment_flat):
        with pytest.raises(FeedError, match="a feed without rows is not made"):
            build([], marketplace="US")


def test_reason_codes_are_those_amazon_takes() -> None:
    assert set(CancelReason) == {
        "BuyerCanceled", "CustomerExchange", "CustomerReturn", "GeneralAdjustment", "MerchandiseNotReceived",
        "NoInventory",
        "ShippingAddressUndeliverable",
    }  # fmt: skip
    assert set(FLAT_REFUND_REASONS) == {
        "NoInventory", "CustomerReturn", "GeneralAdjustment", "CouldNotShip", "DifferentItem", "CustomerCancel",
    }  # fmt: skip
    assert set(RefundReason) - FLAT_REFUND_REASONS == {
        "PriceError", "Undeliverable", "RefusedDelivery", "CustomerAddressIncorrect", "Exchange", "Abandoned",
        "ProductOutofStock", "Other",
    }  # fmt: skip


def test_a_carrier_goes_by_amazons_code_or_as_other_with_its_name() -> None:
    assert feeds.carrier_code("UPS") == ("UPS", "")
    assert feeds.carrier_code(" royal  mail ") == ("Royal Mail", "")
    assert feeds.carrier_code("FEDEX") == ("FedEx", "")
    assert feeds.carrier_code("dhl ecommerce") == ("DHL eCommerce", "")
    assert feeds.carrier_code("Correos") == ("Other", "Correos")
    assert feeds.carrier_code("australia post-articleid") == ("Australia Post-ArticleId", "")
    assert feeds.carrier_code(" other ") == ("Other", ""), "it names no carrier, and is refused"
    ours = replace(SHIP, carrier_code="Other", carrier_name="x" * 50)
    assert feeds.fulfillment_flat([ours], marketplace="US")
    assert "takes 50 characters of a carrier's name" in refused(replace(ours, carrier_name="x" * 51))
    assert "Amazon has no carrier code 'Correos'" in refused(replace(SHIP, carrier_code="Correos"))


NAMED = replace(
    REFUND, amounts=LineAmounts(1999, 160, 500, 40, 300, 24, 200, 100), item_promotion_id="P-1", ship_promotion_id="S"
)
FILES = {
    "cancel": (feeds.cancellation_flat([CANCEL, replace(CANCEL, order_id=B)], marketplace="US"), Action.CANCEL),
    "refund": (feeds.adjustment_flat([REFUND], marketplace="US"), Action.REFUND),
    "promotion": (feeds.adjustment_flat([NAMED, replace(REFUND, order_id=B)], marketplace="US"), Action.REFUND),
    "confirm": (
        feeds.fulfillment_flat(
            [SHIP, replace(SHIP, order_id=B, carrier_code="Other", carrier_name="Ours")], marketplace="US"
        ),
        Action.CONFIRM,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_what_the_program_writes_fits_the_columns(name: str) -> None:
    content, action = FILES[name]
    feeds.check_flat_file(content, action, "US")


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("cancel", b"Version=1.0", b"Version=1", "template line"),
        ("cancel", b"NoInventory", b"PriceError",
         r"order 113-0000001-0000009: cancellation-reason-code must be a reason of Amazon's, not 'PriceError'"),
        ("cancel", b"000123456789012", b"0123456789012", "amazon-order-item-code must be 14 to 16 digits"),
        ("refund", b"\t0.00\t0.00\t0.00\t0.00\t0\r\n", b"\t\t\t\t\t0\r\n", "shipping-price-adj must be an amount"),
        ("refund", b"\t0\r\n", b"\t\r\n", "quantity-cancelled must be a number of units"),
        ("refund", b"19.99", b"19,99", "item-price-adj must be an amount with two decimals, not '19,99'"),
        ("refund", b"item-tax-adj\t", b"", "the file's header must be"),
        ("promotion", b"\tP-1\t", b"\t\t", "order 113-0000001-0000009: item-promotion-adj needs item-promotion-id"),
        ("confirm", b"UPS", b"Ups", "carrier-code must be a code of Amazon's list, or Other, not 'Ups'"),
        ("confirm", b"Ours", b"", "order 113-0000002-0000009: carrier-code Other needs a carrier-name"),
        ("confirm", b"\t2\t2026", b"\t0\t2026", "quantity must be a number of units, not '0'"),
        ("confirm", b"1Z999AA10123456784", b"", "tracking-number"),
        ("confirm", b"2026-11-23", b"23.11.2026", "ship-date must be a date"),
        ("confirm", b"\tUPS\t", b"\tUPS\t\t", "9 cells, 8 are wanted"),
        ("confirm", b"Ours", b"Ours \xff", "is not in utf-8"),
        ("cancel", b"000123456789012", b"00012345678901234", "amazon-order-item-code must be 14 to 16 digits"),
        ("cancel", b"000123456789012", "０００１２３４５６７８９０１２".encode(), "item-code must be"),
        ("cancel", b"000123456789012", b"1.2345679E+14", "amazon-order-item-code must be 14 to 16 digits"),
        ("cancel", b"NoInventory", b"CarrierCreditDecision", "cancellation-reason-code must be"),
        ("cancel", b"NoInventory", b"noinventory", "cancellation-reason-code must be"),
        ("cancel", b"113-0000002-0000009", b"113-0000001-0000009", "item 000123456789012 is there twice"),
        ("cancel", b"113-0000001-0000009", b"113-000001-0000009", "order-id must be an order id"),
        ("refund", b"CouldNotShip", b"TransactionRecord", "adjustment-reason-code must be"),
        ("refund", b"\tUSD\t", b"\tEUR\t", "currency must be USD in US, not EUR"),
        ("refund", b"19.99\t1.60", b"0.00\t0.00", "nothing is given back"),
        ("refund", b"19.99", b"-19.99", "item-price-adj must be an amount with two decimals"),
        ("refund", b"19.99", b"1,019.99", "item-price-adj must be an amount with two decimals"),
        ("promotion", b"\t-2.00\t", b"\t2.00\t", "item-promotion-adj must be 0.00, or an amount below zero"),
        ("confirm", b"2026-11-23", b"2026-02-30", "ship-date must be a date such as 2026-11-23, not '2026-02-30'"),
        ("confirm", b"2026-11-23", b"11/23/2026", "ship-date must be a date"),
        ("confirm", b"\tUPS\t", b"\tups\t", "carrier-code must be"),
        ("confirm", b"\tUPS\t", b"\tUnited Parcel\t", "carrier-code must be"),
        ("confirm", b"1Z999AA10123456784", b"   ", "tracking-number"),
    ],
)  # fmt: skip
def test_the_message_names_order_and_column(name: str, old: bytes, new: bytes, says: str) -> None:
    content, action = FILES[name]
    assert old in content
    with pytest.raises(FeedError, match=says):
        feeds.check_flat_file(content.replace(old, new, 1), action, "US")


def test_yen_are_whole() -> None:
    yen = feeds.adjustment_flat([replace(REFUND, currency="JPY", amounts=LineAmounts(1100))], marketplace="JP")
    feeds.check_flat_file(yen, Action.REFUND, "JP")
    with pytest.raises(FeedError, match=r"item-price-adj must be a whole number of JPY, not 1100\.50"):
        feeds.check_flat_file(yen.replace(b"1100.00", b"1100.50"), Action.REFUND, "JP")


def test_a_file_without_rows_or_its_last_line_end_is_none() -> None:
    content, action = FILES["refund"]
    for broken in (b"", content[:-2], content.splitlines(keepends=True)[0]):
        with pytest.raises(FeedError):
            feeds.check_flat_file(broken, action, "US")

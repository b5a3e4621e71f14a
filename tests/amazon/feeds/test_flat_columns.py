"""Upload files held against the columns that Amazon's help pages name."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ordertui.amazon import feeds
from ordertui.amazon.feeds import FeedError
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts

from .test_flat_file import CANCEL, REFUND, SHIP, B

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

"""Nulls are absent fields, also where Amazon's model shows none; what cannot be read is named by its path."""

from decimal import Decimal

import msgspec
import pytest

from ordertui.amazon.spapi.decoding import UnreadableJson, decode_body, read_text_field
from ordertui.amazon.spapi.schemas import ApiOrder, Feeds, FinanceAmount, OrderPage, Transaction


def test_a_null_is_an_absent_field() -> None:
    found = decode_body(b'{"feeds": [{"feedId": "1", "feedType": null, "marketplaceIds": null}]}', Feeds)
    assert (found.feeds[0].feed_id, found.feeds[0].feed_type, found.feeds[0].marketplace_ids) == ("1", "", ())


@pytest.mark.parametrize("content", [b'{"feeds": null}', b"{}", b'{"orders": null}', b"null", b"[]"])
@pytest.mark.parametrize("into", [Feeds, OrderPage])
def test_a_null_is_never_an_empty_success(content: bytes, into: type[object]) -> None:
    with pytest.raises(UnreadableJson):
        decode_body(content, into)


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (b'{"feeds": [{"feedId": "1"}, {"feedId": 2}]}', "$.feeds[1].feedId"),
        (b'{"feeds": [null]}', "$.feeds[0]"),
        (b'{"feeds": [{"feedId": null}]}', "missing required field `feedId` - at `$.feeds[0]`"),
        (b"[" * 200_000, ""),
        (b'{"feeds": [', ""),
        (b"\xff\xfe", ""),
    ],
)
def test_what_cannot_be_read_is_named(content: bytes, path: str) -> None:
    with pytest.raises(UnreadableJson) as caught:
        decode_body(content, Feeds)
    assert path in str(caught.value)


def test_amounts_keep_every_digit_beside_a_null() -> None:
    raw = b'{"transactionId": null, "totalAmount": {"currencyCode": "USD", "currencyAmount": -123456789012345678.10}}'
    total = decode_body(raw, Transaction).total_amount
    assert total is not None
    assert Decimal(bytes(total.currency_amount).decode()) == Decimal("-123456789012345678.10")
    assert decode_body(b'{"currencyAmount": 1e3}', FinanceAmount).currency_amount == msgspec.Raw(b"1e3")


def test_an_id_is_found_where_the_rest_cannot_be_read() -> None:
    broken = b'{"orderId": "113-1\\u001b", "orderItems": 7}'
    with pytest.raises(UnreadableJson):
        decode_body(broken, ApiOrder)
    assert read_text_field(broken, "orderId") == "113-1"
    assert read_text_field(b"[1]", "orderId") == ""
    assert read_text_field(b'{"orderId": 7}', "orderId") == ""


def test_half_of_a_character_costs_nothing_else() -> None:
    """A title that was cut within an emoji; a whole one and an escaped backslash stay as they are."""
    text = rb'{"orders": [{"title": "a \ud83d b \ud83d\ude00 \\ud83d \udc00"}, {"x": 1}]}'
    page = decode_body(text, OrderPage)
    assert len(page.orders) == 2
    assert decode_body(page.orders[0], dict) == {"title": "a \ufffd b \U0001f600 \\ud83d \ufffd"}

"""Nulls are absent fields, also where Amazon's model shows none; what cannot be read is named by its path."""

import json
from decimal import Decimal

import msgspec
import pytest

from ordertui.amazon.spapi.decoding import (
    MAX_PROBLEMS,
    UnreadableJson,
    decode_body,
    format_problems,
    read_problems,
    read_text_field,
)
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
        (b'{"feeds": [{"feedId": "1"}, {"feedId": 2}]}', "feeds[1].feedId"),
        (b'{"feeds": [null]}', "feeds[0]"),
        (b'{"feeds": [{"feedId": null}]}', "feedId is missing in feeds[0]"),
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


def shown(body: object) -> str:
    return format_problems(read_problems(body if isinstance(body, bytes) else json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"errors": [{"code": "InvalidInput", "message": "bad"}]}, "InvalidInput bad"),
        ({"errors": [{"code": "InvalidInput", "message": None}]}, "InvalidInput"),
        ({"errors": [{"code": None, "message": "bad"}]}, "bad"),
        ({"errors": [{"code": "A"}, {"code": "B", "message": "two", "details": "three"}]}, "A; B two three"),
        ({"errors": [{"code": 400, "message": {"text": "no text"}}]}, "400"),
        ({"errors": [None, {"code": "A", "message": None}]}, "A"),
        ({"errors": {"code": "A", "message": "one object"}}, "A one object"),
        ({"errors": None, "code": "A", "message": "beside"}, "A beside"),
        ({"errors": ["words alone"]}, "words alone"),
        ({"message": "Forbidden"}, "Forbidden"),
        ({"Code": "Sender", "Message": "no"}, "Sender no"),
        ({"error": "invalid_scope", "error_description": "not yours"}, "invalid_scope not yours"),
        (
            b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>expired</Message></Error>",
            "AccessDenied expired",
        ),
        (b"<html><h1>503</h1></html>", ""),
        (b"", ""),
        (b"[" * 100_000, ""),
        ([1, 2], ""),
        ({"errors": [{"code": "A\n\x1b[2J", "message": "b\tc"}]}, "A [2J b c"),
    ],
)
def test_codes_and_words_are_shown(body: object, words: str) -> None:
    assert shown(body) == words


def test_long_words_cost_no_code() -> None:
    many = [{"code": f"Code{number}", "message": "x" * 5000} for number in range(MAX_PROBLEMS + 3)]
    text = shown({"errors": many})
    assert all(f"Code{number} " in text for number in range(MAX_PROBLEMS))
    assert text.endswith("; and 3 more")
    assert len(text) < 1200

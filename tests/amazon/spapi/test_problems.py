"""Amazon's errors: codes and words are shown, whatever of them is null, missing or of another form."""

import json

import pytest

from ordertui.amazon.spapi.problems import MAX_PROBLEMS, format_problems, read_problems


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

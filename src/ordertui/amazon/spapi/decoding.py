"""Amazon's JSON as typed values. A null stands for an absent field, also where Amazon's model shows none.

Errors are read too: what Amazon says of a call that it refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeVar

import msgspec

from ordertui.orders.text import describe_json_error, to_single_line

Body = TypeVar("Body")
_PLAIN = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)
"""An escape in a JSON text; the first group is half of a character beyond 16 bits, such as a title that was cut within
one has: one such title must not cost the other orders of a page.
"""
_MAX_PROBLEM_LENGTH = 200


class UnreadableJson(ValueError):
    """Bytes that are not JSON, or not of the form that was expected; the text names the path to the value."""


def decode_body(content: bytes | msgspec.Raw, into: type[Body]) -> Body:
    """Return JSON as `into`. Raises UnreadableJson, whose text names the place as a path such as `orderItems[0]`.

    Fields that are null are taken for absent: they get their default, and a field that must be there is missing.
    """
    try:
        try:
            return _decode_whole(content, into)
        except msgspec.ValidationError:
            content = _ESCAPE.sub(_replace_half, bytes(content))
            return msgspec.json.decode(_ENCODER.encode(_without_nulls(_PLAIN.decode(content))), type=into)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        words = describe_json_error(bytes(content), error)
        raise UnreadableJson(to_single_line(words)[:_MAX_PROBLEM_LENGTH]) from None


def _decode_whole(content: bytes | msgspec.Raw, into: type[Body]) -> Body:
    try:
        return msgspec.json.decode(content, type=into)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        cleaned = _ESCAPE.sub(_replace_half, bytes(content))
        if cleaned == content:
            raise
        return msgspec.json.decode(cleaned, type=into)


def _replace_half(found: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if found[1] else found[0]


def read_text_field(content: bytes | msgspec.Raw, name: str) -> str:
    """Return one text of an object that cannot be read as a whole; empty when it is no object or holds no such text."""
    try:
        found = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    value = found.get(name) if isinstance(found, dict) else None
    return to_single_line(value)[:80] if isinstance(value, str) else ""


def _without_nulls(value: object) -> object:
    """Return the value without the fields that are null. A null within a list stays: it is an entry, not absent."""
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


MAX_PROBLEMS = 10
"""Errors of one answer that are shown; the number of the others is said."""
_MAX_CODE_LENGTH = 80
_MIN_TEXT_LENGTH, _MAX_TEXT_LENGTH = 60, 600
_CODES, _TEXTS = ("code", "Code", "error"), ("message", "Message", "error_description", "details")
_XML_ERROR = re.compile(rb"<Error>(?:(?!</Error>).){0,4000}", re.DOTALL)
_XML_PART = re.compile(rb"<(Code|Message)>([^<]{0,1000})</")


class Problem(msgspec.Struct, frozen=True):
    """One error in Amazon's words. Either part may be empty."""

    code: str
    text: str


def read_problems(content: bytes) -> list[Problem]:
    """Return the errors of a body; none when it names none that can be read.

    Amazon's model has a list `errors`; its gateway also answers with one object, or with a message alone, Login with
    Amazon with an `error`, and the store of documents with XML.
    """
    try:
        body = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _xml_problems(content)
    named = body.get("errors") if isinstance(body, dict) else None
    entries = named if isinstance(named, list) and named else [named or body]
    found = [_problem(entry) for entry in entries]
    return [one for one in found if one.code or one.text]


def format_problems(problems: list[Problem]) -> str:
    """Return codes and texts as one line; long texts are cut, so that no code is lost. Empty without a problem."""
    shown = problems[:MAX_PROBLEMS]
    room = max(_MIN_TEXT_LENGTH, _MAX_TEXT_LENGTH // max(1, len(shown)))
    texts = [f"{one.code} {one.text[:room]}".strip() for one in shown]
    if len(problems) > len(shown):
        texts.append(f"and {len(problems) - len(shown)} more")
    return "; ".join(texts)


def _problem(entry: object) -> Problem:
    if isinstance(entry, str):
        return Problem("", to_single_line(entry))
    if not isinstance(entry, dict):
        return Problem("", "")
    code = next(filter(None, (_scalar(entry.get(name)) for name in _CODES)), "")
    return Problem(code[:_MAX_CODE_LENGTH], " ".join(filter(None, (_scalar(entry.get(name)) for name in _TEXTS))))


def _xml_problems(content: bytes) -> list[Problem]:
    found = _XML_ERROR.search(content[:10_000])
    parts = (
        {} if found is None else {name: value.decode("utf-8", "replace") for name, value in _XML_PART.findall(found[0])}
    )
    code, text = to_single_line(parts.get(b"Code", "")), to_single_line(parts.get(b"Message", ""))
    return [Problem(code[:_MAX_CODE_LENGTH], text)] if code or text else []


def _scalar(value: object) -> str:
    return to_single_line(str(value)) if isinstance(value, str | int | float) else ""

"""The errors that a refused call's body names. Every code is shown, also one without a text."""

from __future__ import annotations

import re

import msgspec

from ordertui.orders.text import to_single_line

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

"""Plans as JSON, the same in the journal and in a plan file: screen and command line open each other's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ordertui.files import MEBIBYTE, FileConflict, check_output, new_output, open_plain, read_file
from ordertui.operations.errors import BadInput, Refused
from ordertui.orders.text import describe_json_error

from .plan import Plan

VERSION = 1
_BEGINNING = b'{\n  "ordertui_plan": '
MOST_BYTES = 1024 * MEBIBYTE


class _File(msgspec.Struct, frozen=True):
    ordertui_plan: int
    plans: tuple[Plan, ...]


def encode(plan: Plan) -> bytes:
    """Return the plan as the journal keeps it."""
    return msgspec.json.encode(plan)


def decode(content: bytes) -> Plan:
    """Return the plan that `encode` wrote. Raises BadInput."""
    try:
        return msgspec.json.decode(content, type=Plan)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"the journal's plan cannot be read: {error}") from error


def inside_only(path: Path, inside: Path | None) -> None:
    """Let a practice store (`inside`: its folder) write nowhere else. Raises Refused."""
    if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
        raise Refused(
            f"this is a practice store: it writes nothing outside its own folder; choose a place under {inside}"
        )


def check_plan_output(path: Path, *, inside: Path | None, replace: bool) -> None:
    """Refuse a file that a plan may not be written to, before the plan is made. Raises Refused, FileConflict."""
    inside_only(path, inside)
    if not replace and is_plan_file(path):
        raise FileConflict(f"{path} is a plan already and was not touched: choose another name, or give --replace")
    check_output(path, may_replace=is_plan_file if replace else None)


def is_plan_file(path: Path) -> bool:
    """Return whether a file begins as the plan files of this program do."""
    try:
        with open_plain(path) as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def save_plans(plans: Sequence[Plan], path: Path, *, inside: Path | None, replace: bool = False) -> None:
    """Write a plan file, readable JSON. With `inside` (practice) only into that folder.

    A file that exists is replaced only with `replace`, and only a plan file. Raises Refused, FileConflict, BadInput.
    """
    check_plan_output(path, inside=inside, replace=replace)
    try:
        with new_output(path, may_replace=is_plan_file if replace else None) as file:
            file.writelines(_parts(plans))
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}; choose another place") from error


def _parts(plans: Sequence[Plan]) -> Iterator[bytes]:
    """Yield a plan file piece by piece, one order a line, so that no second copy of a large plan is held."""
    yield _BEGINNING + str(VERSION).encode() + b',\n  "plans": ['
    for number, plan in enumerate(plans):
        yield b",\n    {" if number else b"\n    {"
        for place, name in enumerate(plan.__struct_fields__):
            value = getattr(plan, name)
            yield (b"," if place else b"") + b'\n      "' + name.encode() + b'": '
            if isinstance(value, tuple) and value:
                for position, item in enumerate(value):
                    line = msgspec.json.format(msgspec.json.encode(item), indent=0)
                    yield (b",\n        " if position else b"[\n        ") + line
                yield b"\n      ]"
            else:
                yield msgspec.json.encode(value)
        yield b"\n    }"
    yield b"\n  ]\n}\n"


def load_plans(path: Path) -> tuple[Plan, ...]:
    """Return the plans of a plan file. Raises BadInput naming the file and what is wrong in it."""
    content = b""
    try:
        content = read_file(path, MOST_BYTES)
        found = msgspec.json.decode(content, type=_File)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        words = describe_json_error(content, error)
        raise BadInput(f"{path} is no plan file of ordertui: {words}; make one with `ordertui plan`") from error
    if found.ordertui_plan != VERSION:
        raise BadInput(
            f"{path} has plan version {found.ordertui_plan}, this program knows {VERSION}; make the plan again"
        )
    return found.plans

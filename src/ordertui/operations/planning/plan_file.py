"""Plans as JSON, the same in the journal and in a plan file: screen and command line open each other's."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from ordertui.files import MEBIBYTE, FileConflict, check_output, new_output, open_plain, read_file
from ordertui.operations.errors import BadInput, Refused
from ordertui.orders.packed import ITEMS_AT_ONCE, Packer, pack
from ordertui.orders.text import describe_json_error

from .plan import ExcludedOrder, Plan, PlannedOrder

VERSION = 1
_BEGINNING = b'{\n  "ordertui_plan": '
MOST_BYTES = 1024 * MEBIBYTE
MOST_LINE_BYTES = 16 * MEBIBYTE
READ_BYTES = MEBIBYTE
_LISTS: Mapping[str, type[PlannedOrder | ExcludedOrder]] = {"rows": PlannedOrder, "out": ExcludedOrder}
"""The long lists of a plan, which are packed."""
_Parts = msgspec.json.Decoder[list[PlannedOrder]] | msgspec.json.Decoder[list[ExcludedOrder]]
_PARTS: Mapping[str, _Parts] = {
    "rows": msgspec.json.Decoder(list[PlannedOrder]), "out": msgspec.json.Decoder(list[ExcludedOrder]),
}  # fmt: skip
"""Read a part of one of them, as the journal keeps it."""


class _File(msgspec.Struct, frozen=True):
    ordertui_plan: int
    plans: tuple[Plan, ...]


def encode(plan: Plan) -> bytes:
    """Return the plan as the journal keeps it: compressed lines of JSON, first the plan without its long lists, then
    parts of these. An order takes some 60 bytes.
    """
    squeezed = zlib.compressobj(1)
    head = msgspec.structs.replace(plan, **dict.fromkeys(_LISTS, ()))
    found = [squeezed.compress(msgspec.json.encode(head) + b"\n")]
    for name in _LISTS:
        values: Sequence[msgspec.Struct] = getattr(plan, name)
        for start in range(0, len(values), ITEMS_AT_ONCE):
            part = msgspec.json.encode({name: values[start : start + ITEMS_AT_ONCE]})
            found.append(squeezed.compress(part + b"\n"))
    return b"".join((*found, squeezed.flush()))


def decode(content: bytes, *, with_excluded: bool = True) -> Plan:
    """Return the plan that `encode` wrote, or that version 0.1 did. Raises BadInput.

    The orders that it excludes come last, and need not be read.
    """
    try:
        if content.startswith(b"{"):
            return packed(msgspec.json.decode(content, type=Plan))
        lines = _unsqueezed_lines(content)
        plan = msgspec.json.decode(next(lines, b""), type=Plan)
        lists = {name: Packer(kind) for name, kind in _LISTS.items()}
        for line in lines:
            ((name, part),) = msgspec.json.decode(line, type=dict[str, msgspec.Raw]).items()
            if name == "out" and not with_excluded:
                break
            for item in _PARTS[name].decode(part):
                lists[name].add(item)
    except (msgspec.MsgspecError, zlib.error, LookupError, ValueError, RecursionError) as error:
        raise BadInput("the journal's plan cannot be read: it is damaged") from error
    return msgspec.structs.replace(plan, **{name: packer.finish() for name, packer in lists.items()})


def packed(plan: Plan) -> Plan:
    """Return a plan that was read whole with its long lists as every plan has them."""
    return msgspec.structs.replace(plan, **{name: pack(kind, getattr(plan, name)) for name, kind in _LISTS.items()})


def _unsqueezed_lines(content: bytes) -> Iterator[bytes]:
    squeezed = zlib.decompressobj()
    rest, size = b"", 0
    while content:
        part = squeezed.decompress(content, READ_BYTES)
        size += len(part)
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
        if size > MOST_BYTES or len(rest) > MOST_LINE_BYTES:
            raise BadInput("the journal's plan cannot be read: it is larger than a plan ever is")
        content = squeezed.unconsumed_tail
    *lines, rest = (rest + squeezed.flush()).split(b"\n")
    yield from lines
    if rest or not squeezed.eof:
        raise BadInput("the journal's plan cannot be read: it is cut short")


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


def save_plans(plans: Sequence[Plan], path: Path, *, inside: Path | None, replace: bool) -> None:
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
            if isinstance(value, Sequence) and not isinstance(value, str) and value:
                for position, item in enumerate(value):
                    line = msgspec.json.format(msgspec.json.encode(item), indent=0)
                    yield (b",\n        " if position else b"[\n        ") + line
                yield b"\n      ]"
            else:
                yield msgspec.json.encode(value)
        yield b"\n    }"
    yield b"\n  ]\n}\n"


def load_plans(path: Path) -> tuple[Plan, ...]:
    """Return the plans of a plan file. Raises BadInput naming the file and what is wrong in it.

    A file that is laid out as `save_plans` writes it is read line by line, so that a large one needs little memory.
    """
    content = b""
    try:
        plans = _read_lines(path)
        if plans is not None:
            return plans
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
    return tuple(packed(plan) for plan in found.plans)


def _read_lines(path: Path) -> tuple[Plan, ...] | None:
    """Return the plans of a file as `save_plans` lays it out; None for any other, and for one with a fault in it."""
    plans = []
    try:
        with open_plain(path) as file:
            lines = _lines_of(file)
            if next(lines, b"") != b"{" or next(lines, b"") != _BEGINNING[2:] + b"%d," % VERSION:
                return None
            if next(lines, b"") != b'  "plans": [':
                return None
            for line in lines:
                if line == b"    {":
                    plans.append(_read_plan(lines))
                elif line == b"  ]" and next(lines, b"") == b"}" and next(lines, None) is None:
                    return tuple(plans)
                else:
                    return None
    except (msgspec.MsgspecError, LookupError, ValueError, RecursionError):
        return None
    return None


def _lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file. Raises ValueError at the one with which it is larger than MOST_BYTES."""
    left = MOST_BYTES
    while line := file.readline(min(MOST_LINE_BYTES, left + 1)):
        left -= len(line)
        if left < 0:
            raise ValueError("it is too large")
        yield line.removesuffix(b"\n")


def _read_plan(lines: Iterator[bytes]) -> Plan:
    """Return the plan that begins here. Raises ValueError or MsgspecError where the layout is another."""
    fields: dict[bytes, bytes] = {}
    lists = {name: Packer(kind) for name, kind in _LISTS.items()}
    for line in lines:
        if line in (b"    }", b"    },"):
            break
        name, _, value = line.partition(b": ")
        if name in fields or not name.startswith(b'      "'):
            raise ValueError("the layout is another")
        key = name[7:-1].decode()
        if value != b"[":
            fields[name] = value.removesuffix(b",")
        elif key in _LISTS:
            fields[name] = b"[]"
            decoder = msgspec.json.Decoder(_LISTS[key])
            for item in _items(lines):
                lists[key].add(decoder.decode(item))
        else:
            fields[name] = b"[" + b",".join(_items(lines)) + b"]"
    else:
        raise ValueError  # it is cut short
    plan = msgspec.json.decode(
        b"{" + b",".join(name + b":" + value for name, value in fields.items()) + b"}", type=Plan
    )
    if any(getattr(plan, name) for name in _LISTS):
        raise ValueError("the layout is another")
    return msgspec.structs.replace(plan, **{name: packer.finish() for name, packer in lists.items()})


def _items(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line in (b"      ]", b"      ],"):
            return
        yield line.removesuffix(b",")
    raise ValueError  # it is cut short

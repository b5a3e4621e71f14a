"""Plans as JSON, the same in the journal and in a plan file: screen and command line open each other's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from ordertui.operations.errors import BadInput, Refused

from .plan import Plan

VERSION = 1


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
    except msgspec.MsgspecError as error:
        raise BadInput(f"the journal's plan cannot be read: {error}") from error


def inside_only(path: Path, inside: Path | None) -> None:
    """Let a practice store (`inside`: its folder) write nowhere else. Raises Refused."""
    if inside is not None and not path.resolve().is_relative_to(inside.resolve()):
        raise Refused(
            f"this is a practice store: it writes nothing outside its own folder; choose a place under {inside}"
        )


def save_plans(plans: Sequence[Plan], path: Path, *, inside: Path | None) -> None:
    """Write a plan file, readable JSON. With `inside` (practice) only into that folder. Raises Refused, BadInput."""
    inside_only(path, inside)
    content = msgspec.json.format(msgspec.json.encode(_File(VERSION, tuple(plans))), indent=2)
    try:
        path.write_bytes(content + b"\n")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}; choose another place") from error


def load_plans(path: Path) -> tuple[Plan, ...]:
    """Return the plans of a plan file. Raises BadInput naming the file and what is wrong in it."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path} is no plan file of ordertui: {error}; make one with `ordertui plan`") from error
    if found.ordertui_plan != VERSION:
        raise BadInput(
            f"{path} has plan version {found.ordertui_plan}, this program knows {VERSION}; make the plan again"
        )
    return found.plans

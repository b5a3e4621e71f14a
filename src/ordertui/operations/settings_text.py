"""Write the settings out for people, from the fields of `config.Config`: no field can be missing or described twice."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from textwrap import wrap
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import msgspec

from .config import Config

WIDTH = 100
"""Characters of a comment line."""


class DescribedSetting(msgspec.Struct, frozen=True):
    """One field of the settings."""

    table: str
    """Head of its TOML table, such as `[outbox]`, or `[[notify.receivers]]`, of which there may be several; empty
    for the top of the file.
    """
    name: str
    default: str
    """As TOML."""
    values: str
    """What it takes, in words."""
    description: str


def all_settings(
    kind: type[msgspec.Struct] = Config, path: tuple[str, ...] = (), head: str = ""
) -> Iterator[DescribedSetting]:
    """Yield every setting, those of nested tables after the others. `path` and `head` are those of the table."""
    hints = get_type_hints(kind, include_extras=True)
    nested = []
    for field in msgspec.structs.fields(kind):
        value, description = unpack(hints[field.name])
        inner = next(iter(get_args(value)), None) if get_origin(value) is tuple else value
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            name = ".".join((*path, field.name))
            nested.append((inner, (*path, field.name), f"[{name}]" if inner is value else f"[[{name}]]"))
            continue
        yield DescribedSetting(head, field.name, _toml(field.default), taken_values(hints[field.name]), description)
    for inner, inner_path, inner_head in nested:
        yield from all_settings(inner, inner_path, inner_head)


def unpack(hint: object) -> tuple[object, str]:
    """Return the type of a field and its description."""
    value = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    return value, next((meta.description for meta in _metas(hint) if meta.description), "")


def _metas(hint: object) -> list[msgspec.Meta]:
    metas = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    return [meta for meta in metas if isinstance(meta, msgspec.Meta)]


def is_secret(hint: object) -> bool:
    """Return whether the value of a field may hold a secret, and is never shown."""
    return any((meta.extra or {}).get("secret") for meta in _metas(hint))


def taken_values(hint: object) -> str:
    """Return in words what a field takes."""
    value, _ = unpack(hint)
    for meta in _metas(hint):
        if meta.extra and "takes" in meta.extra:
            return str(meta.extra["takes"])
        if value is int and meta.ge is not None and meta.le is not None:
            return f"number from {meta.ge} to {meta.le:,}"
    if get_origin(value) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(value) if choice)
    if get_origin(value) is tuple:
        kind = get_args(value)[0]
        return "list of " + (", ".join(f"`{one.value}`" for one in kind) if issubclass(kind, Enum) else "texts")
    names: dict[object, str] = {str: "text", int: "number", bool: "`true` or `false`"}
    return names[value]


def _toml(value: object) -> str:
    return msgspec.json.encode(value).decode()  # texts, numbers, booleans and lists are the same in TOML


def commented_settings() -> str:
    """Return a settings file in which every setting stands with its description and default, switched off by `#`."""
    lines = ["# Settings of ordertui. Take the `#` away before a setting to change it; `ordertui config check` checks."]
    table = ""
    for setting in all_settings():
        if setting.table != table:
            table = setting.table
            lines += ["", f"# {table}" if table.startswith("[[") else table]
        lines += ["", *(f"# {line}" for line in wrap(setting.description.replace("`", ""), WIDTH))]
        lines += [f"# Takes: {setting.values.replace('`', '')}.", f"# {setting.name} = {setting.default}"]
    return "\n".join(lines) + "\n"

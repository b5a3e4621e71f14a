"""Say in plain words what is wrong with a settings file, from the fields of `config.Config`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from ordertui.orders.text import to_single_line
from ordertui.rules.problems import did_you_mean

from .config import Config
from .settings_text import all_settings, is_secret, taken_values, unpack

MOST_TOLD = 3
MOST_SHOWN = 60
"""Characters of a value."""


def settings_problems(found: Mapping[str, object]) -> str:
    """Return what keeps these values from being settings, the first few problems; empty when nothing does."""
    return "; ".join(islice(_table_problems(found, Config, "", ""), MOST_TOLD))


def _table_problems(found: Mapping[str, object], kind: type[msgspec.Struct], path: str, where: str) -> Iterator[str]:
    """Yield the problems of a table. `path` is its dotted name, `where` how a problem names it after its setting."""
    hints = get_type_hints(kind, include_extras=True)
    for name, value in found.items():
        if name not in hints:
            yield f"there is no setting {name!r}{where}{_meant(name, hints)}"
            continue
        field, _ = unpack(hints[name])
        inner = next(iter(get_args(field)), None) if get_origin(field) is tuple else field
        if not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
            yield from _value_problems(name, value, hints[name], where)
            continue
        dotted = f"{path}.{name}" if path else name
        head = f"[{dotted}]" if inner is field else f"[[{dotted}]]"
        tables = [value] if inner is field else value if isinstance(value, list) else [None]
        for number, table in enumerate(tables, start=1):
            if isinstance(table, Mapping):
                yield from _table_problems(
                    table, inner, dotted, f" under {head}" if inner is field else f" under {head} {number}"
                )
            else:
                yield f"{name}{where} is to be written as {'a table' if inner is field else 'tables'} {head}"


def _meant(name: str, known: Mapping[str, object]) -> str:
    """Return the table in which a setting of this name stands, else the name in this table that is close to it."""
    tables = [setting.table for setting in all_settings() if setting.name == name]
    if not tables:
        return did_you_mean(name, known)
    return f": it stands {' or '.join(f'under {one}' if one else 'above the first table' for one in tables)}"


def _value_problems(name: str, value: object, hint: object, where: str) -> Iterator[str]:
    """Yield what is wrong with the value of a setting; of a list, with each of its parts."""
    try:
        msgspec.convert(value, hint)
        return
    except msgspec.ValidationError:
        pass
    kind, _ = unpack(hint)
    takes = f"it takes: {taken_values(hint)}".replace("`", "")
    if is_secret(hint):
        yield f"{name}{where} cannot be used; {takes}"
    elif get_origin(kind) is tuple and isinstance(value, list):
        wrong = [one for one in value if not _is(one, get_args(kind)[0])]
        yield f"{name}{where} has {', '.join(map(_shown, wrong))}; {takes}"
    else:
        yield f"{name}{where} is {_shown(value)}; {takes}"


def _is(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _shown(value: object) -> str:
    """Return a value as it stands in the file, shortened."""
    is_day = isinstance(value, datetime.date | datetime.time)  # TOML has them without quotation marks
    text = to_single_line(str(value) if is_day else msgspec.json.encode(value).decode())
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"

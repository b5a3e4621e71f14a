"""Take in a settings file, and say in plain words what is wrong with it, from the fields of `config.Config`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import get_args, get_origin, get_type_hints

import msgspec

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import to_single_line
from ordertui.rules.problems import did_you_mean

from .config import CLOCK_TIME, MOST_COLOUR_RULES, ColourRule, Config, NotifyConfig, WorkerConfig
from .paths import typed_path
from .settings_text import all_settings, is_secret, taken_values, unpack

MOST_TOLD = 3
MOST_SHOWN = 60
"""Characters of a value."""


def to_config(found: Mapping[str, object]) -> Config:
    """Return these values of a settings file as settings. Raises ValueError that says in plain words what is wrong."""
    try:
        config = msgspec.convert(found, Config)
    except msgspec.ValidationError as error:
        raise ValueError(settings_problems(found) or str(error)) from None
    if config.outbox.folder and not typed_path(config.outbox.folder).is_absolute():
        raise ValueError(f"folder under [outbox] is {config.outbox.folder!r}: give an absolute path, or ~/...")
    if config.notify != NotifyConfig():
        _check_notify(config.notify)
    _check_worker(config.worker)
    _check_colours(config.colours)
    return config


def sound_part(found: Mapping[str, object]) -> Config:
    """Return the settings less those, and those tables, that are not sound by themselves."""
    kept = {}
    for name, value in found.items():
        with suppress(ValueError):
            to_config({name: value})
            kept[name] = value
    return to_config(kept)


def settings_problems(found: Mapping[str, object], kind: type[msgspec.Struct] = Config) -> str:
    """Return what keeps these values from being settings, or what another file holds (`kind`), the first few problems;
    empty when nothing does.
    """
    return "; ".join(islice(_table_problems(found, kind, "", ""), MOST_TOLD))


def _table_problems(found: Mapping[str, object], kind: type[msgspec.Struct], path: str, where: str) -> Iterator[str]:
    """Yield the problems of a table. `path` is its dotted name, `where` how a problem names it after its setting."""
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in found:
            yield f"{field.name}{where} is missing"
    for name, value in found.items():
        if name not in hints:
            yield f"there is no setting {name!r}{where}{_meant(name, hints)}"
            continue
        of_one, _ = unpack(hints[name])
        inner = next(iter(get_args(of_one)), None) if get_origin(of_one) is tuple else of_one
        if not (isinstance(inner, type) and issubclass(inner, msgspec.Struct)):
            yield from _value_problems(name, value, hints[name], where)
            continue
        dotted = f"{path}.{name}" if path else name
        head = f"[{dotted}]" if inner is of_one else f"[[{dotted}]]"
        tables = [value] if inner is of_one else value if isinstance(value, list) else [None]
        for number, table in enumerate(tables, start=1):
            if isinstance(table, Mapping):
                yield from _table_problems(
                    table, inner, dotted, f" under {head}" if inner is of_one else f" under {head} {number}"
                )
            else:
                yield f"{name}{where} is to be written as {'a table' if inner is of_one else 'tables'} {head}"


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


def _is(value: object, kind: object) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _shown(value: object) -> str:
    """Return a value as it stands in the file, shortened."""
    is_bare = isinstance(value, datetime.date | datetime.time | float)  # as TOML has them: no quotation marks, nan
    text = to_single_line(str(value) if is_bare else msgspec.json.encode(value).decode())
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _check_notify(config: NotifyConfig) -> None:
    """Raise ValueError, which names the setting and never shows an address, when the settings cannot be followed."""
    if bool(config.quiet_from) != bool(config.quiet_to) or (config.quiet_from and config.quiet_from == config.quiet_to):
        raise ValueError("quiet hours under [notify] need quiet_from and quiet_to, and two different times")
    if config.quiet_from and not config.zone:
        raise ValueError('quiet hours under [notify] need a zone, such as zone = "Europe/Berlin"')
    _check_zone(config.zone, "notify")
    for receiver in config.receivers:
        name = f"receiver {receiver.name!r} under [notify]"
        if not receiver.name:
            raise ValueError("a receiver under [notify] has no name")
        if bool(receiver.command) == bool(receiver.address):
            raise ValueError(f"{name} needs a command or an address, and not both")
        if receiver.command and not receiver.command[0].strip():
            raise ValueError(f"{name}: its command begins with an empty text; name the program")
        unknown = [code for code in receiver.marketplaces if code not in MARKETPLACES]
        if unknown:
            raise ValueError(f"{name}: {', '.join(unknown)} is no marketplace; there are {', '.join(MARKETPLACES)}")
        if receiver.filter.strip():
            _check_filter(receiver.filter, name)
    names = [one.name for one in config.receivers]
    if len(set(names)) < len(names):
        raise ValueError(f"two receivers under [notify] have one name; there are: {', '.join(sorted(names))}")


def _check_filter(text: str, name: str) -> None:
    from ordertui.rules.language import FilterError, parse  # only for settings with a filter

    try:
        parse(text, now=0, zone="UTC")
    except FilterError as error:
        raise ValueError(f"{name}: its filter {text!r}: {error}") from None


def _check_colours(rules: tuple[ColourRule, ...]) -> None:
    """Raise ValueError naming the colour rule that cannot be used, by its place in the file."""
    if len(rules) > MOST_COLOUR_RULES:
        raise ValueError(f"{len(rules)} rules under [[colours]]: at most {MOST_COLOUR_RULES} are taken")
    for number, rule in enumerate(rules, start=1):
        name = f"rule {number} under [[colours]]"
        if not rule.filter.strip():
            raise ValueError(f'{name} needs a filter, such as filter = "total>100"')
        if not rule.colour and not rule.style:
            raise ValueError(f'{name} needs a colour or a style, such as colour = "red"')
        _check_filter(rule.filter, name)


def _check_worker(config: WorkerConfig) -> None:
    """Raise ValueError naming the field of the worker's settings that cannot be used."""
    if config.import_folder and not typed_path(config.import_folder).is_absolute():
        raise ValueError(f"import_folder under [worker] is {config.import_folder!r}: give an absolute path, or ~/...")
    wrong = [one for one in config.sync_times if not one or not re.match(CLOCK_TIME, one)]
    if wrong:
        raise ValueError(f"sync_times under [worker]: {wrong[0]!r} is no time of day such as 06:30")
    _check_zone(config.zone, "worker")


def _check_zone(zone: str, table: str) -> None:
    """Raise ValueError naming the table of the settings when there is no such zone; an empty one is none."""
    from zoneinfo import ZoneInfo

    try:
        _ = zone and ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"zone under [{table}] is {zone!r}: no such time zone") from None

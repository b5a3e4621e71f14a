"""The user's own keys: a small TOML file that names commands. These keys win; clashes are reported at the start."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from textual.keys import Keys, key_to_character

from ordertui.files import SETTINGS_BYTES, is_absent, load_toml, read_file
from ordertui.messages import _, pgettext, translate
from ordertui.orders.text import NOT_UTF8

from .actions import ALL_COMMANDS, NO_KEY, Command, format_key

KEYMAP_FILE = "keys.toml"
_NAMES = {
    "/": "slash", "?": "question_mark", "+": "plus", "-": "minus", ",": "comma", "#": "number_sign", ":": "colon",
    "<": "less_than_sign", ">": "greater_than_sign", "=": "equals_sign", ".": "full_stop", ";": "semicolon",
    "'": "apostrophe", "*": "asterisk", "!": "exclamation_mark", "@": "at", "&": "ampersand", "_": "underscore",
    "|": "vertical_line", "\\": "backslash",
}  # fmt: skip


PALETTE = "app.palette"
OLD_NAMES = {"table.undo": "change.undo"}
"""Names of version 0.1 that keymap files may still have."""


class Keymap(msgspec.Struct, frozen=True):
    """The registry with the user's keys, and the problems to report about them."""

    commands: tuple[Command, ...] = ALL_COMMANDS
    problems: tuple[str, ...] = ()

    def changed(self) -> dict[str, str]:
        """Return command id to keys, of those that differ from the registry: what Textual's `set_keymap` takes."""
        before = {command.id: command.keys for command in ALL_COMMANDS}
        return {command.id: command.keys for command in self.commands if before[command.id] != command.keys}

    def command(self, command_id: str) -> Command:
        """Return the command of this id, with its keys."""
        return next(command for command in self.commands if command.id == command_id)

    @property
    def names(self) -> dict[str, str]:
        """The first key of each command, as people write it, by the name that texts have for it: `order_cancel`."""
        return {re.sub("[.-]", "_", command.id): command.first_key for command in self.commands}

    def first_key(self, command_id: str) -> str:
        """Return the first key of a command, as people write it."""
        return self.command(command_id).first_key


def read_keymap(path: Path) -> Keymap:
    """Read a file of lines such as `"order.cancel" = "ctrl+x"`, or with a list of keys; no file gives the registry.

    What cannot be read is left out and named in `problems`; the rest is in force.
    """
    try:
        text = read_file(path, SETTINGS_BYTES).decode("utf-8-sig")
    except OSError as error:
        return Keymap() if is_absent(path) else _unread(path, translate(error.strerror or ""))
    except UnicodeDecodeError:
        return _unread(path, translate(NOT_UTF8))
    try:
        found = load_toml(text)
    except ValueError as error:
        return _unread(path, error)
    return resolve(found, str(path))


def _unread(path: Path, error: object) -> Keymap:
    return Keymap(problems=(_("{path}: {error}; the usual keys are in force", path=path, error=error),))


def resolve(wanted: Mapping[str, object], where: str = KEYMAP_FILE) -> Keymap:
    """Return the registry with these keys. A key that the user gives to a command is taken from the one that had it."""
    problems: list[str] = []
    owners: dict[str, str] = {}
    own = _own_keys(wanted, where, owners, problems)
    palette = _palette_key(own, owners)
    commands = []
    for command in ALL_COMMANDS:
        if command.id in own:
            commands.append(msgspec.structs.replace(command, keys=",".join(own[command.id])))
            continue
        if not command.has_key:
            commands.append(command)
            continue
        keys = command.keys.split(",")
        left = [key for key in keys if key not in owners or _share_a_key(command.id, owners[key])]
        for key in keys:
            if key not in left:
                gone = (
                    _("; it has no key now, {palette} finds it by name", palette=palette)
                    if palette
                    else _("; it has no key now")
                )
                more = "" if left else gone
                problems.append(
                    _(
                        "{key} is yours now ({owners}); {command} ({command_2}) lost it{more}",
                        key=format_key(key),
                        owners=owners[key],
                        command=command.id,
                        command_2=pgettext("key", command.label),
                        more=more,
                    )
                )
        commands.append(command if left == keys else msgspec.structs.replace(command, keys=",".join(left or [NO_KEY])))
    return Keymap(
        tuple(one if one.has_key else msgspec.structs.replace(one, palette=palette) for one in commands),
        tuple(problems),
    )


def _palette_key(own: Mapping[str, tuple[str, ...]], owners: Mapping[str, str]) -> str:
    """Return the first key that opens the palette, as people write it; empty when it was given away without another."""
    command = next(command for command in ALL_COMMANDS if command.id == PALETTE)
    keys = own.get(PALETTE) or [key for key in command.keys.split(",") if key not in owners]
    return next((format_key(key) for key in keys if key != NO_KEY), "")


def _own_keys(
    wanted: Mapping[str, object], where: str, owners: dict[str, str], problems: list[str]
) -> dict[str, tuple[str, ...]]:
    """Return the user's keys by command id; fill in which command owns each key, and what is wrong."""
    known = {command.id for command in ALL_COMMANDS}
    own: dict[str, tuple[str, ...]] = {}
    for written, value in wanted.items():
        name = OLD_NAMES.get(written, written)
        if name not in known:
            import difflib  # only a mistake needs it

            close = difflib.get_close_matches(name, known, 1)
            hint = _("; did you mean {close}?", close=close[0]) if close else ""
            problems.append(_("{where}: there is no action {name}{hint}", where=where, name=name, hint=hint))
            continue
        keys = _textual_keys(value)
        if not keys:
            problems.append(_("{where}: {name} needs a key, or a list of keys, as text", where=where, name=name))
            continue
        kept = []
        problems += [
            _(
                "{where}: {name}: '{wrong}' in '{key}' is not a key; write x, ctrl+x, f5, pageup or slash",
                where=where,
                name=name,
                wrong=wrong,
                key=key,
            )
            for key in keys
            if (wrong := _unknown_part(key))
        ]
        keys = tuple(key for key in keys if not _unknown_part(key))
        if not keys:
            continue  # the usual keys stay
        for key in keys:
            if owners.setdefault(key, name) == name:
                kept.append(key)
            else:
                problems.append(
                    _(
                        "{where}: {key} is given to {owners} and to {name}; {owners} has it",
                        where=where,
                        key=format_key(key),
                        owners=owners[key],
                        name=name,
                    )
                )
        own[name] = tuple(kept) or (NO_KEY,)
    return own


def _share_a_key(one: str, other: str) -> bool:
    """Return whether both commands may have the same key: the table has Esc only while a range is open."""
    return {one, other} == {"table.leave", "find.clear"}


_MODIFIERS = frozenset({"ctrl", "shift", "alt", "meta", "super", "hyper"})
_KEY_NAMES = frozenset(key.value.rpartition("+")[2] for key in Keys) | frozenset(_NAMES.values())


def _unknown_part(key: str) -> str:
    """Return the part of a key that no keyboard has; empty when there is none."""
    *modifiers, last = key.split("+") if key != "+" else [key]
    for one in modifiers:
        if one not in _MODIFIERS:
            return one
    return "" if len(last) == 1 or last in _KEY_NAMES or key_to_character(last) else last


def _textual_keys(value: object) -> tuple[str, ...]:
    """Return the keys under Textual's names; empty when one of them is no text."""
    texts: Sequence[object] = value if isinstance(value, list) else [value]
    keys = []
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            return ()
        ahead, plus, last = text.strip().rpartition("+") if len(text.strip()) > 1 else ("", "", text.strip())
        keys.append(f"{ahead}{plus}{_NAMES.get(last, last)}")
    return tuple(keys)

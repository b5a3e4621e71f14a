"""The operator's own keys: a small TOML file that names actions; his keys win, and clashes are said at start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from .actions import ALL_ACTIONS, NO_KEY, KeyAction, written

KEYMAP_FILE = "keys.toml"
_NAMES = {
    "/": "slash", "?": "question_mark", "+": "plus", "-": "minus", ",": "comma", "#": "number_sign", ":": "colon",
    "<": "less_than_sign", ">": "greater_than_sign", "=": "equals_sign", ".": "full_stop", ";": "semicolon",
    "'": "apostrophe", "*": "asterisk", "!": "exclamation_mark", "@": "at", "&": "ampersand", "_": "underscore",
}  # fmt: skip


class Keymap(msgspec.Struct, frozen=True):
    """The registry with the operator's keys, and what to tell him about them."""

    actions: tuple[KeyAction, ...] = ALL_ACTIONS
    problems: tuple[str, ...] = ()

    def changed(self) -> dict[str, str]:
        """Action id to keys, of those that differ from the registry: what Textual's `set_keymap` takes."""
        before = {action.id: action.keys for action in ALL_ACTIONS}
        return {action.id: action.keys for action in self.actions if before[action.id] != action.keys}


def read_keymap(path: Path) -> Keymap:
    """The keymap of a file such as `"order.cancel" = "ctrl+x"`, or with a list of keys; the registry when there is none.

    What cannot be read is left out and named in `problems`; the rest holds.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Keymap()
    except (OSError, UnicodeDecodeError) as error:
        return _unread(path, error)
    import tomllib  # few have such a file

    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return _unread(path, error)
    return resolve(found, str(path))


def _unread(path: Path, error: Exception) -> Keymap:
    return Keymap(problems=(f"{path}: {error}; the usual keys are in force",))


def resolve(wanted: Mapping[str, object], where: str = KEYMAP_FILE) -> Keymap:
    """The registry with these keys. A key taken by the operator is lost by what had it."""
    known = {action.id: action for action in ALL_ACTIONS}
    problems: list[str] = []
    mine: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for name, value in wanted.items():
        if name not in known:
            import difflib  # only a mistake needs it

            close = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            problems.append(f"{where}: there is no action {name}{hint}")
            continue
        keys = _keys_of(value)
        if not keys:
            problems.append(f"{where}: {name} needs a key, or a list of keys, as text")
            continue
        kept = []
        for key in keys:
            if owner.setdefault(key, name) == name:
                kept.append(key)
            else:
                problems.append(f"{where}: {written(key)} is given to {owner[key]} and to {name}; {owner[key]} has it")
        mine[name] = tuple(kept) or (NO_KEY,)
    actions = []
    for action in ALL_ACTIONS:
        if action.id in mine:
            actions.append(msgspec.structs.replace(action, keys=",".join(mine[action.id])))
            continue
        left = [key for key in action.keys.split(",") if key not in owner or _lives_beside(action, owner[key])]
        lost = [key for key in action.keys.split(",") if key not in left]
        for key in lost:
            more = "" if left else "; it has no key now, : finds it by name"
            problems.append(f"{written(key)} is yours now ({owner[key]}); {action.id} ({action.label}) lost it{more}")
        actions.append(msgspec.structs.replace(action, keys=",".join(left or [NO_KEY])) if lost else action)
    return Keymap(tuple(actions), tuple(problems))


def _lives_beside(action: KeyAction, other: str) -> bool:
    """Esc is shared: the table has it only while a range is open."""
    return {action.id, other} == {"table.leave", "find.clear"}


def _keys_of(value: object) -> tuple[str, ...]:
    texts: Sequence[object] = value if isinstance(value, list) else [value]
    keys = []
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            return ()
        ahead, plus, last = text.strip().rpartition("+") if len(text.strip()) > 1 else ("", "", text.strip())
        keys.append(f"{ahead}{plus}{_NAMES.get(last, last)}")
    return tuple(keys)

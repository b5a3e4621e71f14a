"""Collect what a bug report needs, without orders, buyers, secrets or the names of people and folders."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, suppress
from importlib import metadata
from os import SEEK_END
from pathlib import Path

import msgspec

from ordertui import __version__
from ordertui.files import open_plain
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import pluralize
from ordertui.rules.policy.bundled import EDITIONS

from .config import Config, config_path, default_store, load_config
from .errors import defect_log, error_message
from .session import Session

PACKAGES = ("textual", "rich", "click", "msgspec", "httpx", "keyring", "psycopg", "textual-serve")
VARIABLES = ("TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "TZ", "TMUX", "SSH_CONNECTION")
"""Their values are given, except of the last two: only whether they are set."""
LOG_BYTES = 64 * 1024
LOG_LINES = 60
QUOTED = re.compile(r"(?<!\w)(?:'[^\n]*?(?:'(?!\w)|$)|\"[^\n]*?(?:\"|$))", re.MULTILINE)
"""What an error or a finding quotes: a value that somebody gave."""
HOST = re.compile(r"(?<=: )\S.*(?= wrote its file)")
HIDDEN = (
    (re.compile(r"\b\d{3}-\d{7}-\d{7}\b"), "(order id)"),
    (re.compile(r"\b[a-z][a-z+]*://\S+"), "(address)"),
    (re.compile(r"\bAtz[ar]\|\S+|\bamzn1\.\S+|(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9+/=_-]{40,}"), "(secret)"),
    (re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w+"), "(mail)"),
    (re.compile(r"(?<![\w.…])(?:~|[A-Za-z]:)?[/\\]+(?:[^\s/\\:'\"][^/\\:'\"\n]*[/\\]+)+"), "…/"),
)
"""What is taken out wherever it stands, and what stands in its place. The last one: the folders of a path."""
LOG_LINE = re.compile(r"|ordertui [\w.+-]+, Python [\w.+-]+, \w*| {2}[\w.<> -]+:\d+ [\w<>]+|(\w+)(?:\.[\w<>]+)+")
"""The lines that `log_defect` writes: of program, place, and kind of error (with the top-level package)."""
PACKAGES_OF_ERRORS = sys.stdlib_module_names | {"ordertui", *(name.replace("-", "_") for name in PACKAGES)}
LONGEST_VARIABLE = 60
"""Characters of an environment variable that is given."""


def write_report(open_session: Callable[[], AbstractContextManager[Session]]) -> str:
    """Return the text of the report. What cannot be read (settings, store) is named with its error in words."""
    parts = [
        "Look through this before you send it: no order, buyer or secret should be in it.",
        *_part("Program", environment_lines),
        *_part("Settings that are not the default", lambda: settings_lines(load_config())),
    ]
    try:
        with open_session() as session:
            parts += _part("Store", lambda: store_lines(session))
    except Exception as error:  # a broken store is what the report may be about
        parts += ["", "## Store", _error_text(error)]
    parts += _part("Log of defects", log_lines)
    return clean("\n".join(parts) + "\n", _names())


def _error_text(error: Exception) -> str:
    """Return an error in words, without what it quotes."""
    return QUOTED.sub("(value)", error_message(error))


def _names() -> set[str]:
    """Return the names that the settings and the system give to people, shop and machine."""
    found = {os.environ.get("USER", ""), os.environ.get("USERNAME", ""), platform.node()}
    with suppress(Exception):  # that they cannot be read is told above
        config = load_config()
        found |= {config.operator, config.shop_name, config.merchant_id}
    return found


def _part(title: str, lines: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return ["", f"## {title}", *lines()]
    except Exception as error:  # as above
        return ["", f"## {title}", _error_text(error)]


def environment_lines() -> Iterator[str]:
    """Yield the versions of the program and of what it stands on, and the terminal's facts."""
    yield f"ordertui {__version__}, Python {platform.python_version()}"
    yield f"system: {platform.system()} {platform.release()}, {platform.machine()}"
    found = []
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found.append(f"{name} {metadata.version(name)}")
    yield "packages: " + ", ".join(found)
    columns, rows = shutil.get_terminal_size()
    yield f"terminal: {columns} x {rows}"
    for name in VARIABLES:
        value = os.environ.get(name)
        if value is not None:
            is_given = name not in VARIABLES[-2:] and len(value) <= LONGEST_VARIABLE and value.isprintable()
            yield f"{name}: {value if is_given else 'set'}"


def settings_lines(config: Config) -> Iterator[str]:
    """Yield each setting that is not the default; the values of those alone that are numbers or one of a closed set."""
    default = msgspec.to_builtins(Config())
    given = msgspec.to_builtins(config)
    for key, value in given.items():
        if value != default[key] and key != "amazon":
            is_given = key in ("retention_days", "language") or (key == "policy" and value in EDITIONS)
            yield f"{key}: {value if is_given else 'set'}"
    if given["amazon"] != default["amazon"]:
        for key in ("profile", "dispatch", "sync_minutes"):
            yield f"amazon.{key}: {given['amazon'][key]}"
        known = [code for code in config.amazon.marketplaces if code in MARKETPLACES]
        yield f"amazon.marketplaces: {', '.join(known) or 'none'}"


def store_lines(session: Session) -> Iterator[str]:
    """Yield the counts of orders and batches, the policy, and what `store check` finds."""
    if session.is_practice:
        yield "a practice store"
    yield f"orders: {session.orders.count():,}; marketplaces: {', '.join(session.orders.marketplaces()) or 'none'}"
    for queue in session.orders.queues():
        count = "unknown" if queue.count is None else f"{queue.count:,}"
        yield f"queue {queue.key}: {count}" + (f" + {queue.unknown:,} unknown" if queue.unknown else "")
    batches = session.batches.find()
    yield f"batches: {len(batches):,}"
    for batch in batches[:20]:
        what = f"{batch.action.value} {batch.marketplace}, {batch.state.value}"
        yield f"  {batch.id}: {what}, {pluralize(len(batch.rows))}"
    found = session.maintenance.check()
    yield "store check: " + ("nothing found" if not found else f"{len(found):,} found")
    yield from (f"  {QUOTED.sub('(value)', HOST.sub('(machine)', line))}" for line in found)


def log_lines() -> Iterator[str]:
    """Yield the end of the log of defects, which holds kinds and places of errors and no values."""
    try:
        with open_plain(defect_log()) as file:
            file.seek(max(0, file.seek(0, SEEK_END) - LOG_BYTES))
            lines = file.read(LOG_BYTES).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        yield "no defect was logged"
        return
    except OSError as error:
        yield f"the log cannot be read: {error.strerror}"
        return
    kept = [line for line in lines if _is_of_log(line)]
    if len(kept) < len(lines):
        yield f"left out, because ordertui writes no such lines: {len(lines) - len(kept):,}"
    yield from kept[-LOG_LINES:]


def _is_of_log(line: str) -> bool:
    found = LOG_LINE.fullmatch(line)
    return found is not None and (found[1] is None or found[1] in PACKAGES_OF_ERRORS)


def clean(text: str, names: Iterable[str] = ()) -> str:
    """Return the text without order ids, addresses, secrets, mail addresses, folders of paths, and `names`."""
    for place in (config_path(), default_store()):
        text = text.replace(str(place), place.name)
    text = text.replace(str(Path.home()), "~")
    for pattern, instead in HIDDEN:
        text = pattern.sub(instead, text)
    for name in sorted((name for name in names if len(name) > 2), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "(name)", text, flags=re.IGNORECASE)
    return text

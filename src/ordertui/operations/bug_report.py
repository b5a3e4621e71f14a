"""Collect what a bug report needs, without orders, buyers, secrets or the names of people and folders."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from importlib import metadata
from os import SEEK_END
from pathlib import Path

import msgspec

from ordertui import __version__
from ordertui.files import open_plain
from ordertui.orders.text import pluralize

from .config import Config, config_path, default_store, load_config
from .errors import defect_log, error_message
from .session import Session

PACKAGES = ("textual", "rich", "click", "msgspec", "httpx", "keyring", "psycopg", "textual-serve")
VARIABLES = ("TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "TZ", "TMUX", "SSH_CONNECTION")
"""Their values are given, except of the last two: only whether they are set."""
LOG_BYTES = 64 * 1024
LOG_LINES = 60
ORDER_ID = re.compile(r"\b\d{3}-\d{7}-\d{7}\b")
ADDRESS = re.compile(r"\b[a-z]+://\S+")
FOLDERS = re.compile(r"(?:~|\b[A-Za-z]:)?[/\\](?:[^\s/\\:'\"]+[/\\])+")
SETTINGS_GIVEN = {"policy", "retention_days", "amazon"}
"""Settings whose values are given; of the others, which hold names and places, only whether they are set."""


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
        parts += ["", "## Store", error_message(error)]
    parts += _part("Log of defects", log_lines)
    return clean("\n".join(parts) + "\n")


def _part(title: str, lines: Callable[[], Iterator[str]]) -> list[str]:
    try:
        return ["", f"## {title}", *lines()]
    except Exception as error:  # as above
        return ["", f"## {title}", error_message(error)]


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
        if name in os.environ:
            yield f"{name}: {'set' if name in VARIABLES[-2:] else os.environ[name]}"


def settings_lines(config: Config) -> Iterator[str]:
    """Yield each setting that is not the default; the values of those that hold no name and no place."""
    default = msgspec.to_builtins(Config())
    for key, value in msgspec.to_builtins(config).items():
        if value != default[key]:
            yield f"{key}: {value if key in SETTINGS_GIVEN else 'set'}"


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
    yield from (f"  {line}" for line in found)


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
    yield from lines[-LOG_LINES:]


def clean(text: str) -> str:
    """Return the text without order ids, addresses, the user's name, and the folders of paths."""
    for place in (config_path(), default_store()):
        text = text.replace(str(place), place.name)
    text = ADDRESS.sub("(address)", ORDER_ID.sub("(order id)", text.replace(str(Path.home()), "~")))
    text = FOLDERS.sub("…/", text)
    user = os.environ.get("USER") or os.environ.get("USERNAME") or ""
    return re.sub(rf"\b{re.escape(user)}\b", "(user)", text) if len(user) > 2 else text

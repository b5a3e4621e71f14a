"""Where a test's stores are: in files, or on the server while a test runs on the other engine."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from ordertui.operations.config import Config, store_place
from ordertui.store.engine.address import ServerAddress

from .server import Server

BOTH = ("sqlite", "postgresql")
"""The engines."""
on_both = pytest.mark.parametrize("engine", BOTH, indirect=True)
"""Runs a test, or a module's tests, on both engines."""
server: Server | None = None
"""Set while a test runs on a server."""
STANDARD = "standard"
"""The database of the store that the session fixture copies, and its schema there and in each copy."""
copies: dict[Path, str] = {}
"""The databases that are copies of it, by the path that a test means by them."""


def place(path: Path) -> Path | str:
    """The place of the store that a test means by a path: the file, or a schema or database of its own."""
    if server is None:
        return path
    copy = copies.get(path)
    return server.address(schema_of(path)) if copy is None else server.address(STANDARD, database=copy)


def schema_of(path: Path) -> str:
    """The name of the schema of a path of this test's own.

    A name that stands in a test would be taken when its module is set up twice, as it is where a worker that took tests
    of the module back from another runs it in two parts.
    """
    return f"s{sha256(str(path).encode()).hexdigest()[:16]}"


def store_at(path: Path) -> Path | ServerAddress:
    """The same for `Store.open`."""
    return store_place(place(path), Config())

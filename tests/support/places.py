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


def place(path: Path) -> Path | str:
    """The place of the store that a test means by a path: the file, or a schema of its own."""
    return path if server is None else server.address(schema_of(path))


def schema_of(path: Path) -> str:
    """The name of the schema of a path of this test's own.

    A name that stands in a test would be taken when its module is set up twice, as it is where a worker that took tests
    of the module back from another runs it in two parts.
    """
    return f"s{sha256(str(path).encode()).hexdigest()[:16]}"


def store_at(path: Path) -> Path | ServerAddress:
    """The same for `Store.open`."""
    return store_place(place(path), Config())

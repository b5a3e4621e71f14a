"""Terminals are closed after each test, however it went."""

from collections.abc import Iterator

import pytest

from .terminal import Terminal


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    """Terminals of a test; all are closed after it."""
    found: list[Terminal] = []
    yield found
    for terminal in found:
        terminal.close()

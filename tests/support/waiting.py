"""Waiting for what another thread, process or the server does."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST = 60.0
"""Seconds after which what did not come will not come, on a busy machine too."""


def until(is_true: Callable[[], object]) -> None:
    """Wait until this is true; a test fails in which it never is."""
    end = time.monotonic() + LONGEST
    while not is_true():
        assert time.monotonic() < end, f"not within {LONGEST:.0f} s"
        time.sleep(0.005)

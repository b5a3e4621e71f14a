"""Fixtures of this folder."""

import os
from collections.abc import Iterator
from functools import partial

import pytest

from ordertui.store import database


@pytest.fixture(scope="module")
def fast_disk() -> Iterator[None]:
    """No waiting for the disk, for tests in which the power does not fail: they make hundreds of stores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "connect", partial(database.connect, full=False))
        patch.setattr(os, "fsync", lambda handle: None)
        yield

"""A process of its own that is killed by SIGKILL at a step, and a server that is killed at one."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable

import pytest

from .faults import inject


def ends_before(point: int, act: Callable[[], object]) -> bool:
    """Run something in a process that is killed at this point (from 0); return whether it ended before.

    The points are before each call that changes the disk, and before and after each commit. No store may be open here:
    SQLite's locks are no child's.
    """
    child = os.fork()
    if not child:
        try:
            faults = inject(pytest.MonkeyPatch())
            faults.at, faults.kills = point, True
            act()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "what went wrong is on stderr"
    return True

"""The C library's memory, of a process that runs the screen alone."""

from __future__ import annotations

import sys

LARGE_BLOCK = 256 * 1024
"""Bytes from which a block is mapped by itself, and given back to the system when it is freed."""
_M_MMAP_THRESHOLD = -3


def give_large_blocks_back() -> bool:
    """Let glibc go on mapping large blocks by themselves; return whether it does so now. Elsewhere nothing happens.

    When the first one is freed it raises by itself from which size on it does so, up to 32 MB. The row numbers of a
    view of a million orders, 8 MB, then come from the pools of the threads that read them, and stay there when another
    view is shown: 14 MB after a filter and its removal.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK))

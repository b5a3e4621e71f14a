"""A path as a person types it."""

from __future__ import annotations

import os
from pathlib import Path


def typed_path(text: str) -> Path:
    """The path without blanks around it. `~` and `~name` stand for homes; a name that nobody has stays as it was typed, so
    that what is said of it, when it is not there, are the words typed."""
    return Path(os.path.expanduser(text.strip()))


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; nothing that cannot be asked for, such as too long a name, is there."""
    try:
        return path.exists()
    except OSError:
        return False

"""Paths as a person types them."""

from __future__ import annotations

import os
from pathlib import Path


def typed_path(text: str) -> Path:
    """Return the path without blanks around it, with `~` and `~name` expanded.

    The `~name` of an unknown user stays as it was typed, so that an error message shows the words typed.
    """
    return Path(os.path.expanduser(text.strip()))


def short_path(path: Path) -> str:
    """Return the path with `~` for the user's home folder, as people write it."""
    home = os.path.expanduser("~")
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)


def is_there(path: Path) -> bool:
    """Return whether the file or folder exists; a name that cannot be looked up, such as too long a one, does not."""
    try:
        return path.exists()
    except OSError:
        return False

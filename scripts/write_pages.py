"""Write the pages that are made from the program: commands, keys and settings. Tests compare them."""

from __future__ import annotations

from pathlib import Path

from ordertui.cli.commands_page import commands_page
from ordertui.operations.settings_page import settings_page
from ordertui.tui.actions import keys_page

PAGES = {"commands.md": commands_page, "keys.md": keys_page, "settings.md": settings_page}


def main() -> None:
    """Write the pages."""
    docs = Path(__file__).resolve().parent.parent / "docs"
    for name, write in PAGES.items():
        (docs / name).write_text(write(), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main()

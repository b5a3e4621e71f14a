"""Write docs/keys.md from the action registry: run it after a key was added or changed; a test compares the two."""

from __future__ import annotations

from pathlib import Path

from ordertui.tui.actions import keys_page


def main() -> None:
    """Write the page."""
    target = Path(__file__).resolve().parent.parent / "docs" / "keys.md"
    target.write_text(keys_page(), encoding="utf-8")
    print(target.name)


if __name__ == "__main__":
    main()

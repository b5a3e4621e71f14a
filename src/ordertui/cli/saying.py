"""Messages to stderr, apart from the lists: every start needs it, and it needs next to nothing."""

from __future__ import annotations

import click

from ordertui.orders.text import strip_control_characters


def say(text: str) -> None:
    """A message to stderr."""
    click.echo("\n".join(strip_control_characters(line) for line in text.splitlines()), err=True)

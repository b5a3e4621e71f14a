"""`ordertui store`: check, copy, compact and purge the store."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ordertui.orders.text import pluralize

from .context import Settings, fail, open_session, say
from .exit_codes import Exit

_DAYS_HELP = "Default: `retention_days` in the settings."


@click.group()
def store() -> None:
    """Check, copy, compact and purge the store."""


@store.command("check")
@click.pass_obj
def store_check(settings: Settings) -> None:
    """Check the file, the journal, the audit and the room on the disk; exit 4 when something is wrong."""
    with open_session(settings) as session:
        found = session.maintenance.check()
    for line in found:
        click.echo(line)
    if found:
        fail(Exit.BAD_INPUT, f"wrong: {pluralize(len(found), 'thing')}")
    say("the store is sound")


@store.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def store_backup(settings: Settings, target: Path) -> None:
    """Copy the store into a new file, whole or not at all, while others work.

    A restored copy knows nothing of what left after it was made: look at the outbox in Seller Central first.
    """
    with open_session(settings) as session:
        size = session.maintenance.backup(target, _show_progress if sys.stderr.isatty() else None)
    say(f"{target}: {size:,} bytes")


def _show_progress(done: int, pages: int) -> None:
    click.echo(f"\r{done * 100 // max(pages, 1)} %", nl=done >= pages, err=True)


@store.command("compact")
@click.pass_obj
def store_compact(settings: Settings) -> None:
    """Give back the room of what was deleted. It needs as much free room as the store is large."""
    with open_session(settings) as session:
        say(f"{session.maintenance.compact():,} bytes won")


@store.command("purge")
@click.option("--older-than", "days", type=click.IntRange(1, 36_500), metavar="DAYS", help=_DAYS_HELP)
@click.option("--yes", is_flag=True, help="Confirm; without it, only the count is said.")
@click.pass_obj
def store_purge(settings: Settings, days: int | None, yes: bool) -> None:
    """Delete old orders that were never in a batch. Batches, refunds and the audit always stay."""
    with open_session(settings) as session:
        count = session.maintenance.purge(days, yes=yes)
    say(f"{pluralize(count)} deleted; `ordertui store compact` gives back their room")

"""The `ordertui` command: global options, the screen when no command is given, and the list of commands."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import click

from ordertui import __version__
from ordertui.orders.clock import parse_iso

from . import act, look, policy, rates, reports, sync
from .audit import audit
from .context import Group, Settings, fail, open_shop
from .demo import demo
from .exits import Exit
from .store import store as store_group


def _time(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return parse_iso(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no ISO time such as 2026-11-23T14:05:00Z") from None


def _store(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    if value is not None and re.match(r"[a-z][a-z0-9+]+:/", str(value)):
        raise click.BadParameter(f"{value} is an address; this version keeps its store in a file")
    return value


@click.group(cls=Group, invoke_without_command=True)
@click.version_option(__version__)
@click.option(
    "--store", type=click.Path(path_type=Path), callback=_store, help="The store; default: in the user's data folder."
)
@click.option("--read-only", is_flag=True, help="Change nothing.")
@click.option("--as-of", callback=_time, metavar="ISO-TIME", help="Look as of this time (UTC without offset).")
@click.option("--no-mouse", is_flag=True, help="The screen leaves the mouse to the terminal.")
@click.pass_context
def cli(ctx: click.Context, store: Path | None, read_only: bool, as_of: int | None, no_mouse: bool) -> None:
    """Cancel and refund Amazon orders in checked batches. Without a command: the screen.

    Exit codes: 0 ok, 1 internal, 2 usage (or no terminal for the screen), 3 refused by the rules, 4 bad input,
    5 not confirmed, 6 changed since the plan; 130 Ctrl-C, 141 the reader of stdout left, 143 the screen was ended.
    """
    ctx.obj = Settings(store, read_only, as_of)
    if ctx.invoked_subcommand is None:
        open_screen(ctx.obj, mouse=not no_mouse)


def open_screen(settings: Settings, *, mouse: bool = True) -> None:
    """Run the screen; without a terminal say what to use instead and leave with exit 2. At another time it only looks."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM", "") in ("dumb", ""):
        fail(Exit.USAGE, "the screen needs a terminal; use `ordertui list`, or `ordertui --help` for all commands")
    if settings.another_time:
        settings = replace(settings, read_only=True)
    with open_shop(settings) as shop:
        from ordertui.tui.app import run

        code = run(shop, mouse=mouse)
    if code:
        sys.exit(code)


for _command in (
    reports.import_command, reports.results, look.list_command, look.show, rates.rate, look.message, policy.policy,
    look.config, act.plan, act.commit, act.undo, act.release, act.outbox, act.dispatch, act.facts, act.retry, act.questions,
    act.settle, audit, store_group, sync.sync, sync.api, demo,
):  # fmt: skip
    cli.add_command(_command)


def entry() -> None:
    """Console script."""
    cli()

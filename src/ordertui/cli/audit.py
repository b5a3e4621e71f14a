"""`ordertui audit`: list who did what, when and why, and verify the record."""

from __future__ import annotations

import json

import click

from .context import Settings, open_session
from .output import FORMAT, emit

COLUMNS = ("record", "at", "what", "operator", "user", "batch", "orders", "change", "why")


@click.group(invoke_without_command=True)
@click.option("--order", "order_id", help="Only records that speak of this order.")
@click.option("--limit", type=click.IntRange(1, 1_000_000_000), help="Only the newest so many.")
@FORMAT
@click.pass_context
def audit(ctx: click.Context, order_id: str | None, limit: int | None, form: str) -> None:
    """List the append-only record of what was done, newest first; csv and json export all of it."""
    if ctx.invoked_subcommand is not None:
        return
    settings: Settings = ctx.obj
    with open_session(settings) as session:
        found = session.audit.records(order_id, limit)
    if form == "json":
        emit(found, (), form)
        return
    columns = COLUMNS if form == "table" else (*COLUMNS, "more", "hash")
    emit([one | {"more": json.dumps(one["more"], sort_keys=True)} for one in found], columns, form)


@audit.command("verify")
@click.pass_obj
def audit_verify(settings: Settings) -> None:
    """Check the hash chain and the kept plans, feeds and reports; exit 4 names the first broken record."""
    with open_session(settings) as session:
        click.echo(session.audit.verify())

"""`ordertui store`: check, copy, move, compact and purge the store; `ordertui audit`: who did what, when and why."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ordertui.orders.text import name_order, pluralize

from .context import Settings, fail, open_session, parse_store, real_clock_only, say
from .exit_codes import Exit
from .output import FORMAT, emit, progress_line

_DAYS_HELP = "Default: `retention_days` in the settings."


@click.group()
def store() -> None:
    """Check, copy, move, compact and purge the store."""


@store.command("check")
@click.option("--orders", is_flag=True, help="Also recount every order, queue and rate by a slow, separate path.")
@click.pass_obj
def store_check(settings: Settings, orders: bool) -> None:
    """Check the file, the journal, the audit and the room on the disk; exit 4 when something is wrong.

    With --orders every total, verdict, queue and cancellation rate is worked out again from the orders' lines, one
    after the other, and every number that disagrees is listed. Nothing is changed.
    """
    with open_session(settings) as session:
        found = session.maintenance.check()
        for line in found:
            click.echo(line)
        if orders:
            for disagreement in session.recount().run(progress_line("recounted")):
                click.echo(str(disagreement))
                found.append(str(disagreement))
    if found:
        fail(Exit.BAD_INPUT, "1 thing is wrong" if len(found) == 1 else f"{len(found):,} things are wrong")
    say("the store is sound, and every number was recounted" if orders else "the store is sound")


@store.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def store_backup(settings: Settings, target: Path) -> None:
    """Copy the store into a new file, whole or not at all, while others work.

    A copy knows that it is one, and commits and sends nothing before `ordertui store adopt`.
    """
    with open_session(settings) as session:
        size = session.maintenance.backup(target, progress_line("copied"))
    say(f"{target}: {size:,} bytes")


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


@store.command("move")
@click.argument("source", callback=parse_store, metavar="FROM")
@click.argument("target", callback=parse_store, metavar="TO")
@click.pass_obj
def store_move(settings: Settings, source: Path | str, target: Path | str) -> None:
    """Move a whole store from a file to a server (postgresql://...), or back.

    All of it goes: orders, batches, audit. When it is interrupted, the same command goes on where it was. At the end
    every table is compared and the audit verified; FROM stays, can be looked at, and acts on nothing any more.
    """
    from ordertui.operations.store_move import move_store

    real_clock_only(settings)
    if settings.read_only:
        fail(Exit.USAGE, "--read-only changes nothing; leave it out to move a store")
    move_store(source, target, clock=settings.clock(), progress=progress_line("moved"))
    say(f'{source} was moved to {target}; name it in the settings (store = "{target}"), or with --store')


@store.command("adopt")
@click.option("--left", type=int, multiple=True, metavar="BATCH", help="A held batch that left since; repeat it.")
@click.option("--not-left", type=int, multiple=True, metavar="BATCH", help="One that did not: it is undone.")
@click.option("--nothing-since", is_flag=True, help="Nothing left since the copy was made; what is held stays held.")
@click.option("--why", default="", help="What you looked at, and what it showed; kept in the audit.")
@click.option("--typed", help="The number of orders that this is about, to confirm.")
@click.pass_obj
def store_adopt(
    settings: Settings,
    left: tuple[int, ...],
    not_left: tuple[int, ...],
    nothing_since: bool,
    why: str,
    typed: str | None,
) -> None:
    """Make a copy (a restored backup, a copied file) the store to work with.

    A copy commits and sends nothing. Say what left since it was made: of each held batch, or that nothing did. Without
    --why it only asks. The store that it is a copy of must not be used any more.
    """
    from ordertui.operations.batches.adoption import describe_question

    with open_session(settings) as session:
        questions = session.adoption.questions()
        if not why:
            say(session.context.copies.reason())
            for question in questions:
                say(describe_question(question))
            fail(Exit.NOT_CONFIRMED, "say what happened with --left, --not-left or --nothing-since, and --why")
        session.adoption.adopt(why=why, typed=typed, left=left, not_left=not_left, nothing_since=nothing_since)
        say("this is the store to work with now; `ordertui todo` lists what is left to settle")


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
    if order_id and not found:
        say(f"no record speaks of order {name_order(order_id)}")
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

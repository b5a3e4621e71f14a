"""The command that brings orders up to date from Amazon's API, and the parts that it shares with `ordertui api`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ordertui.orders.clock import iso_utc
from ordertui.orders.text import pluralize

from .context import Settings, fail, open_session, real_clock_only
from .exit_codes import Exit
from .imports import stop_on_interrupt
from .output import FORMAT, emit, say

if TYPE_CHECKING:
    from ordertui.operations.session import Session
    from ordertui.operations.sync.order_sync import SyncProgress, SyncSummary
    from ordertui.operations.sync.service import SyncService

_MIN_REPORTED_SECONDS = 5
"""Shorter waits are not reported."""


def online(session: Session) -> SyncService:
    """Return the API services; in a terminal they may ask for the passphrase of the encrypted credentials."""
    if sys.stdin.isatty():
        session.sync.connection.credentials.ask = lambda: click.prompt("passphrase", hide_input=True, err=True)
    return session.sync


def report_wait(operation: str, seconds: int) -> None:
    """Write to stderr what a call waits for."""
    if seconds >= _MIN_REPORTED_SECONDS:
        say(f"waiting {seconds} s for {operation}")


def _report_page(progress: SyncProgress) -> None:
    more = ", more to come" if progress.has_more else ""
    say(f"{progress.step}: {pluralize(progress.orders)} in {pluralize(progress.pages, 'page')}{more}")


def _emit_summary(found: SyncSummary, form: str) -> None:
    record = {
        "orders": found.orders, "new": found.new, "changed": found.changed, "pages": found.pages,
        "rejected": len(found.rejects), "up_to": None if found.watermark is None else iso_utc(found.watermark),
    }  # fmt: skip
    emit([record], tuple(record), form)
    for note in found.notes:
        say(note)
    for reject in found.rejects[:20]:
        say(f"{reject.text}: {reject.reason}")


@click.command()
@click.option("--history", "days", type=click.IntRange(1, 730), help="Also the last DAYS days, by reports.")
@click.option("--account-health", is_flag=True, help="Also Amazon's account-health report, for rate --reconcile.")
@click.option("--order", "order_id", help="Only this order, as it is now, by a call of its own.")
@FORMAT
@click.pass_obj
def sync(settings: Settings, days: int | None, account_health: bool, order_id: str | None, form: str) -> None:
    """Bring the orders up to date from Amazon's API. Ctrl-C stops after a page; the next sync goes on from there."""
    real_clock_only(settings)
    if order_id is not None and (days is not None or account_health):
        fail(Exit.USAGE, "--order is fetched alone: leave --history and --account-health out")
    with open_session(settings, makes=True) as session, stop_on_interrupt() as stop:
        service = online(session)
        if order_id is not None:
            found = service.sync_order(order_id, on_wait=report_wait, stop=stop)
        else:
            found = service.sync(on_page=_report_page, on_wait=report_wait, stop=stop)
        _emit_summary(found, form)
        stopped, rejected = found.stopped, len(found.rejects)
        if days is not None and not stopped:
            summaries, stopped = service.reports.import_history(days, on_step=say, on_wait=report_wait, stop=stop)
            for one in summaries:
                changes = f"{one.new:,} new orders, {one.changed:,} changed, {one.rejected:,} rejected"
                say(f"history: {pluralize(one.rows, 'row')}, {changes}")
            rejected += sum(one.rejected for one in summaries)
        if account_health and not stopped:
            for path in service.reports.fetch_account_health(on_wait=report_wait, stop=stop):
                say(f"account health: {path}; compare with: ordertui rate --reconcile {path}")
    if stopped:
        fail(Exit.INTERRUPTED, "stopped; what came so far is kept")
    if rejected:
        sys.exit(int(Exit.BAD_INPUT))

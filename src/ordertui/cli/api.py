"""Commands of the connection to Amazon: `ordertui sync`, and `ordertui api login`, `check`, `status` and others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from ordertui.files import SECRET_CHARACTERS, read_line
from ordertui.orders.clock import iso_utc, parse_iso
from ordertui.orders.text import pluralize

from .context import Settings, at_most_one, fail, open_session, say
from .exit_codes import Exit
from .interrupts import stop_on_interrupt
from .output import FORMAT, emit

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
    if order_id is not None and (days is not None or account_health):
        fail(Exit.USAGE, "--order is fetched alone: leave --history and --account-health out")
    with open_session(settings, makes=True, acts_now=True) as session, stop_on_interrupt() as stop:
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


@click.group()
def api() -> None:
    """Manage the connection to Amazon: credentials, check, status."""


def _day(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    try:
        return None if value is None else parse_iso(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no day such as 2026-11-23") from None


@api.command("login")
@click.option("--secret-issued", callback=_day, metavar="DAY", help="The day on which the client secret was made.")
@click.option("--file", "in_file", is_flag=True, help="Keep them in an encrypted file, not in the system's keyring.")
@click.pass_obj
def api_login(settings: Settings, secret_issued: int | None, in_file: bool) -> None:
    """Ask for the credentials and keep them. They are typed (or piped in, one a line), never given as arguments."""
    with open_session(settings, makes=True, acts_now=True) as session:
        names = ("client id", "client secret", "refresh token")
        if sys.stdin.isatty():
            given = [click.prompt(name, hide_input=name != "client id", err=True) for name in names]
        else:
            given = [read_line(sys.stdin, SECRET_CHARACTERS, name).strip() for name in names]
        where = online(session).account.login(
            client_id=given[0], client_secret=given[1], refresh_token=given[2],
            secret_issued_at=secret_issued, in_file=in_file,
        )  # fmt: skip
    say(f"kept in {where}; `ordertui api check` tries them")


@api.command("logout")
@click.pass_obj
def api_logout(settings: Settings) -> None:
    """Forget the credentials that are kept here."""
    with open_session(settings, makes=True) as session:
        session.sync.connection.credentials.forget()
    say("forgotten; to end the application's rights as well, disable it in Seller Central")


@api.command("check")
@click.pass_obj
def api_check(settings: Settings) -> None:
    """Ask Amazon which marketplaces this account sells in: proof that address, credentials and roles are right."""
    with open_session(settings, makes=True, acts_now=True) as session, stop_on_interrupt() as stop:
        for line in online(session).account.check(on_wait=report_wait, stop=stop):
            click.echo(line)


@api.command("status")
@FORMAT
@click.pass_obj
def api_status(settings: Settings, form: str) -> None:
    """Show profile, credentials and their age, data age, quota. Nothing is called."""
    from ordertui.operations.errors import OperationError

    with open_session(settings, makes=True) as session:
        found = session.sync.status()
        rows = [
            {"what": "profile", "value": found.profile},
            {"what": "marketplaces", "value": " ".join(found.marketplaces)},
            {"what": "batches leave as", "value": "feeds" if found.dispatch == "api" else "files to upload"},
        ]
        rows += [
            {"what": f"orders of {code} up to", "value": "never synced" if at is None else iso_utc(at)}
            for code, at in found.up_to.items()
        ]
        if found.running:
            rows.append({"what": "unfinished", "value": found.running})
        rows += [{"what": f"order {one} cannot be read", "value": why} for one, why in found.unread.items()]
        for quota in found.quotas:
            wait = "" if quota.calls else f", next in {quota.next_in} s"
            rows.append({"what": quota.operation, "value": f"{quota.calls} of {quota.burst} calls now{wait}"})
        if found.profile != "off":
            try:
                login = online(session).connection.credentials.load()
                rows.append({"what": "credentials", "value": login.source})
                warning = login.rotation(session.clock)
                if warning:
                    rows.append({"what": "rotation", "value": warning})
            except OperationError as error:
                rows.append({"what": "credentials", "value": str(error)})
    emit(rows, ("what", "value"), form)


@api.command("feeds")
@FORMAT
@click.pass_obj
def api_feeds(settings: Settings, form: str) -> None:
    """List every attempt to bring a batch to Amazon, newest first, and what it means. Nothing is called."""
    with open_session(settings, makes=True) as session:
        rows = [
            {
                "batch": one.batch, "action": one.action.value, "marketplace": one.marketplace, "state": one.state,
                "feed": one.feed_id or "", "orders": one.messages, "started": iso_utc(one.started_at), "means": words,
            }
            for one, words in session.dispatcher.feeds.list_submissions()
        ]  # fmt: skip
    emit(rows, ("batch", "action", "marketplace", "state", "feed", "orders", "started", "means"), form)
    if not rows:
        say("no batch was brought to Amazon by the API")


@api.command("adopt")
@click.argument("batch", type=int)
@click.argument("feed_id")
@click.pass_obj
def api_adopt(settings: Settings, batch: int, feed_id: str) -> None:
    """Say which of Amazon's feeds an unclear BATCH is; then it is followed as any other."""
    with open_session(settings, makes=True) as session:
        session.dispatcher.feeds.tracker.adopt_by_hand(batch, feed_id)
    say(f"batch {batch} is feed {feed_id} by your word; `ordertui dispatch` follows it")


@api.command("evidence")
@click.argument("order_id")
@FORMAT
@click.pass_obj
def api_evidence(settings: Settings, order_id: str, form: str) -> None:
    """List what Amazon booked for an order: proof of a refund, or of none (it may lag two days)."""
    with open_session(settings, makes=True, acts_now=True) as session, stop_on_interrupt() as stop:
        found = online(session).refunds.find_transactions(order_id, on_wait=report_wait, stop=stop)
    columns = ("posted", "kind", "status", "amount")
    emit([{name: getattr(one, name) for name in columns} for one in found], columns, form)
    if not found:
        say("Amazon has booked nothing for it that it shows yet")


@api.command("message")
@click.argument("order_id")
@click.option("--yes", is_flag=True, help="Send it; without, it is only shown.")
@click.option("--did-not-go", is_flag=True, help="Say that an unclear one did not go: you looked in Seller Central.")
@click.pass_obj
def api_message(settings: Settings, order_id: str, yes: bool, did_not_go: bool) -> None:
    """Show the message to the buyer of a shipped ORDER-ID, by one of Amazon's templates; --yes sends it, once."""
    at_most_one({"--yes": yes, "--did-not-go": did_not_go})
    with open_session(settings, makes=True, acts_now=True) as session, stop_on_interrupt() as stop:
        if did_not_go:
            session.sync.messages.mark_not_sent(order_id)
            say("kept as your word, in the audit; the message may be sent now")
            return
        text, order = session.messages.text(order_id), session.orders.get(order_id)
        assert order is not None, "an order without a text was refused"
        message = online(session).messages.preview(
            order, text, session.messages.language(order), on_wait=report_wait, stop=stop
        )
        click.echo(text)
        say(message.about)
        if yes:
            say(online(session).messages.send(message, on_wait=report_wait, stop=stop))
        elif message.kind:
            fail(Exit.NOT_CONFIRMED, "not sent; --yes sends it, and it cannot be taken back")

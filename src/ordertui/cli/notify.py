"""`ordertui notify`: who is told what, tell it now, try a receiver."""

from __future__ import annotations

import sys

import click

from ordertui.files import SECRET_CHARACTERS, read_line
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import NotificationState

from .context import Settings, fail, open_session, say
from .exit_codes import Exit
from .output import FORMAT, emit
from .worker import stop_event

NO_RECEIVERS = "the settings name no receiver: [[notify.receivers]], see `ordertui docs notifications`"
STOPPED = "stopped; what is not listed was not tried"


@click.group()
def notify() -> None:
    """Tell people what happens while nobody looks at the screen."""


@notify.command("list")
@click.option("--sent", is_flag=True, help="The notifications of the last seven days instead.")
@FORMAT
@click.pass_obj
def notify_list(settings: Settings, sent: bool, form: str) -> None:
    """List what is worth telling now, and to whom it was told. Nothing is sent."""
    with open_session(settings) as session:
        service = session.notifications
        if sent:
            rows = [
                {
                    "number": one.id, "receiver": one.receiver, "kind": one.kind.value, "state": one.state.value,
                    "attempts": one.attempts, "at": iso_utc(one.at),
                    "again_at": iso_utc(one.until) if one.until and one.state is NotificationState.FAILED else "",
                    "why": one.note,
                }
                for one in service.recent()
            ]  # fmt: skip
            emit(rows, ("number", "receiver", "kind", "state", "attempts", "at", "again_at", "why"), form)
            return
        receivers = session.config.notify.receivers
        rows = [
            {
                "kind": one.alert.kind.value, "about": one.alert.subject, "receiver": one.receiver,
                "told": one.waits if one.told is None else one.told.state.value,
                "at": "" if one.told is None else iso_utc(one.told.at),
            }
            for one in service.status()
        ]  # fmt: skip
        if not receivers:
            rows = [
                {"kind": one.kind.value, "about": one.subject, "receiver": "", "told": "to nobody", "at": ""}
                for one in service.collect()
            ]
        unknowns = service.unknowns()
    emit(rows, ("kind", "about", "receiver", "told", "at"), form, ("at",))
    if not receivers:
        say(NO_RECEIVERS)
    for line in unknowns:
        say(f"not watched: {line}")


@notify.command("send")
@FORMAT
@click.pass_obj
def notify_send(settings: Settings, form: str) -> None:
    """Tell each receiver what it was not told yet, as `ordertui worker` does; exit 7 when one did not take it."""
    with open_session(settings, acts_now=True) as session, stop_event() as stop:
        if not session.config.notify.receivers:
            fail(Exit.BAD_INPUT, NO_RECEIVERS)
        found = session.notifications.send_due(stop.is_set)
    rows = [
        {"receiver": one.receiver, "kind": one.kind.value, "state": one.state.value, "why": one.note} for one in found
    ]
    emit(rows, ("receiver", "kind", "state", "why"), form)
    if stop.is_set():
        fail(Exit.INTERRUPTED, STOPPED)
    if any(one.state is not NotificationState.DELIVERED for one in found):
        sys.exit(int(Exit.NOT_ALL))


@notify.command("test")
@click.argument("receiver", required=False)
@click.pass_obj
def notify_test(settings: Settings, receiver: str | None) -> None:
    """Send a test to RECEIVER, or to all; exit 7 when one did not take it. Nothing is noted."""
    with open_session(settings) as session, stop_event() as stop:
        if not session.config.notify.receivers:
            fail(Exit.BAD_INPUT, NO_RECEIVERS)
        found = session.notifications.test(receiver, stop.is_set)
    for name, why in found:
        click.echo(f"{name}: {why or 'taken'}")
    if stop.is_set():
        fail(Exit.INTERRUPTED, STOPPED)
    if any(why for _, why in found):
        sys.exit(int(Exit.NOT_ALL))


@notify.command("login")
@click.argument("receiver")
@click.option("--forget", is_flag=True, help="Take it out of the keyring instead.")
def notify_login(receiver: str, forget: bool) -> None:
    """Ask for the address of RECEIVER, typed or piped in and never an argument, and keep it in the keyring."""
    from ordertui.amazon.spapi.secret import Secret
    from ordertui.operations.notify.receivers import keep_address

    if forget:
        keep_address(receiver, None)
        say("forgotten")
        return
    if sys.stdin.isatty():
        given = Secret(click.prompt("address", hide_input=True, err=True).strip())
    else:
        given = Secret(read_line(sys.stdin, SECRET_CHARACTERS, "the address").strip())
    if not given:
        fail(Exit.BAD_INPUT, "no address was given; nothing was kept")
    keep_address(receiver, given)
    say(f"kept in the system's keyring; `ordertui notify test {receiver}` tries it")

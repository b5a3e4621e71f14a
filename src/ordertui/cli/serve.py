"""`serve`: the screen in a browser on this machine."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import secrets
import shlex
import subprocess
import sys

import click

from ordertui.orders.clock import iso_utc
from ordertui.orders.text import install_extra

from .context import Settings, fail, say
from .exit_codes import Exit

KEY_BYTES = 24


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8787, show_default=True, help="Port to listen on.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Another needs --let-others-in.")
@click.option("--let-others-in", is_flag=True, help="Allow an address that other machines reach. Unencrypted.")
@click.pass_obj
def serve(settings: Settings, port: int, address: str, let_others_in: bool) -> None:
    """Show the screen in a browser, at an address with a key that only this run knows. Ctrl-C ends it.

    There are no users and no log-in: whoever has the address and its key can do all that you can.
    Each tab is a screen of its own.
    """
    alone = is_loopback(address)
    if not alone and not let_others_in:
        fail(Exit.USAGE, f"{address} can be reached from other machines; if you mean that, add --let-others-in")
    try:
        from .web_server import OrderServer
    except ImportError:
        fail(Exit.USAGE, f"the browser needs the extra serve: {install_extra('serve')}")
    if not alone:
        say(
            f"WARNING: {address} is open to other machines. There is no log-in and no encryption: whoever learns"
            " the key, also by listening on the network, can cancel and refund in your name."
        )
    server = OrderServer(screen_command(settings), address, port, secrets.token_urlsafe(KEY_BYTES), say)
    try:
        asyncio.run(server.run())
    except OSError as error:
        fail(Exit.BAD_INPUT, f"cannot serve at {address} port {port}: {error.strerror or error}; choose another --port")


def is_loopback(address: str) -> bool:
    """Return whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def screen_command(settings: Settings) -> str:
    """Return the command line of one tab's screen, with the options that stood before `serve`."""
    args = [sys.executable, "-P", "-m", "ordertui"]  # -P: no module of the current folder is run
    if settings.store is not None:
        args += ["--store", settings.store if isinstance(settings.store, str) else str(settings.store.absolute())]
    if settings.read_only:
        args.append("--read-only")
    if settings.as_of is not None:
        args += ["--as-of", iso_utc(settings.as_of)]
    if os.name == "nt":
        return subprocess.list2cmdline(args)
    return f"exec {shlex.join(args)}"  # no shell stays between the server and the screen

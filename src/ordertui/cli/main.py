"""The `ordertui` command: global options, the screen when no command is given, and the list of commands."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click
import msgspec

from ordertui import __version__
from ordertui.orders.clock import parse_iso

from .context import Group, Settings, discard_output, explain, fail, leave_closed_pipe, open_session, parse_store, say
from .exit_codes import Exit, exit_for

COMMANDS = {
    "api": "api.api",
    "approvals": "batches.approvals",
    "approve": "batches.approve",
    "audit": "maintenance.audit",
    "claims": "orders.claims",
    "commit": "batches.commit",
    "config": "support.config",
    "demo": "demo.demo",
    "dispatch": "batches.dispatch",
    "docs": "support.docs",
    "facts": "orders.facts",
    "import": "imports.import_command",
    "list": "orders.list_command",
    "marks": "orders.marks",
    "message": "orders.message",
    "notify": "notify.notify",
    "outbox": "batches.outbox",
    "plan": "plan.plan",
    "policy": "policy.policy",
    "rate-reports": "rate.rate_reports",
    "rate": "rate.rate",
    "reject": "batches.reject",
    "release": "batches.release",
    "report": "support.report",
    "results": "imports.results",
    "retry": "plan.retry",
    "serve": "serve.serve",
    "shortage": "shortage.shortage",
    "settle": "batches.settle",
    "show": "orders.show",
    "store": "maintenance.store",
    "sync": "api.sync",
    "team": "team.team",
    "todo": "batches.todo",
    "undo": "batches.undo",
    "uploaded": "batches.uploaded",
    "worker": "worker.worker",
}
"""Module and function of each command. The module is imported when its command is asked for, and no other."""

DRIVER_VARIABLE = "TEXTUAL_DRIVER"
"""Set by `ordertui serve` for the screens it starts: they draw in a browser, not on a terminal."""


OLD_NAMES = {"questions": "todo"}
"""Names that commands had in version 0.1; scripts may still use them."""


class Commands(Group):
    """The commands of COMMANDS, each imported when it is asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or None."""
        known = COMMANDS.get(OLD_NAMES.get(cmd_name, cmd_name))
        if known is None:
            return None
        module, _, name = known.partition(".")
        command: click.Command = getattr(import_module(f"{__package__}.{module}"), name)
        return command

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = False,  # noqa: ARG002 as click calls it
        **extra: object,
    ) -> NoReturn:
        """Run the command line and leave. A Ctrl-C has its own exit code wherever it comes, also at a question.

        Click's own way to end (`standalone_mode`) is always off.
        """
        if sys.stdin is None:  # closed by who started the program
            sys.stdin = open(os.devnull, encoding="ascii")  # noqa: SIM115 for as long as the program runs
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort as error:
            if isinstance(error.__context__, EOFError):
                fail(Exit.BAD_INPUT, "nothing was typed where something was asked; nothing was done")
            fail(Exit.INTERRUPTED, "stopped")
        sys.exit(code if isinstance(code, int) else 0)


def _time(_ctx: click.Context, _param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        moment = parse_iso(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no ISO time such as 2026-11-23T14:05:00Z") from None
    if not parse_iso("1990-01-01") <= moment < parse_iso("2101-01-01"):  # as in filters
        raise click.BadParameter(f"{value!r} is out of range: 1990-01-01 to 2100-12-31")
    return moment


@click.group(cls=Commands, invoke_without_command=True)
@click.version_option(__version__)
@click.option(
    "--store",
    callback=parse_store,
    envvar="ORDERTUI_STORE",
    help="The store: a file, or postgresql://...; default: $ORDERTUI_STORE, the settings, the user's data folder.",
)
@click.option("--read-only", is_flag=True, help="Change nothing.")
@click.option("--as-of", callback=_time, metavar="ISO-TIME", help="Look as of this time (UTC without offset).")
@click.option("--no-mouse", is_flag=True, help="The screen leaves the mouse to the terminal.")
@click.pass_context
def cli(ctx: click.Context, store: Path | str | None, read_only: bool, as_of: int | None, no_mouse: bool) -> None:
    """Cancel and refund Amazon orders in checked batches. Without a command: the screen.

    Exit codes: 0 ok, 1 internal, 2 usage (or no terminal for the screen), 3 refused by the rules, 4 bad input,
    5 not confirmed, 6 changed since the plan, 7 not all went through; of `worker status` 10 no worker, 11 late,
    12 failing; 130 Ctrl-C, 141 the reader of stdout left, 143 ended by the system.
    """
    ctx.obj = Settings(store, read_only, as_of)
    if ctx.invoked_subcommand is None:
        open_screen(ctx.obj, mouse=not no_mouse)


def open_screen(settings: Settings, *, mouse: bool = True, tour: bool = False) -> None:
    """Run the screen; `tour` shows the tour when it was not seen yet. With `--as-of` the session is read-only.

    Without a terminal say what to use instead and leave with exit 2.
    """
    in_browser = DRIVER_VARIABLE in os.environ
    streams = {"stdin": sys.stdin, "stdout": sys.stdout, "stderr": sys.stderr}  # Textual draws on stderr
    elsewhere = [name for name, stream in streams.items() if not stream.isatty()]
    if not in_browser and (elsewhere or os.environ.get("TERM", "") in ("dumb", "")):
        why = f" ({', '.join(elsewhere)}: redirected or closed)" if elsewhere else ""
        fail(
            Exit.USAGE, f"the screen needs a terminal{why}; use `ordertui list`, or `ordertui --help` for all commands"
        )
    if settings.another_time:
        settings = msgspec.structs.replace(settings, read_only=True)
    gc.disable()  # imports make many objects and free none: collecting in between costs a fifth of the start
    with open_session(settings, makes=True, copy=_show_copying) as session:
        from ordertui.tui.main.app import run

        gc.freeze()
        gc.enable()
        with_tour = tour and not session.workspace.tour_seen()
        code = run(session, mouse=mouse, tour=with_tour, say=(lambda _text: None) if in_browser else say)
    if code:
        sys.exit(code)


def _show_copying(done: int, total: int) -> None:
    """Show how far the copy of a server's store is, before the screen is there."""
    if sys.stderr.isatty():
        ending = "\n" if done >= total else ""
        sys.stderr.write(f"\rcopying the store: {done:,} of {total:,} rows{ending}")
        sys.stderr.flush()


def entry() -> None:
    """Run the console script. What goes wrong outside of a command, such as a closed or full output, ends in words."""
    if sys.stderr is None:  # started with it closed (`2>&-`): nobody reads what is said there
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 for as long as the program runs
    if sys.stdout is None:  # started with it closed (`>&-`): as a pipe whose reader has gone
        reader, writer = os.pipe()
        os.close(reader)
        sys.stdout = os.fdopen(writer, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no such character shows its number
    code: object = 0
    output = sys.stdout
    try:
        try:
            cli()
        except SystemExit as ending:
            if sys.stdout is not output:  # click replaces it when its reader went away
                leave_closed_pipe()
            code = ending.code
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what a Ctrl-C was to stop is over
        sys.stdout.flush()
    except BrokenPipeError:
        leave_closed_pipe()
    except Exception as error:
        discard_output()
        fail(exit_for(error), explain(error))
    raise SystemExit(code)

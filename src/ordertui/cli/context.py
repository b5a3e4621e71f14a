"""Parts that every command uses: global options, the clock, opening the session, errors turned into exit codes."""

from __future__ import annotations

import errno
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
import msgspec

from ordertui.files import is_absent
from ordertui.orders.clock import Clock, FixedClock, SystemClock
from ordertui.orders.text import name_order, strip_control_characters

from .exit_codes import Exit, exit_for

if TYPE_CHECKING:
    from ordertui.operations.session import Session
    from ordertui.orders.errors import UserError

NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
"""What a full disk says. Without a file's name it is of standard output: every other file is named by who writes it."""
TEST_CLOCK = "ORDERTUI_TEST_CLOCK"
MOST_NAMED = 10
"""Ids that a sentence names."""


class Settings(msgspec.Struct, frozen=True):
    """The options that stand before the command."""

    store: Path | str | None
    """A file, or the address of a server; None: as the settings say."""
    read_only: bool
    as_of: int | None

    @property
    def another_time(self) -> bool:
        """Whether `--as-of` is given outside of a test. Nothing may be committed or sent then."""
        return self.as_of is not None and os.environ.get(TEST_CLOCK) != "1"

    def clock(self) -> Clock:
        """Return the machine's clock, or one that stands at `--as-of`."""
        return SystemClock() if self.as_of is None else FixedClock(self.as_of)


@contextmanager
def open_session(
    settings: Settings,
    *,
    makes: bool = False,
    acts_now: bool = False,
    takes_back: bool = False,
    copy: Callable[[int, int], None] | None = None,
) -> Iterator[Session]:
    """Open the session, and close it at the end whatever happens.

    Only with `makes` is a store made at a place that --store names: a mistyped one leaves nothing behind. A command
    that `acts_now` takes no `--as-of`. One that only `takes_back` what is held, or looks at it, says what is wrong with
    the settings and the policy file, and works all the same. `copy`: see `Session.open`.
    """
    if acts_now:
        real_clock_only(settings)
    if not makes and isinstance(settings.store, Path) and is_absent(settings.store):
        fail(Exit.BAD_INPUT, f"there is no store {settings.store}; `ordertui import FILE...` makes one, or correct it")
    from ordertui.operations.config import store_place
    from ordertui.operations.session import Session

    wrong: list[UserError] = []
    with _migrating() as stop:
        if takes_back:
            from ordertui.operations.taking_back import open_to_take_back

            session = open_to_take_back(
                settings.store, clock=settings.clock(), read_only=settings.read_only, stop=stop, warn=wrong.append
            )
        else:
            session = Session.open(
                settings.store, clock=settings.clock(), read_only=settings.read_only, copy=copy, stop=stop
            )
    try:
        for error in wrong:
            place = store_place(settings.store, session.config)
            say(f"{error}. This command, which only undoes or looks, works all the same, in the store {place}")
        if session.is_practice:
            say("PRACTICE STORE: nothing here is real.")
        if session.context.store.mended:
            say(session.context.store.mended)
        yield session
    finally:
        decided_by = vars(session.context).get("active_policies")  # only where something was decided by them
        if decided_by is not None and decided_by.note:
            say(decided_by.note)
        session.close()


@contextmanager
def _migrating() -> Iterator[Callable[[], bool]]:
    """Say from the second second on that a store of an older version is migrated, and end it at a Ctrl-C.

    The Ctrl-C is raised inside SQLite's question whether to go on; to SQLite, as any error there, that is a no.
    """
    began, shown = time.monotonic(), 0

    def ask() -> bool:
        nonlocal shown
        seconds = int(time.monotonic() - began)
        if seconds > shown and (not shown or sys.stderr.isatty()):
            start, end = ("\r", "") if sys.stderr.isatty() else ("", "\n")
            text = f"migrating the store from an older version: {seconds} s; Ctrl-C stops, and nothing is lost"
            click.echo(f"{start}{text}{end}", err=True, nl=False)
            shown = seconds
        return False

    from ordertui.store import Interrupted

    try:
        yield ask
    except Interrupted:
        raise KeyboardInterrupt from None
    finally:
        if shown and sys.stderr.isatty():
            say("")


def parse_store(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Path | str | None:
    """Return the place of a store: the path of a file, or a server's address."""
    if value is None or value.startswith(("postgresql://", "postgres://")):
        return value
    if re.match(r"[a-z][a-z0-9+]+:/", value):
        raise click.BadParameter(f"{value} is an address, of which only postgresql://... is taken")
    if not Path(value).name:
        raise click.BadParameter(f"'{value}' is a folder; name the store's file in it")
    return Path(value)


def real_clock_only(settings: Settings) -> None:
    """Refuse `--as-of` for what cannot be taken back, unless the test clock is switched on."""
    if settings.another_time:
        fail(Exit.USAGE, f"--as-of is not taken by this command: it acts now. (Tests set {TEST_CLOCK}=1.)")


def say(text: str) -> None:
    """Write a message to stderr, without the control characters that a terminal would obey."""
    click.echo("\n".join(strip_control_characters(line) for line in text.splitlines()), err=True)


def fail(code: Exit, message: str) -> NoReturn:
    """Say why on stderr and leave with the code."""
    say(f"ordertui: {message}")
    sys.exit(int(code))


def at_most_one(given: Mapping[str, bool]) -> str:
    """Return which of several options that exclude each other was given; empty: none. Leave with exit 2, naming two.

    Each has a parameter of its own: where two set the same one, the last would win, and nobody would be told.
    """
    chosen = [name for name, is_given in given.items() if is_given]
    if len(chosen) > 1:
        fail(Exit.USAGE, f"give only one of {' and '.join(chosen)}")
    return chosen[0] if chosen else ""


def exactly_one(given: Mapping[str, bool]) -> str:
    """Return which of several options was given. Leave with exit 2 when none was, or more than one."""
    chosen = at_most_one(given)
    if not chosen:
        *others, last = given
        fail(Exit.USAGE, f"give {', '.join(others)} or {last}")
    return chosen


def name_orders(order_ids: Sequence[str]) -> str:
    """Return ids for a sentence: some of them and how many more there are, each cut where it is no order's."""
    more = f" and {len(order_ids) - MOST_NAMED:,} more" if len(order_ids) > MOST_NAMED else ""
    return ", ".join(name_order(one) for one in order_ids[:MOST_NAMED]) + more


def split_known_orders(session: Session, order_ids: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the row numbers of order ids, and those ids that are not in the store, each once and in their order."""
    wanted = dict.fromkeys(order_ids)
    found = session.orders.ids_of(wanted)
    return [found[one] for one in wanted if one in found], [one for one in wanted if one not in found]


def find_row_numbers(session: Session, order_ids: Sequence[str]) -> list[int]:
    """Return the row numbers of order ids. Leave with exit 4, naming those that are not in the store."""
    found, missing = split_known_orders(session, order_ids)
    if missing:
        fail(Exit.BAD_INPUT, f"not in this store: {name_orders(missing)}; nothing was done")
    return found


def leave_closed_pipe() -> NoReturn:
    """Leave quietly after the reader of stdout closed it."""
    discard_output()
    sys.exit(int(Exit.PIPE_CLOSED))


def discard_output() -> None:
    """Redirect stdout to the null device, so that the interpreter's final flush cannot change the exit status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Group(click.Group):
    """A command group that turns every error into words and an exit code: the command line's boundary."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            leave_closed_pipe()
        except KeyboardInterrupt:
            fail(Exit.INTERRUPTED, "stopped")
        except Exception as error:
            fail(exit_for(error), explain(error))


def explain(error: Exception) -> str:
    """Return the error's message and what helps to settle it: differences, samples, the option to give."""
    from ordertui.amazon.reports import AmbiguousEncoding, MarketplaceNeeded
    from ordertui.operations.errors import CountNotTyped, EvidenceAgainst, error_message

    if isinstance(error, OSError) and error.filename is None and error.errno in NO_ROOM:
        return f"not all of its output could be written: {error.strerror}; look what it did before you repeat it"
    text = [error_message(error)]
    if isinstance(error, AmbiguousEncoding):
        text += [f"  --encoding {name:<12} {sample}" for name, sample in error.candidates]
        text.append("Look which line reads right and give its --encoding.")
    elif isinstance(error, MarketplaceNeeded):
        if error.proposed:
            text.append(f"Its order ids and currency speak for {error.proposed}.")
        text.append(f"Give --marketplace CODE, one of: {', '.join(error.choices)}.")
    elif isinstance(error, CountNotTyped):
        text.append(f"To type it, give --typed {error.count}.")
    elif isinstance(error, EvidenceAgainst):
        text.append(f"To name it, give {' '.join(f'--against {name}' for name in error.names)}.")
    return "\n".join(text)

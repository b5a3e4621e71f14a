"""`ordertui`, and `python -m ordertui`: where the program begins."""

import _thread
import os
import signal
import stat
import sys
import time
from contextlib import suppress
from types import FrameType

AGAIN_SECONDS = 0.02
"""After which a Ctrl-C that Python dropped comes again: what dropped it has returned by then."""
INTERRUPTED, TERMINATED = 130, 143
_told_to_end = False


def entry() -> None:
    """Run the command line. Ctrl-C while it is being loaded, or has ended, ends it without a word."""
    end_on_signals()
    try:
        repeat_lost_interrupts()
        from ordertui.cli.main import entry as run

        run()
    except KeyboardInterrupt:
        raise SystemExit(TERMINATED if _told_to_end else INTERRUPTED) from None
    except SystemExit as ending:
        if _told_to_end and ending.code == INTERRUPTED:
            raise SystemExit(TERMINATED) from None
        raise


def end_on_signals() -> None:
    """Let SIGTERM, and SIGHUP of a terminal that is closed, end a command as Ctrl-C does: in order, the terminal given
    back. What is told to ignore them (`nohup`) goes on.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has one of them
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    global _told_to_end
    if _told_to_end and number == getattr(signal, "SIGHUP", None):
        return  # a shell passes it on when it ends, and the system sends it again: no second wish, as a Ctrl-C would be
    _told_to_end = True
    _drop_words_to_a_closed_terminal()
    press = signal.getsignal(signal.SIGINT)
    if not callable(press):  # ignored, as of a command that a script began with `&`
        raise KeyboardInterrupt
    press(signal.SIGINT, frame)


def _drop_words_to_a_closed_terminal() -> None:
    """Let nobody get what is said from now on, where nobody can: else each word would be an error."""
    for stream in (1, 2):
        with suppress(OSError):  # closed by who began the command
            if stat.S_ISCHR(os.fstat(stream).st_mode) and not os.isatty(stream):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)


def repeat_lost_interrupts() -> None:
    """Let a Ctrl-C come again that fell into code whose errors Python drops.

    Such code is run between any two lines: at the end of each import, when an object is deleted, by the collection of
    garbage. Without this the command goes on as if nobody had pressed anything.
    """
    report = sys.unraisablehook

    def repeat(lost: "sys.UnraisableHookArgs") -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            _thread.start_new_thread(_interrupt_again, ())  # `threading` is not loaded, and an import may be under way
        else:
            report(lost)

    sys.unraisablehook = repeat


def _interrupt_again() -> None:
    time.sleep(AGAIN_SECONDS)
    _thread.interrupt_main(signal.SIGTERM if _told_to_end else signal.SIGINT)  # the other one may be ignored


if __name__ == "__main__":
    entry()

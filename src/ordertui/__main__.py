"""`ordertui`, and `python -m ordertui`: where the program begins."""

import _thread
import sys
import time

AGAIN_SECONDS = 0.02
"""After which a Ctrl-C that Python dropped comes again: what dropped it has returned by then."""


def entry() -> None:
    """Run the command line. Ctrl-C while it is being loaded, or has ended, ends it without a word."""
    try:
        repeat_lost_interrupts()
        from ordertui.cli.main import entry as run

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


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
    _thread.interrupt_main()


if __name__ == "__main__":
    entry()

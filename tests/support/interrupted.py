"""Run `ordertui` as its console script does, and send a signal at the Nth line that Python runs, of whatever module.

    python interrupted.py FOLDER N SIGNAL ARGUMENTS...

With N 0 nobody sends it; `FOLDER/lines` then has the number of lines, and below it, for each line of source, when it
was run first and last, and whether it is of a callback whose errors Python drops.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import TraceFunction

DROPPED = "cb"
"""Function of the import machinery that Python calls when an import ends, and whose errors it drops."""
folder, wanted = Path(sys.argv[1]), int(sys.argv[2])
number = signal.Signals[sys.argv[3]]
sys.argv = ["ordertui", *sys.argv[4:]]
count = 0
seen: dict[tuple[str, int, bool], list[int]] = {}


def trace(frame: FrameType, event: str, _: object) -> TraceFunction:
    """Count a line; at the wanted one send the signal."""
    global count
    if event == "line":
        count += 1
        if not wanted:
            code = frame.f_code
            key = (code.co_filename, frame.f_lineno, code.co_name == DROPPED)
            seen.setdefault(key, [count, count])[1] = count
        elif count == wanted:
            sys.settrace(None)
            note(frame)
            signal.raise_signal(number)
    return trace


def note(frame: FrameType | None) -> None:
    """Write down where it comes, for who reads a failure."""
    lines = []
    while frame is not None:
        lines.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    (folder / "where").write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    """Run it."""
    from ordertui.__main__ import entry

    sys.settrace(trace)
    try:
        entry()
    finally:
        sys.settrace(None)
        if not wanted:
            moments = [f"{at} {int(is_dropped)}" for (_, _, is_dropped), both in seen.items() for at in sorted({*both})]
            (folder / "lines").write_text("\n".join([str(count), *moments]), encoding="utf-8")


if __name__ == "__main__":
    main()

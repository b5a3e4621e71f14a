"""Write `examples/`: Amazon files of our own making, the same bytes every time. `make examples` runs this."""

from __future__ import annotations

import argparse
from pathlib import Path

from ordertui.operations.demo.example_files import write_examples
from ordertui.orders.clock import parse_iso

AS_OF = "2026-11-23T14:05:00Z"
"""When the reports were downloaded; the clock of every example command."""
HERE = Path(__file__).resolve().parent.parent / "examples"

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HERE)
    write_examples(parser.parse_args().into, parse_iso(AS_OF))

"""The examples of docs/formats.md are what the program writes and reads."""

from __future__ import annotations

import re
from pathlib import Path

from amazon.feeds.test_flat_file import CANCEL, REFUND, SHIP, B
from ordertui.amazon import feeds
from ordertui.amazon.feeds import CancelItem
from ordertui.amazon.processing_report import parse_report
from ordertui.amazon.reports.report_kind import titles_with_header

from .test_processing_report import FLAT

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
BLOCKS = {
    name: body.replace("→", "\t").replace("\n", "\r\n").encode()
    for name, body in re.findall(r"^```([a-z-]+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}


def test_the_examples_are_real() -> None:
    cancel = [CANCEL, CancelItem(B, "70000000000001", "BuyerCanceled")]
    assert {
        "cancellation": feeds.cancellation_flat(cancel, marketplace="US"),
        "adjustment": feeds.adjustment_flat([REFUND], marketplace="US"),
        "fulfillment": feeds.fulfillment_flat([SHIP], marketplace="US"),
        "flat-report": FLAT.encode(),
    } == BLOCKS
    assert parse_report(BLOCKS["flat-report"], "a").processed == 3


def test_the_page_has_a_row_for_each_report() -> None:
    table = PAGE.partition("| report | recognised by")[2].partition("\n\n")[0]
    rows = [row.split("|")[1].strip() for row in table.splitlines()[2:]]
    assert sorted(title.partition(" (")[0] for title in rows) == sorted(titles_with_header())

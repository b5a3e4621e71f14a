"""The examples of docs/formats.md are what the program writes and reads."""

from __future__ import annotations

import re
from pathlib import Path

from amazon.feeds.test_flat_file import CANCEL, REFUND, SHIP, B
from ordertui.amazon import feeds
from ordertui.amazon.feeds import CancelItem
from ordertui.amazon.processing_report import parse_report
from ordertui.amazon.reports.report_kind import COLUMNS, REPORT_FORMATS, ReportContent, titles_with_header
from support.reports import COLUMNS as WHOLE
from support.reports import cells, everything, text_of

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


FREE_TEXT = {
    "sku", "asin", "product-name", "buyer-requested-cancel-reason", "item-promotion-id", "ship-promotion-id",
}  # fmt: skip


def role_of(column: str, kind: str, folder: Path) -> str:
    """Return what a column of a kind of report is, by reading one in which its cell says nothing that fits."""
    names = [*WHOLE[kind], *([] if column in WHOLE[kind] else [column])]
    row = cells(kind) | {column: "?!"}
    (folder / "a.txt").write_text(text_of(names, [row]), encoding="utf-8")
    _, rows, rejects = everything(folder / "a.txt", marketplace="US")
    if not rows:
        assert not rejects[0].is_taken
        return "decides"
    return (
        "wanted" if column in next(one for one in REPORT_FORMATS.values() if one.kind == kind).expected else "optional"
    )


def test_the_page_says_which_columns_decide(tmp_path: Path) -> None:
    """The table is made by reading, so that it cannot say anything else than what the program does."""
    kinds = [kind for kind, one in REPORT_FORMATS.items() if one.content is ReportContent.ORDER_LINES]
    lines = [
        "| column | " + " | ".join(REPORT_FORMATS[kind].title for kind in kinds) + " | a cell that cannot be read |"
    ]
    lines.append("|---" * (len(kinds) + 2) + "|")
    amounts = {name for field, found in COLUMNS.items() if "price" in field or "tax" in field for name in found}
    amounts |= {"currency", "item-promotion-discount", "ship-promotion-discount"}
    for names in COLUMNS.values():
        for column in names:
            roles = [role_of(column, kind.value, tmp_path) for kind in kinds]
            effect = "is unknown"
            if "decides" in roles:
                effect = "leaves the row out"
            elif column in amounts:
                effect = "makes what was paid unknown"
            elif column in FREE_TEXT:
                effect = "any text is taken"
            lines.append(f"| `{column}` | {' | '.join(roles)} | {effect} |")
    assert "\n".join(lines) in PAGE, "docs/formats.md must have this table:\n" + "\n".join(lines)

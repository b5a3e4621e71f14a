"""Reports of every kind in odd forms, in any order and marketplace, come to what the plain files come to."""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ordertui.amazon.reports import ReportError
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.report_row import FACT_AT, ReportRow
from ordertui.store.importing.import_session import ImportSession
from support.imports import NOW, Report, dump
from support.reports import COLUMNS, cells
from support.slow_merge import SlowBook, kept

Rows = Sequence[dict[str, str]]
Form = Callable[[Sequence[str], Rows], bytes]
STATUS = ("Pending", "Unshipped", "Shipped", "Cancelled")
MONEY_FREE = ("ship-city", "ship-state", "recipient-name")


def rows_of(kind: str, code: str) -> list[dict[str, str]]:
    """Eight orders of one to three items; an Unshipped report names those that wait."""
    found = []
    for number in range(1, 9):
        status = STATUS[number % 4]
        for line in range(1 + number % 3):
            row = cells(
                kind,
                sales_channel=MARKETPLACES[code].name,
                order_id=f"{list(MARKETPLACES).index(code):03d}-{number:07d}-0000001",
                sku=f"SK-{number}-{line}",
                order_item_id=f"0{number:011d}{line:03d}",
                product_name=f'Gr\u00fcn "{number}" {line}' if code != "JP" else f"\u5546\u54c1 {number} {line}",
                order_status=status,
                item_status=status,
            )
            if kind != "unshipped" or status == "Unshipped":
                found.append(row)
    return found


def text(columns: Sequence[str], rows: Rows, between: str = "\t", end: str = "\n", *, quoted: bool = False) -> str:
    def cell(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if quoted else value

    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    return end.join(between.join(map(cell, line)) for line in lines) + end


def with_cells(rows: Rows, columns: Sequence[str], value: str, every: int = 1) -> list[dict[str, str]]:
    """Put a text into the first of the columns of a buyer that the report has."""
    column = next(name for name in MONEY_FREE if name in columns)
    return [row | {column: value} if place % every == 0 else row for place, row in enumerate(rows)]


def shuffled(columns: Sequence[str]) -> list[str]:
    return random.Random(1).sample(list(columns), len(columns))


def other_orders_first(rows: Rows) -> list[dict[str, str]]:
    return sorted(rows, key=lambda row: (row.get("order-id") or row["amazon-order-id"])[::-1])


def renamed(change: Callable[[str], str]) -> Form:
    return lambda columns, rows: text(
        [change(name) for name in columns], [{change(name): value for name, value in row.items()} for row in rows]
    ).encode()


def zipped(content: bytes, *others: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in others:
            archive.writestr(name, "hidden")
        archive.writestr("folder/report.txt", content)
    return packed.getvalue()


SAME: dict[str, Form] = {
    "a byte order mark": lambda c, r: text(c, r).encode("utf-8-sig"),
    "two of them": lambda c, r: b"\xef\xbb\xbf" + text(c, r).encode("utf-8-sig"),
    "UTF-16": lambda c, r: text(c, r).encode("utf-16"),
    "UTF-16, the other way round": lambda c, r: b"\xfe\xff" + text(c, r).encode("utf-16-be"),
    "UTF-16, quoted, CRLF": lambda c, r: text(c, r, end="\r\n", quoted=True).encode("utf-16"),
    "CRLF": lambda c, r: text(c, r, end="\r\n").encode(),
    "CR alone": lambda c, r: text(c, r, end="\r").encode(),
    "both ends": lambda c, r: text(c, r).replace("\n", "\r\n", 4).encode(),
    "no last end": lambda c, r: text(c, r).rstrip("\n").encode(),
    "blank lines": lambda c, r: text(c, r).replace("\n", "\n\n \n").encode(),
    "gzip": lambda c, r: gzip.compress(text(c, r).encode()),
    "zip": lambda c, r: zipped(text(c, r).encode()),
    "zip of a Mac, UTF-16": lambda c, r: zipped(text(c, r).encode("utf-16"), "__MACOSX/._report.txt"),
    "quoted": lambda c, r: text(c, r, quoted=True).encode(),
    "commas": lambda c, r: text(c, r, ",", quoted=True).encode(),
    "semicolons": lambda c, r: text(c, r, ";", "\r\n", quoted=True).encode("utf-8-sig"),
    "shuffled columns": lambda c, r: text(shuffled(c), r).encode(),
    "more columns": lambda c, r: text(["x", *c[:5], "neue spalte", *c[5:], "cpf", ""], r).encode(),
    "blank cells too many": lambda c, r: text(c, r).replace("\n", "\t\t\t\n").encode(),
    "capitals": renamed(str.upper),
    "blanks around names": renamed(lambda name: f" {name} "),
    "underscores": renamed(lambda name: name.replace("-", "_")),
    "names as titles": renamed(lambda name: name.replace("-", " ").title()),
    "blanks around cells": lambda c, r: text(c, [{k: f" {v} " for k, v in row.items()} for row in r]).encode(),
    "other orders first": lambda c, r: text(c, other_orders_first(r)).encode(),
    "joined with itself": lambda c, r: text(c, [*r, *r]).encode(),
    "NUL": lambda c, r: text(c, with_cells(r, c, "a\0b")).encode(),
    "control characters": lambda c, r: text(c, with_cells(r, c, "a\x0b\x0c\x1c\x85\u2028b")).encode(),
    "a huge cell": lambda c, r: text(c, with_cells(r, c, "x" * 200_000, 5)).encode(),
    "tabs in cells": lambda c, r: text(c, with_cells(r, c, "a\tb", 2), quoted=True).encode(),
    "line ends in cells": lambda c, r: text(c, with_cells(r, c, "a\nb", 2), quoted=True).encode(),
    "cp1252 or cp932": lambda c, r: text(c, r).encode("cp932" if "\u5546" in text(c, r) else "cp1252"),
}
"""What changes nothing of what a report says."""
REFUSED: dict[str, tuple[Form, str]] = {
    "two headers": (lambda c, r: (text(c, r) * 2).encode(), "a header stands here again"),
    "two headers, quoted": (lambda c, r: (text(c, r, quoted=True) * 2).encode(), "a header stands here again"),
    "one column": (lambda c, r: text(c[:1], r).encode(), "no header of a known report"),
    "nothing": (lambda c, r: b"", "is empty"),
    "UTF-32": (lambda c, r: text(c, r).encode("utf-32"), "no text file"),
    "packed twice": (lambda c, r: gzip.compress(gzip.compress(text(c, r).encode())), "holds a packed file"),
    "bars between cells": (lambda c, r: text(c, r, "|").encode(), "no header of a known report"),
}


def taken(folder: Path, files: Sequence[tuple[str, bytes]]) -> dict[str, object]:
    """A store of these files, dumped, after a look at what a slow merge and a recount say of it."""
    folder.mkdir()
    book = SlowBook()
    rows: list[ReportRow] = []
    real = ImportSession.add

    def add(one: ImportSession, some: Sequence[ReportRow]) -> None:
        rows.extend(some)
        real(one, some)

    with Session.open(folder / "orders.db", clock=FixedClock(NOW)) as session, pytest.MonkeyPatch.context() as patch:
        patch.setattr(ImportSession, "add", add)
        for number, (kind, content) in enumerate(files):
            path = folder / f"{number}.txt"
            path.write_bytes(content)
            (summary,) = session.imports.import_files([path])
            assert (summary.kind, summary.rejected) == (kind, 0)
            if rows:  # none of a file that was imported before
                newest = max(int(str(row[FACT_AT])) for row in rows)
                book.take(Report(kind, tuple(rows), newest))
            rows.clear()
        assert kept(session.context.store) == book.facts()
        assert [str(one) for one in session.recount().run()] == []
    return dump(folder / "orders.db")


@pytest.mark.parametrize("form", SAME)
def test_an_odd_form_says_the_same(form: str, tmp_path: Path) -> None:
    rng = random.Random(form)
    code = rng.choice(list(MARKETPLACES))
    made = [(kind, rows_of(kind, code)) for kind in COLUMNS]
    plain = taken(tmp_path / "plain", [(kind, text(COLUMNS[kind], rows).encode()) for kind, rows in made])
    odd = [(kind, SAME[form](COLUMNS[kind], rows)) for kind, rows in made]
    again = [*odd, odd[rng.randrange(len(odd))]]
    assert taken(tmp_path / "odd", rng.sample(again, len(again))) == plain


@pytest.mark.parametrize("form", REFUSED)
@pytest.mark.parametrize("kind", COLUMNS)
def test_what_is_no_report_is_refused_whole(form: str, kind: str, tmp_path: Path) -> None:
    make, words = REFUSED[form]
    path = tmp_path / "odd.txt"
    path.write_bytes(make(COLUMNS[kind], rows_of(kind, "DE")))
    with Session.open(tmp_path / "orders.db", clock=FixedClock(NOW)) as session:
        with pytest.raises(ReportError, match=words):
            session.imports.import_files([path])
        assert len(session.orders.find()) == 0


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_header_alone_says_nothing_of_any_order(kind: str, tmp_path: Path) -> None:
    with Session.open(tmp_path / "orders.db", clock=FixedClock(NOW)) as session:
        path = tmp_path / "odd.txt"
        path.write_text(text(COLUMNS[kind], []), encoding="utf-8")
        (summary,) = session.imports.import_files([path])
        assert (summary.rows, summary.rejected, len(session.orders.find())) == (0, 0, 0)
        assert [str(one) for one in session.recount().run()] == []

"""textual-fastdatatable over a TSV file, read by Arrow: `fastdatatable.py orders.tsv`."""

import sys
from typing import ClassVar

from pyarrow import csv, string
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static
from textual_fastdatatable import ArrowBackend, DataTable


class Peer(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "quit")]
    CSS = "DataTable { height: 1fr; } Static { height: 1; }"

    def compose(self) -> ComposeResult:
        with open(sys.argv[1], encoding="utf-8") as file:
            names = file.readline().rstrip("\n").split("\t")
        table = csv.read_csv(
            sys.argv[1],
            parse_options=csv.ParseOptions(delimiter="\t", quote_char=False),
            convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, string())),
        )
        yield DataTable(
            backend=ArrowBackend(table),
            cursor_type="row",
            zebra_stripes=True,
            max_column_content_width=36,
            render_markup=False,
        )
        yield Static(f"{table.num_rows:,} rows", id="status")

    def on_mount(self) -> None:
        self.query_one(DataTable).focus()


Peer().run()

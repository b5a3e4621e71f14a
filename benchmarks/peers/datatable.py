"""Textual's own DataTable over a TSV file: `datatable.py orders.tsv`. The usual way: all rows are added when the app
starts.
"""

import sys
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable, Static


class Peer(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "quit")]
    CSS = "DataTable { height: 1fr; } Static { height: 1; }"

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row", zebra_stripes=True)
        yield Static("loading", id="status")

    def on_mount(self) -> None:
        with open(sys.argv[1], encoding="utf-8", newline="\n") as file:
            head, *rows = (line.rstrip("\n").split("\t") for line in file)
        table = self.query_one(DataTable)
        for name in head:
            table.add_column(name, width=20 if name == "order_id" else 10)
        table.add_rows(rows)
        table.focus()
        self.query_one("#status", Static).update(f"{len(rows):,} rows")


Peer().run()

"""The outbox's line of a batch: what it says while files are being written, and when that does not end."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from ordertui.operations.batches.batch import Batch
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.store import JournalRow
from ordertui.tui.render.batch_list import WRITING_SECONDS, BatchContext, batch_state, next_steps
from support.shops import NOW, order_id

ROW = JournalRow(order_id(1), RowState.WRITTEN, "NoInventory", "USD", 1080, "", "")
WRITING = Batch(
    id=1,
    action=Action.CANCEL,
    marketplace="US",
    state=BatchState.WRITTEN,
    created_at=NOW - 900,
    due_at=NOW,
    sent_at=NOW,
    rows=(ROW,),
    files=("cancel.txt",),
    sha256="",
    is_writing=True,
)


def said(batch: Batch, now: int) -> tuple[str, list[str]]:
    context = BatchContext(now, "UTC", 100)
    return batch_state(batch, context)[0], next_steps(batch, context)


def test_files_that_are_being_written_are_no_fault_until_a_minute_is_over() -> None:
    assert said(WRITING, NOW) == ("… writing the files", [])
    assert said(WRITING, NOW + WRITING_SECONDS) == ("! not all written", ["s give up", "`ordertui todo` says why"])
    assert said(replace(WRITING, sent_at=None), NOW)[0] == "! not all written", "since when is not known"
    assert said(replace(WRITING, is_writing=False), NOW)[0] == "↑ file written"


@pytest.mark.parametrize(
    ("author", "me", "may"),
    [("ann", "bob", True), ("ann", "ann", False), ("", "bob", False), ("ann", "", False), ("", "", False)],
)
def test_a_decision_is_offered_only_where_the_store_takes_it(author: str, me: str, may: bool) -> None:
    waits = replace(WRITING, state=BatchState.AWAITING, is_writing=False, author=author)
    steps = next_steps(waits, BatchContext(NOW, "UTC", 100, me=me))
    assert ("a approve" in steps) is may
    assert ("x reject" in steps) is may

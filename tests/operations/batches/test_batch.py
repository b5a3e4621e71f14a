"""What the operator does next with a batch: upload its file once, and not again."""

from __future__ import annotations

import pytest

from ordertui.messages import CHINESE, translate
from ordertui.operations.batches.batch import upload_instructions
from ordertui.orders.batch_state import BatchState
from ordertui.orders.enums import Action
from ordertui.store import JournalBatch
from support.languages import speaking


def _steps(state: BatchState) -> str:
    files = ("out/a.txt", "out/a.xml")
    batch = JournalBatch(7, Action.CANCEL, "US", state, 0, 0, 0, (), files, "")
    return upload_instructions(batch, practice=False)


def test_what_is_uploaded_is_not_asked_for_again() -> None:
    assert _steps(BatchState.WRITTEN).startswith("1. Upload out/a.txt\n   at sellercentral.amazon.com > ")
    uploaded = _steps(BatchState.UPLOADED)
    assert uploaded.startswith("1. Uploaded: do not upload it again.\n   The page is sellercentral.amazon.com > ")
    assert "upload one of the two" not in uploaded
    assert "\n3. Import it: key i on this batch" in uploaded


@pytest.mark.parametrize("state", [BatchState.WRITTEN, BatchState.UPLOADED])
def test_it_is_all_there_in_chinese(state: BatchState) -> None:
    with speaking(CHINESE):
        assert "pload" not in translate(_steps(state))

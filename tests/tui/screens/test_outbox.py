"""The outbox: the operator's word that a file was uploaded, and what is counted until it is given."""

from __future__ import annotations

from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.store import Outcome
from ordertui.tui.screens.dialogs import ConfirmScreen
from ordertui.tui.screens.outbox import OutboxScreen
from support.batches import commit
from support.pilot import press, running, until


async def test_a_written_file_waits_until_the_operator_says_that_it_was_uploaded(session: Session) -> None:
    batch = commit(session, Action.CANCEL, 1, 2)
    assert any("is held until" in text and "by `ordertui dispatch`" in text for text in session.batches.unfinished())
    session.batches.release(batch)
    session.dispatcher.run()
    assert session.batches.find()[0].state is BatchState.WRITTEN
    assert any("1 file written and not uploaded" in text for text in session.notices.banners())
    assert any("1 batch file written and not uploaded" in text for text in session.batches.unfinished())
    async with running(session) as pilot:
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        for answer in ("escape", "y"):
            assert session.batches.find()[0].state is BatchState.WRITTEN, "nothing before the question is answered"
            await press(pilot, "U")
            await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
            await press(pilot, answer)
            await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        await until(pilot, lambda: session.batches.find()[0].state is BatchState.UPLOADED)
    assert {row.state for row in session.batches.find()[0].rows} == {RowState.UPLOADED}
    assert session.batches.count_to_upload() == 0
    assert session.batches.unfinished() == []
    assert not any("not uploaded" in text for text in session.notices.banners())


def test_a_report_proves_the_upload(session: Session) -> None:
    batch = commit(session, Action.CANCEL, 1)
    session.batches.release(batch)
    session.dispatcher.run()
    row = session.batches.find()[0].rows[0]
    session.context.store.results.record(batch, {row.order_id: Outcome(RowState.OK)}, content=b"report")
    assert (session.batches.count_to_upload(), session.batches.unfinished()) == (0, [])

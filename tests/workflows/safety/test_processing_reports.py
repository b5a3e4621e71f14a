"""Answers that come twice, late, in the wrong sequence, of the wrong batch; trying again; the operator's word."""

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from ordertui.amazon.processing_report import ProcessingReportError
from ordertui.operations.errors import BadInput, BatchNeeded, EvidenceAgainst, NotConfirmed, OperationError, Refused
from ordertui.operations.planning.feed_builder import first_message_id, flat_file_records
from ordertui.operations.planning.plan import PlannedOrder
from ordertui.operations.session import Session
from ordertui.orders.batch_state import OpenAction, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store import StoreError
from support.batches import answer, commit, plan, send, session_of, states, upload
from support.fake_amazon import parse, report
from support.shops import NOW, all_orders_row, bring, order_id

OK, ERROR, UNKNOWN, SENT = RowState.OK, RowState.ERROR, RowState.UNKNOWN, RowState.WRITTEN


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def session(tmp_path: Path, clock: FixedClock) -> Session:
    return session_of(tmp_path / "shop", clock)


def kinds(session: Session) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(one.batch, one.kind, one.orders) for one in session.batches.open_issues()]


def test_a_retry_holds_only_rows_that_amazon_refused(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.CANCEL, 1, 2, 3)
    session.results.take_in([answer(session, tmp_path, batch, {1, 3})])
    (again,) = session.batches.retry(batch)
    assert [row.order_id for row in again.rows] == [order_id(1), order_id(3)]
    assert [(out.order_id, out.rule, out.why) for out in again.out] == [
        (order_id(2), "retry", "Amazon's answer says that it is done")
    ]
    session.batches.commit(again, typed=str(len(again.rows)))
    with pytest.raises(Refused, match="tried it again already"):
        session.batches.retry(batch)


def test_a_refund_that_was_retried_well_is_not_retried_from_the_first_batch(session: Session, tmp_path: Path) -> None:
    """A partial refund leaves a balance that a second retry would fit into: the newer batch alone stands against it."""
    first = send(session, Action.REFUND, 11)
    session.results.take_in([answer(session, tmp_path, first, {1})])
    (again,) = session.batches.retry(first)
    second = session.batches.commit(again, typed="1").id
    session.batches.release(second)
    session.dispatcher.run()
    session.results.take_in([answer(session, tmp_path, second, name="second.txt")], batch_id=second)
    assert states(session, second) == {order_id(11): OK}
    with pytest.raises(Refused, match=f"batch {second} tried it again already"):
        session.batches.retry(first)


def test_unknown_rows_are_never_retried(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.REFUND, 11, 12)
    content = answer(session, tmp_path, batch, {1}).read_bytes()
    (tmp_path / "short.txt").write_bytes(content.replace(b"processed\t\t2", b"processed\t\t3"))
    assert session.results.take_in([tmp_path / "short.txt"], batch)[0].unknown == 2
    with pytest.raises(Refused, match="never sent again by itself"):
        session.batches.retry(batch)
    assert plan(session, Action.REFUND, 11, 12).rows == ()
    ((_, kind, orders),) = kinds(session)
    assert (kind, orders) == ("unknown", (order_id(11), order_id(12)))
    session.results.take_in([answer(session, tmp_path, batch, {1}, "whole.txt")], batch)
    assert states(session, batch) == {order_id(11): ERROR, order_id(12): OK}, "the whole report is the evidence"


@pytest.mark.parametrize("turned", [False, True])
def test_reports_that_contradict_each_other_settle_nothing(session: Session, tmp_path: Path, turned: bool) -> None:
    batch = send(session, Action.REFUND, 11, 12)
    reports = [answer(session, tmp_path, batch, {1}, "a.txt"), answer(session, tmp_path, batch, {1, 2}, "b.txt")]
    for path in reversed(reports) if turned else reports:
        session.results.take_in([path], batch)
    assert states(session, batch) == {order_id(11): ERROR, order_id(12): UNKNOWN}
    row = next(row for row in session.batches.find()[0].rows if row.order_id == order_id(12))
    assert "uploaded twice" in row.text
    assert plan(session, Action.REFUND, 12).rows == ()


def xml_report(session: Session, folder: Path, batch: int, transaction: str) -> Path:
    found = plan_of(session, batch)
    count = len(found.rows)
    path = folder / f"{transaction}.xml"
    path.write_text(
        f"<AmazonEnvelope><Message><MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>{escape(transaction)}"
        "</DocumentTransactionID><StatusCode>Complete</StatusCode><ProcessingSummary>"
        f"<MessagesProcessed>{count}</MessagesProcessed><MessagesSuccessful>{count}</MessagesSuccessful>"
        "<MessagesWithError>0</MessagesWithError><MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>"
        "</ProcessingReport></Message></AmazonEnvelope>",
        encoding="utf-8",
    )
    return path


def plan_of(session: Session, batch: int):  # type: ignore[no-untyped-def]
    from ordertui.operations.planning.plan_file import decode

    return decode(session.context.reader().batches.plan_bytes(batch))


def test_a_file_that_was_uploaded_twice_is_seen_by_its_transactions(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.REFUND, 11, 12)
    session.results.take_in([xml_report(session, tmp_path, batch, "4001")], batch)
    assert set(states(session, batch).values()) == {OK}
    session.results.take_in([xml_report(session, tmp_path, batch, "4002")], batch)
    assert set(states(session, batch).values()) == {UNKNOWN}
    assert "processed it 2 times (xml 4001, xml 4002)" in session.batches.find()[0].rows[0].text
    assert plan(session, Action.REFUND, 11).rows == ()


def test_both_files_of_a_refund_batch_uploaded_is_seen_by_their_reports(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.REFUND, 11)
    session.results.take_in([answer(session, tmp_path, batch)], batch)
    session.results.take_in([xml_report(session, tmp_path, batch, "4001")], batch)
    assert states(session, batch) == {order_id(11): UNKNOWN}
    other = send(session, Action.CANCEL, 1)
    session.results.take_in([answer(session, tmp_path, other, name="other.txt")], other, [f"batch-{batch}"])
    session.results.take_in([xml_report(session, tmp_path, other, "4002")], other)
    assert states(session, other) == {order_id(1): OK}, "an order is cancelled once, whatever is uploaded"


@pytest.mark.parametrize("by", [-2, -1, 1])
def test_counts_that_are_not_those_of_the_file_prove_nothing(session: Session, tmp_path: Path, by: int) -> None:
    """Nothing failed by the report, but it is about fewer records than left, or more: none of them is done by it."""
    batch = send(session, Action.CANCEL, 1, 2, 3)
    path = tmp_path / "miscounted.txt"
    path.write_bytes(report([], set(), 3 + by))
    try:
        session.results.take_in([path], batch_id=batch)
    except (OperationError, ProcessingReportError):
        assert set(states(session, batch).values()) == {SENT}
    else:
        assert set(states(session, batch).values()) == {UNKNOWN}


def test_the_same_report_twice_is_said_and_changes_nothing(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    path = answer(session, tmp_path, batch, {2})
    session.results.take_in([path])
    before = states(session, batch)
    with pytest.raises(BatchNeeded, match=f"taken in for batch {batch} already"):
        session.results.take_in([path])
    found = session.results.take_in([path], batch)
    assert "nothing new" in found[0].notes[0]
    assert states(session, batch) == before


def test_an_old_report_is_not_taken_for_a_newer_batch_of_the_same_size(session: Session, tmp_path: Path) -> None:
    first = send(session, Action.CANCEL, 1)
    path = answer(session, tmp_path, first)
    session.results.take_in([path])
    second = send(session, Action.CANCEL, 2)
    with pytest.raises(BatchNeeded):
        session.results.take_in([path])
    assert states(session, second) == {order_id(2): SENT}


def test_a_report_that_fits_two_refund_batches_lets_neither_be_retried(session: Session, tmp_path: Path) -> None:
    first = send(session, Action.REFUND, 11)
    path = answer(session, tmp_path, first, {1})
    session.results.take_in([path], first)
    second = session.batches.commit(session.batches.retry(first)[0], typed="1").id
    session.batches.release(second)
    session.dispatcher.run()
    session.results.take_in([path], second, [f"batch-{first}"])
    assert states(session, second) == {order_id(11): UNKNOWN}, "these bytes may still be the first batch's"
    with pytest.raises(Refused):
        session.batches.retry(second)


def test_a_failed_refund_that_names_no_order_is_unknown(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.REFUND, 11, 12)
    content = answer(session, tmp_path, batch, {1}).read_text(encoding="utf-8")
    path = tmp_path / "nameless.txt"
    path.write_text(content.replace(order_id(11), ""), encoding="utf-8")
    assert session.results.take_in([path], batch)[0].unknown == 2


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_reports_in_other_encodings_are_read(session: Session, tmp_path: Path, encoding: str) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    text = answer(session, tmp_path, batch, {1}).read_text(encoding="utf-8").replace("not taken", "nicht möglich")
    path = tmp_path / "other.txt"
    path.write_bytes(text.encode(encoding))
    session.results.take_in([path])
    assert states(session, batch) == {order_id(1): ERROR, order_id(2): OK}


def test_a_late_answer_of_the_first_try_keeps_the_second_from_leaving(session: Session, tmp_path: Path) -> None:
    first = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, tmp_path, first, {1})], first)
    second = session.batches.commit(session.batches.retry(first)[0], typed="1").id
    session.results.take_in([answer(session, tmp_path, first, set(), "late.txt")], first)
    assert states(session, first)[order_id(1)] is UNKNOWN
    assert [str(one) for one in session.recount().run()] == [], "an older batch that is open again is no fault"
    session.batches.release(second)
    assert session.dispatcher.run() == []
    assert states(session, second) == {order_id(1): RowState.LEFT_OUT}
    assert session.orders.get(order_id(1)).row.open_action == OpenAction(Action.CANCEL, RowState.UNKNOWN)  # type: ignore[union-attr]
    assert plan(session, Action.CANCEL, 1).rows == ()


def test_a_late_answer_says_when_more_may_have_gone_back_than_was_paid(session: Session, tmp_path: Path) -> None:
    first = send(session, Action.REFUND, 11)
    session.results.take_in([answer(session, tmp_path, first, {1})], first)
    second = session.batches.commit(session.batches.retry(first)[0], typed="1").id
    session.batches.release(second)
    session.dispatcher.run()
    session.results.take_in([answer(session, tmp_path, first, set(), "late.txt")], first)
    assert (second, "overpaid", (order_id(11),)) in kinds(session)
    assert any("perhaps paid twice" in note for note in session.notices.banners())
    assert [str(one) for one in session.recount().run()] == [], "what may have gone back twice is counted twice"


# -- the operator's word


def test_the_word_needs_orders_a_reason_and_the_count(session: Session) -> None:
    batch = send(session, Action.REFUND, 11, 12)
    one = [order_id(11)]
    for bad, error in (
        ({"order_ids": [], "why": "seen", "typed": "0"}, BadInput),
        ({"order_ids": one, "why": "  ", "typed": "1"}, BadInput),
        ({"order_ids": one, "why": "x" * 501, "typed": "1"}, BadInput),
        ({"order_ids": one, "why": "seen", "typed": None}, NotConfirmed),
        ({"order_ids": one, "why": "seen", "typed": "2"}, NotConfirmed),
        ({"order_ids": [order_id(99)], "why": "seen", "typed": "1"}, StoreError),
    ):
        with pytest.raises(error):
            session.batches.settle(batch, done=True, **bad)
    assert set(states(session, batch).values()) == {SENT}
    held = commit(session, Action.CANCEL, 1)
    with pytest.raises(StoreError, match="nothing to settle"):
        session.batches.settle(held, [order_id(1)], done=True, why="seen", typed="1")


def test_the_word_frees_or_closes_a_row_and_the_audit_keeps_it(session: Session) -> None:
    batch = send(session, Action.REFUND, 11, 12)
    session.batches.settle(batch, [order_id(11)], done=True, why="Seller Central shows the refund", typed="1")
    session.batches.settle(batch, [order_id(12)], done=False, why="the upload was never made", typed="1")
    assert states(session, batch) == {order_id(11): OK, order_id(12): ERROR}
    assert "Do NOT upload" in upload(session, batch).with_name("DO-NOT-UPLOAD.txt").read_text(encoding="utf-8")
    assert [row.order_id for row in session.batches.retry(batch)[0].rows] == [order_id(12)]
    record = session.audit.records(order_id(12))[0]
    assert (record["what"], record["change"], record["why"]) == (
        "batch.settled",
        "written -> error",
        "the upload was never made",
    )


def test_a_report_that_contradicts_the_word_is_not_taken_as_the_last(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.REFUND, 11, 12)
    session.batches.settle(batch, [order_id(11), order_id(12)], done=True, why="both are shown", typed="2")
    session.results.take_in([answer(session, tmp_path, batch, {1})], batch)
    assert states(session, batch) == {order_id(11): UNKNOWN, order_id(12): OK}
    session.batches.settle(batch, [order_id(11)], done=False, why="looked again: it is not there", typed="1")
    assert states(session, batch)[order_id(11)] is ERROR
    session.results.take_in([answer(session, tmp_path, batch, {1})], batch)
    assert states(session, batch)[order_id(11)] is ERROR, "a report that he had seen does not overrule his word"


# -- what is open


def test_a_batch_without_an_answer_is_stuck(session: Session, clock: FixedClock) -> None:
    batch = send(session, Action.CANCEL, 1)
    clock.advance(2 * HOUR - 1)
    assert kinds(session) == []
    clock.advance(1)
    assert kinds(session) == [(batch, "stuck", (order_id(1),))]
    assert any(f"batch {batch}" in note and "without an answer" in note for note in session.notices.banners())
    assert "processing report" in session.batches.open_issues()[0].evidence


def test_a_cancellation_that_a_report_contradicts_is_diverged(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, tmp_path, batch)])
    assert kinds(session) == []
    bring(session, tmp_path, everything=[all_orders_row(1, "Shipped", updated=NOW + 60)])
    assert kinds(session) == [(batch, "diverged", (order_id(1),))]
    clock.advance(2 * DAY)
    bring(session, tmp_path, everything=[all_orders_row(50, updated=NOW + 2 * DAY)])
    assert (batch, "unconfirmed", (order_id(2),)) in kinds(session)
    bring(session, tmp_path, everything=[all_orders_row(2, "Cancelled", updated=NOW + 2 * DAY)])
    assert [kind for _, kind, _ in kinds(session)] == ["diverged"]
    evidence = session.batches.open_issues()[0].evidence
    assert evidence.endswith(f"; if it was not done, `ordertui settle {batch} ORDER-ID... --not-done` says so")
    with pytest.raises(EvidenceAgainst) as against:
        session.batches.settle(batch, [order_id(1)], done=False, why="it was shipped", typed="1")
    names = against.value.names
    session.batches.settle(batch, [order_id(1)], done=False, why="it was shipped", typed="1", against=names)
    assert kinds(session) == [], "what the list names settles it"
    assert session.audit.records(order_id(2))[0]["what"] == "batch.confirmed"


def test_messages_of_a_batch_are_its_own() -> None:
    assert first_message_id("000000abcdef") != first_message_id("000001abcdef")


def test_a_cut_report_is_refused_or_unknown(session: Session, tmp_path: Path) -> None:
    """Cut at every byte: never an outcome that the whole report does not give."""
    batch = send(session, Action.REFUND, 11, 12)
    content = report(parse(upload(session, batch).read_bytes()), {2})
    path = tmp_path / "cut.txt"
    from ordertui.amazon.processing_report import ProcessingReportError, parse_report
    from ordertui.operations.results.evaluation import evaluate_report
    from ordertui.operations.results.matching import BatchMatcher

    sent = BatchMatcher(session.context.reader()).load(session.context.reader().batches.get(batch))
    for length in range(len(content)):
        path.write_bytes(content[:length])
        try:
            outcomes = evaluate_report(sent, parse_report(content[:length], "cut"))[0]
        except ProcessingReportError:
            continue
        found = {key: outcome.state for key, outcome in outcomes.items()}
        assert set(found.values()) == {UNKNOWN} or found == {order_id(11): OK, order_id(12): ERROR}, length


FATAL = b"""Feed Processing Summary:
\tNumber of records processed\t\t0
\tNumber of records successful\t\t0

original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message
0\t\t\t90012\tFatal\tThe required order-id field is missing from the file.
0\t\t\t90061\tWarning\tThe field heading is invalid.
"""


def fatal(folder: Path, form: str) -> Path:
    """A report that refuses a whole file."""
    path = folder / f"fatal.{form}"
    content = FATAL
    if form == "xml":
        content = (
            b'<?xml version="1.0"?><AmazonEnvelope><MessageType>ProcessingReport</MessageType><Message>'
            b"<MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>50726</DocumentTransactionID>"
            b"<StatusCode>Complete</StatusCode><ProcessingSummary><MessagesProcessed>0</MessagesProcessed>"
            b"<MessagesSuccessful>0</MessagesSuccessful><MessagesWithError>1</MessagesWithError>"
            b"<MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary><Result><MessageID>0</MessageID>"
            b"<ResultCode>Error</ResultCode><ResultMessageCode>5001</ResultMessageCode><ResultDescription>XML Parsing"
            b" Fatal Error</ResultDescription></Result></ProcessingReport></Message></AmazonEnvelope>"
        )
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("form", "words"), [("txt", "90012 The required order-id field is missing"),
                                             ("xml", "5001 XML Parsing Fatal Error")])  # fmt: skip
@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_a_refused_file_settles_the_one_batch_that_waits(
    session: Session, tmp_path: Path, action: Action, form: str, words: str
) -> None:
    numbers = (1, 2) if action is Action.CANCEL else (11, 12)
    batch = send(session, action, *numbers)
    (found,) = session.results.take_in([fatal(tmp_path, form)])
    assert (found.batch, found.ok, found.errors, found.unknown) == (batch, 0, 2, 0)
    assert any(words in note for note in found.notes)
    assert all("not processed, Amazon refused the file" in row.text for row in found.rows)
    (again,) = session.batches.retry(batch)
    assert [row.order_id for row in again.rows] == [order_id(number) for number in numbers]


def test_a_refused_file_is_never_guessed_among_several_batches(session: Session, tmp_path: Path) -> None:
    first, second = send(session, Action.REFUND, 11), send(session, Action.REFUND, 12)
    path = fatal(tmp_path, "txt")
    with pytest.raises(BatchNeeded, match=rf"batches ({first}, {second}|{second}, {first}).*90012 The required"):
        session.results.take_in([path])
    assert {**states(session, first), **states(session, second)} == {order_id(11): SENT, order_id(12): SENT}
    session.results.take_in([answer(session, tmp_path, first, set(), "first.txt")], first)
    (found,) = session.results.take_in([path])
    assert (found.batch, found.errors) == (second, 1)


def test_a_refused_file_without_a_waiting_batch_changes_nothing(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.CANCEL, 1)
    session.results.take_in([answer(session, tmp_path, batch, set())])
    with pytest.raises(BatchNeeded, match="no batch waits for an answer: 90012"):
        session.results.take_in([fatal(tmp_path, "txt")])
    assert states(session, batch) == {order_id(1): OK}


def test_what_amazon_refused_and_a_report_shows_as_done_is_told(session: Session, tmp_path: Path) -> None:
    batch = send(session, Action.CANCEL, 1, 2, 3)
    bring(session, tmp_path, everything=[all_orders_row(1, "Cancelled", updated=NOW)])
    (found,) = session.results.take_in([answer(session, tmp_path, batch, {1, 2})])
    assert (found.ok, found.errors, found.unknown) == (2, 1, 0)
    assert states(session, batch) == {order_id(1): RowState.CONFIRMED, order_id(2): ERROR, order_id(3): OK}
    assert found.notes == (
        "2 refused by Amazon, of which an order report shows 1 as done all the same: these stay confirmed, among those"
        " that are ok",
    )


def test_the_orders_of_a_report_are_looked_up_in_its_file_once(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For each refused row it was read anew: 22 s for 10,000 of them."""
    calls: list[int] = []

    def counted(rows: Sequence[PlannedOrder]) -> list[tuple[str, str]]:
        calls.append(len(rows))
        return flat_file_records(rows)

    monkeypatch.setattr("ordertui.operations.results.matching.flat_file_records", counted)
    found = []
    for numbers in ((1,), (2, 3)):
        batch = send(session, Action.CANCEL, *numbers)
        calls.clear()
        name = f"{batch}.txt"
        session.results.take_in([answer(session, tmp_path, batch, set(range(1, len(numbers) + 1)), name)], batch)
        found.append(len(calls))
        assert set(states(session, batch).values()) == {ERROR}
    assert found[0] == found[1], "whatever the number of refused rows"

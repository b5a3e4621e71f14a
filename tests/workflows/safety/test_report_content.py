"""Evidence is what a report says, not its bytes: the same report in another form answers no other batch."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ordertui.cli.exit_codes import Exit
from ordertui.operations.errors import BatchNeeded, EvidenceAgainst, OperationError, Refused
from ordertui.operations.planning.feed_builder import first_message_id
from ordertui.operations.planning.plan_file import decode
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Action
from support.batches import answer, send, session_of, states
from support.cli import Command
from support.shops import open_session, order_id

Form = Callable[[bytes], bytes]
FORMS: dict[str, Form] = {
    "windows line ends": lambda content: content.replace(b"\n", b"\r\n"),
    "old mac line ends": lambda content: content.replace(b"\n", b"\r"),
    "utf-16": lambda content: content.decode().encode("utf-16"),
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "blanks at the ends": lambda content: content.replace(b"\n", b"  \n"),
    "blank lines after it": lambda content: content + b"\n\n\n",
    "no last line end": lambda content: content.rstrip(b"\n"),
    "saved by a spreadsheet": lambda content: content.replace(b"\tnot taken\n", b'\t"not taken"\r\n'),
    "rows the other way round": lambda content: reverse_rows(content),
}


def reverse_rows(content: bytes) -> bytes:
    head, name, rows = content.partition(b"original-record-number")
    first, *others = (name + rows).splitlines(keepends=True) or [b""]
    return head + first + b"".join(reversed(others))


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    return session_of(tmp_path / "shop", waiting=4, shipped=4)


def form_of(path: Path, form: Form) -> Path:
    found = path.with_name("another-form.txt")
    found.write_bytes(form(path.read_bytes()))
    return found


@pytest.mark.parametrize("form", list(FORMS))
@pytest.mark.parametrize("failed", [frozenset(), frozenset({1})])
def test_the_report_of_one_batch_in_another_form_answers_no_other(
    shop: Session, tmp_path: Path, form: str, failed: frozenset[int]
) -> None:
    first = send(shop, Action.CANCEL, 1)
    path = answer(shop, tmp_path, first, failed)
    shop.results.take_in([path])
    second = send(shop, Action.CANCEL, 2)
    with pytest.raises(BatchNeeded):
        shop.results.take_in([form_of(path, FORMS[form])])
    assert states(shop, second) == {order_id(2): RowState.WRITTEN}


@pytest.mark.parametrize("form", [*FORMS, "as it is"])
@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_a_report_that_reads_like_that_of_another_batch_needs_its_name(
    shop: Session, tmp_path: Path, form: str, action: Action
) -> None:
    orders = (1, 2) if action is Action.CANCEL else (11, 12)
    first = send(shop, action, orders[0])
    path = answer(shop, tmp_path, first)
    shop.results.take_in([path])
    second = send(shop, action, orders[1])
    other = form_of(path, FORMS.get(form, lambda content: content))
    for against in ((), ("batch-99",), (f"batch-{second}",)):
        with pytest.raises(EvidenceAgainst, match=f"name batch {first}: batch-{first}$") as found:
            shop.results.take_in([other], second, against)
        assert states(shop, second) == {order_id(orders[1]): RowState.WRITTEN}
    shop.results.take_in([other], second, found.value.names)
    assert states(shop, second) == {order_id(orders[1]): RowState.OK}
    (again,) = shop.results.take_in([other], second)
    assert any("nothing new" in note for note in again.notes), "it was named once"


@pytest.mark.parametrize("form", list(FORMS))
def test_the_failures_of_the_first_try_are_none_of_the_second(shop: Session, tmp_path: Path, form: str) -> None:
    """The same order is in both, so that the old report fits; taken for the retry it would let it be paid again."""
    first = send(shop, Action.REFUND, 11, 12)
    path = answer(shop, tmp_path, first, {1, 2})
    shop.results.take_in([path])
    (plan,) = shop.batches.retry(first)
    second = shop.batches.commit(plan, typed=str(len(plan.rows))).id
    shop.batches.release(second)
    shop.dispatcher.run()
    with pytest.raises(EvidenceAgainst):
        shop.results.take_in([form_of(path, FORMS[form])], second)
    shop.results.take_in([form_of(path, FORMS[form])], second, [f"batch-{first}"])
    assert set(states(shop, second).values()) == {RowState.UNKNOWN}
    with pytest.raises(Refused):
        shop.batches.retry(second)


def test_the_command_line_names_the_other_batch_too(tmp_path: Path) -> None:
    command = Command(tmp_path, tmp_path / "shop" / "orders.db")
    with session_of(tmp_path / "shop") as shop:
        first = send(shop, Action.CANCEL, 1)
        path = answer(shop, tmp_path, first)
        shop.results.take_in([path])
        second = send(shop, Action.CANCEL, 2)
    refused = command.run("results", path, "--batch", str(second))
    assert refused.code == Exit.NOT_CONFIRMED
    assert f"--against batch-{first}" in refused.stderr
    command.ok("results", path, "--batch", str(second), "--against", f"batch-{first}")


@pytest.mark.parametrize("form", list(FORMS))
def test_another_form_of_a_report_is_nothing_new_for_its_own_batch(shop: Session, tmp_path: Path, form: str) -> None:
    batch = send(shop, Action.REFUND, 11, 12)
    path = answer(shop, tmp_path, batch, {2})
    shop.results.take_in([path])
    before = states(shop, batch)
    (summary,) = shop.results.take_in([form_of(path, FORMS[form])], batch_id=batch)
    assert any("nothing new" in note for note in summary.notes)
    assert states(shop, batch) == before
    assert len(shop.context.store.results.find(batch)) == 1
    assert "chain unbroken" in shop.audit.verify()


def xml_report(session: Session, batch: int, transaction: str, *, failed: bool = False, blanks: str = "\n") -> bytes:
    plan = decode(session.context.store.batches.plan_bytes(batch))
    count = len(plan.rows)
    result = (
        f"<Result><MessageID>{first_message_id(plan.id)}</MessageID><ResultCode>Error</ResultCode>"
        "<ResultMessageCode>18028</ResultMessageCode><ResultDescription>no</ResultDescription></Result>"
    )
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>', "<AmazonEnvelope><Message><ProcessingReport>",
        f"<DocumentTransactionID>{transaction}</DocumentTransactionID><StatusCode>Complete</StatusCode>",
        f"<ProcessingSummary><MessagesProcessed>{count}</MessagesProcessed>",
        f"<MessagesSuccessful>{count - failed}</MessagesSuccessful>",
        f"<MessagesWithError>{int(failed)}</MessagesWithError>",
        "<MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>",
        result if failed else "", "</ProcessingReport></Message></AmazonEnvelope>",
    ]  # fmt: skip
    return blanks.join(filter(None, parts)).encode()


def write(folder: Path, content: bytes) -> Path:
    path = folder / "report.xml"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("blanks", ["\n", "\r\n", "\n\t  "])
@pytest.mark.parametrize("named", [True, False])
def test_amazons_number_of_a_report_belongs_to_one_batch(
    shop: Session, tmp_path: Path, blanks: str, named: bool
) -> None:
    first = send(shop, Action.REFUND, 11)
    shop.results.take_in([write(tmp_path, xml_report(shop, first, "777"))], batch_id=first)
    second = send(shop, Action.REFUND, 12)
    with pytest.raises(OperationError) as found:
        shop.results.take_in(
            [write(tmp_path, xml_report(shop, second, "777", blanks=blanks))], batch_id=second if named else None
        )
    assert isinstance(found.value, Refused if named else BatchNeeded)
    assert states(shop, second) == {order_id(12): RowState.WRITTEN}
    shop.results.take_in([write(tmp_path, xml_report(shop, second, "778", blanks=blanks))])
    assert states(shop, second) == {order_id(12): RowState.OK}


def test_a_report_that_says_more_under_the_same_number_is_taken_for_its_own_batch(
    shop: Session, tmp_path: Path
) -> None:
    batch = send(shop, Action.REFUND, 11)
    early = xml_report(shop, batch, "777").replace(b"Complete", b"Processing")
    shop.results.take_in([write(tmp_path, early)], batch_id=batch)
    assert states(shop, batch) == {order_id(11): RowState.UNKNOWN}
    shop.results.take_in([write(tmp_path, xml_report(shop, batch, "777"))], batch_id=batch)
    assert states(shop, batch) == {order_id(11): RowState.OK}


@pytest.mark.parametrize("form", ["utf-16", "windows line ends"])
def test_reports_kept_by_an_older_version_are_compared_too(shop: Session, tmp_path: Path, form: str) -> None:
    first = send(shop, Action.CANCEL, 1)
    path = answer(shop, tmp_path, first)
    shop.results.take_in([path])
    second = send(shop, Action.CANCEL, 2)
    shop.close()
    with closing(sqlite3.connect(tmp_path / "shop" / "orders.db")) as connection:
        connection.execute("UPDATE results SET content_key = '', transaction_id = ''")
        connection.commit()
    with open_session(tmp_path / "shop") as again:
        with pytest.raises(BatchNeeded, match="already"):
            again.results.take_in([form_of(path, FORMS[form])])
        assert states(again, second) == {order_id(2): RowState.WRITTEN}

"""The record of what was done: complete, chained, tied to the kept bytes, and found by order."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.cli.main import cli
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.batch_state import SubmissionState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import Store
from ordertui.store.repositories.audit import NamedOrders
from support.batches import answer, commit, send, session_of
from support.shops import NOW, order_id

WINDOW = 80
"""Bytes looked for in the file: more than a sha256, which other tables keep as well."""
TRIGGERS = ("audit_no_update", "audit_no_delete")


@pytest.fixture
def session(tmp_path: Path) -> Session:
    session = session_of(tmp_path / "shop")
    session.results.take_in([answer(session, tmp_path, send(session, Action.CANCEL, 1, 2), {2})])
    send(session, Action.REFUND, 11)
    session.batches.recall(commit(session, Action.CANCEL, 3))
    return session


def tamper(path: Path, sql: str, *params: object) -> None:
    """As somebody with a database tool would."""
    with sqlite3.connect(path) as connection:
        for name in TRIGGERS:
            connection.execute(f"DROP TRIGGER IF EXISTS {name}")
        connection.execute(sql, params)
    connection.close()


def broken(path: Path) -> str:
    with Store.open(path, clock=FixedClock(NOW), read_only=True) as store:
        report = store.audit.verify()
    assert not report.ok
    return f"{report.first_bad}: {report.why}"


def test_each_step_is_recorded_with_who_when_what_before_and_after(tmp_path: Path) -> None:
    session_of(tmp_path).close()
    with Session.open(tmp_path / "orders.db", clock=FixedClock(NOW), config=Config(operator="anna")) as session:
        batch = send(session, Action.CANCEL, 1)
        session.results.take_in([answer(session, tmp_path, batch)])
        found = list(reversed(session.audit.records(order_id(1))))
    assert [(one["what"], one["change"]) for one in found] == [
        ("batch.held", ""),
        ("batch.sent", "held -> written"),
        ("batch.answered", "written -> ok"),
    ]
    assert {one["operator"] for one in found} == {"anna"}
    assert all(one["user"] and one["at"] and one["batch"] == batch for one in found)


def test_the_records_of_an_order_tell_its_own_change(session: Session) -> None:
    answers = [session.audit.records(order_id(n))[0]["change"] for n in (1, 2)]
    assert answers == ["written -> ok", "written -> error"]


def test_the_store_refuses_to_change_or_delete_a_record(session: Session, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "shop" / "orders.db")
    for sql in ("UPDATE audit SET payload = '{}'", "DELETE FROM audit WHERE id = 1"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(sql)
    connection.close()


def test_every_column_of_every_record_is_covered(session: Session, tmp_path: Path) -> None:
    session.close()
    source = (tmp_path / "shop" / "orders.db").read_bytes()
    with Store.open(tmp_path / "shop" / "orders.db", clock=FixedClock(NOW), read_only=True) as store:
        entries = store.audit.verify().entries
    copy = tmp_path / "copy.db"
    for ident in range(1, entries + 1):
        for column, value in (
            ("at", "at + 1"),
            ("kind", "kind || 'x'"),
            ("payload", "replace(payload, '1', '2') || ' '"),
            ("previous", "'x' || substr(previous, 2)"),
            ("hash", "'x' || substr(hash, 2)"),
        ):
            copy.write_bytes(source)
            tamper(copy, f"UPDATE audit SET {column} = {value} WHERE id = ?", ident)
            assert broken(copy).startswith(f"{ident}: "), (ident, column)
        copy.write_bytes(source)
        tamper(copy, "DELETE FROM audit WHERE id = ?", ident)
        if ident < entries:
            assert broken(copy) == f"{ident + 1}: record {ident} is missing"


@pytest.mark.parametrize(
    ("kind", "sql", "what"),
    [
        ("batch.held",
            "UPDATE batches SET plan = (SELECT plan FROM batches WHERE id = 2) WHERE id = 1",
        "the plan of batch 1"),
        ("batch.sent",
            "UPDATE feeds SET content = substr(content, 1, length(content) - 1) || x'00'"
            " WHERE batch = 1 AND name LIKE '%.txt'", "order-cancellation.txt of batch 1"),
        ("batch.answered", "UPDATE results SET content = x'00'", "report of batch 1"),
        ("batch.answered", "DELETE FROM results", "report of batch 1 is missing"),
    ],
)  # fmt: skip
def test_kept_bytes_are_tied_to_the_record_that_names_them(
    session: Session, tmp_path: Path, kind: str, sql: str, what: str
) -> None:
    path = tmp_path / "shop" / "orders.db"
    record = next(one["record"] for one in reversed(session.audit.records()) if one["what"] == kind)
    session.close()
    tamper(path, sql)
    found = broken(path)
    assert found.startswith(f"{record}: ")
    assert what in found
    result = CliRunner().invoke(cli, ["--store", str(path), "audit", "verify"])
    assert (result.exit_code, f"broken at record {record}" in result.stderr) == (4, True)


def test_feeds_that_went_by_the_api_are_tied_to_their_records_too(tmp_path: Path) -> None:
    with session_of(tmp_path) as session:
        batch = commit(session, Action.CANCEL, 1, 2)
        session.batches.release(batch)
        for content in (b"<first/>", b"<second/>"):
            attempt = session.context.store.submissions.begin(
                batch, feed_type="T", content=content, document_id="d", known=[],
                orders=[order_id(1), order_id(2)],
            )  # fmt: skip
            if content == b"<first/>":
                session.context.store.submissions.return_to_hold(attempt.id, SubmissionState.REFUSED, note="not taken")
        assert session.context.reader().audit.verify().ok
        record = next(one["record"] for one in reversed(session.audit.records()) if one["what"] == "feed.submitting")
    tamper(tmp_path / "orders.db", "UPDATE feed_attempts SET content = x'00' WHERE id = 1")
    assert (
        broken(tmp_path / "orders.db")
        == f"{record}: the kept feed of batch {batch} that went by the API is not what was recorded"
    )


def test_records_cut_off_at_the_end_are_missed(session: Session, tmp_path: Path) -> None:
    session.close()
    path = tmp_path / "shop" / "orders.db"
    with Store.open(path, clock=FixedClock(NOW), read_only=True) as store:
        last_sent = max(entry.id for entry in store.audit.entries() if entry.kind == "batch.sent")
    tamper(path, "DELETE FROM audit WHERE id >= ?", last_sent)
    assert "records are missing at the end" in broken(path)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_flipped_byte_of_the_file_is_found_and_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Flip one byte of a record, feed, report or plan as it lies in the file itself."""
    folder = tmp_path_factory.mktemp("flip")
    with session_of(folder, waiting=1, shipped=0) as session:
        batch = send(session, Action.CANCEL, 1)
        session.results.take_in([answer(session, folder, batch)])
        pieces = [entry.payload.encode() for entry in session.context.reader().audit.entries()]
        pieces += [entry.hash.encode() for entry in session.context.reader().audit.entries(1)]
        pieces += [feed.content for feed in session.context.reader().batches.feeds(batch)]
        pieces += [kept.content for kept in session.context.reader().results.find(batch)]
        session.maintenance.compact()
    content = bytearray((folder / "orders.db").read_bytes())
    piece = data.draw(st.sampled_from(pieces))
    start = data.draw(st.integers(0, max(len(piece) - WINDOW, 0)))
    window = piece[start : start + WINDOW]
    places = [at for at in range(len(content)) if content.startswith(window, at)]
    if not places:  # it runs over into another page
        return
    at = data.draw(st.sampled_from(places)) + data.draw(st.integers(0, len(window) - 1))
    content[at] ^= data.draw(st.sampled_from((1, 2, 4, 64, 128)))
    (folder / "orders.db").write_bytes(content)
    assert broken(folder / "orders.db")


def test_no_buyer_data_and_no_free_text_of_reports_is_in_it(session: Session) -> None:
    text = json.dumps(session.audit.records())
    assert "not taken" not in text
    assert "Thing" not in text


def test_the_command_exports_and_searches(session: Session, tmp_path: Path) -> None:
    store = str(tmp_path / "shop" / "orders.db")
    every = CliRunner().invoke(cli, ["--store", store, "audit", "--format", "json"])
    assert [one["record"] for one in json.loads(every.stdout)] == list(range(len(json.loads(every.stdout)), 0, -1))
    one = CliRunner().invoke(cli, ["--store", store, "audit", "--order", order_id(11), "--format", "csv"])
    lines = one.stdout.splitlines()
    assert lines[0] == "record,at,what,operator,user,batch,orders,change,why,more,hash"
    assert len(lines) == 3
    assert all(order_id(11) in line for line in lines[1:])


def test_the_search_by_order_uses_its_index(session: Session) -> None:
    plan = session.context.reader().database.query(
        "EXPLAIN QUERY PLAN SELECT a.id FROM audit_orders x JOIN audit a ON a.id = x.audit WHERE x.order_id = ? ORDER"
        " BY x.audit DESC",
        (order_id(1),),
    )
    assert not any("SCAN" in row[3] or "TEMP" in row[3] for row in plan), plan


@settings(max_examples=40)
@given(
    ids=st.lists(st.text(max_size=6) | st.sampled_from(['a","b', '"', "\\", ",", "é"]), unique=True),
    size=st.integers(1, 4),
)
def test_many_orders_are_named_as_a_list_or_an_object_of_them_is(ids: list[str], size: int) -> None:
    plain, moved = NamedOrders(), NamedOrders(("held", "written"))
    for start in range(0, len(ids), size):
        plain.add(ids[start : start + size])
        moved.add(ids[start : start + size])
    assert json.loads("".join(plain.json())) == ids == list(plain)
    assert json.loads("".join(moved.json())) == {one: ["held", "written"] for one in ids}
    assert list(moved) == ids
    assert len(moved) == len(ids)

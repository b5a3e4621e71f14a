"""What SQL by hand can change in a store on a server: every table and column, tried with each role's login.

`DOORS` is the one list of what is open. Whatever it does not name is refused, so that a new table or column is closed
until somebody decides about it here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.people import Role
from ordertui.store.repositories.work import JobName
from support.batches import answer, commit
from support.server import Server
from support.shops import NOW, all_orders_row, bring, order_id, unshipped_row

SCHEMA = "doors"
Row = tuple[Any, ...]


class Door(NamedTuple):
    """What is open of a table, to whom: `*` stands for every column."""

    insert: str = ""
    """Columns."""
    update: str = ""
    delete: bool = False
    needs_record: bool = False
    """Whether the transaction is refused unless a record of the audit tells what was done."""


IMPORTED = Door("*", "*")
"""What reports say, which an import may write as well: the server records each change."""
AGENT: dict[str, Door] = {
    "orders": IMPORTED, "lines": IMPORTED, "products": IMPORTED, "api_facts": IMPORTED, "said_cancelled": IMPORTED,
    "imports": Door("*", "row_count new_orders changed unchanged rejected finished is_whole undo"),
    "import_orders": Door("*", "*", delete=True), "import_lines": Door("*", "*", delete=True),
    "import_products": Door("*", "*", delete=True), "rate_report": Door("*", "*", delete=True),
    "unshipped_reports": Door("*"), "rate_reports": Door("*"), "rate_report_rows": Door("*"),
    "meta": Door("", "*", delete=True),
    "operator_facts": Door("*", "*", needs_record=True),
    "batches": Door(
        "id action marketplace state created_at due_at sha256 advice plan who author hold_boot hold_mark",
        "state due_at hold_boot hold_mark sent_at files sha256 writing uploaded_at", needs_record=True,
    ),
    "batch_rows": Door("*", "state is_open code text word", needs_record=True),
    "refunds": Door("*", "item_id accepted"), "tries": Door("*"), "feed_parts": Door("*"),
    "feeds": Door("*", needs_record=True),
    "feed_attempts": Door("*", "state polls polled_at status note feed_id", needs_record=True),
    "results": Door("*", "content_key transaction_id", needs_record=True),
    "claims": Door("", "until", delete=True), "shared_marks": Door("", "at orders"),
    "notifications": Door("*", "state attempts until note"), "told_alerts": Door("*"),
}  # fmt: skip
LEAD: dict[str, Door] = AGENT | {
    "orders": Door("*", "*", delete=True), "lines": Door("*", "*", delete=True),
    "products": Door("*", "*", delete=True), "api_facts": Door("*", "*", delete=True),
    "unshipped_reports": Door("*", delete=True), "rate_report_rows": Door("*", delete=True),
    "imports": Door("*", AGENT["imports"].update + " as_of has_request_column"),
    "rate_reports": Door("*", "undone"),
}  # fmt: skip
DOORS: dict[Role, dict[str, Door]] = {Role.VIEWER: {}, Role.AGENT: AGENT, Role.LEAD: LEAD}
NO_RECORD_OF = {
    ("feed_attempts", "polls"), ("feed_attempts", "polled_at"), ("feed_attempts", "status"), ("feed_attempts", "note"),
    ("results", "content_key"), ("results", "transaction_id"), ("operator_facts", "at"),
}  # fmt: skip
"""Columns that tell how often Amazon was asked, what it said then, and how a report is recognised."""
QUIET = {
    "orders": "version named_at", "api_facts": "at", "rate_report": "as_of", "said_cancelled": "as_of",
    "imports": "row_count new_orders changed unchanged rejected", "feed_attempts": "*", "operator_facts": "*",
    "batches": "*", "batch_rows": "*", "claims": "*", "shared_marks": "*", "notifications": "*",
    "meta": "*",  # of a job
}  # fmt: skip
"""Columns whose change the server itself does not record: it needs a record of its own, or nobody needs one.

What an order shows of its batch is recorded only where no row of a batch holds it so.
"""
REFUSED = {
    ("batch_rows", "is_open"), ("import_orders", "order_id"), ("import_orders", "is_new"),
}  # fmt: skip
"""Columns whose change a trigger refuses: a held row keeps its order, an order that is there is not new."""
CHOSEN = {
    "claims": "login = session_user", "shared_marks": "login = session_user",
    "orders": f"order_id = '{order_id(12)}'",
    "batches": "state = 'held'", "batch_rows": "state = 'held'", "refunds": "item_id IS NULL",
    "feed_attempts": "state = 'submitting'", "meta": "key = 'job:dispatch'", "import_orders": "is_new = 0",
}  # fmt: skip
"""The rows of a table that are tried to be changed."""
NEXT = {"batches": "'recalled'", "batch_rows": "'recalled'", "feed_attempts": "'submitted'"}
"""A state that may follow."""
OTHER = {
    "bigint": "coalesce({}, 0) + 1", "text": "coalesce({}, '') || 'x'", "bytea": "'x'", "jsonb": "'1'",
    "boolean": "NOT {}", "xid8": "'1'",
}  # fmt: skip
"""Another value of a type."""


class Tried:
    """A store in which every table has rows, and a login of each role."""

    def __init__(self, server: Server, folder: Path) -> None:
        self._server = server
        with psycopg.connect(server.address("public").partition("&schema")[0], autocommit=True) as admin:
            admin.execute("CREATE ROLE door_boss LOGIN CREATEROLE")
            admin.execute("GRANT CREATE ON DATABASE postgres TO door_boss")
        with Session.open(server.address(SCHEMA, "door_boss"), clock=FixedClock(NOW), config=Config()) as session:
            numbers = range(1, 13)
            bring(
                session,
                folder,
                everything=[all_orders_row(n) for n in numbers],
                open_=[unshipped_row(n) for n in numbers],
            )
            bring(session, folder, everything=[all_orders_row(9, "Shipped", updated=NOW - HOUR)])
            session.team.init()
            for role in DOORS:
                session.team.add(f"door_{role}", role, None)
        with Session.open(server.address(SCHEMA, "door_boss"), clock=FixedClock(NOW), config=Config()) as session:
            left = commit(session, Action.CANCEL, 1, 2)
            session.batches.release(left)
            session.dispatcher.run()
            session.results.take_in([answer(session, folder, left)])
            held, refund = commit(session, Action.CANCEL, 3, 4), commit(session, Action.REFUND, 9)
            session.context.store.work.take(JobName.DISPATCH, "box", None, 120)
            self.held, self.refund = held, refund
        with self.connect("owner") as owner:
            self.columns: dict[str, dict[str, str]] = {}
            for table, column, kind in owner.execute(
                "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s"
                " ORDER BY table_name, ordinal_position", (SCHEMA,),
            ).fetchall():  # fmt: skip
                self.columns.setdefault(table, {})[column] = kind
            for name in ("owner", *(f"door_{role}" for role in DOORS)):
                owner.execute("INSERT INTO claims VALUES (%s, %s, 'box', 'cancel', 1, 1, '')", (name, name))
                owner.execute("INSERT INTO shared_marks VALUES (%s, 1, '')", (name,))
            for table, columns in self.columns.items():
                if table == "unrecorded":  # empty but within a transaction
                    continue
                if owner.execute(f"SELECT 1 FROM {table} WHERE {CHOSEN.get(table, 'TRUE')} LIMIT 1").fetchone() is None:
                    names = [name for name in columns if name not in ("id", "made")]
                    values = [self._first(table, columns[name], name) for name in names]
                    owner.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(values)})")
            owner.commit()

    @staticmethod
    def _first(table: str, kind: str, column: str) -> str:
        if (table, column) == ("feed_attempts", "state"):
            return "'submitting'"
        if column in ("is_new", "item_id"):
            return "0" if column == "is_new" else "NULL"
        return OTHER[kind].format("NULL")

    def connect(self, login: str) -> psycopg.Connection[Row]:
        connection = psycopg.connect(self._server.address("public", login).partition("&schema")[0])
        connection.execute(f"SET search_path = {SCHEMA}, pg_temp")
        connection.commit()
        return connection


@pytest.fixture(scope="session")  # once in a process: the people of a server can't be made a second time
def tried(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    return Tried(server, tmp_path_factory.mktemp("doors"))


@pytest.fixture(params=list(DOORS))
def role(request: pytest.FixtureRequest) -> Role:
    found: Role = request.param
    return found


@pytest.fixture
def login(tried: Tried, role: Role) -> Iterator[psycopg.Connection[Row]]:
    connection = tried.connect(f"door_{role}")
    yield connection
    connection.close()


def outcome(connection: psycopg.Connection[Row], statement: str) -> str:
    """`refused`, `needs a record`, `recorded` by the server, or `done`; it is undone."""
    head = connection.execute("SELECT max(id) FROM audit").fetchone()
    try:
        found = connection.execute(statement)
        if statement.startswith(("UPDATE", "DELETE")) and not found.rowcount:
            return "nothing there"
    except psycopg.errors.IntegrityError:
        return "breaks a key"
    except psycopg.Error as error:
        return "refused" if isinstance(error, psycopg.errors.InsufficientPrivilege) else f"{error}"
    else:
        try:
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.errors.InsufficientPrivilege as error:
            return "needs a record" if "no record" in str(error) else "refused"
        return "done" if connection.execute("SELECT max(id) FROM audit").fetchone() == head else "recorded"
    finally:
        connection.rollback()


def has(columns: str, column: str) -> bool:
    return columns == "*" or column in columns.split()


def test_every_column_of_every_table_is_as_open_as_the_list_says(
    tried: Tried, role: Role, login: psycopg.Connection[Row]
) -> None:
    assert DOORS[role].keys() <= tried.columns.keys()
    wrong = []
    for table, columns in tried.columns.items():
        door, rows = DOORS[role].get(table, Door()), CHOSEN.get(table, "TRUE")
        for column, kind in columns.items():
            other = NEXT[table] if column == "state" and table in NEXT else OTHER[kind].format(column)
            wanted = "done" if has(door.update, column) else "refused"
            if wanted == "done" and (table, column) in REFUSED:
                wanted = "refused"
            elif wanted == "done" and door.needs_record and (table, column) not in NO_RECORD_OF:
                wanted = "needs a record"
            elif wanted == "done" and not has(QUIET.get(table, ""), column):
                wanted = "recorded"
            tries = [(f"UPDATE {table} SET {column} = {other} WHERE {rows}", wanted)]
            tries.append(
                (f"INSERT INTO {table} ({column}) VALUES (DEFAULT)", "done" if has(door.insert, column) else "refused")
            )
            for statement, expected in tries:
                found = outcome(login, statement)
                if found != expected and (found != "breaks a key" or expected == "refused"):
                    wrong.append((statement, expected, found))
        for statement in (f"DELETE FROM {table} WHERE {rows}", f"TRUNCATE {table}"):
            found = outcome(login, statement)
            if (found != "refused") is not (door.delete and statement.startswith("DELETE")):
                wrong.append((statement, str(door.delete), found))
    assert not wrong, "\n".join(map(str, wrong))


INSERT = (
    "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan)"
    " VALUES ('cancel', 'US', 'held', 1, 1, 'x', '', '{}')"
)
HELD = sha256(b"{}").hexdigest()
NEW = "(SELECT max(id) FROM batches)"
"""The batch that a transaction made."""
THIRD, FOURTH = order_id(3), order_id(4)


def record(kind: str, **facts: object) -> str:
    return f"SELECT audit_append(1, '{kind}', '{json.dumps(facts)}', '{{}}')"


def attacks(held: int) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """What it is, its statements in one transaction, and a part of the refusal; empty: it is allowed."""
    move = f"UPDATE batch_rows SET state = 'recalled' WHERE batch = {held}"
    whole = {THIRD: ["held", "recalled"], FOURTH: ["held", "recalled"]}
    told = record("batch.recalled", batch=held, states=whole)
    yield "as the program does it", (move, told), ""
    yield "not told", (move,), "no record of the audit tells what changed of rows"
    yield "told before", (told, move), "no record"
    yield "told of one order", (move, record("batch.recalled", batch=held, states={THIRD: whole[THIRD]})), "no record"
    yield "told of another state", (
        move, record("batch.sent", batch=held, states={key: ["held", "sent"] for key in whole}),
    ), "no record"  # fmt: skip
    yield "told of another batch", (move, record("batch.recalled", batch=held + 1, states=whole)), "no record"
    yield "told of no batch", (move, record("batch.recalled", batch=str(held), states=whole)), "no record"
    yield "told in no words", (move, record("batch.recalled", batch=held)), "no record"
    yield "the whole batch, as something else", (
        f"UPDATE batches SET state = 'left_out' WHERE id = {held}", record("batch.recalled", batch=held),
    ), "what changed of state"  # fmt: skip
    yield "an end of the hold that is not the one told", (
        f"UPDATE batches SET due_at = 1 WHERE id = {held}", record("batch.due", batch=held, after=2),
    ), "what changed of hold"  # fmt: skip
    yield "an end of the hold", (
        f"UPDATE batches SET due_at = 1 WHERE id = {held}", record("batch.due", batch=held, after=1),
    ), ""  # fmt: skip
    yield "a text without a word", (f"UPDATE batch_rows SET text = 'x' WHERE batch = {held}",), "changed of rows"
    yield "a text told of no order", (
        f"UPDATE batch_rows SET text = 'x' WHERE batch = {held}", record("batch.written", batch=held),
    ), "changed of rows"  # fmt: skip
    yield (
        "a text told of one order",
        (
            f"UPDATE batch_rows SET text = 'x' WHERE batch = {held}",
            record("batch.booked_again", batch=held, orders=[THIRD]),
        ),
        "changed of rows",
    )
    yield (
        "a text",
        (
            f"UPDATE batch_rows SET text = 'x' WHERE batch = {held}",
            record("batch.booked_again", batch=held, orders=[THIRD, FOURTH]),
        ),
        "",
    )
    yield "orders let go", (f"UPDATE batch_rows SET is_open = 0 WHERE batch = {held}",), "holds its orders"
    yield "orders let go by a number", (f"UPDATE batch_rows SET is_open = 2 WHERE batch = {held}",), "holds its orders"
    yield "a file that did not leave", (
        f"INSERT INTO feeds VALUES ({held}, 'x', 'x', 'x')", record("batch.sent", batch=held, feeds={"x": "x"}),
    ), "is not being written"  # fmt: skip
    yield "a report", (f"INSERT INTO results (batch, sha256, at, content) VALUES ({held}, 'x', 1, 'x')",), "of report"
    yield "a fact of another order", (
        "UPDATE operator_facts SET asked = 0", record("facts", asked=True, orders=["another"]),
    ), "changed of facts"  # fmt: skip
    rows = (
        "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason)"
        f" SELECT {NEW}, 0, id, 'cancel', 'held', 1, '' FROM orders WHERE order_id = '{order_id(7)}'"
    )
    facts = {"batch": 0, "plan": HELD, "sha256": "x", "action": "cancel", "due_at": 1, "orders": [order_id(7)]}
    kept = record("batch.held", **facts).replace('"batch": 0', f"\"batch\": ' || {NEW} || '")
    yield "a batch as the program makes it", (INSERT, rows, kept), ""
    yield "a batch of other orders", (INSERT, rows, kept.replace(order_id(7), order_id(8))), "of new batch"
    yield "a batch of another plan", (INSERT, rows, kept.replace(HELD, "x")), "of new batch"
    yield "a part by hand", (INSERT, rows, kept, f"INSERT INTO feed_parts VALUES ({NEW}, {held})"), ""
    yield "approved by being a part", (
        INSERT, rows, kept, f"INSERT INTO feed_parts VALUES ({NEW}, {held})", f"SELECT pass_approval({held}, {NEW})",
    ), f"is no part of batch {held} as it was approved"  # fmt: skip
    yield (
        "a part of what was committed before",
        (f"INSERT INTO feed_parts VALUES ({held}, 1)",),
        "takes nothing more in",
    )
    yield "another try", (f"INSERT INTO tries VALUES ({held}, 1, 1)",), "takes nothing more in"
    for key in ("store:move", "policy", "practice", "last_order", "another"):
        yield f"the mark {key}", (f"INSERT INTO meta VALUES ('{key}', '{{}}')",), "row-level security"
    yield "a mark of its own", ("INSERT INTO meta VALUES ('amazon:sync', '{}')",), ""
    profile = "INSERT INTO meta VALUES ('amazon:profile', 'sandbox')"
    yield "another account", (f"{profile} ON CONFLICT (key) DO UPDATE SET value = 'x'",), ""
    yield (
        "another account than before",
        (profile, f"{profile} ON CONFLICT (key) DO UPDATE SET value = 'x'"),
        "row-level security",
    )
    yield "told of nothing that is sent", ("INSERT INTO told_alerts VALUES ('team', 'x', 1)",), "nobody is told"
    yield "marks of somebody else", ("INSERT INTO shared_marks VALUES ('other', 1, '')",), "row-level security"
    yield "a claim of somebody else", (
        "INSERT INTO claims VALUES ('x', 'other', 'box', 'cancel', 1, 1, '')",
    ), "row-level security"  # fmt: skip
    yield "the notes of what is to be told", ("DELETE FROM unrecorded",), "permission denied"
    yield "checks put off", (move, "SET CONSTRAINTS ALL DEFERRED"), "no record"
    yield "checks switched off", ("SET session_replication_role = replica",), "permission denied"
    yield "checks taken away", ("DROP TRIGGER batch_rows_noted ON batch_rows",), "must be owner"


def test_a_change_of_the_journal_by_sql_is_in_the_audit_or_is_not(tried: Tried) -> None:
    """The batch that others are tried to be parts of is approved."""
    with tried.connect("owner") as owner:
        owner.execute(f"INSERT INTO approvals (batch, asked_at, why, approved) VALUES ({tried.held}, 1, '[]', 1)")
    wrong = []
    for what, statements, refusal in attacks(tried.held):
        connection = tried.connect("door_agent")
        try:
            for statement in statements:
                connection.execute(statement)
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            found = ""
        except psycopg.Error as error:
            found = str(error).partition("\n")[0]
        finally:
            connection.rollback()
            connection.close()
        if (refusal or "-") not in (found or "-"):
            wrong.append((what, refusal, found))
    assert not wrong, "\n".join(map(str, wrong))


BEGUN = (
    "INSERT INTO notifications (receiver, kind, state, content, attempts, at) VALUES"
    " ('team', 'buyer_request', 'sending', '{}', 1, 1)"
)
TOLD = "INSERT INTO told_alerts SELECT 'team', 'what', max(id) FROM notifications"


@pytest.mark.parametrize(
    ("statements", "changes", "orders"),
    [
        (
            [f"UPDATE orders SET status = 'cancelled' WHERE order_id = '{order_id(12)}'"],
            [{"table": "orders", "verb": "update", "rows": 1}], [order_id(12)],
        ),
        (
            ["UPDATE orders SET situation = situation + 1 WHERE id < 3",
             "UPDATE lines SET quantity = 9 WHERE order_id = 5"],
            [{"table": "lines", "verb": "update", "rows": 1}, {"table": "orders", "verb": "update", "rows": 2}],
            [order_id(1), order_id(2), order_id(5)],
        ),
        (
            [f"UPDATE orders SET dispatched = 'left' WHERE order_id = '{order_id(12)}'",
             record("note", orders=[order_id(11)])],
            [{"table": "orders", "verb": "update", "rows": 1}], [order_id(12)],
        ),
        (
            [f"UPDATE orders SET state = NULL, open_action = NULL WHERE order_id = '{THIRD}'"],
            [{"table": "orders", "verb": "update", "rows": 1}], [THIRD],
        ),
        (
            ["UPDATE orders SET version = version + 1, named_at = 5"], [], [],
        ),
        (
            ["INSERT INTO meta VALUES ('amazon:booked:1', '[]')",
             "UPDATE meta SET value = 'x' WHERE key = 'job:dispatch'"],
            [{"table": "meta", "verb": "insert", "rows": 1, "first": ["amazon:booked:1"]}], [],
        ),
        (
            [BEGUN, TOLD],
            [{"table": "notifications", "verb": "insert", "rows": 1},
             {"table": "told_alerts", "verb": "insert", "rows": 1, "first": ["what"]}], [],
        ),
        (["UPDATE orders SET at = at + 1"], [{"table": "orders", "verb": "update", "rows": 12}],
         sorted(order_id(n) for n in range(1, 13))),
    ],
)  # fmt: skip
def test_the_server_records_what_reports_say_when_sql_changes_it(
    tried: Tried, statements: list[str], changes: list[dict[str, object]], orders: list[str]
) -> None:
    with tried.connect("door_agent") as login:
        for statement in statements:
            login.execute(statement)
        login.execute("SET CONSTRAINTS ALL IMMEDIATE")
        found = [
            json.loads(text)
            for (text,) in login.execute(
                "SELECT payload FROM audit WHERE kind = 'store.changed' ORDER BY id"
            ).fetchall()
        ]
        assert login.execute("SELECT count(*) FROM unrecorded").fetchone() == (0,)
        login.rollback()
    for one in [change for record_ in found for change in record_["changes"]]:
        if one["table"] == "notifications":
            del one["first"]  # a number of the server's
    assert found == ([{"changes": changes, "orders": orders, "login": "door_agent"}] if changes else [])


def test_facts_of_many_orders_are_noted_once_for_a_statement(tried: Tried) -> None:
    """Once for each row took 8,000 orders four seconds."""
    said = (
        "INSERT INTO operator_facts (order_id, note, at) SELECT id, '{}', 1 FROM orders ON CONFLICT (order_id)"
        " DO UPDATE SET note = excluded.note"
    )
    with tried.connect("door_agent") as login:
        login.execute(said.format("a"))
        login.execute(said.format("b"))
        noted = login.execute("SELECT what, jsonb_array_length(facts) FROM unrecorded ORDER BY 2").fetchall()
        assert noted == [("facts", 1), ("facts", 11), ("facts", 12)], "one was known"
        login.execute(record("note", orders=[order_id(n) for n in range(1, 13)]))
        login.execute("SET CONSTRAINTS ALL IMMEDIATE")
        login.rollback()


def test_an_owner_who_moves_a_store_brings_a_held_row_before_the_newer_one_that_has_its_order(tried: Tried) -> None:
    with tried.connect("owner") as owner:
        owner.execute(
            "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason)"
            f" SELECT {tried.held}, 90, id, 'cancel', 'held', 0, '' FROM orders WHERE order_id = '{order_id(8)}'"
        )
        owner.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as at the end of a part of the move
        owner.rollback()

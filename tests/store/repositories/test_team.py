"""Roles on a server: what a login can do there, by the program and by SQL written by hand, is what its role may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ordertui.operations.batches.committer import Committer
from ordertui.operations.config import Config
from ordertui.operations.errors import BadInput, OperationError, Refused, RoleRefused
from ordertui.operations.session import Session
from ordertui.operations.team import policy_history
from ordertui.operations.worker.health import Health, worker_health
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.people import Permission, Person, Role
from ordertui.rules.policy.policy import PolicyError
from ordertui.store import StoreError
from ordertui.store.engine import kept_files
from ordertui.store.engine.postgres import postgres_engine
from ordertui.store.engine.rights import READ_ONLY_TABLES, RIGHTS, become_owner, rights_of
from ordertui.store.engine.table_layout import table_layouts
from support.batches import answer, commit, plan, states, upload
from support.server import Server
from support.shops import NOW, all_orders_row, bring, order_id, unshipped_row
from support.workers import run_once, worker

CONFIG = Config()
SCHEMA = "team.test"
"""With a dot, which makes the usual names of the groups ambiguous."""

Row = tuple[Any, ...]
Logins = dict[Role, psycopg.Connection[Row]]


class TeamStore:
    """A store with a team: `boss` made it, and one login has each role."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        with psycopg.connect(server.address("public").partition("&schema")[0], autocommit=True) as admin:
            admin.execute("CREATE ROLE boss LOGIN CREATEROLE")
            admin.execute("GRANT CREATE ON DATABASE postgres TO boss")
        with self.session("boss") as session:
            numbers = range(1, 21)
            bring(
                session,
                folder,
                everything=[all_orders_row(n) for n in numbers],
                open_=[unshipped_row(n) for n in numbers],
            )
            shipped = [all_orders_row(n, "Shipped", updated=NOW - HOUR) for n in (18, 19)]
            bring(session, folder, everything=shipped)
            session.team.init()
            for role in Role:
                session.team.add(f"p_{role}", role, None)

    def session(self, login: str, config: Config = CONFIG) -> Session:
        return Session.open(self.server.address(SCHEMA, login), clock=FixedClock(NOW), config=config)

    def sql(self, login: str) -> psycopg.Connection[Row]:
        place = self.server.address("public", login).partition("&schema")[0]
        connection = psycopg.connect(place)
        connection.execute(f'SET search_path = "{SCHEMA}", pg_temp')
        return connection


@pytest.fixture(scope="session")  # once in a process: the people of a server can't be made a second time
def team(server: Server, tmp_path_factory: pytest.TempPathFactory) -> TeamStore:
    return TeamStore(server, tmp_path_factory.mktemp("team"))


@pytest.fixture(scope="module")
def sessions(team: TeamStore) -> Iterator[dict[Role, Session]]:
    found = {role: team.session(f"p_{role}") for role in Role}
    yield found
    for session in found.values():
        session.close()


@pytest.fixture(scope="module")
def logins(team: TeamStore) -> Iterator[Logins]:
    found = {role: team.sql(f"p_{role}") for role in Role}
    yield found
    for connection in found.values():
        connection.close()


def row_of(session: Session, number: int) -> int:
    found = session.orders.id_of(order_id(number))
    assert found is not None
    return found


def test_an_agent_works_from_import_to_answer(
    team: TeamStore, sessions: dict[Role, Session], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_files, "_SMALL_BYTES", 0)  # files are kept compressed, as those of many orders are
    agent = sessions[Role.AGENT]
    assert agent.context.person == Person("p_agent", Role.AGENT)
    bring(agent, tmp_path, everything=[all_orders_row(30), all_orders_row(31)], open_=[unshipped_row(30)])
    agent.facts.set_dispatched([row_of(agent, 30)], Dispatched.NO)
    agent.facts.set_note([row_of(agent, 30)], "odd")
    batch = commit(agent, Action.CANCEL, 1, 2, 3)
    agent.batches.recall(order_id(3))
    agent.batches.release(batch)
    agent.dispatcher.run()
    agent.batches.mark_uploaded(batch)
    agent.results.take_in([answer(agent, tmp_path, batch, {1})])
    assert set(states(agent, batch).values()) == {RowState.OK, RowState.ERROR, RowState.RECALLED}
    assert upload(agent, batch).exists()
    assert agent.context.store.batches.get(batch).who.startswith("p_agent (")


def test_an_agents_login_runs_a_worker_and_a_viewers_does_not(team: TeamStore, sessions: dict[Role, Session]) -> None:
    batch = commit(sessions[Role.AGENT], Action.CANCEL, 9)
    sessions[Role.AGENT].batches.release(batch)
    with pytest.raises(RoleRefused, match="may not run the worker"):
        run_once(worker(lambda: team.session("p_viewer")))
    assert run_once(worker(lambda: team.session("p_agent")))
    assert set(states(sessions[Role.AGENT], batch).values()) == {RowState.WRITTEN}
    found = worker_health(sessions[Role.VIEWER].context.reader(), NOW)
    assert (found.health, [one.id for one in found.workers]) == (Health.HEALTHY, ["box-1"])


# -- by the program

ACTIONS: tuple[tuple[Permission, Callable[[Session], object]], ...] = (
    (Permission.LOOK, lambda session: session.team.members()),
    (Permission.LOOK, lambda session: session.audit.verify()),
    (Permission.LOOK, lambda session: session.maintenance.check()),
    (Permission.IMPORT, lambda session: session.imports.import_files([])),
    (Permission.IMPORT, lambda session: session.results.take_in([])),
    (Permission.IMPORT, lambda session: session.sync.sync()),
    (Permission.UNDO_IMPORT, lambda session: session.undo_import(999)),
    (Permission.UNDO_IMPORT, lambda session: session.rate.undo_report(999)),
    (Permission.RECORD, lambda session: session.facts.set_asked([row_of(session, 10)], True)),
    (Permission.RECORD, lambda session: session.facts.set_dispatched([row_of(session, 10)], Dispatched.YES)),
    (Permission.RECORD, lambda session: session.facts.set_note([row_of(session, 10)], "a gift")),
    (Permission.RECORD, lambda session: session.messages.note_copied(order_id(10))),
    (Permission.COMMIT, lambda session: session.batches.commit_all([], typed="0")),
    (Permission.RECALL, lambda session: session.batches.recall(999)),
    (Permission.RECALL, lambda session: session.batches.recall_orders([])),
    (Permission.DISPATCH, lambda session: session.batches.release(999)),
    (Permission.DISPATCH, lambda session: session.batches.mark_uploaded(999)),
    (Permission.DISPATCH, lambda session: session.dispatcher.run()),
    (Permission.DISPATCH, lambda session: session.batches.mark_uploaded(999, undo=True)),
    (Permission.LOOK, lambda session: session.batches.retry(999)),
    (Permission.LOOK, lambda session: session.planner.plan(Action.CANCEL, session.orders.find())),
    (Permission.APPROVE, lambda session: session.approvals.approve(999, "looked at each")),
    (Permission.APPROVE, lambda session: session.approvals.reject(999, "not these")),
    (Permission.APPROVE, lambda session: session.approvals.outlook(999)),
    (Permission.SETTLE, lambda session: session.batches.settle(999, [order_id(1)], done=True, why="x", typed="1")),
    (Permission.MAINTAIN, lambda session: session.maintenance.purge(4_000)),
    (Permission.MAINTAIN, lambda session: session.maintenance.compact()),
    (Permission.MAINTAIN, lambda session: session.adoption.adopt(why="x", typed=None)),
    (Permission.PUBLISH_POLICY, lambda session: session.team.publish_policy(Path("nowhere"), None, "x")),
    (Permission.LOOK, lambda session: policy_history(session.context)),
    (Permission.MANAGE_TEAM, lambda session: session.team.change("nobody", Role.LEAD)),
    (Permission.MANAGE_TEAM, lambda session: session.team.init()),
)


def test_by_the_program_each_role_does_what_it_may(sessions: dict[Role, Session]) -> None:
    for role, session in sessions.items():
        for permission, act in ACTIONS:
            refusal = session.context.refusal(permission)
            assert (refusal == "") is Person("", role).may(permission), (role, permission)
            try:
                act(session)
                found = ""
            except RoleRefused as error:
                found = str(error)
            except (OperationError, StoreError, PolicyError):  # it was tried, with numbers that do not exist
                found = ""
            assert found == refusal, (role, permission)


# -- by SQL

NOBODY = None
"""Not even an owner, who would first have to disable what guards it."""
BATCH = "(SELECT max(id) FROM batches)"
STATEMENTS: tuple[tuple[Permission | None, str], ...] = (
    (Permission.LOOK, "SELECT * FROM orders, audit, batches LIMIT 1"),
    (Permission.IMPORT, "INSERT INTO products (marketplace, sku) VALUES ('US', 'by hand')"),
    (Permission.IMPORT, "UPDATE orders SET ship_by = ship_by"),
    (Permission.IMPORT, "INSERT INTO meta VALUES ('amazon:sync', '1')"),
    (Permission.RECORD, "INSERT INTO operator_facts (order_id, at) VALUES (12345, 1)"),
    (Permission.RECORD, "SELECT audit_append(1, 'order.noted', '{}', '{}')"),
    (Permission.COMMIT, "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan)"
     " VALUES ('cancel', 'US', 'held', 1, 1, '', '', '')"),
    (Permission.MAINTAIN, "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan)"
     " VALUES ('cancel', 'US', 'written', 1, 1, '', '', '')"),
    (Permission.MAINTAIN, f"INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason)"
     f" VALUES ({BATCH}, 99, 15, 'cancel', 'held', 1, '')"),
    (Permission.MAINTAIN, f"INSERT INTO refunds SELECT {BATCH}, 15, 1, 'USD', 1, 9, 0, 0, 0, 0, 0, 0, 0"),
    (Permission.DISPATCH, "UPDATE batches SET due_at = 1 WHERE state = 'held'"),
    (NOBODY, "UPDATE batches SET due_at = 1 WHERE state = 'answered'"),
    (NOBODY, "UPDATE batches SET sha256 = 'x' WHERE state = 'answered'"),
    (NOBODY, "UPDATE batches SET files = '[]' WHERE state = 'answered'"),
    (NOBODY, "UPDATE batches SET writing = 1 WHERE state = 'answered'"),
    (NOBODY, "UPDATE batches SET sent_at = NULL WHERE state = 'answered'"),
    (NOBODY, "UPDATE refunds SET item_id = 'x'"),
    (Permission.MAINTAIN, "UPDATE batches SET plan = ''"),
    (Permission.MAINTAIN, "UPDATE batches SET who = 'p_lead'"),
    (Permission.MAINTAIN, "UPDATE batches SET made = '1'"),
    (Permission.MAINTAIN, "DELETE FROM batches"),
    (Permission.MAINTAIN, "DELETE FROM batch_rows"),
    (Permission.MAINTAIN, "UPDATE batch_rows SET total = 1"),
    (Permission.SETTLE, "UPDATE batch_rows SET state = 'unknown' WHERE state = 'ok'"),
    (NOBODY, "UPDATE batch_rows SET state = 'held' WHERE state IN ('ok', 'recalled')"),
    (NOBODY, "UPDATE batches SET state = 'recalled'"),
    (Permission.MAINTAIN, "UPDATE feeds SET content = ''"),
    (Permission.MAINTAIN, "UPDATE results SET content = ''"),
    (Permission.MAINTAIN, "DELETE FROM results"),
    (Permission.UNDO_IMPORT, f"DELETE FROM orders WHERE order_id = '{order_id(20)}'"),
    (Permission.MAINTAIN, f"DELETE FROM orders WHERE order_id = '{order_id(1)}'"),
    (Permission.MAINTAIN, "INSERT INTO import_orders (import, order_id, is_new) SELECT 999, id, 1 FROM orders LIMIT 1"),
    (Permission.COMMIT, "INSERT INTO claims VALUES ('x', session_user, '', 'cancel', 1, 1, '')"),
    (Permission.MAINTAIN, "INSERT INTO claims VALUES ('x', 'boss', '', 'cancel', 1, 1, '')"),
    (Permission.MAINTAIN, "UPDATE claims SET until = 1"),
    (Permission.MAINTAIN, "UPDATE claims SET login = 'p_owner'"),
    (Permission.MAINTAIN, "DELETE FROM claims WHERE id = 'running'"),
    (Permission.COMMIT, "DELETE FROM claims WHERE id = 'ended'"),
    (Permission.COMMIT, "INSERT INTO shared_marks VALUES (session_user, 1, '')"),
    (Permission.MAINTAIN, "INSERT INTO shared_marks VALUES ('p_viewer', 1, '')"),
    (Permission.MAINTAIN, "UPDATE shared_marks SET orders = ''"),
    (Permission.MAINTAIN, "DELETE FROM shared_marks"),
    (Permission.MAINTAIN, "UPDATE meta SET value = 'x' WHERE key = 'store:id'"),
    (Permission.MAINTAIN, "INSERT INTO meta VALUES ('practice', '1')"),
    (Permission.MAINTAIN, "UPDATE change_number SET number = 1"),
    (Permission.MAINTAIN, "DELETE FROM commits"),
    (Permission.MAINTAIN, "UPDATE schema_version SET version = 1"),
    (Permission.MAINTAIN, "TRUNCATE orders"),
    (Permission.MAINTAIN, "ALTER TABLE audit DISABLE TRIGGER ALL"),
    (Permission.MAINTAIN, "ALTER TABLE meta DISABLE ROW LEVEL SECURITY"),
    (Permission.MAINTAIN, "CREATE TABLE other (id int)"),
    (Permission.MAINTAIN, "CREATE OR REPLACE FUNCTION my_role() RETURNS text LANGUAGE sql AS $$ SELECT 'owner' $$"),
    (NOBODY, "UPDATE audit SET payload = ''"),
    (NOBODY, "DELETE FROM audit"),
    (NOBODY, "DELETE FROM audit_orders"),
    (Permission.PUBLISH_POLICY, "INSERT INTO policies VALUES (99, 1, 'p_lead', 'amazon', '', '')"),
    (NOBODY, "UPDATE policies SET text = ''"),
    (NOBODY, "DELETE FROM policies"),
    (Permission.MANAGE_TEAM, "DO $$ BEGIN EXECUTE format('GRANT %I TO p_viewer', team_role('lead')); END $$"),
    (NOBODY, "ALTER ROLE boss PASSWORD 'x'"),
    (NOBODY, "SET SESSION AUTHORIZATION boss"),
)  # fmt: skip


BY_ROW = ("UPDATE meta", "UPDATE claims", "DELETE FROM claims", "UPDATE shared_marks", "DELETE FROM shared_marks")
"""Begin statements that a login may run, on rows of its own or that ended."""


def try_sql(connection: psycopg.Connection[Row], statement: str) -> bool:
    """Whether the server does it, which is undone. A row that a login does not reach is none that it changes."""
    try:
        found = connection.execute(statement)
        return not (any(name in statement for name in BY_ROW) and found.rowcount == 0)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException):
        return False
    finally:
        connection.rollback()
        connection.execute(f'SET search_path = "{SCHEMA}", pg_temp')
        connection.commit()


def test_by_sql_each_login_does_what_its_role_may(
    team: TeamStore, sessions: dict[Role, Session], logins: Logins,
    tmp_path: Path,
) -> None:  # fmt: skip
    agent = sessions[Role.AGENT]
    batch = commit(agent, Action.CANCEL, 1, 4, 5)
    agent.batches.recall(order_id(5))
    agent.batches.release(batch)
    agent.dispatcher.run()
    agent.results.take_in([answer(agent, tmp_path, batch)])
    commit(agent, Action.CANCEL, 6)
    commit(agent, Action.REFUND, 18)
    with team.sql("boss") as boss:
        later = "extract(epoch FROM now()) + 3600"
        for ident, until in (("running", later), ("ended", "1")):
            boss.execute(f"INSERT INTO claims VALUES ('{ident}', 'boss', '', 'cancel', 1, {until}, '')")
        boss.execute("INSERT INTO shared_marks VALUES ('boss', 1, '')")
    wrong = [
        (role.value, statement)
        for role, connection in logins.items()
        for permission, statement in STATEMENTS
        if try_sql(connection, statement) is not (permission is not NOBODY and Person("", role).may(permission))
    ]
    assert wrong == []


def test_the_grants_on_the_server_are_those_of_the_table(logins: Logins, sessions: dict[Role, Session]) -> None:
    owner = logins[Role.OWNER]
    tables = {row[0] for row in owner.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace ="
              " quote_ident(current_schema())::regnamespace").fetchall()}  # fmt: skip
    listed = {one.on for one in RIGHTS if not one.is_of_function}
    assert {table.name for table in table_layouts()} <= tables
    assert tables == listed | READ_ONLY_TABLES, "a new table needs its rights in store/engine/rights.py"
    assert not listed & READ_ONLY_TABLES
    for role in (Role.VIEWER, Role.AGENT, Role.LEAD):
        wanted = {
            (one.on, verb.split(" ")[0])
            for one in rights_of(role) if not one.is_of_function
            for verb in one.verbs.partition("(")[0].split(", ")
        }  # fmt: skip
        found = {
            (name, verb) for name, verb, given in owner.execute(
                "SELECT t.name, v.verb, CASE WHEN v.verb IN ('DELETE', 'TRUNCATE', 'TRIGGER') THEN"
                " has_table_privilege(team_role(%s), t.name, v.verb) ELSE"
                " has_any_column_privilege(team_role(%s), t.name, v.verb) END FROM unnest(%s::text[]) AS t (name),"
                " unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) AS v (verb)",
                (role.value, role.value, sorted(tables)),
            ).fetchall() if given
        }  # fmt: skip
        assert found == wanted, role
    owner.execute("GRANT EXECUTE ON FUNCTION look_anew() TO PUBLIC")  # as in a restored dump without privileges
    owner.commit()
    sessions[Role.OWNER].team.init()
    open_to_all = owner.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace ="
        " quote_ident(current_schema())::regnamespace AND has_function_privilege('pg_monitor', oid, 'EXECUTE')"
    ).fetchall()
    assert open_to_all == [], "what acts as the owner is nobody else's"


# -- the team itself


def test_people_come_change_and_go(team: TeamStore, sessions: dict[Role, Session]) -> None:
    owner = sessions[Role.OWNER]
    with pytest.raises(StoreError, match="this login may make no roles"):
        owner.team.add("bea", Role.AGENT, None)  # an owner who is no administrator of the server
    with team.session("boss") as boss:
        assert boss.team.add("bea", Role.AGENT, "open sesame").address.startswith("postgresql://bea@")
        with pytest.raises(StoreError, match="bea is in the team already"):
            boss.team.add("bea", Role.LEAD, None)
        with pytest.raises(StoreError, match="no name of a login"):
            boss.team.add("b'; DROP", Role.LEAD, None)
    with team.session("bea") as bea:
        bea.facts.set_asked([row_of(bea, 11)], True)
        bea_plan = bea.planner.plan(Action.CANCEL, bea.orders.find("action:cancel")[:1])[0]
        assert bea_plan.rows
        owner.team.change("bea", Role.VIEWER)  # given by somebody else, taken by any owner
        with pytest.raises(StoreError, match="your role may have changed") as refused:
            bea.facts.set_asked([row_of(bea, 11)], False)
        assert "permission denied" not in str(refused.value)
        with pytest.raises(StoreError, match="Nothing of it was kept"):
            bea.batches.commit(bea_plan, typed=str(len(bea_plan.rows)))
    found = {one.name: one for one in sessions[Role.VIEWER].team.members()}
    assert list(found)[:2] == ["boss", "p_owner"]
    assert (found["bea"].role, found["bea"].last_act is not None) == (Role.VIEWER, True)
    assert found["p_viewer"].is_connected
    owner.team.remove("bea")
    with pytest.raises(StoreError, match="bea has no role in this store"):
        team.session("bea")
    with pytest.raises(StoreError, match="another owner changes or takes your own role"):
        owner.team.change("p_owner", Role.VIEWER)
    with pytest.raises(StoreError, match="nobody is not in the team"):
        owner.team.remove("nobody")
    kinds = [entry.kind for entry in owner.context.reader().audit.entries() if entry.kind.startswith("team.")]
    assert kinds[:3] == ["team.removed", "team.changed", "team.added"]
    assert "open sesame" not in "".join(entry.payload for entry in owner.context.reader().audit.entries())


def test_an_owner_brings_the_store_along_for_all(team: TeamStore, sessions: dict[Role, Session]) -> None:
    """What a later version makes belongs to the team, whoever of the owners starts it first."""
    engine = postgres_engine(sessions[Role.OWNER].context.store.database.engine)
    with sessions[Role.OWNER].context.store.write():
        become_owner(engine)
        engine.run("CREATE TABLE later (id int)")
        owner = engine.query(
            "SELECT pg_get_userbyid(relowner) = team_role('owner') FROM pg_class WHERE relname = 'later'"
        )
        engine.run("DROP TABLE later")
    assert owner == [(True,)]


def test_no_record_by_sql_keeps_the_audit_from_being_read(server: Server) -> None:
    """A record cannot be removed, so one that nobody can read would stay for ever."""
    with Session.open(server.address("odd.records"), clock=FixedClock(NOW), config=CONFIG) as session:
        database = session.context.store.database
        for payload in ("", "[1]", "{} ", '{"a":1}} '):
            with pytest.raises(StoreError, match="invalid input syntax for type json"):
                database.query("SELECT audit_append(1, 'by.hand', ?, '{}')", (payload,))
        odd = ('{"why":"\\udc80"}', '{"why":"\\u0000"}', '{"orders":5}', '{"by":3,"orders":[4]}', '{"states":[7]}')
        first = len(session.audit.records()) + 1
        for payload in odd:
            database.query("SELECT audit_append(1, 'by.hand', ?, '{}')", (payload,))
        assert [one["record"] for one in session.audit.records()][: len(odd)] == list(range(first + 4, first - 1, -1))
        assert session.audit.records()[2]["more"]["orders"] == 5
        with pytest.raises(BadInput, match=f"broken at record {first + 2} .*ordertui writes no by.hand of this form"):
            session.audit.verify()
        assert [(one.name, one.last_act is not None) for one in session.team.members()] == [("owner", True)]


# -- the store's own policy

HOUSE = """[[rule]]
id = "no-large"
when = "total>5"
action = "cancel"
effect = "deny"
why = "large orders are looked at by hand"
"""


def test_the_policy_is_the_stores_own(
    team: TeamStore, sessions: dict[Role, Session], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, owner = sessions[Role.AGENT], sessions[Role.OWNER]
    first = policy_history(owner.context)[-1]
    assert (first.version, first.who, first.edition, first.text) == (1, "boss", "amazon", "")
    file = tmp_path / "house.toml"
    file.write_text("[[rules]]\nid = 'broken'\n", encoding="utf-8")
    with pytest.raises(PolicyError):
        owner.team.publish_policy(file, None, "a mistake")
    file.write_text(HOUSE, encoding="utf-8")
    made = plan(agent, Action.CANCEL, 12)
    published = owner.team.publish_policy(file, None, "large orders go by hand")
    assert (published.version, published.who, published.text) == (2, "p_owner", HOUSE)
    (record,) = owner.audit.records(limit=1)
    assert (record["what"], record["why"]) == ("policy.published", "large orders go by hand")
    assert record["more"]["sha256"] == sha256(HOUSE.encode()).hexdigest()
    assert any("published anew" in text for text in agent.notices.banners())
    with pytest.raises(Refused, match=r"published anew after ordertui was opened \(version 2\)"):
        agent.batches.commit(made, typed="1")
    settings = tmp_path / "mine.toml"
    settings.write_text("", encoding="utf-8")
    with team.session("p_agent", Config(policy_file=str(settings))) as later:
        assert not plan(later, Action.CANCEL, 12).rows
        note = later.context.active_policies.note
    assert "is not in force, and differs from the store's policy" in note
    assert "version 2, by p_owner, 2026-11-23" in note
    with team.session("p_agent", Config(policy_file=str(file))) as same:
        assert same.context.active_policies.note == ""
    with team.session("p_agent", Config(policy="article")) as other:
        assert "policy = 'article' is not in force" in other.context.active_policies.note
    settings.write_text("# nothing of our own", encoding="utf-8")
    owner.team.publish_policy(settings, None, "back to the edition")
    with team.session("p_agent") as follower:  # what is held leaves by the rules in force, or not from here
        batch = commit(follower, Action.CANCEL, 12)
        follower.batches.release(batch)
        owner.team.publish_policy(file, None, "large orders go by hand after all")
        with pytest.raises(Refused, match="published anew"):
            follower.dispatcher.run()
        assert states(follower, batch) == {order_id(12): RowState.HELD}
    with team.session("p_agent") as reopened:  # as a worker does before each run
        reopened.dispatcher.run()
    assert states(owner, batch) == {order_id(12): RowState.LEFT_OUT}
    owner.team.publish_policy(settings, None, "back to the edition")
    with team.session("p_agent") as late, monkeypatch.context() as patch:
        made = plan(late, Action.CANCEL, 12)
        patch.setattr(Committer, "_check_kind", lambda *_: owner.team.publish_policy(file, None, "in the meantime"))
        with pytest.raises(Refused, match="published anew"):
            late.batches.commit(made, typed="1")
    owner.team.publish_policy(settings, None, "back to the edition")


def test_a_viewers_screen_reads_a_copy_that_follows(team: TeamStore, sessions: dict[Role, Session]) -> None:
    place = team.server.address(SCHEMA, "p_viewer")
    with Session.open(place, clock=FixedClock(NOW), config=Config(), copy=lambda *_: None) as viewer:
        assert viewer.is_read_only
        copy = viewer.context.copy
        assert copy is not None, "the log of changes is there since the store has a team"
        sessions[Role.AGENT].facts.set_note([row_of(viewer, 13)], "seen by all")
        copy.follow()
        found = viewer.orders.get(order_id(13))
        assert found is not None
        assert found.row.note == "seen by all"

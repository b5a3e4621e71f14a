"""`ordertui team` as people run it: roles on a server, words on a file."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from ordertui.cli.main import cli
from ordertui.orders.people import Permission, Person, Role
from ordertui.store.engine.sqlite import SqliteEngine
from support import places
from support.cli import EXAMPLES, Command
from support.server import Server


def run(place: str | Path, *args: str) -> Result:
    return CliRunner().invoke(cli, ["--store", str(place), *args])


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_team_is_made_and_changed(server: Server, tmp_path: Path) -> None:
    schema = tmp_path / "a.db"
    place = str(places.place(schema))
    with psycopg.connect(server.address("public").partition("&schema")[0], autocommit=True) as admin:
        admin.execute("CREATE ROLE cleo LOGIN CREATEROLE")
        admin.execute("GRANT CREATE ON DATABASE postgres TO cleo")
    place = place.replace("//owner@", "//cleo@")
    refused = run(place, "team", "add", "dora", "--role", "agent", "--generate")
    assert (refused.exit_code, "has no team yet" in refused.stderr) == (4, True)
    assert run(place, "team", "init").exit_code == 0
    assert run(place, "team", "init").exit_code == 0, "twice is harmless"
    asked = run(place, "team", "add", "dora", "--role", "agent")
    assert (asked.exit_code, "--generate or --no-password" in asked.stderr) == (2, True)
    added = run(place, "team", "add", "dora", "--role", "agent", "--generate")
    password = added.stdout.strip()
    assert (added.exit_code, len(password)) == (0, 24)
    assert password not in added.stderr
    assert 'store = "postgresql://dora@' in added.stderr
    with psycopg.connect(server.address("public").partition("&schema")[0]) as admin:
        kept = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'dora'").fetchone()
    assert kept is not None
    assert kept[0].startswith("SCRAM-SHA-256$")
    dora = place.replace("//cleo@", "//dora@")
    denied = run(dora, "team", "role", "dora", "owner")
    assert (denied.exit_code, "dora, as an agent, may not add, change or remove people" in denied.stderr) == (3, True)
    assert run(place, "team", "role", "dora", "viewer").exit_code == 0
    denied = run(dora, "import", __file__)
    assert (denied.exit_code, "dora, as a viewer, may not bring in" in denied.stderr) == (3, True)
    listed = json.loads(run(dora, "team", "list", "--format", "json").stdout)
    assert [(one["person"], one["role"]) for one in listed] == [("cleo", "owner"), ("dora", "viewer")]
    history = json.loads(run(dora, "policy", "history", "--format", "json").stdout)
    assert [(one["version"], one["who"]) for one in history] == [(1, "cleo")]
    assert run(place, "team", "remove", "dora").exit_code == 0
    gone = run(dora, "list")
    assert (gone.exit_code, "dora has no role in this store" in gone.stderr) == (4, True)


DOINGS: tuple[tuple[Permission, tuple[str, ...]], ...] = (
    (Permission.LOOK, ("list", "--limit", "1")),
    (Permission.LOOK, ("show", "{order}")),
    (Permission.LOOK, ("outbox",)),
    (Permission.LOOK, ("audit", "--limit", "1")),
    (Permission.LOOK, ("audit", "verify")),
    (Permission.LOOK, ("plan", "cancel", "--filter", "id:{order}", "--output", "{folder}/{role}.plan")),
    (Permission.IMPORT, ("import", "{report}")),
    (Permission.IMPORT, ("results", "{report}")),
    (Permission.UNDO_IMPORT, ("import", "--undo", "99")),
    (Permission.UNDO_IMPORT, ("rate-reports", "--undo", "99")),
    (Permission.RECORD, ("facts", "note", "{order}", "--text", "x")),
    (Permission.RECORD, ("facts", "dispatched", "{order}", "--no")),
    (Permission.COMMIT, ("commit", "{plan}", "--yes", "--typed", "1")),
    (Permission.RECALL, ("undo", "{order}")),
    (Permission.DISPATCH, ("release", "99")),
    (Permission.DISPATCH, ("dispatch",)),
    (Permission.DISPATCH, ("uploaded", "99")),
    (Permission.SETTLE, ("settle", "99", "{order}", "--done", "--why", "x", "--typed", "1")),
    (Permission.APPROVE, ("approve", "99", "--why", "x")),
    (Permission.APPROVE, ("reject", "99", "--why", "x")),
    (Permission.MAINTAIN, ("store", "purge", "--older-than", "4000", "--yes")),
    (Permission.MAINTAIN, ("store", "compact")),
)


def test_each_command_does_what_the_role_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of a refusal are those of the role alone: what else may be wrong with a command is told otherwise."""
    command = Command(tmp_path)
    command.bring("US")
    order = command.json("list", "--filter", "action:cancel", "--limit", "1")[0]["order_id"]
    plan = tmp_path / "one.plan"
    command.run("plan", "cancel", "--filter", f"id:{order}", "--reason", "NoInventory", "--output", plan)
    report = next((EXAMPLES / "us" / "reports").iterdir())
    wrong = []
    for role in Role:
        monkeypatch.setattr(SqliteEngine, "person", lambda _engine, role=role: Person("dora", role))
        for permission, words in DOINGS:
            args = [word.format(order=order, folder=tmp_path, role=role, report=report, plan=plan) for word in words]
            done = command.run(*args)
            is_refused = done.code == 3 and f", may not {permission.value}; " in done.stderr
            if is_refused is Person("", role).may(permission):
                wrong.append((role, words, done.code, done.stderr))
    assert not wrong, "\n".join(map(str, wrong))


def test_on_a_file_a_team_needs_a_server(tmp_path: Path) -> None:
    place = tmp_path / "a.db"
    from ordertui.orders.clock import SystemClock
    from ordertui.store import Store

    Store.open(place, clock=SystemClock()).close()
    (tmp_path / "rules.toml").write_text("", encoding="utf-8")
    for args in (
        ("team", "init"), ("team", "list"), ("team", "add", "ann", "--role", "agent", "--generate"),
        ("policy", "publish", str(tmp_path / "rules.toml"), "--why", "x"),
    ):  # fmt: skip
        found = run(place, *args)
        assert (found.exit_code, "a team needs a store on a server" in found.stderr) == (2, True), args

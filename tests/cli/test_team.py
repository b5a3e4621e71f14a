"""`ordertui team` as people run it: roles on a server, words on a file."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from ordertui.cli.main import cli
from support import places
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


def test_on_a_file_a_team_needs_a_server(tmp_path: Path) -> None:
    place = tmp_path / "a.db"
    from ordertui.orders.clock import SystemClock
    from ordertui.store import Store

    Store.open(place, clock=SystemClock()).close()
    (tmp_path / "rules.toml").write_text("", encoding="utf-8")
    for args in (
        ("team", "init"), ("team", "list"), ("team", "add", "ann", "--role", "agent", "--generate"),
        ("policy", "publish", str(tmp_path / "rules.toml"), "--why", "x"), ("policy", "history"),
    ):  # fmt: skip
        found = run(place, *args)
        assert (found.exit_code, "a team needs a store on a server" in found.stderr) == (2, True), args

"""Marks of the people of a team: each login has its own, and the others may look at them and take them over."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations import team_marks
from ordertui.operations.errors import BadInput
from ordertui.operations.marks import Marks
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.people import Role
from support import places
from support.batches import session_of
from support.logins import let_in, session_as
from support.shops import NOW, order_id
from support.waiting import until

MANY = 100_000
on_server = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def found(session: Session, text: str) -> set[str]:
    rows = session.orders.rows(session.orders.find(text))
    return {row.order_id for row in rows.values()}


def wait_for(session: Session, login: str, count: int) -> None:
    until(lambda: any(one.login == login and one.orders.count == count for one in session.team_marks.everybody()))


@on_server
def test_each_login_has_its_own_marks_and_sees_those_of_others(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine == "postgresql"
    monkeypatch.setattr(team_marks, "PAUSE_SECONDS", 0.01)
    clock, path = FixedClock(NOW), tmp_path / "orders.db"
    session_of(tmp_path, clock, waiting=6).close()
    with Session.open(places.place(path), clock=clock) as owner:
        let_in(owner, ana=Role.AGENT, Ben=Role.AGENT, vic=Role.VIEWER)
        owner.workspace.keep_marks(Marks([1]), b"")  # of version 0.1, which had one file for all
        owner.workspace._marks_file.rename(owner.workspace._common_marks)
    with session_as("ana", path, clock, monkeypatch) as ana, session_as("Ben", path, clock, monkeypatch) as ben:
        assert list(ana.workspace.marks()[0]) == [1], "who comes first has what was marked before"
        assert list(ben.workspace.marks()[0]) == []
        rows = [ana.orders.id_of(order_id(n)) for n in (2, 3, 4)]
        mine = Marks(row for row in rows if row is not None)
        ana.workspace.keep_marks(mine, b"")
        version = ben.data_version()
        for count in (1, 2, 3):
            ana.team_marks.publish(Marks(list(mine)[:count]))
        wait_for(ben, "ana", 3)
        assert ben.data_version() == version, "no screen reads orders again because somebody marks"
        assert found(ben, "marked-by:ana") == found(ben, "marked-by:ANA") == {order_id(n) for n in (2, 3, 4)}
        assert found(ben, f"marked-by:ana -id:{order_id(3)}") == {order_id(2), order_id(4)}
        as_ben = ["--store", str(places.place(path)).replace("//owner@", "//Ben@"), "marks"]
        listed = CliRunner().invoke(cli, [*as_ben, "--format", "tsv"]).output
        assert listed.splitlines()[1].split("\t")[:2] == ["ana", "3"]
        theirs = CliRunner().invoke(cli, [*as_ben, "--of", "ana", "--format", "tsv"]).output
        assert all(order_id(n) in theirs for n in (2, 3, 4))
        assert order_id(5) not in theirs
        taken = Marks()
        taken.add(ben.team_marks.of("ana").orders)
        ben.workspace.keep_marks(taken, b"")
        with pytest.raises(BadInput, match="zoe has marked nothing; who has: ana"):
            ben.orders.find("marked-by:zoe")
        with session_as("vic", path, clock, monkeypatch) as vic:
            vic.team_marks.publish(Marks([1]))  # a viewer writes nothing on the server
            assert found(vic, "marked-by:ana") == {order_id(n) for n in (2, 3, 4)}
        # as many as a screen can mark: one row, whatever their number
        ana.team_marks.publish(Marks(range(1, MANY + 1)))
        ana.close()
        wait_for(ben, "ana", MANY)
        assert len(found(ben, "marked-by:ana")) == 8
    for name, marked in (("ana", [1, 2, 3]), ("Ben", [1, 2, 3])):
        with session_as(name, path, clock, monkeypatch) as again:
            assert again.workspace.marks()[0].count == len(marked)


def test_a_store_in_a_file_has_the_marks_of_one_person(session: Session) -> None:
    session.team_marks.publish(Marks([1]))
    with pytest.raises(BadInput, match="the store is a file"):
        session.orders.count("marked-by:ana")
    assert Marks.unpacked(b"no marks").count == 0

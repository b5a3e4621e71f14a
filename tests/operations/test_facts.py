"""Notes on orders: written, found, exported, undone where they still stand; on both engines."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.errors import BadInput
from ordertui.operations.facts import MOST_CHARACTERS
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.rules.language import parse
from ordertui.tui.screens.dialogs import FormScreen
from support.cli import Command
from support.pilot import main, press, running, said, settled, to_ship, until
from support.places import on_both, place
from support.shops import NOW, open_session, order_id, standard


def notes(session: Session) -> dict[str, str | None]:
    return {row.order_id: row.note for row in session.orders.rows(session.orders.find()).values() if row.note}


def test_a_note_is_written_found_and_undone(session: Session) -> None:
    ids = list(session.orders.find("status:unshipped"))
    assert session.facts.set_note(ids[:2], "  waits for\n the carrier ") == 2
    assert session.facts.set_note(ids[:1], "Gift") == 1
    assert session.facts.set_note(ids[:1], "Gift") == 0, "it is so already"
    assert list(session.orders.find("note:gift")) == ids[:1]
    assert list(session.orders.find('note:"waits for the carrier"')) == ids[1:2]
    assert set(session.orders.find("noted")) == set(ids[:2])
    assert session.orders.count("-noted") == session.orders.count() - 2
    assert session.facts.undo() == 1
    assert set(notes(session).values()) == {"waits for the carrier"}
    assert session.facts.undo() == 2
    assert notes(session) == {}
    assert list(session.recount().run()) == []


def test_what_another_wrote_meanwhile_stays(session: Session, tmp_path: Path, clock: FixedClock) -> None:
    ids = list(session.orders.find("status:unshipped"))[:2]
    session.facts.set_note(ids, "mine")
    with open_session(tmp_path / "shop", clock=clock) as other:
        other.facts.set_note(ids[:1], "theirs")
    assert session.facts.undo() == 1
    assert set(notes(session).values()) == {"theirs"}


def test_a_note_stays_beside_other_facts_and_an_import(session: Session, tmp_path: Path) -> None:
    ids = list(session.orders.find("status:unshipped"))[:1]
    session.facts.set_asked(ids, True)
    session.facts.set_note(ids, "kept")
    standard(session, tmp_path)
    row = session.orders.rows(ids)[ids[0]]
    assert (row.note, row.buyer_request.value) == ("kept", "message")
    assert session.facts.set_note(ids, "") == 1
    assert session.orders.rows(ids)[ids[0]].buyer_request.value == "message"


def test_a_note_has_an_end(session: Session) -> None:
    with pytest.raises(BadInput, match=f"at most {MOST_CHARACTERS} characters"):
        session.facts.set_note(list(session.orders.find())[:1], "x" * (MOST_CHARACTERS + 1))


@on_both
def test_the_audit_has_that_it_changed_and_not_its_words(tmp_path: Path, engine: str) -> None:
    with Session.open(place(tmp_path / "a.db"), clock=FixedClock(NOW), config=Config()) as session:
        standard(session, tmp_path)
        ids = list(session.orders.find("status:unshipped"))[:2]
        session.facts.set_note(ids, "Zquinn asked for blue")
        session.facts.set_note(ids[:1], "")
        assert session.facts.undo() == 1
        assert set(notes(session).values()) == {"Zquinn asked for blue"}
        assert session.facts.undo() == 2
        assert notes(session) == {}
        store = session.context.store
        said = sha256(b"Zquinn asked for blue").hexdigest()
        marks = [json.loads(one.payload)["note"] for one in store.audit.entries() if one.kind == "note"]
        assert marks == [None, said, None, said]
        kept = store.database.query("SELECT payload FROM audit")
        assert not [row for row in kept if "Zquinn" in row[0]]
        assert store.audit.verify().ok


def test_a_house_rule_may_ask_for_notes() -> None:
    assert parse("note:vip or noted", now=0, zone="UTC", plan=True)


def test_the_command_line_writes_shows_and_exports_notes(tmp_path: Path) -> None:
    with open_session(tmp_path / "shop", clock=FixedClock(NOW)) as session:
        standard(session, tmp_path)
        store = session.context.store.path
    command = Command(tmp_path, store)
    command.ok("facts", "note", order_id(1), "--text", "=1+1 gift")
    assert command.json("show", order_id(1))["facts"]["note"] == "=1+1 gift"
    (found,) = command.json("list", "--filter", "note:gift")
    assert (found["order_id"], found["note"]) == (order_id(1), "=1+1 gift")
    assert "'=1+1 gift" in command.ok("list", "--filter", "noted", "--format", "csv"), "no formula for a spreadsheet"
    command.ok("facts", "note", order_id(1), "--remove")
    assert command.json("list", "--filter", "noted") == []
    command.ok("facts", "note", order_id(1), code=2)


async def test_notes_on_the_screen(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        await to_ship(pilot)
        await press(pilot, "N")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await press(pilot, *"gift", "enter")
        await until(pilot, lambda: list(notes(session).values()) == ["gift"])
        await settled(pilot)
        await press(pilot, "j", "space", "space", "full_stop")
        await until(pilot, lambda: list(notes(session).values()) == ["gift"] * 3)
        await settled(pilot)
        main(pilot).table.marks.add(session.orders.find("noted"))
        await press(pilot, "N")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        assert "Note on 3 orders" in str(pilot.app.screen.query("Title").first().render())
        await press(pilot, "x", "enter")
        await until(pilot, lambda: "3 orders changed: note: x; z undoes it" in said(pilot))
        await settled(pilot)
        await press(pilot, "z", "z", "z")
        await until(pilot, lambda: list(notes(session).values()) == ["gift"])

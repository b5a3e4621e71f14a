"""Several people in one store: by login of the server, or of the operating system for a store in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations import session as session_module
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.people import Role
from ordertui.store import Operator

from . import places


def session_as(
    login: str,
    path: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    config: Config | None = None,
    *,
    copy: bool = False,
) -> Session:
    """A session of this login in the store that a test means by `path`; `copy`: as a screen opens it."""
    place = places.place(path)
    where = place if isinstance(place, Path) else place.replace("//owner@", f"//{login}@")
    with monkeypatch.context() as patch:
        patch.setattr(session_module, "current_operator", lambda _config: Operator("", login, "host", 1))
        filled = (lambda *_: None) if copy else None
        return Session.open(where, clock=clock, config=config or Config(), copy=filled)


def sees_anew(session: Session) -> bool:
    """Look which previews others have open; return whether that differs from what it was."""
    before = session.claims.others
    session.claims.look()
    return session.claims.others != before


def let_in(session: Session, **people: Role) -> None:
    """Make a team of a store on a server, each person with a role; in a file everybody who opens it is an owner."""
    if session.context.store.is_shared:
        session.team.init()
        for name, role in people.items():
            session.team.add(name, role, None)

"""A command that takes notifications: it appends what it gets to a file, and may fail first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from ordertui.operations.config import Config, NotifyConfig, ReceiverConfig
from ordertui.operations.session import Session
from ordertui.orders.clock import Clock

from . import places


def appending(file: Path) -> tuple[str, ...]:
    """A shell's `cat`, in one write, so that it takes a millisecond: one line of JSON for each notification."""
    return ("sh", "-c", f"cat >> '{file}'; echo >> '{file}'")


def failing(code: int = 3) -> tuple[str, ...]:
    """A command that takes nothing."""
    return ("sh", "-c", f"exit {code}")


def received(file: Path) -> list[dict[str, Any]]:
    """What came, one by one."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def reopen(session: Session, folder: Path, clock: Clock, *receivers: ReceiverConfig, **more: Any) -> Session:
    """The same store with these receivers."""
    session.close()
    notify = msgspec.convert({"receivers": receivers, **more}, NotifyConfig, from_attributes=True)
    return Session.open(places.place(folder / "orders.db"), clock=clock, config=Config(notify=notify))

"""Limits come from the policy in force at the commit, never from the plan file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.config import Config
from ordertui.operations.errors import BadInput, OperationError, PlanChanged, PlanExpired
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support.batches import plan, session_of
from support.shops import NOW, order_id


def edited(session: Session, folder: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """A plan file in which somebody changed something."""
    path = folder / "plan.json"
    session.batches.save_plan([plan(session, Action.CANCEL, 1, 2)], path)
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content["plans"][0])
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hold_seconds", 0), ("hold_seconds", 1), ("hold_seconds", 899), ("hold_seconds", 901),
        ("hold_seconds", 10**18), ("hold_seconds", -1), ("expires_at", NOW + 10**6), ("expires_at", NOW + 1),
        ("expires_at", 10**18), ("typed_count", 1), ("typed_count", 10**18), ("typed_count", 0), ("created_at", 10**18),
        ("created_at", -1), ("created_at", NOW + 60), ("created_at", 253402300800),
    ],
)  # fmt: skip
def test_an_edited_limit_is_refused_with_the_difference(tmp_path: Path, field: str, value: int) -> None:
    session = session_of(tmp_path / "shop")
    path = edited(session, tmp_path, lambda one: one.update({field: value}))
    with pytest.raises((PlanChanged, BadInput, PlanExpired)) as found:
        session.batches.commit(session.batches.load_plan(path)[0], typed="2")
    if isinstance(found.value, PlanChanged):
        assert found.value.differences
    assert session.batches.find() == []


def tightened(folder: Path, text: str) -> Session:
    """The same store, after the owner changed the rules."""
    policy = folder / "policy.toml"
    policy.write_text(text, encoding="utf-8")
    return Session.open(folder / "shop" / "orders.db", clock=FixedClock(NOW), config=Config(policy_file=str(policy)))


@pytest.mark.parametrize(
    "text",
    [
        "[settings]\ntyped_count_from = 2\n",
        "[settings]\nhold_minutes = { cancel = 30, refund = 30, confirm = 30 }\n",
        "[settings]\nplan_expires_minutes = 5\n",
    ],
)
def test_a_plan_made_before_the_rules_were_tightened_is_refused(tmp_path: Path, text: str) -> None:
    with session_of(tmp_path / "shop") as session:
        old = plan(session, Action.REFUND, 11, 12)
    with tightened(tmp_path, text) as session:
        with pytest.raises(OperationError) as found:
            session.batches.commit(old, typed="2")
        assert isinstance(found.value, PlanChanged)
        assert any("in force" in one for one in found.value.differences)
        assert session.batches.find() == []
        fresh = plan(session, Action.REFUND, 11, 12)
        made = session.batches.commit(fresh, typed="2")
        assert [row.order_id for row in made.rows] == [order_id(11), order_id(12)]


TOLD = ("out", "money", "unpriced", "rates", "buyer_mails", "restock", "warnings", "typed_why")
"""What a plan tells its reader, and what no row of it says."""


def changed(value: Any) -> list[Any]:
    """The value, edited in some ways."""
    if isinstance(value, dict):
        return [value | {key: one} for key, inner in value.items() for one in changed(inner)]
    if isinstance(value, list):
        inner = [[*value[:i], one, *value[i + 1 :]] for i, old in enumerate(value) for one in changed(old)]
        return [*inner, [], value + value] if value else []
    if isinstance(value, str):
        return [f"{value}x", ""]
    return [] if value is None or isinstance(value, bool) else [value + 1, 0]


@pytest.mark.parametrize("field", TOLD)
@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_what_a_plan_tells_cannot_be_edited(tmp_path: Path, action: Action, field: str) -> None:
    session = session_of(tmp_path / "shop")
    orders = (1, 2, 11) if action is Action.CANCEL else (11, 12, 1)
    path = tmp_path / "plan.json"
    session.batches.save_plan([plan(session, action, *orders)], path)
    content = json.loads(path.read_text(encoding="utf-8"))
    before = content["plans"][0][field]
    for value in changed(before):
        if value == before:
            continue
        content["plans"][0][field] = value
        path.write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises((PlanChanged, BadInput)) as found:
            session.batches.commit(session.batches.load_plan(path)[0], typed="2")
        assert "edited" in str([str(found.value), *getattr(found.value, "differences", ())]) or isinstance(
            found.value, BadInput
        )
    assert session.batches.find() == []
    content["plans"][0][field] = before
    path.write_text(json.dumps(content), encoding="utf-8")
    session.batches.commit(session.batches.load_plan(path)[0], typed="2")


def test_the_note_of_an_order_cannot_be_edited(tmp_path: Path) -> None:
    session = session_of(tmp_path / "shop")
    path = tmp_path / "plan.json"
    session.batches.save_plan([plan(session, Action.CANCEL, 1, 2)], path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["plans"][0]["rows"][0]["note"] += "does not count"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(PlanChanged, match="difference") as found:
        session.batches.commit(session.batches.load_plan(path)[0], typed="2")
    assert any("edited" in one for one in found.value.differences)
    assert session.batches.find() == []

"""A commit that asks for the number says why, and says in one go all that is to be given."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.cli.exit_codes import Exit
from ordertui.operations.config import Config
from ordertui.operations.errors import NotConfirmed, PlanChanged
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from support.batches import plan, session_of
from support.cli import Command
from support.shops import NOW, order_id

RULE = '[[rule]]\nid = "mine"\nwhen = "batch-orders>1"\neffect = "typed_confirmation"\nwhy = "look twice"\n'


@pytest.mark.parametrize(
    ("policy", "orders", "age", "why"),
    [
        ("[settings]\ntyped_count_from = 2\n", 2, 0, "it has 2 orders, and policy asks from 2 on"),
        (RULE, 2, 0, "house rule mine: look twice"),
        ("", 1, 4 * DAY, "old"),
        ("", 1, -3 * DAY, "and this machine's clock stands at "),
        ("", 3, 0, "day rate is 3 of 5"),
    ],
)
def test_each_reason_is_named(tmp_path: Path, policy: str, orders: int, age: int, why: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    session_of(tmp_path / "shop").close()
    with Session.open(
        tmp_path / "shop" / "orders.db", clock=FixedClock(NOW + age), config=Config(policy_file=str(file))
    ) as session:
        made = plan(session, Action.CANCEL, *range(1, orders + 1))
        assert made.typed_count == orders
        assert sum(why in one for one in made.typed_why) == 1, made.typed_why
        assert sum("clock stands at" in one for one in made.warnings) == (age < 0), "once"
        assert age >= 0 or len(made.typed_why) == 1
        with pytest.raises(NotConfirmed, match=f"type the number of orders, {orders}") as found:
            session.batches.commit(made)
        assert all(one in str(found.value) for one in made.typed_why)


def test_without_a_reason_no_number_is_asked_for(tmp_path: Path) -> None:
    with session_of(tmp_path / "shop") as session:
        for action, number in ((Action.REFUND, 11), (Action.CONFIRM, 1)):
            made = plan(session, action, number)
            assert (made.typed_count, made.typed_why) == (None, ())


def test_a_policy_that_was_tightened_says_what_it_asks_for(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    with session_of(tmp_path / "shop") as session:
        made = plan(session, Action.REFUND, 11, 12)
    file.write_text("[settings]\ntyped_count_from = 1\n", encoding="utf-8")
    with (
        Session.open(
            tmp_path / "shop" / "orders.db", clock=FixedClock(NOW), config=Config(policy_file=str(file))
        ) as session,
        pytest.raises(PlanChanged) as found,
    ):
        session.batches.commit(made)
    assert any("policy asks from 1 on" in one for one in found.value.differences), found.value.differences


def test_the_command_line_says_all_in_one_go(tmp_path: Path) -> None:
    command = Command(tmp_path, tmp_path / "shop" / "orders.db")
    session_of(tmp_path / "shop").close()
    ids = "\n".join(order_id(number) for number in (1, 2, 3))
    planned = command.run("plan", "cancel", "--ids", "-", "-o", tmp_path / "p.json", stdin=ids)
    assert planned.code == 0, planned.stderr
    refused = command.run("commit", tmp_path / "p.json")
    assert refused.code == Exit.NOT_CONFIRMED
    for said in (planned.stderr, refused.stderr):
        assert "--yes --typed 3" in said
        assert "day rate is 3 of 5" in said
    again = command.run("commit", tmp_path / "p.json", "--yes")
    assert again.code == Exit.NOT_CONFIRMED
    assert "day rate is 3 of 5" in again.stderr
    command.ok("commit", tmp_path / "p.json", "--yes", "--typed", "3")

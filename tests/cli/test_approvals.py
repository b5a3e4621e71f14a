"""Approvals on the command line: what waits is listed, and approved or rejected by somebody else alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations import session as session_module
from ordertui.store import Operator
from support.cli import Command
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

pytestmark = pytest.mark.usefixtures("fast_disk")
RULE = '[[rule]]\nid = "all"\nwhen = "batch-orders>=1"\neffect = "approval"\nwhy = "a second look"\n'
WHY = "house rule all: a second look (1 order)"


@pytest.fixture
def us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    (tmp_path / "house.toml").write_text(RULE, encoding="utf-8")
    (tmp_path / "config.toml").write_text(f'policy_file = "{tmp_path / "house.toml"}"\n', encoding="utf-8")
    monkeypatch.setattr(session_module, "current_operator", lambda config: Operator(config.operator, WHO[0], "host", 1))
    with open_session(tmp_path) as session:
        rows = [all_orders_row(n, item_price="10.00", item_tax="0.00") for n in (1, 2)]
        bring(session, tmp_path, everything=rows, open_=[unshipped_row(n) for n in (1, 2)])
    return Command(tmp_path)


WHO = ["ann"]


def test_a_batch_waits_is_listed_and_approved_by_somebody_else(us: Command, tmp_path: Path) -> None:
    def run(*words: str, by: str = "ann", code: int = 0) -> tuple[str, str]:
        WHO[0] = by
        done = us.run(*words, ORDERTUI_CONFIG=str(tmp_path / "config.toml"))
        assert done.code == code, done.stderr
        return done.stdout, done.stderr

    for number in (1, 2):
        plan = str(tmp_path / f"plan{number}.json")
        assert (
            f"waits for approval by somebody else: {WHY}"
            in run("plan", "cancel", "--filter", order_id(number), "-o", plan)[1]
        )
        out, err = run("commit", plan, "--yes", "--typed", "1", "--format", "json")
        assert '"state": "awaiting_approval"' in out
        assert '"due_at": ""' in out, "when it leaves is not known"
        assert "wait for a lead or owner other than ann" in out, "she may not approve it"
        assert "ordertui approve" not in out + err
        assert f"`ordertui undo {number}` undoes it" in err
        assert "nothing was sent to Amazon" in err
    out, _ = run("approvals", "--format", "json", by="bob")
    assert [line for line in out.splitlines() if WHY in line]
    assert '"total": "10.00 USD"' in out
    assert '"committed_by": "ann (ann@host, process 1)"' in out
    assert "ordertui approve 1" in run("outbox", by="bob")[0]
    run("release", "1", code=3)
    said = run("dispatch")[1]
    assert "waiting for approval by a lead or owner other than ann" in said
    assert "ordertui approve" not in said
    assert "ordertui approve 1" in run("dispatch", by="bob")[1]
    assert "committed by ann" in run("approvals", "1", code=3)[1]
    out, err = run("approvals", "1", "--format", "json", by="bob")
    assert '"state": "held"' in out
    assert "7-day rate: " in err
    assert " without it, " in err
    assert "committed by ann" in run("approve", "1", "--why", "mine", code=3)[1]
    run("approve", "1", code=2)
    assert "held until" in run("approve", "1", "--why", "looked", by="bob")[1]
    assert "rejected: 1 order undone" in run("reject", "2", "--why", "no", by="bob")[1]
    for told in (run("outbox", by="ann"), run("outbox", "2", by="ann")):
        assert "batch 2 was rejected by bob" in told[1]
    assert run("approvals")[1].endswith("nothing waits for approval\n")
    run("approve", "2", "--why", "late", by="bob", code=3)
    assert "left out" in late(us, tmp_path, run)


def late(us: Command, folder: Path, run: object) -> str:
    """An order of a third batch is shipped before it is approved."""
    plan = str(folder / "plan3.json")
    assert callable(run)
    run("plan", "cancel", "--filter", order_id(2), "-o", plan)
    run("commit", plan, "--yes", "--typed", "1")
    with open_session(folder) as session:
        bring(session, folder, everything=[all_orders_row(2, "Shipped", updated=NOW + 60)])
    return str(run("approve", "3", "--why", "looked", by="bob", code=7)[1])


@pytest.mark.parametrize("named", ["1", order_id(1)])
def test_undoing_what_somebody_else_committed_says_whose_it_was(us: Command, tmp_path: Path, named: str) -> None:
    plan = str(tmp_path / "plan.json")
    WHO[0] = "ann"
    us.ok("plan", "cancel", "--filter", order_id(1), "-o", plan)
    us.ok("commit", plan, "--yes", "--typed", "1")
    WHO[0] = "bob"
    said = us.run("undo", named).stderr
    assert said == "1 order undone; nothing was sent to Amazon; ann had committed this, not you\n"

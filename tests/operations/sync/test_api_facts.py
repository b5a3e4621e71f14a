"""What only the API says: kept as it came last, shown, and decisive where a feed would fail."""

from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.query.api_sentences import api_sentences, row_sentences
from ordertui.operations.session import Session
from ordertui.orders.api_facts import AMAZON_BUSINESS, SELLER_FULFILLED_PRIME
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action, BuyerRequest, Dispatched, Program
from ordertui.tui.main.order_details import describe_order
from support.api import session
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

FIRST, SECOND = "113-0000000-0000001", "113-0000000-0000002"
PROGRAMS: dict[str, tuple[Program, set[Action]]] = {
    "AMAZON_EASY_SHIP": (Program.EASY_SHIP, {Action.CANCEL, Action.CONFIRM}),
    "FBM_SHIP_PLUS": (Program.SHIP_PLUS, {Action.CANCEL, Action.CONFIRM}),
    "DELIVERY_BY_AMAZON": (Program.DELIVERY_BY_AMAZON, {Action.CANCEL, Action.CONFIRM}),
    "IN_STORE_PICK_UP": (Program.PICKUP, {Action.CONFIRM}),
    "AMAZON_BUSINESS": (Program.NONE, set()),
    "PREMIUM": (Program.NONE, set()),
}


def synced(sim: Simulator, clock: FixedClock, folder: Path, *orders: dict[str, Any]) -> Session:
    for one in orders:
        sim.amazon.put(one)
    made = session(sim, folder, clock)
    made.sync.sync()
    return made


def allowed(made: Session, order_id: str = FIRST) -> set[Action]:
    """The actions that the table, the pane, the filter and the plan allow, which must be one answer."""
    row_id = made.orders.id_of(order_id)
    assert row_id is not None
    row = made.orders.rows([row_id])[row_id]
    found = {one.action for one in made.eligibility.verdicts(row) if one.allowed} - {Action.MESSAGE}
    for action in (Action.CANCEL, Action.REFUND, Action.CONFIRM):
        fits = list(made.orders.find(f"id:{order_id} action:{action.value}")) == [row_id]
        assert fits is (action in found), action
    first = next((one.value for one in (Action.CANCEL, Action.CONFIRM, Action.REFUND) if one in found), "-")
    assert made.eligibility.allowed_action(row).removesuffix(" ★") == first
    (plan,) = made.planner.plan(Action.CANCEL, [row_id])
    assert bool(plan.rows) is (Action.CANCEL in found), plan.out
    if plan.out:
        assert plan.out[0].why == next(one.why for one in made.eligibility.verdicts(row) if one.action is Action.CANCEL)
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_a_program_does_not_take_is_not_offered(
    sim: Simulator, clock: FixedClock, tmp_path: Path, name: str
) -> None:
    made = synced(sim, clock, tmp_path, order(1, clock.now(), programs=[name]), order(2, clock.now()))
    program, barred = PROGRAMS[name]
    ids = [made.orders.id_of(one) or 0 for one in (FIRST, SECOND)]
    for dispatched, action in ((Dispatched.NO, Action.CANCEL), (Dispatched.YES, Action.CONFIRM)):
        made.facts.set_dispatched(ids, dispatched)
        assert action in allowed(made, SECOND)
        assert (action in allowed(made)) is (action not in barred)
        if action in barred:
            row = made.orders.rows(ids)[ids[0]]
            why = next(one.why for one in made.eligibility.verdicts(row) if one.action is action)
            assert why.startswith("not by this program: ")
            assert list(row_sentences(row))
    fitting = {made.orders.rows([one])[one].order_id for one in made.orders.find(f"program:{program.value}")}
    assert fitting == ({FIRST, SECOND} if program is Program.NONE else {FIRST})


def test_a_program_that_comes_later_changes_a_plan(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = synced(sim, clock, tmp_path, order(1, clock.now()))
    (plan,) = made.planner.plan(Action.CANCEL, [made.orders.id_of(FIRST) or 0])
    before = made.orders.get(FIRST)
    sim.amazon.put(order(1, clock.now(), programs=["FBM_SHIP_PLUS"], updated=clock.now()))
    clock.advance(HOUR)
    made.sync.sync()
    after = made.orders.get(FIRST)
    assert before is not None
    assert after is not None
    assert after.row.version > before.row.version, "so that the plan is refused"
    assert plan.rows[0].version == before.row.version


def test_a_parcel_that_left_bars_cancelling(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    left = order(1, clock.now())
    left["packages"] = [{"packageReferenceId": "1", "packageStatus": {"status": "IN_TRANSIT"}}]
    made = synced(sim, clock, tmp_path, left)
    known = made.orders.get(FIRST)
    assert known is not None
    denial = made.eligibility.denial(known.row, Action.CANCEL)
    assert denial is not None
    assert (denial.rule, denial.why[:36]) == ("parcel", "Amazon shows that a parcel of it has")
    assert Action.CANCEL not in allowed(made)


def test_an_older_answer_changes_nothing(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = synced(sim, clock, tmp_path, order(1, clock.now(), programs=["FBM_SHIP_PLUS"], updated=clock.now() - HOUR))
    sim.amazon.put(order(1, clock.now(), updated=clock.now() - 2 * HOUR))
    made.sync.sync_order(FIRST)
    known = made.orders.get(FIRST)
    assert known is not None
    assert known.row.program is Program.SHIP_PLUS


def test_a_request_that_is_not_the_buyers_is_unknown_and_said(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    asked = order(1, clock.now())
    asked["orderItems"][0]["cancellation"] = {"cancellationRequest": {"requester": "MERCHANT"}}
    sim.amazon.put(asked)
    made = session(sim, tmp_path, clock)
    found = made.sync.sync()
    known = made.orders.get(FIRST)
    assert known is not None
    assert known.row.buyer_request is BuyerRequest.UNKNOWN
    assert any("cancellation requested by MERCHANT: only the buyer's request is official" in one for one in found.notes)
    assert made.eligibility.counts(known.row)
    text = " ".join(describe_order(made, FIRST).plain.split())
    assert "cancellation asked for by MERCHANT (not the buyer's official request)" in text


def test_it_is_shown(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    one = order(1, clock.now(), programs=["PRIME", "AMAZON_BUSINESS"])
    one["fulfillment"]["deliverByWindow"] = {"latestDateTime": iso_utc(clock.now() + 3 * DAY)}
    one["packages"] = [{"packageReferenceId": "7", "trackingNumber": "1Z9", "carrier": "UPS",
        "packageStatus": {"status": "PENDING"}}]  # fmt: skip
    made = synced(sim, clock, tmp_path, one)
    known = made.orders.get(FIRST)
    assert known is not None
    facts = made.orders.api_facts(known.row.id)
    assert facts is not None
    shown = list(api_sentences(facts, iso_utc))
    assert shown == [
        "Amazon's programs: PRIME, AMAZON_BUSINESS", "to be delivered by 2026-11-26T14:05:00Z",
        "parcel 7: pending, UPS 1Z9", "item 000000000000101: 1 to ship",
    ]  # fmt: skip
    assert list(row_sentences(known.row)) == [SELLER_FULFILLED_PRIME, AMAZON_BUSINESS]
    (plan,) = made.planner.plan(Action.CANCEL, [known.row.id], PlanChoices())
    assert any("Seller Fulfilled Prime" in warning for warning in plan.warnings)
    assert f"1 order of {AMAZON_BUSINESS}" in plan.warnings
    assert "parcel 7" in describe_order(made, FIRST).plain


def test_packages_that_amazon_refuses_cost_nothing_else(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from support.simulator.handlers import problem

    sim.amazon.put(order(1, clock.now()))
    real = sim.answer

    def answer(route: Any, path: dict[str, str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        if "PACKAGES" in query.get("includedData", ""):
            return problem(403, "Unauthorized", "Access to PACKAGES is denied")
        return real(route, path, query, body)

    monkeypatch.setattr(sim, "answer", answer)
    made = session(sim, tmp_path, clock)
    found = made.sync.sync()
    assert made.orders.count() == 1
    assert any("packages and their tracking are not fetched" in note and "PACKAGES is denied" in note
        for note in found.notes)  # fmt: skip

"""A batch that a house rule lets wait for approval never leaves before somebody else approved it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordertui.operations.batches.splitting import split
from ordertui.operations.config import Config
from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
from ordertui.operations.errors import BadInput, OperationError, PlanChanged, Refused
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action, AlertKind
from ordertui.orders.people import Role
from ordertui.store import ApprovalRefused, RecallRefused, StoreError
from support import places
from support.batches import TWO_WAIT, plan, session_of, states
from support.faults import Crash, inject
from support.logins import let_in, session_as
from support.shops import NOW, all_orders_row, bring, order_id

pytestmark = pytest.mark.usefixtures("fast_disk")
MINUTES_15 = 15 * 60


class Scene:
    """A store with the rule, and the people ann (agent), bob and eve (leads)."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.clock, self._monkeypatch = folder, FixedClock(NOW), monkeypatch
        self.opened: list[Session] = []
        self.policy = folder / "house.toml"
        self.policy.write_text(TWO_WAIT, encoding="utf-8")
        owner = session_of(folder, self.clock, waiting=6)
        self.opened.append(owner)
        let_in(owner, ann=Role.AGENT, bob=Role.LEAD, eve=Role.LEAD)
        if owner.context.store.is_shared:
            owner.team.publish_policy(self.policy, None, "approvals")
        self.owner = owner
        self.ann, self.bob = self.session("ann"), self.session("bob")

    def session(self, login: str, *, with_rule: bool = True) -> Session:
        config = Config(policy_file=str(self.policy)) if with_rule else Config()
        made = session_as(login, self.folder / "orders.db", self.clock, self._monkeypatch, config)
        self.opened.append(made)
        return made

    def set_policy(self, text: str) -> None:
        self.policy.write_text(text, encoding="utf-8")
        if self.owner.context.store.is_shared:
            self.owner.team.publish_policy(self.policy, None, "budgets")

    def commit(self, *numbers: int, by: Session | None = None) -> int:
        by = by or self.ann
        return by.batches.commit(plan(by, Action.CANCEL, *numbers), typed=str(len(numbers))).id

    def state(self, batch: int) -> BatchState:
        return self.owner.context.store.batches.get(batch).state

    def kinds(self, number: int) -> list[str]:
        return [entry.kind for entry in self.owner.context.store.audit.entries(order_id=order_id(number))]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene(tmp_path, monkeypatch)
    yield made
    for session in made.opened:
        session.close()


@places.on_both
def test_it_waits_until_somebody_else_approves_it_and_is_held_from_then_on(scene: Scene, engine: str) -> None:
    ann, bob = scene.ann, scene.bob
    asked = ("house rule many: two or more (2 orders)",)
    assert plan(ann, Action.CANCEL, 1, 2).approval == asked
    assert plan(ann, Action.CANCEL, 1).approval == ()
    batch, small = scene.commit(1, 2), scene.commit(3)
    assert (scene.state(batch), scene.state(small)) == (BatchState.AWAITING, BatchState.HELD)
    assert ann.batches.waiting().to_approve == 1
    assert ann.batches.waiting().held == 1
    with pytest.raises(RecallRefused, match="waits for approval"):
        ann.batches.release(batch)
    scene.clock.advance(86_400)
    assert [one.id for one in ann.dispatcher.run()] == [small]
    assert ann.dispatcher.next_due() is None
    assert scene.state(batch) is BatchState.AWAITING, "however much time goes by"
    (listed,) = bob.approvals.waiting()
    assert listed.id == batch
    assert listed.approval is not None
    assert listed.approval.why == asked
    with pytest.raises((ApprovalRefused, Refused)):
        ann.approvals.approve(batch, "mine")
    with pytest.raises(BadInput):
        bob.approvals.approve(batch, "  ")
    approved = bob.approvals.approve(batch, "looked at each")
    assert approved.left_out == 0
    assert approved.batch.due_at == scene.clock.now() + MINUTES_15, "the hold begins with the approval"
    assert ann.dispatcher.run() == []
    with pytest.raises(ApprovalRefused, match="does not wait"):
        bob.approvals.approve(batch, "again")
    scene.clock.advance(MINUTES_15)
    assert [one.id for one in ann.dispatcher.run()] == [batch]
    kept = bob.batches.get(batch).approval
    assert kept is not None
    assert (kept.is_approved, kept.decided_at, kept.word) == (True, NOW + 86_400, "looked at each")
    assert "bob" in kept.who
    assert scene.kinds(1)[::-1][-4:-1] == ["batch.held", "batch.awaiting_approval", "batch.approved"]
    entry = next(one for one in scene.owner.context.store.audit.entries() if one.kind == "batch.approved")
    facts = json.loads(entry.payload)
    assert (facts["word"], facts["author"], facts["by"]["user"]) == ("looked at each", "ann", "bob")
    assert scene.owner.maintenance.check() == []
    assert "chain unbroken" in scene.owner.audit.verify()


@places.on_both
def test_who_rejects_takes_it_back_and_the_author_may_undo(scene: Scene, engine: str) -> None:
    first, second = scene.commit(1, 2), scene.commit(3, 4)
    assert scene.bob.approvals.reject(first, "wrong orders") == 2
    assert scene.state(first) is BatchState.RECALLED
    assert set(states(scene.ann, first).values()) == {RowState.RECALLED}
    assert scene.ann.batches.recall(order_id(3)) == 1
    assert scene.state(second) is BatchState.AWAITING
    assert scene.ann.batches.recall_orders([order_id(4)]) == 1
    assert scene.state(second) is BatchState.RECALLED
    with pytest.raises(ApprovalRefused, match="it is recalled"):
        scene.bob.approvals.approve(second, "late")
    assert scene.commit(1, 2) > second, "the orders are free again"
    assert scene.owner.maintenance.check() == []


def test_what_changed_since_is_looked_at_when_it_is_approved(scene: Scene) -> None:
    batch, gone = scene.commit(1, 2), scene.commit(3, 4)
    bring(scene.owner, scene.folder, everything=[all_orders_row(1, "Shipped", updated=NOW + 60)])
    approved = scene.bob.approvals.approve(batch, "fine")
    assert approved.left_out == 1
    assert states(scene.ann, batch) == {order_id(1): RowState.LEFT_OUT, order_id(2): RowState.HELD}
    bring(scene.owner, scene.folder, everything=[all_orders_row(n, "Shipped", updated=NOW + 60) for n in (3, 4)])
    over = scene.bob.approvals.approve(gone, "fine")
    assert (over.left_out, over.batch.state) == (2, BatchState.LEFT_OUT)
    assert over.batch.approval is not None
    assert over.batch.approval.decided_at is None, "nobody approved what could not leave"


def test_an_order_left_out_at_the_approval_does_not_say_that_it_was_at_dispatch(scene: Scene) -> None:
    """Nothing is dispatched before an approval: the words of the last check fit both."""
    batch = scene.commit(1, 2)
    scene.set_policy(f'{TWO_WAIT}[[rule]]\nid = "not"\nwhen = "id:{order_id(1)}"\neffect = "deny"\nwhy = "by hand"\n')
    bob = scene.session("bob")
    assert bob.approvals.approve(batch, "fine").left_out == 1
    (out,) = (row for row in bob.batches.get(batch).rows if row.state is RowState.LEFT_OUT)
    assert out.text == "house rule not: by hand"
    order = bob.orders.get(order_id(1))
    assert order is not None
    (said,) = (text for _at, text in bob.orders.timeline(order) if "left out" in text)
    assert said == f"left out of batch {batch} at its last check: house rule not: by hand"


@places.on_both
def test_what_an_approval_would_do_is_told_and_changes_nothing(scene: Scene, engine: str) -> None:
    scene.set_policy(f'{TWO_WAIT}[budget]\nday = 5\nweek = 9\neffect = "warn"\n')
    ann, bob, store = scene.session("ann"), scene.session("bob"), scene.owner.context.store
    (planned,) = plan(ann, Action.CANCEL, 1, 2, 3).rates
    batch = scene.commit(1, 2, 3, by=ann)
    scene.commit(4, by=ann)
    records = len(store.audit.entries())
    told = bob.approvals.outlook(batch)
    (effect,) = told.rates
    assert (planned.before.cancelled, planned.after.cancelled) == (0, 3)
    assert (effect.before.cancelled, effect.after.cancelled) == (1, 4), "with the other one, which is held"
    assert effect.before.orders == planned.before.orders
    assert [(use.used, use.after) for use in told.budgets] == [(1, 4), (1, 4)]
    assert (told.whys, told.batch.count(RowState.HELD)) == ({}, 3)
    bring(scene.owner, scene.folder, everything=[all_orders_row(1, "Shipped", updated=NOW + 60)])
    records = len(store.audit.entries())
    told = bob.approvals.outlook(batch)
    assert list(told.whys) == [order_id(1)]
    (effect,) = told.rates
    assert (effect.before.cancelled, effect.after.cancelled) == (1, 3)
    assert [(use.used, use.after) for use in told.budgets] == [(1, 3), (1, 3)]
    assert set(states(ann, batch).values()) == {RowState.HELD}, "it was only looked at"
    assert (scene.state(batch), len(store.audit.entries())) == (BatchState.AWAITING, records)
    with pytest.raises((ApprovalRefused, Refused)):
        ann.approvals.outlook(batch)
    approved = bob.approvals.approve(batch, "looked")
    assert (approved.left_out, approved.batch.count(RowState.HELD)) == (1, 2)
    now = bob.rate.calculator.effects("US")[0].before
    assert now.cancelled == effect.after.cancelled, "as was told"
    with pytest.raises(ApprovalRefused, match="does not wait"):
        bob.approvals.outlook(batch)


def test_an_approval_of_which_nothing_would_leave_says_so(scene: Scene) -> None:
    batch = scene.commit(1, 2)
    rows = [all_orders_row(n, "Shipped", updated=NOW + 60) for n in (1, 2)]
    bring(scene.owner, scene.folder, everything=rows)
    told = scene.bob.approvals.outlook(batch)
    assert (len(told.whys), told.batch.count(RowState.HELD)) == (2, 0)
    assert (told.rates[0].before.cancelled, told.rates[0].after.cancelled) == (0, 0)
    assert scene.state(batch) is BatchState.AWAITING


def test_bytes_that_are_not_those_of_the_preview_are_not_approved(scene: Scene) -> None:
    batch = scene.commit(1, 2)
    config = Config(policy_file=str(scene.policy), merchant_id="OTHER")
    with (
        session_as("bob", scene.folder / "orders.db", scene.clock, pytest.MonkeyPatch(), config) as bob,
        pytest.raises(OperationError, match="no longer those of the preview"),
    ):
        bob.approvals.approve(batch, "fine")
    assert scene.state(batch) is BatchState.AWAITING


def test_bytes_of_the_rest_are_those_of_the_preview_too(scene: Scene) -> None:
    """One order of the batch was undone: the others do not leave for another account all the same."""
    batch = scene.commit(1, 2, 3)
    scene.bob.approvals.approve(batch, "fine")
    scene.ann.batches.recall_orders([order_id(1)])
    scene.clock.advance(MINUTES_15)
    config = Config(policy_file=str(scene.policy), merchant_id="OTHER")
    with (
        session_as("ann", scene.folder / "orders.db", scene.clock, pytest.MonkeyPatch(), config) as other,
        pytest.raises(OperationError, match="no longer those of the preview"),
    ):
        other.dispatcher.run()
    assert scene.state(batch) is BatchState.HELD
    assert [one.id for one in scene.ann.dispatcher.run()] == [batch]


def test_a_plan_that_did_not_tell_of_the_approval_is_refused(scene: Scene) -> None:
    loose = scene.session("ann", with_rule=False)
    made = plan(loose, Action.CANCEL, 1, 2)
    with pytest.raises(PlanChanged) as found:
        scene.ann.batches.commit(made, typed="2")
    assert "approval by somebody else" in found.value.differences[0]
    told = plan(scene.ann, Action.CANCEL, 1, 2)
    assert loose.batches.commit(told, typed="2").state is BatchState.AWAITING, "a batch waits as the preview said"


def test_a_rule_that_came_later_is_asked_before_the_batch_leaves(scene: Scene) -> None:
    loose = scene.session("ann", with_rule=False)
    batch = scene.commit(1, 2, by=loose)
    assert scene.state(batch) is BatchState.HELD
    scene.clock.advance(MINUTES_15)
    notes: list[str] = []
    assert scene.ann.dispatcher.run(note=notes.append) == []
    assert notes == [f"batch {batch} waits for approval: house rule many: two or more (2 orders)"]
    assert scene.state(batch) is BatchState.AWAITING
    scene.bob.approvals.approve(batch, "fine")
    scene.clock.advance(MINUTES_15)
    assert [one.id for one in scene.ann.dispatcher.run()] == [batch], "what is approved is not asked again"


@places.on_both
def test_a_rule_that_came_after_the_approval_decides_what_leaves(scene: Scene, engine: str) -> None:
    batch = scene.commit(1, 2)
    scene.bob.approvals.approve(batch, "fine")
    scene.set_policy(f'{TWO_WAIT}[[rule]]\nid = "not"\nwhen = "id:{order_id(1)}"\neffect = "deny"\nwhy = "by hand"\n')
    scene.clock.advance(MINUTES_15)
    with pytest.raises(Refused, match=r"close it and open it again .* does not leave from here"):
        scene.ann.dispatcher.run()  # opened before
    ann = scene.session("ann")
    assert [one.id for one in ann.dispatcher.run()] == [batch], engine
    assert states(ann, batch) == {order_id(1): RowState.LEFT_OUT, order_id(2): RowState.WRITTEN}


def test_what_is_called_a_part_of_an_approved_batch_is_not_approved_by_that(scene: Scene) -> None:
    batch = scene.commit(1, 2)
    scene.bob.approvals.approve(batch, "fine")
    part = scene.commit(3, 4, by=scene.session("ann", with_rule=False))
    store = scene.owner.context.store
    store.journal.chain([batch, part])
    assert not store.journal.approvals.is_approved(part)
    scene.clock.advance(MINUTES_15)
    with pytest.raises(DispatchIncomplete, match=f"batch {part} is no part of batch {batch} as it was previewed"):
        scene.ann.dispatcher.run()
    assert (scene.state(batch), scene.state(part)) == (BatchState.WRITTEN, BatchState.HELD)


def test_an_approval_after_the_split_is_of_that_part_alone(scene: Scene) -> None:
    """A rule that came after the commit stops the first part; who approves that has not looked at the others."""
    loose = scene.session("ann", with_rule=False)
    batch = scene.commit(1, 2, 3, 4, by=loose)
    store = scene.session("eve").context.store  # eve's machine lets it leave, and splits it
    scene.clock.advance(MINUTES_15)
    first, second = split(store, scene.clock, store.batches.get(batch), [2, 2], "MERCHANT-ID")
    scene.clock.advance(60)
    assert scene.ann.dispatcher.run() == []
    assert (scene.state(first), scene.state(second)) == (BatchState.AWAITING, BatchState.AWAITING)
    scene.bob.approvals.approve(first, "these two")
    assert not store.journal.approvals.is_approved(second)
    with pytest.raises(ApprovalRefused, match="committed by ann"):
        scene.ann.approvals.approve(second, "my own, split off by eve")
    assert scene.bob.approvals.approve(second, "and these").batch.state is BatchState.HELD


def test_the_other_parts_count_while_one_is_judged_again(scene: Scene) -> None:
    loose = scene.session("ann", with_rule=False)
    store = loose.context.store
    whole = store.batches.get(scene.commit(1, 2, 3, 4, by=loose))
    parts = split(store, scene.clock, whole, [2, 1, 1], "MERCHANT-ID")
    for judged, numbers in zip(parts, ({3, 4}, {1, 2, 4}, {1, 2, 3}), strict=True):
        counted = store.batches.counting_since("US", whole.created_at - HOUR, besides=judged)
        assert counted == {store.orders.id_of(order_id(n)): whole.created_at for n in numbers}


def test_a_part_split_off_after_the_approval_is_not_asked_again(scene: Scene) -> None:
    batch = scene.commit(1, 2, 3, 4)
    scene.bob.approvals.approve(batch, "all four")
    scene.clock.advance(MINUTES_15)
    store = scene.ann.context.store
    parts = split(store, scene.clock, store.batches.get(batch), [2, 2], "MERCHANT-ID")
    assert [one.id for one in scene.ann.dispatcher.run()] == parts


@places.on_both
def test_a_batch_takes_its_place_in_a_budget_on_the_day_of_its_approval(scene: Scene, engine: str) -> None:
    """Committed on Monday, approved on Tuesday: of Tuesday's five it takes two, and Monday's are not used twice."""
    scene.set_policy(TWO_WAIT + '[budget]\nday = 3\nweek = 9\neffect = "deny"\n')
    ann, bob = scene.session("ann"), scene.session("bob")

    def used() -> list[tuple[int, int]]:
        return [(use.used, use.left) for use in ann.rate.budgets.of("US")]

    waiting = scene.commit(1, 2, by=ann)
    assert used() == [(2, 1), (2, 7)]
    scene.clock.advance(DAY)
    assert used() == [(2, 1), (2, 7)], "it may be approved today"
    scene.commit(3, by=ann)
    assert used() == [(3, 0), (3, 6)]
    assert plan(ann, Action.CANCEL, 4).rows == (), "over the budget of the day on which they would leave"
    found = bob.approvals.approve(waiting, "looked at")
    assert (found.left_out, found.warnings) == (0, ())
    assert used() == [(3, 0), (3, 6)]
    store = ann.context.store
    scene.clock.advance(DAY - HOUR)
    split(store, scene.clock, store.batches.get(waiting), [1, 1], "MERCHANT-ID")
    assert used() == [(0, 3), (3, 6)], "a part is of the day of the whole"
    assert [row.state for one in ann.dispatcher.run() for row in one.rows if row.order_id == order_id(1)] == [
        RowState.WRITTEN
    ], "what was decided within a budget leaves on whatever day"


def test_a_limit_of_the_day_counts_what_is_approved_on_it(scene: Scene) -> None:
    """Committed on Monday and approved on Tuesday, it left on Tuesday beside as many as the limit has."""
    limit = TWO_WAIT.replace("many", "day").replace("batch-orders>=2", "day-orders>3").replace("approval", "deny")
    scene.set_policy(TWO_WAIT + limit)
    ann, store = scene.session("ann"), scene.owner.context.store
    batch = scene.commit(1, 2, by=ann)
    scene.clock.advance(DAY)
    scene.session("bob").approvals.approve(batch, "looked at")
    assert plan(ann, Action.CANCEL, 3, 4).rows == (), "two and two are more than three"
    today = scene.clock.now()
    split(store, scene.clock, store.batches.get(batch), [1, 1], "MERCHANT-ID")
    assert store.batches.committed_since(Action.CANCEL, "US", today, besides=batch).orders == 1, "its other part"
    scene.clock.advance(DAY)
    assert len(plan(ann, Action.CANCEL, 3, 4).rows) == 2


@pytest.mark.parametrize("effect", ["deny", "warn", "typed_confirmation", "approval"])
def test_over_a_budget_at_its_approval_the_effect_applies(scene: Scene, effect: str) -> None:
    """The budget is smaller by now than it was at the commit."""
    waiting = scene.commit(1, 2)
    scene.clock.advance(DAY)
    scene.set_policy(TWO_WAIT + f'[budget]\nday = 2\neffect = "{effect}"\n')
    scene.commit(3, by=scene.session("ann", with_rule=False))
    found = scene.session("bob").approvals.approve(waiting, "looked at")
    said = "over the budget of 2 counting cancellations a day: 1 are committed today, 3 with this batch"
    if effect == "deny":
        assert (found.left_out, found.batch.state) == (2, BatchState.LEFT_OUT)
        assert all(said in row.text for row in found.batch.rows)
    else:
        assert (found.left_out, found.batch.state) == (0, BatchState.HELD)
        assert any(said in text for text in found.warnings) is (effect != "approval")


def test_a_policy_that_was_edited_is_read_again_before_anything_is_approved(scene: Scene) -> None:
    batch = scene.commit(1, 2)
    scene.policy.write_text(TWO_WAIT.replace("approval", "deny"), encoding="utf-8")
    with pytest.raises(Refused):
        scene.bob.approvals.approve(batch, "fine")
    late = scene.session("bob")
    assert late.approvals.approve(batch, "fine").left_out == 2, "the rules of now decide"


def test_without_a_known_login_nobody_approves(scene: Scene) -> None:
    batch = scene.commit(1, 2)
    nobody = scene.session("")
    with pytest.raises(ApprovalRefused, match="does not say who"):
        nobody.approvals.approve(batch, "fine")
    with pytest.raises(ApprovalRefused, match="committed by ann"):
        scene.ann.approvals.reject(batch, "fine")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_no_sql_of_a_login_approves_a_part_of_its_own_batch(scene: Scene, engine: str) -> None:
    """A part has the login that split it off as its author."""
    batch = scene.commit(1, 2, 3, 4, by=scene.bob)
    store = scene.session("eve").context.store
    first, second = split(store, scene.clock, store.batches.get(batch), [2, 2], "MERCHANT-ID")
    with store.write():
        store.journal.approvals.ask(store.batches.get(second), ["many"])
    for part in (first, second):
        with pytest.raises(StoreError, match="committed by bob"):
            scene.bob.context.store.database.query(f"SELECT decide_approval({part}, 0, 1, 'eve', 'fine')")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_no_sql_of_a_login_approves_its_own_batch(scene: Scene, engine: str) -> None:
    eve = scene.session("eve")
    own, other = scene.commit(1, 2, by=eve), scene.commit(3, 4)
    for login, session in (("ann", scene.ann), ("eve", eve)):
        mine = other if login == "ann" else own
        for statement in (
            f"UPDATE batches SET state = 'held' WHERE id = {mine}",
            f"UPDATE batches SET state = 'sent' WHERE id = {mine}",
            f"UPDATE batches SET author = 'bob' WHERE id = {mine}",
            f"UPDATE batches SET plan = '' WHERE id = {mine}",
            f"UPDATE approvals SET approved = 1 WHERE batch = {mine}",
            f"DELETE FROM approvals WHERE batch = {mine}",
            f"INSERT INTO approvals (batch, asked_at, why, approved) VALUES ({mine + 7}, 0, '[]', 1)",
            f"SELECT decide_approval({mine}, 0, 1, 'bob', 'fine')",
            *([f"SELECT decide_approval({own}, 0, 1, 'bob', 'fine')"] if login == "ann" else []),
        ):
            with pytest.raises(StoreError):
                session.context.store.database.query(statement)
            assert scene.state(mine) is BatchState.AWAITING, statement
    inserted = (
        "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan, author) VALUES"
        " ('cancel', 'US', 'held', 0, 0, '', '', '', 'bob') RETURNING author"
    )
    database = scene.ann.context.store.database
    with pytest.raises(StoreError, match="no record of the audit tells what changed of new batch"), database.write():
        assert database.value(str, inserted) == "ann", "the server says who committed it"
    assert scene.bob.approvals.approve(own, "fine").batch.state is BatchState.HELD
    assert eve.approvals.approve(other, "fine").batch.state is BatchState.HELD


def test_killed_at_any_step_of_an_approval_it_leaves_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = set()
    batch = scene.commit(1, 2)
    with monkeypatch.context() as patch:
        faults = inject(patch)
        for point in range(40):
            session = scene.session("bob")
            try:
                with faults.armed(point, Crash()):
                    session.approvals.approve(batch, "fine")
            except Crash:
                pass
            session.close()
            state = scene.state(batch)
            ends.add(state)
            assert scene.owner.maintenance.check() == []
            if state is BatchState.HELD:
                break
            assert scene.ann.dispatcher.run() == []
    assert ends == {BatchState.AWAITING, BatchState.HELD}
    scene.clock.advance(MINUTES_15)
    assert [one.id for one in scene.ann.dispatcher.run()] == [batch]
    assert scene.ann.dispatcher.run() == []
    assert scene.kinds(1).count("batch.approved") == 1


def test_what_was_rejected_meanwhile_is_not_approved(scene: Scene) -> None:
    batch = scene.commit(1, 2)
    eve = scene.session("eve")
    eve.approvals.reject(batch, "no")
    with pytest.raises(ApprovalRefused, match="it is recalled"):
        scene.bob.approvals.approve(batch, "yes")


def test_who_may_decide_is_notified_while_it_waits(scene: Scene) -> None:
    def subjects() -> list[str]:
        found = scene.bob.notifications.collect()
        return [one.subject for one in found if one.kind is AlertKind.APPROVAL_WANTED]

    assert subjects() == []
    batch = scene.commit(1, 2)
    assert subjects() == [f"batch {batch} (cancel, US, 2 orders)"]
    scene.bob.approvals.approve(batch, "looked at each")
    assert subjects() == []

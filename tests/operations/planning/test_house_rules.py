"""House rules at work: they take out, ask or warn, the same for every way in, and never let anything in."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.operations.config import Config
from ordertui.operations.errors import NotConfirmed, PlanChanged, Refused
from ordertui.operations.planning.offer_removal import Offers, removal_warnings
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action, YesNo
from ordertui.rules.policy.policy import PolicyError
from ordertui.tui.main.order_details import describe_order
from support.shops import NOW, all_orders_row, bring, order_id, standard, unshipped_row


def rule(ident: str, when: str, effect: str, more: str = "") -> str:
    return f'[[rule]]\nid = "{ident}"\nwhen = "{when}"\neffect = "{effect}"\nwhy = "because of {ident}"\n{more}\n'


def session_with(folder: Path, *rules: str, clock: FixedClock | None = None, read_only: bool = False) -> Session:
    """A session whose policy file holds these rules."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "house.toml"
    file.write_text("\n".join(rules), encoding="utf-8")
    config = Config(policy_file=str(file))
    return Session.open(folder / "orders.db", clock=clock or FixedClock(NOW), config=config, read_only=read_only)


def cancel(session: Session, ids: Sequence[int]) -> Plan:
    (plan,) = session.planner.plan(Action.CANCEL, ids)
    return plan


def test_deny_takes_the_order_out(tmp_path: Path) -> None:
    with session_with(tmp_path, rule("third", f"id:{order_id(3)}", "deny")) as session:
        plan = cancel(session, standard(session, tmp_path))
        assert [row.order_id for row in plan.rows] == [order_id(n) for n in (1, 2, 4, 5, 6)]
        (out,) = plan.out
        assert (out.order_id, out.rule, out.why) == (order_id(3), "house third", "because of third")
        assert out.nearest == f"your rule: id:{order_id(3)}"


def test_warn_and_typed_confirmation(tmp_path: Path) -> None:
    rules = (rule("asked", "buyer-requested", "warn"), rule("sku", "sku:SKU-2 or sku:SKU-4", "typed_confirmation"))
    with session_with(tmp_path, *rules) as session:
        ids = standard(session, tmp_path)
        plan = cancel(session, ids)
        assert plan.warnings[:2] == (
            "house rule asked: because of asked (1 order)",
            "house rule sku: because of sku (2 orders)",
        )
        assert plan.typed_count == 6
        with pytest.raises(NotConfirmed):
            session.batches.commit(plan)
        assert cancel(session, ids[:1]).typed_count is None
        assert len(session.batches.commit(plan, typed="6").rows) == 6


def test_a_rule_names_its_action(tmp_path: Path) -> None:
    with session_with(tmp_path, rule("r", "channel:merchant", "deny", 'action = "refund"')) as session:
        ids = standard(session, tmp_path)
        assert len(cancel(session, ids).rows) == 6
        shipped = session.orders.id_of(order_id(1001))
        assert shipped is not None
        (refund,) = session.planner.plan(Action.REFUND, [shipped])
        assert [out.rule for out in refund.out] == ["house r"]


def test_facts_of_the_batch(tmp_path: Path) -> None:
    with session_with(
        tmp_path, rule("many", "batch-orders>3", "deny"), rule("money", "batch-total>32.39USD", "warn")
    ) as session:
        ids = standard(session, tmp_path)
        four, three, two = (cancel(session, ids[:n]) for n in (4, 3, 2))
        assert (len(four.rows), [out.rule for out in four.out]) == (0, ["house many"] * 4)
        assert len(three.rows) == 3
        assert three.warnings[0] == "house rule money: because of money (3 orders)"
        assert not any("money" in warning for warning in two.warnings)


def test_a_missing_price_never_switches_a_limit_off(tmp_path: Path) -> None:
    with session_with(
        tmp_path, rule("money", "batch-total>10USD", "deny"), rule("price", "batch-total:unknown", "warn")
    ) as session:
        rows = [all_orders_row(1), all_orders_row(2, item_price="", item_tax="")]
        bring(session, tmp_path, everything=rows, open_=[unshipped_row(1), unshipped_row(2)])
        ids = [i for n in (1, 2) if (i := session.orders.id_of(order_id(n))) is not None]
        assert [out.rule for out in cancel(session, ids).out] == ["house money"] * 2
        assert "house rule price: because of price (1 order)" in cancel(session, ids[1:]).warnings


def test_the_resulting_rate(tmp_path: Path) -> None:
    """94 shipped and 6 waiting, the first with an official request: two that count make 2 %."""
    with session_with(tmp_path, rule("rate", "rate-after>=2%", "typed_confirmation")) as session:
        ids = standard(session, tmp_path)
        assert cancel(session, ids[:2]).typed_count is None
        assert cancel(session, ids[:3]).typed_count == 3


def test_a_rate_that_nobody_knows_can_be_asked_for(tmp_path: Path) -> None:
    """Unshipped orders alone do not say what shipped or was cancelled; what they give is still compared."""
    rules = (
        rule("covered", "rate-after:unknown", "warn"),
        rule("rate", "rate-after>=2%", "warn"),
        rule("both", "rate-after>=2% rate-after:unknown", "typed_confirmation"),
    )
    with session_with(tmp_path, *rules) as session:
        bring(session, tmp_path, open_=[unshipped_row(1)])
        row_id = session.orders.id_of(order_id(1))
        assert row_id is not None
        warnings = cancel(session, [row_id]).warnings
        assert {f"house rule {one}: because of {one} (1 order)" for one in ("covered", "rate", "both")} <= set(warnings)
    with session_with(tmp_path / "known", *rules) as session:
        ids = standard(session, tmp_path / "known", is_all=False)
        found = [warning for warning in cancel(session, ids).warnings if warning.startswith("house rule")]
        assert len(found) == 3, "All Orders begins within the window: what came before is in no report"
        ends = [all_orders_row(700, "Shipped", age=8 * DAY), all_orders_row(701, "Shipped")]
        bring(session, tmp_path / "known", is_all=False, everything=ends)
        found = [warning for warning in cancel(session, ids).warnings if warning.startswith("house rule")]
        assert found == ["house rule rate: because of rate (6 orders)"], "days without orders are within its span"


def history(session: Session, folder: Path) -> list[int]:
    """Orders of one SKU, oldest first: cancelled, shipped, cancelled, then two waiting; and one old cancellation."""
    states = ["Cancelled", "Shipped", "Cancelled", "Unshipped", "Unshipped"]
    rows = [all_orders_row(n, state, sku="HOT", age=(9 - n) * DAY) for n, state in enumerate(states, 1)]
    rows += [all_orders_row(1000 + n, "Shipped") for n in range(200)]
    rows.append(all_orders_row(90, "Cancelled", sku="HOT", age=31 * DAY))
    rows.append(all_orders_row(91, "Unshipped", sku="COLD"))
    open_ = [
        unshipped_row(n, sku=sku, age=age)
        for n, sku, age in ((4, "HOT", 5 * DAY), (5, "HOT", 4 * DAY), (91, "COLD", DAY))
    ]
    bring(session, folder, everything=rows, open_=open_)
    return [i for n in (4, 5, 91) if (i := session.orders.id_of(order_id(n))) is not None]


def test_cancellations_of_a_sku(tmp_path: Path) -> None:
    rules = (rule("count", "sku-cancels>=4", "deny"), rule("run", "sku-streak>=3", "typed_confirmation"))
    with session_with(tmp_path, *rules) as session:
        first, second, cold = history(session, tmp_path)
        one = cancel(session, [first, cold])
        assert len(one.rows) == 2
        assert one.typed_count is None
        (warning,) = (w for w in one.warnings if "SKU" in w)
        assert warning == "SKU HOT: 2 seller cancellations in a row within 30 days: Amazon may remove the offer"
        both = cancel(session, [first, second, cold])
        assert [row.order_id for row in both.rows] == [order_id(91)]
        assert {out.rule for out in both.out} == {"house count"}


@settings(max_examples=30, deadline=None)
@given(st.lists(st.frozensets(st.sampled_from("ABC"), min_size=1), min_size=1, max_size=8))
def test_every_offer_that_reaches_the_limit_is_named(orders: list[frozenset[str]]) -> None:
    """Of combinations too: each SKU with three of its orders in a row cancelled; none shipped, so a run is a count."""
    products = [tuple(sorted(map(ord, skus))) for skus in orders]
    counts = Counter(product for found in products for product in found)
    offers = Offers(
        dict(enumerate(products)), {*products}, counts, counts, {product: chr(product) for product in counts}
    )
    named = {text.split(":")[0] for text in removal_warnings(offers, 3, 30)}
    assert named == {f"SKU {chr(product)}" for product, count in counts.items() if count >= 3}


def test_rules_of_a_date(tmp_path: Path) -> None:
    over = rule("over", "channel:merchant", "deny", "until = 2026-11-22")
    begins = rule("begins", "channel:merchant", "deny", "from = 2026-11-24")
    with session_with(tmp_path, over, begins) as session:
        assert len(cancel(session, standard(session, tmp_path)).rows) == 6
    clock = FixedClock(NOW + 18 * HOUR)  # the 24th has begun in Los Angeles
    with session_with(tmp_path, over, begins, clock=clock) as session:
        (plan,) = session.planner.plan(Action.CANCEL, list(session.orders.find("status:unshipped")))
        assert {out.rule for out in plan.out} == {"house begins"}


def test_commit_asks_the_rules_again(tmp_path: Path) -> None:
    with session_with(tmp_path) as session:
        ids = standard(session, tmp_path)
        plan = cancel(session, ids[:3])
    with (
        session_with(tmp_path, rule("third", f"id:{order_id(3)}", "deny")) as session,
        pytest.raises(PlanChanged) as error,
    ):
        session.batches.commit(plan)
    assert error.value.differences == (f"{order_id(3)}: now excluded: because of third",)
    with session_with(tmp_path, rule("many", "batch-orders>2", "deny")) as session, pytest.raises(PlanChanged) as error:
        session.batches.commit(plan)
    assert error.value.differences[0] == f"{order_id(1)}: now excluded by house rule many: because of many"
    with session_with(tmp_path, rule("type", "batch-orders>2", "typed_confirmation")) as session:
        with pytest.raises(PlanChanged, match=r"^1 difference since"):
            session.batches.commit(plan)
        edited = msgspec.structs.replace(cancel(session, ids[:3]), typed_count=None)
        with pytest.raises(PlanChanged):
            session.batches.commit(edited)


def test_a_rule_made_while_a_batch_is_held_stops_it(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with session_with(tmp_path, clock=clock) as session:
        plan = cancel(session, standard(session, tmp_path)[:3])
        session.batches.commit(plan)
    clock.advance(plan.hold_seconds)
    with session_with(tmp_path, rule("third", f"id:{order_id(3)}", "deny"), clock=clock) as session:
        (sent,) = session.dispatcher.run()
        assert {row.order_id: row.state.value for row in sent.rows} == {
            order_id(1): "written",
            order_id(2): "written",
            order_id(3): "left_out",
        }


CONDITIONS = (
    "total>10", "buyer-requested", "sku:SKU-2", "-request:none", "batch-orders>2", "rate-after>1%", "sku-cancels>0",
    "placed:last-7d", "late", "total:unknown",
    "action:cancel counts:no", "batch-total>20USD or prime", "status:shipped", "title:thing", "auto-cancel:unknown",
    "items:1 -business",
)  # fmt: skip


def test_rules_only_tighten(tmp_path: Path) -> None:
    """With any rules, the orders taken in are some of those taken in without, by the same rows; never one more."""
    with session_with(tmp_path / "plain") as plain:
        ids = standard(plain, tmp_path / "plain", waiting=5, shipped=30)
        ids += list(plain.orders.find("status:shipped", limit=3))
        without = {action: plain.planner.plan(action, ids)[0] for action in (Action.CANCEL, Action.REFUND)}
    checked = 0
    for seed in range(25):
        rng = random.Random(seed)
        effects = ("warn", "typed_confirmation", "deny")
        count = rng.randint(1, 4)
        rules = [rule(f"r{number}", rng.choice(CONDITIONS), rng.choice(effects)) for number in range(count)]
        folder = tmp_path / str(seed)
        try:
            session = session_with(folder, *rules)
        except PolicyError:
            continue
        checked += 1
        with session:
            standard(session, folder, waiting=5, shipped=30)
            for action, before in without.items():
                (plan,) = session.planner.plan(action, ids)
                taken = {row.order_id: row for row in before.rows}
                assert all(
                    msgspec.structs.replace(row, version=0) == msgspec.structs.replace(taken[row.order_id], version=0)
                    for row in plan.rows
                )
                assert len(plan.rows) + len(plan.out) == len(before.rows) + len(before.out)
                if before.typed_count is not None and len(plan.rows) == len(before.rows):
                    assert plan.typed_count is not None
    assert checked > 10


def test_the_last_good_file_stays_in_force(tmp_path: Path) -> None:
    with session_with(tmp_path, rule("third", f"id:{order_id(3)}", "deny")) as session:
        ids = standard(session, tmp_path)
        assert session.notices.banners() == ()
    for broken in (rule("third", "idd:x", "deny"), "no toml"):
        with session_with(tmp_path, broken) as session:
            assert len(cancel(session, ids).rows) == 5
            (note,) = session.notices.banners()
            assert "is not in force (1 problem, see `ordertui policy check`): its last good version is" in note
            assert session.eligibility.policies.house.file == "the last good version of house.toml"
    (tmp_path / "house.toml").unlink()
    with Session.open(
        tmp_path / "orders.db", clock=FixedClock(NOW), config=Config(policy_file=str(tmp_path / "house.toml"))
    ) as session:
        assert len(cancel(session, ids).rows) == 5
        assert "not in force" in session.notices.banners()[0]
    with session_with(tmp_path, rule("new", "late", "deny")) as session:
        assert [r.id for r in session.eligibility.policies.house.rules] == ["new"]
        assert len(cancel(session, ids).rows) == 6


def test_nothing_is_committed_by_rules_that_were_edited_since(tmp_path: Path) -> None:
    file = tmp_path / "house.toml"
    mild = rule("third", f"id:{order_id(3)}", "deny")
    with session_with(tmp_path, mild) as session:
        plan = cancel(session, standard(session, tmp_path))
        for edit in (mild + rule("all", "late or -late", "deny"), None):
            file.unlink() if edit is None else file.write_text(edit, encoding="utf-8")
            with pytest.raises(Refused, match="was edited after ordertui was opened"):
                session.batches.commit(plan)
            assert "open it again" in session.notices.banners()[0]
            assert session.batches.find() == []
        file.write_text(mild, encoding="utf-8")
        assert session.notices.banners() == ()
        assert len(session.batches.commit(plan, typed="5").rows) == 5


def test_a_first_file_that_is_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no field 'idd'"):
        session_with(tmp_path, rule("third", "idd:x", "deny"))


def test_explain_names_the_rules_that_fit(tmp_path: Path) -> None:
    rules = (rule("third", f"id:{order_id(3)}", "deny"), rule("rate", "rate-after>0.5%", "warn", 'action = "cancel"'))
    with session_with(tmp_path, *rules) as session:
        standard(session, tmp_path)
        order = session.orders.get(order_id(3))
        assert order is not None
        found = session.planner.explain(order, Action.CANCEL)
        assert (found.allowed, found.rule, found.why) == (False, "house third", "because of third")
        assert [(hit.rule, hit.effect, hit.why) for hit in found.house] == [
            ("third", "deny", "because of third"),
            ("rate", "warn", "because of rate"),
        ]
        refund = session.planner.explain(order, Action.REFUND)
        assert [hit.rule for hit in refund.house] == ["third"]
        assert str(refund.nearest) == "R6 would need confirmed some or all (it is no)"


def test_settings_of_the_house(tmp_path: Path) -> None:
    text = "[settings]\ntyped_count_from = 3\n[marketplace.JP]\ntyped_count_from = 2\n"
    with session_with(tmp_path, text) as session:
        assert (
            session.eligibility.policies.of("US").values.typed_count_from,
            session.eligibility.policies.of("JP").values.typed_count_from,
        ) == (3, 2)
        assert cancel(session, standard(session, tmp_path)[:3]).typed_count == 3


def test_fees_of_india(tmp_path: Path) -> None:
    with session_with(tmp_path) as session:
        rows = [all_orders_row(n, market="IN") for n in (1, 2, 3)]
        open_ = [
            unshipped_row(1, market="IN"),
            unshipped_row(2, market="IN", age=4 * DAY),
            unshipped_row(3, "true", market="IN"),
        ]
        bring(session, tmp_path, everything=rows, open_=open_)
        plan = cancel(session, list(session.orders.find("status:unshipped")))
        fees = [warning for warning in plan.warnings if "referral fee" in warning]
        assert [fee.split(":")[0] for fee in fees] == [
            "Amazon charges 100 % of the referral fee for 1 order",
            "Amazon charges 150 % of the referral fee for 1 order",
        ]


def test_a_fee_of_unknown_amount_is_told(tmp_path: Path) -> None:
    with session_with(tmp_path) as session:
        bring(
            session, tmp_path,
            everything=[all_orders_row(n, market="SA") for n in (1, 2)],
            open_=[unshipped_row(1, market="SA"), unshipped_row(2, "true", market="SA")],
        )  # fmt: skip
        plan = cancel(session, list(session.orders.find("status:unshipped")))
        fees = [warning for warning in plan.warnings if "fee" in warning]
        assert [fee.split(":")[0] for fee in fees] == ["Amazon may charge a fee for 1 order"]


def test_explain_weighs_what_a_plan_of_the_order_alone_would_give_back(tmp_path: Path) -> None:
    """Of a partly shipped order that is not the whole total, and it counts."""
    bands = ((5, 15), (15, 25), (25, 99))
    rules = [rule(f"over-{low}", f"batch-total>{low}USD batch-total<={high}USD", "warn") for low, high in bands]
    rules += [rule("rate", "rate-after>0%", "warn"), rule("day", "day-total>25USD day-orders<9", "warn")]
    with session_with(tmp_path, *rules) as session:
        rows = [all_orders_row(1, "PartiallyShipped", quantity=3, item_price="30.00", item_tax="0.00")]
        rows += [all_orders_row(2), all_orders_row(3, "Shipped", item_price="20.00", item_tax="0.00")]
        bring(
            session,
            tmp_path,
            everything=rows,
            open_=[
                unshipped_row(1, quantity_purchased=3, quantity_shipped=1, quantity_to_ship=2),
                unshipped_row(2),
                unshipped_row(3),
            ],
        )
        bring(session, tmp_path, everything=rows[2:])
        for number in (1, 2, 3):
            order = session.orders.get(order_id(number))
            assert order is not None
            for action in (Action.CANCEL, Action.REFUND):
                (plan,) = session.planner.plan(action, [order.row.id], PlanChoices(REASON[action]))
                if plan.rows:
                    said = {text.split()[2].rstrip(":") for text in plan.warnings if text.startswith("house rule ")}
                    found = session.planner.explain(order, action)
                    assert {one.rule for one in found.house} == said, (number, action)
        partly = session.orders.get(order_id(1))
        assert partly is not None
        found = session.planner.explain(partly, Action.REFUND)
        assert [one.rule for one in found.house] == ["over-15", "rate"]
        assert (found.counts, found.counts_why) == (YesNo.YES, "it cancels units that never left")
        shown = describe_order(session, order_id(1), width=100, is_full=True).plain
        assert "counts toward the rate: it cancels units that never left" in shown


REASON = {Action.CANCEL: "", Action.REFUND: "GeneralAdjustment"}

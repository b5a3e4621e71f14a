"""Plans: who is in, who is out and why, reasons, money, and what is left to refund."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from ordertui.cli.messages import plan_sentences
from ordertui.operations.errors import UnknownReason
from ordertui.operations.planning.effects import restock_note, window_words
from ordertui.operations.planning.lines import other_items
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan, PlanLine
from ordertui.operations.reports.closing import closing_notes
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, FixedClock, iso_utc
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.order import LineAmounts
from ordertui.tui.render.plan import PlanLook, render_head
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, unshipped_row, waiting_ids


def only(plans: tuple[Plan, ...]) -> Plan:
    assert len(plans) == 1
    return plans[0]


def ids(session: Session, *numbers: int) -> list[int]:
    found = [session.orders.id_of(order_id(n)) for n in numbers]
    assert None not in found
    return [n for n in found if n is not None]


def test_the_official_request_fixes_the_reason_and_does_not_count(session: Session) -> None:
    waiting = waiting_ids(session)
    plan = only(session.planner.plan(Action.CANCEL, waiting, PlanChoices(reason="NoInventory")))
    by_order = {row.order_id: row for row in plan.rows}
    assert (by_order[order_id(1)].reason, by_order[order_id(1)].counts) == ("BuyerCanceled", False)
    assert {(row.reason, row.counts) for row in plan.rows if row.order_id != order_id(1)} == {("NoInventory", True)}
    before, after = plan.rates[0].before, plan.rates[0].after
    assert (before.cancelled, after.cancelled, after.orders) == (0, 5, 100)
    assert plan.typed_count == 6, "5 of 100 is over 2.5 %, so the count must be typed"


def test_claiming_a_buyers_wish_without_request_counts_and_warns(session: Session) -> None:
    waiting = waiting_ids(session)
    plan = only(session.planner.plan(Action.CANCEL, waiting[1:2], PlanChoices(reason="BuyerCanceled")))
    assert plan.rows[0].counts
    assert any("no request on Amazon" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("requests", "known", "unknown"),
    [
        (("false", "false"), "no request on Amazon", ("some items only: counted", "on Amazon is unknown: counted")),
        (("true", "false"), "some items only: counted", ("no request on Amazon", "on Amazon is unknown: counted")),
        (("", ""), "on Amazon is unknown: counted", ("no request on Amazon", "some items only: counted")),
    ],
    ids=["none", "some", "unknown"],
)
def test_a_claimed_wish_is_told_by_what_amazon_says_of_it(
    tmp_path: Path, clock: FixedClock, requests: tuple[str, str], known: str, unknown: tuple[str, str]
) -> None:
    shop = open_session(tmp_path, clock=clock)
    rows = [
        unshipped_row(1, one, order_item_id=item_id(1, place), sku=f"S{place}") for place, one in enumerate(requests, 1)
    ]
    bring(shop, tmp_path, everything=[all_orders_row(1, sku=row["sku"]) for row in rows], open_=rows)
    plan = only(shop.planner.plan(Action.CANCEL, ids(shop, 1), PlanChoices(reason="BuyerCanceled")))
    assert plan.rows[0].counts
    said = " / ".join(plan.warnings)
    assert known in said, said
    assert not any(one in said for one in unknown), said


def test_a_reason_amazon_does_not_take_is_refused(session: Session) -> None:
    with pytest.raises(UnknownReason, match="NoInventory"):
        session.planner.plan(Action.CANCEL, waiting_ids(session), PlanChoices(reason="Bored"))


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (all_orders_row(1, fulfillment_channel="Amazon"), "A1"),
        (all_orders_row(1, "Pending"), "A3"),
        (all_orders_row(1, "Shipped"), "A9"),
        (all_orders_row(1, "Cancelled"), "A10"),
        (all_orders_row(1, "SomethingNew"), "A12"),
        (all_orders_row(1), "item-id"),
    ],
)
def test_what_cannot_be_cancelled_is_left_out_with_its_rule(tmp_path: Path, row: dict[str, object], rule: str) -> None:
    session = open_session(tmp_path)
    bring(session, tmp_path, everything=[row])
    plan = only(session.planner.plan(Action.CANCEL, ids(session, 1)))
    assert not plan.rows
    assert not plan.files
    assert plan.out[0].rule == rule
    assert plan.out[0].why


def test_partly_shipped_is_never_cancelled(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    bring(
        session,
        tmp_path,
        everything=[all_orders_row(1, quantity=2)],
        open_=[unshipped_row(1, quantity_purchased=2, quantity_shipped=1)],
    )
    out = only(session.planner.plan(Action.CANCEL, ids(session, 1))).out[0]
    assert (out.rule, out.instead) == ("A8", "refund")


def test_the_three_way_rule(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    bring(session, tmp_path, everything=[all_orders_row(1), all_orders_row(2, "Shipped")], open_=[unshipped_row(1)])
    here, confirmed = ids(session, 1, 2)
    assert only(session.planner.plan(Action.CANCEL, [here])).rows
    session.facts.set_dispatched([here], Dispatched.YES)
    assert only(session.planner.plan(Action.CANCEL, [here])).out[0].instead == "confirm"
    ship = {order_id(1): ("UPS", "1Z999", "2026-11-23")}
    assert only(session.planner.plan(Action.CONFIRM, [here], PlanChoices(shipping=ship))).rows
    session.facts.set_dispatched([confirmed], Dispatched.NO)
    refund = only(session.planner.plan(Action.REFUND, [confirmed]))
    assert refund.out[0].rule == "item-id", "All Orders alone has no item ids"


REASON = PlanChoices(reason="GeneralAdjustment")


def shipped_with_price(session: Session, folder: Path, **more: object) -> int:
    """Order 1, shipped, with item id and prices: 2 units at 20.00 + 1.60 tax + 5.00 shipping - 3.00 promotion."""
    bring(session, folder, open_=[unshipped_row(1, quantity_purchased=2)])
    row = {
        "quantity": 2,
        "item_price": "20.00",
        "item_tax": "1.60",
        "shipping_price": "5.00",
        "item_promotion_discount": "3.00",
    }
    bring(session, folder, everything=[all_orders_row(1, "Shipped", updated=NOW, **{**row, **more})])
    return ids(session, 1)[0]


def test_a_refund_gives_back_all_that_is_left_and_no_more(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    row_id = shipped_with_price(session, tmp_path)
    assert only(session.planner.plan(Action.REFUND, [row_id])).out[0].rule == "reason", "asked for, never guessed"
    plan = only(session.planner.plan(Action.REFUND, [row_id], REASON))
    assert plan.rows[0].lines[0].refund == LineAmounts(2000, 160, 500, 0, 0, 0, 300, 0)
    assert plan.rows[0].total == 2360
    assert [(m.component, m.minor) for m in plan.money][-1] == ("total", 2360)
    part = PlanLine(1, item_id(1), "SKU-1", 1, LineAmounts(item_price=1500))
    first = only(session.planner.plan(Action.REFUND, [row_id], replace(REASON, refunds={order_id(1): [part]})))
    assert first.rows[0].total == 1500
    session.batches.release(session.batches.commit(first).id)
    assert session.dispatcher.run()
    session.batches.recall  # noqa: B018  the batch has left; the order is held by it until Amazon answers
    assert only(session.planner.plan(Action.REFUND, [row_id])).out[0].rule == "open"


@pytest.mark.parametrize(
    "amounts",
    [
        LineAmounts(item_price=2001),
        LineAmounts(item_price=-1),
        LineAmounts(item_price=2000, item_tax=160, shipping_price=500),
        LineAmounts(),
    ],
)
def test_an_amount_beyond_what_is_left_is_left_out(tmp_path: Path, amounts: LineAmounts) -> None:
    session = open_session(tmp_path)
    row_id = shipped_with_price(session, tmp_path)
    ask = PlanLine(1, item_id(1), "SKU-1", 1, amounts)
    plan = only(session.planner.plan(Action.REFUND, [row_id], replace(REASON, refunds={order_id(1): [ask]})))
    assert not plan.rows
    assert plan.out[0].rule == "amount"


def test_each_marketplace_gets_its_own_plan_and_currencies_stay_apart(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    bring(
        session,
        tmp_path,
        everything=[all_orders_row(1), all_orders_row(2, market="JP")],
        open_=[unshipped_row(1), unshipped_row(2, market="JP")],
    )
    plans = session.planner.plan(Action.CANCEL, ids(session, 1, 2))
    assert [plan.marketplace for plan in plans] == ["JP", "US"]
    assert [{m.currency for m in plan.money} for plan in plans] == [{"JPY"}, {"USD"}]
    assert plans[0].money[-1].minor == 1000, "in Japan the price includes the tax"


@pytest.mark.parametrize(
    ("shipping", "rule"),
    [
        ({}, "tracking"),
        ({order_id(1): ("UPS", " ", "2026-11-23")}, "tracking"),
        ({order_id(1): ("UPS", "1Z", "23.11.2026")}, "ship-date"),
        ({order_id(1): ("UPS", "1Z", "2026-11-25")}, "ship-date"),
        ({order_id(1): ("UPS", "1Z", "2026-11-01")}, "ship-date"),
    ],
)
def test_a_shipment_needs_carrier_tracking_and_a_possible_day(
    tmp_path: Path, shipping: dict[str, tuple[str, str, str]], rule: str
) -> None:
    session = open_session(tmp_path)
    bring(session, tmp_path, everything=[all_orders_row(1, age=2 * DAY)], open_=[unshipped_row(1, age=2 * DAY)])
    found = ids(session, 1)
    session.facts.set_dispatched(found, Dispatched.YES)
    assert only(session.planner.plan(Action.CONFIRM, found, PlanChoices(shipping=shipping))).out[0].rule == rule


def test_nobody_marked_is_nobody(session: Session) -> None:
    assert session.planner.plan(Action.CANCEL, []) == ()


def test_unknown_requests_are_taken_as_counting_and_said(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    row = unshipped_row(1)
    del row["is-buyer-requested-cancellation"]
    path = tmp_path / "u.txt"
    columns = list(row)
    path.write_text("\t".join(columns) + "\n" + "\t".join(str(row[c]) for c in columns) + "\n", encoding="utf-8")
    summary = session.imports.import_files([path])[0]
    assert any("invisible" in note for note in closing_notes(session.orders.count, [summary]))
    plan = only(session.planner.plan(Action.CANCEL, ids(session, 1)))
    assert plan.rows[0].counts
    assert any("no report has the buyer's request" in warning for warning in plan.warnings)
    asked = next(queue for queue in session.orders.queues() if queue.key == "buyer_asked")
    assert asked.count is None
    assert "invisible" in asked.note


def test_a_cancellation_tells_what_it_takes_along_and_can_leave_it_out(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    lines = [(1, 1, "MUG"), (2, 1, "MUG"), (2, 2, "CUP"), (3, 1, "PEN"), (3, 2, "MUG")]
    bring(
        session, tmp_path,
        everything=[all_orders_row(n, sku=sku) for n, _, sku in lines],
        open_=[unshipped_row(n, sku=sku, order_item_id=item_id(n, line)) for n, line, sku in lines],
    )  # fmt: skip
    found = session.orders.find("sku:MUG")
    plan = only(session.planner.plan(Action.CANCEL, found))
    assert any("2 of 3 orders hold several SKUs" in warning for warning in plan.warnings)
    along = other_items(Action.CANCEL, plan.rows)
    assert {row.order_id: [line.sku for line in along.get(row.id, ())] for row in plan.rows} == {
        order_id(1): [], order_id(2): ["CUP"], order_id(3): ["PEN"],
    }  # fmt: skip
    alone = only(session.planner.plan(Action.CANCEL, found, PlanChoices(nothing_else=True)))
    assert [row.order_id for row in alone.rows] == [order_id(1)]
    assert {out.rule for out in alone.out} == {"other-items"}
    assert not any("several SKUs" in warning for warning in alone.warnings)
    without = only(session.planner.plan(Action.CANCEL, found, PlanChoices(left_out={order_id(1): "by hand"})))
    assert {row.order_id for row in without.rows} == {order_id(2), order_id(3)}
    assert [(out.order_id, out.rule) for out in without.out] == [(order_id(1), "operator")]
    assert other_items(Action.MESSAGE, plan.rows) == {}
    (second,) = [row.id for row in plan.rows if row.order_id == order_id(2)]
    single = only(session.planner.plan(Action.CANCEL, [second]))
    assert [line.sku for line in other_items(Action.CANCEL, single.rows)[second]] == ["MUG", "CUP"]


def test_a_refund_by_sku_tells_what_it_gives_back_with_it_and_can_leave_it_out(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    lines = [(1, 1, "MUG"), (2, 1, "MUG"), (2, 2, "CUP"), (3, 1, "MUG"), (3, 2, "PEN"), (4, 1, "MUG"), (4, 2, "CUP")]
    dead, gone = {(3, "PEN"), (4, "MUG")}, {"item_status": "Cancelled", "quantity": 0}
    bring(
        session, tmp_path,
        everything=[all_orders_row(n, sku=sku, product_name=sku) for n, _, sku in lines],
        open_=[unshipped_row(n, sku=sku, product_name=sku, order_item_id=item_id(n, line)) for n, line, sku in lines],
    )  # fmt: skip
    shipped = [
        all_orders_row(n, "Shipped", sku=sku, product_name=sku, updated=NOW, **(gone if (n, sku) in dead else {}))
        for n, _, sku in lines
    ]
    bring(session, tmp_path, everything=shipped)
    found = session.orders.find("sku:MUG")
    plan = only(session.planner.plan(Action.REFUND, found, PlanChoices("Other")))
    assert {row.order_id for row in plan.rows} == {order_id(n) for n in (1, 2, 3)}, "the mug of order 4 is cancelled"
    told = "1 of 3 orders holds several SKUs: money goes back for more than one of them"
    assert told in plan.warnings
    assert [[line.sku for line in along] for along in other_items(Action.REFUND, plan.rows).values()] == [["CUP"]]
    alone = only(session.planner.plan(Action.REFUND, found, PlanChoices("Other", nothing_else=True)))
    assert {row.order_id for row in alone.rows} == {order_id(1), order_id(3)}
    assert [(out.order_id, out.rule) for out in alone.out] == [(order_id(2), "other-items")]
    assert not any("several SKUs" in warning for warning in alone.warnings)
    (second,) = [row for row in plan.rows if row.order_id == order_id(2)]
    named = PlanChoices("Other", refunds={second.order_id: second.lines[:1]}, nothing_else=True)
    part = only(session.planner.plan(Action.REFUND, [second.id], named))
    assert [[line.sku for line in row.lines] for row in part.rows] == [["MUG"]], "named amounts say what goes back"
    assert not any("several SKUs" in warning for warning in part.warnings)


def test_a_refund_of_a_partly_shipped_order_names_what_it_cancels(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    items = (("MUG", 1, "Shipped"), ("CUP", 2, "Unshipped"))
    open_ = [unshipped_row(1, sku=sku, product_name=sku, order_item_id=item_id(1, line)) for sku, line, _ in items]
    bring(
        session, tmp_path, everything=[all_orders_row(1, sku=sku, product_name=sku) for sku, _, _ in items], open_=open_
    )
    partly = [
        all_orders_row(1, "PartiallyShipped", sku=sku, product_name=sku, item_status=status, updated=NOW)
        for sku, _, status in items
    ]
    bring(session, tmp_path, everything=partly)
    newest = unshipped_row(1, sku="CUP", product_name="CUP", order_item_id=item_id(1, 2), reporting_date=iso_utc(NOW))
    bring(session, tmp_path, open_=[newest])
    found = session.orders.find("sku:MUG")
    plan = only(session.planner.plan(Action.REFUND, found))
    assert [row.note for row in plan.rows] == ["cancels 1 unit of CUP, not shipped"]
    alone = only(session.planner.plan(Action.REFUND, found, PlanChoices(nothing_else=True)))
    assert not alone.rows
    assert {out.rule for out in alone.out} == {"other-items"}


def test_orders_placed_before_the_window_are_told_from_those_that_change_its_rate(tmp_path: Path) -> None:
    """The rate before, what is said to count, and the rate after add up."""
    session = open_session(tmp_path)
    old = 9 * DAY
    rows = [all_orders_row(n) for n in range(1, 41)] + [all_orders_row(n, age=old) for n in (50, 51)]
    bring(session, tmp_path, everything=rows, open_=[unshipped_row(n, age=old if n > 40 else DAY) for n in (1, 2, 50)])

    def plan_of(*numbers: int) -> Plan:
        return only(session.planner.plan(Action.CANCEL, ids(session, *numbers)))

    plan = plan_of(1, 2, 50)
    (effect,) = plan.rates
    assert (sum(row.counts for row in plan.rows), effect.added, effect.earlier) == (3, 2, 1)
    assert effect.before.cancelled + effect.added == effect.after.cancelled
    words = "2 count in these 7 days, 1 was placed before them"
    assert window_words(plan, effect) == [words]
    head = [line.plain for line in render_head(PlanLook(plan, 3), 140, 20)]
    assert words in head[0]
    assert "all 3 count" not in "".join(head)
    assert any(words in sentence for sentence in plan_sentences(plan))
    assert window_words(plan_of(1, 2), plan_of(1, 2).rates[0]) == []
    only_old = plan_of(50)
    assert window_words(only_old, only_old.rates[0]) == ["none counts in these 7 days, 1 was placed before them"]


def test_the_units_restocked_and_not_restocked_are_all_units(session: Session) -> None:
    plan = only(session.planner.plan(Action.CANCEL, waiting_ids(session)))
    assert plan.restock == "of 6 units, Amazon restocks 1 unit; 5 units not restocked (NoInventory)"
    without = [row for row in plan.rows if row.reason == "NoInventory"]
    policy = session.eligibility.policy("US")
    assert restock_note(policy, Action.CANCEL, without) == "5 units not restocked (NoInventory)"

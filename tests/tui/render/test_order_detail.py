"""The text of an order in the side pane and in full: its items first, one line for each action, nothing too wide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR
from ordertui.orders.enums import Action, Dispatched
from ordertui.tui.keymap import resolve
from ordertui.tui.main.order_details import describe_order
from ordertui.tui.render.format import format_left
from ordertui.tui.render.order_detail import PANE
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

TITLE = "有機緑茶 ティーバッグ 50個入り"


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    """1: two SKUs, the buyer requested; 2: plain; 3: FBA; 4: shipped; 5: no Unshipped row; 6: eight items."""
    found = open_session(tmp_path)
    two: list[dict[str, Any]] = [{"sku": "BRD-BMB-L", "quantity": 2}, {"sku": "MUG-EN-12-WITH-A-VERY-LONG-NAME"}]
    rows = [all_orders_row(1, product_name=TITLE, **one) for one in two]
    rows += [all_orders_row(2), all_orders_row(3, fulfillment_channel="Amazon"), all_orders_row(4, "Shipped")]
    rows += [all_orders_row(5), *(all_orders_row(6, sku=f"S-{n}") for n in range(8))]
    open_ = [
        unshipped_row(
            1,
            "true",
            product_name=TITLE,
            order_item_id=f"0000000000010{n}",
            sku=str(one["sku"]),
            quantity_purchased=one.get("quantity", 1),
        )
        for n, one in enumerate(two)
    ]
    open_ += [unshipped_row(2), *(unshipped_row(6, sku=f"S-{n}", order_item_id=f"0000000000060{n}") for n in range(8))]
    bring(found, tmp_path, everything=rows, open_=open_)
    return found


def pane(session: Session, number: int, width: int = PANE) -> list[str]:
    return describe_order(session, order_id(number), width=width).plain.splitlines()


def test_the_item_comes_first_and_each_action_has_one_line(shop: Session) -> None:
    text = pane(shop, 1)
    assert text[0] == f" {order_id(1)}   US · Unshipped"
    assert text[1].startswith(" 2 × BRD-BMB-L ")
    assert text[1].endswith("…")
    assert text[2].startswith(" 1 × MUG-EN-12-WIT…")
    assert text[3] == " Buyer   ★ requested on Amazon    [b]"
    assert text[4] == " Carrier handed over: not set   [d D]"
    assert text[5].startswith(" Ship by Nov 24 ")
    assert " PST · in 24 h" in text[5]
    assert text[-5:] == [
        " x cancel   yes  ★ not counted; all 3",
        " r refund   no   not charged yet",
        " c confirm  no   press d first",
        " m message  no   requested: cancel it",
        " Enter: reasons, sources, history",
    ]


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize(("width", "is_full"), [(PANE, False), (60, False), (48, True), (66, True), (100, True)])
def test_no_line_is_wider_than_the_pane(shop: Session, number: int, width: int, is_full: bool) -> None:
    shop.facts.set_dispatched([shop.orders.find()[0]], Dispatched.YES)
    text = describe_order(shop, order_id(number), width=width, is_full=is_full).plain.splitlines()
    assert [line for line in text if cell_len(line) > width] == []


def test_of_many_items_the_pane_says_how_many_more_there_are(shop: Session) -> None:
    text = pane(shop, 6)
    assert sum(" × " in line for line in text) == 6
    assert " and 2 more items: Enter" in text
    full = describe_order(shop, order_id(6), width=100, is_full=True).plain
    assert full.count(" × ") == 8


def test_an_order_in_a_batch_says_so_first(shop: Session) -> None:
    row_id = shop.orders.id_of(order_id(2))
    assert row_id is not None
    batch = shop.batches.commit(shop.planner.plan(Action.CANCEL, [row_id])[0], typed="1")
    text = pane(shop, 2)
    assert text[1] == f" ◷ cancel held 15m · batch {batch.id}"
    assert " x cancel   no   cancel under way" in text


def test_full_gives_reasons_with_their_rule_and_source(shop: Session) -> None:
    text = " ".join(describe_order(shop, order_id(2), width=100, is_full=True).plain.split())
    for part in (
        "cancel allowed (A5) not confirmed, and not marked as handed to the carrier",
        "counts toward the rate (C2): no cancellation request",
        "already shipped? say so first (key d, or `ordertui facts dispatched`)",
        "refund not allowed (R4), cancel instead",
        "source: Seller Central help",
        "times in America/Los_Angeles",
        "from unshipped, all orders",
    ):
        assert part in text, part
    assert "(A5)" not in " ".join(pane(shop, 2)), "rule ids stand behind Enter"


def test_the_keys_are_the_users_own(shop: Session) -> None:
    keymap = resolve({"order.cancel": "ctrl+x", "order.asked": "w"})
    text = describe_order(shop, order_id(2), keymap=keymap).plain
    assert " ^x cancel" in text
    assert "[w]" in text


@pytest.mark.parametrize(("number", "words"), [(3, "US FBA Unshipped"), (4, "r refund   no   item id unknown")])
def test_what_stands_against_an_action_in_a_few_words(shop: Session, number: int, words: str) -> None:
    assert words in describe_order(shop, order_id(number)).plain


def test_a_late_order_says_by_how_much(shop: Session) -> None:
    shop.clock.advance(40 * HOUR)  # type: ignore[attr-defined]
    assert any("16 h late" in line for line in pane(shop, 2)), (NOW, pane(shop, 2))


def test_a_note_is_shown_within_the_pane(shop: Session) -> None:
    row_id = shop.orders.id_of(order_id(1))
    assert row_id is not None
    assert not any(line.startswith(" Note") for line in pane(shop, 1))
    shop.facts.set_note([row_id], "waits for the carrier until Friday, then call " + "x" * 60)
    lines = pane(shop, 1)
    first = next(place for place, line in enumerate(lines) if line.startswith(" Note    waits for the carrier"))
    assert all(len(line) <= PANE for line in lines)
    assert "Friday" in " ".join(lines[first : first + 3])


@pytest.mark.parametrize("second", [0, 1, 29, 59])
def test_a_hold_reads_the_same_in_the_table_and_in_the_status_line(second: int) -> None:
    ends = NOW + 15 * 60 + second
    words = [
        (format_left(ends, NOW + passed), format_left(ends, NOW + passed, with_seconds=True)) for passed in range(900)
    ]
    last = 900 + second - 59
    assert all(short == line for short, line in words[:last])
    assert [line for _, line in words[last:]] == [f"{900 + second - n}s" for n in range(last, 900)], "true seconds"
    assert [short for short, _ in words] == [words[passed // 60 * 60][0] for passed in range(900)], "each full minute"

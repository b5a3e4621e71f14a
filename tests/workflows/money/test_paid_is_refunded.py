"""A full refund pays what the buyer paid, and refunds in any split never pay more: both tax models, all currencies."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.orders.clock import DAY, HOUR, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import exponent
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.orders.refund_limit import excess_text, prorate, refund_excess
from support.batches import feed_bytes, send, session_of
from support.reports import write
from support.shops import ALL_ORDERS, NOW, all_orders_row, item_id, open_session, order_id

TAX_ON_TOP = ("US", "CA")
"""Written down here again: the oracle must not read the program's own table."""
COLUMNS = (
    "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount",
)  # fmt: skip
NEW_ORDERS = [
    "order-id", "order-item-id", "purchase-date", "payments-date", "sku", "quantity-purchased", "currency",
    "sales-channel", "item-promotion-id", "ship-promotion-id", *COLUMNS,
]  # fmt: skip

minor = st.integers(0, 99_999)
lines = st.tuples(
    st.tuples(st.integers(1, 99_999), minor, minor, minor, minor, minor, minor, minor),
    st.sampled_from(["", "PROMO-1"]),
    st.sampled_from(["", "SHIP 2026/11"]),
)
orders = st.lists(st.tuples(st.sampled_from(sorted(MARKETPLACES)), st.lists(lines, min_size=1, max_size=3)), min_size=1,
                  max_size=10)  # fmt: skip


def paid(market: str, amounts: tuple[int, ...]) -> int:
    """What the buyer paid for a line, by hand."""
    price, tax, shipping, shipping_tax, wrap, wrap_tax, promotion, ship_promotion = amounts
    total = price + shipping + wrap - promotion - ship_promotion
    return total + tax + shipping_tax + wrap_tax if market in TAX_ON_TOP else total


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(book=orders)
def test_a_full_refund_pays_what_the_buyer_paid(
    tmp_path_factory: pytest.TempPathFactory, book: list[tuple[str, list[tuple[tuple[int, ...], str, str]]]]
) -> None:
    """Over New orders (prices and ids) and All Orders (shipped); in the plan, its file and its feed."""
    folder: Path = tmp_path_factory.mktemp("paid")
    rows, statuses = [], []
    wanted: dict[str, int | None] = {}
    for number, (market, found) in enumerate(book, start=1):
        place = MARKETPLACES[market]
        scale = Decimal(10) ** exponent(place.currency)
        sums = [paid(market, one[0]) for one in found]
        if 0 in sums:  # an item that was free is left out of a refund
            continue
        # a line below zero cannot be, Amazon takes no more off than there is: what was paid is unknown then
        wanted[order_id(number)] = sum(sums) if min(sums) > 0 else None
        for line, (amounts, item, ship) in enumerate(found, start=1):
            rows.append(
                {
                    "order-id": order_id(number), "order-item-id": item_id(number, line), "sku": f"S{line}",
                    "purchase-date": iso_utc(NOW - DAY), "payments-date": iso_utc(NOW - DAY),
                    "quantity-purchased": 1, "currency": place.currency, "sales-channel": place.name,
                    "item-promotion-id": item, "ship-promotion-id": ship,
                    **{name: str(Decimal(value) / scale) for name, value in zip(COLUMNS, amounts, strict=True)},
                }
            )  # fmt: skip
            statuses.append(
                {
                    "amazon-order-id": order_id(number), "purchase-date": iso_utc(NOW - DAY),
                    "last-updated-date": iso_utc(NOW), "order-status": "Shipped", "item-status": "Shipped",
                    "fulfillment-channel": "Merchant", "sales-channel": place.name, "sku": f"S{line}", "quantity": 1,
                }
            )  # fmt: skip
    if not wanted:
        return
    with open_session(folder) as session:
        session.imports.import_files([write(folder / "new.txt", NEW_ORDERS, rows)])
        session.imports.import_files([write(folder / "all.txt", list(statuses[0]), statuses)])
        ids = session.orders.find()
        listed = session.orders.rows(ids).values()
        assert {row.order_id: row.total and row.total.minor for row in listed} == wanted, "the list"
        assert list(session.recount().run()) == []
        refundable = {one: total for one, total in wanted.items() if total is not None}
        planned: dict[str, int | None] = {}
        for plan in session.planner.plan(Action.REFUND, ids, PlanChoices("GeneralAdjustment")):
            assert not {one.order_id for one in plan.out} & refundable.keys()
            planned |= {row.order_id: row.total for row in plan.rows}
            scale = Decimal(10) ** exponent(MARKETPLACES[plan.marketplace].currency)
            total = sum(refundable[row.order_id] for row in plan.rows)
            assert [entry.minor for entry in plan.money if entry.component == "total"] == [total][: len(plan.rows)]
            contents = feed_bytes(plan)
            for file in plan.files:
                if file.upload:
                    encoding = "cp932" if plan.marketplace == "JP" else "utf-8"
                    header, *cells = (one.split("\t") for one in contents[file.name].decode(encoding).splitlines())
                    names = [at for at, name in enumerate(header) if name.endswith("-adj")]
                    sent = sum(Decimal(row[at]) for row in cells for at in names)
                else:
                    sent = sum(Decimal(one.text or "") for one in fromstring(contents[file.name]).iter("Amount"))
                assert sent * scale == total, file.name
        assert planned == refundable, "the plan"


amounts = st.builds(LineAmounts, *[st.integers(0, 5_000)] * 8)


@settings(max_examples=300, deadline=None)
@given(charged=amounts, asks=st.lists(amounts, max_size=8), parts=st.integers(1, 7))
def test_refunds_in_any_split_never_pay_more_than_was_paid(
    charged: LineAmounts, asks: list[LineAmounts], parts: int
) -> None:
    given_back = LineAmounts()
    for ask in [*asks, *(prorate(charged, 1, parts) for _ in range(parts + 1))]:
        left = charged.minus(given_back)
        fits = not refund_excess(ask, left)
        assert fits is (excess_text(ask, left, "USD") == "")
        if fits:
            given_back = given_back.plus(ask)
        assert all(getattr(given_back, name) <= getattr(charged, name) for name in COMPONENTS)
        assert given_back.total <= max(charged.total, 0)


@pytest.mark.parametrize(("currency", "says"), [("USD", "USD 180.48"), ("JPY", "JPY 18,048")])
def test_an_amount_above_the_balance_is_named_as_money(currency: str, says: str) -> None:
    for ask, left in (
        (LineAmounts(item_price=18_049), LineAmounts(item_price=18_048)),
        (LineAmounts(18_048, 1), LineAmounts(18_048, 1, item_promotion=1)),
    ):
        text = excess_text(ask, left, currency)
        assert says in text
        assert "minor" not in text


def test_a_newer_price_makes_a_full_refund_one_in_part_and_an_undo_full_again(tmp_path: Path) -> None:
    """What went back stays; what was paid may be told anew, or be unknown now."""
    with session_of(tmp_path / "shop", shipped=2) as session:
        send(session, Action.REFUND, 11)
        for hours, told, wanted in (
            (1, {"item_price": "30.00"}, "partial"),
            (2, {"item_price": "10.00", "item_promotion_discount": "-99.00"}, "partial"),
            (3, {"item_price": "10.00"}, "full"),
            (4, {"item_price": "10.01"}, "partial"),
        ):
            row = all_orders_row(11, "Shipped", updated=NOW + hours * HOUR, **told)
            (summary,) = session.imports.import_files([write(tmp_path / "a.txt", ALL_ORDERS, [row])])
            order = session.orders.get(order_id(11))
            assert order is not None
            assert order.row.refunded == wanted, told
            assert list(session.recount().run()) == []
        assert summary.number is not None
        session.imports.undo(summary.number)
        order = session.orders.get(order_id(11))
        assert order is not None
        assert order.row.refunded == "full"
        assert list(session.recount().run()) == []

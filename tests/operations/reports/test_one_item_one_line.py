"""One item of an order is one line, whatever reports do to its rows and ids, and in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations
from pathlib import Path

import pytest

from ordertui.operations.query.api_sentences import order_sentences
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.order import OrderLine
from support.imports import NOW, dump
from support.reports import ALL_ORDERS, COLUMNS, cells, write

ORDER = "113-0000001-0000009"
PROMOTED = list(dict.fromkeys((
    *COLUMNS["new_orders"], "item-promotion-discount", "item-promotion-id", "ship-promotion-discount",
    "ship-promotion-id",
)))  # fmt: skip
FIRST = {
    "item-price": "40.00", "item-tax": "3.00", "shipping-price": "5.99", "shipping-tax": "0.50",
    "quantity-purchased": "2", "item-promotion-discount": "-4.00", "item-promotion-id": "PLM-A",
    "ship-promotion-discount": "-5.99", "ship-promotion-id": "FREE-SHIP",
}  # fmt: skip
SECOND = FIRST | {"item-promotion-discount": "-2.00", "item-promotion-id": "PLM-B"}
CONTINUED = {
    "sku": "", "product-name": "", "quantity-purchased": "", "currency": "", "item-price": "", "item-tax": "",
    "shipping-price": "", "shipping-tax": "", "purchase-date": "", "payments-date": "", "sales-channel": "",
    "item-promotion-discount": "-2.00", "item-promotion-id": "PLM-B", "ship-promotion-discount": "",
    "ship-promotion-id": "",
}  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.open(tmp_path / "shop" / "orders.db", clock=FixedClock(NOW)) as opened:
        yield opened


def take(session: Session, path: Path, columns: Sequence[str], rows: Sequence[dict[str, str]]) -> tuple[str, ...]:
    (summary,) = session.imports.import_files([write(path, columns, rows)])
    assert (summary.rows, summary.rejected) == (len(rows), 0)
    return summary.notes


def lines(session: Session) -> tuple[OrderLine, ...]:
    order = session.orders.get(ORDER)
    assert order is not None
    return order.lines


@pytest.mark.parametrize(
    "second", [SECOND, SECOND | {"ship-promotion-discount": "0.00", "ship-promotion-id": ""}, CONTINUED]
)
@pytest.mark.parametrize("between", [0, 700])
def test_an_item_repeated_for_each_promotion_is_one_line(
    session: Session, tmp_path: Path, second: dict[str, str], between: int
) -> None:
    """Also where the rows are far apart, in groups that are read one by one and many at once."""
    rows = [cells("new_orders") | FIRST, *(cells("new_orders", n) | FIRST for n in range(2, 2 + between))]
    rows += [cells("new_orders") | second]
    for _ in range(2):
        take(session, tmp_path / "a.txt", PROMOTED, rows)
        (line,) = lines(session)
        assert line.quantity == 2
        assert line.paid is not None
        assert (line.paid.item_price, line.paid.item_promotion, line.paid.ship_promotion) == (4000, 600, 599)
        assert line.paid.total == 3750
        order = session.orders.get(ORDER)
        assert order is not None
        assert (order.row.items, order.row.total and order.row.total.minor) == (2, 3750)


def test_a_row_that_stands_twice_in_a_report_counts_once(session: Session, tmp_path: Path) -> None:
    row = cells("new_orders") | FIRST
    take(session, tmp_path / "a.txt", PROMOTED, [row, row])
    (line,) = lines(session)
    assert line.paid is not None
    assert (line.quantity, line.paid.total) == (2, 3950)
    assert (line.item_promotion_id, line.ship_promotion_id) == ("PLM-A", "FREE-SHIP")


def all_orders(number: int, sku: str, **more: str) -> dict[str, str]:
    return cells("all_orders", number) | {"sku": sku, "quantity": "1", "item-price": "10.00"} | more


PAIR = [all_orders(1, "MUG"), all_orders(1, "BOWL")]
OTHERS = [all_orders(n, "PAN") for n in range(2, 5)]
TWINS = [all_orders(1, "MUG"), all_orders(1, "MUG"), all_orders(1, "BOWL")]


@pytest.mark.parametrize(("rows", "skus"), [
    pytest.param([*PAIR, *OTHERS, *PAIR, *OTHERS], "BOWL MUG", id="two files joined"),
    pytest.param([*PAIR, *OTHERS, *PAIR[::-1]], "BOWL MUG", id="in another order"),
    pytest.param([*PAIR, *OTHERS, PAIR[1]], "BOWL MUG", id="a part again"),
    pytest.param([PAIR[0], *OTHERS, PAIR[1]], "BOWL MUG", id="one order apart"),
    pytest.param(TWINS, "BOWL MUG MUG", id="one SKU twice"),
    pytest.param([*TWINS, *OTHERS, *TWINS], "BOWL MUG MUG", id="one SKU twice, two files joined"),
    pytest.param([TWINS[0], *OTHERS, *TWINS[:2]], "MUG MUG", id="the second file has one more"),
    pytest.param([*PAIR, *OTHERS, all_orders(1, "MUG", quantity="2")], "BOWL MUG MUG", id="of another quantity"),
    pytest.param([*PAIR, *OTHERS, PAIR[0] | {"item-price": "9.00"}], "BOWL MUG MUG", id="of another price"),
    pytest.param(
        [*PAIR, *OTHERS, *(one | {"last-updated-date": "2026-11-23T01:00:00+00:00"} for one in PAIR)], "BOWL MUG",
        id="said later",
    ),
])  # fmt: skip
def test_an_order_that_comes_up_again_without_item_ids_is_not_doubled(
    session: Session, tmp_path: Path, rows: list[dict[str, str]], skus: str
) -> None:
    for _ in range(2):
        take(session, tmp_path / "a.txt", ALL_ORDERS, rows)
        assert sorted(line.sku for line in lines(session)) == skus.split()
    order = session.orders.get(ORDER)
    assert order is not None
    assert order.row.items == sum(line.quantity or 0 for line in order.lines)


@pytest.mark.parametrize("between", [0, 1])
@pytest.mark.parametrize("status", ["Unshipped", "Shipped"])
def test_an_order_that_stands_twice_in_an_xml_report_is_not_doubled(
    session: Session, tmp_path: Path, between: int, status: str
) -> None:
    """Its items have no ids there. The second statement may be newer."""

    def order(number: int, status: str = "Unshipped") -> str:
        hour = 1 + (status == "Shipped")
        items = "".join(
            f"<OrderItem><SKU>{sku}</SKU><ItemStatus>{status}</ItemStatus><Quantity>{count}</Quantity><ItemPrice>"
            '<Component><Type>Principal</Type><Amount currency="USD">10.00</Amount></Component></ItemPrice></OrderItem>'
            for sku, count in (("MUG", 2), ("BOWL", 1), ("BOWL", 1))
        )
        return (
            f"<Message><Order><AmazonOrderID>113-{number:07d}-0000009</AmazonOrderID>"
            f"<PurchaseDate>2026-11-20T08:00:00+00:00</PurchaseDate>"
            f"<LastUpdatedDate>2026-11-22T0{hour}:00:00+00:00</LastUpdatedDate><OrderStatus>{status}</OrderStatus>"
            f"<SalesChannel>Amazon.com</SalesChannel>{items}</Order></Message>\n"
        )

    path = tmp_path / "all.xml"
    orders = [order(1), *(order(2) for _ in range(between)), order(1, status)]
    path.write_text(
        '<?xml version="1.0"?>\n<AmazonEnvelope><MessageType>AllOrdersReport</MessageType>\n'
        + "".join(orders) + "</AmazonEnvelope>",
        encoding="utf-8",
    )  # fmt: skip
    session.imports.import_files([path])
    assert sorted((line.sku, line.quantity, line.status.value) for line in lines(session)) == [
        ("BOWL", 1, status.lower()), ("BOWL", 1, status.lower()), ("MUG", 2, status.lower()),
    ]  # fmt: skip


@pytest.mark.parametrize("first", ["all_orders", "new_orders"])
def test_an_item_whose_sku_was_changed_between_two_reports_is_one_line(
    session: Session, tmp_path: Path, first: str
) -> None:
    """Else its units and its money would be doubled, and what never left could only be refunded."""
    said = {
        "all_orders": (ALL_ORDERS, [all_orders(1, "MUG-V2"), all_orders(1, "LID", **{"product-name": "Lid"})]),
        "new_orders": (COLUMNS["new_orders"], [
            cells("new_orders") | {"sku": "MUG", "quantity-purchased": "1", "item-price": "10.00"},
            cells("new_orders") | {
                "sku": "LID", "quantity-purchased": "1", "item-price": "10.00", "product-name": "Lid",
                "order-item-id": "30000000000009",
            },
        ]),
        "unshipped": (COLUMNS["unshipped"], [cells("unshipped") | {"sku": "MUG", "quantity-purchased": "1"}]),
    }  # fmt: skip
    noted: list[str] = []
    for kind in sorted(said, key=lambda one: (one != first, one)):
        noted += take(session, tmp_path / f"{kind}.txt", *said[kind])
        assert sorted(line.sku for line in lines(session)) in (["LID", "MUG"], ["LID", "MUG-V2"])
    known, other = ("MUG-V2", "MUG") if first == "all_orders" else ("MUG", "MUG-V2")
    text = "other SKUs for known lines of the same title and quantity, taken as the same lines"
    assert [note for note in noted if "other SKUs" in note] == [f"{text}: {ORDER}: {known}, now {other}"]
    order = session.orders.get(ORDER)
    assert order is not None
    assert [order.row.items, len({line.order_item_id for line in order.lines})] == [2, 2]
    assert list(session.recount().run()) == []


@pytest.mark.parametrize("other", [
    {"product-name": "Pan"}, {"quantity": "2"}, {"quantity": ""}, {"product-name": ""},
])  # fmt: skip
def test_an_item_of_another_sku_that_is_not_told_by_title_and_quantity_is_another(
    session: Session, tmp_path: Path, other: dict[str, str]
) -> None:
    row = cells("new_orders") | {"sku": "MUG", "quantity-purchased": "1"}
    take(session, tmp_path / "new.txt", COLUMNS["new_orders"], [row])
    take(session, tmp_path / "all.txt", ALL_ORDERS, [all_orders(1, "POT", **other)])
    assert sorted(line.sku for line in lines(session)) == ["MUG", "POT"]


@pytest.mark.parametrize("order", list(permutations(("all", "new", "old", "open"))))
def test_an_item_whose_sku_and_title_were_changed_is_not_called_shipped(
    session: Session, tmp_path: Path, order: tuple[str, ...]
) -> None:
    """It stays two lines: no newer Unshipped report shows that the one without an id has left, and no sum holds."""
    bare = {"product-name": "Pot", "quantity": "1", "last-updated-date": "2026-11-21T12:00:00+00:00"}
    named = {"sku": "MUG", "quantity-purchased": "1", "quantity-shipped": "0"}
    files = {
        "all": (ALL_ORDERS, all_orders(1, "POT", **bare)),
        "new": (COLUMNS["new_orders"], cells("new_orders") | named),
        "old": (COLUMNS["unshipped"], cells("unshipped", reporting_date="2026-11-20T12:00:00+00:00") | named),
        "open": (COLUMNS["unshipped"], cells("unshipped", reporting_date="2026-11-22T12:00:00+00:00") | named),
    }
    told: list[str] = []
    for name in order:
        told += take(session, tmp_path / f"{name}.txt", files[name][0], [files[name][1]])
    assert {line.sku: (line.quantity_shipped, line.may_stand_twice) for line in lines(session)} == {
        "POT": (None, True), "MUG": (0, False),
    }  # fmt: skip
    found = session.orders.get(ORDER)
    assert found is not None
    assert (found.row.units_shipped, found.row.total) == (None, None)
    assert any("may stand twice" in one for one in order_sentences(found))
    assert next(note for note in told if "may stand twice" in note).endswith(f": {ORDER} item POT")
    for action in (Action.CANCEL, Action.REFUND):
        assert not session.eligibility.verdict(found.row, action, found.lines).allowed
    assert list(session.recount().run()) == []

    both = [all_orders(1, "POT", **bare), all_orders(1, "MUG", **bare)]
    later = [row | {"last-updated-date": "2026-11-22T18:00:00+00:00"} for row in both]
    take(session, tmp_path / "later.txt", ALL_ORDERS, later)
    again = files["open"][1] | {"reporting-date": "2026-11-23T12:00:00+00:00"}
    take(session, tmp_path / "again.txt", COLUMNS["unshipped"], [again])
    assert {line.sku: line.quantity_shipped for line in lines(session)} == {"POT": 1, "MUG": 0}, "two items it was"
    found = session.orders.get(ORDER)
    assert found is not None
    assert (found.row.units_shipped, found.row.total is None) == (1, False)
    assert not any("may stand twice" in one for one in order_sentences(found))
    assert list(session.recount().run()) == []


def test_two_items_of_other_skus_with_one_title_are_not_guessed(session: Session, tmp_path: Path) -> None:
    rows = [cells("new_orders") | {"sku": sku, "quantity-purchased": "1", "order-item-id": f"3000000000000{n}"}
            for n, sku in enumerate(("S", "M"))]  # fmt: skip
    take(session, tmp_path / "new.txt", COLUMNS["new_orders"], rows)
    take(session, tmp_path / "all.txt", ALL_ORDERS, [all_orders(1, "S-2"), all_orders(1, "M-2")])
    assert sorted(line.sku for line in lines(session)) == ["M", "M-2", "S", "S-2"]


def test_two_promotions_of_one_amount_count_both(session: Session, tmp_path: Path) -> None:
    second = SECOND | {"item-promotion-discount": "-4.00"}
    take(session, tmp_path / "a.txt", PROMOTED, [cells("new_orders") | FIRST, cells("new_orders") | second])
    (line,) = lines(session)
    assert line.paid is not None
    assert (line.paid.item_promotion, line.paid.ship_promotion) == (800, 599)
    assert (line.item_promotion_id, line.ship_promotion_id) == (None, "FREE-SHIP"), "no one id stands for both"


@pytest.mark.parametrize("rows", [
    [FIRST | {"item-promotion-discount": "-47.50"}],
    [FIRST | {"ship-promotion-discount": "47.51"}],
    [FIRST, SECOND | {"item-promotion-discount": "-42.00"}],
    [FIRST, CONTINUED | {"item-promotion-discount": "-42.00"}],
])  # fmt: skip
@pytest.mark.parametrize("between", [0, 700])
def test_promotions_above_all_there_is_to_pay_leave_it_unknown_what_was_paid(
    session: Session, tmp_path: Path, rows: list[dict[str, str]], between: int
) -> None:
    """No buyer was ever paid by an order: of one row, of several that add up, read one by one and many at once."""
    other = cells("new_orders") | FIRST | {"order-item-id": "30000000000009", "sku": "OTHER"}
    others = [cells("new_orders", n) | FIRST for n in range(2, 2 + between)]
    found = [other, *(cells("new_orders") | one for one in rows), *others]
    notes = take(session, tmp_path / "a.txt", PROMOTED, found)
    assert sum("promotions above all there is to pay: what was paid is unknown" in note for note in notes) == 1
    free, wrong = lines(session)
    assert free.paid is not None
    assert (free.paid.total, wrong.paid) == (3950, None)
    order = session.orders.get(ORDER)
    assert order is not None
    assert order.row.total is None
    assert list(session.recount().run()) == []


def test_promotions_of_a_cancelled_item_are_no_news(session: Session, tmp_path: Path) -> None:
    """Its price may be zero by then, and nobody will refund it."""
    gone = {"item-status": "Cancelled", "quantity": "0", "item-price": "0.00", "item-promotion-discount": "-5.00"}
    rows = [cells("all_orders") | {"sku": "KEPT"}, cells("all_orders") | gone]
    assert take(session, tmp_path / "a.txt", ALL_ORDERS, rows) == ()
    kept, cancelled = lines(session)
    assert (kept.is_active, cancelled.is_active, cancelled.paid) == (True, False, None)
    order = session.orders.get(ORDER)
    assert order is not None
    assert kept.paid is not None
    assert order.row.total is not None
    assert order.row.total.minor == kept.paid.total


@pytest.mark.parametrize("order", permutations(range(3)))
def test_another_item_id_for_the_same_sku_and_quantity_is_the_same_line_and_said(
    session: Session, tmp_path: Path, order: tuple[int, ...]
) -> None:
    reports = [
        (item, f"2026-11-2{day}T00:00:00+00:00")
        for day, item in ((1, "0123456789"), (2, "123456789"), (3, "99123456789"))
    ]
    notes: list[str] = []
    for place in order:
        item, at = reports[place]
        row = cells("unshipped") | {"order-item-id": item, "reporting-date": at, "quantity-shipped": "0"}
        notes += take(session, tmp_path / f"{place}.txt", COLUMNS["unshipped"], [row])
    (line,) = lines(session)
    assert line.order_item_id == "99123456789"
    assert line.quantity_shipped == 0
    assert any(note.startswith("other item ids for known lines") and "99123456789" in note for note in notes)


def test_ids_that_differ_by_leading_zeros_are_one_and_the_longer_stays(session: Session, tmp_path: Path) -> None:
    for item in ("0123456789", "123456789", "0123456789"):
        notes = take(session, tmp_path / "a.txt", COLUMNS["unshipped"], [cells("unshipped") | {"order-item-id": item}])
        assert [line.order_item_id for line in lines(session)] == ["0123456789"]
        assert not any("item ids" in note for note in notes)


def test_another_id_with_another_quantity_is_another_line_but_the_old_one_did_not_ship(
    session: Session, tmp_path: Path
) -> None:
    for day, item, quantity in ((1, "11", "2"), (2, "22", "1")):
        row = cells("unshipped") | {
            "order-item-id": item, "quantity-purchased": quantity, "quantity-shipped": "0",
            "reporting-date": f"2026-11-2{day}T23:00:00+00:00",
        }  # fmt: skip
        take(session, tmp_path / f"{day}.txt", COLUMNS["unshipped"], [row])
    assert [(line.order_item_id, line.quantity_shipped) for line in lines(session)] == [("11", 0), ("22", 0)]


def all_orders_row(sku: str, status: str, item_status: str, day: int, **more: str) -> dict[str, str]:
    values = {
        "sku": sku, "order-status": status, "item-status": item_status, "quantity": "1",
        "last-updated-date": f"2026-11-2{day}T10:00:00+00:00",
    }  # fmt: skip
    return cells("all_orders") | values | more


@pytest.mark.parametrize(
    "cut", [[[0], [1], [2]], [[0, 1], [2]], [[2], [0, 1]], [[0], [1, 2]], [[0, 1, 2]], [[2], [1], [0]]]
)
def test_units_shipped_do_not_depend_on_how_rows_are_cut_into_files(
    session: Session, tmp_path: Path, cut: list[list[int]]
) -> None:
    """All Orders that names one of two lines says nothing of the other one: it is not shipped."""
    rows = [
        all_orders_row("S1", "Unshipped", "Unshipped", 0),
        all_orders_row("S2", "Unshipped", "Unshipped", 0),
        all_orders_row("S2", "PartiallyShipped", "Shipped", 1),
    ]
    for number, part in enumerate(cut):
        take(session, tmp_path / f"{number}.txt", ALL_ORDERS, [rows[place] for place in part])
    order = session.orders.get(ORDER)
    assert order is not None
    assert (order.row.items, order.row.units_shipped) == (2, 1)
    assert {line.sku: line.quantity_shipped for line in order.lines} == {"S1": None, "S2": 1}


@pytest.mark.parametrize("order", permutations(range(3)))
def test_a_line_that_a_newer_unshipped_report_leaves_out_is_shipped(
    session: Session, tmp_path: Path, order: tuple[int, ...]
) -> None:
    def waiting(day: int, *skus: str) -> list[dict[str, str]]:
        at = f"2026-11-2{day}T23:00:00+00:00"
        return [
            cells("unshipped")
            | {"sku": sku, "order-item-id": f"7{sku[1:]}", "quantity-shipped": "0", "reporting-date": at}
            for sku in skus
        ]

    new = [cells("new_orders") | {"sku": sku, "order-item-id": f"7{sku[1:]}"} for sku in ("S1", "S2")]
    files = [
        (COLUMNS["unshipped"], waiting(0, "S1", "S2")), (COLUMNS["unshipped"], waiting(1, "S2")),
        (COLUMNS["new_orders"], new),
    ]  # fmt: skip
    for place in order:
        take(session, tmp_path / f"{place}.txt", *files[place])
    assert {line.sku: line.quantity_shipped for line in lines(session)} == {"S1": 2, "S2": 0}
    assert dump(session.directory / "orders.db")[ORDER][0]["units_shipped"] == 2


def test_amazons_word_corrects_a_marketplace_given_by_hand_and_no_hand_corrects_amazons(
    session: Session, tmp_path: Path
) -> None:
    without = [name for name in COLUMNS["unshipped"] if name != "sales-channel"]
    unnamed = write(tmp_path / "unnamed.txt", without, [cells("unshipped")])
    session.imports.import_files([unnamed], marketplace="UK")
    assert _market(session) == ("UK", "UK")
    named = write(tmp_path / "named.txt", ALL_ORDERS, [
        cells("all_orders") | {
            "sales-channel": "Amazon.de", "currency": "EUR", "last-updated-date": "2026-11-19T00:00:00+00:00",
        }
    ])  # fmt: skip
    (summary,) = session.imports.import_files([named])
    assert (summary.changed, _market(session)) == (1, ("DE", "DE")), "although it is older"
    (summary,) = session.imports.import_files([unnamed], marketplace="UK")
    assert _market(session) == ("DE", "DE")
    assert [reject.reason for reject in summary.rejects] == [
        "the order is known to be of DE, and stays so: UK was given"
    ]
    (line,) = lines(session)
    assert line.order_item_id is not None


def _market(session: Session) -> tuple[str, str]:
    """The order's marketplace and that of its only line's product."""
    (found,) = session.context.store.database.query(
        "SELECT o.marketplace, p.marketplace FROM orders o JOIN lines l ON l.order_id = o.id"
        " JOIN products p ON p.id = l.product_id"
    )
    return found[0], found[1]


def test_an_answer_against_the_beginnings_of_known_ids_is_told_by_line(session: Session, tmp_path: Path) -> None:
    known = [cells("all_orders", 1) | {"sales-channel": "Amazon.de", "currency": "EUR"}]
    session.imports.import_files([write(tmp_path / "known.txt", ALL_ORDERS, known)])
    without = [name for name in COLUMNS["unshipped"] if name != "sales-channel"]
    unnamed = write(tmp_path / "unnamed.txt", without, [cells("unshipped", 1), cells("unshipped", 2)])
    (summary,) = session.imports.import_files([unnamed], marketplace="UK")
    (note,) = [one for one in summary.notes if "begin alike" in one]
    assert "line 3: 113-0000002-0000009 (113-: DE)" in note
    assert "line 2" not in note, "a known order keeps its marketplace"
    (summary,) = session.imports.import_files([unnamed], marketplace="DE")
    assert not any("begin" in one for one in summary.notes)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_report_split_over_two_files_is_told_of(session: Session, tmp_path: Path, order: tuple[int, int]) -> None:
    """Each part has one of the promotions, so less was paid than either says."""
    parts = [cells("new_orders") | FIRST], [cells("new_orders") | SECOND]
    assert not any("other promotions" in note for note in take(session, tmp_path / "a.txt", PROMOTED, parts[order[0]]))
    (told,) = (
        note for note in take(session, tmp_path / "b.txt", PROMOTED, parts[order[1]]) if "other promotions" in note
    )
    assert f"{ORDER} item {cells('new_orders')['order-item-id']}" in told
    whole = take(session, tmp_path / "c.txt", PROMOTED, [*parts[0], *parts[1]])
    assert any("other promotions" in note for note in whole), "what is kept changes once more"
    (line,) = lines(session)
    assert line.paid is not None
    assert line.paid.item_promotion == 600


@pytest.mark.parametrize("order", list(permutations((0, 1, 2))))
def test_a_lower_price_is_kept_of_reports_that_date_no_row_until_all_orders_decides(
    session: Session, tmp_path: Path, order: Sequence[int]
) -> None:
    priced = [cells("new_orders", order_id=ORDER, item_price=f"{amount}.00") for amount in (21, 91, 11)]
    notes = [
        take(session, tmp_path / f"{place}.txt", COLUMNS["new_orders"], [priced[place]]) for place in (*order, order[0])
    ]
    (line,) = lines(session)
    assert line.paid
    assert line.paid.item_price == 1100
    assert [sum("other prices or currencies" in note for note in told) for told in notes][:3] == [0, 1, 1]
    take(session, tmp_path / "all.txt", ALL_ORDERS, [cells("all_orders", order_id=ORDER, item_price="21.00")])
    take(session, tmp_path / "again.txt", COLUMNS["new_orders"], [priced[order[1]]])
    (line,) = lines(session)
    assert line.paid
    assert line.paid.item_price == 2100


@pytest.mark.parametrize("cell", ["", "0.00"])
@pytest.mark.parametrize("is_dated_last", [True, False])
def test_a_promotion_that_only_one_report_names_is_told_of(
    session: Session, tmp_path: Path, cell: str, is_dated_last: bool
) -> None:
    """All Orders decides a price, and leaves the promotion's cell empty: more is kept than may have been paid."""
    amounts = {"item-price": "40.00", "item-promotion-discount": cell}
    columns = list(dict.fromkeys((*COLUMNS["all_orders"], *amounts)))
    everything = tmp_path / "all.txt", columns, [cells("all_orders") | amounts]
    new = tmp_path / "new.txt", PROMOTED, [cells("new_orders") | amounts | {"item-promotion-discount": "-4.00"}]
    first, last = (new, everything) if is_dated_last else (everything, new)
    assert not any("names a promotion" in note for note in take(session, *first))
    (told,) = (note for note in take(session, *last) if "names a promotion" in note)
    assert f"{ORDER} item {cells('new_orders')['order-item-id' if is_dated_last else 'sku']}" in told
    (line,) = lines(session)
    assert line.paid is not None
    assert line.paid.item_promotion == 0
    same = everything[0], columns, [cells("all_orders") | amounts | {"item-promotion-discount": "-4.00"}]
    assert not any("names a promotion" in note for note in take(session, *same)), "it names it now"

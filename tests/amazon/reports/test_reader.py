"""Order reports with any columns, line ends, quotes and ids: rows are read as written, bad rows are listed."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.amazon.reports import MarketplaceNeeded, ReportError, UnknownReport, UnnamedOrders, inspect, read_orders
from ordertui.amazon.reports.inspect import BLOCK_BYTES, read_line_blocks
from ordertui.orders.clock import iso_utc, parse_iso
from ordertui.orders.money import exponent
from ordertui.orders.order import COMPONENTS
from support.reports import ALL_ORDERS, BUYER, COLUMNS, NEW_ORDERS, UNSHIPPED, cells, everything, text_of, write

many = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
KINDS = sorted(COLUMNS)
PRICE_COLUMNS = {
    "item_price": "item-price",
    "item_tax": "item-tax",
    "shipping_price": "shipping-price",
    "shipping_tax": "shipping-tax",
    "gift_wrap_price": "gift-wrap-price",
    "gift_wrap_tax": "gift-wrap-tax",
    "item_promotion": "item-promotion-discount",
    "ship_promotion": "ship-promotion-discount",
}
STATUS = {
    "Pending": "pending",
    "Unshipped": "unshipped",
    "Shipping": "partially_shipped",
    "PartiallyShipped": "partially_shipped",
    "Shipped": "shipped",
    "Shipped - Delivered to Buyer": "shipped",
    "Cancelled": "cancelled",
    "Canceled": "cancelled",
}
words = st.text(
    st.characters(blacklist_categories=("C", "Z"), blacklist_characters='"') | st.just(" "), min_size=1, max_size=20
).map(str.strip)
times = st.integers(parse_iso("2000-01-01T00:00:00Z"), parse_iso("2037-01-01T00:00:00Z"))


@st.composite
def made(draw: st.DrawFn, kind: str) -> dict[str, str]:
    """Cells of a sound row."""
    ident = draw(st.text("0123456789", min_size=17, max_size=17))
    order_id = f"{ident[:3]}-{ident[3:10]}-{ident[10:17]}"
    channel = draw(st.sampled_from(["Amazon.com", "Amazon.de", "Amazon.co.jp", "amazon.com.mx"]))
    money = {"Amazon.com": "USD", "Amazon.de": "EUR", "Amazon.co.jp": "JPY"}.get(channel, "MXN")
    digits = exponent(money)

    def price() -> str:
        return str(Decimal(draw(st.integers(0, 10**9))).scaleb(-digits)) if draw(st.booleans()) else ""

    row = {
        "amazon-order-id": order_id,
        "order-id": order_id,
        "order-item-id": draw(st.text("0123456789", min_size=1, max_size=15)),
        "purchase-date": iso_utc(draw(times)),
        "last-updated-date": iso_utc(draw(times)),
        "promise-date": iso_utc(draw(times)),
        "reporting-date": iso_utc(draw(times)),
        "order-status": draw(st.sampled_from(sorted(STATUS))),
        "item-status": draw(st.sampled_from([*sorted(STATUS), ""])),
        "fulfillment-channel": draw(st.sampled_from(["Merchant", "Amazon", "MFN", "AFN"])),
        "sales-channel": channel,
        "sku": draw(words | st.sampled_from(["00123", "1E5", "-1", "=A1", "0", "TRUE", "12,5"])),
        "product-name": draw(words),
        "asin": "B000000001",
        "quantity": str(draw(st.integers(0, 999))),
        "quantity-shipped": str(draw(st.integers(0, 9))),
        "currency": money,
        "is-buyer-requested-cancellation": draw(st.sampled_from(["true", "false", "TRUE", "FALSE", ""])),
        "buyer-requested-cancel-reason": draw(words | st.just("")),
        "is-business-order": draw(st.sampled_from(["true", "false", ""])),
        **{column: price() for column in PRICE_COLUMNS.values()},
        **BUYER,
    }
    row["quantity-purchased"] = row["quantity"]
    return {name: row.get(name, "") for name in COLUMNS[kind]}


def expected(kind: str, row: dict[str, str], columns: set[str], newest: int) -> dict[str, object]:
    """Return the expected row, worked out cell by cell; `columns`: those in the file."""
    has = {name: value for name, value in row.items() if name in columns}
    flags = {"true": "yes", "false": "no"}

    def day(name: str) -> int | None:
        return parse_iso(has[name]) if has.get(name) else None

    def number(name: str) -> int | None:
        return int(has[name]) if has.get(name) else None

    money = {name: has.get(column, "") for name, column in PRICE_COLUMNS.items()}
    scale = 10 ** exponent(row.get("currency") or "USD")
    shown: dict[str, int | None] = {name: int(Decimal(text or "0") * scale) for name, text in money.items()}
    if not money["item_price"]:
        shown = dict.fromkeys(shown)
    if row["sales-channel"].lower() != "amazon.com":  # there the price includes the tax, or may
        shown |= {name: None if shown[name] is None else 0 for name in ("item_tax", "shipping_tax", "gift_wrap_tax")}
    asked = has.get("is-buyer-requested-cancellation", "").lower()
    out: dict[str, object] = {
        "order_id": row.get("order-id") or row.get("amazon-order-id"),
        "order_item_id": has.get("order-item-id") or None,
        "marketplace": {"amazon.com": "US", "amazon.de": "DE", "amazon.co.jp": "JP", "amazon.com.mx": "MX"}[
            row["sales-channel"].lower()
        ],
        "purchased_at": day("purchase-date"),
        "ship_by": day("promise-date"),
        "sku": has["sku"],
        "title": has.get("product-name") or None,
        "quantity": number("quantity-purchased" if kind != "all_orders" else "quantity"),
        "currency": has.get("currency") or None,
        "buyer_request": {"true": "official", "false": "none"}.get(asked),
        "business": flags.get(has.get("is-business-order", "")),
        **shown,
    }
    shipped = number("quantity-shipped")
    if kind == "all_orders":
        item = STATUS.get(has.get("item-status", ""))
        out |= {
            "status": STATUS[has["order-status"]],
            "item_status": item,
            "channel": {"M": "merchant", "A": "amazon"}[has["fulfillment-channel"][0]]
            if has["fulfillment-channel"] not in ("MFN", "AFN")
            else {"MFN": "merchant", "AFN": "amazon"}[has["fulfillment-channel"]],
            "quantity_shipped": out["quantity"] if item == "shipped" else None,
            "fact_at": day("last-updated-date") or day("purchase-date") or newest,
        }
    else:
        state = None if kind == "new_orders" else "partially_shipped" if shipped else "unshipped"
        out |= {"status": state, "channel": "merchant", "quantity_shipped": shipped, "fact_at": newest}
    return out


REQUIRED = {
    "order-id",
    "amazon-order-id",
    "order-item-id",
    "order-status",
    "sales-channel",
    "sku",
    "fulfillment-channel",
    "currency",
    "item-price",
    "promise-date",
}


@pytest.mark.parametrize("kind", KINDS)
@many
@given(data=st.data())
def test_rows_come_out_as_they_were_written(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    rows = data.draw(st.lists(made(kind), min_size=1, max_size=6))
    optional = sorted(set(COLUMNS[kind]) - REQUIRED)
    gone = set(data.draw(st.lists(st.sampled_from(optional), unique=True, max_size=6)))
    columns = [name for name in COLUMNS[kind] if name not in gone] + ["new-column-of-amazon"]
    data.draw(st.randoms(use_true_random=False)).shuffle(columns)
    text = text_of(columns, rows, data.draw(st.sampled_from(["\n", "\r\n"])))
    if data.draw(st.booleans()):
        text = text.rstrip("\r\n")
    bom = b"\xef\xbb\xbf" if data.draw(st.booleans()) else b""
    path = tmp_path / "any-name.csv"
    path.write_bytes(bom + text.encode("utf-8"))
    info, found, rejects = everything(path, block_bytes=data.draw(st.sampled_from([BLOCK_BYTES, 64, 400])))
    assert rejects == []
    assert info.kind.value == kind
    dates = {"purchase-date", "last-updated-date", "reporting-date"} & set(columns) & set(COLUMNS[kind])
    newest = max((parse_iso(row[name]) for row in rows for name in dates), default=0)
    assert info.as_of == (newest or None)
    assert len(found) == len(rows)
    for number, (row, got) in enumerate(zip(rows, found, strict=True), start=2):
        assert got["line_no"] == number
        wanted = expected(kind, row, set(columns), newest)
        assert {name: got[name] for name in wanted} == wanted


@pytest.mark.parametrize("place", ["first", "last"])
def test_the_newest_date_is_found_at_the_edges_of_what_is_read_at_once(place: str, tmp_path: Path) -> None:
    old, new = "2026-11-01T00:00:00+00:00", "2026-11-20T00:00:00+00:00"
    line = {"purchase-date": old, "last-updated-date": old, "product-name": "x" * 90}
    rows = [cells("all_orders", number) | line for number in range(1, 6_000)]
    path = tmp_path / "orders.txt"
    path.write_text(text_of(COLUMNS["all_orders"], rows), encoding="utf-8")
    blocks = [block.count(b"\n") for block, _ in read_line_blocks(path)]
    assert len(blocks) > 1
    at = blocks[0] - 1 if place == "first" else blocks[0] - 2  # the first of the second block, the last of the first
    rows[at]["last-updated-date"] = new
    path.write_text(text_of(COLUMNS["all_orders"], rows), encoding="utf-8")
    assert inspect(path).as_of == parse_iso(new)


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_one_field_short_is_normal_and_says_less_not_no(kind: str, tmp_path: Path) -> None:
    columns = [name for name in COLUMNS[kind] if name != "is-buyer-requested-cancellation"]
    columns.append("is-buyer-requested-cancellation")
    row = cells(kind, is_buyer_requested_cancellation="false")
    row["is-buyer-requested-cancellation"] = "false"
    full = "\t".join(row.get(name, "") for name in columns)
    short = "\t".join(row.get(name, "") for name in columns[:-1])
    path = tmp_path / "a.txt"
    path.write_text("\t".join(columns) + f"\n{full}\n{short}\n", encoding="utf-8")
    _, found, rejects = everything(path)
    assert rejects == []
    assert [row["buyer_request"] for row in found] == ["none", None]
    first, second = ({k: v for k, v in row.items() if k not in ("line_no", "buyer_request")} for row in found)
    assert first == second


@pytest.mark.parametrize("kind", KINDS)
def test_no_request_column_is_unknown_never_none(kind: str, tmp_path: Path) -> None:
    columns = [name for name in COLUMNS[kind] if name != "is-buyer-requested-cancellation"]
    info, found, _ = everything(write(tmp_path / "a.txt", columns, [cells(kind)]))
    assert info.has_request_column is False
    assert found[0]["buyer_request"] is None
    if kind == "unshipped":
        assert "is-buyer-requested-cancellation" in info.missing


def test_rows_that_are_all_shorter_than_the_header_are_read(tmp_path: Path) -> None:
    """New orders of 2013: 70 names, and rows without the last ones, among them sales-channel."""
    columns = [*[name for name in NEW_ORDERS if name != "sales-channel"], "delivery-start-date", "sales-channel"]
    rows = [cells("new_orders", number) for number in range(1, 5)]
    lines = text_of(columns, rows).splitlines()
    path = tmp_path / "a.txt"
    path.write_text("\n".join([lines[0], *(line.rsplit("\t", 2)[0] for line in lines[1:])]) + "\n", encoding="utf-8")
    _, found, rejects = everything(path, marketplace="US")
    assert rejects == []
    assert [(row["order_item_id"], row["item_price"], row["marketplace"]) for row in found] == [
        (f"0{number:014d}", 2050, None) for number in range(1, 5)
    ]


def test_kinds_are_told_by_names_not_by_file_or_order(tmp_path: Path) -> None:
    for kind, columns in COLUMNS.items():
        names = [name.upper().replace("-", " ") for name in columns]
        random.Random(3).shuffle(names)
        path = tmp_path / "cancellation-rate.xml"
        path.write_text("\t".join(f'"{name}"' for name in names) + "\n", encoding="utf-8")
        assert inspect(path).kind.value == kind
    path.write_text("Impacts Account Health,Order ID,Order Date\n", encoding="utf-8")
    assert inspect(path).kind.value == "cancellation_rate"


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_spreadsheets_delimiters_and_quotes_are_read(delimiter: str, tmp_path: Path) -> None:
    row = cells("all_orders", product_name='Pan, 12" wide; blue', sku="007")
    quoted = delimiter.join('"' + row[name].replace('"', '""') + '"' for name in ALL_ORDERS)
    path = tmp_path / "a.csv"
    path.write_text(delimiter.join(ALL_ORDERS) + "\n" + quoted + "\n", encoding="utf-8")
    _, (found,), rejects = everything(path)
    assert rejects == []
    assert (found["title"], found["sku"], found["item_price"]) == ('Pan, 12" wide; blue', "007", 2050)


@pytest.mark.parametrize(
    ("given_", "title"),
    [
        ('"Pan ""XL"", red"', 'Pan "XL", red'),
        ('"Big" and "Small"', '"Big" and "Small"'),
        ('12" Pan', '12" Pan'),
        ('Pan 12"', 'Pan 12"'),
        ('"', '"'),
    ],
)
def test_quotes_of_a_spreadsheet_go_and_quotes_of_a_title_stay(given_: str, title: str, tmp_path: Path) -> None:
    _, (found,), _ = everything(write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders", product_name=given_)]))
    assert found["title"] == title


BAD = {
    "order-id": ("113-1-2", "order-id: '113-1-2' is no order id such as 113-0000001-0000001"),
    "order-item-id": ("1.2E+14", "order-item-id: '1.2E+14' was broken by a spreadsheet: download the report again"),
    "purchase-date": ("20.11.2026", "purchase-date: '20.11.2026' is no date such as 2026-11-23T14:05:00+00:00"),
    "promise-date": ("0026-11-23T10:00:00Z", "promise-date: '0026-11-23T10:00:00Z' is no date such as"),
    "quantity-purchased": ("two", "quantity-purchased: 'two' is no whole number such as 2"),
    "quantity-shipped": ("-1", "quantity-shipped: '-1' is no whole number"),
    "sales-channel": ("Amazon.example", "sales-channel: 'Amazon.example' is no marketplace that is known here"),
}
BAD_MONEY = {
    "currency": ("dollars", "currency: 'dollars' is no code such as USD"),
    " currency": ("EUR", "currency: 'EUR' is not the currency of US, which is USD"),
    "item-price": ("12,50", "item-price: '12,50' is not an amount such as 12.50"),
    "item-tax": ("1.001", "item-tax: '1.001' has more decimals than USD has"),
    "shipping-price": ("-3.00", "shipping-price: '-3.00' is below zero"),
    "shipping-tax": ("1e3", "shipping-tax: '1e3' is not an amount"),
    "quantity-purchased": ("99999999999999999999", "is no whole number"),
}


@pytest.mark.parametrize(
    ("kind", "column", "value", "reason"),
    [("unshipped", c, *v) for c, v in BAD.items()] + [("new_orders", c, *v) for c, v in BAD_MONEY.items()],
)
def test_a_bad_cell_is_listed_and_only_without_an_id_is_the_row_left_out(
    kind: str, column: str, value: str, reason: str, tmp_path: Path
) -> None:
    bad = cells(kind, 2) | {column.strip(): value}
    path = write(tmp_path / "a.txt", COLUMNS[kind], [cells(kind, 1), bad, cells(kind, 3)], end="\r\n")
    _, found, (reject,) = everything(path)
    is_id = column in ("order-id", "order-item-id")
    assert [row["line_no"] for row in found] == ([2, 4] if is_id else [2, 3, 4])
    assert (reject.file, reject.line, reject.is_taken) == (str(path), 3, not is_id)
    assert reason in reject.reason
    assert not any(word in reject.text + reject.reason for word in BUYER.values())


DAMAGE = {
    "purchase-date": ["soon", "0001-01-01"], "last-updated-date": ["yesterday"], "promise-date": ["25.11.2026"],
    "order-status": ["Verschickt"], "item-status": ["?"], "fulfillment-channel": ["Nobody"],
    "sales-channel": ["Amazon.example", "x"], "quantity": ["many"], "quantity-purchased": ["-1", "1e3"],
    "quantity-shipped": ["one"], "currency": ["dollars", "$", "XXX", "SEK"], "item-price": ["12,50", "-1", "1.005"],
    "item-tax": ["x"], "shipping-price": ["-3.00"], "shipping-tax": ["1e3"], "gift-wrap-price": ["x"],
    "gift-wrap-tax": ["x"], "item-promotion-discount": ["x"], "ship-promotion-discount": ["1.005"],
    "is-business-order": ["perhaps"], "is-prime": ["perhaps"], "is-buyer-requested-cancellation": ["perhaps"],
}  # fmt: skip
"""Columns whose cell can be damaged, every one but the ids and free text, and values that mean nothing there."""
LOST_WITH = {
    "quantity-shipped": {"status"},
    "item-status": {"quantity_shipped"},
    "quantity": {"quantity_shipped"},
    **{name: set(COMPONENTS) for name in [*PRICE_COLUMNS.values(), "currency"]},
    "is-buyer-requested-cancellation": {"request_reason"},
    "sales-channel": {"item_tax", "shipping_tax", "gift_wrap_tax"},
}
"""Facts that follow from a cell besides its own."""
FACT = {
    "purchase-date": "purchased_at", "promise-date": "ship_by", "order-status": "status", "item-status": "item_status",
    "fulfillment-channel": "channel", "sales-channel": "marketplace", "quantity-purchased": "quantity",
    "quantity-shipped": "quantity_shipped", "is-business-order": "business", "is-prime": "prime",
    "is-buyer-requested-cancellation": "buyer_request", "last-updated-date": "fact_at",
} | {column: name for name, column in PRICE_COLUMNS.items()}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@many
@given(data=st.data())
def test_a_damaged_cell_costs_its_own_value_and_no_other(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    rows = data.draw(st.lists(made(kind), min_size=1, max_size=4))
    place = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from([name for name in COLUMNS[kind] if name in DAMAGE]))
    _, sound, _ = everything(write(tmp_path / "a.txt", COLUMNS[kind], rows))
    rows[place] = rows[place] | {column: data.draw(st.sampled_from(DAMAGE[column]))}
    _, found, rejects = everything(write(tmp_path / "a.txt", COLUMNS[kind], rows))
    lost = {FACT.get(column, column)} | LOST_WITH.get(column, set())
    if column in ("purchase-date", "last-updated-date"):
        lost.add("fact_at")  # it is dated by the file, whose newest date may be the damaged one
    assert len(found) == len(sound)
    for number, (before, after) in enumerate(zip(sound, found, strict=True)):
        if number != place:
            assert {**after, "fact_at": 0} == {**before, "fact_at": 0}
            continue
        assert {name: after[name] for name in after if name not in lost} == {
            name: before[name] for name in before if name not in lost
        }
        if column == "sales-channel" and number and found[number - 1]["order_id"] == after["order_id"]:
            assert after["marketplace"] == found[number - 1]["marketplace"], "that of the same order's row before"
        elif column != "last-updated-date":
            assert after[FACT.get(column, column)] is None
    told = [(one.line, one.is_taken) for one in rejects]
    words = {"order-status", "item-status", "fulfillment-channel", "is-business-order", "is-prime"}
    if column not in words | {"is-buyer-requested-cancellation"}:  # an unknown word is told once for a file
        assert set(told) == {(place + 2, True)}


def test_a_status_whose_date_cannot_be_read_is_as_new_as_the_report(tmp_path: Path) -> None:
    rows = [cells("all_orders", 1, last_updated_date="x", order_status="Cancelled"), cells("all_orders", 2)]
    info, (bad, _), (reject,) = everything(write(tmp_path / "a.txt", ALL_ORDERS, rows))
    assert (bad["status"], bad["fact_at"], reject.is_taken) == ("cancelled", info.as_of, True)


def test_units_shipped_that_cannot_be_read_do_not_make_an_order_unshipped(tmp_path: Path) -> None:
    _, (row,), _ = everything(write(tmp_path / "a.txt", UNSHIPPED, [cells("unshipped", quantity_shipped="?")]))
    assert (row["status"], row["quantity_shipped"]) == (None, None)


def test_amounts_without_a_currency_are_unknown_and_zero_is_nothing(tmp_path: Path) -> None:
    columns = [name for name in NEW_ORDERS if name != "currency"]
    _, (row,), rejects = everything(write(tmp_path / "a.txt", columns, [cells("new_orders")]))
    assert [row[name] for name in COMPONENTS] == [None] * 8
    reasons = [one.reason for one in rejects]
    assert reasons == [
        "item-price: '20.50' is an amount without a currency", "item-tax: '1.64' is an amount without a currency"
    ]  # fmt: skip
    free = cells("all_orders", currency="", item_price="", item_tax="0.00", order_status="Cancelled")
    _, (row,), rejects = everything(write(tmp_path / "b.txt", ALL_ORDERS, [free]))
    assert (row["status"], row["item_price"], rejects) == ("cancelled", None, [])


@pytest.mark.parametrize("block_bytes", [BLOCK_BYTES, 300])
@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", ["product-name", "ship-address-1", "recipient-name", "ship-city"])
@pytest.mark.parametrize("mark", ["\n", "\n\n", "\t"])
def test_a_line_end_or_tab_in_a_text_is_named_and_moves_no_value(
    mark: str, column: str, kind: str, short: bool, block_bytes: int, tmp_path: Path
) -> None:
    columns = COLUMNS[kind]
    if column not in columns or (short and columns[-1] in PRICE_COLUMNS.values()):
        return
    path = tmp_path / "a.txt"
    sound = [cells(kind, number) for number in (1, 2, 3)]
    sound[1][column] = f"first half{' ' * len(mark)}other"
    _, wanted, _ = everything(write(path, columns, sound))
    broken = [cells(kind, number) for number in (1, 2, 3)]
    broken[1][column] = f"first half{mark}other"
    text = text_of(columns, broken)
    if short:
        lines = text.split("\n")
        last = max(index for index, line in enumerate(lines) if "0000003" in line) - 1
        lines[last] = lines[last].rsplit("\t", 1)[0]
        text = "\n".join(lines)
    path.write_text(text, encoding="utf-8")
    _, found, rejects = everything(path, block_bytes=block_bytes)
    names = [name for name in wanted[0] if name not in ("line_no", "title", "request_reason", "ship_promotion")]
    if (kind, column) == ("all_orders", "ship-city"):
        names.remove("business")  # the one fact that stands behind it is unknown
    assert [row["order_id"] for row in found] == [row["order_id"] for row in wanted]
    for row, sound_row in zip(found, wanted, strict=True):
        is_moved = mark == "\t" and kind != "all_orders" and row is found[1]
        assert all(row[name] == sound_row[name] or (is_moved and row[name] is None) for name in names)
    assert column != "product-name" or found[1]["quantity"] == wanted[1]["quantity"]
    cause = "a tab" if mark == "\t" else "a line end"
    if (kind, column) == ("all_orders", "ship-city"):
        return
    assert rejects
    assert cause in rejects[0].reason
    assert rejects[0].line == 3


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("column", ["product-name", "quantity"])
def test_a_delimiter_without_quotes_is_not_called_a_tab(column: str, delimiter: str, tmp_path: Path) -> None:
    broken = [cells("all_orders", number) for number in (1, 2, 3)]
    broken[1][column] = "1\thalf"
    path = tmp_path / "a.txt"
    path.write_text(text_of(COLUMNS["all_orders"], broken).replace("\t", delimiter), encoding="utf-8")
    _, _, rejects = everything(path)
    said = " ".join(one.reason for one in rejects)
    assert "without quotes" in said
    assert "tab" not in said


@pytest.mark.parametrize("block_bytes", [BLOCK_BYTES, 300])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("end", ["", "\r"])
def test_rows_without_a_line_end_between_them_are_left_out_and_both_named(
    end: str, kind: str, block_bytes: int, tmp_path: Path
) -> None:
    """The values at the end of the line are of the second order: they were taken for the first, as behind tabs."""
    path = tmp_path / "a.txt"
    rows = [cells(kind, number) for number in (1, 2, 3, 4)]
    _, sound, _ = everything(write(path, COLUMNS[kind], rows))
    header, one, two, three, four, *_ = text_of(COLUMNS[kind], rows).split("\n")
    path.write_text("\n".join([header, one, f"{two}{end}{three}", four, ""]), encoding="utf-8", newline="")
    _, found, (reject,) = everything(path, block_bytes=block_bytes)
    names = [name for name in sound[0] if name != "line_no"]
    assert [[row[name] for name in names] for row in found] == [[row[name] for name in names] for row in sound[::3]]
    assert (reject.line, reject.is_taken) == (3, False)
    assert "goes on with another row" in reject.reason
    assert reject.text == f"{sound[1]['order_id']} | {sound[2]['order_id']}"


@many
@given(data=st.data())
def test_buyers_never_get_past_the_reader_however_a_row_is_broken(data: st.DataObject, tmp_path: Path) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    columns = COLUMNS[kind]
    texts = []
    for number in range(1, 5):
        values = list(cells(kind, number).values())
        how = data.draw(st.sampled_from(["drop", "cut", "double", "tab", "bad"]))
        for _ in range(data.draw(st.integers(0, 3))):
            at = data.draw(st.integers(0, max(len(values) - 1, 0)))
            if not values:
                break
            if how == "drop":
                del values[at]
            elif how == "cut":
                values = values[: at + 1]
            elif how == "double":
                values.insert(at, values[at])
            elif how == "tab":
                values[at] += "\textra"
            elif columns[min(at, len(columns) - 1)] not in BUYER:
                values[at] = "\x1b[31mbad\u202e"
        texts.append("\t".join(values) or "x")
    texts.append("\t".join(cells(kind, 9).values()))
    path = tmp_path / "a.txt"
    path.write_text("\n".join(["\t".join(columns), *texts]) + "\n", encoding="utf-8")
    _, found, rejects = everything(path)
    assert len(found) + sum(not one.is_taken for one in rejects) <= len(texts)
    wide = len(columns)
    for reject in rejects:
        out = reject.reason + reject.text
        assert "\x1b" not in out
        assert "\u202e" not in out
        if texts[reject.line - 2].count("\t") + 1 != wide:
            assert not any(word in out for word in BUYER.values())
    for row in found:
        assert all("\x1b" not in str(value) and "\u202e" not in str(value) for value in row.values())
        assert not set(BUYER.values()) & set(map(str, row.values()))


@pytest.mark.parametrize("kind", KINDS)
def test_marketplace_comes_from_the_sales_channel_else_is_asked(kind: str, tmp_path: Path) -> None:
    columns = [name for name in COLUMNS[kind] if name != "sales-channel"]
    path = write(tmp_path / "a.txt", columns, [cells(kind)])
    with pytest.raises(MarketplaceNeeded) as caught:
        inspect(path)
    assert "JP" in caught.value.choices
    info, (row,), _ = everything(path, marketplace="DE")
    assert (row["marketplace"], info.marketplace) == (None, "DE")
    mixed = [cells(kind, 1), cells(kind, 2, sales_channel=""), cells(kind, 3, sales_channel="Non-Amazon US")]
    _, rows, rejects = everything(write(tmp_path / "c.txt", COLUMNS[kind], mixed))
    assert [row["marketplace"] for row in rows] == ["US", None]
    assert rejects == []
    with pytest.raises(ReportError, match="there is no marketplace 'XX'; there are: US"):
        inspect(path, marketplace="XX")


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_asked_when_every_order_is_known(kind: str, tmp_path: Path) -> None:
    columns = [name for name in COLUMNS[kind] if name != "sales-channel"]
    path = write(tmp_path / "a.txt", columns, [cells(kind, 1), cells(kind, 2)])
    known = {f"113-{number:07d}-0000009": "DE" for number in (1, 2)}
    unnamed = UnnamedOrders(lambda ids: {one: known[one] for one in ids if one in known})
    assert inspect(path, unnamed=unnamed).marketplace is None
    assert (unnamed.known, unnamed.unknown) == ({"DE"}, 0)
    del known["113-0000002-0000009"]
    with pytest.raises(MarketplaceNeeded):
        inspect(path, unnamed=unnamed)
    assert (unnamed.unknown, unnamed.prefixes) == (1, {"113"})
    assert unnamed.currencies == (set() if kind == "unshipped" else {"USD"})


def test_an_unknown_word_is_told_and_read_as_unknown(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders", n, order_status="Versandt") for n in (1, 2)])
    (batch,) = read_orders(inspect(path))
    assert [row[5] for row in batch.rows] == [None, None]
    assert batch.unknown_words == ("order-status 'Versandt' is not known here and read as unknown",)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", UnknownReport, "is empty"),
        (b"Bestellnummer\tK\xc3\xa4ufer\n1\t2\n", UnknownReport, "it reads: bestellnummer, käufer"),
        ("注文番号\t商品名\n".encode("cp932"), UnknownReport, "it reads: 注文番号, 商品名"),
        (
            b"order-id\torder-item-id\tsku\n",
            UnknownReport,
            "nearest is Unshipped orders, which also needs promise-date",
        ),
        (b"PK\x03\x04whatever", ReportError, "cannot be unpacked: it is damaged"),
        (b"\x1f\x8b\x08whatever", ReportError, "cannot be unpacked: it is damaged"),
        (b"\xff\xfeo\x00r\x00", UnknownReport, "it reads: or"),
        (b"\x7fELF\x02\x01\x00\x00\xb0\xc3 (\n", UnknownReport, "this is no text file, so no report"),
        (b"Feed Processing Summary:\n\tNumber of records processed\t\t1\n", UnknownReport, "ordertui results"),
        (b'<?xml version="1.0"?><AmazonEnvelope>', UnknownReport, "ordertui results"),
        (b"a\x1b[31mtitle\x07b\n", UnknownReport, "it reads: a[31mtitleb"),
        (b"113-0000001-0000001\tZquinn Buyerson\n", UnknownReport, "the file begins with a row, its header is missing"),
        (b"x" * 3_000_000, UnknownReport, "a line is longer than"),
    ],
)
def test_a_strange_file_is_refused_with_what_was_seen(
    content: bytes, error: type[Exception], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        inspect(path)
    assert says in str(caught.value)
    assert not any(word in str(caught.value) for word in ("\x1b", *BUYER.values()))


def test_a_file_cut_off_within_a_row_loses_only_that_row(tmp_path: Path) -> None:
    text = text_of(UNSHIPPED, [cells("unshipped", n) for n in (1, 2)])
    path = tmp_path / "a.txt"
    path.write_text(text[: text.rindex("ityville")], encoding="utf-8")
    _, found, (reject,) = everything(path)
    assert [row["line_no"] for row in found] == [2]
    wrong = "it was cut off, or a line end stands in a cell"
    assert reject.reason == f"the row has 21 values, the header has {len(UNSHIPPED)}: {wrong}"
    assert reject.text == "113-0000002-0000009"


def test_reading_holds_one_block_at_a_time(tmp_path: Path) -> None:
    rows = [cells("all_orders", n) for n in range(1, 401)]
    path = write(tmp_path / "a.txt", ALL_ORDERS, rows)
    block = 8_192
    batches = list(read_orders(inspect(path), block_bytes=block))
    widest = max(len("\t".join(row.values())) for row in rows) + 1
    assert len(batches) == -(-path.stat().st_size // block)
    assert max(len(batch.rows) for batch in batches) <= block // (widest - 20) + 1
    assert [row[0] for batch in batches for row in batch.rows] == list(range(2, 402))
    assert batches[-1].bytes_done == path.stat().st_size


def test_components_are_read_in_the_stores_order() -> None:
    assert tuple(PRICE_COLUMNS) == COMPONENTS


def test_a_row_whose_channel_is_damaged_has_the_marketplace_of_its_orders_row_before(tmp_path: Path) -> None:
    first = {"order-id": "001-0000000-0000001", "order-item-id": "1", "sku": "A", "sales-channel": "Amazon.com"}
    rows = [first, first | {"order-item-id": "2", "sales-channel": "Amazon.example"}]
    other = first | {"order-id": "001-0000000-0000002", "order-item-id": "3", "sales-channel": "Amazon.example"}
    _, found, rejects = everything(write(tmp_path / "a.txt", COLUMNS["unshipped"], [*rows, other]))
    assert [row["marketplace"] for row in found] == ["US", "US", None]
    assert len(rejects) == 2, "both are told"


@pytest.mark.parametrize("kind", ["all_orders", "unshipped"])
def test_a_row_whose_own_order_id_is_broken_is_about_no_order_that_another_cell_names(
    kind: str, tmp_path: Path
) -> None:
    """It was taken for a word on that other order, and for no word on an unknown one."""
    name = "amazon-order-id" if kind == "all_orders" else "order-id"
    rows = [cells(kind, 1), cells(kind, 2) | {name: "113-00", "sku": "113-0000007-0000007"}]
    _, taken, (reject,) = everything(write(tmp_path / "a.txt", COLUMNS[kind], rows))
    assert len(taken) == 1
    assert "113-0000007-0000007" in reject.text
    assert (reject.is_taken, reject.order_ids) == (False, ())
    rows[1] = cells(kind, 2) | {"sku": ""} | ({"order-item-id": "x"} if kind == "unshipped" else {"asin": ""})
    _, taken, rejects = everything(write(tmp_path / "b.txt", COLUMNS[kind], rows))
    assert all(one.order_ids == (rows[1][name],) for one in rejects)

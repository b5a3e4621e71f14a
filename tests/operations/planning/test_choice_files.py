"""Files of amounts name every order they act on, and hold plain numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.errors import BadInput
from ordertui.operations.session import Session
from ordertui.orders.money import parse_json_minor, parse_minor
from support.batches import session_of
from support.shops import order_id

HEADER = "order-id\tline\titem-price"


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    return session_of(tmp_path / "shop", shipped=3)


def read(session: Session, folder: Path, *lines: str) -> object:
    path = folder / "amounts.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ids = [found for n in (11, 12) if (found := session.orders.id_of(order_id(n))) is not None]
    return session.batches.read_refunds(path, ids)


def test_a_file_that_names_every_order_is_taken(shop: Session, tmp_path: Path) -> None:
    found = read(shop, tmp_path, HEADER, f"{order_id(11)}\t1\t3.00", f"{order_id(12)}\t1\t.50")
    assert set(found) == {order_id(11), order_id(12)}  # type: ignore[call-overload]


@pytest.mark.parametrize(("units", "wanted"), [("2", 2), ("", 0), ("-1", None), ("1.5", None), ("²", None)])
def test_a_file_says_how_many_units_are_cancelled(
    shop: Session, tmp_path: Path, units: str, wanted: int | None
) -> None:
    lines = [f"{HEADER}\tquantity-cancelled", *(f"{order_id(n)}\t1\t3.00\t{units}" for n in (11, 12))]
    if wanted is None:
        with pytest.raises(BadInput, match="is no whole number"):
            read(shop, tmp_path, *lines)
        return
    found = read(shop, tmp_path, *lines)
    assert isinstance(found, dict)
    assert [line.cancelled for lines in found.values() for line in lines] == [wanted, wanted]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ((HEADER, f"{order_id(11)}\t1\t3.00"), order_id(12)),
        ((HEADER,), order_id(11)),
        ((HEADER, "", "\t\t"), order_id(11)),
        (("order-id\tline\titem-price\titem-price", f"{order_id(11)}\t1\t3.00\t1.00"), "item-price more than once"),
        (("order-id\torder-id\tline", f"{order_id(11)}\t{order_id(12)}\t1"), "order-id more than once"),
        ((HEADER, f"{order_id(11)}\t1\t1_0.00"), "not an amount"),
        ((HEADER, f"{order_id(11)}\t1\t١٢.٠٠"), "not an amount"),
        ((HEADER, f"{order_id(11)}\t1\t３.00"), "not an amount"),
        ((HEADER, f"{order_id(11)}\t1\tNaN"), "not an amount"),
        ((HEADER, f"{order_id(11)}\t1\t1e999999999"), "not an amount"),
        ((HEADER, f"{order_id(11)}\t1\t1e1"), "not an amount"),
    ],
)
def test_silence_and_odd_numbers_are_refused(shop: Session, tmp_path: Path, lines: tuple[str, ...], text: str) -> None:
    with pytest.raises(BadInput, match=text):
        read(shop, tmp_path, *lines)


@pytest.mark.parametrize(
    "text", ["1_0", "١", "0x1", "1,5", "--1", "1e", "1e1", "1E+2", "", ".", "infinity", "1 0", "１"]
)
def test_no_number_is_read_where_there_is_none(text: str) -> None:
    for currency, such in (("USD", "12\\.50"), ("JPY", "1250")):
        with pytest.raises(ValueError, match=f"is not an amount such as {such}$"):
            parse_minor(text, currency)


@pytest.mark.parametrize(("text", "minor"), [("12.5", 1250), ("-3", -300), (".5", 50), (" 7. ", 700)])
def test_plain_numbers_are_read(text: str, minor: int) -> None:
    assert parse_minor(text, "USD") == parse_json_minor(text, "USD") == minor


def test_only_numbers_of_the_api_may_have_an_exponent() -> None:
    assert (parse_json_minor("1E+2", "USD"), parse_json_minor("1e3", "JPY")) == (10_000, 1000)

"""Amazon's facts that are no settings (decision 0019): each with its source, and unknown read the cautious way."""

from __future__ import annotations

from datetime import date

import pytest

from ordertui.orders.api_facts import PROGRAM_RULES, program_bars
from ordertui.orders.enums import Program
from ordertui.orders.marketplace import MARKETPLACES, PRICE_TAX, PriceTax, by_sales_channel, price_tax, price_tax_rule
from ordertui.orders.order import LinesKnown

BOTH = LinesKnown.PROGRAM_BARS_CANCEL | LinesKnown.PROGRAM_BARS_CONFIRM
INSIDE = {"UK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE", "JP"}


@pytest.mark.parametrize("code", [None, "XX", *MARKETPLACES])
def test_taxes_are_on_top_only_where_that_is_known(code: str | None) -> None:
    rule = price_tax_rule(code)
    wanted = PriceTax.ADDED if code in ("US", "CA") else PriceTax.INCLUDED if code in INSIDE else PriceTax.UNKNOWN
    assert (price_tax(code), rule.tax) == (wanted, wanted)
    assert len(rule.source) > 20
    assert date.fromisoformat(rule.checked) <= date(2026, 11, 27)
    assert PRICE_TAX.keys() <= MARKETPLACES.keys()


@pytest.mark.parametrize(
    ("channel", "code", "currency"),
    [("Amazon.eg", "EG", "EGP"), ("amazon.co.za", "ZA", "ZAR"), ("Amazon.com", "US", "USD")],
)
def test_a_sales_channel_is_a_marketplace(channel: str, code: str, currency: str) -> None:
    found = by_sales_channel(channel)
    assert found is not None
    assert (found.code, found.currency) == (code, currency)
    assert [one.code for one in MARKETPLACES.values() if by_sales_channel(one.name) != one] == []


def test_programs_bar_what_their_source_says() -> None:
    assert {program: program_bars(program) for program in Program} == {
        Program.UNKNOWN: 0, Program.NONE: 0, Program.PICKUP: LinesKnown.PROGRAM_BARS_CONFIRM,
        **dict.fromkeys((Program.EASY_SHIP, Program.SHIP_PLUS, Program.DELIVERY_BY_AMAZON), BOTH),
    }  # fmt: skip
    for rule in PROGRAM_RULES.values():
        assert len(rule.source) > 20
        assert date.fromisoformat(rule.checked) <= date(2026, 11, 27)

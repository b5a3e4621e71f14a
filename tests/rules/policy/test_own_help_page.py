"""A help page is cited at the marketplace's own Seller Central, and where it was read otherwise is said."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.policy.edition import own_help_page
from support.shops import all_orders_row, bring, open_session, order_id

PAGE = "https://sellercentral.amazon.co.jp/gp/help/external/RXAS2XTAYEF77BG?language=en_JP"


@pytest.mark.parametrize(
    ("url", "marketplace", "cited"),
    [
        (PAGE, "US", "https://sellercentral.amazon.com/gp/help/external/RXAS2XTAYEF77BG"),
        (PAGE, "DE", "https://sellercentral.amazon.de/gp/help/external/RXAS2XTAYEF77BG"),
        (PAGE, "JP", PAGE),
        (PAGE, "??", PAGE),
        (
            "https://sellercentral.amazon.com/gp/help/external/help.html?itemID=202072550&language=en_US",
            "UK",
            "https://sellercentral.amazon.co.uk/gp/help/external/help.html?itemID=202072550",
        ),
        ("https://sellercentral.amazon.com/forums/t/x/694871", "JP", "https://sellercentral.amazon.com/forums/t/x/694871"),
        ("https://developer-docs.amazon.com/gp/help/1", "JP", "https://developer-docs.amazon.com/gp/help/1"),
    ],
)  # fmt: skip
def test_only_the_place_of_a_help_page_changes(url: str, marketplace: str, cited: str) -> None:
    assert own_help_page(url, marketplace) == cited


@pytest.mark.parametrize("code", ["US", "DE", "JP", "IN", "AE"])
def test_no_order_cites_the_help_page_of_another_place(tmp_path: Path, code: str) -> None:
    with open_session(tmp_path) as session:
        bring(session, tmp_path, everything=[all_orders_row(1, "Shipped", market=code)])
        assert _hosts(session, 1) == {MARKETPLACES[code].seller_central}


def test_marketplaces_that_decide_alike_cite_each_its_own_page(tmp_path: Path) -> None:
    """A situation was explained once for all of them, with the page of the marketplace that was asked for first."""
    codes = ("UK", "US", "DE")
    with open_session(tmp_path) as session:
        rows = [all_orders_row(number, "Shipped", market=code) for number, code in enumerate(codes)]
        bring(session, tmp_path, everything=rows)
        for number, code in enumerate(codes):
            assert _hosts(session, number) == {MARKETPLACES[code].seller_central}


def _hosts(session: Session, number: int) -> set[str | None]:
    """Return the hosts of the help pages that an order cites."""
    found = set()
    for text in _sources(session, number):
        address = text.split(", https://")[1].split(" ")[0] if ", https://" in text else ""
        if "/gp/help/" in address:
            found.add(urlsplit(f"https://{address}").hostname)
            assert "it was read at" not in text or text.index("(read ") < text.index("it was read at")
    return found


def _sources(session: Session, number: int) -> list[str]:
    order = session.orders.get(order_id(number))
    assert order is not None
    found = [verdict.source for verdict in session.eligibility.verdicts(order.row, order.lines)]
    found += [session.planner.explain(order, action).source for action in Action]
    assert any("/gp/help/" in text for text in found), "help pages are cited"
    return found

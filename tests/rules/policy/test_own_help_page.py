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
        for text in _sources(session):
            address = text.split(", https://")[1].split(" ")[0] if ", https://" in text else ""
            if "/gp/help/" in address:
                assert urlsplit(f"https://{address}").hostname == MARKETPLACES[code].seller_central, text
                assert "it was read at" not in text or text.index("(read ") < text.index("it was read at")


def _sources(session: Session) -> list[str]:
    order = session.orders.get(order_id(1))
    assert order is not None
    found = [verdict.source for verdict in session.eligibility.verdicts(order.row, order.lines)]
    found += [session.planner.explain(order, action).source for action in Action]
    assert any("/gp/help/" in text for text in found), "help pages are cited"
    return found

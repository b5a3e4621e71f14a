"""A shortage on stores: who is read, who is chosen and why, on the command line too."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.errors import BadInput
from ordertui.operations.marks import IdSet
from ordertui.operations.rate.counting import ALWAYS, ChosenOrders, RateCounting
from ordertui.operations.session import Session
from ordertui.operations.shortage.reasons import WeighedOrder, WeighedReasons
from ordertui.operations.shortage.stock_file import read_stock
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.orders.enums import Action
from ordertui.rules.shortage import Harm, WaitingOrder, Weigher, Why
from support.cli import AS_OF, EXAMPLES, Command
from support.shops import all_orders_row, bring, open_session, unshipped_row

MUG = "MUG-BLUE"


@pytest.fixture
def shop(tmp_path: Path) -> Command:
    command = Command(tmp_path)
    command.bring("US")
    return command


def test_the_sheet_of_the_examples(shop: Command) -> None:
    """Four mugs can be cancelled; two buyers asked, so with two on hand nobody else is touched."""
    rows = {row["order_id"]: row for row in shop.json("shortage", "--sku", MUG, "--available", "0")}
    assert {row["choice"] for row in rows.values()} <= {"cancel", "keep"}
    asked = [row for row in rows.values() if row["reason"] == "requested"]
    assert asked
    assert all(row["choice"] == "cancel" and row["counts"] is False for row in asked)
    assert all(row["counts"] is None for row in rows.values() if row["choice"] == "keep"), "a kept order counts nowhere"
    denied = [row for row in rows.values() if row["reason"] == "denied"]
    assert all(row["why"].startswith("kept because it may not be cancelled: ") for row in denied)


def test_ids_go_into_a_plan(shop: Command) -> None:
    ids, plan = shop.folder / "ids.txt", shop.folder / "plan.json"
    shop.ok("shortage", "--sku", MUG, "--available", "1", "-o", ids)
    chosen = ids.read_text(encoding="utf-8").split()
    assert chosen
    shop.ok("plan", "cancel", "--ids", ids, "--reason", "NoInventory", "-o", plan)
    again = shop.run("shortage", "--sku", MUG, "--available", "1", "-o", ids)
    assert again.code != 0, "an existing file is not overwritten"


def test_by_hand(shop: Command) -> None:
    before = shop.json("shortage", "--sku", MUG, "--available", "2")
    free = [row["order_id"] for row in before if row["reason"] == "least_harm"]
    if not free:
        before = shop.json("shortage", "--sku", MUG, "--available", "0")
        free = [row["order_id"] for row in before if row["reason"] == "least_harm"]
    after = {r["order_id"]: r for r in shop.json("shortage", "--sku", MUG, "--available", "0", "--keep", free[0])}
    assert (after[free[0]]["choice"], after[free[0]]["reason"]) == ("keep", "by_hand")


def test_what_a_policy_file_protects_goes_last_and_what_it_prefers_first(shop: Command) -> None:
    every = shop.json("shortage", "--sku", MUG, "--available", "0")
    free = {row["order_id"] for row in every if row["reason"] == "least_harm"}
    fewer = sum(int(row["units"].split()[0]) for row in every if row["reason"] != "requested") - 1
    words = ("shortage", "--sku", MUG, "--available", str(fewer))
    (chosen,) = (row["order_id"] for row in shop.json(*words) if row["reason"] == "least_harm")
    other = min(free - {chosen})
    house, settings = shop.folder / "house.toml", shop.folder / "settings.toml"
    settings.write_text(f'policy_file = "{house}"\n', encoding="utf-8")

    def rows(rules: str) -> dict[str, str]:
        house.write_text(f"[shortage]\n{rules}\n", encoding="utf-8")
        done = shop.run(*words, "--format", "tsv", ORDERTUI_CONFIG=str(settings))
        assert done.code == 0, done.stderr
        return {line.split("\t")[0]: line for line in done.stdout.splitlines()}

    found = rows(f'protect = ["{chosen}"]')
    assert "\tkeep\t" in found[chosen]
    assert "your policy file protects it" in found[chosen]
    found = rows(f'prefer = ["{other}"]')
    assert "\tcancel\t" in found[other]
    assert "your policy file prefers to cancel it" in found[other]
    assert f"your policy file prefers to cancel others, such as {other}" in found[chosen]
    found = rows(f'protect = ["{other}"]\nprefer = ["{other}"]')
    assert "\tkeep\t" in found[other], "to protect it goes before"


@pytest.mark.parametrize(
    ("level", "known", "chosen", "kept"),
    [
        ("money", True, "it is worth less than B, which is kept", "it is worth more than A, which is chosen"),
        ("money", False, "its amount is not known and is taken as 0; B, which is kept, is worth more",
         "A, which is chosen, is taken as worth 0: its amount is not known"),
        ("urgency", True, "it ships after B, which is kept",
         "it ships before A, which is chosen"),
        ("urgency", False, "the ship-by time of B, which is kept, is not known and is taken as the earliest",
         "its ship-by time is not known and is taken as the earliest; A, which is chosen, has one"),
    ],
)  # fmt: skip
def test_a_reason_never_tells_the_unknown_as_known(level: str, known: bool, chosen: str, kept: str) -> None:
    less = Harm(0, 0, 1, 0, 0)
    more, units = less._replace(**{level: 5}), (("S", 1),)
    orders = {
        1: WeighedOrder("A", units, less, "", is_priced=known or level != "money"),
        2: WeighedOrder("B", units, more, "", is_dated=known or level != "urgency"),
    }
    result = Weigher([WaitingOrder(1, units, less), WaitingOrder(2, units, more)], {"S": 1}).weigh()
    reasons = WeighedReasons(orders, result)
    assert (reasons.chosen(1), reasons.kept(2)) == (f"chosen because {chosen}", f"kept because {kept}")


@pytest.mark.parametrize("market", ["US", "DE", "JP", "IN"])
def test_newly_counting_is_what_the_rate_says(market: str, tmp_path: Path) -> None:
    """For every order that may be cancelled and holds any SKU: the sheet's `counts` is the rate's gain of one order."""
    command = Command(tmp_path)
    command.bring(market)
    with Session.open(command.store, clock=FixedClock(parse_iso(AS_OF)), read_only=True) as session:
        skus = {row.sku: 0 for row in session.orders.rows(session.orders.find()).values() if row.sku}
        sheet = session.shortage.draft(skus).weigh()
        assert sheet.rows
        counting, store = RateCounting(session.eligibility), session.context.reader()
        for row in sheet.rows:
            if row.reason is Why.DENIED:
                assert session.eligibility.denial(session.orders.rows([row.id])[row.id], Action.CANCEL) is not None
                continue
            gain = counting.chosen_gain(store, market, ChosenOrders(IdSet((row.id,))), ALWAYS, ALWAYS)
            assert (gain.cancelled == 1) is row.counts, row.order_id


def test_handed_over_and_held_orders_wait_for_nothing(shop: Command) -> None:
    before = {row["order_id"] for row in shop.json("shortage", "--sku", MUG, "--available", "0")}
    gone, held = sorted(before)[:2]
    shop.ok("facts", "dispatched", gone, "--yes")
    plan = shop.folder / "plan.json"
    (shop.folder / "one.txt").write_text(held, encoding="utf-8")
    if shop.run("plan", "cancel", "--ids", shop.folder / "one.txt", "-o", plan).code == 0:
        shop.ok("commit", plan, "--yes", "--typed", "1")
        before.discard(held)
    before.discard(gone)
    assert {row["order_id"] for row in shop.json("shortage", "--sku", MUG, "--available", "0")} == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sku\tavailable\nA\t1\nA\t2\n", ":3: SKU 'A' is named twice"),
        ("sku\tavailable\nA\t-1\n", ":2: available: '-1' is not a number of units"),
        ("sku\tavailable\nA\t1.5\n", ":2: available: '1.5'"),
        ("sku\tavailable\nA\t\u0661\n", ":2: available:"),
        ("sku\tavailable\nA\n", ":2: 1 values, the header has 2"),
        ("sku\tavailable\tavailable\nA\t1\t2\n", ":1: the header names available more than once"),
        ("name\tunits\n", ":1: no column of SKUs and of units"),
        ("sku\tavailable\n\t5\n", ":2: sku: '' is no SKU"),
        ("sku\tavailable\nA\x00\t5\n", ":2: sku: 'A\\x00' is no SKU"),
        ("sku\tavailable\n", "no line has a SKU and its units on hand"),
        ("sku\tavailable\nA\t\n", "no line has a SKU and its units on hand"),
        ("", ":1: no column"),
    ],
)
def test_a_bad_stock_file_is_named_by_line_and_value(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "stock.tsv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        read_stock(file)
    assert said in str(error.value)


def test_amazons_listings_report(tmp_path: Path) -> None:
    file = tmp_path / "listings.txt"
    head = "item-name\titem-description\tlisting-id\tseller-sku\tprice\tquantity\topen-date"
    file.write_bytes(f"{head}\nT\xe4sse\t\t1\tA\t9.99\t3\t\nB\t\t2\tB\t1\t\t\n".encode("cp1252"))
    assert read_stock(file) == {"A": 3}


def test_amazons_own_stock_is_not_on_hand_and_a_title_may_hold_anything(tmp_path: Path) -> None:
    """A SKU that is sold from both is listed twice; a vertical tab within a title ends no line."""
    file = tmp_path / "listings.txt"
    rows = "A\tT\x0bX\t3\tDEFAULT\r\nA\tT\t50\tAMAZON_NA\r\nB\tU\u2028V\t7\tAMAZON_EU\r\n"
    file.write_bytes(f"seller-sku\titem-name\tquantity\tfulfillment-channel\r\n{rows}".encode("utf-16"))
    assert read_stock(file) == {"A": 3}


def test_a_sku_that_is_spelled_otherwise_is_named(shop: Command) -> None:
    done = shop.run("shortage", "--sku", " mug-blue", "--available", "1")
    assert f"orders wait for {MUG} too, which is spelled otherwise and not weighed" in done.stderr
    assert shop.run("shortage", "--sku", " ", "--available", "1").code == 2
    assert "spelled" not in shop.run("shortage", "--sku", MUG, "--available", "1").stderr


def test_one_stock_for_orders_of_several_marketplaces_is_told(tmp_path: Path) -> None:
    """Also where nothing is short: five units in the US do not serve Canada from another warehouse."""
    with open_session(tmp_path) as session:
        skus = {1: ("US", "A"), 2: ("CA", "A"), 3: ("US", "B"), 4: ("MX", "C")}
        everything = [all_orders_row(n, market=market, sku=sku) for n, (market, sku) in skus.items()]
        waiting = [unshipped_row(n, market=market, sku=sku) for n, (market, sku) in skus.items()]
        bring(session, tmp_path, everything=everything, open_=waiting)
        told = "units on hand of A are taken as one stock for the orders of CA, US"
        for stock in ({"A": 1, "B": 1, "C": 0}, {"A": 2}):
            assert [one for one in session.shortage.draft(stock).weigh().notes if "one stock" in one] == [told]
        assert "one stock" not in str(session.shortage.draft({"B": 0, "C": 0}).weigh().notes)


def test_ids_into_a_folder_that_is_not_there_are_refused_before_anything_is_weighed(shop: Command) -> None:
    done = shop.run("shortage", "--sku", MUG, "--available", "1", "-o", shop.folder / "none" / "ids.txt")
    assert (done.code, done.stdout) == (4, "")
    assert f"{shop.folder / 'none'}: there is no such folder" in done.stderr


def test_nothing_or_half_a_question_is_a_usage_error(shop: Command) -> None:
    for args in (
        (),
        ("--sku", "A"),
        ("--available", "1"),
        ("--sku", "A", "--available", "1", "--file", EXAMPLES / "README.md"),
    ):
        assert shop.run("shortage", *args).code == 2

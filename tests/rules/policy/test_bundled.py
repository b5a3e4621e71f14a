"""The bundled rules: an example for every row, what no row may allow, and that each row is needed."""

from __future__ import annotations

import itertools
import random
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from ordertui.orders.clock import DAY, HOUR, iso_utc, parse_iso
from ordertui.orders.enums import (
    Action,
    BuyerRequest,
    CancelledBy,
    CancelReason,
    Channel,
    Dispatched,
    OrderStatus,
    Refunded,
    YesNo,
)
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import Money
from ordertui.rules.policy.bundled import EDITIONS, read_bundled_text
from ordertui.rules.policy.edition import TABLE_SPECS, load_edition, read_edition
from ordertui.rules.policy.policy import Policies, Policy, PolicyError, load_policies
from ordertui.rules.situation import FACTS, SITUATIONS, Confirmed, Situation, situation_from_number, situation_number
from ordertui.rules.tables.table import HitPolicy
from support.shops import NOW

KEY_ALONE = re.compile(
    r"\((press |key )?[a-zA-Z]\)|\bpress [a-zA-Z]\b|: [a-zA-Z]\)|key [a-zA-Z](?!,? (or|and) `ordertui )"
)
"""A key of the screen without the command that does the same: `why` and `note` stand on the command line too."""

BASE = Situation(
    Channel.MERCHANT,
    OrderStatus.UNSHIPPED,
    Confirmed.NO,
    Dispatched.UNKNOWN,
    BuyerRequest.NONE,
    CancelledBy.NONE,
    Refunded.NONE,
    YesNo.NO,
    YesNo.UNKNOWN,
)
ORDERS: dict[str, dict[str, Any]] = {
    "fba": {"channel": Channel.AMAZON},
    "who ships unknown": {"channel": Channel.UNKNOWN},
    "pending": {"status": OrderStatus.PENDING},
    "here": {"dispatched": Dispatched.NO},
    "waiting": {},
    "left": {"dispatched": Dispatched.YES},
    "some confirmed": {"confirmed": Confirmed.SOME},
    "some confirmed, here": {"confirmed": Confirmed.SOME, "dispatched": Dispatched.NO},
    "some confirmed, left": {"confirmed": Confirmed.SOME, "dispatched": Dispatched.YES},
    "some confirmed, paid back": {"confirmed": Confirmed.SOME, "refunded": Refunded.FULL},
    "confirmed unknown": {"confirmed": Confirmed.UNKNOWN},
    "all units confirmed": {"confirmed": Confirmed.ALL},
    "part": {"status": OrderStatus.PARTIALLY_SHIPPED, "confirmed": Confirmed.SOME},
    "part, here": {"status": OrderStatus.PARTIALLY_SHIPPED, "confirmed": Confirmed.SOME, "dispatched": Dispatched.NO},
    "part, left": {"status": OrderStatus.PARTIALLY_SHIPPED, "confirmed": Confirmed.SOME, "dispatched": Dispatched.YES},
    "shipped": {"status": OrderStatus.SHIPPED, "confirmed": Confirmed.ALL},
    "shipped, here": {"status": OrderStatus.SHIPPED, "confirmed": Confirmed.ALL, "dispatched": Dispatched.NO},
    "shipped, paid back": {"status": OrderStatus.SHIPPED, "confirmed": Confirmed.ALL, "refunded": Refunded.FULL},
    "cancelled": {"status": OrderStatus.CANCELLED},
    "unfulfillable": {"status": OrderStatus.UNFULFILLABLE, "confirmed": Confirmed.UNKNOWN},
    "status unknown": {"status": OrderStatus.UNKNOWN, "confirmed": Confirmed.UNKNOWN},
    "asked officially": {"buyer_request": BuyerRequest.OFFICIAL},
    "asked by message": {"buyer_request": BuyerRequest.MESSAGE},
    "request unknown": {"buyer_request": BuyerRequest.UNKNOWN},
    "asked for some items": {"buyer_request": BuyerRequest.SOME},
}
# order: rule and what to do instead (`+` allowed) for cancel, refund, confirm, message
EXPECTED = {
    "fba": "A1 R1 S1 M1",
    "who ships unknown": "A2 R2 S2 M2",
    "pending": "A3 R3 S3 M3",
    "here": "A4+ R4:cancel S6:cancel M9:cancel",
    "waiting": "A5+ R4:cancel S5 M9:cancel",
    "left": "A6:confirm R5:confirm S4+ M4:confirm",
    "some confirmed": "A7:refund R6+ S5 M13+",
    "some confirmed, here": "A7:refund R6+ S7:refund M14:refund",
    "some confirmed, left": "A7:refund R6+ S4+ M4:confirm",
    "some confirmed, paid back": "A7 R11 S5 M13+",
    "confirmed unknown": "A7 R12 S5 M9",
    "all units confirmed": "A7:refund R6+ S9 M13+",
    "part": "A8:refund R7+ S5 M5+",
    "part, here": "A8:refund R7+ S8:refund M6:refund",
    "part, left": "A8:refund R7+ S4+ M5+",
    "shipped": "A9:refund R8+ S10 M5+",
    "shipped, here": "A9:refund R9+ S10 M6:refund",
    "shipped, paid back": "A9 R10 S10 M5+",
    "cancelled": "A10 R13 S11 M10",
    "unfulfillable": "A11 R14 S12 M11",
    "status unknown": "A12 R14 S12 M11",
    "asked officially": "A5+ R4:cancel S5 M8:cancel",
    "asked by message": "A5+ R4:cancel S5 M7+",
    "request unknown": "A5+ R4:cancel S5 M9:cancel",
    "asked for some items": "A5+ R4:cancel S5 M12",
}
CANCELLED = {"status": OrderStatus.CANCELLED}
HISTORY: dict[str, tuple[dict[str, Any], YesNo]] = {
    "H1": ({}, YesNo.NO),
    "H2": (CANCELLED | {"cancelled_by": CancelledBy.SELLER}, YesNo.YES),
    "H3": (CANCELLED | {"cancelled_by": CancelledBy.AUTO}, YesNo.YES),
    "H4": (CANCELLED | {"cancelled_by": CancelledBy.BUYER}, YesNo.NO),
    "H5": (CANCELLED | {"cancelled_by": CancelledBy.AMAZON}, YesNo.NO),
    "H6": (CANCELLED | {"cancelled_by": CancelledBy.UNKNOWN}, YesNo.UNKNOWN),
    "H7": (CANCELLED | {"cancelled_by": CancelledBy.SELLER, "buyer_request": BuyerRequest.OFFICIAL}, YesNo.NO),
    "H8": (CANCELLED | {"cancelled_by": CancelledBy.BUYER, "amazon_counts": YesNo.YES}, YesNo.YES),
    "H9": (CANCELLED | {"cancelled_by": CancelledBy.SELLER, "amazon_counts": YesNo.NO}, YesNo.NO),
}
COUNTS = {
    "C1": (BuyerRequest.OFFICIAL, YesNo.NO),
    "C2": (BuyerRequest.NONE, YesNo.YES),
    "C3": (BuyerRequest.MESSAGE, YesNo.YES),
    "C4": (BuyerRequest.UNKNOWN, YesNo.YES),
    "C5": (BuyerRequest.SOME, YesNo.YES),
}


def all_situations() -> Iterator[Situation]:
    """Yield every situation there can be."""
    for values in itertools.product(*FACTS.values()):
        yield Situation(*values)  # type: ignore[arg-type]


def policy(code: str = "US", edition: str = "amazon", now: int = NOW) -> Policy:
    return load_policies(edition, now=lambda: now).of(code)


def words(rules: Policy, order: Situation) -> str:
    found = []
    for verdict in rules.verdicts(order):
        instead = f":{verdict.instead.value}" if verdict.instead else ""
        found.append(verdict.rule + ("+" if verdict.allowed else instead))
    return " ".join(found)


@pytest.mark.parametrize("name", list(ORDERS))
def test_the_verdict_of_an_order(name: str) -> None:
    assert words(policy(), BASE._replace(**ORDERS[name])) == EXPECTED[name]


@pytest.mark.parametrize("rule", list(HISTORY))
def test_whether_a_cancelled_order_counted(rule: str) -> None:
    change, counts = HISTORY[rule]
    order = BASE._replace(**change)
    assert policy().counts_history(order) is counts
    if order.status is OrderStatus.CANCELLED:
        found = policy().explain(order, Action.CANCEL)
        assert (found.counts_rule, found.counts) == (rule, counts)


@pytest.mark.parametrize("rule", list(COUNTS))
def test_whether_cancelling_would_count(rule: str) -> None:
    request, counts = COUNTS[rule]
    verdict = policy().verdict(BASE._replace(buyer_request=request), Action.CANCEL)
    assert (verdict.counts_rule, verdict.counts) == (rule, counts)


def test_a_replacement_is_warned_about() -> None:
    assert "replacement" in policy().verdict(BASE._replace(replacement=YesNo.YES), Action.CANCEL).note
    assert "replacement" not in policy().verdict(BASE, Action.CANCEL).note


def test_effects_of_a_plan() -> None:
    assert policy().restocks("NoInventory")[0] is YesNo.NO
    assert all(policy().restocks(r.value)[0] is YesNo.YES for r in CancelReason if r is not CancelReason.NO_INVENTORY)
    assert [policy().mails(action) for action in Action] == [1, 1, 1, 0]


@pytest.mark.parametrize(
    ("code", "action", "counts", "late", "percent"),
    [
        ("IN", Action.CANCEL, True, 0, 100),
        ("IN", Action.CANCEL, True, -3, 100),
        ("IN", Action.CANCEL, True, 1, 150),
        ("IN", Action.CANCEL, True, None, 150),
        ("IN", Action.CANCEL, False, 9, 0),
        ("US", Action.CANCEL, True, 9, 0),
        ("IN", Action.REFUND, True, 9, 0),
        ("SA", Action.CANCEL, True, 0, None),
        ("SA", Action.CANCEL, False, 9, 0),
        ("SA", Action.REFUND, True, 9, 0),
    ],
)
def test_the_fee(code: str, action: Action, counts: bool, late: int | None, percent: int | None) -> None:
    assert policy(code).referral_fee_percent(action, counts, late, Money(100, "INR"))[0] == percent


def test_every_row_has_an_example() -> None:
    shown = {re.split(r"[+:]", word)[0] for line in EXPECTED.values() for word in line.split()}
    shown |= {*HISTORY, *COUNTS, "W1", "K1", "K2", "E1", "E2", "E3", "E4", "F1", "F2", "F3", "F4", "F5", "F6", "F7"}
    assert {row.id for table in load_edition("amazon").tables.values() for row in table.rows} == shown


def rows_of_text(text: str) -> list[tuple[str, int, int]]:
    """Id, start and end of every row in the text of an edition."""
    starts = [m.start() for m in re.finditer(r"^\[\[table\.", text, re.MULTILINE)]
    found = []
    for start in starts:
        end = text.find("\n\n", start)
        ident = re.search(r'^id = "(\w+)"', text[start:end], re.MULTILINE)
        assert ident is not None
        found.append((ident[1], start, end))
    return found


TEXT = read_bundled_text("amazon")[0]


@pytest.mark.parametrize(
    ("ident", "start", "end"), rows_of_text(TEXT), ids=lambda v: str(v) if isinstance(v, str) else ""
)
def test_no_row_can_be_dropped(ident: str, start: int, end: int) -> None:
    """Without the row the checker finds the gap; a row of the one COLLECT table is missed by its verdict."""
    text = TEXT[:start] + TEXT[end:]
    if ident == "W1":
        with pytest.raises(PolicyError, match="table warn has no rows"):
            read_edition(text, "amazon.toml")
        return
    with pytest.raises(PolicyError, match="no row fits"):
        read_edition(text, "amazon.toml")


@pytest.mark.parametrize("number", range(TEXT.count("[[never]]")))
def test_what_is_never_allowed(number: int) -> None:
    """For every situation, over all editions; and each `never` refuses a row that would break it."""
    checks: tuple[tuple[Action, Callable[[Situation], bool]], ...] = (
        (Action.CANCEL, lambda s: s.confirmed is not Confirmed.NO),
        (Action.CANCEL, lambda s: s.channel is not Channel.MERCHANT),
        (Action.CANCEL, lambda s: s.dispatched is Dispatched.YES),
        (Action.REFUND, lambda s: s.refunded is Refunded.FULL),
    )
    action, forbidden = checks[number]
    table = load_edition("amazon").tables[action.value]
    hit = 0
    for order in all_situations():
        if forbidden(order):
            hit += 1
            assert table.row((*order, "US")).then["allowed"] is False
    assert hit


def test_every_table_answers_every_situation_once() -> None:
    for edition in EDITIONS:
        for name, table in load_edition(edition).tables.items():
            if TABLE_SPECS[name].facts[0].name == "channel" and table.hit is HitPolicy.UNIQUE:
                for number in range(0, SITUATIONS, 7):
                    assert table.row((*situation_from_number(number), "JP"))


def test_numbers_and_situations_are_one_to_one() -> None:
    rng = random.Random(1)
    for number in rng.sample(range(SITUATIONS), 500):
        assert situation_number(situation_from_number(number)) == number
    assert len(list(all_situations())) == SITUATIONS
    assert list(FACTS) == list(Situation._fields)
    with pytest.raises(ValueError, match="no situation number"):
        situation_from_number(SITUATIONS)


def test_the_memo_is_the_table() -> None:
    rules = policy("DE")
    for number in random.Random(2).sample(range(SITUATIONS), 400):
        order = situation_from_number(number)
        for _ in range(2):
            for verdict in rules.verdicts(order):
                row = rules.table(verdict.action.value).row((*order, "DE"))
                assert (verdict.rule, verdict.allowed) == (row.id, row.then["allowed"])


@pytest.mark.parametrize("number", range(0, SITUATIONS, 1201))
def test_instead_is_always_something_that_may_be_done(number: int) -> None:
    found = policy().verdicts(situation_from_number(number))
    for verdict in found:
        if verdict.instead is not None:
            assert not verdict.allowed
            assert found[list(Action).index(verdict.instead)].allowed


@pytest.mark.parametrize("code", list(MARKETPLACES))
def test_every_value_has_a_source_and_a_day(code: str) -> None:
    for setting in policy(code).settings():
        assert setting.source
        assert setting.checked_on <= date(2026, 11, 28)


def test_values_grow_stale() -> None:
    rules = policy()
    assert rules.stale(NOW) == []
    later = rules.stale(NOW + 181 * DAY)
    assert {"rate_target", "auto_cancel"} <= {setting.name for setting in later}
    assert "near" not in {setting.name for setting in later}


def test_india_and_japan_have_their_own_values() -> None:
    assert (policy("IN").values.rate_target, policy("IN").values.rate_days) == (
        policy("US").values.rate_target * 4 / 5,
        (7, 30),
    )
    assert policy("JP").values.buyer_cancel_minutes == 5
    assert next(s for s in policy("BR").settings() if s.name == "rate_target").inherited_from
    assert next(s for s in policy("IN").settings() if s.name == "rate_target").inherited_from is None


def test_the_articles_edition_differs_in_the_deadline_only() -> None:
    ship_by = parse_iso("2026-11-02T08:00:00Z")
    article, today = policy(edition="article"), policy()
    assert article.auto_cancel_at(ship_by) == ship_by + 30 * DAY
    assert article.latest_auto_cancel_at(ship_by) == ship_by + 30 * DAY
    assert today.auto_cancel_at(ship_by) == parse_iso("2026-11-09T08:00:00Z"), "seven days, as the help page says"
    assert today.latest_auto_cancel_at(ship_by) == parse_iso("2026-11-12T08:00:00Z")  # Veterans Day does not count
    differing = {a.name for a, b in zip(article.settings(), today.settings(), strict=True) if a.value != b.value}
    assert differing == {"auto_cancel", "auto_cancel_earliest"}
    order = BASE._replace(dispatched=Dispatched.YES)
    assert [v.rule for v in article.verdicts(order)] == [v.rule for v in today.verdicts(order)]


def test_what_was_in_force_then() -> None:
    """The seven business days are in force since 2020-09-30 in the marketplace's zone; a running program changes with
    the day.
    """
    moment = [parse_iso("2020-09-30T06:59:59Z")]
    policies: Policies = load_policies(now=lambda: moment[0])
    before = policies.of("US")
    assert next(s.value for s in before.settings() if s.name == "auto_cancel") == "30 days"
    moment[0] += 1
    assert next(s.value for s in policies.of("US").settings() if s.name == "auto_cancel") == "7 business days"
    assert policies.of("US") is policies.of("US")


READ = {
    # rate target, its days, auto-cancel at the latest and at the earliest, minutes a buyer has, Prime, Premium Shipping
    "US": ("0.025", "7", "7 business days", "7 days", "30", "0.005", "same"),
    "CA": ("0.025", "7", "7 business days", "7 days", "30", "0.005", "same"),
    "UK": ("0.025", "7", "7 business days", "7 days", "30", "0.005", "same"),
    "DE": ("0.025", "7", "7 business days", "7 days", "30", "0.005", "same"),
    "AU": ("0.025", "7", "7 business days", "7 days", "30", "0.005", "unknown"),
    "AE": ("0.025", "7", "7 business days", "1 business days", "30", "0.005", "same"),
    "SA": ("0.025", "7", "7 business days", "3 days", "30", "0.005", "same"),
    "JP": ("0.025", "7", "7 business days", "7 days", "5", "0.01", "same"),
    "IN": ("0.02", "7, 30", "24 hours", "0 hours", "30", "0.005", "same"),
}
"""What the sources say, read again on 2026-11-27; where they disagree, both are here."""


@pytest.mark.parametrize("code", READ)
def test_each_value_is_what_its_source_says_and_the_cautious_one_acts(code: str) -> None:
    found = {one.name: one for one in policy(code).settings()}
    names = (
        "rate_target", "rate_days", "auto_cancel", "auto_cancel_earliest", "buyer_cancel_minutes",
        "prime_cancel_target", "premium_cancel_target",
    )  # fmt: skip
    assert tuple(found[name].value for name in names) == READ[code]
    everywhere = {
        "late_shipment_target": "0.04", "late_shipment_days": "10, 30", "valid_tracking_target": "0.95",
        "valid_tracking_days": "30", "on_time_delivery_target": "0.90", "on_time_delivery_days": "14",
        "offer_removal": "2 cancels, 30 days",
    }  # fmt: skip
    assert {name: found[name].value for name in everywhere} == everywhere
    rules, friday = policy(code), parse_iso("2026-11-20T10:00:00Z")
    earliest, latest = rules.auto_cancel_at(friday), rules.latest_auto_cancel_at(friday)
    assert earliest is not None
    assert latest is not None
    assert friday <= earliest < latest


@pytest.mark.parametrize("code", MARKETPLACES)
def test_an_order_is_taken_as_gone_only_after_the_latest_auto_cancel(code: str) -> None:
    """Whatever day it is due on: weekends and holidays lie between the two times."""
    rules = policy(code)
    wait = rules.values.auto_cancelled_hours * HOUR
    for day in range(731):
        due = NOW + day * DAY
        earliest, latest = rules.auto_cancel_at(due), rules.latest_auto_cancel_at(due)
        assert earliest is not None
        assert latest is not None
        assert earliest <= latest <= earliest + wait, iso_utc(due)


def test_a_value_is_cited_with_the_day_on_which_it_was_read_itself() -> None:
    for code in READ:
        for one in policy(code).settings():
            assert f"(read {one.checked_on})" in one.source, one.name


def test_a_reason_that_names_a_key_names_the_command_too() -> None:
    assert KEY_ALONE.search("mark it first (d)")
    assert KEY_ALONE.search("say that it is here again: d)")
    assert not KEY_ALONE.search("say so first (key d, or `ordertui facts dispatched`)")
    texts = [
        row[name]
        for table in tomllib.loads(read_bundled_text("amazon")[0])["table"].values()
        for row in table["row"]
        for name in ("why", "note")
        if name in row
    ]
    assert texts
    assert [text for text in texts if KEY_ALONE.search(text)] == []

"""SQL and predicate give the same orders for random filters over random orders, unknown facts included."""

from __future__ import annotations

import operator
import random
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.orders.batch_state import NEVER_LEFT, OpenAction, RowState
from ordertui.orders.enums import (
    Action,
    BuyerRequest,
    CancelledBy,
    Channel,
    Dispatched,
    OrderStatus,
    Program,
    Refunded,
    Verge,
    YesNo,
)
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import Money
from ordertui.orders.order import LineAmounts, Order, OrderLine, OrderRow
from ordertui.rules.language import Condition, format_condition, parse, predicate
from ordertui.rules.language.ast import Pattern
from ordertui.rules.language.fields import FIELDS, FieldKind
from ordertui.store import Decisions
from ordertui.store.repositories.filter_sql import compile_filter

NOW, ZONE = 1_795_000_000, "America/Los_Angeles"
ZONES = {code: MARKETPLACES[code].zone for code in ("US", "CA", "DE", "JP")}
"""Not of the UK: orders of a marketplace that is not named have the days of ZONE."""
CURRENCIES = ("USD", "EUR", "JPY")
WORDS = ("ABC-1", "abc_1", "AB%C", "a!b", "Übertopf", "ÜBER", "größe", "yoga mat", "ヨガマット", "a*b", "x\\y", 'q"t')
TIMES = tuple(NOW + d for d in (-604_801, -604_800, -172_800, -86_400, -1, 0, 1, 86_400, 172_800, 9_000_000))
ASCII_AND_MORE = st.text(alphabet="abAB%_!*üÜß- 1", min_size=1, max_size=5)

SCHEMA = """
CREATE TABLE orders (id INTEGER PRIMARY KEY, order_id TEXT, marketplace TEXT, channel TEXT, status TEXT,
  purchased_at INTEGER, ship_by INTEGER, auto_cancel_at INTEGER, items INTEGER, total INTEGER, currency TEXT,
  dispatched TEXT, buyer_request TEXT, cancelled_by TEXT, refunded TEXT, replacement TEXT, business TEXT, prime TEXT,
  situation INTEGER, state TEXT, amazon_counts TEXT, program TEXT, open_action TEXT, verge TEXT, named_at INTEGER,
  missing TEXT, units_shipped INTEGER);
CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT, asin TEXT, title TEXT);
CREATE TABLE lines (order_id INTEGER, product_id INTEGER, status TEXT, quantity INTEGER);
CREATE TABLE operator_facts (order_id INTEGER, note TEXT);
CREATE TABLE batch_rows (batch INTEGER, order_id INTEGER, state TEXT, is_open INTEGER, reason TEXT,
  code TEXT, text TEXT);
"""


def situation(row: OrderRow) -> int:
    return list(OrderStatus).index(row.status) * 10 + list(BuyerRequest).index(row.buyer_request)


def numbers(kind: str, value: str) -> Sequence[int]:
    """A made-up policy; `message` is never allowed, so that its list is empty."""
    if kind == "counts":
        return [n for n in range(70) if (n % 3 == 0) is (value == "yes")]
    return {"cancel": [10, 11, 12, 13], "refund": [20, 30, 31], "confirm": [11, 21], "message": []}[value]


def situations(kind: str, value: str) -> list[tuple[tuple[str, ...] | None, Sequence[int]]]:
    """A made-up policy: Japan counts the other way round, the rest decide alike."""
    rest = tuple(code for code in MARKETPLACES if code != "JP")
    if kind == "counts":
        other = numbers(kind, "no" if value == "yes" else "yes")
        return [(("JP",), other), (rest, numbers(kind, value))]
    return [(None, numbers(kind, value))]


SITUATIONS = {
    (kind, value): situations(kind, value)
    for kind, values in (("action", tuple(Action)), ("counts", ("yes", "no")))
    for value in values
}

MARKED = range(0, 10_000, 3)


class Everybody(dict[Pattern, range]):
    """What each login marked, whatever it is called."""

    def __missing__(self, login: Pattern) -> range:
        return range(0, 10_000, 2 + len("".join(login.parts)))


REST_CANCELLED = range(1, 10_000, 5)
DECISIONS = Decisions(
    SITUATIONS, by_rules_alone=True, marked=MARKED, rest_cancelled=REST_CANCELLED, marked_by=Everybody()
)


def ids_sql(parameter: str) -> str:
    return f"(SELECT value AS id FROM json_each({parameter}))"


def decide(row: OrderRow, kind: str, value: str) -> bool:
    return any(
        (codes is None or row.marketplace in codes) and situation(row) in found
        for codes, found in situations(kind, value)
    )


def auto_cancel_at(row: OrderRow) -> int | None:
    return None if row.ship_by is None else row.ship_by + 3_600


def make(rng: random.Random, number: int) -> Order:
    status = rng.choice(list(OrderStatus))
    words = [*WORDS, *("".join(rng.choices("abAB%_!üÜß 1", k=3)) for _ in range(3))]
    amount = rng.choice((0, 1, 49, 50, 51, 4_999, 5_000, 5_001, 5_050, -3))
    action = rng.choice((None, OpenAction(rng.choice(list(Action)), rng.choice(sorted(set(RowState) - NEVER_LEFT)))))
    row = OrderRow(
        number, f"{rng.randint(100, 130)}-{rng.choice(('1234567', '7654321'))}-{number}",
        rng.choice(("US", "DE", "JP", "UK")), rng.choice(list(Channel)), status,
        rng.choice((None, *TIMES)), rng.choice((None, *TIMES)), rng.choice((None, 0, 1, 2, 5)),
        rng.choice((None, 0, 1, 2)),
        rng.choice((None, Money(amount, rng.choice(CURRENCIES)))), rng.choice(list(Dispatched)),
        rng.choice(list(BuyerRequest)), rng.choice(list(CancelledBy)), rng.choice(list(Refunded)),
        rng.choice(list(YesNo)), rng.choice(list(YesNo)), rng.choice(list(YesNo)), None, None,
        action, 1,
        program=rng.choice(list(Program)),
        amazon_counts=rng.choice(list(YesNo)),
        verge=rng.choice(list(Verge)),
        named_at=rng.choice((None, *TIMES)),
        missing_since=rng.choice((None, NOW)),
        note=rng.choice((None, *words)),
        reason=rng.choice(words).strip(" ") if action else None,
    )  # fmt: skip
    lines = tuple(
        OrderLine(i, None, rng.choice(words), rng.choice((None, "B0ABC", "B0XYZ")), rng.choice((None, *words)),
                  rng.choice((None, 0, 1, 2)), 0, rng.choice((status, OrderStatus.CANCELLED, OrderStatus.UNKNOWN)),
                  None, None, LineAmounts(), 0, row.buyer_request, None)
        for i in range(1, rng.randint(0, 3) + 1)
    )  # fmt: skip
    return Order(row, None, lines, False, ())


def database(orders: Sequence[Order]) -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(SCHEMA)
    for order in orders:
        row = order.row
        state = row.open_action and row.open_action.state
        db.execute(
            f"INSERT INTO orders VALUES ({','.join('?' * 27)})",
            (row.id, row.order_id, row.marketplace, row.channel, row.status, row.purchased_at, row.ship_by,
             auto_cancel_at(row), row.items, row.total and row.total.minor, row.total and row.total.currency,
             row.dispatched, row.buyer_request, row.cancelled_by, row.refunded, row.replacement, row.business,
             row.prime, situation(row), state, row.amazon_counts, row.program,
             row.open_action and row.open_action.kind, row.verge, row.named_at, row.missing, row.units_shipped),
        )  # fmt: skip
        if row.note is not None:
            db.execute("INSERT INTO operator_facts VALUES (?,?)", (row.id, row.note))
        if row.reason is not None:
            db.execute("INSERT INTO batch_rows VALUES (1,?,?,0,?,'','')", (row.id, state, row.reason))
        for line in order.lines:
            made = db.execute(
                "INSERT INTO products (sku, asin, title) VALUES (?,?,?)", (line.sku, line.asin, line.title)
            )
            status = None if line.status is OrderStatus.UNKNOWN else line.status
            db.execute("INSERT INTO lines VALUES (?,?,?,?)", (row.id, made.lastrowid, status, line.quantity))
    return db


def by_sql(db: sqlite3.Connection, condition: Condition) -> list[int]:
    where, params = compile_filter(condition, DECISIONS, ids_sql)
    return [n for (n,) in db.execute(f"SELECT o.id FROM orders o WHERE {where} ORDER BY o.id", params)]


def by_python(orders: Sequence[Order], condition: Condition) -> list[int]:
    among = {"marked": MARKED, "rest-cancelled": REST_CANCELLED}
    test = predicate(condition, decide=decide, auto_cancel_at=auto_cancel_at, among=among, marked_by=Everybody())
    return [order.row.id for order in orders if test(order)]


def _values(name: str) -> st.SearchStrategy[str]:
    spec = FIELDS[name]
    if spec.kind in (FieldKind.CHOICE, FieldKind.SITUATION, FieldKind.FLAG):
        one = st.sampled_from([*spec.values, *spec.aliases])
        if spec.kind is FieldKind.FLAG:
            return one.map(lambda v: f"{name}:{v}")
        return st.lists(one, min_size=1, max_size=2).map(lambda vs: f"{name}:{','.join(vs)}")
    if spec.kind in (FieldKind.EXACT, FieldKind.CONTAINS):
        return _texts().map(lambda t: f"{name}:{t}")
    op = st.sampled_from([":", "<", "<=", ">", ">="])
    if spec.kind is FieldKind.MONEY:
        edges = st.sampled_from(["0", "0.01", "0.49", "0.5", "49.99", "50", "50.5", "50.01", "51"])
        value = st.builds(str.__add__, edges, st.sampled_from(["", "USD", "EUR"])) | st.sampled_from(["50JPY", "51jpy"])
    elif spec.kind is FieldKind.INTEGER:
        value = st.sampled_from(["0", "1", "2", "9"])
    else:
        value = st.sampled_from(["2d", "1w", "24h", "today", "yesterday", "2026-11-18", "1990-01-01"])
        stretch = st.sampled_from(["last-7d", "next-2d", "last-24h", "unknown"]).map(lambda v: f"{name}:{v}")
        return st.builds(lambda o, v: name + o + v, op, value) | stretch
    return st.builds(lambda o, v: name + o + v, op, value) | st.just(f"{name}:unknown")


def _texts() -> st.SearchStrategy[str]:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    words = st.sampled_from(WORDS) | ASCII_AND_MORE.filter(lambda t: bool(t.strip()))
    starred = st.sampled_from(["ABC*", "*1", "a*c", "ü*", "Ü*f", "*ß*", "*%*", "1*7*1", "*_1", "b0*"])
    return words.map(quoted) | starred


atoms = st.one_of(*(_values(name) for name in FIELDS), _texts(), st.sampled_from(["late", "prime", "buyer-requested"]))
filters = st.recursive(
    atoms,
    lambda inner: st.one_of(
        inner.map(lambda f: f"-({f})"),
        st.builds(lambda a, b: f"({a} {b})", inner, inner),
        st.builds(lambda a, b: f"({a} or {b})", inner, inner),
    ),
    max_leaves=6,
)

MANY = [make(random.Random(number), number) for number in range(1, 301)]


@pytest.fixture(scope="module")
def many() -> sqlite3.Connection:
    return database(MANY)


@given(text=filters)
@settings(max_examples=300, deadline=None)
def test_sql_equals_predicate_over_many_orders(many: sqlite3.Connection, text: str) -> None:
    condition = parse(text, now=NOW, zone=ZONE, zones=ZONES, marks=True)
    found = by_sql(many, condition)
    assert found == by_python(MANY, condition)
    assert parse(format_condition(condition), now=NOW, zone=ZONE, zones=ZONES, marks=True) == condition
    negated = by_sql(many, parse(f"-({text})", now=NOW, zone=ZONE, zones=ZONES, marks=True))
    assert sorted(found + negated) == [order.row.id for order in MANY]


OPS = {":": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@given(
    field=st.sampled_from([("placed", "purchased_at"), ("ship-by", "ship_by")]),
    op=st.sampled_from(list(OPS)),
    word=st.sampled_from(["today", "yesterday", "tomorrow", "2026-11-17", "2026-11-18", "2026-11-19"]),
    now=st.integers(NOW - 86_400, NOW + 86_400),
)
@settings(max_examples=100, deadline=None)
def test_a_day_is_that_of_each_orders_own_marketplace(field: tuple[str, str], op: str, word: str, now: int) -> None:
    def fits(row: OrderRow) -> bool:
        zone, moment = ZoneInfo(ZONES.get(row.marketplace, ZONE)), getattr(row, field[1])
        day = datetime.fromtimestamp(now, zone).date() + timedelta(
            {"yesterday": -1, "today": 0, "tomorrow": 1}.get(word, 0)
        )
        asked = date.fromisoformat(word) if word.startswith("2") else day
        return moment is not None and OPS[op](datetime.fromtimestamp(moment, zone).date(), asked)

    hours = [NOW + hour * 3_600 for hour in range(-72, 72)]
    orders = [
        msgspec.structs.replace(one, row=msgspec.structs.replace(one.row, **{field[1]: rng.choice((None, *hours))}))
        for rng, one in ((random.Random(one.row.id), one) for one in MANY)
    ]
    condition = parse(f"{field[0]}{op}{word}", now=now, zone=ZONE, zones=ZONES)
    db = database(orders)
    try:
        found = by_sql(db, condition)
        assert found == by_python(orders, condition) == [one.row.id for one in orders if fits(one.row)]
        turned = by_sql(db, parse(f"-{field[0]}{op}{word}", now=now, zone=ZONE, zones=ZONES))
        assert sorted(found + turned) == [one.row.id for one in orders]
    finally:
        db.close()


@given(text=filters, seeds=st.lists(st.integers(0, 10_000), max_size=6))
@settings(max_examples=150, deadline=None)
def test_sql_equals_predicate_over_drawn_orders(text: str, seeds: list[int]) -> None:
    orders = [make(random.Random(seed), number) for number, seed in enumerate(seeds, 1)]
    condition = parse(text, now=NOW, zone=ZONE, zones=ZONES, marks=True)
    db = database(orders)
    try:
        assert by_sql(db, condition) == by_python(orders, condition)
    finally:
        db.close()


@pytest.mark.parametrize("name", list(FIELDS))
def test_every_field_tells_some_orders_from_others(many: sqlite3.Connection, name: str) -> None:
    examples = {"sku": "abc*", "asin": "b0abc", "title": "yoga", "id": "113-*", "total": "50", "items": "2",
                "placed": "last-7d", "ship-by": "2d", "auto-cancel": "2d", "counts": "no",
                "known": "last-7d", "note": "yoga", "reason": "yoga",
                "marked-by": "ana"}  # fmt: skip
    value = examples.get(name) or next(iter(FIELDS[name].values or FIELDS[name].aliases))
    condition = parse(f"{name}:{value}", now=NOW, zone=ZONE, zones=ZONES, marks=True)
    found = by_sql(many, condition)
    assert found == by_python(MANY, condition)
    assert 0 < len(found) < len(MANY)


@pytest.mark.parametrize("text", ["'; DROP TABLE orders;--", 'sku:"\' OR 1=1"', 'title:":f0"', "id:x'--"])
def test_nothing_typed_reaches_the_sql(many: sqlite3.Connection, text: str) -> None:
    condition = parse(text, now=NOW, zone=ZONE, zones=ZONES, marks=True)
    where, params = compile_filter(condition, DECISIONS, ids_sql)
    assert "DROP" not in where
    assert "1=1" not in where
    assert set(params) == {f"f{n}" for n in range(len(params))}
    assert by_sql(many, condition) == by_python(MANY, condition)


DEEP = (
    "-(" * 20 + '"a"' + ")" * 20,
    "-(late or " * 19 + "total>50" + ")" * 19,
    "".join("(late or " if n % 2 else "(-late " for n in range(39)) + "yoga" + ")" * 39,
    "".join("(-sku:a* or " if n % 2 else "(-total>1 " for n in range(39)) + "-yoga" + ")" * 39,
    "".join("-(late " if n % 2 else "-(total>1 or " for n in range(19)) + "auto-cancel<2d" + ")" * 19,
    "(" * 4 + " or ".join(["((late or total>50) (prime or (items>1 -late)))"] * 30) + ")" * 4,
)


def test_the_longest_filters_stay_within_sqlites_limits(many: sqlite3.Connection) -> None:
    for text in ("sku:a* " * 200, " or ".join(["-late"] * 200), "counts:yes " * 150, *DEEP):
        condition = parse(text, now=NOW, zone=ZONE, zones=ZONES, marks=True)
        assert by_sql(many, condition) == by_python(MANY, condition)


def test_always_and_an_empty_policy_answer(many: sqlite3.Connection) -> None:
    assert len(by_sql(many, parse("", now=NOW, zone=ZONE, zones=ZONES, marks=True))) == len(MANY)
    assert by_sql(many, parse("action:message", now=NOW, zone=ZONE, zones=ZONES, marks=True)) == []
    assert len(by_sql(many, parse("-action:message", now=NOW, zone=ZONE, zones=ZONES, marks=True))) == len(MANY)


def test_a_plain_comparison_can_use_an_index(many: sqlite3.Connection) -> None:
    many.execute("CREATE INDEX IF NOT EXISTS by_status ON orders (status, purchased_at)")
    condition = parse("status:unshipped placed:last-7d", now=NOW, zone=ZONE, zones=ZONES, marks=True)
    where, params = compile_filter(condition, DECISIONS, ids_sql)
    plan = " ".join(
        row[3] for row in many.execute(f"EXPLAIN QUERY PLAN SELECT o.id FROM orders o WHERE {where}", params)
    )
    assert "by_status" in plan

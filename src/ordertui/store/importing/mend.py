"""Mend what older versions kept wrong in a store that was migrated, and say what changed.

Until version 10 a row whose item id came again, was new or had lost a leading zero made another line, and until 20 so
did a SKU that was spelled otherwise. A marketplace given by hand was kept as if Amazon had named it. Lines are joined
only where it is certain that they are one item; orders of batches are left as they are, because the journal names their
lines. What is not certain, or not changed, is listed. Of a store of any older version, what is kept of orders but
follows from other facts is worked out again: the rules of it may have changed without a step of the schema.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ordertui.files import replace_file
from ordertui.orders.clock import DAY, iso_utc
from ordertui.orders.enums import ReportKind
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import format_money
from ordertui.orders.text import guard_formula, pluralize, spelling
from ordertui.store.engine.database import Database, as_parameter
from ordertui.store.engine.migrations import BEFORE, LATEST, MEND_KEY
from ordertui.store.importing import statements as sql

from .fields import LINE_DATES, LINE_FIELDS, ORDER_DATES, columns
from .staging import Staging
from .tables import LINE_REGISTERS, ORDER_REGISTERS

if TYPE_CHECKING:
    from ordertui.store.repositories.audit import AuditLog

NAMES_EVERY_LINE = ReportKind.ALL_ORDERS.bit | ReportKind.NEW_ORDERS.bit
"""Reports that give the price of every line of an order."""
_PROMOTIONS = ("item_promotion", "ship_promotion")
LAST_WRONG = 23
"""The last version that kept lines, marketplaces or dates wrong: a store of a later one has none of that to mend."""
_WORDS = {"buyer_request": "buyer's request", "cancelled_by": "cancelled by", "refunded": "refunded"}
"""Columns of `orders` that hold what follows from other facts in a word, and how they are called."""
_AUDITED = 1_000
"""Orders that the record in the audit names; the file has all."""


class Change(NamedTuple):
    """An order that was mended, or left as it was, and why."""

    order_id: str
    what: str
    was: str
    now: str


class StoredLine(NamedTuple):
    """A line as the store keeps it."""

    order: int
    order_id: str
    sources: int
    line: int
    product: int
    sku: str
    values: Mapping[str, object]
    """By column of LINE_REGISTERS."""

    @property
    def item(self) -> str | None:
        """The item id without leading zeros; None without one."""
        found = self.values["item_id"]
        return None if found is None else str(found).lstrip("0")

    @property
    def is_priced(self) -> bool:
        """Whether a report gave its price."""
        return self.values["item_price"] is not None

    def date(self, field: str) -> int:
        """Return when the field was last stated."""
        found = self.values[f"a_{field}"]
        return self.at if found is None else int(str(found))

    @property
    def at(self) -> int:
        """The newest date of any of its fields."""
        return int(str(self.values["at"]))


def mend(database: Database, audit: AuditLog, path: Path) -> str:
    """Mend the store in one transaction, and return what was done, for the operator; empty when nothing was.

    All changes are in a file beside the store; the audit names it.
    """
    with database.write():
        before = database.meta(MEND_KEY)
        if before is None:  # another process did it
            return ""
        changes: list[Change] = []
        if int(before) <= LAST_WRONG:
            joined, doubts = _join_lines(database)
            by_hand = list(_doubt_marketplaces(database))
            changes = [*joined, *by_hand, *_unfreeze(database), *doubts]
        changes += _derive(database)
        changes += _compare(database)
        database.execute(f"DROP TABLE IF EXISTS {BEFORE}")
        database.set_meta(MEND_KEY, None)
        if not changes:
            return ""
        counts: dict[str, set[str]] = {}
        for one in changes:
            counts.setdefault(one.what, set()).add(one.order_id)
        content = "".join(
            "\t".join(map(guard_formula, row)) + "\n" for row in (("order-id", "what", "was", "now"), *changes)
        ).encode()
        target = path.with_name(f"{path.name}-changes-from-{before}-to-{LATEST}.tsv")
        replace_file(target, content)
        facts = {
            "from": int(before), "to": LATEST, "file": target.name, "sha256": hashlib.sha256(content).hexdigest(),
            "counts": {what: len(orders) for what, orders in counts.items()},
            "orders": sorted({one.order_id for one in changes})[:_AUDITED],
        }  # fmt: skip
        audit.append("store.mended", facts)
        summary = "; ".join(f"{what}: {pluralize(len(orders))}" for what, orders in counts.items())
        return f"this store was migrated from version {before}, and numbers of it changed ({summary}); all: {target}"


def _join_lines(database: Database) -> tuple[list[Change], list[Change]]:
    """Join lines that are one item; return what changed, and what may be doubled but was left."""
    changes: list[Change] = []
    doubts: list[Change] = []
    removed: list[tuple[int, int]] = []
    kept: list[StoredLine] = []
    in_batches = {row[0] for row in database.query("SELECT DISTINCT order_id FROM batch_rows")}
    for lines in _orders_of_lines(database):
        groups, is_doubtful = one_item(lines)
        first = lines[0]
        was = f"{len(lines)} lines: {_described(lines)}"
        if len(groups) < len(lines) and first.order in in_batches:
            doubts.append(Change(first.order_id, "lines that are one item, left: a batch names them", was, was))
            continue
        merged = [joined_line(group) for group in groups]
        if len(merged) < len(lines):
            kept += [one for one, group in zip(merged, groups, strict=True) if len(group) > 1]
            removed += [(one.order, one.line) for group in groups for one in group[1:]]
            now = f"{len(merged)} lines: {_described(merged)}"
            changes.append(Change(first.order_id, "lines that were one item, joined", was, now))
        if is_doubtful:
            text = "lines that may be one item, left: look at the order in Seller Central"
            doubts.append(Change(first.order_id, text, _described(merged), _described(merged)))
    if removed:
        database.execute_many("DELETE FROM lines WHERE order_id = ? AND line = ?", removed)
        sets = ", ".join(f"{name} = ?" for name in ("product_id", *LINE_REGISTERS))
        database.execute_many(
            f"UPDATE lines SET {sets} WHERE order_id = ? AND line = ?",
            [(one.product, *(one.values[name] for name in LINE_REGISTERS), one.order, one.line) for one in kept],
        )
        database.execute("UPDATE imports SET undo = 'the store was mended since' WHERE undo = ''")
        database.execute(
            "UPDATE orders SET version = version + 1 WHERE id IN"
            f" (SELECT id FROM {database.values_sql('ids', id=int)} AS v)",
            {"ids": as_parameter(sorted({one.order for one in kept}))},
        )
    return changes, doubts


def _orders_of_lines(database: Database) -> Iterator[list[StoredLine]]:
    """Yield the lines of each order that has several."""
    found = database.stream(
        f"SELECT o.id, o.order_id, o.sources, l.line, l.product_id, p.sku, {columns('l', LINE_REGISTERS)}"
        " FROM (SELECT order_id FROM lines GROUP BY order_id HAVING count(*) > 1) s"
        " CROSS JOIN orders o CROSS JOIN lines l CROSS JOIN products p"
        " WHERE o.id = s.order_id AND l.order_id = o.id AND p.id = l.product_id ORDER BY o.id, l.line"
    )
    stored = (
        StoredLine(row[0], row[1], row[2], row[3], row[4], row[5], dict(zip(LINE_REGISTERS, row[6:], strict=True)))
        for row in found
    )
    for _, lines in groupby(stored, attrgetter("order")):
        yield list(lines)


def one_item(lines: Sequence[StoredLine]) -> tuple[list[list[StoredLine]], bool]:
    """Return the lines of an order in groups, each of one item, and whether others may be one item too.

    Lines with one item id are one item, leading zeros or not. Of two others of one SKU and quantity, the one without a
    price is the one with it, when a report gave the prices of all lines; and one without an id is the one with it, when
    a report gave the ids of all lines.
    """
    groups: dict[object, list[StoredLine]] = {}
    for line in lines:
        groups.setdefault(line.item or (line.line,), []).append(line)
    by_sku: dict[tuple[str, object], list[list[StoredLine]]] = {}
    for group in groups.values():
        whole = joined_line(group)
        by_sku.setdefault((spelling(whole.sku), whole.values["quantity"]), []).append(group)
    found: list[list[StoredLine]] = []
    is_doubtful = False
    for alike in by_sku.values():
        if len(alike) == 2 and _are_one(*(joined_line(group) for group in alike)):
            found.append(sorted((*alike[0], *alike[1]), key=attrgetter("line")))
        else:
            found += alike
            is_doubtful = is_doubtful or (len(alike) > 1 and _may_be_one([joined_line(group) for group in alike]))
    return sorted(found, key=lambda group: group[0].line), is_doubtful


def _are_one(one: StoredLine, other: StoredLine) -> bool:
    if one.is_priced != other.is_priced and one.sources & NAMES_EVERY_LINE:
        bare = other if one.is_priced else one
        return bare.item is not None and bare.values["status"] is None
    return bool(one.sources & ReportKind.NEW_ORDERS.bit) and (one.item is None) != (other.item is None)


def _may_be_one(lines: Sequence[StoredLine]) -> bool:
    """Return whether lines of one SKU and quantity differ in what reports gave, or came one after the other."""
    if len({one.is_priced for one in lines}) > 1 or len({one.item is None for one in lines}) > 1:
        return True
    first = [int(str(one.values["first_at"] or one.at)) for one in lines]
    return all(one.item for one in lines) and min(one.at for one in lines) < max(first)


def joined_line(group: Sequence[StoredLine]) -> StoredLine:
    """Return the line that these come to: of each field the newest statement, at one date the greater value.

    Of one date, promotions of different amounts add up, as those of the rows of a report do.
    """
    if len(group) == 1:
        return group[0]
    at = max(one.at for one in group)
    values: dict[str, object] = {"at": at}
    for field in LINE_FIELDS:
        known = [one for one in group if one.values[field.kept[0]] is not None]
        if not known:
            values |= dict.fromkeys((*field.kept, f"a_{field.name}"))
            continue
        newest = max(one.date(field.name) for one in known)
        current = [one for one in known if one.date(field.name) == newest]
        best = max(current, key=lambda one: tuple(_ordered(one.values[name]) for name in field.kept))
        values |= {name: best.values[name] for name in field.kept}
        values[f"a_{field.name}"] = None if newest == at else newest
        if field.name == "item_id":
            same = (str(one.values["item_id"]) for one in known if one.item == best.item)
            values["item_id"] = max(same, key=len)
        elif field.name == "price":
            for name in _PROMOTIONS:
                values[name] = sum({int(str(one.values[name] or 0)) for one in current})
    for name, choose in (("waits_at", max), ("first_at", min)):
        dates = [int(str(one.values[name])) for one in group if one.values[name] is not None]
        values[name] = choose(dates) if dates else None
    longest = max(group, key=lambda one: (len(one.sku), one.sku))
    return group[0]._replace(product=longest.product, sku=longest.sku, values=values)


def _ordered(value: object) -> tuple[bool, int, str]:
    """Return a key by which values of one column are compared; none comes first."""
    return (value is not None, value if isinstance(value, int) else 0, value if isinstance(value, str) else "")


def _described(lines: Sequence[StoredLine]) -> str:
    return "; ".join(f"{one.values['quantity']} x {one.sku} ({one.values['item_id'] or 'no item id'})" for one in lines)


def _derive(database: Database) -> Iterator[Change]:
    """Work out again what follows from other facts of orders, where the rules were others once; return what changed.

    That is orders that have several lines, or had, were cancelled, or of which money went back. `_compare` yields the
    totals and units.
    """
    staging = Staging(database, 0)
    staging.create()
    try:
        staging.empty_slice()
        registers = columns("o", ORDER_REGISTERS).replace(
            "o.marketplace", "CASE WHEN o.by_hand = 0 THEN o.marketplace END", 1
        )
        chosen = (
            "orders o WHERE o.id IN (SELECT order_id FROM lines GROUP BY order_id HAVING count(*) > 1)"
            " OR o.status = 'cancelled' OR o.refunded <> 'none'"
            " OR o.items IS DISTINCT FROM (SELECT sum(l.quantity) FROM lines l WHERE l.order_id = o.id)"
        )
        database.execute(
            f"INSERT INTO merged SELECT o.id, o.order_id, 0, {registers}, o.sources, 0, o.marketplace FROM {chosen}"
        )
        known = database.query(
            "SELECT o.marketplace, o.ship_by, max(o.auto_cancel_at) FROM orders o WHERE o.ship_by IS NOT NULL"
            " AND o.id IN (SELECT id FROM merged) GROUP BY o.marketplace, o.ship_by"
        )
        staging.fill("deadlines", known)
        derive, write = (staging.sql(statement) for statement in sql.WRITE_KNOWN)
        database.execute(derive, {"source": 0, "lists_waiting": 0})
        names = [f"{table}.{name}" for name in _WORDS for table in ("o", "x")]
        changed = database.query(
            f"SELECT o.order_id, {', '.join(names)} FROM rewritten x JOIN orders o ON o.id = x.id WHERE"
            f" {' OR '.join(f'o.{name} <> x.{name}' for name in _WORDS)} ORDER BY o.id"
        )
        database.execute(write, {"source": 0, "lists_waiting": 0})
    finally:
        staging.drop()
    for order_id, *words in changed:
        for name, was, now in zip(_WORDS.values(), words[::2], words[1::2], strict=True):
            if was != now and (name, now) != ("cancelled by", "none"):  # it is not cancelled
                yield Change(order_id, name, was, now)


def _doubt_marketplaces(database: Database) -> Iterator[Change]:
    """Let Amazon's word win over marketplaces whose currency is not that of the amounts: they were given by hand."""
    currencies = {code: one.currency for code, one in MARKETPLACES.items()}
    found = database.query(
        "SELECT o.id, o.order_id, o.marketplace, l.currency FROM lines l JOIN orders o ON o.id = l.order_id"
        " WHERE l.currency IS NOT NULL AND o.by_hand = 0 AND o.marketplace IN"
        f" (SELECT c.code FROM {database.values_sql('codes', code=str, currency=str)} AS c"
        " WHERE c.currency <> l.currency) GROUP BY o.id, o.order_id, o.marketplace, l.currency ORDER BY o.id",
        {"codes": as_parameter(currencies.items())},
    )
    ids = [row[0] for row in found]
    database.execute(
        f"UPDATE orders SET by_hand = 1, version = version + 1 WHERE id IN (SELECT id FROM"
        f" {database.values_sql('ids', id=int)} AS v)",
        {"ids": as_parameter(ids)},
    )
    for _, order_id, marketplace, currency in found:
        what = "marketplace perhaps given by hand, as the currency says: import All Orders, which names it"
        yield Change(order_id, what, f"{marketplace}, amounts in {currency}", f"{marketplace} until a report names it")


def _unfreeze(database: Database) -> Iterator[Change]:
    """Bring dates of the future down to the last import, so that newer reports are believed again.

    Such a date, of a report or of the API, made every later word on the order look older. The clock is not asked: it
    may have been given by `--as-of`.
    """
    last = database.value(int, "SELECT max(at) FROM imports")
    if last is None:
        return
    limit = last + DAY
    found = database.query(
        "SELECT o.id, o.order_id, o.at FROM orders o WHERE o.at > :limit OR o.id IN"
        " (SELECT l.order_id FROM lines l WHERE l.at > :limit) ORDER BY o.id",
        {"limit": limit},
    )
    for table, names in (
        ("orders", ("at", *ORDER_DATES, "named_at")),
        ("lines", ("at", *LINE_DATES, "waits_at", "first_at")),
    ):
        sets = ", ".join(f"{name} = CASE WHEN {name} > :limit THEN :last ELSE {name} END" for name in names)
        key = "id" if table == "orders" else "order_id"
        database.execute(
            f"UPDATE {table} SET {sets} WHERE {key} IN (SELECT id FROM {database.values_sql('ids', id=int)} AS v)",
            {"limit": limit, "last": last, "ids": as_parameter(row[0] for row in found)},
        )
    for _, order_id, at in found:
        yield Change(order_id, "dates in the future, set to the last import", iso_utc(at), iso_utc(last))


def _compare(database: Database) -> Iterator[Change]:
    """Yield the totals and units that differ from those of before the migration."""
    for order_id, currency, *figures in database.query(
        "SELECT o.order_id, coalesce(o.currency, b.currency), b.total, o.total, b.items, o.items, b.units_shipped,"
        f" o.units_shipped FROM {BEFORE} b CROSS JOIN orders o WHERE o.id = b.id AND (o.total IS DISTINCT FROM b.total"
        " OR o.items IS DISTINCT FROM b.items OR o.units_shipped IS DISTINCT FROM b.units_shipped) ORDER BY o.id"
    ):
        for what, was, now in (
            ("total", *(_money(one, currency) for one in figures[:2])),
            ("units", *map(str, figures[2:4])),
            ("units shipped", *map(str, figures[4:6])),
        ):
            if was != now:
                yield Change(order_id, what, was.replace("None", "unknown"), now.replace("None", "unknown"))


def _money(minor: int | None, currency: str | None) -> str:
    return "unknown" if minor is None else format_money(minor, currency or "")

"""What reports say together, worked out slowly and plainly: every statement is kept, and the best of them is looked up.

The store merges reports by SQL, field by field, and keeps only the winners. This model keeps all statements of all
reports, and must come to the same orders and lines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ordertui.orders.enums import ReportKind
from ordertui.orders.order import COMPONENTS
from ordertui.orders.report_row import ROW_FIELDS
from ordertui.store import Store
from ordertui.store.engine.table_layout import table_layouts
from support.imports import Report

LAYOUTS = {one.name: one for one in table_layouts()}
RANKS = ["pending", "unshipped", "unfulfillable", "partially_shipped", "shipped", "cancelled"]
WAITING = ("unshipped", "partially_shipped")
ORDER = ("marketplace", "channel", "status", "purchased_at", "ship_by", "replacement", "business", "prime")
LINE = (
    "order_item_id", "quantity", "quantity_shipped", "item_status", "currency", "price", "request", "item_promotion_id",
    "ship_promotion_id",
)  # fmt: skip
Statement = tuple[int, Any]
"""(date, value)."""


def best(said: Iterable[Statement]) -> Statement | None:
    """The newest statement; of one date the more advanced status, the lower price, else the greater value.

    None when nothing is said.
    """
    named = [(at, value) for at, value in said if value is not None]
    if named and isinstance(named[0][1], tuple) and len(named[0][1]) == len(COMPONENTS):
        newest = max(at for at, _ in named)
        return newest, min((sum(one[:6]) - sum(one[6:]), one) for at, one in named if at == newest)[1]
    return max(named, key=lambda one: (one[0], RANKS.index(one[1]) if one[1] in RANKS else -1, one[1]), default=None)


def final(said: Sequence[Statement]) -> Sequence[Statement]:
    """What counts of all that is said of an order's status: no cancellation and no shipment is taken back."""
    words = {word for _, word in said}
    last = next((word for word in ("cancelled", "shipped", "partially_shipped") if word in words), None)
    return [one for one in said if one[1] == last] if last else said


def most(said: Sequence[Statement]) -> Sequence[Statement]:
    """What counts of all that is said of the units shipped of a line: the most, which is never taken back."""
    units = [value for _, value in said if value is not None]
    return [one for one in said if one[1] == max(units)] if units else said


class SlowLine:
    """One line and all that was said of it."""

    def __init__(self) -> None:
        self.said: dict[str, list[Statement]] = {name: [] for name in LINE}
        self.skus: list[str] = []
        self.named: list[tuple[str, int]] = []
        """(kind of report, date) of each row about it."""

    @property
    def sku(self) -> str:
        return max(self.skus, key=lambda sku: (len(sku), sku))

    @property
    def item_id(self) -> str | None:
        """The newest id without its leading zeros, in its longest spelling."""
        found = best([(at, _bare(value)) for at, value in self.said["order_item_id"]])
        same = [
            value for _, value in self.said["order_item_id"] if value is not None and found and _bare(value) == found[1]
        ]
        return max(same, key=len, default=None)

    def value(self, name: str) -> Any:
        if name == "order_item_id":
            return self.item_id
        found = best(self.counting(name))
        return None if found is None else found[1]

    def counting(self, name: str) -> Sequence[Statement]:
        return most(self.said[name]) if name == "quantity_shipped" else self.said[name]

    def date(self, name: str) -> int:
        """When the winning value was last stated; -1 without one."""
        said = self.counting(name)
        if name == "order_item_id":
            said = [(at, _bare(value)) for at, value in said]
        found = best(said)
        return -1 if found is None else max(at for at, value in said if value is not None)

    @property
    def at(self) -> int:
        return max(at for _, at in self.named)

    @property
    def first_at(self) -> int:
        return min(at for _, at in self.named)

    @property
    def waits_at(self) -> int | None:
        """When an Unshipped report last named it."""
        return max((at for kind, at in self.named if kind == ReportKind.UNSHIPPED), default=None)


class SlowOrder:
    """One order and all that was said of it."""

    def __init__(self, title: Callable[[str], str | None]) -> None:
        self.title = title
        """The title of a SKU."""
        self.reported: set[str] = set()
        """The SKUs of the report at hand."""
        self.said: dict[str, list[Statement]] = {name: [] for name in ORDER}
        self.named: list[int] = []
        self.lines: list[SlowLine] = []
        self.kinds: set[str] = set()
        self.waits: list[int] = []
        """Dates of the reports of which a row says that it waits for its shipment."""

    def take(self, kind: str, as_of: int, rows: Sequence[dict[str, Any]]) -> None:
        """Take in all rows of one report about the order."""
        self.kinds.add(kind)
        self.reported = {spelled(row["sku"]) for row in rows}
        self.waits += [as_of for row in rows if row["status"] in WAITING]
        for row in rows:
            self.named.append(row["fact_at"])
            for name in ORDER:
                self.said[name].append((row["fact_at"], row[name]))
        for date in sorted({row["fact_at"] for row in rows}):
            for copy in _copies([row for row in rows if row["fact_at"] == date]):
                self._take_lines(kind, copy)

    def _take_lines(self, kind: str, rows: Sequence[dict[str, Any]]) -> None:
        """Take in rows of one date: those of another one are of another report, put into the same file."""
        groups: dict[object, list[dict[str, Any]]] = {}
        for place, row in enumerate(in_order_of_content(rows)):
            item = row["order_item_id"]
            groups.setdefault(_bare(item) if item is not None else place, []).append(row)
        about = self._lines_of(list(groups.values()))
        for group, line in zip(groups.values(), about, strict=True):
            promotions = [_sum_distinct(group, name) for name in ("item_promotion", "ship_promotion")]
            for row in group:
                at = row["fact_at"]
                line.skus.append(row["sku"])
                line.named.append((kind, at))
                price = None
                if row["item_price"] is not None:
                    price = tuple(row[name] for name in COMPONENTS)
                    if row["order_item_id"] is not None:
                        price = (*price[:6], *promotions)
                asked = None
                if row["buyer_request"] is not None:
                    asked = (row["buyer_request"], row["request_reason"] or "")
                for name in LINE[:5]:
                    line.said[name].append((at if name != "currency" or kind != "new_orders" else 0, row[name]))
                line.said["price"].append((0 if kind == "new_orders" else at, price))
                line.said["request"].append((at, asked))

    def _lines_of(self, groups: Sequence[Sequence[dict[str, Any]]]) -> list[SlowLine]:
        """The line that each group of rows is about."""
        free = list(self.lines)
        found: dict[int, SlowLine] = {}

        def same_id(row: dict[str, Any], line: SlowLine) -> bool:
            return _known(row) and line.item_id is not None and _bare(row["order_item_id"]) == _bare(line.item_id)

        def same_sku(row: dict[str, Any], line: SlowLine) -> bool:
            return bool(row["sku"] == line.sku)

        def alike(row: dict[str, Any], line: SlowLine) -> bool:
            return spelled(row["sku"]) == spelled(line.sku)

        def same_count(row: dict[str, Any], line: SlowLine) -> bool:
            return row["quantity"] is not None and row["quantity"] == line.value("quantity")

        for fits in (
            same_id,
            *(
                lambda row, line, same=same: _known(row) and line.item_id is None and same(row, line)
                for sku in (same_sku, alike)
                for same in (lambda row, line, sku=sku: sku(row, line) and same_count(row, line), sku)
            ),
            *(
                lambda row, line, sku=sku: _known(row) and sku(row, line) and same_count(row, line)
                for sku in (same_sku, alike)
            ),
            *(
                lambda row, line, same=same: not _known(row) and same(row, line)
                for sku in (same_sku, alike)
                for same in (lambda row, line, sku=sku: sku(row, line) and same_count(row, line), sku)
            ),
        ):
            for place, group in enumerate(groups):
                if place not in found:
                    line = next((one for one in free if fits(group[0], one)), None)
                    if line is not None:
                        free.remove(line)
                        found[place] = line
        left = [one for one in free if spelled(one.sku) not in self.reported]
        rows = {place: group[0] for place, group in enumerate(groups) if place not in found}
        for place, row in rows.items():
            what = self.title(row["sku"]), row["quantity"]
            same_rows = [one for one in rows.values() if (self.title(one["sku"]), one["quantity"]) == what]
            same_lines = [one for one in left if (self.title(one.sku), one.value("quantity")) == what]
            if all(what) and len(same_rows) == len(same_lines) == 1 and _known(row) != bool(same_lines[0].item_id):
                found[place] = same_lines[0]
        for place in range(len(groups)):
            if place not in found:
                found[place] = SlowLine()
                self.lines.append(found[place])
        return [found[place] for place in range(len(groups))]

    def units(self, line: SlowLine) -> int | None:
        """Units shipped of a line: what is said of it, or all of it when it no longer waits."""
        waits = [one.waits_at for one in self.lines if one.waits_at is not None]
        newest = max(waits, default=-1)
        told = max(line.waits_at or -1, line.date("quantity_shipped"), line.date("item_status"))
        replaced = any(
            one is not line and one.sku == line.sku and one.waits_at == newest and one.first_at > line.at
            for one in self.lines
        )
        if _is_active(line) and newest > told and not replaced and not self.may_stand_twice(line):
            return 1 if line.value("quantity") is None else line.value("quantity")
        return line.value("quantity_shipped")  # type: ignore[no-any-return]

    def may_stand_twice(self, line: SlowLine) -> bool:
        """Whether it may be another line's item: that has an id, it has none, and no report gave both a status."""
        return (
            line.item_id is None
            and _is_active(line)
            and any(
                one.item_id is not None
                and _is_active(one)
                and (one.value("item_status") is None or one.date("item_status") != line.date("item_status"))
                for one in self.lines
            )
        )

    def is_unsure_sum(self, line: SlowLine) -> bool:
        """Whether All Orders named another number of items of its SKU than there are with ids, or gave some prices."""

        def differs(other: SlowLine) -> bool:
            here, there = _is_active(line), _is_active(other)
            return (
                (line.value("item_status") is None) != (other.value("item_status") is None)
                or (here == there and line.date("price") != other.date("price"))
                or (here and not there and line.date("price") != line.date("item_status"))
            )

        return ReportKind.ALL_ORDERS in self.kinds and any(
            differs(one)
            for one in self.lines
            if one is not line and without_capitals(one.sku) == without_capitals(line.sku)
            if one.item_id is not None or line.item_id is not None
        )

    def facts(self) -> dict[str, Any]:
        """The order as the store keeps it, its lines sorted."""
        out: dict[str, Any] = {}
        for name in ORDER:
            said = final(self.said[name]) if name == "status" else self.said[name]
            found = best(said)
            out[name] = found[1] if found else None
            out[f"{name} since"] = max(at for at, value in said if value is not None) if found else None
        out["at"] = max(self.named)
        out["named_at"] = max((*self.waits, out["at"])) if waits(out) else None
        lines = self.lines
        out["sources"] = sum(ReportKind(kind).bit for kind in self.kinds)
        is_mixed = any(self.is_unsure_sum(one) for one in lines)
        out["items"] = None if is_mixed else _sum(line.value("quantity") for line in lines)
        is_doubtful = any(self.may_stand_twice(line) for line in lines)
        units = _sum(self.units(line) for line in lines)
        out["units_shipped"] = units or (None if is_doubtful else units)
        out["cancelled_lines"] = sum(
            line.value("item_status") == "cancelled" and _asked(line) != "official" for line in lines
        )
        active = [line for line in lines if _is_active(line)]
        currencies = {line.value("currency") for line in lines} - {None}
        paid = [line.value("price") for line in active if out["status"] != "cancelled"]
        sums = [None if one is None else sum(one[:6]) - sum(one[6:]) for one in paid]
        total: int | None = sum(one for one in sums if one is not None)
        if (
            len(currencies) != 1
            or any(one is None or one < 0 for one in sums)
            or (out["status"] != "cancelled" and ((paid and is_doubtful) or is_mixed))
        ):
            total = None
        out["total"] = total
        out["currency"] = None if total is None else currencies.pop()
        asked = {_asked(line) for line in active or lines}
        left = [line for line in active if _has_left(line)]
        if any(_asked(line) == "none" for line in active if line not in left):
            asked = {_asked(line) for line in active if line not in left or _asked(line) is not None}
        out["buyer_request"] = (
            next(iter(asked)) if asked in ({"official"}, {"none"}) else "some" if "official" in asked else "unknown"
        )
        out["lines"] = sorted(
            (
                (
                    line.sku,
                    line.at,
                    line.first_at,
                    line.waits_at,
                    *((line.value(name), None if line.value(name) is None else line.date(name)) for name in LINE),
                )
                for line in lines
            ),
            key=repr,
        )
        return out


class SlowBook:
    """All orders, and all that was said of products."""

    def __init__(self) -> None:
        self.orders: dict[str, SlowOrder] = {}
        self.products: dict[tuple[str, str], dict[str, list[Statement]]] = {}

    def take(self, report: Report) -> None:
        """Take in a report."""
        groups: dict[str, list[dict[str, Any]]] = {}
        run, last = 0, None
        for values in report.rows:
            row: dict[str, Any] = dict(zip(ROW_FIELDS, values, strict=True))
            run, last = run + (row["order_id"] != last), row["order_id"]
            row["run"] = run
            groups.setdefault(row["order_id"], []).append(row)
            said = self.products.setdefault((row["marketplace"], row["sku"]), {"asin": [], "title": []})
            for name, known in said.items():
                known.append((row["fact_at"], row[name]))
        for order_id, rows in groups.items():
            self.orders.setdefault(order_id, SlowOrder(self._title)).take(report.kind, report.as_of, rows)

    def _title(self, sku: str) -> str | None:
        found = best(one for key, said in self.products.items() if key[1] == sku for one in said["title"])
        return None if found is None else found[1]

    def facts(self) -> dict[str, Any]:
        """All orders, by id."""
        return {order_id: order.facts() for order_id, order in self.orders.items()}

    def product_words(self) -> list[tuple[Any, ...]]:
        """(marketplace, SKU, ASIN and its date, title and its date), sorted."""
        return sorted(
            ((*key, *(best(said["asin"]) or (None, None))[::-1], *(best(said["title"]) or (None, None))[::-1])
             for key, said in self.products.items()), key=repr,
        )  # fmt: skip


def waits(order: dict[str, Any]) -> bool:
    """Whether the seller is to ship the order; of others nobody asks which report named them."""
    return order["status"] in WAITING and order["channel"] != "amazon"


def _is_active(line: SlowLine) -> bool:
    """Whether anything of the line is still wanted."""
    return bool(line.value("item_status") != "cancelled" and line.value("quantity") != 0)


def _has_left(line: SlowLine) -> bool:
    """Whether all units of the line are known to be shipped."""
    units, shipped = line.value("quantity"), line.value("quantity_shipped")
    return units is not None and shipped is not None and shipped >= units


def _asked(line: SlowLine) -> str | None:
    """Whether the buyer asked for the line."""
    said = line.value("request")
    return said[0] if said else None


def in_order_of_content(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows; of those without an item id that are of one SKU, the more shipped, then the cheaper first."""

    def content(row: dict[str, Any]) -> tuple[Any, ...]:
        status = RANKS.index(row["item_status"]) if row["item_status"] in RANKS else -1
        amounts = (-1 if row[name] is None else row[name] for name in (*COMPONENTS, "quantity"))
        return (-(row["quantity_shipped"] or 0), status, *amounts, row["currency"] or "")

    found = list(rows)
    for sku in {spelled(row["sku"]) for row in rows}:
        places = [n for n, row in enumerate(rows) if not _known(row) and spelled(row["sku"]) == sku]
        for place, row in zip(places, sorted((rows[n] for n in places), key=content), strict=True):
            found[place] = row
    return found


def _known(row: dict[str, Any]) -> bool:
    return row["order_item_id"] is not None


def without_capitals(sku: str) -> str:
    """What items that All Orders may have exchanged have in common; no engine knows how accents are made."""
    return "".join(c.lower() if c.isascii() else c for c in sku.strip(" "))


def spelled(sku: str) -> str:
    """A SKU without what typing and spreadsheets change: capitals, spaces around it, how accents are made."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", sku).casefold()).strip()


def _copies(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The rows of one date, those apart that say again, where the order comes up again, what an earlier place said."""
    seen: dict[tuple[object, int], int] = {}
    within: dict[object, int] = {}
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        copy = 1
        if not _known(row):
            what = spelled(row["sku"]), row["quantity"], row["item_price"]
            twin = within[what, row["run"]] = within.get((what, row["run"]), 0) + 1
            copy = seen[what, twin] = seen.get((what, twin), 0) + 1
        found.setdefault(copy, []).append(row)
    return [found[copy] for copy in sorted(found)]


def _bare(item: str | None) -> str | None:
    return None if item is None else item.lstrip("0")


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _sum_distinct(rows: Sequence[dict[str, Any]], name: str) -> int | None:
    """The promotions of one item, each counted once."""
    found = {(row.get(f"{name}_id"), row[name]) for row in rows if row[name] is not None}
    return sum(amount for _, amount in found) if found else None


def table(store: Store, sql: str, names: Iterable[str]) -> list[dict[str, Any]]:
    return [dict(zip(names, values, strict=True)) for values in store.database.query(sql)]


def kept(store: Store) -> dict[str, Any]:
    """The orders of a store, in the form of `SlowBook.facts`."""
    lines: dict[int, list[Any]] = {}
    columns = LAYOUTS["lines"].columns
    for line in table(
        store,
        f"SELECT {', '.join(f'l.{name}' for name in columns)}, p.sku FROM lines l JOIN products p"
        " ON p.id = l.product_id",
        (*columns, "sku"),
    ):
        price = None if line["item_price"] is None else tuple(line[name] for name in COMPONENTS)
        request = None if line["buyer_request"] is None else (line["buyer_request"], line["request_reason"] or "")
        names = {"order_item_id": "item_id", "item_status": "status"}
        values = {name: line[names.get(name, name)] for name in LINE if name not in ("price", "request")}
        values |= {"price": price, "request": request}
        own = {name: line[f"a_{names.get(name, name)}"] for name in LINE}
        dates = {name: line["at"] if own[name] is None else own[name] for name in LINE}
        lines.setdefault(line["order_id"], []).append((
            line["sku"], line["at"], line["first_at"], line["waits_at"],
            *((values[name], None if values[name] is None else dates[name]) for name in LINE),
        ))  # fmt: skip
    found = {}
    columns = LAYOUTS["orders"].columns
    for order in table(store, f"SELECT {', '.join(columns)} FROM orders", columns):
        out: dict[str, Any] = {}
        for name in ORDER:
            out[name] = None if order[name] == "unknown" else order[name]
            out[f"{name} since"] = None if out[name] is None else order[f"a_{name}"] or order["at"]
        for name in (
            "at", "sources", "items", "units_shipped", "cancelled_lines", "total", "currency", "buyer_request",
        ):  # fmt: skip
            out[name] = order[name]
        out["named_at"] = order["named_at"] if waits(out) else None
        out["lines"] = sorted(lines.pop(order["id"]), key=repr)
        found[order["order_id"]] = out
    assert not lines
    return found

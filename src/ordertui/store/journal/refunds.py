"""Refunds of the journal: what was paid, what is given back, and the guard that no line gives back more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ordertui.orders.batch_state import LEFT, RowState
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS
from ordertui.orders.refund_limit import excess_text
from ordertui.store.engine.database import Database, as_parameter, in_list
from ordertui.store.engine.errors import RefundExceedsPayment
from ordertui.store.repositories.derived_facts import refunded, total_of
from ordertui.store.repositories.operator_facts import OperatorFacts
from ordertui.store.repositories.orders import NOTHING, REFUNDED, RefundedSoFar, paid_amounts, sum_refunds

from .records import NewRow, RefundProblem, RefundRow

BOOKED_AGAIN = "booked-again"
"""The code of a refund that Amazon booked more than once."""
ROWS_AT_ONCE = 5_000
"""Rows of a batch that are checked at a time: of a refund each has some objects for each of its lines."""
_LINES = (
    f"SELECT order_id, line, currency, item_id, quantity, {', '.join(COMPONENTS)} FROM lines WHERE order_id IN ({{}})"
)
_ABOVE = " OR ".join(f"f.{name} > coalesce(l.{name}, 0)" for name in COMPONENTS)
_WRITTEN_ABOVE = (
    "SELECT DISTINCT o.id, o.order_id, f.line, f.currency FROM batch_rows r CROSS JOIN orders o CROSS JOIN refunds f"
    " LEFT JOIN lines l ON l.order_id = f.order_id AND l.line = f.line"
    " WHERE o.id = r.order_id AND f.batch = r.batch AND f.order_id = r.order_id"
    f" AND r.is_open = 1 AND r.state = '{RowState.WRITTEN}' AND r.action = 'refund' AND (l.item_price IS NULL"
    " OR l.currency <> f.currency OR coalesce(f.quantity, 0) > coalesce(l.quantity, 0)"
    f" OR {total_of('f')} > {total_of('l')} OR {_ABOVE}) ORDER BY o.id, f.line"
)
"""Refunds in files that nobody uploaded which alone may be above what was paid, as the newest report has it."""
_Balance = Callable[[int, int, str], tuple[RefundedSoFar | None, RefundedSoFar]]


class RefundLedger:
    """Checks refunds against what was paid, and reads them."""

    def __init__(self, database: Database, facts: OperatorFacts) -> None:
        self._database = database
        self._facts = facts

    def check(self, rows: Sequence[NewRow], ids: Mapping[str, int]) -> None:
        """Raise RefundExceedsPayment unless these refunds may be added: the last guard.

        Together with what was given back before, a line gives back no more than was paid, in all and in each
        component, and cancels no more units than it has. `ids` are the row numbers of the orders.
        """
        lines = [(ids[row.order_id], row.order_id, refund) for row in rows for refund in row.refunds]
        if not lines:
            return
        balance, items = self._balance(row_id for row_id, _, _ in lines)
        asked: dict[tuple[int, str], RefundedSoFar] = {}
        for row_id, order_id, refund in lines:
            where = f"order {order_id}, line {refund.line}"
            paid, (amounts, units) = balance(row_id, refund.line, refund.currency)
            if paid is None:
                raise RefundExceedsPayment(f"{where}: what was paid in {refund.currency} is unknown")
            item = row_id, items.get((row_id, refund.line)) or f"line {refund.line}"
            before = asked.get(item, NOTHING)  # by other lines of this batch that are the same item
            asked[item] = before[0].plus(refund.amounts), before[1] + refund.quantity
            why = _excess(paid, (amounts.plus(asked[item][0]), units + asked[item][1]), refund.currency)
            if refund.amounts.total <= 0 or refund.quantity < 0:
                why = "nothing would go back"
            if why:
                raise RefundExceedsPayment(f"{where}: {why}")

    def add_lines(self, batch_id: int, rows: Sequence[NewRow], ids: Mapping[str, int]) -> None:
        """Insert refunds of a batch, checked in the same transaction; `name_items` follows the last ones."""
        lines = [
            (batch_id, ids[row.order_id], refund.line, refund.currency, refund.quantity,
             *(getattr(refund.amounts, name) for name in COMPONENTS))
            for row in rows for refund in row.refunds
        ]  # fmt: skip
        if lines:
            self._database.fill("refunds", ("batch", "order_id", "line", "currency", "quantity", *COMPONENTS), lines)

    def name_items(self, batch_id: int) -> None:
        """Note of each refund of a new batch the order-item-id that its line has."""
        self._database.execute(
            "UPDATE refunds SET item_id = (SELECT l.item_id FROM lines l WHERE l.order_id = refunds.order_id"
            " AND l.line = refunds.line) WHERE batch = ?",
            (batch_id,),
        )

    def set_accepted(self, batch_id: int, ids: Iterable[int], accepted: Iterable[tuple[int, int]]) -> None:
        """Note which lines of orders of a batch Amazon accepted, by row number and line, and of no others of them."""
        cleared = self._database.values_sql("ids", id=int)
        self._database.execute(
            "UPDATE refunds SET accepted = 0 WHERE batch = :batch AND accepted = 1"
            f" AND order_id IN (SELECT id FROM {cleared} AS v)",
            {"batch": batch_id, "ids": as_parameter(ids)},
        )
        lines = list(accepted)
        if lines:
            table = self._database.values_sql("lines", order_id=int, line=int)
            self._database.execute(
                f"UPDATE refunds SET accepted = 1 FROM {table} AS v WHERE refunds.batch = :batch"
                " AND refunds.order_id = v.order_id AND refunds.line = v.line",
                {"batch": batch_id, "lines": as_parameter(lines)},
            )

    def accepted_lines(self, batch_id: int) -> dict[str, set[int]]:
        """Return by order id the lines of failed refunds of a batch that Amazon accepted: they were paid back."""
        found: dict[str, set[int]] = {}
        for order_id, line in self._database.query(
            "SELECT o.order_id, f.line FROM refunds f JOIN orders o ON o.id = f.order_id JOIN batch_rows r"
            " ON r.batch = f.batch AND r.order_id = f.order_id WHERE f.batch = ? AND f.accepted = 1"
            f" AND r.state = '{RowState.ERROR}'",
            (batch_id,),
        ):
            found.setdefault(order_id, set()).add(line)
        return found

    def _balance(self, ids: Iterable[int]) -> tuple[_Balance, dict[tuple[int, int], str | None]]:
        """Return a function that gives what was paid for a line of these orders, and what went back; and the
        order-item-ids of their lines, by row number and line.

        Its arguments are row number, line and currency. What was paid, and for how many units, is None when that is not
        known in this currency.
        """
        lines, refunds = self._database.query_all_in((_LINES, REFUNDED), dict.fromkeys(ids))
        back = sum_refunds(refunds)
        paid = {(v[0], v[1], v[2]): (amounts, v[4] or 0) for v in lines if (amounts := paid_amounts(v[5:])) is not None}
        items = {(v[0], v[1]): v[3] for v in lines}
        return (
            lambda row_id, line, currency: (paid.get((row_id, line, currency)), back.get((row_id, line), NOTHING)),
            items,
        )

    # -- reading

    def find(self) -> list[RefundRow]:
        """Return the refunds that left, oldest batch first, whatever became of them."""
        found = self._database.query(
            "SELECT r.batch, o.order_id, r.state, r.currency, r.total, b.sent_at, r.word FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id"
            f" WHERE r.action = 'refund' AND r.state IN {in_list(LEFT)} AND b.sent_at IS NOT NULL"
            " AND r.currency IS NOT NULL AND r.total IS NOT NULL ORDER BY r.batch, r.pos"
        )
        return [RefundRow(v[0], v[1], RowState(v[2]), v[3], v[4], v[5], v[6] is not None) for v in found]

    def blocking_reasons(self, batch_id: int) -> dict[str, str]:
        """Return why held refunds of a batch must not leave, by order id: more would be given back than was paid."""
        found: dict[str, str] = {}
        last = self._database.value(
            int, "SELECT max(pos) FROM batch_rows WHERE batch = ? AND action = 'refund'", (batch_id,)
        )
        for first in range(0, -1 if last is None else last + 1, ROWS_AT_ONCE):
            refunds = self._database.query(
                "SELECT o.id, o.order_id, f.line, f.currency FROM batch_rows r JOIN orders o ON o.id = r.order_id"
                " JOIN refunds f ON f.batch = r.batch AND f.order_id = r.order_id"
                f" WHERE r.batch = ? AND r.pos >= ? AND r.pos < ? AND r.state = '{RowState.HELD}'"
                " ORDER BY r.pos, f.line",
                (batch_id, first, first + ROWS_AT_ONCE),
            )
            found.update(self._excesses(refunds))
        return found

    def _excesses(self, refunds: Sequence[Sequence[Any]]) -> dict[str, str]:
        """Return by order id why refunds must not be made: more would go back than was paid, or that is not known.

        `refunds`: row number, order id, line and currency of each.
        """
        found: dict[str, str] = {}
        balance, _ = self._balance(row[0] for row in refunds)
        for row_id, order_id, line, currency in refunds:
            paid, back = balance(row_id, line, currency)
            why = "what was paid is unknown now" if paid is None else _excess(paid, back, currency)
            if why:
                found[order_id] = f"line {line}: {why}"
        return found

    def find_overpaid(self) -> list[RefundProblem]:
        """Return refunds of one line that together gave back more than was paid.

        Only late or contradicting answers of Amazon, and a report with a lower price, make that possible: `check`
        refuses every refund that would.
        """
        repeated = self._database.query(
            "SELECT order_id, line, currency FROM refunds GROUP BY order_id, line, currency HAVING count(*) > 1"
            " ORDER BY order_id, line, currency"
        )
        balance, _ = self._balance(row[0] for row in repeated)
        whys: dict[int, list[str]] = {}
        for row_id, line, currency in repeated:
            paid, back = balance(row_id, line, currency)
            why = "" if paid is None else _excess(paid, back, currency)
            if why:
                whys.setdefault(row_id, []).append(f"line {line}: {why}")
        found = self._database.query_in(
            "SELECT o.id, b.id, b.marketplace, o.order_id, coalesce(b.sent_at, b.created_at) FROM orders o"
            " JOIN batches b ON b.id = (SELECT max(r.batch) FROM batch_rows r WHERE r.order_id = o.id"
            " AND r.action = 'refund') WHERE o.id IN ({}) ORDER BY o.id",
            whys,
        )
        return [
            RefundProblem(batch, Action.REFUND, market, order_id, at, why)
            for row_id, batch, market, order_id, at in found
            for why in whys[row_id]
        ]

    def find_booked_twice(self) -> list[RefundProblem]:
        """Return refunds that Amazon booked more than once, newest batch first."""
        found = self._database.query(
            "SELECT b.id, b.action, b.marketplace, o.order_id, b.sent_at, r.text FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id WHERE r.code = ? ORDER BY b.id DESC",
            (BOOKED_AGAIN,),
        )
        return [RefundProblem(v[0], Action(v[1]), *v[2:]) for v in found]

    def upload_obstacles(self) -> dict[int, str]:
        """Return why files must not be uploaded that nobody uploaded, by batch: too much would go back, or did.

        Also by a report that came after the file was written and says that less was paid.
        """
        above = self._excesses(self._database.query(_WRITTEN_ABOVE))
        whys = {order_id: f"the refund of order {order_id} is too high: {why}" for order_id, why in above.items()}
        for one in (*self.find_overpaid(), *self.find_booked_twice()):
            whys[one.order_id] = f"order {one.order_id} may be refunded already: {one.why}"
        return {
            batch: whys[order_id]
            for batch, order_id in self._database.query_in(
                "SELECT r.batch, o.order_id FROM orders o CROSS JOIN batch_rows r WHERE r.order_id = o.id"
                f" AND r.action = 'refund' AND r.state = '{RowState.WRITTEN}' AND o.order_id IN ({{}})"
                " ORDER BY r.batch, r.pos DESC",
                whys,
            )
        }

    # -- the fact of the order

    def refresh_facts(self, ids: Iterable[int]) -> None:
        """Set the fact `refunded` of these orders from the refunds that left and were not refused."""
        sql = f"SELECT o.id, {refunded('o.id')} FROM orders o WHERE o.id IN ({{}})"
        self._facts.change("refunded", dict(self._database.query_in(sql, ids)))


def _excess(paid: RefundedSoFar, back: RefundedSoFar, currency: str) -> str:
    """Return in which amount more would be given back, all refunds together, than was paid, or an empty text."""
    why = excess_text(back[0], paid[0], currency, "paid")
    if why:
        return why
    return f"{back[1]} units would be cancelled of {paid[1]}" if back[1] > paid[1] else ""

"""Refunds of the journal: what was paid, what is given back, and the guard that no line gives back more."""

from __future__ import annotations

from ordertui.orders.batch_state import LEFT, POSSIBLY_DONE, RowState
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.orders.refund_limit import excess_text
from ordertui.store.database import Database, in_list, placeholders
from ordertui.store.derived_facts import refunded
from ordertui.store.errors import RefundExceedsPayment
from ordertui.store.operator_facts import OperatorFacts
from ordertui.store.orders import NOTHING, OrderRepository, RefundedSoFar

from .records import NewRow, RefundLine, RefundProblem, RefundRow

BOOKED_AGAIN = "booked-again"
"""The code of a refund that Amazon booked more than once."""
_COMPONENT_COLUMNS = ", ".join(COMPONENTS)
_COMPONENT_SUM = " + ".join(COMPONENTS[:6]) + " - item_promotion - ship_promotion"


class RefundLedger:
    """Checks refunds against what was paid, and reads them."""

    def __init__(self, database: Database, orders: OrderRepository, facts: OperatorFacts) -> None:
        self._database = database
        self._orders = orders
        self._facts = facts

    def add_line(self, batch_id: int, row: NewRow, row_id: int, refund: RefundLine) -> None:
        """Insert one line of a refund after the last guard; raise RefundExceedsPayment.

        Together with what was given back before, a line gives back no more than was paid, in all and in each
        component, and cancels no more units than it has.
        """
        where = f"order {row.order_id}, line {refund.line}"
        paid = self._paid(row_id, refund.line, refund.currency)
        if paid is None:
            raise RefundExceedsPayment(f"{where}: what was paid in {refund.currency} is unknown")
        amounts, units = self._refunded(row_id, refund.line)
        why = _excess(paid, (amounts.plus(refund.amounts), units + refund.quantity), refund.currency)
        if refund.amounts.total <= 0 or refund.quantity < 0:
            why = "nothing would go back"
        if why:
            raise RefundExceedsPayment(f"{where}: {why}")
        values = (batch_id, row_id, refund.line, refund.currency, refund.quantity)
        values += tuple(getattr(refund.amounts, name) for name in COMPONENTS)
        self._database.execute(
            f"INSERT INTO refunds (batch, order_id, line, currency, quantity, {_COMPONENT_COLUMNS})"
            f" VALUES ({placeholders(values)})",
            values,
        )

    def _paid(self, row_id: int, line: int, currency: str) -> RefundedSoFar | None:
        """Return what was paid for a line and for how many units; None when that is not known in this currency."""
        found = self._database.query(
            f"SELECT currency, quantity, {_COMPONENT_COLUMNS} FROM lines WHERE order_id = ? AND line = ?",
            (row_id, line),
        )
        if not found or found[0][2] is None or found[0][0] != currency:
            return None
        return LineAmounts(*(part or 0 for part in found[0][2:])), found[0][1] or 0

    def _refunded(self, row_id: int, line: int) -> RefundedSoFar:
        return self._orders.refunded_so_far([row_id]).get((row_id, line), NOTHING)

    # -- reading

    def find(self) -> list[RefundRow]:
        """Return the refunds that left, oldest batch first, whatever became of them."""
        found = self._database.query(
            "SELECT r.batch, o.order_id, r.state, r.currency, r.total, b.sent_at FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id"
            f" WHERE r.action = 'refund' AND r.state IN {in_list(LEFT)} AND b.sent_at IS NOT NULL"
            " AND r.currency IS NOT NULL AND r.total IS NOT NULL ORDER BY r.batch, r.pos"
        )
        return [RefundRow(v[0], v[1], RowState(v[2]), *v[3:]) for v in found]

    def blocking_reasons(self, batch_id: int) -> dict[str, str]:
        """Return why held refunds of a batch must not leave, by order id: more would be given back than was paid."""
        found = {}
        for row_id, order_id, line, currency in self._database.query(
            "SELECT o.id, o.order_id, f.line, f.currency FROM refunds f JOIN orders o ON o.id = f.order_id"
            " JOIN batch_rows r ON r.batch = f.batch AND r.order_id = f.order_id"
            f" WHERE f.batch = ? AND r.state = '{RowState.HELD}'",
            (batch_id,),
        ):
            paid = self._paid(row_id, line, currency)
            back = self._refunded(row_id, line)
            why = "what was paid is unknown now" if paid is None else _excess(paid, back, currency)
            if why:
                found[order_id] = f"line {line}: {why}"
        return found

    def find_overpaid(self) -> list[RefundProblem]:
        """Return refunds that together gave back more than was paid.

        Only late or contradicting answers of Amazon make that possible: `add_line` refuses every refund that would.
        """
        problems = []
        for row_id, line, currency in self._database.query(
            "SELECT order_id, line, currency FROM refunds GROUP BY order_id, line, currency HAVING count(*) > 1"
        ):
            paid = self._paid(row_id, line, currency)
            why = "" if paid is None else _excess(paid, self._refunded(row_id, line), currency)
            if why:
                batch, market, order_id, at = self._database.query(
                    "SELECT b.id, b.marketplace, o.order_id, coalesce(b.sent_at, b.created_at) FROM batch_rows r"
                    " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id"
                    " WHERE r.order_id = ? AND r.action = 'refund' ORDER BY b.id DESC LIMIT 1",
                    (row_id,),
                )[0]
                problems.append(RefundProblem(batch, Action.REFUND, market, order_id, at, f"line {line}: {why}"))
        return problems

    def find_booked_twice(self) -> list[RefundProblem]:
        """Return refunds that Amazon booked more than once, newest batch first."""
        found = self._database.query(
            "SELECT b.id, b.action, b.marketplace, o.order_id, b.sent_at, r.text FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id WHERE r.code = ? ORDER BY b.id DESC",
            (BOOKED_AGAIN,),
        )
        return [RefundProblem(v[0], Action(v[1]), *v[2:]) for v in found]

    # -- the fact of the order

    def refresh_fact(self, row_id: int) -> None:
        """Set the order's fact `refunded` from the refunds that left and were not refused."""
        paid, unpriced = self._database.query(
            f"SELECT sum({_COMPONENT_SUM}), count(*) - count(item_price) FROM"
            f" (SELECT item_price, {', '.join(f'coalesce({name}, 0) AS {name}' for name in COMPONENTS[1:])}"
            " FROM lines WHERE order_id = ? AND coalesce(status, '') <> 'cancelled')",
            (row_id,),
        )[0]
        back = self._database.value(
            f"SELECT sum({_COMPONENT_SUM}) FROM refunds r JOIN batch_rows b ON b.batch = r.batch"
            f" AND b.order_id = r.order_id WHERE r.order_id = ? AND b.state IN {in_list(POSSIBLY_DONE)}",
            (row_id,),
        )
        self._facts.change(row_id, "refunded", refunded(None if unpriced else paid, back))


def _excess(paid: RefundedSoFar, back: RefundedSoFar, currency: str) -> str:
    """Return in which amount more would be given back, all refunds together, than was paid, or an empty text."""
    why = excess_text(back[0], paid[0], currency, "paid")
    if why:
        return why
    return f"{back[1]} units would be cancelled of {paid[1]}" if back[1] > paid[1] else ""

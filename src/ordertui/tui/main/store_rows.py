"""The table's rows, read from the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordertui.operations.session import Session
from ordertui.orders.enums import Action, OrderStatus
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import NOTHING_LISTED, ListedFacts, OrderRow
from ordertui.tui.render.state import Verdicts, person_sign
from ordertui.tui.widgets.order_table.columns import CellContext

AWAITING_SHIPMENT = (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED)
MOST_LISTED = 1_000
"""Orders whose listed facts are kept."""


class StoreRows:
    """The table's source of rows (`RowSource`)."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listed: dict[int, ListedFacts] = {}
        """Of the rows read last, and of those before as far as they fit."""
        self._error: Exception | None = None
        """What kept rows from being read."""
        self.is_judging = False
        """Whether the State column is filled. It is empty until the first orders are drawn: the rules are read then."""

    def take_error(self) -> Exception | None:
        """Return what kept rows from being read since this was asked last; None when nothing did.

        It is met while lines are drawn, where an error would end the program.
        """
        error, self._error = self._error, None
        return error

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        """Return the rows of these ids, ready to be asked for what their cells need. Those that cannot be read are
        left out until `take_error` told.
        """
        try:
            return self._read(ids)
        except Exception as error:
            self._error = error
            return {}

    def _read(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        found = self._session.orders.rows(ids)
        if self.is_judging:
            self._session.eligibility.rules.prefetch(found.values())
            if len(self._listed) > MOST_LISTED:
                self._listed.clear()
            listed = self._session.orders.listed(found.values())
            if self._session.config.colours:
                self._session.colours.prefetch(found.values())
            self._listed.update((row_id, listed.get(row_id, NOTHING_LISTED)) for row_id in found)
        return found

    def context(self, row: OrderRow) -> CellContext:
        """Return what the cells of a row need. The State column stays empty where that cannot be read."""
        now, zone = self._session.clock.now(), zone_of(row.marketplace)
        if self.is_judging:
            try:
                return self._judged(row, now, zone)
            except Exception as error:
                self._error = error
        return CellContext(now, zone)

    def _judged(self, row: OrderRow, now: int, zone: str) -> CellContext:
        listed = self._listed.get(row.id)
        if listed is None:
            listed = self._session.orders.listed((row,)).get(row.id, NOTHING_LISTED)
            self._listed[row.id] = listed
        colour = self._session.colours.rule_of(row) if self._session.config.colours else None
        claim = self._session.claims.of(row.id)
        claimed_by = "" if claim is None else person_sign(claim.login)
        return CellContext(now, zone, self._verdicts(row), listed, colour, claimed_by)

    def _verdicts(self, row: OrderRow) -> Verdicts:
        eligibility = self._session.eligibility
        action, denial = eligibility.allowed_action(row), ""
        if action == "-" and row.status in AWAITING_SHIPMENT:
            found = eligibility.denial(row, Action.CANCEL)
            denial = "" if found is None else found.rule
        return Verdicts(action, denial, eligibility.deadline(row))

    def now(self) -> int:
        """Return the time in epoch seconds."""
        return self._session.clock.now()

"""Facts about orders that no report tells and the operator knows."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.orders.enums import Dispatched

from .context import SessionContext


class FactService:
    """Records what the operator says of orders."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def set_dispatched(self, ids: Sequence[int], value: Dispatched) -> int:
        """Record whether parcels left. Return how many orders changed. Raises ReadOnly."""
        return self._context.writer().facts.set(ids, dispatched=value)

    def set_asked(self, ids: Sequence[int], asked: bool) -> int:
        """Record whether buyers asked by message to cancel. Return how many orders changed. Raises ReadOnly."""
        return self._context.writer().facts.set(ids, asked=asked)

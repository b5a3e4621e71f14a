"""The part of the shop for the desk: what is kept between two sittings, lists and sheets as files, an order's past and page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.orders.marketplace import seller_central_url
from ordertui.orders.order import Order, OrderRow
from ordertui.store import Store

from .workspace import Workspace

if TYPE_CHECKING:
    from .planning.plan import Batch, Plan
    from .query.timeline import Event


class DeskPart:
    """Mixed into the shop."""

    practice: bool
    read_only: bool
    folder: Path
    _store: Store

    def _reader(self) -> Store:
        raise NotImplementedError

    def rows(self, ids: Iterable[int]) -> Mapping[int, OrderRow]:
        """The rows of these ids."""
        raise NotImplementedError

    def may(self, row: OrderRow) -> str:
        """The word for what may be done."""
        raise NotImplementedError

    def outbox(self, *, open_only: bool = False) -> list[Batch]:
        """Batches."""
        raise NotImplementedError

    @property
    def desk(self) -> Workspace:
        """What the operator left on the screen: marks, saved views, filter history."""
        return Workspace(self._store.path, read_only=self.read_only)

    def ids_of(self, order_ids: Iterable[str]) -> dict[str, int]:
        """Row numbers by order id; unknown ones are left out."""
        return self._reader().orders.ids_of(order_ids)

    def export(self, ids: Sequence[int], path: Path) -> int:
        """Write these orders as CSV, TSV or JSON, by the file's suffix; gives how many. Raises BadInput, Refused (practice)."""
        from .planning.plan_file import inside_only
        from .query.export import record, write_list

        inside_only(path, self.folder if self.practice else None)
        rows = self.rows(ids)
        return write_list((record(rows[i], self.may(rows[i])) for i in ids if i in rows), path)

    def export_sheet(self, plan: Plan, path: Path) -> int:
        """Write who is in and who is out of a plan, and why; as `export`."""
        from .planning.plan_file import inside_only
        from .query.export import SHEET, sheet, write_list

        inside_only(path, self.folder if self.practice else None)
        return write_list(sheet(plan), path, SHEET)

    @staticmethod
    def link(row: OrderRow) -> str:
        """The order's page in Seller Central."""
        return seller_central_url(row.marketplace, row.order_id)

    def history(self, order: Order) -> list[Event]:
        """What is known to have happened to an order, oldest first."""
        from .query.timeline import history, messages

        said = messages(self._reader().audit.entries(order_id=order.row.order_id))
        return history(order, self.outbox(), said)

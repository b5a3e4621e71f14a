"""Sync: the store's orders brought up to date from Amazon's API. The other services of the API are beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from msgspec.structs import replace

from ordertui.amazon.spapi.cancellable_sleep import OnWait, Stop, ignore_wait, never_stop
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.errors import CallCancelled
from ordertui.amazon.spapi.order_mapping import Deadline
from ordertui.operations.reports.importer import ReportImporter
from ordertui.store import Store, StoreError

from .account import SellerAccount
from .buyer_messages import BuyerMessenger
from .connection import ApiConnection
from .order_sync import OnPage, OrderSync, SyncSummary, ignore_page
from .refund_confirmations import RefundConfirmer
from .report_sync import ReportSync
from .status import SyncStatus, sync_status

Found = TypeVar("Found")


class SyncService:
    """Syncs one store with one account, and owns the services that share its connection.

    In a read-only session only what calls nothing works. `changed` is called after orders or bookings may have changed.
    """

    def __init__(
        self,
        connection: ApiConnection,
        importer: ReportImporter,
        deadline: Deadline,
        changed: Callable[[Store], None] = lambda _: None,
    ) -> None:
        self.connection = connection
        self._changed = changed
        self.account = SellerAccount(connection)
        self.orders = OrderSync(connection, deadline)
        self.refunds = RefundConfirmer(connection)
        self.reports = ReportSync(connection, importer)
        self.messages = BuyerMessenger(connection)

    def status(self) -> SyncStatus:
        """Return how old the orders are and what is left of the quotas. Nothing is called."""
        context = self.connection.context
        return sync_status(context.reader(), self.connection.config, context.clock.now())

    def sync(
        self, *, on_page: OnPage = ignore_page, on_wait: OnWait = ignore_wait, stop: Stop = never_stop
    ) -> SyncSummary:
        """Bring the orders up to date, then confirm refunds by what Amazon booked. A stop is no error.

        Raises SpApiError, Refused, BadInput.
        """
        return self._run(lambda client: self._sync(client, on_page), on_wait=on_wait, stop=stop)

    def look_at_bookings(self) -> tuple[str, ...]:
        """Confirm refunds by what Amazon booked; return notes for the operator.

        Raises SpApiError, Refused, BadInput.
        """
        return self._run(self.refunds.run)

    def sync_order(self, order_id: str, *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop) -> SyncSummary:
        """Fetch one order as it is now. Raises SpApiError, Refused, BadInput, Stopped."""
        return self._run(lambda client: self.orders.fetch_order(client, order_id), on_wait=on_wait, stop=stop)

    def _run(
        self, work: Callable[[Client], Awaitable[Found]], *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop
    ) -> Found:
        try:
            return self.connection.run(work, on_wait=on_wait, stop=stop)
        finally:
            with suppress(StoreError):  # it would hide another error
                self._changed(self.connection.context.store)

    async def _sync(self, client: Client, on_page: OnPage) -> SyncSummary:
        found = await self.orders.run(client, on_page)
        if found.stopped:
            return found
        with suppress(CallCancelled):  # the orders are stored; the bookings are read with the next sync
            found = replace(found, notes=(*found.notes, *await self.refunds.run(client)))
        return found

"""Errors of the store. Each names the file or the order, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.orders.errors import UserError


class StoreError(UserError):
    """The store cannot do what was requested."""


class ServerUnreachable(StoreError):
    """The server of a store does not answer, or lets nobody in."""


class SchemaTooNew(StoreError):
    """The file was written by a newer version of the program."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"{path} has store version {found}, this program knows up to {known}; "
            "use the newer ordertui that wrote it, or choose another file with --store"
        )
        self.found = found
        self.known = known


class StoreLocked(StoreError):
    """Another process is writing and did not finish in time."""


class ConstraintViolated(StoreError):
    """A row contradicts a unique index or another constraint of the schema."""


class Interrupted(StoreError):
    """A read was stopped by `Store.interrupt`, because its result is no longer wanted."""


class ReadOnlyStore(StoreError):
    """A store that was opened read-only was to be changed."""


class StoreMoved(ReadOnlyStore):
    """The store's work goes on at another place."""


class UnknownBatch(StoreError):
    """There is no such batch."""


class UnknownOrder(StoreError):
    """There is no such order."""


class RecallRefused(StoreError):
    """The rows have left: only held rows can be taken back."""


class ApprovalRefused(StoreError):
    """The batch does not wait for approval, or who is at work may not decide about it."""


class BatchChanged(StoreError):
    """Another process changed the batch in the meantime."""


class FeedBusy(StoreError):
    """Another feed of this type is on its way."""


class RefundExceedsPayment(StoreError):
    """A refund would give back more for a line than was paid."""


class ActionAlreadyOpen(StoreError):
    """The order already has an action under way."""

    def __init__(self, order_id: str, batch_id: str, action: str, state: str, by: str = "") -> None:
        super().__init__(
            f"order {order_id} already has an open action: {action}, {state}, in batch {batch_id}"
            f"{f', committed by {by}' if by else ''}; undo that one, or wait for Amazon's answer"
        )
        self.order_id = order_id
        self.batch_id = batch_id
        self.action = action
        self.state = state


class VersionChanged(StoreError):
    """Orders have changed since the plan was made."""

    def __init__(self, order_ids: Sequence[str]) -> None:
        some = ", ".join(order_ids[:5]) + (", ..." if len(order_ids) > 5 else "")
        super().__init__(f"{len(order_ids)} order(s) changed since the plan: {some}; make the plan again")
        self.order_ids = tuple(order_ids)

"""What can go wrong with the store, each naming the file or the order and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.orders.errors import UserError


class StoreError(UserError):
    """The store cannot do what was asked."""


class SchemaTooNew(StoreError):
    """The file was written by a newer program."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"{path} has store version {found}, this program knows up to {known}; "
            "use the newer ordertui that wrote it, or choose another file with --store"
        )
        self.found = found
        self.known = known


class StoreLocked(StoreError):
    """Another process is writing and did not finish in time."""


class Interrupted(StoreError):
    """A reading was stopped because nobody waits for it any more."""


class ReadOnlyStore(StoreError):
    """A change was asked of a store that was opened read-only."""


class UnknownBatch(StoreError):
    """No such batch."""


class UnknownOrder(StoreError):
    """No such order."""


class RecallRefused(StoreError):
    """The rows have left: only held ones can be recalled."""


class BatchChanged(StoreError):
    """Another process changed the batch meanwhile."""


class FeedBusy(StoreError):
    """Another feed of this type is on its way."""


class RefundExceedsPayment(StoreError):
    """More would be given back for a line than was paid."""


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
    """Orders changed since the plan was made."""

    def __init__(self, order_ids: Sequence[str]) -> None:
        some = ", ".join(order_ids[:5]) + (", ..." if len(order_ids) > 5 else "")
        super().__init__(f"{len(order_ids)} order(s) changed since the plan: {some}; make the plan again")
        self.order_ids = tuple(order_ids)

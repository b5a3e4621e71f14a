"""Quotas of the API's operations, kept in the store, so that a restart or a second process does not exceed them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ordertui.amazon.spapi.operations import OPERATIONS
from ordertui.amazon.spapi.rate_limit import TokenBucket, full_bucket
from ordertui.store import Store

_KEY = "amazon:rate:"


class Quota(msgspec.Struct, frozen=True):
    """How many calls of an operation may be made now, and in how many seconds the next one may."""

    operation: str
    calls: int
    burst: int
    next_in: int
    rate: float
    """Calls a second, as published or as Amazon last named it."""


class StoredBuckets:
    """Token buckets in the store's meta table; see `amazon.spapi.rate_limit.BucketStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def change(self, operation: str, work: Callable[[TokenBucket | None], TokenBucket]) -> TokenBucket:
        """Replace the operation's bucket by the result of `work` in one transaction, and return that."""
        key = _KEY + operation
        with self._store.write():
            bucket = work(_bucket(self._store.meta(key)))
            self._store.set_meta(key, msgspec.json.encode(bucket).decode())
        return bucket


def quotas(store: Store, now: int, operations: tuple[str, ...]) -> tuple[Quota, ...]:
    """Return the quotas of these operations. `now`: epoch seconds."""
    out = []
    for name in operations:
        bucket = _bucket(store.meta(_KEY + name)) or full_bucket(OPERATIONS[name], float(now))
        bucket = bucket.refilled(float(now))
        out.append(Quota(name, max(0, int(bucket.tokens)), bucket.burst, bucket.taken(float(now)).wait, bucket.rate))
    return tuple(out)


def _bucket(text: str | None) -> TokenBucket | None:
    return msgspec.json.decode(text, type=TokenBucket) if text else None

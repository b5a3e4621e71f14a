"""Token buckets, one an operation, as Amazon runs them: they learn the account's own rate, and outlive the process.

A call takes a token before it is sent, even one that is not there yet: then it waits until it is. So two processes that
share a book never overdraw together. Amazon's `x-amzn-RateLimit-Limit` header replaces the published rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import msgspec

from .operations import Operation


class TokenBucket(msgspec.Struct, frozen=True):
    """How many calls may be made at a moment: `tokens` at time `at` (epoch seconds), `rate` more each second, at most `burst`."""

    rate: float
    burst: int
    tokens: float
    at: float

    def refilled(self, now: float) -> TokenBucket:
        """The same bucket at a later time. A clock that went back adds nothing."""
        if now <= self.at:
            return self
        return msgspec.structs.replace(
            self, tokens=min(float(self.burst), self.tokens + (now - self.at) * self.rate), at=now
        )

    def taken(self, now: float) -> TokenBucket:
        """After one call's token was taken; the level may fall below zero, then the call waits for `wait` seconds."""
        full = self.refilled(now)
        return msgspec.structs.replace(full, tokens=full.tokens - 1)

    @property
    def wait(self) -> int:
        """Whole seconds until the last token that was taken is there."""
        return 0 if self.tokens >= 0 else math.ceil(-self.tokens / self.rate)

    def emptied(self, now: float) -> TokenBucket:
        """After Amazon said 429: it counts fewer tokens than we did."""
        full = self.refilled(now)
        return msgspec.structs.replace(full, tokens=min(full.tokens, 0.0))

    def learned(self, rate: float) -> TokenBucket:
        """With the rate that Amazon named."""
        return msgspec.structs.replace(self, rate=rate)

    def returned(self) -> TokenBucket:
        """With a token given back, because its call was not made."""
        return msgspec.structs.replace(self, tokens=min(float(self.burst), self.tokens + 1))


def fresh(operation: Operation, now: float) -> TokenBucket:
    """A full bucket with the published limits."""
    return TokenBucket(operation.rate, operation.burst, float(operation.burst), now)


class BucketStore(Protocol):
    """Keeps the buckets. `change` reads, works out and writes in one step, also between processes."""

    def change(self, operation: str, work: Callable[[TokenBucket | None], TokenBucket]) -> TokenBucket:
        """Replace the operation's bucket (None: not known yet) by what `work` makes of it; gives the new one."""
        ...


class MemoryRateBook:
    """A book that is forgotten with the process."""

    def __init__(self) -> None:
        self.buckets: dict[str, TokenBucket] = {}

    def change(self, operation: str, work: Callable[[TokenBucket | None], TokenBucket]) -> TokenBucket:
        """As the protocol says."""
        self.buckets[operation] = work(self.buckets.get(operation))
        return self.buckets[operation]


def named_rate(header: str | None) -> float | None:
    """The rate of an `x-amzn-RateLimit-Limit` header; None when there is none or it is no sensible number."""
    try:
        rate = float(header or "")
    except ValueError:
        return None
    return rate if math.isfinite(rate) and rate > 0 else None

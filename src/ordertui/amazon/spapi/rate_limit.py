"""Token buckets, one for each operation, as Amazon's own rate limiter works.

A call takes a token before it is sent. When none is left it takes a future one and waits until that is due, so two
processes that share the buckets never exceed the rate together. Amazon's `x-amzn-RateLimit-Limit` header replaces the
published rate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import msgspec

from .operations import Operation

MIN_RATE, MAX_RATE = 1 / 3600, 1000.0
"""Calls a second that are believed; the lowest rate that Amazon publishes for these operations is 0.0056."""


class TokenBucket(msgspec.Struct, frozen=True):
    """Calls that may be made: `tokens` at the time `at` (epoch seconds), `rate` more each second, at most `burst`."""

    rate: float
    burst: int
    tokens: float
    at: float

    def refilled(self, now: float) -> TokenBucket:
        """Return the bucket at a later time. A clock that went back adds nothing."""
        if now <= self.at:
            return self
        return msgspec.structs.replace(
            self, tokens=min(float(self.burst), self.tokens + (now - self.at) * self.rate), at=now
        )

    def taken(self, now: float) -> TokenBucket:
        """Return the bucket with one token less. Below zero, the call has to wait for `wait` seconds."""
        full = self.refilled(now)
        return msgspec.structs.replace(full, tokens=full.tokens - 1)

    @property
    def wait(self) -> int:
        """Whole seconds until the last token that was taken is due."""
        return 0 if self.tokens >= 0 else math.ceil(-self.tokens / self.rate)

    def emptied(self, now: float) -> TokenBucket:
        """Return the bucket after a 429: Amazon counts fewer tokens than it holds, so none are left."""
        full = self.refilled(now)
        return msgspec.structs.replace(full, tokens=min(full.tokens, 0.0))

    def learned(self, rate: float) -> TokenBucket:
        """Return the bucket with the rate that Amazon named."""
        return msgspec.structs.replace(self, rate=rate)

    def returned(self) -> TokenBucket:
        """Return the bucket with a token given back, because its call was not made."""
        return msgspec.structs.replace(self, tokens=min(float(self.burst), self.tokens + 1))


def full_bucket(operation: Operation, now: float) -> TokenBucket:
    """Return a full bucket with the published limits. `now`: epoch seconds."""
    return TokenBucket(operation.rate, operation.burst, float(operation.burst), now)


class BucketStore(Protocol):
    """Keeps the buckets. `change` reads, calculates and writes in one step, also between processes."""

    def change(self, operation: str, work: Callable[[TokenBucket | None], TokenBucket]) -> TokenBucket:
        """Replace the operation's bucket (None: not known yet) by the result of `work`, and return that."""


def parse_rate_header(header: str | None) -> float | None:
    """Return the rate of an `x-amzn-RateLimit-Limit` header; None when it is missing, no number, or not believable.

    A rate near zero would make a call wait for ever, a huge one would switch the limit off.
    """
    try:
        rate = float(header or "")
    except ValueError:
        return None
    return rate if MIN_RATE <= rate <= MAX_RATE else None

"""The client: one call of one operation, paced, authorised, checked. What is not the expected answer is an error."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ordertui.orders.clock import Clock
from ordertui.orders.text import to_single_line

from .auth import Credentials, Tokens
from .endpoints import Endpoints
from .errors import (
    BadAnswer,
    CallCancelled,
    Denied,
    NoAnswer,
    NotSent,
    Rejected,
    ServerTrouble,
    SpApiError,
    Throttled,
    TokenRefused,
)
from .operations import Operation, Repeat
from .rate_limit import BucketStore, MemoryRateBook, TokenBucket, fresh, named_rate
from .schemas import Created, Problems
from .transport import Answer, Timeouts, Transport

Body = TypeVar("Body")
Result = TypeVar("Result")
TRIES = 4
"""How often a safe operation is called before its error is the answer."""
_LONGEST_TEXT = 300
_LISTEN = 0.25
"""Seconds after which a call under way hears a stop."""


class Waiting:
    """How the client waits: in short steps, so that a stop is heard; it says for what. Tests put simulated time here."""

    def __init__(
        self,
        *,
        stop: Callable[[], bool] = lambda: False,
        told: Callable[[str, int], None] = lambda operation, seconds: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        step: float = 0.5,
    ) -> None:
        self._stop = stop
        self._told = told
        self._sleep = sleep
        self._step = step

    async def pause(self, operation: str, seconds: int) -> None:
        """Wait. Raises CallStopped when the operator stops it."""
        if self._stop():
            raise CallCancelled
        if seconds <= 0:
            return
        self._told(operation, seconds)
        left = float(seconds)
        while left > 0:
            await self._sleep(min(self._step, left))
            left -= self._step
            if self._stop():
                raise CallCancelled

    async def during(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Await work that may be given up at any moment, and hear a stop meanwhile. Raises CallStopped."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_LISTEN))[0]:
                if self._stop():
                    raise CallCancelled
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})


class Client:
    """Calls operations of one account. Use it as an async context manager, in one event loop."""

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        clock: Clock,
        *,
        rates: BucketStore | None = None,
        waiting: Waiting | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.endpoints = endpoints
        self.transport = Transport(endpoints, timeouts)
        self.waiting = waiting or Waiting()
        self._clock = clock
        self._rates = rates or MemoryRateBook()
        self._tokens = Tokens(self.transport, endpoints, credentials, clock)

    async def __aenter__(self) -> Client:
        await self.transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.transport.__aexit__(kind, error, trace)

    async def call(
        self,
        operation: Operation,
        into: type[Body],
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str | list[str]] | None = None,
        body: object = None,
    ) -> Body:
        """One call, repeated only where that is safe; gives the body as `into`.

        Raises SpApiError: its `maybe_done` says whether Amazon may have acted. Raises CallStopped, but never while a call
        is under way that may have effects.
        """
        address = self._address(operation, path or {}, query or {})
        content = b"" if body is None else msgspec.json.encode(body)
        refreshed = False
        turn = 0
        while True:
            turn += 1
            try:
                return self._body(operation, await self._once(operation, address, content), into)
            except (Denied, TokenRefused) as error:
                if refreshed or isinstance(error, TokenRefused) or operation.repeat is Repeat.ONCE:
                    raise
                refreshed = True
                turn -= 1  # one new token is no new try
                self._tokens.forget()
            except (Throttled, ServerTrouble, NoAnswer, NotSent, BadAnswer):
                if turn == TRIES or operation.repeat is Repeat.ONCE:
                    raise
                await self.waiting.pause(operation.name, 2**turn)

    @staticmethod
    def _check(operation: Operation, query: Mapping[str, object], names: frozenset[str]) -> None:
        if not operation.enabled:
            raise NotSent(operation.name, "Amazon does not publish this operation yet; it is switched off")
        if names:
            raise ValueError(f"{operation.name} has no parameter {', '.join(sorted(names))}")
        missing = operation.required - query.keys()
        if missing:
            raise ValueError(f"{operation.name} needs {', '.join(sorted(missing))}")

    def _address(self, operation: Operation, path: Mapping[str, str], query: Mapping[str, str | list[str]]) -> str:
        self._check(operation, query, frozenset(query) - operation.query)
        where = operation.path.format_map({name: quote(value, safe="") for name, value in path.items()})
        words = {name: value if isinstance(value, str) else ",".join(value) for name, value in query.items()}
        return f"{self.endpoints.api}{where}" + (f"?{urlencode(words)}" if words else "")

    async def _once(self, operation: Operation, address: str, content: bytes) -> Answer:
        """Wait for the quota, then send once."""
        bucket = self._rates.change(operation.name, self._take(operation))
        try:
            await self.waiting.pause(operation.name, bucket.wait)
            token = await self.waiting.during(self._tokens.get())
        except BaseException:
            self._rates.change(operation.name, lambda known: (known or bucket).returned())
            raise
        sending = self.transport.send(
            operation.name,
            operation.method,
            address,
            content=content,
            content_type="application/json" if operation.body else "",
            token=token,
        )
        answer = await (sending if operation.repeat is Repeat.ONCE else self.waiting.during(sending))
        self._learn(operation, answer)
        return answer

    def _take(self, operation: Operation) -> Callable[[TokenBucket | None], TokenBucket]:
        now = float(self._clock.now())
        return lambda known: (known or fresh(operation, now)).taken(now)

    def _learn(self, operation: Operation, answer: Answer) -> None:
        rate = named_rate(answer.headers.get("x-amzn-ratelimit-limit"))
        throttled = answer.status == 429
        now = float(self._clock.now())

        def work(known: TokenBucket | None) -> TokenBucket:
            bucket = known or fresh(operation, now)
            if rate is not None:
                bucket = bucket.refilled(now).learned(rate)
            return bucket.emptied(now) if throttled else bucket

        if rate is not None or throttled:
            self._rates.change(operation.name, work)

    def _body(self, operation: Operation, answer: Answer, into: type[Body]) -> Body:
        """The body of a good answer. Raises the SpApiError that a bad one means."""
        reference = to_single_line(answer.headers.get("x-amzn-requestid", ""))[:80]
        if answer.status == operation.expected:
            if into is Created:
                return into()
            try:
                return msgspec.json.decode(answer.content, type=into)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                kind = to_single_line(answer.headers.get("content-type", "nothing"))[:60]
                text = f"the status says done, but the body ({len(answer.content):,} bytes of {kind}) is not what Amazon documents"
                raise BadAnswer(operation.name, text, status=answer.status, request_id=reference) from None
        raise _refusal(answer.status)(operation.name, _problem(answer), status=answer.status, request_id=reference)


def _refusal(status: int) -> type[SpApiError]:
    if status == 429:
        return Throttled
    if status in (401, 403):
        return Denied
    return Rejected if 400 <= status < 500 else ServerTrouble


def _problem(answer: Answer) -> str:
    """Amazon's own words, when the body has them."""
    try:
        errors = msgspec.json.decode(answer.content, type=Problems).errors
    except (msgspec.MsgspecError, UnicodeDecodeError):
        errors = ()
    said = "; ".join(f"{problem.code} {problem.message}".strip() for problem in errors)
    return to_single_line(said)[:_LONGEST_TEXT] or "Amazon gave no reason that can be read"

"""One call of one operation: wait for the quota, authorise, send, check. What is unexpected is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ordertui.orders.clock import Clock
from ordertui.orders.text import to_single_line

from .auth import Credentials, Tokens
from .cancellable_sleep import CancellableSleep
from .decoding import UnreadableJson, decode_body, format_problems, read_problems
from .endpoints import Endpoints
from .errors import BadAnswer, Denied, NoAnswer, NotSent, Rejected, ServerTrouble, SpApiError, Throttled, TokenRefused
from .operations import Operation, Repeat
from .rate_limit import BucketStore, TokenBucket, full_bucket, parse_rate_header
from .schemas import Created
from .transport import HttpRequest, HttpResponse, Timeouts, Transport

Body = TypeVar("Body")
TRIES = 4
"""How often a safe operation is called before its error is final."""


class Client:
    """Calls operations of one account. Use it as an async context manager, in one event loop."""

    def __init__(
        self,
        endpoints: Endpoints,
        credentials: Credentials,
        clock: Clock,
        *,
        buckets: BucketStore,
        waiting: CancellableSleep | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self.endpoints = endpoints
        self.transport = Transport(endpoints, timeouts)
        self.waiting = waiting or CancellableSleep()
        self._clock = clock
        self._buckets = buckets
        self._tokens = Tokens(self.transport, endpoints, credentials, clock)

    async def __aenter__(self) -> Client:
        await self.transport.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.transport.__aexit__()

    async def call(
        self,
        operation: Operation,
        into: type[Body],
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str | list[str]] | None = None,
        body: object = None,
    ) -> Body:
        """Call an operation and return the response's body as `into`. Repeat the call only where that is safe.

        Raises SpApiError, whose `may_have_been_applied` says whether Amazon may have acted. Raises CallCancelled, but
        never while a call that may have effects is under way.
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
                turn -= 1  # a new token does not use up a try
                self._tokens.forget()
            except (Throttled, ServerTrouble, NoAnswer, NotSent, BadAnswer):
                if turn == TRIES or operation.repeat is Repeat.ONCE:
                    raise
                await self.waiting.pause(operation.name, 2**turn)

    @staticmethod
    def _check(operation: Operation, query: Mapping[str, object], unknown: frozenset[str]) -> None:
        if not operation.enabled:
            raise NotSent(operation.name, "Amazon does not publish this operation yet; it is switched off")
        if unknown:
            raise ValueError(f"{operation.name} has no parameter {', '.join(sorted(unknown))}")
        missing = operation.required - query.keys()
        if missing:
            raise ValueError(f"{operation.name} needs {', '.join(sorted(missing))}")

    def _address(self, operation: Operation, path: Mapping[str, str], query: Mapping[str, str | list[str]]) -> str:
        self._check(operation, query, frozenset(query) - operation.query)
        where = operation.path.format_map({name: quote(value, safe="") for name, value in path.items()})
        texts = {name: value if isinstance(value, str) else ",".join(value) for name, value in query.items()}
        return f"{self.endpoints.api}{where}" + (f"?{urlencode(texts)}" if texts else "")

    async def _once(self, operation: Operation, address: str, content: bytes) -> HttpResponse:
        bucket = self._buckets.change(operation.name, self._take(operation))
        try:
            await self.waiting.pause(operation.name, bucket.wait)
            token = await self.waiting.during(self._tokens.get())
        except BaseException:
            self._buckets.change(operation.name, lambda known: (known or bucket).returned())
            raise
        content_type = "application/json" if operation.body else ""
        sending = self.transport.send(
            HttpRequest(operation.name, operation.method, address, content, content_type, token)
        )
        response = await (sending if operation.repeat is Repeat.ONCE else self.waiting.during(sending))
        self._learn(operation, response)
        return response

    def _take(self, operation: Operation) -> Callable[[TokenBucket | None], TokenBucket]:
        now = float(self._clock.now())
        return lambda known: (known or full_bucket(operation, now)).taken(now)

    def _learn(self, operation: Operation, response: HttpResponse) -> None:
        """Adjust the bucket to the rate that Amazon named, and to a 429."""
        rate = parse_rate_header(response.headers.get("x-amzn-ratelimit-limit"))
        throttled = response.status == 429
        now = float(self._clock.now())

        def change(known: TokenBucket | None) -> TokenBucket:
            bucket = known or full_bucket(operation, now)
            if rate is not None:
                bucket = bucket.refilled(now).learned(rate)
            return bucket.emptied(now) if throttled else bucket

        if rate is not None or throttled:
            self._buckets.change(operation.name, change)

    def _body(self, operation: Operation, response: HttpResponse, into: type[Body]) -> Body:
        """Return the body of the expected response. Raises the SpApiError that any other response stands for."""
        reference = to_single_line(response.headers.get("x-amzn-requestid", ""))[:80]
        if response.status == operation.expected:
            if into is Created:
                return into()
            try:
                return decode_body(response.content, into)
            except UnreadableJson as error:
                kind = to_single_line(response.headers.get("content-type", "nothing"))[:60]
                text = (
                    f"the status says done, but the body ({len(response.content):,} bytes of {kind})"
                    f" is not what Amazon documents: {error}"
                )
                raise BadAnswer(operation.name, text, status=response.status, request_id=reference) from None
        problems = read_problems(response.content)
        text = format_problems(problems) or "Amazon gave no reason that can be read"
        code = next((one.code for one in problems if one.code), "")
        raise _error_class(response.status)(
            operation.name, text, status=response.status, request_id=reference, code=code
        )


def _error_class(status: int) -> type[SpApiError]:
    if status == 429:
        return Throttled
    if status in (401, 403):
        return Denied
    return Rejected if 400 <= status < 500 else ServerTrouble


MAX_EMPTY_PAGES = 25
"""Pages without an entry in a row: Amazon may send some, a listing of nothing else does not end."""


class PageTokens:
    """The tokens that one listing has followed."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._seen: set[str] = set()
        self._empty = 0

    def follow(self, token: str, entries: int) -> str:
        """Return the token of the next page, empty after the last one. `entries`: how many this page had.

        Raises BadAnswer for a token that came before, and after `MAX_EMPTY_PAGES` pages without an entry.
        """
        self._empty = 0 if entries else self._empty + 1
        if token and token in self._seen:
            raise BadAnswer(self._operation.name, "Amazon names a page again that it gave before: its list has no end")
        if token and self._empty >= MAX_EMPTY_PAGES:
            text = f"Amazon gave {self._empty} pages in a row without an entry, and names another: its list has no end"
            raise BadAnswer(self._operation.name, text)
        self._seen.add(token)
        return token

"""HTTP exchange with Amazon: the only module that opens a socket.

Every exchange has a time limit and a size limit. TLS certificates are verified, redirects are not followed, and proxy
or other settings of the environment are ignored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import ModuleType
from typing import Any

import msgspec

from .endpoints import Endpoints, NotAllowed
from .errors import BadAnswer, DocumentBroken, Missing, NoAnswer, NotSent
from .secret import Secret

MOST_JSON = 32 * 1024 * 1024
"""Bytes that a response of the API may have; a page of 100 orders has about 0.3 MB."""


class Timeouts(msgspec.Struct, frozen=True):
    """Time limits in seconds. `whole` ends an exchange that trickles: each single read would be in time, for ever."""

    connect: float = 10.0
    read: float = 60.0
    whole: float = 120.0
    document: float = 900.0
    """Limit of a whole document transfer, in either direction."""


class HttpRequest(msgspec.Struct, frozen=True):
    """One request. `operation` names it in error messages."""

    operation: str
    method: str
    url: str
    content: bytes | Secret = b""
    content_type: str = ""
    token: Secret | None = None
    is_document: bool = False
    """True for the signed address of a feed or report document; it may be outside the API's own hosts."""

    def __repr__(self) -> str:  # signed addresses and bodies stay out of tracebacks and logs
        return f"HttpRequest({self.operation}, {self.method})"


class HttpResponse(msgspec.Struct, frozen=True):
    """Status, headers and body of a response."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes

    def __repr__(self) -> str:  # the body stays out of tracebacks and logs
        return f"HttpResponse({self.status}, {len(self.content):,} bytes)"


def _httpx() -> ModuleType:
    try:
        import httpx
    except ImportError:
        raise Missing from None
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # at INFO and below they log signed addresses and headers
    return httpx


@lru_cache(maxsize=1)
def _tls() -> Any:
    """Return the TLS context with the authorities that come with httpx. Cached, because making it takes 30 ms."""
    return _httpx().create_ssl_context(verify=True, trust_env=False)


class Transport:
    """A connection pool for one event loop. Use it as an async context manager."""

    def __init__(self, endpoints: Endpoints, timeouts: Timeouts | None = None) -> None:
        self._endpoints = endpoints
        self._timeouts = timeouts or Timeouts()
        self._library: ModuleType | None = None
        self._pool: Any = None

    async def __aenter__(self) -> Transport:
        library = self._library = _httpx()
        self._pool = library.AsyncClient(
            verify=_tls(),
            trust_env=False,
            follow_redirects=False,
            timeout=library.Timeout(self._timeouts.read, connect=self._timeouts.connect),
            headers={"user-agent": "ordertui (Language=Python)", "accept-encoding": "identity"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.aclose()

    async def send(
        self, request: HttpRequest, *, sink: Callable[[bytes], None] | None = None, most: int = MOST_JSON
    ) -> HttpResponse:
        """Send a request once and return the response.

        With `sink`, the body of a 200 is handed to it piece by piece and the response's `content` is empty. Raises
        NotSent (the request never left), NoAnswer (it may have arrived), BadAnswer or, with `sink`, DocumentBroken (the
        body has more than `most` bytes).
        """
        library = self._library
        assert library is not None, "the transport is an async context manager"
        operation, url = request.operation, request.url
        host = url.split("/", 3)[2] if url.count("/") >= 2 else url
        try:
            self._endpoints.check(url, document=request.is_document)
        except NotAllowed as error:
            raise NotSent(operation, str(error)) from None
        limit = self._timeouts.document if request.is_document else self._timeouts.whole
        try:
            async with (
                asyncio.timeout(limit),
                # secrets are revealed within the call: a local variable of theirs would stand in a traceback
                self._pool.stream(
                    request.method, url, content=_plain(request.content), headers=_headers(request)
                ) as response,
            ):
                return await self._read(operation, response, sink, most)
        except (
            library.ConnectError, library.ConnectTimeout, library.PoolTimeout, library.UnsupportedProtocol
        ) as error:  # fmt: skip
            raise NotSent(operation, f"{host} cannot be reached ({type(error).__name__}); nothing was sent") from None
        except TimeoutError:
            raise NoAnswer(operation, f"no whole answer within {limit:g} s") from None
        except library.HTTPError as error:
            raise NoAnswer(operation, f"the connection broke ({type(error).__name__})") from None

    @staticmethod
    async def _read(operation: str, response: Any, sink: Callable[[bytes], None] | None, most: int) -> HttpResponse:
        pieces: list[bytes] = []
        take = sink if sink is not None and response.status_code == 200 else pieces.append
        size = 0
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > most:
                raise (DocumentBroken if sink else BadAnswer)(operation, f"the answer is larger than {most:,} bytes")
            take(piece)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(response.status_code, headers, b"".join(pieces))


def _plain(content: bytes | Secret) -> bytes:
    return content.reveal().encode() if isinstance(content, Secret) else content


def _headers(request: HttpRequest) -> dict[str, str]:
    found = {"content-type": request.content_type} if request.content_type else {}
    if request.token is not None:
        found["x-amz-access-token"] = request.token.reveal()
    return found

"""The only module that opens a socket. One request, one answer; time-outs and size caps on everything.

TLS is verified, redirects are not followed, and neither proxies nor anything else from the environment is heeded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import ModuleType, TracebackType
from typing import Any

import msgspec

from .endpoints import Endpoints, NotAllowed
from .errors import BadAnswer, DocumentBroken, Missing, NoAnswer, NotSent
from .secret import Secret

MOST_JSON = 32 * 1024 * 1024
"""Bytes that an answer of the API may have; a page of 100 orders has about 0.3 MB."""


class Timeouts(msgspec.Struct, frozen=True):
    """Seconds. `whole` ends an exchange that trickles: no single read times out, and it would never end."""

    connect: float = 10.0
    read: float = 60.0
    whole: float = 120.0
    document: float = 900.0
    """For the whole of a document, up or down."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    """Names in small letters."""
    content: bytes

    def __repr__(self) -> str:  # what Amazon sent stays out of tracebacks and logs
        return f"Answer({self.status}, {len(self.content):,} bytes)"


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
    """What verifies Amazon's certificates, against the authorities that come with httpx; made once, because it takes 30 ms."""
    return _httpx().create_ssl_context(verify=True, trust_env=False)


class Transport:
    """A connection pool for one event loop; use it as an async context manager."""

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

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def send(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        content: bytes | Secret = b"",
        content_type: str = "",
        token: Secret | None = None,
        document: bool = False,
        sink: Callable[[bytes], None] | None = None,
        most: int = MOST_JSON,
    ) -> Answer:
        """Send one request, once. With `sink` a 200's body goes there, piece by piece, and `content` of the answer is empty.

        Raises NotSent (it never left), NoAnswer (it may have arrived), BadAnswer (more than `most` bytes came).
        """
        library = self._library
        assert library is not None, "the transport is an async context manager"
        host = url.split("/", 3)[2] if url.count("/") >= 2 else url
        try:
            self._endpoints.check(url, document=document)
        except NotAllowed as error:
            raise NotSent(operation, str(error)) from None
        limit = self._timeouts.document if document else self._timeouts.whole
        try:
            async with (
                asyncio.timeout(limit),
                self._pool.stream(
                    method, url, content=_plain(content), headers=_headers(content_type, token)
                ) as response,
            ):
                return await self._read(operation, response, sink, most)
        except (
            library.ConnectError,
            library.ConnectTimeout,
            library.PoolTimeout,
            library.UnsupportedProtocol,
        ) as error:
            raise NotSent(operation, f"{host} cannot be reached ({type(error).__name__}); nothing was sent") from None
        except TimeoutError:
            raise NoAnswer(operation, f"no whole answer within {limit:g} s") from None
        except library.HTTPError as error:
            raise NoAnswer(operation, f"the connection broke ({type(error).__name__})") from None

    @staticmethod
    async def _read(operation: str, response: Any, sink: Callable[[bytes], None] | None, most: int) -> Answer:
        pieces: list[bytes] = []
        take = sink if sink is not None and response.status_code == 200 else pieces.append
        size = 0
        async for piece in response.aiter_raw():
            size += len(piece)
            if size > most:
                raise (DocumentBroken if sink else BadAnswer)(operation, f"the answer is larger than {most:,} bytes")
            take(piece)
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, b"".join(pieces))


def _plain(content: bytes | Secret) -> bytes:
    return content.reveal().encode() if isinstance(content, Secret) else content


def _headers(content_type: str, token: Secret | None) -> dict[str, str]:
    found = {"content-type": content_type} if content_type else {}
    if token is not None:
        found["x-amz-access-token"] = token.reveal()
    return found

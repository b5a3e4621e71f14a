"""Upload of feeds, download of results and reports. Their signed, short-lived addresses are never logged or kept."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable
from typing import BinaryIO

from .client import Client
from .decoding import format_problems, read_problems
from .errors import DocumentBroken, NoAnswer, NotSent, Rejected, ServerTrouble
from .operations import CREATE_FEED_DOCUMENT, Operation
from .schemas import Document, FeedSlot
from .transport import HttpRequest

MOST_FEED = 10 * 1024 * 1024
"""Bytes a feed may have: less than 10 MiB (developer-docs, Feeds API best practices)."""
MOST_RESULT = 64 * 1024 * 1024
"""Bytes a processing report may have, unpacked."""
MOST_REPORT = 2 * 1024 * 1024 * 1024
"""Bytes a report may have, unpacked: about seven million order lines."""
XML = "text/xml; charset=UTF-8"


async def upload(client: Client, content: bytes) -> str:
    """Upload a feed document and return its id. It has no effect until createFeed names it.

    Raises SpApiError, and ValueError for `MOST_FEED` bytes or more.
    """
    if len(content) >= MOST_FEED:
        raise ValueError(f"the feed has {len(content):,} bytes; Amazon takes less than {MOST_FEED:,}: split the batch")
    slot = await client.call(CREATE_FEED_DOCUMENT, FeedSlot, body={"contentType": XML})
    if not slot.feed_document_id or not slot.url:
        raise DocumentBroken(CREATE_FEED_DOCUMENT.name, "Amazon named no document and no address for it")
    operation = "upload of the feed"
    request = HttpRequest(operation, "PUT", slot.url, content, XML, is_document=True)
    response = await client.waiting.during(client.transport.send(request))
    if response.status != 200:
        kind = Rejected if 400 <= response.status < 500 else ServerTrouble
        words = format_problems(read_problems(response.content))
        text = f"Amazon's store did not take it; the address may have expired{f' ({words})' if words else ''}"
        raise kind(operation, text, status=response.status)
    return slot.feed_document_id


async def fetch(client: Client, operation: Operation, name: str, document_id: str, into: BinaryIO, most: int) -> str:
    """Download a document into a binary file, unpacked, and return its charset; empty when none is named or known.

    `name` is the operation's path parameter, `most` the largest size in bytes after unpacking. Asks once for a new
    address when the first one fails, because it may have expired. Raises SpApiError, DocumentBroken (truncated, not
    gzip, too large).
    """
    for last in (False, True):
        document = await client.call(operation, Document, path={name: document_id})
        sink = _Unpacker(operation.name, into.write, document.compression_algorithm, most)
        request = HttpRequest(f"document of {operation.name}", "GET", document.url, is_document=True)
        try:
            response = await client.waiting.during(client.transport.send(request, sink=sink.take, most=most))
        except (NoAnswer, NotSent):
            if last:
                raise
            response = None
        if response is not None and response.status == 200:
            sink.finish()
            return _charset(response.headers.get("content-type", ""))
        if last and response is not None:
            words = format_problems(read_problems(response.content))
            text = f"it cannot be fetched{f': {words}' if words else ''}"
            raise ServerTrouble(request.operation, text, status=response.status)
        into.seek(0)
        into.truncate()
    raise AssertionError("the second turn returns or raises")


def _charset(content_type: str) -> str:
    """Return `cp1252` of `text/plain; charset=Cp1252`; empty when none is named or Python has no such codec."""
    name = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        return ""


class _Unpacker:
    """Writes plain or gzip bytes piece by piece, never more than `most`."""

    def __init__(self, operation: str, write: Callable[[bytes], object], algorithm: str, most: int) -> None:
        if algorithm not in ("", "GZIP"):
            raise DocumentBroken(operation, f"it is packed by {algorithm[:20]!r}, which is not known here")
        self._operation = operation
        self._write = write
        self._gzip = zlib.decompressobj(wbits=31) if algorithm else None
        self._left = most

    def take(self, piece: bytes) -> None:
        """Unpack and write the next bytes of the response."""
        if self._gzip is None:
            self._put(piece)
            return
        try:
            while piece:
                self._put(self._gzip.decompress(piece, min(self._left + 1, 1 << 20)))
                piece = self._gzip.unconsumed_tail
        except zlib.error:
            raise DocumentBroken(self._operation, "it is damaged: not whole gzip") from None

    def _put(self, plain: bytes) -> None:
        self._left -= len(plain)
        if self._left < 0:
            raise DocumentBroken(self._operation, "it is larger than a document may be")
        self._write(plain)

    def finish(self) -> None:
        """Raise DocumentBroken when the packed document is incomplete or has bytes behind its end."""
        if self._gzip is not None and (not self._gzip.eof or self._gzip.unused_data):
            raise DocumentBroken(self._operation, "it is cut off, or has more behind its end; fetch it again")

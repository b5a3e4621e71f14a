"""Feed documents up, result and report documents down. Addresses are signed and short-lived: never logged, never kept."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Callable
from typing import BinaryIO

from .client import Client
from .errors import DocumentBroken, NoAnswer, NotSent, Rejected, ServerTrouble
from .operations import CREATE_FEED_DOCUMENT, Operation
from .schemas import Document, FeedSlot

MOST_FEED = 10 * 1024 * 1024
"""Bytes a feed may have: less than 10 MiB (developer-docs, Feeds API best practices)."""
MOST_RESULT = 64 * 1024 * 1024
"""Bytes a processing report may have, unpacked."""
MOST_REPORT = 2 * 1024 * 1024 * 1024
"""Bytes a report may have, unpacked: about seven million order lines."""
XML = "text/xml; charset=UTF-8"


async def upload(client: Client, content: bytes, content_type: str = XML) -> str:
    """Put a feed's bytes where Amazon wants them; gives the document's id. Nothing happens until createFeed names it.

    Raises SpApiError, ValueError for more than `MOST_FEED` bytes.
    """
    if len(content) >= MOST_FEED:
        raise ValueError(f"the feed has {len(content):,} bytes; Amazon takes less than {MOST_FEED:,}: split the batch")
    slot = await client.call(CREATE_FEED_DOCUMENT, FeedSlot, body={"contentType": content_type})
    if not slot.feed_document_id or not slot.url:
        raise DocumentBroken(CREATE_FEED_DOCUMENT.name, "Amazon named no document and no address for it")
    answer = await client.waiting.during(
        client.transport.send(
            "upload of the feed", "PUT", slot.url, content=content, content_type=content_type, document=True
        )
    )
    if answer.status != 200:
        kind = Rejected if 400 <= answer.status < 500 else ServerTrouble
        raise kind(
            "upload of the feed", "Amazon's store did not take it; the address may have expired", status=answer.status
        )
    return slot.feed_document_id


async def fetch(client: Client, operation: Operation, name: str, document_id: str, into: BinaryIO, most: int) -> str:
    """Fetch a document into a binary file, unpacked; gives its charset as Amazon's store names it, or an empty text.

    `name` is the path parameter.

    Asks for a fresh address when the first has expired. Raises SpApiError, DocumentBroken (truncated, not gzip, more than `most`).
    """
    for last in (False, True):
        where = await client.call(operation, Document, path={name: document_id})
        sink = _Unpacker(operation.name, into.write, where.compression_algorithm, most)
        try:
            answer = await client.waiting.during(
                client.transport.send(
                    f"document of {operation.name}", "GET", where.url, document=True, sink=sink.take, most=most
                )
            )
        except (NoAnswer, NotSent):
            if last:
                raise
            answer = None
        if answer is not None and answer.status == 200:
            sink.finish()
            return _charset(answer.headers.get("content-type", ""))
        if last and answer is not None:
            raise ServerTrouble(f"document of {operation.name}", "it cannot be fetched", status=answer.status)
        into.seek(0)
        into.truncate()
    raise AssertionError("the second turn returns or raises")


def _charset(content_type: str) -> str:
    """`cp1252` of `text/plain; charset=Cp1252`; empty when none is named or Python has no such codec."""
    name = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    try:
        return codecs.lookup(name).name if name else ""
    except LookupError:
        return ""


class _Unpacker:
    """Plain or gzip bytes, piece by piece, never more than `most`."""

    def __init__(self, operation: str, write: Callable[[bytes], object], algorithm: str, most: int) -> None:
        if algorithm not in ("", "GZIP"):
            raise DocumentBroken(operation, f"it is packed by {algorithm[:20]!r}, which is not known here")
        self._operation = operation
        self._write = write
        self._gzip = zlib.decompressobj(wbits=31) if algorithm else None
        self._left = most

    def take(self, piece: bytes) -> None:
        """The next bytes as they came."""
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
        """Raises DocumentBroken when the packed document did not end."""
        if self._gzip is not None and (not self._gzip.eof or self._gzip.unused_data):
            raise DocumentBroken(self._operation, "it is cut off, or has more behind its end; fetch it again")

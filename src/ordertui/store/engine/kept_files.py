"""Files of batches as the store keeps them: large ones compressed, and read back some at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from hashlib import sha256

from ordertui.files import MOST_FEED_BYTES

from .errors import StoreError

LEVEL = 1
"""Of zlib: a feed of many orders takes a twentieth of its bytes."""
_BEGINNING = zlib.compress(b"", LEVEL)[:2]
"""No file that leaves begins so; one that does not is kept as it is."""
_PIECE_BYTES = 2**20
_SMALL_BYTES = 2**16
"""A smaller file is kept as it is, so that SQL shows it."""


class KeptFileDamaged(StoreError):
    """The kept bytes are not those of a whole file, or of one larger than any that is made."""

    def __init__(self, why: str) -> None:
        super().__init__(f"a kept file of a batch is damaged ({why}); see `ordertui audit verify`")


def as_kept(compressed: bytes, size: int) -> bytes:
    """Return a compressed file of this size, in bytes, as it is kept."""
    return compressed if size >= _SMALL_BYTES else zlib.decompress(compressed)


def kept_pieces(kept: bytes) -> Iterator[bytes]:
    """Yield a kept file as it left, piece by piece. Raises KeptFileDamaged."""
    if not kept.startswith(_BEGINNING):
        yield kept
        return
    unpacked = zlib.decompressobj()
    left = MOST_FEED_BYTES
    while kept and not unpacked.eof:
        try:
            piece = unpacked.decompress(kept, _PIECE_BYTES)
        except zlib.error as error:
            raise KeptFileDamaged(str(error)) from error
        left -= len(piece)
        if left < 0:
            raise KeptFileDamaged(f"it has more than {MOST_FEED_BYTES:,} bytes")
        yield piece
        kept = unpacked.unconsumed_tail
    if not unpacked.eof or unpacked.unused_data:
        raise KeptFileDamaged("it is cut short, or goes on after its end")


def kept_sha256(kept: bytes) -> str | None:
    """Return the checksum of a kept file as it left; None when it is damaged."""
    found = sha256()
    try:
        for piece in kept_pieces(kept):
            found.update(piece)
    except KeptFileDamaged:
        return None
    return found.hexdigest()

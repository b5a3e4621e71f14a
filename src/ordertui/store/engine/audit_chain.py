"""The hashes that chain the entries of the audit log."""

from __future__ import annotations

GENESIS = "0" * 64
"""The hash that the first entry names as its predecessor's."""


def digest(content: bytes) -> str:
    """Return the SHA-256 in hex digits. OpenSSL is loaded when the first is wanted: opening the screen needs none."""
    from hashlib import sha256

    return sha256(content).hexdigest()


def chained(previous: str, ident: int, at: int, kind: str, payload: str) -> str:
    """Return the hash of an entry that follows one whose hash is `previous`."""
    return digest("\x1f".join((previous, str(ident), str(at), kind, payload)).encode())

"""The copy of a store on a server that one machine's screen reads (docs/decisions/0013-local-copy.md)."""

from .local_copy import CopyState, LocalCopy, open_copy, open_without_server

__all__ = ["CopyState", "LocalCopy", "open_copy", "open_without_server"]

"""Texts in another language for a while, and a language that is only for tests: longer, accented, double-width."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from ordertui.messages import ENGLISH, use, use_catalog

_ACCENTS = str.maketrans("aceinouyACEINOUY", "áçéíñöúýÁÇÉÍÑÖÚÝ")
_FIELD = re.compile(r"(\{[^}]*\})")


class PseudoCatalog:
    """Makes each text a third longer, accented, with a wide character at its end; fields stay."""

    def gettext(self, message: str) -> str:
        core = message.strip()
        if not re.search(r"[A-Za-z]{2}", core):
            return message
        parts = [part if _FIELD.fullmatch(part) else part.translate(_ACCENTS) for part in _FIELD.split(core)]
        words = "".join(parts)
        longer = f"{words}{'~' * (len(core) // 3)}界"
        return message.replace(core, longer, 1)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        del context
        return self.gettext(message)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Let texts be in a language for a while."""
    use(language)
    try:
        yield
    finally:
        use(ENGLISH)


@contextmanager
def pseudo() -> Iterator[None]:
    """Let texts come from the pseudo catalog for a while."""
    use_catalog("en_XA", PseudoCatalog())
    try:
        yield
    finally:
        use(ENGLISH)

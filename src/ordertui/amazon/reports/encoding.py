"""In which encoding a report is: UTF-8 when its bytes are, else by its marketplace, else a person is asked (AMAZON.md h).

Only columns that are read count: a buyer's name in odd bytes asks nobody anything.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from .errors import AmbiguousEncoding, ReportError

UTF8, JAPANESE, WESTERN, LATIN = "utf-8", "cp932", "cp1252", "iso-8859-1"
ENCODINGS = (UTF8, WESTERN, LATIN, JAPANESE)
AMAZON_NAMES = {"windows-31j": JAPANESE}
"""What Amazon calls an encoding that Python calls otherwise."""
SAMPLES = 3
SAMPLE_WIDTH = 60


def known(name: str) -> str:
    """The codec's name. Raises ReportError when there is none, or when tabs and digits are other bytes in it."""
    try:
        codec = codecs.lookup(AMAZON_NAMES.get(name.lower(), name)).name
        fits = bytes(range(128)).decode(codec) == "".join(map(chr, range(128)))
    except (LookupError, UnicodeError):
        fits = False
    if not fits:
        raise ReportError(f"there is no encoding {name!r} for reports; try one of: {', '.join(ENCODINGS)}")
    return next((ours for ours in ENCODINGS if codecs.lookup(ours).name == codec), codec)


class EncodingDetector:
    """Takes in the file block by block; then `choose` or `confirm`. `read_cells` gives the cells of a line that are read."""

    def __init__(self, path: Path, given: str | None, read_cells: Callable[[bytes], list[bytes]]) -> None:
        self._path = path
        self._given = given
        self._read_cells = read_cells
        self._utf8 = 0
        """Pieces beyond ASCII that are UTF-8."""
        self._other: dict[str, bool] = {JAPANESE: True, WESTERN: True}
        """Whether an encoding made sense of all pieces that are not UTF-8."""
        self._samples: list[bytes] = []
        """Of pieces that are not UTF-8."""
        self._good = self._bad = 0
        """Pieces that the given encoding can and cannot read."""

    @property
    def odd(self) -> bool:
        """Whether anything so far is not UTF-8, or not in the given encoding."""
        return self._bad > 0

    def take(self, block: bytes) -> None:
        """Look at some whole lines."""
        if block.isascii():
            return
        if fits(block, self._given or UTF8):
            self._good += 1
            self._utf8 += 1
            return
        for line in block.split(b"\n"):
            if not line.isascii():
                words = b" ".join(cell for cell in self._read_cells(line) if not cell.isascii())
                if words:
                    self._piece(words)

    def _piece(self, words: bytes) -> None:
        if fits(words, self._given or UTF8):
            self._good += 1
            self._utf8 += 1
            return
        self._bad += 1
        for name in self._other:
            self._other[name] = self._other[name] and fits(words, name)
        if len(self._samples) < SAMPLES:
            self._samples.append(words)

    def confirm(self) -> str:
        """The encoding that was given. Raises ReportError when nothing in the file is in it."""
        assert self._given is not None
        if self._bad and not self._good:
            raise ReportError(
                f"{self._path}: it is not {self._given}: its characters mean nothing there; try another --encoding"
            )
        return self._given

    def choose(self, *, japanese: bool, western: bool) -> str:
        """The encoding, given which marketplaces the file is of. Raises AmbiguousEncoding with samples."""
        if not self._bad:
            return UTF8
        if not self._utf8:
            if self._other[WESTERN] and not japanese and (western or not self._other[JAPANESE]):
                return WESTERN
            if self._other[JAPANESE] and japanese and not western:
                return JAPANESE
        names = [UTF8] if self._utf8 else []
        names += [JAPANESE] if self._other[JAPANESE] or japanese else []
        names += [WESTERN] if self._other[WESTERN] else [LATIN]
        raise AmbiguousEncoding(self._path, [(name, self._sample(name)) for name in names])

    def _sample(self, name: str) -> str:
        return " / ".join(words.decode(name, "replace").strip() for words in self._samples)[:SAMPLE_WIDTH]


def fits(content: bytes, encoding: str) -> bool:
    """Whether the bytes are in the encoding."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True

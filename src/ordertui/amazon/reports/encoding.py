"""Detect a report's encoding: UTF-8 if its bytes are, else by its marketplace, else the operator is asked (AMAZON.md
h).

Only columns that are read count: a buyer's name that is in no encoding asks the operator nothing.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

from .errors import AmbiguousEncoding, ReportError

UTF8, JAPANESE, WESTERN, LATIN = "utf-8", "cp932", "cp1252", "iso-8859-1"
ENCODINGS = (UTF8, WESTERN, LATIN, JAPANESE)
AMAZON_NAMES = {"windows-31j": JAPANESE}
"""Amazon's names of encodings that Python names otherwise."""
SAMPLES = 3
SAMPLE_CHARACTERS = 60


def codec_name(name: str) -> str:
    """Return Python's name of an encoding. Raises ReportError for an unknown one, and one without ASCII."""
    try:
        codec = codecs.lookup(AMAZON_NAMES.get(name.lower(), name)).name
        has_ascii = bytes(range(128)).decode(codec) == "".join(map(chr, range(128)))
    except (LookupError, UnicodeError):
        has_ascii = False
    if not has_ascii:
        raise ReportError(f"there is no encoding {name!r} for reports; try one of: {', '.join(ENCODINGS)}")
    return next((ours for ours in ENCODINGS if codecs.lookup(ours).name == codec), codec)


class EncodingDetector:
    """Collects evidence from a file block by block (`add`); then `choose` or `confirm` returns the encoding.

    `given` is the operator's choice, or None. `read_cells` returns the cells of a line that are read.
    """

    def __init__(self, path: Path, given: str | None, read_cells: Callable[[bytes], list[bytes]]) -> None:
        self._path = path
        self._given = given
        self._read_cells = read_cells
        self._utf8_pieces = 0
        """Pieces with bytes beyond ASCII that are valid UTF-8."""
        self._fits_all = {JAPANESE: True, WESTERN: True}
        """Whether every piece that is not UTF-8 is valid in the encoding."""
        self._samples: list[bytes] = []
        """Some pieces that are not UTF-8."""
        self._good = self._bad = 0
        """Pieces that are and are not valid in the given encoding, else in UTF-8."""

    @property
    def has_undecodable(self) -> bool:
        """Whether a piece so far is not valid in the given encoding, else in UTF-8."""
        return self._bad > 0

    def add(self, block: bytes) -> None:
        """Take in a block of whole lines."""
        if block.isascii():
            return
        if is_decodable(block, self._given or UTF8):
            self._good += 1
            self._utf8_pieces += 1
            return
        for line in block.split(b"\n"):
            if not line.isascii():
                piece = b" ".join(cell for cell in self._read_cells(line) if not cell.isascii())
                if piece:
                    self._add_piece(piece)

    def _add_piece(self, piece: bytes) -> None:
        if is_decodable(piece, self._given or UTF8):
            self._good += 1
            self._utf8_pieces += 1
            return
        self._bad += 1
        for name in self._fits_all:
            self._fits_all[name] = self._fits_all[name] and is_decodable(piece, name)
        if len(self._samples) < SAMPLES:
            self._samples.append(piece)

    def confirm(self) -> str:
        """Return the given encoding. Raises ReportError when no piece of the file is valid in it."""
        assert self._given is not None
        if self._bad and not self._good:
            raise ReportError(
                f"{self._path}: it is not {self._given}: its characters mean nothing there; try another --encoding"
            )
        return self._given

    def choose(self, *, is_japanese: bool, is_western: bool) -> str:
        """Return the encoding, given which marketplaces the file names. Raises AmbiguousEncoding with samples."""
        if not self._bad:
            return UTF8
        if not self._utf8_pieces:
            if self._fits_all[WESTERN] and not is_japanese and (is_western or not self._fits_all[JAPANESE]):
                return WESTERN
            if self._fits_all[JAPANESE] and is_japanese and not is_western:
                return JAPANESE
        names = [UTF8] if self._utf8_pieces else []
        names += [JAPANESE] if self._fits_all[JAPANESE] or is_japanese else []
        names += [WESTERN] if self._fits_all[WESTERN] else [LATIN]
        raise AmbiguousEncoding(self._path, [(name, self._sample(name)) for name in names])

    def _sample(self, name: str) -> str:
        return " / ".join(piece.decode(name, "replace").strip() for piece in self._samples)[:SAMPLE_CHARACTERS]


def is_decodable(content: bytes, encoding: str) -> bool:
    """Return whether the bytes are valid in the encoding."""
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True

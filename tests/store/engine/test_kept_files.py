"""A large file is kept compressed and comes back byte for byte, or is called damaged."""

from __future__ import annotations

import zlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordertui.orders.errors import UserError
from ordertui.store import FeedFile
from ordertui.store.engine import kept_files
from ordertui.store.engine.kept_files import LEVEL, KeptFileDamaged, as_kept, kept_pieces, kept_sha256

LARGE = b"".join(b"%d\t113-%07d\r\n" % (n, n * 7919 % 10**7) for n in range(9_000))


@given(st.binary(max_size=300), st.sampled_from((1, 200, 8_000)))
def test_what_is_kept_comes_back(part: bytes, times: int) -> None:
    content = b"order-id" + part * times
    kept = as_kept(zlib.compress(content, LEVEL), len(content))
    assert b"".join(kept_pieces(kept)) == content
    assert kept_sha256(kept) == sha256(content).hexdigest()
    assert (kept == content) == (len(content) < 2**16), "a small one is kept as it is"
    assert b"".join(kept_pieces(content)) == content, "as version 0.1 kept every one"


@given(st.integers(0, 400), st.sampled_from((1, 2, 4, 64, 128)))
def test_a_changed_or_cut_file_is_not_sound(at: int, bit: int) -> None:
    kept, mark = as_kept(zlib.compress(LARGE, LEVEL), len(LARGE)), sha256(LARGE).hexdigest()
    assert len(kept) < len(LARGE) / 2
    for wrong in (kept[:at], kept[: -1 - at], kept + b"x", kept[:at] + bytes([kept[at] ^ bit]) + kept[at + 1 :]):
        assert not FeedFile("a.txt", mark, wrong).is_sound
    assert FeedFile("a.txt", mark, kept).is_sound
    with pytest.raises(KeptFileDamaged):
        list(kept_pieces(kept[: len(kept) - 1 - at]))


def test_what_would_fill_the_memory_is_called_damaged_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    most = len(LARGE)
    kept, larger = (zlib.compress(content, LEVEL) for content in (LARGE, LARGE + b"x"))
    monkeypatch.setattr(kept_files, "MOST_FEED_BYTES", most)
    assert FeedFile("a.txt", sha256(LARGE).hexdigest(), kept).content == LARGE
    too_large = FeedFile("a.txt", sha256(LARGE + b"x").hexdigest(), larger)
    assert not too_large.is_sound
    with pytest.raises(UserError, match=rf"more than {most:,} bytes.*audit verify"):
        _ = too_large.content

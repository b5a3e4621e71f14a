"""Encodings: UTF-8 when it is, else by marketplace, else asked with a sample; a guess never makes mojibake."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.amazon.reports import AmbiguousEncoding, ReportError, inspect
from support.reports import ALL_ORDERS, BUYER, UNSHIPPED, cells, everything, write

many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def titles(encoding: str) -> st.SearchStrategy[str]:
    """Titles that an encoding can write, with something beyond ASCII."""
    letters = {"cp1252": "äöüßéÄÖÜñ€’“–", "cp932": "水筒漢字ボトルﾎﾞﾄﾙソ表能", "utf-8": "äé水筒😀€"}[encoding]
    return st.text(st.sampled_from(letters + "abc12"), min_size=1, max_size=12).filter(lambda t: not t.isascii())


@pytest.mark.parametrize(
    ("encoding", "channel"), [("cp1252", "Amazon.de"), ("cp932", "Amazon.co.jp"), ("utf-8", "Amazon.co.jp")]
)
@many
@given(data=st.data())
def test_the_marketplace_settles_the_encoding(encoding: str, channel: str, data: st.DataObject, tmp_path: Path) -> None:
    wanted = data.draw(st.lists(titles(encoding), min_size=1, max_size=4))
    rows = [cells("all_orders", n, sales_channel=channel, product_name=t) for n, t in enumerate(wanted, 1)]
    path = write(tmp_path / "a.txt", ALL_ORDERS, rows, encoding=encoding)
    offered = _offered(path)
    if offered:  # some lines make sense as UTF-8, others do not: the right encoding is among those offered
        assert encoding in offered
        return
    info, found, rejects = everything(path)
    if info.encoding == "utf-8" != encoding:  # its bytes are sound UTF-8 throughout
        assert path.read_bytes().decode("utf-8")
        return
    assert (info.encoding, rejects) == (encoding, [])
    assert [row["title"] for row in found] == wanted


def _offered(path: Path) -> dict[str, str]:
    """Return the samples by encoding that the operator is asked about."""
    try:
        inspect(path)
    except AmbiguousEncoding as error:
        return dict(error.candidates)
    return {}


def test_without_a_marketplace_and_two_fitting_encodings_the_user_is_asked_with_a_sample(tmp_path: Path) -> None:
    row = cells("all_orders", product_name="水筒ボトル", sales_channel="Non-Amazon")
    path = write(tmp_path / "a.txt", ALL_ORDERS, [row], encoding="cp932")
    with pytest.raises(AmbiguousEncoding) as caught:
        inspect(path)
    assert dict(caught.value.candidates)["cp932"] == "水筒ボトル"
    assert "cp1252" not in dict(caught.value.candidates)  # its bytes are not all cp1252
    row = cells("all_orders", product_name="Käse für Öl", sales_channel="Non-Amazon")
    path = write(tmp_path / "b.txt", ALL_ORDERS, [row], encoding="cp1252")
    assert inspect(path).encoding == "cp1252"  # it is no cp932


def test_japanese_and_western_rows_in_one_file_are_asked_about(tmp_path: Path) -> None:
    rows = [
        cells("all_orders", 1, product_name="ソ", sales_channel="Amazon.co.jp"),
        cells("all_orders", 2, sales_channel="Amazon.com"),
    ]
    with pytest.raises(AmbiguousEncoding) as caught:
        inspect(write(tmp_path / "a.txt", ALL_ORDERS, rows, encoding="cp932"))
    assert ("cp932", "ソ") in caught.value.candidates


def test_utf8_with_some_bytes_that_are_not_is_asked_about_not_read_as_western(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.txt",
        ALL_ORDERS,
        [cells("all_orders", n, product_name=t) for n, t in enumerate(["Käse", "Öl", "Tee"], 1)],
    )
    path.write_bytes(path.read_bytes().replace("Öl".encode(), b"\xd6l"))
    with pytest.raises(AmbiguousEncoding) as caught:
        inspect(path)
    assert caught.value.candidates[0][0] == "utf-8"
    _, found, (reject,) = everything(path, encoding="utf-8")
    assert [row["title"] for row in found] == ["Käse", None, "Tee"]
    assert (reject.line, reject.reason) == (3, "product-name has characters that are not utf-8")


@pytest.mark.parametrize("word", ["Jérôme Bäcker", "山田太郎"])
def test_a_buyers_odd_bytes_ask_nobody(word: str, tmp_path: Path) -> None:
    rows = [cells("unshipped", n, buyer_name=word, product_name=t) for n, t in enumerate(["Käse", "Pan"], 1)]
    path = write(tmp_path / "a.txt", UNSHIPPED, rows)
    odd = word.encode("cp932" if word[0] == "山" else "cp1252")
    path.write_bytes(path.read_bytes().replace(word.encode(), odd))
    info, found, rejects = everything(path)
    assert (info.encoding, rejects) == ("utf-8", [])
    assert [row["title"] for row in found] == ["Käse", "Pan"]


def test_samples_never_show_a_buyer(tmp_path: Path) -> None:
    row = cells("unshipped", product_name="ソ", buyer_name="Müller", sales_channel="Non-Amazon")
    with pytest.raises(AmbiguousEncoding) as caught:
        inspect(_in_cp932(tmp_path / "a.txt", row))
    shown = str(caught.value.candidates) + str(caught.value)
    assert not any(word in shown for word in (*BUYER.values(), "ller"))


def _in_cp932(path: Path, row: dict[str, str]) -> Path:
    lines = ["\t".join(UNSHIPPED).encode(), b"\t".join(_bytes(row[name]) for name in UNSHIPPED)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def _bytes(text: str) -> bytes:
    try:
        return text.encode("cp932")
    except UnicodeEncodeError:
        return text.encode("cp1252")


def test_an_encoding_that_was_given_is_obeyed_or_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ALL_ORDERS, [cells("all_orders", product_name="Käse")], encoding="cp1252")
    with pytest.raises(ReportError, match="it is not utf-8: its characters mean nothing there; try another --encoding"):
        inspect(path, encoding="utf-8")
    assert inspect(path, encoding="latin1").encoding == "iso-8859-1"
    assert inspect(path, encoding="Windows-31J").encoding == "cp932"
    for name in ("klingon", "utf-16", "rot13", "base64", "cp037"):
        with pytest.raises(ReportError, match="there is no encoding"):
            inspect(path, encoding=name)


def test_a_second_byte_that_looks_like_ascii_does_not_move_cells(tmp_path: Path) -> None:
    # 表 ソ 能 end in the bytes of \ and of letters; ｱ is one byte
    row = cells("all_orders", product_name="表ソ能ｱ", sku="十-1", sales_channel="Amazon.co.jp")
    _, (found,), _ = everything(write(tmp_path / "a.txt", ALL_ORDERS, [row], encoding="cp932", end="\r\n"))
    assert (found["title"], found["sku"], found["item_price"]) == ("表ソ能ｱ", "十-1", 2050)


def test_the_marketplace_is_asked_before_the_encoding(tmp_path: Path) -> None:
    columns = [name for name in ALL_ORDERS if name != "sales-channel"]
    path = write(tmp_path / "a.txt", columns, [cells("all_orders", product_name="水筒")], encoding="cp932")
    with pytest.raises(ReportError, match="say which marketplace"):
        inspect(path)
    assert inspect(path, marketplace="JP").encoding == "cp932"

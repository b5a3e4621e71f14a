"""Processing reports: what is whole is read, what is not is refused by name; nothing in them can hurt."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.amazon.processing_report import (
    MAX_BYTES,
    ProcessingReport,
    ProcessingReportError,
    RowResult,
    parse_report,
    read_bytes,
)

ID = "113-0000001-0000009"
FLAT = (
    "Feed Processing Summary:\r\n\tNumber of records processed\t\t3\r\n\tNumber of records successful\t\t2\r\n\r\n"
    "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\r\n"
    f"2\t{ID}\t012345678901234\t18028\tError\tOrder not found\r\n"
    f"3\t{ID}\t\t5000\tWarning\tDuplicate, skipped\r\n"
)
XML = """<?xml version="1.0" encoding="UTF-8"?>
<AmazonEnvelope><Header><DocumentVersion>1.02</DocumentVersion></Header><MessageType>ProcessingReport</MessageType>
<Message><MessageID>1</MessageID><ProcessingReport><DocumentTransactionID>5012</DocumentTransactionID>
<StatusCode>Complete</StatusCode><ProcessingSummary><MessagesProcessed>2</MessagesProcessed>
<MessagesSuccessful>1</MessagesSuccessful><MessagesWithError>1</MessagesWithError><MessagesWithWarning>0</MessagesWithWarning>
</ProcessingSummary><Result><MessageID>1600000100001</MessageID><ResultCode>Error</ResultCode>
<ResultMessageCode>18021</ResultMessageCode><ResultDescription>Too many &amp; more</ResultDescription>
<AdditionalInfo><AmazonOrderID>113-0000001-0000009</AmazonOrderID><AmazonOrderItemCode>01</AmazonOrderItemCode></AdditionalInfo>
</Result></ProcessingReport></Message></AmazonEnvelope>"""


def test_flat_report() -> None:
    assert parse_report(FLAT.encode(), "a") == ProcessingReport(
        "flat", "Complete", 3, 2, 1, 1,
        (
            RowResult(2, 0, "error", "18028", "Order not found", ID, "012345678901234"),
            RowResult(3, 0, "warning", "5000", "Duplicate, skipped", ID, ""),
        ),
    )  # fmt: skip


def test_xml_report() -> None:
    assert parse_report(XML.encode(), "a") == ProcessingReport(
        "xml", "Complete", 2, 1, 1, 0,
        (RowResult(0, 1600000100001, "error", "18021", "Too many & more", ID, "01"),), "5012",
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp932", "cp1252", "iso-8859-1"])
def test_flat_reports_in_the_encodings_amazon_and_windows_write(encoding: str) -> None:
    message = {"cp932": "注文が見つかりません", "cp1252": "Commande – introuvable", "iso-8859-1": "trouvée"}.get(
        encoding, "Übergrößen 注文"
    )
    report = parse_report(FLAT.replace("Order not found", message).encode(encoding), "a")
    if encoding in ("cp1252", "iso-8859-1"):  # any reading will do for a message, the row must stand
        assert report.results[0].code == "18028"
    else:
        assert report.results[0].text == message
    assert (report.processed, report.results[0].order_id) == (3, ID)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("cp932", "Windows-31J"),
        ("cp932", "Shift_JIS"), ("iso-8859-1", "ISO-8859-1")],
)  # fmt: skip
def test_xml_reports_in_the_encodings_they_declare(encoding: str, declared: str) -> None:
    message = "größer" if encoding == "iso-8859-1" else "注文が見つかりません"
    text = XML.replace("UTF-8", declared).replace("Too many &amp; more", message)
    assert parse_report(text.encode(encoding), "a").results[0].text == message


def test_a_namespace_and_leading_blanks_do_not_matter() -> None:
    text = XML.replace("<AmazonEnvelope>", '<AmazonEnvelope xmlns="urn:x">')
    assert parse_report(text.encode(), "a").processed == 2
    assert parse_report(b"\r\n" + FLAT.encode(), "a").processed == 3


def test_record_0_and_message_0_are_about_the_whole_file() -> None:
    flat = FLAT.replace(f"2\t{ID}\t012345678901234", "0\t\t")
    first = parse_report(flat.encode(), "a").results[0]
    assert (first.record, first.order_id) == (0, "")
    xml = XML.replace("1600000100001", "0")
    assert parse_report(xml.encode(), "a").results[0].message_id == 0


BOMB = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no “Feed Processing Summary”"),
        ("order-id\tsku\n1\t2\n", "this is no processing report"),
        (FLAT[: FLAT.index("successful")], "it lacks the line “Number of records successful”: it was cut off"),
        (FLAT[: FLAT.index("original")], "1 records failed but none is listed: it was cut off"),
        (FLAT[: FLAT.index("Error\t")], "a:6: error-type '' is neither Error nor Warning; the line may be cut off"),
        (FLAT.replace("found\r\n", "found"), "a:6: the row goes on with another row: a line end is missing"),
        (FLAT.replace("Warning", "Perhaps"), "a:7: error-type 'perhaps' is neither Error nor Warning"),
        (FLAT.replace("\t\t2\r", "\t\t4\r"), "4 successful of 3 processed cannot be"),
        (FLAT.replace("\t\t3\r", "\t\t-1\r"), "a:2: “Number of records processed” is -1, which cannot be"),
        (FLAT.replace("\t\t2\r", ": −2\r"), "a:3: “Number of records successful” is −2, which cannot be"),
        (FLAT.replace("\r\n2\t", "\r\nx\t"), "a:6: original-record-number 'x' is no number"),
        (FLAT.replace("\r\n2\t", "\r\n²\t"), "original-record-number '²' is no number"),
        (FLAT.replace("processed\t\t3", "processed\t\t" + "9" * 5000),
            "it lacks the line “Number of records processed”"),
        (XML[:-40], "it is not whole XML"),
        (XML.replace("<AmazonEnvelope>", BOMB + "<AmazonEnvelope>").replace("5012", "&c;"), "it defines entities"),
        (XML.replace("<AmazonEnvelope>", '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><AmazonEnvelope>'),
            "it defines entities"),
        (XML.replace("ProcessingReport>", "Report>"), "it has no ProcessingReport"),
        (XML.replace("ProcessingSummary>", "Sum>"), "has no ProcessingSummary"),
        (XML.replace("<MessagesProcessed>2", "<MessagesProcessed>two"), "MessagesProcessed is 'two', no number"),
        (XML.replace("<MessagesProcessed>2", "<MessagesProcessed>-1"), "MessagesProcessed is '-1', no number"),
        (XML.replace("<MessagesSuccessful>1", "<MessagesSuccessful>3"), "3 successful of 2 processed cannot be"),
        (XML.replace("<ResultCode>Error", "<ResultCode>Fine"), "ResultCode 'fine'"),
        (XML.replace("1600000100001", "-1"), "MessageID '-1'"),
        (XML.replace("UTF-8", "klingon"), "it is not whole XML"),
        (XML.replace("</Message>", "</Message>" + XML[XML.index("<Message>") : XML.index("</AmazonEnvelope>")]),
            "2 processing reports"),
    ],
)  # fmt: skip
def test_a_report_that_is_not_whole_is_refused_by_name(content: str, says: str) -> None:
    with pytest.raises(ProcessingReportError) as caught:
        parse_report(content.encode(), "a")
    assert str(caught.value).startswith("a")
    assert says in str(caught.value)


def test_counts_that_lie_are_handed_on_for_the_batch_to_judge() -> None:
    report = parse_report(FLAT.replace("\t\t2\r", "\t\t1\r").encode(), "a")
    assert (report.processed, report.successful, report.errors) == (3, 1, 1)


def test_control_characters_in_messages_never_get_through() -> None:
    report = parse_report(FLAT.replace("Order not found", "bad\x1b[31m\u202e\x07").encode(), "a")
    assert report.results[0].text == "bad[31m"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([FLAT, XML]), st.data())
def test_a_report_cut_anywhere_or_filled_with_anything_is_read_or_refused(whole: str, data: st.DataObject) -> None:
    content = whole.encode()
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content)))]
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(content)))
        content = content[:at] + data.draw(st.binary(max_size=4)) + content[at:]
    report = None
    with contextlib.suppress(ProcessingReportError):  # any other exception fails the test
        report = parse_report(content, "a")
    assert report is None or all(result.severity in ("error", "warning") for result in report.results)


def test_a_file_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcessingReportError, match="cannot be read"):
        read_bytes(tmp_path / "none.txt")
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ProcessingReportError, match="larger than 16,777,216 bytes"):
        read_bytes(huge)
    good = tmp_path / "good.txt"
    good.write_text(FLAT, encoding="utf-8")
    assert parse_report(read_bytes(good), str(good)).processed == 3


@pytest.mark.parametrize(
    "text",
    ["Feed Processing Summary:\n" + "Number of records processed" * 40_000,
     "Feed Processing Summary:\n" + "Number of records processed\n" * 40_000,
     "Feed Processing Summary:\n" + "Number of records processed \t" * 35 + "\n" * 100_000,
     "<a>" * 500_000, "<ProcessingReport>" + "<Result>" * 200_000, XML.replace("<Result>", "<Result>" + "<b>" * 40)],
)  # fmt: skip
def test_what_is_made_to_take_for_ever_is_refused_in_time(text: str) -> None:
    begin = time.thread_time()
    with pytest.raises(ProcessingReportError):
        parse_report(text.encode(), "a")
    assert time.thread_time() - begin < 2


def test_more_rows_than_a_feed_may_have_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordertui.amazon.processing_report.MAX_ROWS", 1)
    with pytest.raises(ProcessingReportError, match="more than 1 rows"):
        parse_report((FLAT + FLAT[FLAT.rindex("\n3\t") + 1 :] * 3).encode(), "a")
    with pytest.raises(ProcessingReportError, match="more than 1 rows"):
        parse_report(
            XML.replace(
                "<Result>", XML[XML.index("<Result>") : XML.index("</ProcessingReport>")] + "<Result>"
            ).encode(),
            "a",
        )

"""Files that are packed, UTF-16 or XML give the rows that the plain report gives; what grows without end is refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ordertui.amazon.processing_report import ProcessingReportError, read_bytes
from ordertui.amazon.reports import ReportError, detect_kind, inspect, read_orders
from ordertui.amazon.reports.report_file import FREE_BYTES
from support.reports import ALL_ORDERS, COLUMNS, NEW_ORDERS, UNSHIPPED, cells, everything, text_of


def zipped(content: bytes, *names: str) -> bytes:
    """A zip whose first file has the content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("__MACOSX/._report.txt", b"x")
        for name in names or ("report.txt",):
            archive.writestr(name, content)
    return out.getvalue()


def excel(content: bytes) -> bytes:
    """What Excel saves as Unicode text."""
    return content.decode("utf-8").replace("\n", "\r\n").encode("utf-16")


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zip": zipped,
    "utf16": excel,
    "utf16-be": lambda content: b"\xfe\xff" + content.decode("utf-8").encode("utf-16-be"),
    "utf16 in gz": lambda content: gzip.compress(excel(content)),
}


@pytest.mark.parametrize("packing", PACKINGS)
@pytest.mark.parametrize("kind", sorted(COLUMNS))
def test_a_packed_report_reads_like_the_plain_one(kind: str, packing: str, tmp_path: Path) -> None:
    content = text_of(COLUMNS[kind], [cells(kind, n, product_name="Füße 12") for n in range(1, 9)]).encode("utf-8")
    (tmp_path / "plain.txt").write_bytes(content)
    (tmp_path / "packed").write_bytes(PACKINGS[packing](content))
    plain, packed = everything(tmp_path / "plain.txt"), everything(tmp_path / "packed")
    assert packed[1:] == plain[1:]
    assert packed[0].as_of == plain[0].as_of
    assert detect_kind(tmp_path / "packed").value == kind
    if packing in ("gz", "zip"):
        assert packed[0].sha256 == plain[0].sha256
    *_, last = read_orders(packed[0], block_bytes=500)
    assert last.bytes_done == packed[0].size_bytes


def test_what_is_no_single_report_is_refused_by_name(tmp_path: Path) -> None:
    content = text_of(ALL_ORDERS, [cells("all_orders")]).encode("utf-8")
    sheet, damaged = zipped(b"", "[Content_Types].xml", "xl/a.xml"), gzip.compress(content)[:-12]
    for packed, says in (
        (zipped(content, "a.txt", "b.txt"), "holds 2 files, not one report"),
        (zipped(content, "../report.txt"), "holds no report; unpack it and look"),
        (zipped(zipped(content)), "holds a packed file: unpack it"),
        (gzip.compress(zipped(content)), "holds a packed file: unpack it"),
        (sheet, "is a spreadsheet"),
        (damaged, "cannot be unpacked: it is damaged"),
        (gzip.compress(content + b"\n" * FREE_BYTES), "no report does"),
        (zipped(content + b"\n" * FREE_BYTES), "no report does"),
    ):
        path = tmp_path / "a.zip"
        path.write_bytes(packed)
        with pytest.raises(ReportError, match=says):
            inspect(path)
        with pytest.raises(ProcessingReportError):
            read_bytes(path)


def test_hidden_files_of_a_zip_are_passed_over(tmp_path: Path) -> None:
    content = text_of(ALL_ORDERS, [cells("all_orders")]).encode("utf-8")
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(content, "reports/one.txt", "reports/.DS_Store", "__MACOSX/reports/._one.txt"))
    assert len(everything(path)[1]) == 1


def test_several_byte_order_marks_are_no_part_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf" * 3 + text_of(ALL_ORDERS, [cells("all_orders")]).encode("utf-8"))
    assert [row["order_id"] for row in everything(path)[1]] == ["113-0000001-0000009"]


@pytest.mark.parametrize("form", ["utf-8", "utf-8-sig", "utf-16", "gzip"])
@pytest.mark.parametrize("rows", [1, 3_000])
def test_lines_that_end_with_a_carriage_return_alone_are_lines(form: str, rows: int, tmp_path: Path) -> None:
    """A spreadsheet's "Text (Macintosh)": all of it was one line, the header, and the report came in without a row."""
    text = text_of(ALL_ORDERS, [cells("all_orders", n) for n in range(1, 1 + rows)]).replace("\n", "\r")
    path = tmp_path / "a.txt"
    path.write_bytes(gzip.compress(text.encode()) if form == "gzip" else text.encode(form))
    _, found, rejects = everything(path)
    assert (len(found), rejects) == (rows, [])


def test_a_header_alone_that_ends_with_a_carriage_return_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text_of(ALL_ORDERS, [cells("all_orders")] * 2).replace("\n", "\r", 2), encoding="utf-8", newline="")
    with pytest.raises(ReportError, match="line 1 ends with a carriage return"):
        inspect(path)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("rows", [2, 9_000])
def test_reports_joined_in_one_file_are_refused_where_the_second_begins(
    mark: str, end: str, rows: int, tmp_path: Path
) -> None:
    """An order that both parts name would be read as two lines, with twice the units and twice the money."""
    part = text_of(ALL_ORDERS, [cells("all_orders", n) for n in range(1, 1 + rows)]).replace("\n", end)
    path = tmp_path / "a.txt"
    path.write_bytes((part + mark + part).encode("utf-8"))
    with pytest.raises(ReportError, match=rf":{rows + 2}: a header stands here again"):
        inspect(path)


@pytest.mark.parametrize("second", [
    "\t".join(ALL_ORDERS[::-1]), "\t".join([*ALL_ORDERS, "cpf"]), "\t".join(UNSHIPPED), "\t".join(NEW_ORDERS),
    "\t".join(ALL_ORDERS).upper(), ",".join(UNSHIPPED), "\t".join(UNSHIPPED).replace("-", "_"),
    "Order Date\tOrder ID\tImpacts Account Health",
])  # fmt: skip
@pytest.mark.parametrize("end", ["\n", ""])
def test_a_header_of_other_columns_is_found_too(end: str, second: str, tmp_path: Path) -> None:
    """The rows below it would be read by the columns of the first; also where the line before it has no end."""
    first = text_of(ALL_ORDERS, [cells("all_orders", n) | {"product-name": "an order-id"} for n in (1, 2)])
    path = tmp_path / "a.txt"
    path.write_text(f"{first.removesuffix(chr(10))}{end}{second}\nx\n", encoding="utf-8")
    with pytest.raises(ReportError, match=rf":{3 + len(end)}: a header stands here again"):
        inspect(path)


def test_a_column_named_twice_is_refused_when_it_is_read(tmp_path: Path) -> None:
    """Which of both holds is not known; of columns that are not read it does not matter."""
    path = tmp_path / "a.txt"
    for name in ("quantity", "Item Price", "order_status"):
        text = text_of([*ALL_ORDERS, name], [cells("all_orders") | {name: "7"}])
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ReportError, match=r"names the column .* twice"):
            inspect(path)
    path.write_text(text_of([*ALL_ORDERS, "ship-city"], [cells("all_orders")]), encoding="utf-8")
    assert len(everything(path)[1]) == 1


ORDER = """
    <Message><Order>
      <AmazonOrderID>113-{n:07d}-0000009</AmazonOrderID>
      <PurchaseDate>2026-11-20T20:06:06+00:00</PurchaseDate>
      <LastUpdatedDate>2026-11-21T20:06:11+00:00</LastUpdatedDate>
      <OrderStatus>Unshipped</OrderStatus>
      <SalesChannel>Amazon.com</SalesChannel>
      <FulfillmentData><FulfillmentChannel>Merchant</FulfillmentChannel>
        <Address><City>Zcityville</City><PostalCode>Z9Q-7X1</PostalCode></Address></FulfillmentData>
      <IsBusinessOrder>true</IsBusinessOrder>
      <OrderItem><AmazonOrderItemCode>0{n:013d}</AmazonOrderItemCode><ASIN>B000000001</ASIN><SKU>00{n}E5</SKU>
        <ItemStatus>Unshipped</ItemStatus><ProductName>Shirt &amp; {title}</ProductName><Quantity>{quantity}</Quantity>
        <ItemPrice><Component><Type>Principal</Type><Amount currency="USD">15.95</Amount></Component>
          <Component><Type>Tax</Type><Amount currency="USD">1.20</Amount></Component>
          <Component><Type>Shipping</Type><Amount currency="USD">3.00</Amount></Component></ItemPrice>
        <Promotion><ItemPromotionDiscount>1.00</ItemPromotionDiscount></Promotion>
        <Promotion><ItemPromotionDiscount>0.50</ItemPromotionDiscount>
          <ShipPromotionDiscount>3.00</ShipPromotionDiscount></Promotion>
      </OrderItem>
      <OrderItem><ASIN>B000000002</ASIN><SKU>second</SKU><ItemStatus>Cancelled</ItemStatus><Quantity>0</Quantity>
      </OrderItem>
    </Order></Message>"""


def envelope(*orders: str, message: str = "AllOrdersReport", encoding: str = "UTF-8") -> str:
    """An XML report."""
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n<AmazonEnvelope><Header><DocumentVersion>1.00</DocumentVersion>'
        f"</Header>\n<MessageType>{message}</MessageType>{''.join(orders)}\n</AmazonEnvelope>\n"
    )


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "Windows-31J", "utf-16", "windows-1252"])
def test_an_xml_report_of_all_orders_is_read_item_by_item(encoding: str, tmp_path: Path) -> None:
    title = "カップ" if encoding == "Windows-31J" else "Füße"
    text = envelope(*(ORDER.format(n=n, title=title, quantity=2) for n in (1, 2)), encoding=encoding)
    path = tmp_path / "a.xml"
    path.write_bytes(text.encode("cp932" if encoding == "Windows-31J" else encoding))
    info, rows, rejects = everything(path, block_bytes=700)
    assert (info.kind.value, rejects) == ("all_orders", [])
    first, second = rows[:2]
    assert [row["order_id"] for row in rows] == [f"113-{n:07d}-0000009" for n in (1, 1, 2, 2)]
    wanted = {
        "order_item_id": "00000000000001", "marketplace": "US", "channel": "merchant", "status": "unshipped",
        "item_status": "unshipped", "sku": "001E5", "asin": "B000000001", "title": f"Shirt & {title}", "quantity": 2,
        "currency": "USD", "item_price": 1595, "item_tax": 120, "shipping_price": 300, "item_promotion": 150,
        "ship_promotion": 300, "business": "yes",
    }  # fmt: skip
    assert {name: first[name] for name in wanted} == wanted
    assert (second["sku"], second["item_status"], second["item_price"]) == ("second", "cancelled", None)
    lines = text.split("\n")
    assert "<OrderItem><AmazonOrderItemCode>" in lines[int(str(first["line_no"])) - 1]
    assert "<OrderItem><ASIN>B000000002" in lines[int(str(rows[3]["line_no"])) - 1]


def test_amounts_of_two_currencies_are_not_added_up(tmp_path: Path) -> None:
    """15.95 dollars and 1.20 euros are no sum: what was paid is unknown, and the order is kept."""
    text = envelope(ORDER.format(n=1, title="Cup", quantity=2)).replace('"USD">1.20', '"EUR">1.20')
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="utf-8")
    _, rows, rejects = everything(path)
    assert (rows[0]["order_id"], rows[0]["quantity"], rows[0]["item_price"], rows[0]["currency"]) == (
        "113-0000001-0000009", 2, None, None)  # fmt: skip
    assert len(rejects) == 1


@pytest.mark.parametrize("names", ['xmlns="urn:unknown"', 'xmlns:z="urn:z" z:schemaLocation="urn:z a.xsd"'])
def test_namespaces_of_an_xml_report_do_no_harm(names: str, tmp_path: Path) -> None:
    text = envelope(ORDER.format(n=1, title="Cup", quantity=2)).replace("<AmazonEnvelope", f"<AmazonEnvelope {names}")
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="utf-8")
    _, rows, rejects = everything(path)
    assert (rows[0]["item_price"], rows[0]["currency"], rejects) == (1595, "USD", [])


def test_an_xml_report_of_new_orders_has_item_ids_and_prices(tmp_path: Path) -> None:
    order = """<Message><MessageID>1</MessageID><OrderReport><AmazonOrderID>113-0000001-0000009</AmazonOrderID>
      <OrderDate>2026-11-20T20:06:06+00:00</OrderDate><BillingData><BuyerName>Zquinn Buyerson</BuyerName></BillingData>
      <Item><AmazonOrderItemCode>00000000000001</AmazonOrderItemCode><SKU>A</SKU><Title>Cup</Title><Quantity>1</Quantity>
      <ItemPrice><Component><Type>Principal</Type><Amount currency="USD">10.00</Amount></Component></ItemPrice>
      <ItemFees><Fee><Type>Commission</Type><Amount currency="USD">-1.50</Amount></Fee></ItemFees>
      <Promotion><PromotionClaimCode>X</PromotionClaimCode><Component><Type>Principal</Type>
      <Amount currency="USD">-2.00</Amount></Component></Promotion></Item></OrderReport></Message>"""
    (tmp_path / "a.xml").write_text(envelope(order, message="OrderReport"), encoding="utf-8")
    info, (row,), rejects = everything(tmp_path / "a.xml", marketplace="US")
    assert (info.kind.value, rejects) == ("new_orders", [])
    assert (row["order_item_id"], row["item_price"], row["item_promotion"], row["title"]) == (
        "00000000000001", 1000, 200, "Cup"
    )  # fmt: skip


def test_a_bad_value_of_an_xml_report_is_listed_with_its_line(tmp_path: Path) -> None:
    text = envelope(ORDER.format(n=1, title="x", quantity="many"), "<Message><Order><AmazonOrderID>113-0000002-0000009"
                    "</AmazonOrderID></Order></Message>")  # fmt: skip
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    _, rows, (odd, empty) = everything(tmp_path / "a.xml")
    assert [row["quantity"] for row in rows] == [None, 0]
    assert (odd.reason, odd.is_taken) == ("quantity: 'many' is no whole number such as 2", True)
    assert "<OrderItem>" in text.split("\n")[odd.line - 1]
    assert (empty.text, empty.is_taken) == ("113-0000002-0000009", False)


def test_an_order_outside_of_a_message_is_read_and_an_item_outside_of_an_order_is_listed(tmp_path: Path) -> None:
    inside, outside = (ORDER.format(n=n, title="x", quantity=1) for n in (1, 2))
    outside = outside.replace("<Message>", "").replace("</Message>", "")
    stray = "\n<OrderItem><SKU>stray</SKU><Quantity>1</Quantity></OrderItem>"
    for place, parts in enumerate(((stray, inside, outside), (outside, stray, inside), (inside, outside, stray))):
        text = envelope(*parts)
        (tmp_path / f"{place}.xml").write_text(text, encoding="utf-8")
        _, rows, rejects = everything(tmp_path / f"{place}.xml")
        wanted = [f"113-{n:07d}-0000009" for n in (1, 2) for _ in range(2)]
        assert sorted(str(row["order_id"]) for row in rows) == wanted
        assert {row["status"] for row in rows} == {"unshipped"}
        (one,) = rejects
        assert "<SKU>stray" in text.split("\n")[one.line - 1]
        assert (one.is_taken, one.order_ids) == (False, ())


@pytest.mark.parametrize("status", ["", "<OrderStatus>Unshipped</OrderStatus>"])
@pytest.mark.parametrize("item", ["", "<OrderItem/>", "<OrderItem><SKU>A</SKU><Quantity>1</Quantity></OrderItem>"])
def test_each_order_of_an_xml_report_without_an_id_is_listed_with_its_line(
    item: str, status: str, tmp_path: Path
) -> None:
    """Two that say the same are two: without an id nothing shows that they are one."""
    nameless = f"\n<Message><Order>{status}{item}</Order></Message>"
    text = envelope(nameless, ORDER.format(n=1, title="x", quantity=1), nameless, nameless)
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    _, rows, rejects = everything(tmp_path / "a.xml", marketplace="US")
    assert [row["order_id"] for row in rows] == ["113-0000001-0000009"] * 2
    assert [(one.line, one.is_taken) for one in rejects] == [
        (number, False) for number, line in enumerate(text.split("\n"), 1) if nameless[1:] in line
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (envelope(ORDER.format(n=1, title="x", quantity=1))[:-40], "is not whole XML"),
        (envelope(ORDER.format(n=1, title="&x;", quantity=1)), "is not whole XML"),
        (envelope().replace("<AmazonEnvelope>", '<!DOCTYPE a [<!ENTITY x "y">]><AmazonEnvelope>'), "defines entities"),
        (envelope("<a>" * 40 + "</a>" * 40), "more than 32 elements inside one another"),
        (envelope(encoding="klingon"), "an encoding that is not known here: klingon"),
    ],
)
def test_broken_xml_is_refused_before_anything_is_stored(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=says):
        inspect(tmp_path / "a.xml", marketplace="US")

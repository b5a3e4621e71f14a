"""Amazon's XML order reports as the tab-delimited reports that say the same, item by item.

AllOrdersReport (GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL and ..._BY_LAST_UPDATE_GENERAL) gives the rows of All
Orders, OrderReport (GET_ORDER_REPORT_DATA_SHIPPING) those of New orders (element names of Amazon's OrderReport.xsd). A
row stands in the line where its item begins, as far as no two items share a line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat

from ordertui.orders.text import to_single_line

from .errors import ReportError

if TYPE_CHECKING:
    from .report_file import Source

READ_BYTES = 1 << 16
MOST_TEXT = 20_000
"""Characters of one element."""
MOST_ITEMS = 10_000
"""Items of one order."""
MOST_DEPTH = 32
_MESSAGE = re.compile(rb"<MessageType>\s*(AllOrdersReport|OrderReport)\s*</MessageType>")
_DECLARED = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_CODECS = {"windows-31j": "cp932"}
_NO_ID = '""'
"""The only cell of an order that says nothing. A row of empty cells would count as a blank line."""
_ORDER_ELEMENTS = {"Order", "OrderReport"}
_ITEM_ELEMENTS = {"OrderItem", "Item"}
_ALL_ORDERS = {
    "amazon-order-id": "AmazonOrderID",
    "purchase-date": "PurchaseDate",
    "last-updated-date": "LastUpdatedDate",
    "order-status": "OrderStatus",
    "fulfillment-channel": "FulfillmentData/FulfillmentChannel",
    "sales-channel": "SalesChannel",
    "is-business-order": "IsBusinessOrder",
    "is-replacement-order": "IsReplacementOrder",
    "ship-service-level": "ShipServiceLevel",
    "is-prime": "IsPrime",
    "latest-ship-date": "LatestShipDate",
    "order-item-id": "item AmazonOrderItemCode",
    "asin": "item ASIN",
    "sku": "item SKU",
    "item-status": "item ItemStatus",
    "product-name": "item ProductName",
    "quantity": "item Quantity",
}
_NEW_ORDERS = {
    "order-id": "AmazonOrderID",
    "purchase-date": "OrderDate",
    "payments-date": "OrderPostedDate",
    "sales-channel": "SalesChannel",
    "ship-service-level": "FulfillmentServiceLevel",
    "is-prime": "IsPrime",
    "latest-ship-date": "LatestShipDate",
    "order-item-id": "item AmazonOrderItemCode",
    "sku": "item SKU",
    "product-name": "item Title",
    "quantity-purchased": "item Quantity",
}
_AMOUNTS = {
    "item-price": ("ItemPrice", "Principal"),
    "item-tax": ("ItemPrice", "Tax"),
    "shipping-price": ("ItemPrice", "Shipping"),
    "shipping-tax": ("ItemPrice", "ShippingTax"),
    "gift-wrap-price": ("ItemPrice", "GiftWrap"),
    "gift-wrap-tax": ("ItemPrice", "GiftWrapTax"),
    "item-promotion-discount": ("Promotion", "Principal"),
    "ship-promotion-discount": ("Promotion", "Shipping"),
}
_COMPONENTS = {pair: column for column, pair in _AMOUNTS.items()}
_DISCOUNTS = {"ItemPromotionDiscount": "item-promotion-discount", "ShipPromotionDiscount": "ship-promotion-discount"}
"""Promotions of AllOrdersReport, which names them so."""


def has_orders(beginning: bytes) -> bool:
    """Return whether the beginning of an XML file is that of an order report."""
    return _MESSAGE.search(beginning) is not None


class XmlOrders:
    """The table of an XML order report, as a stream of UTF-8."""

    def __init__(self, path: Path, source: Source, beginning: bytes) -> None:
        self._path = path
        self._source = source
        found = _MESSAGE.search(beginning)
        self._fields = _ALL_ORDERS if found is not None and found.group(1) == b"AllOrdersReport" else _NEW_ORDERS
        columns = [*self._fields, "currency", *_AMOUNTS]
        self._out: list[str] = ["\t".join(columns) + "\n"]
        self._lines = 1
        self._ready = b""
        self._decoder, self._parser = self._make_parser(beginning)
        self._is_done = False
        self._stack: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._currency = ""
        self._component = ""
        self._order: dict[str, str] = {}
        self._item: dict[str, str] | None = None
        self._items: list[tuple[int, dict[str, str]]] = []
        self._item_line = 0
        self._last: list[str] = []

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; empty at the end. Raises ReportError."""
        while not self._ready and not self._is_done:
            part = self._source.read(READ_BYTES)
            self._is_done = not part
            try:
                if self._decoder is not None:
                    self._parser.Parse(self._decoder.decode(part, self._is_done).encode("utf-8"), self._is_done)
                else:
                    self._parser.Parse(part, self._is_done)
            except (expat.ExpatError, UnicodeDecodeError) as error:
                raise ReportError(f"{self._path} is not whole XML ({error}); download it again") from error
            self._ready = "".join(self._out).encode("utf-8", "replace")
            self._out = []
        found, self._ready = self._ready[:size], self._ready[size:]
        return found

    def _make_parser(self, beginning: bytes) -> tuple[codecs.IncrementalDecoder | None, expat.XMLParserType]:
        """Return the parser, and a decoder for an encoding that it does not know. Raises ReportError."""
        declared = _DECLARED.search(beginning[:200])
        name = declared.group(1).decode("ascii").lower() if declared else "utf-8"
        decoder = None
        if name.startswith("utf-16"):
            name = "utf-8"  # it was made UTF-8 before it came here
        if name not in ("utf-8", "iso-8859-1", "us-ascii"):
            try:
                decoder = codecs.getincrementaldecoder(_CODECS.get(name, name))("replace")
            except LookupError:
                raise ReportError(f"{self._path} is in an encoding that is not known here: {name}") from None
            name = "utf-8"
        parser = expat.ParserCreate(name)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        return decoder, parser

    def _refuse(self, *_: object) -> None:
        raise ReportError(f"{self._path} defines entities, which no report of Amazon's does; it was not read")

    def _start(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        self._stack.append(tag)
        if len(self._stack) > MOST_DEPTH:
            raise ReportError(f"{self._path} has more than {MOST_DEPTH} elements inside one another; it was not read")
        self._text, self._length = [], 0
        if tag in _ORDER_ELEMENTS:
            self._write_stray_items()
            self._order = {}
        elif tag in _ITEM_ELEMENTS:
            self._item, self._item_line = {}, self._parser.CurrentLineNumber
        elif tag == "Component":
            self._component = ""
        if "currency" in attributes and self._item is not None:
            stated, before = attributes["currency"], self._item.get("currency", "")
            # of two currencies neither is that of the sum: what was paid is unknown then
            self._item["currency"] = stated if before in ("", stated) else f"{before} {stated}"[:40]

    def _data(self, text: str) -> None:
        self._length += len(text)
        if self._length <= MOST_TEXT:
            self._text.append(text)

    def _end(self, _tag: str) -> None:
        tag = self._stack[-1]
        text = to_single_line("".join(self._text))
        self._text, self._length = [], 0
        if self._item is not None and tag not in _ITEM_ELEMENTS:
            self._end_of_item_part(tag, text, self._item)
        elif self._item is not None:
            if len(self._items) == MOST_ITEMS:
                raise ReportError(f"{self._path} has an order of more than {MOST_ITEMS:,} items; it was not read")
            self._items.append((self._item_line, self._item))
            self._item = None
        elif tag in _ORDER_ELEMENTS:
            self._write()
            self._order, self._items = {}, []
        elif text and not _ORDER_ELEMENTS.isdisjoint(self._stack):
            self._order.setdefault(tag, text)
            self._order.setdefault("/".join(self._stack[-2:]), text)
        self._stack.pop()
        if not self._stack:
            self._write_stray_items()

    def _write_stray_items(self) -> None:
        """Write items that stand in no order as rows without an id, which are listed."""
        if self._items:
            self._order = {}
            self._write()
            self._items = []

    def _end_of_item_part(self, tag: str, text: str, item: dict[str, str]) -> None:
        parents = set(self._stack)
        if tag == "Type":
            self._component = text
        elif tag == "Amount":
            group = "Promotion" if "Promotion" in parents else "ItemPrice" if "ItemPrice" in parents else ""
            column = _COMPONENTS.get((group, self._component))
            if column is not None:
                self._add(item, column, text)
        elif tag in _DISCOUNTS:
            self._add(item, _DISCOUNTS[tag], text)
        elif self._stack[-2] in _ITEM_ELEMENTS and text:
            item.setdefault(tag, text)

    @staticmethod
    def _add(item: dict[str, str], column: str, text: str) -> None:
        """Add a promotion's amount to those before it; a price comes once. What is no number is kept as it is."""
        before = item.get(column)
        if before is not None:
            try:
                text = str(Decimal(before) + Decimal(text))
            except InvalidOperation:
                text = f"{before} + {text}"
        item[column] = text

    def _write(self) -> None:
        """Write the rows of the order that ended. Of one without items only the id is written, which is listed.

        So are the items of one without an id. An order that stands twice, one right after the other, is written once:
        rows that follow each other would be two items of it. One that comes up again later is known by that.
        """
        items: list[tuple[int, dict[str, str] | None]] = [*self._items]
        rows = [
            (line, "\t".join(self._cells(item)) + "\n")
            for line, item in items or [(self._parser.CurrentLineNumber, None)]
        ]
        texts = [text for _, text in rows]
        if texts == self._last and "AmazonOrderID" in self._order:
            return
        self._last = texts
        for line, text in rows:
            if line > self._lines + 1:
                self._out.append("\n" * (line - self._lines - 1))
                self._lines = line - 1
            self._out.append(text)
            self._lines += 1

    def _cells(self, item: Mapping[str, str] | None) -> list[str]:
        """Return the cells of an item of the order at hand; its id alone without one."""
        if item is None:
            return [self._order.get("AmazonOrderID", _NO_ID)]
        cells = [
            item.get(name.removeprefix("item "), "") if name.startswith("item ") else self._order.get(name, "")
            for name in self._fields.values()
        ]
        cells += [item.get("currency", ""), *(item.get(column, "") for column in _AMOUNTS)]
        return cells if any(cells) else [_NO_ID]

"""Bodies of Amazon's responses, with the fields that are used. Unknown fields are skipped.

Enumerations stay text, because Amazon adds values. Buyers' names, addresses, phones, gift messages and payment data
have no field here, so that no response can bring them in.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from .decoding import decode_body

UNFINISHED_STATUSES = ("IN_QUEUE", "IN_PROGRESS")
"""Values of `processing_status` while Amazon has not finished a feed or report."""

Units = Annotated[int, msgspec.Meta(ge=0, le=999_999_999)]  # as many as reports may name


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    """Body of a response, with Amazon's camel-case names."""


class Created(msgspec.Struct, frozen=True):
    """Body that may be anything or empty; the status alone says that the call succeeded."""


# -- feeds and their documents


class FeedCreated(_Body, frozen=True):
    """Response of createFeed."""

    feed_id: str


class Feed(_Body, frozen=True):
    """A feed and how far Amazon is with it (getFeed, getFeeds)."""

    feed_id: str
    feed_type: str = ""
    processing_status: str = ""
    marketplace_ids: tuple[str | None, ...] = ()
    result_feed_document_id: str = ""


class Feeds(_Body, frozen=True):
    """Page of getFeeds."""

    feeds: tuple[Feed, ...]
    next_token: str = ""


class FeedSlot(_Body, frozen=True):
    """Response of createFeedDocument. The address is signed: it is a secret for five minutes."""

    feed_document_id: str
    url: str

    def __repr__(self) -> str:
        return f"FeedSlot({self.feed_document_id})"


class Document(_Body, frozen=True):
    """Address of a document, signed for five minutes and a secret for as long."""

    url: str
    compression_algorithm: str = ""

    def __repr__(self) -> str:
        return "Document(...)"


# -- reports


class ReportCreated(_Body, frozen=True):
    """Response of createReport."""

    report_id: str


class Report(_Body, frozen=True):
    """A report that was asked for, and how far Amazon is with it (getReport)."""

    report_id: str
    processing_status: str
    report_document_id: str = ""


# -- orders


class MoneyText(_Body, frozen=True):
    """Amount as decimal text."""

    amount: str
    currency_code: str


class SubAmount(_Body, frozen=True):
    """Part of a tax or a discount."""

    subtype: str = ""
    value: MoneyText | None = None


class Proceed(_Body, frozen=True):
    """One kind of proceeds of an item."""

    type: str
    subtotal: MoneyText
    detailed_breakdowns: tuple[SubAmount, ...] = ()


class Proceeds(_Body, frozen=True):
    """Amounts that a seller gets for an item."""

    breakdowns: tuple[Proceed, ...] = ()
    proceeds_total: MoneyText | None = None


class OrderProceeds(_Body, frozen=True):
    """Amounts that a seller gets for an order: the sums of its items, and what is of no item."""

    breakdowns: tuple[Proceed, ...] = ()
    grand_total: MoneyText | None = None


class CancellationRequest(_Body, frozen=True):
    """Request to cancel an item. Of the reason only Amazon's own words are kept: it may be a buyer's free text."""

    requester: str = ""
    cancel_reason: str = ""


class CancellationExecution(_Body, frozen=True):
    """Who cancelled an item, and why."""

    cancelled_by: str = ""
    cancel_reason: str = ""


class Cancellation(_Body, frozen=True):
    """Cancellation of an item: requested, executed or both."""

    cancellation_request: CancellationRequest | None = None
    cancellation_execution: CancellationExecution | None = None


class ItemFulfillment(_Body, frozen=True):
    """Units of an item that are confirmed as shipped, and that remain to be; None: not said."""

    quantity_fulfilled: Units | None = None
    quantity_unfulfilled: Units | None = None


class ProductPrice(_Body, frozen=True):
    """Price of one unit."""

    unit_price: MoneyText | None = None


class Product(_Body, frozen=True):
    """Product of an item."""

    price: ProductPrice | None = None
    asin: str = ""
    title: str = ""
    seller_sku: str = msgspec.field(default="", name="sellerSku")


class Item(_Body, frozen=True):
    """One item of an order."""

    order_item_id: str
    quantity_ordered: Units
    product: Product = Product()
    proceeds: Proceeds | None = None
    cancellation: Cancellation | None = None
    fulfillment: ItemFulfillment | None = None


class TimeWindow(_Body, frozen=True):
    """Span of time."""

    latest_date_time: str = ""


class OrderFulfillment(_Body, frozen=True):
    """State of an order's fulfillment."""

    fulfillment_status: str = ""
    fulfilled_by: str = ""
    ship_by_window: TimeWindow | None = None
    deliver_by_window: TimeWindow | None = None


class PackageStatus(_Body, frozen=True):
    """State of a package."""

    status: str = ""


class Package(_Body, frozen=True):
    """One package of an order. Where it comes from and what is in it is not read."""

    package_reference_id: str = ""
    package_status: PackageStatus | None = None
    carrier: str = ""
    ship_time: str = ""
    tracking_number: str = ""


class SalesChannel(_Body, frozen=True):
    """Shop and marketplace where an order was placed."""

    channel_name: str
    marketplace_id: str = ""


class Associated(_Body, frozen=True):
    """Relation to another order, such as the one that this one replaces."""

    association_type: str = ""


class ApiOrder(_Body, frozen=True):
    """An order with its items, parcels and amounts (searchOrders, getOrder)."""

    order_id: str
    created_time: str
    last_updated_time: str
    sales_channel: SalesChannel
    order_items: tuple[Item, ...]
    programs: tuple[str | None, ...] = ()
    associated_orders: tuple[Associated, ...] = ()
    fulfillment: OrderFulfillment | None = None
    packages: tuple[Package, ...] = ()
    proceeds: OrderProceeds | None = None


class Pagination(_Body, frozen=True):
    """Token of the next page."""

    next_token: str = ""


class OrderPage(_Body, frozen=True):
    """Page of searchOrders. `last_updated_before`: the search as a whole is complete up to then.

    Each order is decoded on its own, so that a bad one stops no other.
    """

    orders: tuple[msgspec.Raw, ...]
    pagination: Pagination | None = None
    last_updated_before: str = ""

    @property
    def next_token(self) -> str:
        """Token of the next page; empty on the last."""
        return self.pagination.next_token if self.pagination else ""


class OneOrder(_Body, frozen=True):
    """Response of getOrder."""

    order: msgspec.Raw


# -- finances


class FinanceAmount(_Body, frozen=True):
    """Amount of the Finances API, which are numbers: kept as the text of the number, never made a float."""

    currency_code: str = ""
    currency_amount: msgspec.Raw = msgspec.Raw(b"")


class Related(_Body, frozen=True):
    """Identifier of something that a transaction is about."""

    related_identifier_name: str = ""
    related_identifier_value: str = ""


class Breakdown(_Body, frozen=True):
    """Part of a transaction's total."""

    breakdown_type: str = ""
    breakdown_amount: FinanceAmount | None = None

    @property
    def kind(self) -> str:
        """Type in lower case without spaces: Amazon writes both `Amazon Fees` and `AmazonFees`."""
        return self.breakdown_type.replace(" ", "").casefold()


class _Breakdowns(_Body, frozen=True):
    breakdowns: tuple[Breakdown, ...] = ()


class Transaction(_Body, frozen=True):
    """One financial transaction."""

    transaction_id: str = ""
    transaction_type: str = ""
    transaction_status: str = ""
    posted_date: str = ""
    total_amount: FinanceAmount | None = None
    related_identifiers: tuple[Related, ...] = ()
    breakdowns: msgspec.Raw = msgspec.Raw(b"[]")

    def parts(self) -> tuple[Breakdown, ...]:
        """Return the parts of the total. Raises ValueError when they are not readable.

        Amazon's model shows a list, Amazon's example an object with that list; both are read.
        """
        raw = bytes(self.breakdowns)
        if raw.startswith(b"["):
            return decode_body(raw, tuple[Breakdown, ...])
        return () if raw == b"null" else decode_body(raw, _Breakdowns).breakdowns


class _TransactionPage(_Body, frozen=True):
    transactions: tuple[msgspec.Raw, ...] = ()
    next_token: str = ""


class Transactions(_Body, frozen=True):
    """Response of listTransactions."""

    payload: _TransactionPage


# -- sellers


class _Market(_Body, frozen=True):
    id: str
    name: str = ""


class _Part(_Body, frozen=True):
    is_participating: bool


class Participation(_Body, frozen=True):
    """Marketplace of the account."""

    marketplace: _Market
    participation: _Part


class Participations(_Body, frozen=True):
    """Response of getMarketplaceParticipations."""

    payload: tuple[Participation, ...]


# -- messaging


class _Link(_Body, frozen=True):
    href: str = ""
    name: str = ""


class _Links(_Body, frozen=True):
    actions: tuple[_Link, ...] = ()


class MessagingActions(msgspec.Struct, frozen=True):
    """Response of getMessagingActionsForOrder: the messages that may be sent for an order."""

    links: _Links = msgspec.field(name="_links")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the message types that Amazon allows now."""
        return tuple(
            link.name or link.href.rstrip("/").rpartition("/")[2].partition("?")[0] for link in self.links.actions
        )


class _Buyer(_Body, frozen=True):
    locale: str = ""


class BuyerAttributes(_Body, frozen=True):
    """Response of GetAttributes: the buyer's language; nothing else of the buyer is read."""

    buyer: _Buyer

    @property
    def locale(self) -> str:
        """Language tag such as `en-US`."""
        return self.buyer.locale

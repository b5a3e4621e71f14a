"""Amazon's answers, as far as they are used. Enumerations stay text, because Amazon adds values; unknown fields are skipped.

Names of buyers, addresses, phones, gift messages and payment data are in no struct here, so that no answer can bring them in.
"""

from __future__ import annotations

import msgspec


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    """An answer's body."""


class Created(msgspec.Struct, frozen=True):
    """A body that may be anything, or nothing; the status alone says that it was done."""


class FeedCreated(_Body, frozen=True):
    """createFeed."""

    feed_id: str


class Feed(_Body, frozen=True):
    """One feed."""

    feed_id: str
    feed_type: str
    created_time: str
    processing_status: str
    marketplace_ids: tuple[str, ...] = ()
    result_feed_document_id: str = ""


class Feeds(_Body, frozen=True):
    """A page of getFeeds."""

    feeds: tuple[Feed, ...]
    next_token: str = ""


class FeedSlot(_Body, frozen=True):
    """createFeedDocument: where to upload. The address is signed: it is a secret for five minutes."""

    feed_document_id: str
    url: str

    def __repr__(self) -> str:
        return f"FeedSlot({self.feed_document_id})"


class Document(_Body, frozen=True):
    """Where a document can be fetched for five minutes. The address is a secret for as long."""

    url: str
    compression_algorithm: str = ""

    def __repr__(self) -> str:
        return "Document(...)"


class ReportCreated(_Body, frozen=True):
    """createReport."""

    report_id: str


class Report(_Body, frozen=True):
    """One report."""

    report_id: str
    report_type: str
    processing_status: str
    created_time: str
    report_document_id: str = ""


class MoneyText(_Body, frozen=True):
    """An amount as decimal text."""

    amount: str
    currency_code: str


class SubAmount(_Body, frozen=True):
    """A part of a tax or a discount."""

    subtype: str = ""
    value: MoneyText | None = None


class Proceed(_Body, frozen=True):
    """One kind of proceeds of an item."""

    type: str
    subtotal: MoneyText
    detailed_breakdowns: tuple[SubAmount, ...] = ()


class Proceeds(_Body, frozen=True):
    """What a seller gets for an item."""

    breakdowns: tuple[Proceed, ...] = ()


class Request(_Body, frozen=True):
    """Who asked to cancel an item. The buyer's own words are not read: they are free text."""

    requester: str = ""


class Execution(_Body, frozen=True):
    """Who cancelled an item."""

    cancelled_by: str = ""


class Cancellation(_Body, frozen=True):
    """An item's cancellation."""

    cancellation_request: Request | None = None
    cancellation_execution: Execution | None = None


class ItemFulfillment(_Body, frozen=True):
    """How much of an item is confirmed as shipped."""

    quantity_fulfilled: int | None = None


class Product(_Body, frozen=True):
    """What was ordered."""

    asin: str = ""
    title: str = ""
    seller_sku: str = msgspec.field(default="", name="sellerSku")


class Item(_Body, frozen=True):
    """One item of an order."""

    order_item_id: str
    quantity_ordered: int
    product: Product
    proceeds: Proceeds | None = None
    cancellation: Cancellation | None = None
    fulfillment: ItemFulfillment | None = None


class Window(_Body, frozen=True):
    """A span of time."""

    latest_date_time: str = ""


class OrderFulfillment(_Body, frozen=True):
    """Where an order stands."""

    fulfillment_status: str
    fulfilled_by: str = ""
    ship_by_window: Window | None = None


class SalesChannel(_Body, frozen=True):
    """Where it was sold."""

    channel_name: str
    marketplace_id: str = ""


class Associated(_Body, frozen=True):
    """An order that this one replaces."""

    association_type: str = ""


class ApiOrder(_Body, frozen=True):
    """One order."""

    order_id: str
    created_time: str
    last_updated_time: str
    sales_channel: SalesChannel
    order_items: tuple[Item, ...]
    programs: tuple[str, ...] = ()
    associated_orders: tuple[Associated, ...] = ()
    fulfillment: OrderFulfillment | None = None


class Pagination(_Body, frozen=True):
    """What leads to the next page."""

    next_token: str = ""


class OrderPage(_Body, frozen=True):
    """A page of searchOrders. `last_updated_before` is the moment up to which the whole search is complete."""

    orders: tuple[ApiOrder, ...]
    pagination: Pagination | None = None
    last_updated_before: str = ""

    @property
    def next_token(self) -> str:
        """Token of the next page; empty on the last."""
        return self.pagination.next_token if self.pagination else ""


class OneOrder(_Body, frozen=True):
    """getOrder."""

    order: ApiOrder


class Amount(_Body, frozen=True):
    """Finances give amounts as numbers; the text of the number is kept, no float is made."""

    currency_code: str = ""
    currency_amount: msgspec.Raw = msgspec.Raw(b"")


class Related(_Body, frozen=True):
    """What a transaction is about."""

    related_identifier_name: str = ""
    related_identifier_value: str = ""


class Breakdown(_Body, frozen=True):
    """A part of a transaction's total."""

    breakdown_type: str = ""
    breakdown_amount: Amount | None = None

    @property
    def kind(self) -> str:
        """Its type in small letters without spaces: Amazon writes `Amazon Fees` and `AmazonFees`."""
        return self.breakdown_type.replace(" ", "").casefold()


class _Breakdowns(_Body, frozen=True):
    breakdowns: tuple[Breakdown, ...] = ()


class Transaction(_Body, frozen=True):
    """One financial transaction."""

    transaction_id: str = ""
    transaction_type: str = ""
    transaction_status: str = ""
    posted_date: str = ""
    total_amount: Amount | None = None
    related_identifiers: tuple[Related, ...] = ()
    breakdowns: msgspec.Raw = msgspec.Raw(b"[]")

    def parts(self) -> tuple[Breakdown, ...]:
        """The parts of the total. Amazon's model has a list, its example an object around it. Raises ValueError for anything else."""
        try:
            found = msgspec.json.decode(self.breakdowns, type=tuple[Breakdown, ...] | _Breakdowns | None)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error
        return (found.breakdowns if isinstance(found, _Breakdowns) else found) or ()


class _TransactionPage(_Body, frozen=True):
    transactions: tuple[Transaction, ...] = ()
    next_token: str = ""


class Transactions(_Body, frozen=True):
    """listTransactions."""

    payload: _TransactionPage


class _Market(_Body, frozen=True):
    id: str
    name: str = ""


class _Part(_Body, frozen=True):
    is_participating: bool


class Participation(_Body, frozen=True):
    """One marketplace of the account."""

    marketplace: _Market
    participation: _Part


class Participations(_Body, frozen=True):
    """getMarketplaceParticipations."""

    payload: tuple[Participation, ...]


class _Action(_Body, frozen=True):
    name: str


class _Link(_Body, frozen=True):
    href: str = ""
    name: str = ""


class _Links(_Body, frozen=True):
    actions: tuple[_Link, ...] = ()


class MessagingActions(msgspec.Struct, frozen=True):
    """getMessagingActionsForOrder: what may be sent for this order."""

    links: _Links = msgspec.field(name="_links")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the message kinds that Amazon allows now."""
        return tuple(
            link.name or link.href.rstrip("/").rpartition("/")[2].partition("?")[0] for link in self.links.actions
        )


class _Buyer(_Body, frozen=True):
    locale: str = ""


class BuyerAttributes(_Body, frozen=True):
    """GetAttributes: the buyer's language, and nothing else of him."""

    buyer: _Buyer

    @property
    def locale(self) -> str:
        """Such as `en-US`."""
        return self.buyer.locale


class _ApiProblem(_Body, frozen=True):
    code: str = ""
    message: str = ""


class Problems(_Body, frozen=True):
    """The body of a refusal."""

    errors: tuple[_ApiProblem, ...] = ()

"""The closed vocabularies of orders. Stored and printed by value. `unknown`: no report states it."""

from __future__ import annotations

from enum import StrEnum


class Channel(StrEnum):
    """Who ships: the seller (`merchant`, MFN) or Amazon (`amazon`, AFN)."""

    MERCHANT = "merchant"
    AMAZON = "amazon"
    UNKNOWN = "unknown"


class OrderStatus(StrEnum):
    """Amazon's order status, one spelling for all reports and API versions."""

    PENDING = "pending"
    UNSHIPPED = "unshipped"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
    UNFULFILLABLE = "unfulfillable"
    UNKNOWN = "unknown"


class Dispatched(StrEnum):
    """Whether the parcel was handed to the carrier. Amazon does not know this; the operator tells it."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class BuyerRequest(StrEnum):
    """How the buyer asked for a cancellation. Only `official` and `some` are Amazon's own flag.

    The flag belongs to an item: of an order it is told of the items that are not cancelled yet, as long as there are.
    """

    OFFICIAL = "official"
    """With Amazon's own button, for every item."""
    MESSAGE = "message"
    NONE = "none"
    UNKNOWN = "unknown"
    SOME = "some"
    """With Amazon's own button, for some items only: cancelling the whole order counts."""


class Verge(StrEnum):
    """What Amazon says in the Unshipped orders report it is about to do with an order; the worse of its items."""

    CANCELLATION = "cancellation"
    LATE = "late"
    """About to count as shipped late."""
    NONE = "none"
    UNKNOWN = "unknown"


class CancelledBy(StrEnum):
    """Who cancelled. `auto`: Amazon, because the shipment was not confirmed in time."""

    SELLER = "seller"
    BUYER = "buyer"
    AMAZON = "amazon"
    AUTO = "auto"
    NONE = "none"
    UNKNOWN = "unknown"


class Refunded(StrEnum):
    """How much of the payment was refunded, as far as this store knows."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


class YesNo(StrEnum):
    """A flag that a report may lack."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Program(StrEnum):
    """Program of Amazon under which an order is shipped, where it decides what a seller may do."""

    EASY_SHIP = "easy_ship"
    """Amazon collects the parcel, delivers it and confirms the shipment."""
    SHIP_PLUS = "ship_plus"
    """Shipped with labels bought from Amazon."""
    DELIVERY_BY_AMAZON = "delivery_by_amazon"
    PICKUP = "pickup"
    """The buyer collects it in a store of the seller's."""
    NONE = "none"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """Actions of an operator on an order."""

    CANCEL = "cancel"
    REFUND = "refund"
    CONFIRM = "confirm"
    MESSAGE = "message"


class CancelReason(StrEnum):
    """Reason codes that the flat cancellation file and OrderAcknowledgement both take (AMAZON.md c, d)."""

    NO_INVENTORY = "NoInventory"
    BUYER_CANCELED = "BuyerCanceled"
    SHIPPING_ADDRESS_UNDELIVERABLE = "ShippingAddressUndeliverable"
    CUSTOMER_EXCHANGE = "CustomerExchange"
    CUSTOMER_RETURN = "CustomerReturn"
    GENERAL_ADJUSTMENT = "GeneralAdjustment"
    MERCHANDISE_NOT_RECEIVED = "MerchandiseNotReceived"


class RefundReason(StrEnum):
    """Reason codes of refunds, as the XML feed takes them (AdjustmentReason of OrderAdjustment.xsd, revision 12).

    `amazon.feeds.vocabulary` says which of them the flat file takes, and which a partial cancellation. Left out are the
    four that name a decision of Amazon's or a carrier's (CarrierCreditDecision, RiskAssessmentInformationNotValid,
    CarrierCoverageFailure, TransactionRecord).
    """

    NO_INVENTORY = "NoInventory"
    CUSTOMER_RETURN = "CustomerReturn"
    GENERAL_ADJUSTMENT = "GeneralAdjustment"
    COULD_NOT_SHIP = "CouldNotShip"
    DIFFERENT_ITEM = "DifferentItem"
    CUSTOMER_CANCEL = "CustomerCancel"
    PRICE_ERROR = "PriceError"
    UNDELIVERABLE = "Undeliverable"
    REFUSED_DELIVERY = "RefusedDelivery"
    CUSTOMER_ADDRESS_INCORRECT = "CustomerAddressIncorrect"
    EXCHANGE = "Exchange"
    ABANDONED = "Abandoned"
    PRODUCT_OUT_OF_STOCK = "ProductOutofStock"
    OTHER = "Other"


class ReportKind(StrEnum):
    """Files and calls that tell of orders. `amazon.reports.report_kind` describes each kind of file.

    The store keeps the value and the bit: append new kinds, never rename or reorder.
    """

    UNSHIPPED = "unshipped"
    NEW_ORDERS = "new_orders"
    ALL_ORDERS = "all_orders"
    CANCELLATION_RATE = "cancellation_rate"
    API_ORDERS = "api_orders"
    """Orders of the Selling Partner API; no file."""
    PROCESSING_REPORT = "processing_report"
    """Amazon's answer to an uploaded feed; it names batch rows, never orders, so its bit is never stored."""

    @property
    def bit(self) -> int:
        """The kind's bit in `orders.sources`, the set of kinds that have named an order."""
        return 1 << list(ReportKind).index(self)


class AlertKind(StrEnum):
    """Kinds of what is worth telling somebody who does not look at the screen; the first ones are told first."""

    AUTO_CANCEL = "auto_cancel"
    """Amazon is about to cancel an order by itself."""
    RATE_OVER = "rate_over"
    """The cancellation rate is over its target."""
    ANSWER_UNCLEAR = "answer_unclear"
    """It is not known what Amazon did with orders of a batch, or reports contradict its answer."""
    BATCH_FAILED = "batch_failed"
    """Amazon refused orders of a batch."""
    BATCH_STUCK = "batch_stuck"
    """A batch left, or should have, and nothing follows."""
    APPROVAL_WANTED = "approval_wanted"
    """A batch waits for another person's approval."""
    BUYER_REQUEST = "buyer_request"
    """A buyer asked for a cancellation."""
    FILE_TO_UPLOAD = "file_to_upload"
    RATE_NEAR = "rate_near"
    """The cancellation rate is near its target."""
    SECRET_EXPIRING = "secret_expiring"
    """The client secret of Amazon's API must be renewed."""


class NotificationState(StrEnum):
    """What became of a notification."""

    SENDING = "sending"
    """A process is at it; it stays so when that process dies, until its lease ends."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """The receiver did not take it; it is tried again."""
    GIVEN_UP = "given_up"
    """It was tried as often as it may be."""
    UNCLEAR = "unclear"
    """The process that sent it ended before it noted how that went. It is not sent again."""

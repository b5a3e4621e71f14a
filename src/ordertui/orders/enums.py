"""The closed vocabularies. `unknown` is a value: it means that no report said."""

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
    """Whether the parcel was handed to the carrier. Amazon does not know; the operator says."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class BuyerRequest(StrEnum):
    """How the buyer asked for a cancellation. Only `official` is Amazon's own flag."""

    OFFICIAL = "official"
    MESSAGE = "message"
    NONE = "none"
    UNKNOWN = "unknown"


class CancelledBy(StrEnum):
    """Who cancelled: `auto` is Amazon's cancellation for want of a ship confirmation."""

    SELLER = "seller"
    BUYER = "buyer"
    AMAZON = "amazon"
    AUTO = "auto"
    NONE = "none"
    UNKNOWN = "unknown"


class Refunded(StrEnum):
    """How much of what was paid has gone back, by what is known here."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"


class YesNo(StrEnum):
    """A flag that a report may not carry."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """What an operator can do with an order."""

    CANCEL = "cancel"
    REFUND = "refund"
    CONFIRM = "confirm"
    MESSAGE = "message"


class RowState(StrEnum):
    """Where one row of a batch stands; nothing is called done before Amazon said so."""

    HELD = "held"
    RECALLED = "recalled"
    SENT = "sent"
    ACCEPTED = "accepted"
    OK = "ok"
    ERROR = "error"
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"


class BatchState(StrEnum):
    """Where a batch stands. `sent` means its files were written to the outbox."""

    HELD = "held"
    RECALLED = "recalled"
    SENT = "sent"
    ANSWERED = "answered"

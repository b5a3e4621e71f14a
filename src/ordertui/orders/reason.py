"""Amazon's reason codes, as feeds spell them (AMAZON.md sections c and d)."""

from __future__ import annotations

from enum import StrEnum


class CancelReason(StrEnum):
    """Reason codes that the flat cancellation file and OrderAcknowledgement both take."""

    NO_INVENTORY = "NoInventory"
    BUYER_CANCELED = "BuyerCanceled"
    SHIPPING_ADDRESS_UNDELIVERABLE = "ShippingAddressUndeliverable"
    CUSTOMER_EXCHANGE = "CustomerExchange"
    CUSTOMER_RETURN = "CustomerReturn"
    GENERAL_ADJUSTMENT = "GeneralAdjustment"
    MERCHANDISE_NOT_RECEIVED = "MerchandiseNotReceived"


class RefundReason(StrEnum):
    """Reason codes that the flat payment adjustment file takes (help 661)."""

    NO_INVENTORY = "NoInventory"
    CUSTOMER_RETURN = "CustomerReturn"
    GENERAL_ADJUSTMENT = "GeneralAdjustment"
    COULD_NOT_SHIP = "CouldNotShip"
    DIFFERENT_ITEM = "DifferentItem"

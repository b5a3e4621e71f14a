"""Words that Amazon's order feeds take: codes of carriers, and which file takes which reason."""

from __future__ import annotations

from ordertui.orders.enums import RefundReason

OTHER = "Other"
"""The carrier code that stands before a carrier's name (CarrierName, carrier-name)."""

CARRIER_CODES = (
    # amzn-base.xsd, CarrierCode, as public clients of 2024 to 2026 carry it
    "USPS", "UPS", "UPSMI", "FedEx", "DHL", "Fastway", "GLS", "GO!", "Hermes Logistik Gruppe", "Royal Mail",
    "Parcelforce", "City Link", "TNT", "Target", "SagawaExpress", "NipponExpress", "YamatoTransport",
    "DHL Global Mail", "UPS Mail Innovations", "FedEx SmartPost", "OSM", "OnTrac", "Streamlite", "Newgistics",
    "Canada Post", "Blue Package", "Chronopost", "Deutsche Post", "DPD", "La Poste", "Parcelnet", "Poste Italiane",
    "SDA", "Smartmail", "FEDEX_JP", "JP_EXPRESS", "NITTSU", "SAGAWA", "YAMATO", "BlueDart", "AFL/Fedex", "Aramex",
    "India Post", "Professional", "DTDC", "Overnite Express", "First Flight", "Delhivery", "Lasership", "Yodel",
    # Seller Central help 641 (SG), field carrier-code
    "Ninjavan", "Qxpress", "Singapore Post", "4PX", "Yanwen", "China Post", "DHL eCommerce", "SF Express",
    # help 641 (AU)
    "Australia Post-Consignment", "Australia Post-ArticleId", "Couriers Please", "EUB", "Sendle", "Yun Express",
)  # fmt: skip
"""Codes that Amazon takes, without `Other`. Read on 2026-11-28.

A shipment confirmation has needed CarrierCode in every marketplace since August 2022 (developer documentation,
changelog "CarrierCode value required in shipment confirmations"), and a code must match Amazon's list exactly, else the
order stays unconfirmed (sellercentral.amazon.com/forums/t/846527). Sellers' programs name more codes (Seur, Correos);
no page of Amazon's was found for them, so such carriers go as `Other` with their name, which Amazon takes everywhere.
"""
MOST_CARRIER_NAME = 50
"""Characters of a carrier's name (help 641: 1 to 50)."""
_BY_NAME = {"".join(code.lower().split()): code for code in CARRIER_CODES}


def carrier_code(carrier: str) -> tuple[str, str]:
    """Return the code and the name to send for a carrier as an operator writes it; the name is empty with a known code.

    Case and blanks do not matter: `royal mail` is `Royal Mail`. Any other carrier is `Other` with its name;
    `Other` alone names no carrier.
    """
    name = " ".join(carrier.split())
    if name.casefold() == OTHER.casefold():
        return OTHER, ""
    code = _BY_NAME.get("".join(name.lower().split()))
    return (code, "") if code else (OTHER, name)


PARTIAL_CANCEL_REASONS = (RefundReason.NO_INVENTORY, RefundReason.CUSTOMER_CANCEL)
"""Reasons of an adjustment that cancels units which were never shipped (Seller Central help 200198080)."""

FLAT_REFUND_REASONS = frozenset({
    RefundReason.NO_INVENTORY, RefundReason.CUSTOMER_RETURN, RefundReason.GENERAL_ADJUSTMENT,
    RefundReason.COULD_NOT_SHIP, RefundReason.DIFFERENT_ITEM, RefundReason.CUSTOMER_CANCEL,
})  # fmt: skip
"""Reasons that the adjustment file takes: help 661 (DE) has the first five, help 200198080 the last."""


def flat_refund_reason(reason: str) -> str:
    """Return the reason as the adjustment file says it: GeneralAdjustment for one that only the XML feed takes."""
    return reason if reason in FLAT_REFUND_REASONS else RefundReason.GENERAL_ADJUSTMENT.value

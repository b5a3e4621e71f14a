"""Amazon's marketplaces: code, id, sales channel, currency, zone, and whether prices include the tax."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class PriceTax(StrEnum):
    """How the price columns of a marketplace's order reports and the tax columns beside them belong together."""

    ADDED = "added"
    """The tax comes on top of the price: the buyer pays both."""
    INCLUDED = "included"
    """The price includes the tax, and the tax column only repeats the part inside it."""
    UNKNOWN = "unknown"
    """No source says which. Read like INCLUDED, so that a refund never exceeds what was paid."""


class Marketplace(msgspec.Struct, frozen=True):
    """One marketplace. People and policies name it by `code`; `zone` is the IANA zone of its days."""

    code: str
    id: str
    name: str
    currency: str
    zone: str
    country: str
    """ISO 3166 code for the holiday calendar."""
    seller_central: str
    """Host of its Seller Central, for links and instructions."""


_EU_HOST = "sellercentral-europe.amazon.com"
MARKETPLACES: dict[str, Marketplace] = {
    row[0]: Marketplace(*row)
    for row in (
        ("US", "ATVPDKIKX0DER", "Amazon.com", "USD", "America/Los_Angeles", "US", "sellercentral.amazon.com"),
        ("CA", "A2EUQ1WTGCTBG2", "Amazon.ca", "CAD", "America/Toronto", "CA", "sellercentral.amazon.ca"),
        ("MX", "A1AM78C64UM0Y8", "Amazon.com.mx", "MXN", "America/Mexico_City", "MX", "sellercentral.amazon.com.mx"),
        ("BR", "A2Q3Y263D00KWC", "Amazon.com.br", "BRL", "America/Sao_Paulo", "BR", "sellercentral.amazon.com.br"),
        ("UK", "A1F83G8C2ARO7P", "Amazon.co.uk", "GBP", "Europe/London", "GB", "sellercentral.amazon.co.uk"),
        ("DE", "A1PA6795UKMFR9", "Amazon.de", "EUR", "Europe/Berlin", "DE", "sellercentral.amazon.de"),
        ("FR", "A13V1IB3VIYZZH", "Amazon.fr", "EUR", "Europe/Paris", "FR", "sellercentral.amazon.fr"),
        ("IT", "APJ6JRA9NG5V4", "Amazon.it", "EUR", "Europe/Rome", "IT", "sellercentral.amazon.it"),
        ("ES", "A1RKKUPIHCS9HS", "Amazon.es", "EUR", "Europe/Madrid", "ES", "sellercentral.amazon.es"),
        ("NL", "A1805IZSGTT6HS", "Amazon.nl", "EUR", "Europe/Amsterdam", "NL", "sellercentral.amazon.nl"),
        ("SE", "A2NODRKZP88ZB9", "Amazon.se", "SEK", "Europe/Stockholm", "SE", "sellercentral.amazon.se"),
        ("PL", "A1C3SOZRARQ6R3", "Amazon.pl", "PLN", "Europe/Warsaw", "PL", "sellercentral.amazon.pl"),
        ("BE", "AMEN7PMS3EDWL", "Amazon.com.be", "EUR", "Europe/Brussels", "BE", _EU_HOST),
        ("IE", "A28R8C7NBKEWEA", "Amazon.ie", "EUR", "Europe/Dublin", "IE", _EU_HOST),
        ("TR", "A33AVAJ2PDY3EV", "Amazon.com.tr", "TRY", "Europe/Istanbul", "TR", "sellercentral.amazon.com.tr"),
        ("AE", "A2VIGQ35RCS4UG", "Amazon.ae", "AED", "Asia/Dubai", "AE", "sellercentral.amazon.ae"),
        ("SA", "A17E79C6D8DWNP", "Amazon.sa", "SAR", "Asia/Riyadh", "SA", "sellercentral.amazon.sa"),
        ("EG", "ARBP9OOSHTCHU", "Amazon.eg", "EGP", "Africa/Cairo", "EG", "sellercentral.amazon.eg"),
        ("ZA", "AE08WJ6YKNBMC", "Amazon.co.za", "ZAR", "Africa/Johannesburg", "ZA", "sellercentral.amazon.co.za"),
        ("IN", "A21TJRUUN4KGV", "Amazon.in", "INR", "Asia/Kolkata", "IN", "sellercentral.amazon.in"),
        ("JP", "A1VC38T7YXB528", "Amazon.co.jp", "JPY", "Asia/Tokyo", "JP", "sellercentral.amazon.co.jp"),
        ("AU", "A39IBJ37TRP1C6", "Amazon.com.au", "AUD", "Australia/Sydney", "AU", "sellercentral.amazon.com.au"),
        ("SG", "A19VAU5U5O7RUS", "Amazon.sg", "SGD", "Asia/Singapore", "SG", "sellercentral.amazon.sg"),
    )
}
CURRENCIES = frozenset(one.currency for one in MARKETPLACES.values())
"""The currencies in which Amazon charges."""


class PriceTaxRule(msgspec.Struct, frozen=True):
    """How prices and taxes of a marketplace relate, with where that was read."""

    tax: PriceTax
    source: str
    checked: str = "2026-11-26"
    """The day on which the source was read."""


_VAT = PriceTaxRule(
    PriceTax.INCLUDED, "developer-docs, VAT Calculation Service, option 1: the item price includes the VAT"
)
_SALES_TAX = PriceTaxRule(
    PriceTax.ADDED, "sales tax comes on top of the price; no page of Amazon's says so of order reports"
)
PRICE_TAX: dict[str, PriceTaxRule] = {
    "US": _SALES_TAX,
    "CA": _SALES_TAX,
    **dict.fromkeys(("UK", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE"), _VAT),
    "JP": PriceTaxRule(
        PriceTax.INCLUDED,
        "Seller Central Japan help VMWEBEA58WCYAEA; a refund with a Tax component is refused, one with all in Principal"
        " is taken (amzn/selling-partner-api-models, issue 1372)",
    ),
}
"""By marketplace code. What a row of a report or of the API means by this is stored as it comes in, so a change here
needs a schema step: decision 0019.
"""
_NO_PRICE_TAX = PriceTaxRule(
    PriceTax.UNKNOWN, "no source: the tax is not added, so that no refund exceeds what was paid"
)
_BY_CHANNEL = {m.name.lower(): m for m in MARKETPLACES.values()}


def by_sales_channel(text: str) -> Marketplace | None:
    """Return the marketplace of a `sales-channel` such as `Amazon.co.jp`; None for others (`Non-Amazon US`)."""
    return _BY_CHANNEL.get(text.strip().lower().removeprefix("www."))


def price_tax_rule(code: str | None) -> PriceTaxRule:
    """Return how prices and taxes of a marketplace relate; an UNKNOWN one for None and for a code without a source."""
    return PRICE_TAX.get(code or "", _NO_PRICE_TAX)


def price_tax(code: str | None) -> PriceTax:
    """Return `price_tax_rule` without its source."""
    return price_tax_rule(code).tax


def zone_of(code: str) -> str:
    """Return the IANA zone in which a marketplace's times are shown; UTC for an unknown marketplace code."""
    market = MARKETPLACES.get(code)
    return market.zone if market else "UTC"


def seller_central_url(marketplace: str, order_id: str) -> str:
    """Return the address of an order's page in Seller Central; Amazon.com's for an unknown marketplace code."""
    market = MARKETPLACES.get(marketplace)
    host = market.seller_central if market else "sellercentral.amazon.com"
    return f"https://{host}/orders-v3/order/{order_id}"

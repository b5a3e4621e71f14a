"""Every operation that is used, declared once: parameters, expected status, rate and burst, and whether it may be repeated.

Source of each line: Amazon's OpenAPI models (github.com/amzn/selling-partner-api-models, commit 34dc93f, 2026-08-05);
tests compare this table with them. Rates are requests per second.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Repeat(StrEnum):
    """What a second call of the same does."""

    SAFE = "safe"
    """Nothing: it only reads, or makes something that costs nothing when it is left lying."""
    ONCE = "once"
    """Maybe everything again: it is sent once, and an unclear answer is for the caller to settle."""


class Operation(msgspec.Struct, frozen=True):
    """One operation of the Selling Partner API."""

    name: str
    method: str
    path: str
    """With `{name}` for path parameters."""
    expected: int
    """The only status that means success."""
    rate: float
    burst: int
    query: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    body: bool = False
    repeat: Repeat = Repeat.SAFE
    model: str = ""
    """The model file that declares it."""
    enabled: bool = True


def _q(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ORDERS, _V0, _FEEDS, _REPORTS = "orders_2026-01-01", "ordersV0", "feeds_2021-06-30", "reports_2021-06-30"
_SEARCH = _q(
    "createdAfter createdBefore lastUpdatedAfter lastUpdatedBefore fulfillmentStatuses marketplaceIds fulfilledBy"
    " maxResultsPerPage paginationToken includedData"
)
_LISTED = _q("processingStatuses marketplaceIds pageSize createdSince createdUntil nextToken")

SEARCH_ORDERS = Operation("searchOrders", "GET", "/orders/2026-01-01/orders", 200, 0.0056, 20, _SEARCH, model=_ORDERS)
GET_ORDER = Operation(
    "getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", 200, 0.5, 30, _q("includedData"), model=_ORDERS
)
CANCEL_ORDER = Operation(
    "cancelOrder", "PUT", "/orders/2026-01-01/orders/{orderId}/cancellation", 202, 1.0, 5,
    body=True, repeat=Repeat.ONCE, model=_ORDERS, enabled=False,
)  # fmt: skip
"""Off: it stood in Amazon's model three times and was taken out each time (AMAZON.md b). `Client.call` refuses it until `enabled`."""
CONFIRM_SHIPMENT = Operation(
    "confirmShipment", "POST", "/orders/v0/orders/{orderId}/shipmentConfirmation", 204, 2.0, 10,
    body=True, repeat=Repeat.ONCE, model=_V0,
)  # fmt: skip
CREATE_FEED_DOCUMENT = Operation(
    "createFeedDocument", "POST", "/feeds/2021-06-30/documents", 201, 0.5, 15, body=True, model=_FEEDS
)
CREATE_FEED = Operation(
    "createFeed", "POST", "/feeds/2021-06-30/feeds", 202, 0.0083, 15, body=True, repeat=Repeat.ONCE, model=_FEEDS
)
GET_FEEDS = Operation(
    "getFeeds", "GET", "/feeds/2021-06-30/feeds", 200, 0.0222, 10, _LISTED | _q("feedTypes"), model=_FEEDS
)
GET_FEED = Operation("getFeed", "GET", "/feeds/2021-06-30/feeds/{feedId}", 200, 2.0, 15, model=_FEEDS)
GET_FEED_DOCUMENT = Operation(
    "getFeedDocument", "GET", "/feeds/2021-06-30/documents/{feedDocumentId}", 200, 0.0222, 10, model=_FEEDS
)
CREATE_REPORT = Operation(
    "createReport", "POST", "/reports/2021-06-30/reports", 202, 0.0167, 15, body=True, model=_REPORTS
)
GET_REPORT = Operation("getReport", "GET", "/reports/2021-06-30/reports/{reportId}", 200, 2.0, 15, model=_REPORTS)
GET_REPORT_DOCUMENT = Operation(
    "getReportDocument", "GET", "/reports/2021-06-30/documents/{reportDocumentId}", 200, 0.0167, 15, model=_REPORTS
)
GET_MESSAGING_ACTIONS = Operation(
    "getMessagingActionsForOrder", "GET", "/messaging/v1/orders/{amazonOrderId}", 200, 1.0, 5,
    _q("marketplaceIds"), _q("marketplaceIds"), model="messaging",
)  # fmt: skip
GET_ATTRIBUTES = Operation(
    "GetAttributes", "GET", "/messaging/v1/orders/{amazonOrderId}/attributes", 200, 1.0, 5,
    _q("marketplaceIds"), _q("marketplaceIds"), model="messaging",
)  # fmt: skip
CONFIRM_ORDER_DETAILS = Operation(
    "createConfirmOrderDetails", "POST", "/messaging/v1/orders/{amazonOrderId}/messages/confirmOrderDetails", 201, 1.0, 5,
    _q("marketplaceIds"), _q("marketplaceIds"), body=True, repeat=Repeat.ONCE, model="messaging",
)  # fmt: skip
CONFIRM_DELIVERY_DETAILS = Operation(
    "createConfirmDeliveryDetails", "POST", "/messaging/v1/orders/{amazonOrderId}/messages/confirmDeliveryDetails", 201, 1.0, 5,
    _q("marketplaceIds"), _q("marketplaceIds"), body=True, repeat=Repeat.ONCE, model="messaging",
)  # fmt: skip
UNEXPECTED_PROBLEM = Operation(
    "createUnexpectedProblem", "POST", "/messaging/v1/orders/{amazonOrderId}/messages/unexpectedProblem", 201, 1.0, 5,
    _q("marketplaceIds"), _q("marketplaceIds"), body=True, repeat=Repeat.ONCE, model="messaging",
)  # fmt: skip
LIST_TRANSACTIONS = Operation(
    "listTransactions", "GET", "/finances/2024-06-19/transactions", 200, 0.5, 10,
    _q("postedAfter postedBefore marketplaceId transactionStatus relatedIdentifierName relatedIdentifierValue nextToken"),
    model="finances_2024-06-19",
)  # fmt: skip
GET_PARTICIPATIONS = Operation(
    "getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 200, 0.016, 15, model="sellers"
)

OPERATIONS = {
    operation.name: operation
    for operation in (
        SEARCH_ORDERS, GET_ORDER, CANCEL_ORDER, CONFIRM_SHIPMENT, CREATE_FEED_DOCUMENT, CREATE_FEED, GET_FEEDS, GET_FEED,
        GET_FEED_DOCUMENT, CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT, GET_MESSAGING_ACTIONS, GET_ATTRIBUTES, CONFIRM_ORDER_DETAILS,
        CONFIRM_DELIVERY_DETAILS, UNEXPECTED_PROBLEM, LIST_TRANSACTIONS, GET_PARTICIPATIONS,
    )
}  # fmt: skip

"""One function an operation: request in, status and body out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordertui.orders.clock import iso_utc, parse_iso
from ordertui.orders.marketplace import MARKETPLACES

from .amazon import PAGE, Amazon, Feed, Report

Reply = tuple[int, Any]
TWO_MINUTES = 120
TOKEN_SECONDS = 24 * 3600


class Refusal(Exception):
    """The request is refused with 400."""


class Handlers:
    """Operations over one state. `base` gives the address of this server."""

    def __init__(self, amazon: Amazon, base: Callable[[], str]) -> None:
        self._amazon = amazon
        self._base = base
        self._searches: dict[str, tuple[int, dict[str, str], list[str], int, str]] = {}
        self.duplicate_rows = False
        """Each page repeats the last order of the one before."""

    def __call__(self, name: str, path: dict[str, str], query: dict[str, str], body: Any) -> Reply | None:
        """The answer of an operation; None when it is not simulated."""
        work = getattr(self, f"do_{name}", None)
        if work is None:
            return None
        self._amazon.settle()
        try:
            return work(path, query, body)  # type: ignore[no-any-return]
        except Refusal as refusal:
            return problem(400, "InvalidInput", str(refusal))

    # -- orders

    def do_searchOrders(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        now = self._amazon.clock.now()
        token = query.get("paginationToken")
        given = {k: v for k, v in query.items() if k not in ("paginationToken", "maxResultsPerPage", "includedData")}
        if token is None:
            found, before = self._search(query, now)
            start = 0
        else:
            known = self._searches.get(token)
            if known is None or now - known[0] > TOKEN_SECONDS or known[1] != given:
                raise Refusal("paginationToken is invalid or has expired")
            _, _, found, start, before = known
        size = int(query.get("maxResultsPerPage", PAGE))
        if not 1 <= size <= PAGE:
            raise Refusal("maxResultsPerPage must be between 1 and 100")
        first = max(0, start - 1) if self.duplicate_rows else start
        page = [self._shown(self._amazon.orders[i], query) for i in found[first : start + size]]
        answer: dict[str, Any] = {"orders": page}
        answer["lastUpdatedBefore" if "lastUpdatedAfter" in query else "createdBefore"] = before
        if start + size < len(found):
            token = self._amazon.number("token")
            self._searches[token] = (now, given, found, start + size, before)
            answer["pagination"] = {"nextToken": token}
        return 200, answer

    def _search(self, query: dict[str, str], now: int) -> tuple[list[str], str]:
        if ("createdAfter" in query) == ("lastUpdatedAfter" in query):
            raise Refusal("give exactly one of createdAfter and lastUpdatedAfter")
        kind, field = ("created", "createdTime") if "createdAfter" in query else ("lastUpdated", "lastUpdatedTime")
        latest = now - TWO_MINUTES
        before = query.get(f"{kind}Before")
        if before is not None and parse_iso(before) > latest:
            raise Refusal(f"{kind}Before must be at least two minutes old")
        end = parse_iso(before) if before else latest
        start = parse_iso(query[f"{kind}After"])
        wanted = {
            k: set(query[k].split(",")) for k in ("fulfillmentStatuses", "marketplaceIds", "fulfilledBy") if k in query
        }
        found = [
            (parse_iso(order[field]), ident)
            for ident, order in self._amazon.orders.items()
            if start <= parse_iso(order[field]) <= end
            and order["fulfillment"]["fulfillmentStatus"]
            in wanted.get("fulfillmentStatuses", {order["fulfillment"]["fulfillmentStatus"]})
            and order["fulfillment"]["fulfilledBy"] in wanted.get("fulfilledBy", {order["fulfillment"]["fulfilledBy"]})
            and order["salesChannel"]["marketplaceId"]
            in wanted.get("marketplaceIds", {order["salesChannel"]["marketplaceId"]})
        ]
        return [ident for _, ident in sorted(found)], iso_utc(end)

    @staticmethod
    def _shown(order: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        """Only the data sets that were asked for."""
        data = query.get("includedData", "").split(",")
        hidden = {
            "FULFILLMENT": "fulfillment",
            "PROCEEDS": "proceeds",
            "CANCELLATION": "cancellation",
            "BUYER": "buyer",
            "RECIPIENT": "recipient",
            "PACKAGES": "packages",
        }
        gone = {field for name, field in hidden.items() if name not in data}
        items = [{k: v for k, v in item.items() if k not in gone} for item in order["orderItems"]]
        return {k: v for k, v in order.items() if k not in gone} | {"orderItems": items}

    def do_getOrder(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        order = self._amazon.orders.get(path["orderId"])
        return (200, {"order": self._shown(order, query)}) if order else problem(404, "NotFound", "no such order")

    def do_confirmShipment(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        order = self._amazon.orders.get(path["orderId"])
        if order is None:
            return problem(404, "NotFound", "no such order")
        why = self._amazon.refuse.get(path["orderId"])
        if why:
            return problem(400, *why)
        parcel = body["packageDetail"]["packageReferenceId"]
        known = {one["packageReferenceId"] for one in order.setdefault("packages", [])}
        self._amazon.confirmations.append((path["orderId"], body))
        if parcel not in known:  # a known one is edited
            order["packages"].append({"packageReferenceId": parcel, "packageStatus": {"status": "PENDING"}})
        self._amazon.ship(order)
        return 204, None

    # -- feeds

    def do_createFeedDocument(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        ident = self._amazon.document(body["contentType"], None, incoming=True)
        return 201, {"feedDocumentId": ident, "url": self._address(ident)}

    def do_createFeed(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        document = self._amazon.documents.get(body["inputFeedDocumentId"])
        if document is None or document.content is None:
            raise Refusal("inputFeedDocumentId names no uploaded document")
        feed = self._amazon.create_feed(body["feedType"], body["marketplaceIds"], document.id)
        return 202, {"feedId": feed.id}

    def do_getFeed(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        feed = self._amazon.feeds.get(path["feedId"])
        return (200, feed_body(feed)) if feed else problem(404, "NotFound", "no such feed")

    def do_cancelFeed(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        feed = self._amazon.feeds.get(path["feedId"])
        if feed is None:
            return problem(404, "NotFound", "no such feed")
        if feed.status != "IN_QUEUE":
            raise Refusal("only a feed that waits can be cancelled")
        feed.status = "CANCELLED"
        return 200, {}

    def do_getFeeds(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        if "feedTypes" not in query and "nextToken" not in query:
            raise Refusal("give feedTypes or nextToken")
        amazon = self._amazon
        kinds = query.get("feedTypes", "").split(",")
        since = parse_iso(query["createdSince"]) if "createdSince" in query else 0
        size = int(query.get("pageSize", 10))
        try:
            start = int(query.get("nextToken", "0"))
        except ValueError:
            raise Refusal("nextToken is invalid") from None
        found = [
            feed
            for feed in reversed(list(amazon.feeds.values()))
            if (feed.kind in kinds or "feedTypes" not in query)
            and feed.created >= since
            and amazon.clock.now() - feed.created >= amazon.lag_seconds
        ]
        answer: dict[str, Any] = {"feeds": [feed_body(feed) for feed in found[start : start + size]]}
        if start + size < len(found):
            answer["nextToken"] = str(start + size)
        return 200, answer

    def do_getFeedDocument(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        return self._document(path, "feedDocumentId")

    # -- reports

    def do_createReport(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        start, end = body.get("dataStartTime", ""), body.get("dataEndTime", "")
        if start and end and parse_iso(end) - parse_iso(start) > 30 * 86_400:
            raise Refusal("the date range must not exceed 30 days")
        report = self._amazon.create_report(body["reportType"], start, end, body["marketplaceIds"])
        return 202, {"reportId": report.id}

    def do_getReport(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        report = self._amazon.reports.get(path["reportId"])
        return (200, report_body(report)) if report else problem(404, "NotFound", "no such report")

    def do_getReportDocument(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        return self._document(path, "reportDocumentId")

    def _document(self, path: dict[str, str], name: str) -> Reply:
        document = self._amazon.documents.get(path[name])
        if document is None or document.incoming:
            raise Refusal(f"Invalid {name}")
        answer = {name: document.id, "url": self._address(document.id)}
        return 200, answer | ({"compressionAlgorithm": "GZIP"} if document.packed else {})

    # -- messages, money, the account

    def do_getMessagingActionsForOrder(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        root = f"/messaging/v1/orders/{path['amazonOrderId']}"
        tail = f"?marketplaceIds={query['marketplaceIds']}"
        actions = [{"href": f"{root}/messages/{name}{tail}", "name": name} for name in self._amazon.allowed_messages]
        return 200, {"_links": {"self": {"href": root + tail}, "actions": actions}, "_embedded": {"actions": []}}

    def do_GetAttributes(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        return 200, {"buyer": {"locale": "en-US"}}

    def _message(self, kind: str, path: dict[str, str], body: Any) -> Reply:
        if kind not in self._amazon.allowed_messages:
            return problem(403, "Unauthorized", "this message is not allowed for this order")
        self._amazon.messages.append((path["amazonOrderId"], kind, body.get("text", "")))
        return 201, {}

    def do_createConfirmOrderDetails(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        return self._message("confirmOrderDetails", path, body)

    def do_createConfirmDeliveryDetails(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        return self._message("confirmDeliveryDetails", path, body)

    def do_createUnexpectedProblem(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        return self._message("unexpectedProblem", path, body)

    def do_listTransactions(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        amazon, wanted, latest = (
            self._amazon,
            query.get("relatedIdentifierValue"),
            self._amazon.clock.now() - TWO_MINUTES,
        )
        if wanted is None and "postedAfter" not in query:
            raise Refusal("give postedAfter or a related identifier")
        after = parse_iso(query["postedAfter"]) if "postedAfter" in query else 0
        before = parse_iso(query["postedBefore"]) if "postedBefore" in query else latest
        if not after < before <= latest:
            raise Refusal("postedAfter must lie before postedBefore, and that two minutes in the past")
        found = [
            one
            for one in amazon.transactions
            if (wanted is None or any(r["relatedIdentifierValue"] == wanted for r in one["relatedIdentifiers"]))
            and after <= parse_iso(one["postedDate"]) < (amazon.clock.now() + 1 if wanted else before)
            and amazon.clock.now() - parse_iso(one["postedDate"]) >= amazon.booking_lag
        ]
        start, size = int(query.get("nextToken", "0")), amazon.transaction_page
        payload: dict[str, Any] = {"transactions": found[start : start + size]}
        if start + size < len(found):
            payload["nextToken"] = str(start + size)
        return 200, {"payload": payload}

    def do_getMarketplaceParticipations(self, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:  # noqa: N802
        market = MARKETPLACES["US"]
        one = {
            "marketplace": {
                "id": market.id, "name": market.name, "countryCode": "US", "defaultCurrencyCode": "USD",
                "defaultLanguageCode": "en_US", "domainName": "www.amazon.com",
            },
            "participation": {"isParticipating": True, "hasSuspendedListings": False},
            "storeName": "A simulated shop",
        }  # fmt: skip
        return 200, {"payload": [one]}

    def _address(self, document: str) -> str:
        until = self._amazon.clock.now() + 300
        return f"{self._base()}/documents/{document}?X-Amz-Signature=SIGNED-{document[-4:]}&until={until}"


def feed_body(feed: Feed) -> dict[str, Any]:
    """A feed as Amazon shows it: never with the document that it was made from."""
    body: dict[str, Any] = {
        "feedId": feed.id, "feedType": feed.kind, "marketplaceIds": feed.markets, "createdTime": iso_utc(feed.created),
        "processingStatus": feed.status,
    }  # fmt: skip
    return body | ({"resultFeedDocumentId": feed.result} if feed.result else {})


def report_body(report: Report) -> dict[str, Any]:
    """A report as Amazon shows it."""
    body = {
        "reportId": report.id,
        "reportType": report.kind,
        "createdTime": iso_utc(report.created),
        "processingStatus": report.status,
    }
    return body | ({"reportDocumentId": report.document} if report.document else {})


def problem(status: int, code: str, message: str) -> Reply:
    """A refusal in Amazon's form."""
    return status, {"errors": [{"code": code, "message": message}]}

"""Amazon's official SDK (`amzn-sp-api`) does the whole job against an address: an independent reading of the same
models.

Run by test_official_sdk.py in a process of its own, because the SDK sets up logging for the whole process.
"""

import json
import sys
from datetime import UTC, datetime

import requests
from spapi import FeedsApi, SPAPIClient, SPAPIConfig
from spapi.api.orders_v2026_01_01.search_orders_api import SearchOrdersApi
from spapi.models.feeds_v2021_06_30 import CreateFeedDocumentSpecification, CreateFeedSpecification

address, document = sys.argv[1], sys.argv[2]
config = SPAPIConfig(client_id="sim-client", client_secret="sim-secret", refresh_token="sim-refresh")
api_client = SPAPIClient(config, oauth_endpoint=f"{address}/auth/o2/token", endpoint=address).api_client
orders = SearchOrdersApi(api_client).search_orders(
    created_after=datetime(2026, 11, 1, tzinfo=UTC).isoformat(),
    included_data=["FULFILLMENT", "PROCEEDS", "CANCELLATION"],
)
feeds = FeedsApi(api_client)
content_type = "text/xml; charset=UTF-8"
slot = feeds.create_feed_document(CreateFeedDocumentSpecification(content_type=content_type))
with open(document, "rb") as file:
    requests.put(slot.url, data=file.read(), headers={"content-type": content_type}, timeout=60).raise_for_status()
kind = "POST_ORDER_ACKNOWLEDGEMENT_DATA"
made = feeds.create_feed(
    CreateFeedSpecification(
        feed_type=kind, marketplace_ids=["ATVPDKIKX0DER"], input_feed_document_id=slot.feed_document_id
    )
)
requests.get(f"{address}/simulated-time/later", timeout=60).raise_for_status()
feed = feeds.get_feed(made.feed_id)
listed = feeds.get_feeds(feed_types=[kind])
result = feeds.get_feed_document(feed.result_feed_document_id)
print(
    json.dumps(
        {
            "orders": [order.order_id for order in orders.orders],
            "prices": [order.order_items[0].proceeds.breakdowns[0].subtotal.amount for order in orders.orders],
            "status": feed.processing_status,
            "listed": [one.feed_id for one in listed.feeds] == [made.feed_id],
            "report": requests.get(result.url, timeout=60).text,
        }
    )
)

"""One call: what is sent, what is waited for, and what each thing that goes wrong is called."""

from typing import Any

import pytest

from ordertui.amazon.spapi import errors
from ordertui.amazon.spapi.client import TRIES
from ordertui.amazon.spapi.decoding import decode_body
from ordertui.amazon.spapi.documents import MOST_FEED, upload
from ordertui.amazon.spapi.operations import CANCEL_ORDER, CREATE_FEED, GET_FEEDS, GET_PARTICIPATIONS, SEARCH_ORDERS
from ordertui.amazon.spapi.rate_limit import TokenBucket, full_bucket
from ordertui.amazon.spapi.schemas import ApiOrder, FeedCreated, Feeds, OrderPage, Participations
from ordertui.orders.clock import HOUR, FixedClock, iso_utc
from support.api import MemoryBucketStore, SimulatedTime, client, credentials
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

FEED = "POST_ORDER_ACKNOWLEDGEMENT_DATA"


async def search(sim: Simulator, clock: FixedClock, **more: Any) -> OrderPage:
    async with client(sim, clock, **more) as api:
        return await api.call(SEARCH_ORDERS, OrderPage, query={"createdAfter": iso_utc(clock.now() - 30 * 86_400)})


async def feeds(sim: Simulator, clock: FixedClock, **more: Any) -> Feeds:
    async with client(sim, clock, **more) as api:
        return await api.call(GET_FEEDS, Feeds, query={"feedTypes": [FEED], "pageSize": "100"})


async def post(sim: Simulator, clock: FixedClock, **more: Any) -> FeedCreated:
    async with client(sim, clock, **more) as api:
        document = await upload(api, b"<AmazonEnvelope/>")
        body = {"feedType": FEED, "marketplaceIds": ["ATVPDKIKX0DER"], "inputFeedDocumentId": document}
        return await api.call(CREATE_FEED, FeedCreated, body=body)


async def test_the_account_answers(sim: Simulator, clock: FixedClock) -> None:
    async with client(sim, clock) as api:
        found = await api.call(GET_PARTICIPATIONS, Participations)
    assert [(one.marketplace.id, one.participation.is_participating) for one in found.payload] == [
        ("ATVPDKIKX0DER", True)
    ]


async def test_a_page_of_orders_brings_no_buyer_data(sim: Simulator, clock: FixedClock) -> None:
    sim.amazon.put(order(1, clock.now(), asked=True))
    found = await search(sim, clock)
    assert [decode_body(one, ApiOrder).order_id for one in found.orders] == ["113-0000000-0000001"]
    assert "Jane" not in repr([decode_body(one, ApiOrder) for one in found.orders])


SAFE_FAULTS = [
    "html503",
    "empty502",
    "error500",
    "drop",
    "drop_after",
    "hang",
    "throttle",
    "html_body",
    "empty_object",
    "half_body",
]


@pytest.mark.parametrize("fault", SAFE_FAULTS)
async def test_what_only_reads_is_read_again(sim: Simulator, clock: FixedClock, fault: str) -> None:
    sim.faults.add("getFeeds", fault)
    assert (await feeds(sim, clock, hangs=fault == "hang")).feeds == ()
    assert sim.calls.count("getFeeds") == 2


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("html503", errors.ServerTrouble),
        ("empty502", errors.ServerTrouble),
        ("drop", errors.NoAnswer),
        ("throttle", errors.Throttled),
        ("html_body", errors.BadAnswer),
        ("empty_object", errors.BadAnswer),
        ("half_body", errors.NoAnswer),
    ],
)
async def test_no_answer_is_never_an_empty_one(
    sim: Simulator, clock: FixedClock, fault: str, kind: type[errors.SpApiError]
) -> None:
    sim.faults.add("getFeeds", fault, 99)
    with pytest.raises(kind):
        await feeds(sim, clock)
    assert sim.calls.count("getFeeds") == TRIES


@pytest.mark.parametrize(
    ("fault", "kind", "maybe"),
    [
        ("html503", errors.ServerTrouble, True),
        ("empty502", errors.ServerTrouble, True),
        ("error500", errors.ServerTrouble, True),
        ("error500_after", errors.ServerTrouble, True),
        ("empty502_after", errors.ServerTrouble, True),
        ("drop", errors.NoAnswer, True),
        ("drop_after", errors.NoAnswer, True),
        ("hang", errors.NoAnswer, True),
        ("hang_after", errors.NoAnswer, True),
        ("half_body", errors.NoAnswer, True),
        ("html_body", errors.BadAnswer, True),
        ("empty_object", errors.BadAnswer, True),
        ("throttle", errors.Throttled, False),
        ("unauthorized", errors.Denied, False),
        ("forbidden", errors.Denied, False),
    ],
)
async def test_create_feed_is_sent_once_and_says_whether_it_may_have_arrived(
    sim: Simulator, clock: FixedClock, fault: str, kind: type[errors.SpApiError], maybe: bool
) -> None:
    sim.faults.add("createFeed", fault)
    with pytest.raises(kind) as caught:
        await post(sim, clock, hangs="hang" in fault)
    assert caught.value.may_have_been_applied is maybe
    assert sim.calls.count("createFeed") == 1
    assert len(sim.amazon.posts) == (fault.endswith("_after") or fault in ("html_body", "empty_object", "half_body"))


async def test_nobody_listening_means_nothing_was_sent(sim: Simulator, clock: FixedClock) -> None:
    async with client(sim, clock) as api:
        await api.call(GET_PARTICIPATIONS, Participations)
        document = await upload(api, b"<AmazonEnvelope/>")
    closed = Simulator(clock, contract=sim.contract)
    closed._server.server_close()
    closed.credentials = sim.credentials
    async with client(closed, clock) as api:
        with pytest.raises(errors.NotSent) as caught:
            await api.call(
                CREATE_FEED, FeedCreated,
                body={"feedType": FEED, "marketplaceIds": ["ATVPDKIKX0DER"], "inputFeedDocumentId": document},
            )  # fmt: skip
    assert not caught.value.may_have_been_applied


async def test_one_new_token_after_a_refusal(sim: Simulator, clock: FixedClock) -> None:
    sim.faults.add("getFeeds", "forbidden")
    await feeds(sim, clock)
    assert sim.calls.count("login") == 2
    sim.faults.add("getFeeds", "unauthorized", 99)
    with pytest.raises(errors.Denied):
        await feeds(sim, clock)
    assert sim.calls.count("login") == 4, "once more, not for ever"


async def test_a_token_is_used_until_its_end(sim: Simulator, clock: FixedClock) -> None:
    async with client(sim, clock) as api:
        for _ in range(3):
            await api.call(GET_PARTICIPATIONS, Participations)
        assert sim.calls.count("login") == 1
        clock.advance(HOUR)
        await api.call(GET_PARTICIPATIONS, Participations)
    assert sim.calls.count("login") == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"client_secret": "old"}, "180 days"), ({"refresh_token": "gone"}, "authorise the application again")],
)
async def test_refused_credentials_say_what_to_do(
    sim: Simulator, clock: FixedClock, wrong: dict[str, str], words: str
) -> None:
    with pytest.raises(errors.TokenRefused, match=words):
        await feeds(sim, clock, who=credentials(sim, **wrong))
    assert sim.calls == ["login"], "wrong credentials are not tried again"


@pytest.mark.parametrize("fault", ["html503", "drop", "hang", "html_body", "empty_object"])
async def test_without_a_token_nothing_is_sent(
    sim: Simulator, clock: FixedClock, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.amazon.spapi.client.TRIES", 1)
    sim.faults.add("login", fault, 99)
    with pytest.raises(errors.NotSent):
        await feeds(sim, clock, hangs=fault == "hang")
    assert "getFeeds" not in sim.calls


async def test_a_wrong_request_is_a_refusal_with_amazons_words(sim: Simulator, clock: FixedClock) -> None:
    async with client(sim, clock) as api:
        with pytest.raises(errors.Rejected, match="exactly one of createdAfter"):
            await api.call(SEARCH_ORDERS, OrderPage, query={"maxResultsPerPage": "5"})
        with pytest.raises(ValueError, match="has no parameter nextToken"):
            await api.call(SEARCH_ORDERS, OrderPage, query={"nextToken": "x"})
        with pytest.raises(errors.NotSent, match="switched off"):
            await api.call(CANCEL_ORDER, FeedCreated, path={"orderId": "1"}, body={})


async def test_it_waits_for_its_quota_and_never_overdraws(sim: Simulator, clock: FixedClock) -> None:
    time = SimulatedTime(clock)
    async with client(sim, clock, time=time) as api:
        for _ in range(GET_FEEDS.burst + 3):
            await api.call(GET_FEEDS, Feeds, query={"feedTypes": [FEED]})
    assert time.waited == [("getFeeds", 46), ("getFeeds", 45), ("getFeeds", 45)]
    assert sim.quotas.breaches() == []


async def test_it_learns_the_accounts_own_rate(sim: Simulator, clock: FixedClock) -> None:
    sim.rate_header["getFeeds"] = "2.0"
    book = MemoryBucketStore()
    await feeds(sim, clock, buckets=book)
    assert book.buckets["getFeeds"].rate == 2.0


async def test_a_stop_ends_the_wait_and_gives_the_token_back(sim: Simulator, clock: FixedClock) -> None:
    book = MemoryBucketStore()
    book.buckets["getFeeds"] = TokenBucket(GET_FEEDS.rate, GET_FEEDS.burst, 0.0, clock.now())
    with pytest.raises(errors.CallCancelled):
        await feeds(sim, clock, buckets=book, time=SimulatedTime(clock, stop=lambda: True))
    assert book.buckets["getFeeds"].tokens == 0.0
    assert "getFeeds" not in sim.calls


def test_a_bucket_fills_with_time_and_not_with_a_clock_that_goes_back() -> None:
    bucket = full_bucket(SEARCH_ORDERS, 1000.0)
    for _ in range(21):
        bucket = bucket.taken(1000.0)
    assert bucket.wait == 179
    assert bucket.refilled(900.0) == bucket
    assert bucket.refilled(1000.0 + 179).wait == 0
    assert bucket.refilled(1e9).tokens == SEARCH_ORDERS.burst


async def test_a_feed_that_is_too_large_is_not_uploaded(sim: Simulator, clock: FixedClock) -> None:
    async with client(sim, clock) as api:
        with pytest.raises(ValueError, match="split the batch"):
            await upload(api, bytes(MOST_FEED))
    assert sim.calls == []


async def test_an_expired_upload_address_is_an_error(sim: Simulator, clock: FixedClock) -> None:
    sim.faults.add("upload", "forbidden")
    async with client(sim, clock) as api:
        with pytest.raises(errors.Rejected, match="may have expired"):
            await upload(api, b"<AmazonEnvelope/>")

"""Documents: whole or not at all, never larger than allowed, and only from where they may come."""

import gzip
import io

import pytest

from ordertui.amazon.spapi.documents import fetch
from ordertui.amazon.spapi.endpoints import Endpoints, NotAllowed
from ordertui.amazon.spapi.errors import DocumentBroken, NoAnswer, NotSent
from ordertui.amazon.spapi.operations import GET_REPORT_DOCUMENT
from ordertui.orders.clock import FixedClock
from support.api import client
from support.simulator import Simulator

pytestmark = pytest.mark.usefixtures("api_credentials")

PLAIN = b"amazon-order-id\n" + b"113-0000000-0000001\n" * 2000


async def get(sim: Simulator, clock: FixedClock, content: bytes, *, packed: bool = True, most: int = 1 << 20) -> bytes:
    ident = sim.amazon.document("text/plain", content, packed=packed)
    target = io.BytesIO()
    async with client(sim, clock) as api:
        await fetch(api, GET_REPORT_DOCUMENT, "reportDocumentId", ident, target, most)
    return target.getvalue()


@pytest.mark.parametrize("packed", [True, False])
async def test_a_document_comes_whole(sim: Simulator, clock: FixedClock, packed: bool) -> None:
    assert await get(sim, clock, gzip.compress(PLAIN) if packed else PLAIN, packed=packed) == PLAIN


@pytest.mark.parametrize("cut", [1, 8, 200])
async def test_a_truncated_one_is_refused(sim: Simulator, clock: FixedClock, cut: int) -> None:
    with pytest.raises(DocumentBroken, match="cut off"):
        await get(sim, clock, gzip.compress(PLAIN)[:-cut])


async def test_what_is_not_gzip_is_refused(sim: Simulator, clock: FixedClock) -> None:
    with pytest.raises(DocumentBroken, match="damaged"):
        await get(sim, clock, PLAIN)


async def test_more_behind_its_end_is_refused(sim: Simulator, clock: FixedClock) -> None:
    with pytest.raises(DocumentBroken, match="more behind"):
        await get(sim, clock, gzip.compress(PLAIN) + b"more")


async def test_a_bomb_does_not_go_off(sim: Simulator, clock: FixedClock) -> None:
    with pytest.raises(DocumentBroken, match="larger"):
        await get(sim, clock, gzip.compress(bytes(64 << 20)), most=1 << 20)


async def test_an_expired_address_is_asked_for_again(sim: Simulator, clock: FixedClock) -> None:
    sim.faults.add("download", "forbidden")
    assert await get(sim, clock, gzip.compress(PLAIN)) == PLAIN
    assert sim.calls.count("getReportDocument") == 2


async def test_half_a_document_is_no_document(sim: Simulator, clock: FixedClock) -> None:
    sim.faults.add("download", "half_body", 2)
    with pytest.raises(NoAnswer):
        await get(sim, clock, PLAIN, packed=False)


TEST, US = Endpoints.test("http://127.0.0.1:8707"), Endpoints.production("na")


@pytest.mark.parametrize(
    ("endpoints", "url", "document"),
    [
        (TEST, "https://sellingpartnerapi-na.amazon.com/orders", False),
        (TEST, "http://localhost:8707/", False),
        (TEST, "http://127.0.0.1.example.com/", False),
        (TEST, "http://127.0.0.1@example.com/", False),
        (TEST, "http://[::1]/", False),
        (TEST, "ftp://127.0.0.1/", False),
        (US, "http://sellingpartnerapi-na.amazon.com/orders", False),
        (US, "https://sellingpartnerapi-na.amazon.com.example.com/", False),
        (US, "https://sellingpartnerapi-na.amazon.com:8443/", False),
        (US, "https://127.0.0.1/", False),
        (US, "https://bucket.s3.amazonaws.com/x", False),
        (US, "https://bucket.s3.amazonaws.com.example.com/x", True),
        (US, "https://user:pass@bucket.s3.amazonaws.com/x", True),
        (US, "http://bucket.s3.amazonaws.com/x", True),
    ],
)
def test_addresses_that_are_never_called(endpoints: Endpoints, url: str, document: bool) -> None:
    with pytest.raises(NotAllowed):
        endpoints.check(url, document=document)


def test_addresses_that_are() -> None:
    US.check("https://api.amazon.com/auth/o2/token")
    US.check("https://sellingpartnerapi-na.amazon.com/orders/2026-01-01/orders")
    US.check("https://tortuga-prod-na.s3.us-east-1.amazonaws.com/x?X-Amz-Signature=1", document=True)
    TEST.check("http://127.0.0.1:8707/documents/x", document=True)
    with pytest.raises(NotAllowed):
        Endpoints.test("https://sellingpartnerapi-na.amazon.com")
    with pytest.raises(NotAllowed):
        Endpoints.production("moon")


async def test_the_test_profile_does_not_follow_amazon_elsewhere(
    sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sim.handlers, "_address", lambda ident: f"https://bucket.s3.amazonaws.com/{ident}")
    with pytest.raises(NotSent, match=r"127\.0\.0\.1 only"):
        await get(sim, clock, PLAIN)


async def test_proxies_of_the_environment_are_not_heeded(
    sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await get(sim, clock, gzip.compress(PLAIN)) == PLAIN

"""Every reader against broken, twisted and hostile input: words or a result, never another error, in time and memory.

`make test` tries some of each; `ORDERTUI_FUZZ=100000` tries so many in all (the long profile). Each input is made of a
good one by a seeded mutation, or of bytes that are known to hurt parsers.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import re
import sys
import time
import zipfile
from collections.abc import Callable, Coroutine
from contextlib import nullcontext, suppress
from functools import cache
from pathlib import Path

import msgspec
import pytest

from ordertui.amazon.processing_report import parse_report, read_bytes
from ordertui.amazon.reports import inspect, read_orders, read_rate
from ordertui.amazon.reports.account_health import read_health
from ordertui.amazon.spapi import schemas
from ordertui.amazon.spapi.decoding import UnreadableJson, decode_body
from ordertui.amazon.spapi.order_mapping import order_rows
from ordertui.operations.config import ReceiverConfig, load_config
from ordertui.operations.errors import foreseen_message
from ordertui.operations.notify.receivers import load_address
from ordertui.operations.notify.service import is_quiet
from ordertui.operations.planning.choice_files import read_refunds, read_shipping
from ordertui.operations.planning.plan_file import decode, encode, load_plans
from ordertui.operations.policies import read_policy_file
from ordertui.operations.query.sort_order import read_sorting
from ordertui.operations.shortage.stock_file import read_stock
from ordertui.operations.sync.credentials import CredentialStore
from ordertui.operations.workspace import Workspace
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.errors import UserError
from ordertui.rules.policy.edition import load_edition, read_edition
from ordertui.rules.policy.house_rules import read_house_policy
from ordertui.store.engine.address import parse_address
from ordertui.tui.keymap import read_keymap
from ordertui.tui.screens.typed_commands import CommandReader
from support.cli import EXAMPLES
from support.shops import NOW, open_session, standard

ALL = int(os.environ.get("ORDERTUI_FUZZ", "0"))
SECONDS, MEGABYTES = 2.0, 200
FOREIGN = re.compile(
    r"Expected `|msgspec|NoneType|object of type|, got `|codec can't|Traceback|<class|\[Errno|invalid literal"
    r"|decompressing|`\$|\bNone\b|unhashable|subscriptable|has no attribute|malformed: |Error\("
)
"""Words of Python and its libraries, which tell an operator nothing."""
TOKENS = [
    b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xff", b"\x1f\x8b", b"PK\x03\x04", b"\r", b"\n", b"\t", b'"',
    b"'", b"\\",
    b"[" * 3_000, b"{" * 3_000, b"(" * 3_000, b"<a>" * 3_000, b"a." * 3_000, b"9" * 5_000, b"1e999999999", b"-1",
    b"1_0",
    b"NaN", b"null", b"true", b"{}", b"[]", b'"x"', b"9999-12-31T23:59:59-14:00", b"0001-01-01T00:00:00+14:00",
    b"2099-01-01T00:00:00Z", b"&a;", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"\xed\xa0\x80", "٣".encode(), "²".encode(),
    "\u202e\u2028".encode(), b"=1+1", b"-" * 2_000, b"0" * 2_000, b" " * 2_000,
]  # fmt: skip


class Readers:
    """What is read, each with good inputs to begin with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "input"
        self.session = open_session(folder / "shop", clock=FixedClock(NOW))
        standard(self.session, folder)
        ids = self.session.orders.find()
        self.orders = {order.row.order_id: order for order in self.session.context.reader().orders.get(ids).values()}
        self.session.batches.save_plan(self.session.planner.plan(Action.CANCEL, ids[:5]), folder / "plan.json")
        self.edition = load_edition("amazon")

    def file(self, content: bytes) -> Path:
        self.path.write_bytes(content)
        return self.path

    def reports(self, content: bytes) -> None:
        info = inspect(self.file(content), marketplace="US", encoding="utf-8", latest=NOW)
        if info.kind.value == "cancellation_rate":
            list(read_rate(info, []))
        else:
            for _ in read_orders(info):
                pass

    def results(self, content: bytes) -> None:
        parse_report(read_bytes(self.file(content)), "input")

    def health(self, content: bytes) -> None:
        read_health(self.file(content))

    def settings(self, content: bytes) -> None:
        found = load_config(self.file(content))
        is_quiet(NOW, found.notify)

    def receiver(self, content: bytes) -> None:
        """The address of somebody who is told, in a file of its own."""
        path = self.file(content)
        path.chmod(0o600)
        load_address(ReceiverConfig(name="team", address=f"file:{path}"))

    def server(self, content: bytes) -> None:
        """The address of a store on a server, as an option or a setting gives it."""
        parse_address(content.decode("utf-8", "surrogateescape"), self.folder)

    def journal_plan(self, content: bytes) -> None:
        decode(content)

    def typed(self, content: bytes) -> None:
        """A line after `:`, which is completed at each key."""
        text = content[:2_000].decode("utf-8", "surrogateescape")
        reader = CommandReader(self.session.orders.condition, ("mine",))
        reader.complete(text)
        reader.read(text)

    def tab(self, content: bytes) -> None:
        """A message of a tab of the browser."""
        from ordertui.cli.web_server import _pass_on

        run(_pass_on(content.decode("utf-8", "replace"), Anything(), Anything()))  # type: ignore[arg-type]

    def policy(self, content: bytes) -> None:
        read_house_policy(read_policy_file(self.file(content)), "input", self.edition, now=NOW)

    def edition_file(self, content: bytes) -> None:
        read_edition(read_policy_file(self.file(content)), "input")

    def keys(self, content: bytes) -> None:
        read_keymap(self.file(content))

    def workspace(self, content: bytes) -> None:
        store = self.folder / "w.db"
        for ending in ("marks.json", "views.toml", "columns.txt", "filters.txt", "folder.txt", "queues.json"):
            store.with_suffix(f".{ending}").write_bytes(content)
        found = Workspace(store, read_only=True)
        found.marks()
        found.views()
        found.columns()
        found.history()
        found.folder()
        found.looks()

    def note(self, content: bytes) -> None:
        path = self.session.context.store.path.with_name("orders.db-newest")
        path.write_bytes(content)
        try:
            self.session.context.copies.reason()
        finally:
            path.unlink()

    def plans(self, content: bytes) -> None:
        for plan in load_plans(self.file(content)):
            self.session.batches.commit(plan)

    def amounts(self, content: bytes) -> None:
        read_refunds(self.file(content), self.orders)

    def shipping(self, content: bytes) -> None:
        read_shipping(self.file(content))

    def stock(self, content: bytes) -> None:
        read_stock(self.file(content))

    def credentials(self, content: bytes) -> None:
        path = self.folder / "credentials-test.enc"
        path.write_bytes(content)
        CredentialStore("test", self.folder, lambda: "a passphrase").load()

    def filters(self, content: bytes) -> None:
        text = content.decode("utf-8", "surrogateescape")
        with suppress(UserError):
            read_sorting(text[:200], down=True)
        self.session.orders.count(text[:20_000])

    def answers(self, content: bytes) -> None:
        for kind in (
            schemas.Feeds,
            schemas.Report,
            schemas.Transactions,
            schemas.Participations,
            schemas.MessagingActions,
        ):
            try:
                decode_body(content, kind)
            except UnreadableJson:
                continue
        page = decode_body(content, schemas.OrderPage)
        order_rows(page.orders, lambda _code, at: at, NOW)


class Anything:
    """A screen and a socket that take whatever they are given."""

    def __getattr__(self, name: str) -> Callable[..., Coroutine[None, None, None]]:
        async def take(*_: object) -> None:
            return None

        return take


def run(awaitable: Coroutine[None, None, None]) -> None:
    """Run what waits for nothing."""
    with suppress(StopIteration):
        awaitable.send(None)


@cache
def seeds(name: str, folder: Path) -> list[bytes]:
    """Good inputs of a reader."""
    reports = [path.read_bytes()[:6_000] for path in sorted((EXAMPLES / "us" / "reports").iterdir())]
    cells = "\t".join
    order = next(iter(READERS[folder].orders))
    plain = reports[0][: reports[0].rindex(b"\n") + 1]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("report.txt", plain)
    xml = (EXAMPLES / "quirks" / "all-orders.xml").read_bytes()
    quirks = (path.read_bytes()[:4_000] for path in sorted((EXAMPLES / "quirks").glob("*.txt")))
    forms = [gzip.compress(plain), packed.getvalue(), xml, plain.decode().encode("utf-16")]
    policies = Path(sys.modules["ordertui.rules.policy.bundled"].__file__ or "").parent.parent / "policies"
    found = {
        "reports": [*reports, *forms, *quirks],
        "results": [RESULTS_FLAT, RESULTS_XML],
        "health": [HEALTH],
        "settings": [SETTINGS, SETTINGS + NOTIFY],
        "receiver": [b"json://secret-token\n", b"\xef\xbb\xbftgram://token/chat"],
        "server": [SERVER, b"postgresql:///shop?service=shop", b"postgresql://[::1]:5432/shop?sslmode=verify-full"],
        "journal_plan": [encode(one) for one in load_plans(folder / "plan.json")]
        + [msgspec.json.encode(one) for one in load_plans(folder / "plan.json")],
        "typed": [b"filter sku:A* late", b"sort status,-total", b"columns order total:12", b"shortage MUG-BLUE 12"],
        "tab": [b'["stdin", "abc"]', b'["resize", {"width": 80, "height": 24}]', b'["ping", 1]', b'["focus"]'],
        "policy": [HOUSE],
        "edition_file": [(policies / "amazon.toml").read_bytes()],
        "keys": [b'"order.cancel" = "ctrl+x"\n"table.down" = ["j", "n"]\n'],
        "workspace": [b'{"marked": "AAECAw==", "last": ""}', VIEWS, b"order total:14 title\n", LOOKS],
        "note": [NOTE, NOTE.replace(b"0123456789abcdef", READERS[folder].session.context.store.identity.id.encode())],
        "plans": [(folder / "plan.json").read_bytes()],
        "amounts": [f"{cells(('order-id', 'line', 'item-price'))}\n{cells((order, '1', '1.00'))}\n".encode()],
        "shipping": [b"order-id\tcarrier\ttracking-number\tship-date\n113-0000001-0000001\tUPS\t1Z\t2026-11-23\n"],
        "stock": [b"sku\tavailable\nA\t3\nB\t0\n", b"seller-sku\tquantity\tprice\nA\t3\t1.00\n"],
        "credentials": [b"ordertui-secrets-2\n" + bytes(80), b"ordertui-secrets-1\n" + bytes(80)],
        "filters": [b"status:unshipped total>10 -sku:A* (late | placed:last-7d)", b'title:"a b" action:cancel'],
        "answers": [ANSWER],
    }  # fmt: skip
    return found[name]


HEALTH = b"""{"performanceMetrics": [{"marketplaceId": "ATVPDKIKX0DER", "preFulfillmentCancellationRate": {"rate": 0.01,
"orderCount": 10, "reportingDateRange": {"reportingDateFrom": "2026-11-12T00:00Z"}}}]}"""
SETTINGS = b'shop_name = "a"\nretention_days = 400\n[amazon]\nprofile = "test"\nmarketplaces = ["US"]\n'
NOTIFY = b"""[notify]
quiet_from = "22:00"
quiet_to = "07:00"
zone = "Europe/Berlin"
urgent = ["auto_cancel"]
[[notify.receivers]]
name = "team"
address = "env:X"
kinds = ["rate_over"]
marketplaces = ["US"]
filter = "total>100"
"""
SERVER = b"postgresql://me@shop.example:5432/shop?schema=ordertui&sslrootcert=system"
VIEWS = b'[[view]]\nname = "a"\nfilter = "late"\nsort = "-placed"\n'
LOOKS = b'{"late": {"sort": "+ship-by", "cursor": 3}, "all": {"columns": "order total:14"}}'
NOTE = b'{"store": "0123456789abcdef", "record": 12, "hash": "00ff"}'
RESULTS_FLAT = (
    b"Feed Processing Summary:\r\n\tNumber of records processed\t\t3\r\n\tNumber of records successful\t\t2\r\n\r\n"
    b"original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\r\n"
    b"2\t113-0000001-0000009\t012345678901234\t18028\tError\tOrder not found\r\n"
)
RESULTS_XML = b"""<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Message><ProcessingReport>
<DocumentTransactionID>5012</DocumentTransactionID><StatusCode>Complete</StatusCode><ProcessingSummary>
<MessagesProcessed>2</MessagesProcessed><MessagesSuccessful>1</MessagesSuccessful>
<MessagesWithError>1</MessagesWithError><MessagesWithWarning>0</MessagesWithWarning></ProcessingSummary>
<Result><MessageID>16</MessageID><ResultCode>Error</ResultCode>

    <ResultMessageCode>18021</ResultMessageCode><ResultDescription>no</ResultDescription></Result></ProcessingReport></Message>
</AmazonEnvelope>"""
HOUSE = b"""[[rule]]
id = "big"
action = ["cancel", "refund"]
when = "total>100 | batch-orders>20"
effect = "typed_confirmation"
why = "look twice"
[[rule]]
id = "vip"
action = ["cancel"]
when = "sku:VIP*"
effect = "deny"
why = "ask first"
"""
ANSWER = b"""{"orders": [{"orderId": "113-0000001-0000001", "createdTime": "2026-11-20T10:00:00Z", "lastUpdatedTime":
"2026-11-21T10:00:00Z", "salesChannel": {"channelName": "AMAZON", "marketplaceId": "ATVPDKIKX0DER"}, "fulfillment":
{"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT",
"shipByWindow": {"latestDateTime": "2026-11-25T10:00:00Z"}}, "programs": ["PRIME"],
"orderItems": [{"orderItemId": "01", "quantityOrdered": 1, "product": {"sellerSku": "S", "title": "T"},
"proceeds": {"proceedsTotal": {"amount": "10.00", "currencyCode": "USD"},
"breakdowns": [{"type": "ITEM", "subtotal": {"amount": "10.00", "currencyCode": "USD"}}]}}]}],
    "pagination": {"nextToken": "x"}}"""
NAMES = [
    "reports", "results", "health", "settings", "policy", "edition_file", "keys", "workspace", "note", "plans",
    "amounts", "shipping", "stock", "credentials", "filters", "answers", "receiver", "server", "journal_plan", "typed",
    "tab",
]  # fmt: skip
SLOW = {"edition_file": 10, "credentials": 12, "policy": 30}
"""Inputs of readers that take longer by design: a whole policy is checked, a key is derived."""
READERS: dict[Path, Readers] = {}


def mutated(rng: random.Random, seed: bytes) -> bytes:
    """Return the input with some bytes changed, cut, doubled, moved or replaced by a token that is known to hurt."""
    content = bytearray(seed)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, end = sorted((rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)))
        end = min(end, at + rng.choice((1, 4, 40, 4_000)))
        move = rng.randrange(6)
        if move == 0:
            content[at:end] = b""
        elif move == 1:
            content[at:at] = rng.choice(TOKENS)
        elif move == 2:
            content[at:end] = rng.choice(TOKENS)
        elif move == 3:
            content[at:at] = content[at:end] * rng.choice((1, 2, 50))
        elif move == 4 and content:
            content[at - 1] = rng.randrange(256)
        else:
            content = content[: rng.randrange(len(content) + 1)]
    return bytes(content[:200_000])


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Readers:
    folder = tmp_path_factory.mktemp("fuzz")
    return READERS.setdefault(folder, Readers(folder))


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_ends_in_words_or_a_result(readers: Readers, name: str) -> None:
    read: Callable[[bytes], None] = getattr(readers, name)
    good = seeds(name, readers.folder)
    rng = random.Random(f"{name} {ALL}")
    count = ALL // len(NAMES) if ALL else SLOW.get(name, 150)
    if name == "credentials":
        count = min(count, 300)  # each derives a key, which takes a seventh of a second by design
    resource = pytest.importorskip("resource", reason="memory is measured as Unix counts it")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(count):
        content = mutated(rng, rng.choice(good)) if number >= len(TOKENS) or not ALL else TOKENS[number] * 3
        begin = time.process_time()
        try:
            read(content)
        except (UserError, OSError, UnreadableJson) as error:
            words = foreseen_message(error) or str(error)
            assert not FOREIGN.search(words), (name, number, words)
        except Exception as error:
            raise AssertionError(f"{name} {number}: {type(error).__name__}: {error}\n{content[:2_000]!r}") from error
        took = time.process_time() - begin
        assert took < SECONDS, (name, number, took, content[:500])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEGABYTES, (name, grown)


@pytest.mark.parametrize(
    ("name", "content"),
    [("reports", b'order-id,order-item-id,sku,quantity-purchased\n"a\rb",1,"x"\ry,2\n'),
     ("reports", b'order-id,sku\n"' + b"x" * 200_000 + b'",2\n'), ("policy", b"[[rule]]\nwhen = " + b"9" * 5_000),
     ("edition_file", b"[edition]\nx = " + b"9" * 5_000), ("shipping", b"order-id\t" + b"x" * 200_000),
     ("stock", b"sku\tavailable\nA\t" + b"9" * 5_000), ("settings", b"retention_days = " + b"9" * 5_000)],
)  # fmt: skip
def test_what_the_fuzzer_found(readers: Readers, name: str, content: bytes) -> None:
    with pytest.raises(UserError):
        getattr(readers, name)(content)


def test_looks_of_queues_that_are_nested_without_end_are_none(readers: Readers) -> None:
    readers.workspace(b'{"late":' + b"[" * 9_000)


def test_where_a_value_is_stated_is_a_list(readers: Readers) -> None:
    content = seeds("edition_file", readers.folder)[0]
    at = content.index(b"stated_for = [")
    content = content[:at] + b"stated_for = true }" + content[content.index(b"\n", at) :]
    with pytest.raises(UserError, match="stated_for is a list of marketplaces, not True"):
        readers.edition_file(content)


def test_good_inputs_are_read(readers: Readers) -> None:
    """The mutations begin with what is read to the end, so that they get beyond the first line."""
    for name in NAMES:
        if name in ("credentials", "plans", "amounts"):
            continue  # sealed with no key; needs its number typed; names one order of many
        for content in seeds(name, readers.folder):
            with suppress(UserError) if name == "reports" else nullcontext():  # some examples are broken on purpose
                getattr(readers, name)(content)

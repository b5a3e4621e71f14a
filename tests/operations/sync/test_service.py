"""Sync: what comes, in which order, at what price in calls, and what a stop, a crash or a stale token leaves behind."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.amazon.spapi.errors import Rejected, ServerTrouble
from ordertui.cli.main import cli
from ordertui.operations.config import AmazonConfig, Config
from ordertui.operations.errors import BadInput, Refused, Stopped
from ordertui.operations.session import Session, open_practice
from ordertui.operations.sync.order_sync import load_state
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import BuyerRequest, CancelledBy, OrderStatus
from support.api import SimulatedTime, session
from support.shops import all_orders_row, bring
from support.simulator import Simulator
from support.simulator.shop import all_orders_report, order, stock

pytestmark = pytest.mark.usefixtures("api_credentials")

REPORT = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"


def fill(sim: Simulator, count: int) -> None:
    for number in range(1, count + 1):
        sim.amazon.put(order(number, sim.clock.now()))


def watermark(made: Session) -> int | None:
    return made.sync.status().watermark


def test_actionable_orders_come_first_then_what_changed(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    now = clock.now()
    sim.amazon.put(order(1, now, asked=True))
    sim.amazon.put(order(2, now, "SHIPPED", age=10 * DAY))
    sim.amazon.put(order(3, now, by="AMAZON"))
    made = session(sim, tmp_path, clock)
    found = made.sync.sync()
    assert (found.orders, found.new, found.stopped) == (1, 1, False)
    known = made.orders.get("113-0000000-0000001")
    assert known is not None
    assert known.row.buyer_request is BuyerRequest.OFFICIAL
    assert known.sources == ("api_orders",)
    assert made.orders.get("113-0000000-0000002") is None
    assert sim.calls.count("searchOrders") == 2
    sim.amazon.orders["113-0000000-0000001"] = order(1, now, "CANCELLED", cancelled_by="BUYER", updated=now + HOUR)
    clock.advance(2 * HOUR)
    assert made.sync.sync().changed == 1
    known = made.orders.get("113-0000000-0000001")
    assert known is not None
    assert (known.row.status, known.row.cancelled_by) == (OrderStatus.CANCELLED, CancelledBy.BUYER)
    assert sim.calls.count("searchOrders") == 3, "an increment is one call, whatever the number of orders"
    assert "getOrder" not in sim.calls


def test_who_cancelled_survives_a_report_that_does_not_say(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = session(sim, tmp_path, clock)
    made.sync.sync()
    sim.amazon.put(order(4, clock.now(), "CANCELLED", cancelled_by="BUYER", updated=clock.now()))
    clock.advance(HOUR)
    made.sync.sync()
    row = all_orders_row(4, "Cancelled", updated=clock.now(), quantity=2) | {"amazon-order-id": "113-0000000-0000004"}
    bring(made, tmp_path, everything=[row])
    known = made.orders.get("113-0000000-0000004")
    assert known is not None
    assert (known.row.cancelled_by, known.sources) == (CancelledBy.BUYER, ("all_orders", "api_orders"))


def test_ten_thousand_orders_keep_amazons_limits_and_a_restart_goes_on(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    fill(sim, 10_000)
    sim.check_answers = False  # 100 pages of one form: judging each costs a minute
    calls = iter(range(10**6))
    time = SimulatedTime(clock)
    made = session(sim, tmp_path, clock, time=time)
    first = made.sync.sync(stop=lambda: next(calls) > 120)
    assert first.stopped
    assert 0 < first.orders < 10_000
    assert watermark(made) is None, "an unfinished pass moves no watermark"
    assert "open" in made.sync.status().running
    assert made.orders.as_of() is None, "half of the orders are not yet `as of` anything"
    made.close()
    again = session(sim, tmp_path, clock, time=time)
    second = again.sync.sync()
    assert first.orders + second.orders >= 10_000
    assert again.orders.count() == 10_000
    assert sim.calls.count("searchOrders") <= 103, "what came before the stop was not fetched again"
    assert sim.quotas.breaches() == []
    assert clock.now() - sim.quotas.calls["searchOrders"][0] < 5 * HOUR


def test_a_crash_between_two_pages_loses_nothing(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(sim, 250)
    made = session(sim, tmp_path, clock)
    kept = made.context.store.set_meta

    def crash(key: str, value: str | None) -> None:
        if key == "amazon:sync" and value and '"pages":2' in value:
            raise KeyboardInterrupt
        kept(key, value)

    with monkeypatch.context() as patch:
        patch.setattr(made.context.store, "set_meta", crash)
        with pytest.raises(KeyboardInterrupt):
            made.sync.sync()
    assert made.orders.count() == 100, "a page and its place are kept together or not at all"
    assert made.sync.sync().orders == 150
    assert made.orders.count() == 250


def test_a_page_token_that_amazon_forgot_starts_the_pass_again(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    fill(sim, 150)
    made = session(sim, tmp_path, clock)
    calls = iter(range(10**6))
    assert made.sync.sync(stop=lambda: next(calls) > 2).stopped
    sim.handlers._searches.clear()
    assert not made.sync.sync().stopped
    assert made.orders.count() == 150


def test_repeated_rows_of_two_pages_are_one_order(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    fill(sim, 250)
    sim.handlers.duplicate_rows = True
    made = session(sim, tmp_path, clock)
    made.sync.sync()
    assert made.orders.count() == 250


def test_no_answer_moves_no_watermark(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    fill(sim, 5)
    made = session(sim, tmp_path, clock)
    sim.faults.add("searchOrders", "html503", 99)
    with pytest.raises(ServerTrouble):
        made.sync.sync()
    assert (watermark(made), made.orders.count()) == (None, 0)


def test_a_strange_order_is_listed(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    sim.check_answers = False
    sim.amazon.put(order(1, clock.now()))
    sim.amazon.put(order(2, clock.now(), programs=["TELEPATHY"]))
    sim.amazon.orders["113-0000000-0000001"]["salesChannel"]["marketplaceId"] = "ATVPDKIKX0DER"
    sim.amazon.orders["113-0000000-0000001"]["orderItems"][0]["orderItemId"] = "1E5"
    made = session(sim, tmp_path, clock)
    found = made.sync.sync()
    assert [(reject.text, made.orders.count()) for reject in found.rejects] == [("113-0000000-0000001", 1)]


def test_history_comes_by_reports_of_thirty_days(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    stock(sim.amazon, 60)
    sim.amazon.report_makers[REPORT] = all_orders_report(sim.amazon)
    made = session(sim, tmp_path, clock)
    summaries, stopped = made.sync.reports.import_history(70)
    assert not stopped
    assert sum(one.rows for one in summaries) >= 60
    assert made.orders.count() == 60
    spans = [(report.start, report.end) for report in sim.amazon.reports.values()]
    assert len(spans) == 5, "three windows, the two empty ones asked twice"
    calls = len(sim.calls)
    assert made.sync.reports.import_history(70) == ([], False)
    assert len(sim.calls) == calls, "what is in is not asked for again"
    assert not list(tmp_path.rglob("R*.txt")), "the report itself is not kept: it has towns and postal codes"


def test_a_report_that_amazon_drops_although_orders_are_known_is_not_taken_for_empty(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    fill(sim, 3)
    made = session(sim, tmp_path, clock)
    made.sync.sync()
    with pytest.raises(BadInput, match="made no report"):
        made.sync.reports.import_history(20)
    sim.amazon.report_makers[REPORT] = all_orders_report(sim.amazon)
    assert len(made.sync.reports.import_history(20)[0]) == 1


def test_a_stop_while_a_report_is_made_goes_on_with_the_same_report(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    fill(sim, 3)
    sim.amazon.report_makers[REPORT] = all_orders_report(sim.amazon)
    made = session(sim, tmp_path, clock)
    assert made.sync.reports.import_history(20, stop=lambda: "getReport" in sim.calls)[1]
    made.sync.reports.import_history(20)
    assert sim.calls.count("createReport") == 1


@pytest.mark.parametrize(
    ("market", "codec", "charset", "title"),
    [
        ("JP", "cp932", "Windows-31J", "ヨガマット 6mm"),
        ("DE", "cp1252", "Cp1252", "Gießkanne 10 l"),
        ("DE", "utf-8", "", "Gießkanne 10 l"),
        ("DE", "utf-8", "no-such-charset", "Gießkanne 10 l"),
    ],
)
def test_a_report_is_read_as_amazon_says_it_is_written(
    sim: Simulator, clock: FixedClock, tmp_path: Path, market: str, codec: str, charset: str, title: str
) -> None:
    one = order(1, clock.now(), market=market)
    one["orderItems"][0]["product"]["title"] = title
    sim.amazon.put(one)
    plain = all_orders_report(sim.amazon)
    sim.amazon.report_makers[REPORT] = lambda report: (plain(report) or b"").decode().encode(codec)
    sim.amazon.charset = charset
    made = session(sim, tmp_path, clock, markets=(market,))
    made.sync.reports.import_history(20)
    known = made.orders.get("113-0000000-0000001")
    assert known is not None
    assert known.lines[0].title == title


def test_the_account_health_report_is_kept_for_reconciling(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    sim.amazon.report_makers["GET_V2_SELLER_PERFORMANCE_REPORT"] = lambda report: b'{"performanceMetrics": []}'
    path = session(sim, tmp_path, clock).sync.reports.fetch_account_health()[0]
    assert path.read_bytes() == b'{"performanceMetrics": []}'
    assert path.parent.name == "account-health"


def test_worlds_do_not_mix(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    session(sim, tmp_path, clock).sync.account.check()
    live = AmazonConfig(profile="production", marketplaces=("US",))
    with (
        Session.open(tmp_path / "orders.db", clock=clock, config=Config(amazon=live)) as made,
        pytest.raises(Refused, match="filled by the profile test"),
    ):
        made.sync.sync()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (AmazonConfig(), "no connection"),
        (AmazonConfig(profile="test"), "no marketplace"),
        (AmazonConfig(profile="test", marketplaces=("US", "DE")), "several regions"),
        (AmazonConfig(profile="test", marketplaces=("XX",)), "not known"),
        (AmazonConfig(profile="test", marketplaces=("US",), endpoint="http://example.com"), r"127\.0\.0\.1 only"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    config: AmazonConfig, words: str, clock: FixedClock, tmp_path: Path
) -> None:
    with (
        Session.open(tmp_path / "orders.db", clock=clock, config=Config(amazon=config)) as made,
        pytest.raises((Refused, BadInput), match=words),
    ):
        made.sync.sync()


def test_a_practice_store_is_never_connected(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    config = Config(amazon=AmazonConfig(profile="test", marketplaces=("US",), endpoint=sim.address))
    with open_practice(tmp_path / "p.db", clock=clock, config=config) as made, pytest.raises(Refused, match="practice"):
        made.sync.sync()
    assert sim.calls == []


def test_the_connection_says_its_age_and_its_price(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = session(sim, tmp_path, clock)
    assert made.sync.status().format(clock.now()) == "never synced · quota 20 of 20 · TEST, not Amazon"
    made.sync.sync()
    clock.advance(600)
    assert made.sync.status().format(clock.now()).startswith("synced 12 min ago · quota 20 of 20")
    assert load_state(made.context.store).running is None


@pytest.mark.parametrize("command", [["sync"], ["api", "check"], ["api", "evidence", "113-0000000-0000001"]])
def test_amazon_is_asked_at_no_other_time_than_now(command: list[str], tmp_path: Path) -> None:
    store = ["--store", str(tmp_path / "orders.db"), "--as-of", "2026-01-01T00:00:00Z"]
    result = CliRunner(env={"ORDERTUI_TEST_CLOCK": ""}).invoke(cli, [*store, *command])
    assert result.exit_code == 2
    assert "--as-of is not taken" in result.stderr


def test_a_marketplace_added_later_brings_its_open_orders_too(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    sim.amazon.put(order(1, clock.now()))
    sim.amazon.put(order(2, clock.now(), market="CA", age=9 * DAY))
    made = session(sim, tmp_path, clock)
    made.sync.sync()
    made.close()
    clock.advance(5 * DAY)
    both = session(sim, tmp_path, clock, markets=("US", "CA"))
    words = both.sync.status().format(clock.now(), short=True)
    assert words == "US synced 5 d ago, CA never synced · TEST"
    both.sync.sync()
    assert both.orders.get("113-0000000-0000002") is not None, (
        "it did not change since the first marketplace was synced"
    )
    assert both.sync.status().format(clock.now(), short=True) == "synced 2 min ago · TEST"
    assert sim.calls.count("searchOrders") == 4
    both.close()
    clock.advance(DAY)
    one = session(sim, tmp_path, clock, markets=("US",))
    one.sync.sync()
    one.close()
    again = session(sim, tmp_path, clock, markets=("US", "CA"))
    assert again.sync.status().format(clock.now(), short=True) == "US synced 2 min ago, CA synced 24 h ago · TEST"
    sim.amazon.orders["113-0000000-0000002"] = order(
        2, clock.now(), "CANCELLED", market="CA", updated=clock.now() - DAY // 2
    )
    again.sync.sync()
    known = again.orders.get("113-0000000-0000002")
    assert known is not None
    assert known.row.status is OrderStatus.CANCELLED, "what changed while it was left out is not jumped over"


def test_one_order_is_fetched_by_itself(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    sim.amazon.put(order(1, clock.now()))
    made = session(sim, tmp_path, clock)
    made.sync.sync()
    before = watermark(made)
    sim.amazon.orders["113-0000000-0000001"] = order(1, clock.now(), "SHIPPED", updated=clock.now())
    found = made.sync.sync_order("113-0000000-0000001")
    assert (found.orders, found.changed, watermark(made)) == (1, 1, before), "it moves no watermark"
    known = made.orders.get("113-0000000-0000001")
    assert known is not None
    assert known.row.status is OrderStatus.SHIPPED
    with pytest.raises(Rejected, match="no such order"):
        made.sync.sync_order("113-0000000-0000009")


def test_a_stop_is_heard_in_the_middle_of_a_call(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    fill(sim, 250)
    made = session(sim, tmp_path, clock)
    sim.faults.add("login", "hang", 9)
    assert made.sync.sync(stop=lambda: "login" in sim.calls).stopped
    sim.faults.clear()
    sim.faults.add("searchOrders", "hang", 9)
    assert made.sync.sync(stop=lambda: "searchOrders" in sim.calls).stopped
    sim.faults.clear()
    with pytest.raises(Stopped):
        made.sync.account.check(stop=lambda: True)
    assert made.sync.sync().orders == 250
    sim.closing.set()


def test_the_command_line_fetches_one_order_and_says_each_marketplaces_age(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.amazon.put(order(1, clock.now()))
    session(sim, tmp_path, clock).sync.sync()
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f'[amazon]\nprofile = "test"\nmarketplaces = ["US", "CA"]\nendpoint = "{sim.address}"\n', encoding="utf-8"
    )
    monkeypatch.setenv("ORDERTUI_CONFIG", str(settings))
    monkeypatch.setenv("ORDERTUI_TEST_CLOCK", "1")
    start = ["--store", str(tmp_path / "orders.db"), "--as-of", "2026-11-23T14:15:00Z"]
    run = CliRunner()
    shown = run.invoke(cli, [*start, "api", "status", "--format", "tsv"]).stdout
    assert "orders of US up to\t2026-11-23T14:03:00Z" in shown
    assert "orders of CA up to\tnever synced" in shown
    one = run.invoke(cli, [*start, "sync", "--order", "113-0000000-0000001", "--format", "json"])
    assert (one.exit_code, '"orders": 1' in one.stdout) == (0, True)
    assert sim.calls.count("getOrder") == 1
    wrong = run.invoke(cli, [*start, "sync", "--order", "113-0000000-0000001", "--history", "3"])
    assert (wrong.exit_code, "fetched alone" in wrong.stderr) == (2, True)

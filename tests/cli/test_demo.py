"""The practice store: believable, marked, the same for the same seed, and unable to write outside its own folder."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ordertui.operations.demo import build_practice
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.store.engine.file_connection import file_lock
from support.cli import AS_OF, EXAMPLES, Command, environment

QUEUES = ("all", "to_ship", "buyer_asked", "late", "auto_cancel", "held", "unconfirmed", "failed")


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Build the store of `ordertui demo` at a fixed moment; no test of this module changes it."""
    folder = tmp_path_factory.mktemp("machine")
    return Command(folder, build_practice(folder / "practice", now=parse_iso(AS_OF)))


@pytest.fixture
def small(tmp_path: Path) -> Command:
    """Build a small one, to work on."""
    return Command(tmp_path, build_practice(tmp_path / "practice", orders=400, now=parse_iso(AS_OF)))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_queue_is_filled(practice: Command) -> None:
    counts = {queue: len(practice.json("list", "--queue", queue)) for queue in QUEUES}
    assert counts["all"] == 5000
    assert all(counts.values()), counts
    assert counts["to_ship"] > counts["buyer_asked"] > counts["auto_cancel"] > counts["failed"]


@pytest.mark.parametrize(
    "text",
    [
        "status:pending", "status:partially_shipped", "status:cancelled", "channel:amazon", "business:yes",
        "prime:yes", "replacement:yes",
        "request:official", "request:message", "request:none status:unshipped", "dispatched:yes status:unshipped",
        "dispatched:no status:shipped", "refunded:partial", "refunded:full", "items>3", "total>200",
    ],
)  # fmt: skip
def test_every_situation_is_there(practice: Command, text: str) -> None:
    assert practice.json("list", "--filter", f"marketplace:US {text}", "--limit", "1")


def test_a_list_counts_the_fba_orders_that_the_screen_hides(practice: Command) -> None:
    count = len(practice.json("list", "--filter", "marketplace:US channel:amazon"))
    assert count > 1
    assert f"{count:,} orders that fit are FBA" in practice.run("list", "--filter", "marketplace:US").stderr
    for asked in ("channel:amazon", "-channel:amazon"):
        assert "FBA" not in practice.run("list", "--filter", f"marketplace:US {asked}", "--format", "json").stderr


def test_goods_look_like_goods(practice: Command) -> None:
    orders = practice.json("list")
    titles = {order["title"] for order in orders}
    assert len(titles) >= 50
    assert max(len(title) for title in titles) > 100
    assert {order["currency"] for order in orders if order["currency"]} == {"USD", "GBP", "EUR", "JPY", "CAD"}
    assert all(not order["title"].isascii() for order in orders if order["marketplace"] == "JP")
    assert len(Counter(order["order_id"] for order in orders)) == 5000


def test_the_rate_is_near_its_target_and_under_it(practice: Command) -> None:
    (us,) = practice.json("rate", "--marketplace", "US")
    assert us["status"] == "near"
    assert 1 <= us["headroom"] <= 4
    assert us["cancelled"] < us["target"] * us["orders"]


def test_batches_stand_in_every_state(practice: Command) -> None:
    batches = practice.json("outbox")
    assert {(batch["action"], batch["state"]) for batch in batches} == {
        ("cancel", "answered"), ("refund", "answered"), ("confirm", "written"), ("cancel", "held"),
    }  # fmt: skip
    assert len(practice.json("list", "--filter", "state:confirmed")) >= 2
    assert "chain unbroken" in practice.ok("audit", "verify")


def test_shipped_orders_may_be_refunded_in_full(practice: Command) -> None:
    plan = practice.store.parent / "refund.json"
    text = "marketplace:US status:shipped dispatched:no refunded:none"
    records = practice.json("plan", "refund", "--filter", text, "--reason", "CouldNotShip", "-o", plan)
    plan.unlink()
    assert sum(record["in"] for record in records) >= 2


def test_the_same_seed_gives_the_same_orders(tmp_path: Path) -> None:
    def orders(name: str, seed: int) -> str:
        store = build_practice(tmp_path / name, orders=300, seed=seed, now=parse_iso(AS_OF))
        return Command(tmp_path, store).ok("list", "--format", "csv")

    first = orders("one", 3)
    assert orders("two", 3) == first
    assert orders("three", 4) != first


def test_a_build_that_was_interrupted_is_not_opened_but_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "p"
    with monkeypatch.context() as patch:
        patch.setattr("ordertui.operations.demo.scenario.work", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build_practice(folder, orders=100, now=parse_iso(AS_OF))
    command = Command(tmp_path, folder / "practice.db")
    assert command.store.exists()
    demo = ("demo", "--where", folder, "--orders", "100", "--no-screen")
    assert "as you left it" not in command.run(*demo).stderr
    assert command.json("outbox")
    assert "as you left it" in command.run("demo", "--where", folder, "--no-screen").stderr


@pytest.mark.parametrize(
    ("orders", "now"), [(100, AS_OF), (150, "2026-02-28T23:50:00Z"), (120, "2026-11-01T09:30:00Z")]
)
def test_it_can_be_built_at_any_size_and_time(tmp_path: Path, orders: int, now: str) -> None:
    store = build_practice(tmp_path / "p", orders=orders, now=parse_iso(now))
    assert store.exists()


def test_every_command_says_that_it_is_practice(practice: Command) -> None:
    for args in (("list", "--limit", "1"), ("rate",), ("outbox",), ("audit", "verify")):
        done = practice.run(*args)
        assert done.stderr.startswith("PRACTICE STORE")
        assert "PRACTICE" not in done.stdout


def test_nothing_is_written_outside_its_folder(small: Command) -> None:
    """Everything that writes: plan, commit, release, dispatch, import with rejects, results, facts."""
    inside = small.store.parent
    outside = {name: content for name, content in files(small.folder).items() if not name.startswith("practice/")}
    elsewhere = small.folder / "plan.json"
    refused = small.run("plan", "cancel", "--filter", "status:unshipped request:none", "-o", elsewhere)
    assert refused.code == 3
    assert str(inside) in refused.stderr
    assert small.run("plan", "cancel", "--filter", "late", "-o", inside / ".." / "plan.json").code == 3
    link = inside / "link.json"
    link.symlink_to(elsewhere)
    assert small.run("plan", "cancel", "--filter", "late", "-o", link).code == 3
    link.unlink()
    plan = inside / "plan.json"
    text = "marketplace:US status:unshipped request:none dispatched:unknown"
    small.ok("plan", "cancel", "--filter", text, "-o", plan)
    count = sum(record["in"] for record in small.json("plan", "cancel", "--filter", text, "-o", plan, "--replace"))
    small.ok("commit", plan, "--yes", "--typed", str(count))
    newest = str(small.json("outbox")[0]["batch"])
    small.ok("release", newest)
    sent = small.json("dispatch")
    assert [Path(path).is_relative_to(inside) for batch in sent for path in batch["files"].split()] == [True] * 2
    small.ok("import", EXAMPLES / "quirks" / "bad-rows.txt", code=4)
    small.ok("facts", "dispatched", "001-0000000-0000013", "--yes")
    now = {name: content for name, content in files(small.folder).items() if not name.startswith("practice/")}
    assert now == outside
    assert list((inside / "rejects").iterdir())


def test_practice_and_real_plans_do_not_mix(small: Command, tmp_path: Path) -> None:
    real = Command(tmp_path / "real")
    real.folder.mkdir()
    real.bring("US")
    real_plan, practice_plan = real.folder / "plan.json", small.store.parent / "plan.json"
    real.ok("plan", "cancel", "--filter", "id:001-0000000-0000002", "-o", real_plan)
    small.ok("plan", "cancel", "--filter", "marketplace:US status:unshipped request:none", "-o", practice_plan)
    for command, plan in ((small, real_plan), (real, practice_plan)):
        done = command.run("commit", plan, "--yes", "--typed", "1")
        assert done.code == 3
        assert "practice" in done.stderr


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    done = Command(tmp_path).run("demo", "--where", tmp_path / "mine", "--no-screen")
    assert (done.code, done.stdout) == (4, "")
    assert "--where" in done.stderr
    assert files(tmp_path) == {"mine/letter.txt": b"dear"}


def test_it_is_built_anew_over_an_older_one(small: Command, tmp_path: Path) -> None:
    before = small.ok("list", "--format", "csv")
    (small.store.parent / "left-over.txt").write_text("x")
    (small.store.parent / "elsewhere").symlink_to(tmp_path)
    (tmp_path / "others.txt").write_text("x")
    path = small.ok("demo", "--where", small.store.parent, "--no-screen", "--orders", "400", "--fresh").strip()
    assert Path(path) == small.store
    assert not (small.store.parent / "left-over.txt").exists()
    assert (tmp_path / "others.txt").exists(), "a link is removed, and not what it leads to"
    assert small.ok("list", "--format", "csv") == before


def test_example_reports_are_dated_today_and_leave_other_files_alone(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.ok("--as-of", "2027-05-04T06:00:00Z", "demo", "--reports", tmp_path / "story")
    dates = {
        line.split("\t")[2][:10]
        for line in (tmp_path / "story/de/reports/all-orders-by-order-date.txt").read_text("cp1252").splitlines()[1:]
    }
    assert max(dates) == "2027-05-04"
    before = files(tmp_path / "story")
    again = command.run("demo", "--reports", tmp_path / "story")
    assert (again.code, "not an empty folder" in again.stderr) == (4, True)
    assert files(tmp_path / "story") == before


def test_a_practice_store_is_opened_as_it_was_left_unless_a_fresh_one_is_wanted(small: Command) -> None:
    again = ("demo", "--where", small.store.parent, "--no-screen")
    order = small.json("list", "--limit", "1")[0]["order_id"]
    small.ok("facts", "note", order, "--text", "mine")
    assert small.ok(*again).strip() == str(small.store)
    assert [one["order_id"] for one in small.json("list", "--filter", "note:mine")] == [order]
    anew = (*again, "--orders", "400")
    small.ok(*anew, "--fresh")
    assert small.json("list", "--filter", "note:mine") == []
    (small.store.parent / "practice.db").unlink()
    small.ok(*anew)
    assert small.json("list", "--filter", "note:mine") == []
    assert len(small.json("list")) == 400


@pytest.mark.parametrize("given", [("--orders", "400"), ("--seed", "7"), ("--orders", "300", "--seed", "8")])
def test_a_number_or_seed_for_a_store_that_is_there_is_refused_not_passed_over(
    small: Command, given: tuple[str, ...]
) -> None:
    before = files(small.store.parent)
    done = small.run("demo", "--where", small.store.parent, "--no-screen", *given)
    assert (done.code, done.stdout) == (2, "")
    assert "--fresh" in done.stderr
    assert {name for name in ("--orders", "--seed") if name in done.stderr} == {*given[::2]}
    assert files(small.store.parent) == before


@pytest.mark.parametrize("read_only", [False, True])
def test_a_store_that_somebody_has_open_is_not_replaced(small: Command, read_only: bool) -> None:
    anew = ("demo", "--where", small.store.parent, "--no-screen", "--orders", "100", "--fresh")
    with Session.open(small.store, clock=FixedClock(parse_iso(AS_OF)), read_only=read_only) as session:
        done = small.run(*anew)
        assert (done.code, done.stdout) == (3, "")
        assert "another ordertui has the practice store" in done.stderr
        assert session.orders.count() == 400
        if not read_only:
            session.facts.set_note(session.orders.find(limit=1), "kept")
    assert len(small.json("list", "--filter", "note:kept")) == (0 if read_only else 1)
    small.ok(*anew)
    assert len(small.json("list")) == 100


def test_a_second_demo_leaves_the_build_of_the_first_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "p"
    told = []

    def meanwhile(*_: object) -> None:
        told.append(Command(tmp_path).run("demo", "--where", folder, "--no-screen", "--orders", "100"))

    with monkeypatch.context() as patch:
        patch.setattr("ordertui.operations.demo.scenario.work", meanwhile)
        patch.setattr("ordertui.store.engine.file_connection.BUSY_SECONDS", 0)
        store = build_practice(folder, orders=100, now=parse_iso(AS_OF))
    assert [(done.code, "is building the practice store" in done.stderr) for done in told] == [(3, True)]
    assert len(Command(tmp_path, store).json("list")) == 100


@pytest.mark.parametrize(("asked", "orders"), [((), 100), (("--fresh",), 200)])
def test_one_that_another_demo_built_meanwhile_is_opened_and_made_anew_only_when_asked(
    asked: tuple[str, ...], orders: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one begins and ends after this one saw that there is none, and before it begins to build."""
    folder = tmp_path / "p"

    @contextmanager
    def lock(path: Path) -> Iterator[None]:
        monkeypatch.undo()
        build_practice(folder, orders=100, now=parse_iso(AS_OF))
        with file_lock(path):
            yield

    monkeypatch.setattr("ordertui.operations.demo.scenario.file_lock", lock)
    command = Command(tmp_path, folder / "practice.db")
    command.ok("demo", "--where", folder, "--no-screen", "--orders", "200", *asked)
    assert len(command.json("list")) == orders


def test_two_demos_at_once_share_one_practice_store(tmp_path: Path) -> None:
    folder, both = tmp_path / "p", []
    for _ in range(2):
        args = ("demo", "--where", folder, "--no-screen", "--orders", "100")
        both.append(
            subprocess.Popen(
                [sys.executable, "-m", "ordertui", *map(str, args)], env=environment(tmp_path), cwd=tmp_path,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            )
        )  # fmt: skip
    told = [one.communicate() for one in both]
    assert {(one.returncode, out.strip()) for one, (out, _) in zip(both, told, strict=True)} <= {
        (0, str(folder / "practice.db")), (3, ""),
    }, told  # fmt: skip
    assert [err for _, err in told if "practice store" not in err and err] == []
    store = Command(tmp_path, folder / "practice.db")
    assert len(store.json("list")) == 100
    assert "chain unbroken" in store.ok("audit", "verify")


@pytest.mark.parametrize("kept", [True, False])
def test_read_only_neither_makes_nor_replaces_a_practice_store(small: Command, tmp_path: Path, kept: bool) -> None:
    folder = small.store.parent if kept else tmp_path / "new"
    before = files(tmp_path)
    done = small.run("--read-only", "demo", "--where", folder, "--no-screen", *(["--fresh"] if kept else []))
    assert (done.code, done.stdout) == (3, "")
    assert "--read-only changes nothing" in done.stderr
    assert files(tmp_path) == before
    looked = small.run("--read-only", "demo", "--where", small.store.parent, "--no-screen")
    assert (looked.code, looked.stdout.strip()) == (0, str(small.store))
    assert files(tmp_path) == before


def test_a_store_that_demo_does_not_use_is_said_to_be_unused(small: Command, tmp_path: Path) -> None:
    asked = ("demo", "--where", small.store.parent, "--no-screen")
    done = Command(tmp_path, tmp_path / "mine.db").run(*asked)
    assert (done.code, done.stdout.strip()) == (0, str(small.store))
    assert f"--store {tmp_path / 'mine.db'} is not used: the practice store is {small.store}" in done.stderr
    folder = small.store.parent
    same = Command(tmp_path, folder / ".." / folder.name / small.store.name).run(*asked)
    assert (same.code, "is not used" in same.stderr) == (0, False)
    assert not (tmp_path / "mine.db").exists()
    assert "not used" not in small.run(*asked).stderr


def test_how_far_the_building_is_only_grows_and_ends_with_all(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    build_practice(tmp_path / "p", orders=300, now=parse_iso(AS_OF), progress=lambda done, of: told.append((done, of)))
    shares = [done / of for done, of in told]
    assert shares == sorted(shares)
    assert len(set(shares)) > 10
    assert shares[0] < 0.5
    assert shares[-1] == 1

"""Every command on the example store: shapes, exit codes, stdout is data and stderr is words."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import click
import pytest

from ordertui.cli.exit_codes import Exit
from ordertui.cli.main import cli
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from support.cli import AS_OF, EXAMPLES, Command, environment
from support.shops import NOW, all_orders_row, bring, settle_in

MUG = ("--filter", "sku:MUG-BLUE")
FOUR, ELEVEN = "001-0000000-0000004", "001-0000000-0000011"


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Import the US reports; no test changes this store."""
    command = Command(tmp_path_factory.mktemp("us"))
    command.bring("US")
    return command


@pytest.fixture
def us(tmp_path: Path, looked_at: Command) -> Command:
    """Copy it, to work on."""
    store = tmp_path / "orders.db"
    done = Command(tmp_path, store)
    store.write_bytes(looked_at.store.read_bytes())
    settle_in(store)
    return done


def planned(command: Command, *args: str | Path, action: str = "cancel") -> Path:
    path = command.folder / f"{action}.json"
    command.ok("plan", action, *args, "-o", path)
    return path


# Looking


def test_what_may_belong_to_a_queue_fits_the_whole_filter(tmp_path: Path) -> None:
    command = Command(tmp_path)
    with Session.open(command.store, clock=FixedClock(NOW), config=Config()) as session:
        bring(session, tmp_path, everything=[all_orders_row(1), all_orders_row(2, "Shipped")])
    found = command.run("list", "--queue", "late", "--filter", "sku:SKU-1 or status:shipped")
    assert found.stderr.startswith("1 order more may belong to this queue")


def test_a_command_of_version_0_1_still_answers_to_its_old_name(looked_at: Command) -> None:
    assert looked_at.ok("questions", "--format", "csv") == looked_at.ok("todo", "--format", "csv")
    assert "questions" not in looked_at.ok("--help")


@pytest.mark.parametrize(
    "args",
    [
        ("list",), ("list", "--filter", "status:unshipped", "--sort", "total", "--limit", "3"), ("rate",),
        ("rate", "--if-cancel", "sku:MUG-BLUE"), ("outbox",), ("policy", "show", "US"), ("config", "show"),
    ],
)  # fmt: skip
def test_lists_say_the_same_in_every_format(looked_at: Command, args: tuple[str, ...]) -> None:
    records = looked_at.json(*args)
    assert isinstance(records, list)
    for form, mark in (("csv", ","), ("tsv", "\t")):
        rows = list(csv.DictReader(io.StringIO(looked_at.ok(*args, "--format", form)), delimiter=mark))
        assert len(rows) == len(records)
        for row, record in zip(rows, records, strict=True):
            assert set(row) == set(record)
    table = looked_at.ok(*args).splitlines()
    assert len(table) == len(records) + 1


def test_rate_has_the_documented_shape(looked_at: Command) -> None:
    (now,) = looked_at.json("rate")
    assert list(now) == [
        "marketplace",
        "window_from",
        "window_to",
        "timezone",
        "orders",
        "cancelled",
        "rate",
        "target",
        "headroom",
        "status",
        "reason",
        "basis",
    ]
    assert (now["orders"], now["cancelled"], now["target"], now["headroom"]) == (129, 1, 0.025, 2)
    (after,) = looked_at.json("rate", "--marketplace", "US", "--if-cancel", "sku:MUG-BLUE status:unshipped")
    assert list(after)[-3:] == ["after_cancelled", "after_rate", "after_headroom"]
    assert after["after_cancelled"] == 4
    assert after["after_headroom"] == 0


def test_a_table_shows_rates_as_percentages(looked_at: Command) -> None:
    def cells(*args: str) -> str:
        return looked_at.ok("rate", *args).splitlines()[1]

    shown = cells("--if-cancel", "sku:MUG-BLUE status:unshipped")
    for text in ("0.78 %", "3.10 %", "2.5 %"):
        assert text in shown
    assert "0.0" not in shown
    assert "0.78 %" in cells("--outlook")
    (exported,) = looked_at.ok("rate", "--format", "csv").splitlines()[1:]
    assert "0.007752" in exported


def test_show_has_the_documented_shape(looked_at: Command) -> None:
    order = looked_at.json("show", "001-0000000-0000001")
    assert list(order) == ["order_id", "marketplace", "status", "facts", "notes", "lines", "actions"]
    assert [action["action"] for action in order["actions"]] == ["cancel", "refund", "confirm", "message"]
    for action in order["actions"]:
        assert list(action)[:7] == ["action", "allowed", "counts", "rule", "why", "source", "instead"]
    assert (order["actions"][0]["allowed"], order["actions"][0]["counts"]) == (True, "no")


def test_show_says_of_each_item_what_went_back_and_what_is_in_an_open_refund(us: Command) -> None:
    def item() -> tuple[object, ...]:
        order = us.json("show", order_id)
        (one,) = order["lines"]
        assert (one["line"], one["sku"], one["item_id"] is None) == (1, row["sku"], False)
        known = tuple(one[name] for name in ("paid", "refunded", "open_refund", "left"))
        return order["facts"]["refunded"], order["facts"]["refund_open"], *known

    row = us.json("list", "--filter", "action:refund status:shipped items:1", "--limit", "1")[0]
    order_id, paid = str(row["order_id"]), str(row["total"])
    assert item() == ("none", False, paid, "0.00", "0.00", paid)
    us.ok("commit", planned(us, "--filter", f"id:{order_id}", "--reason", "GeneralAdjustment", action="refund"),
          "--yes", "--typed", "1")  # fmt: skip
    assert item() == ("none", True, paid, "0.00", paid, "0.00")
    us.ok("release", "1")
    us.ok("dispatch")
    us.ok("uploaded", "1")
    assert item() == ("full", True, paid, "0.00", paid, "0.00")
    assert "full (not known yet whether all of it went back)" in us.ok("show", order_id)
    us.ok("settle", "1", order_id, "--done", "--why", "seen in Seller Central", "--typed", "1")
    assert item() == ("full", False, paid, paid, "0.00", "0.00")
    assert "not known yet" not in us.ok("show", order_id)


def test_sort_and_limit(looked_at: Command) -> None:
    totals = [float(order["total"]) for order in looked_at.json("list", "--sort", "total", "--limit", "5")]
    assert totals == sorted(totals, reverse=True)
    assert len(totals) == 5


def test_an_empty_list_is_an_empty_list_and_a_word(looked_at: Command, tmp_path: Path) -> None:
    done = looked_at.run("list", "--filter", "sku:NOPE", "--format", "json")
    assert (done.code, done.stdout, done.stderr) == (0, "[]\n", "no order fits\n")
    assert "ordertui import" in Command(tmp_path).run("list").stderr


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("show", "001-0000000-9999999"), 4, "001-0000000-9999999"),
        (("message", "1-2-3"), 4, "1-2-3"),
        (("policy", "explain", "1-2-3"), 4, "1-2-3"),
        (("list", "--filter", "statsu:unshipped"), 2, "status"),
        (("list", "--filter", "(late"), 2, "column"),
        (("list", "--sort", "price"), 2, "total"),
        (("list", "--queue", "lost"), 2, "to_ship"),
        (("list", "--limit", "0"), 2, "limit"),
        (("rate", "--marketplace", "DE"), 4, "US"),
        (("plan", "cancel", "-o", "p.json"), 2, "--filter"),
        (("plan", "cancel", "--filter", "late", "--ids", "-", "-o", "p.json"), 2, "--ids"),
        (("plan", "cancel", *MUG, "--reason", "Mood", "-o", "p.json"), 2, "NoInventory"),
        (("plan", "cancel", "--ids", "-", "-o", "p.json"), 4, "001-0000000-9999999"),
        (("commit", "nowhere.json", "--yes"), 2, "nowhere.json"),
        (("undo", "77"), 4, "outbox"),
        (("undo", FOUR), 4, "outbox"),
        (("release", "77"), 4, "outbox"),
        (("results", EXAMPLES / "us" / "results" / "cancel-report.txt"), 4, "--batch"),
        (("results", EXAMPLES / "README.md"), 4, "no processing report"),
        (("import", EXAMPLES / "us" / "results" / "cancel-report.txt"), 4, "ordertui results"),
        (("import", EXAMPLES / "quirks" / "no-report.txt"), 4, "no header of a known report"),
        (("facts", "dispatched", FOUR), 2, "--yes"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    looked_at: Command, args: tuple[str, ...], code: int, words: str
) -> None:
    done = looked_at.run(*args, stdin="001-0000000-9999999\n")
    assert (done.code, done.stdout) == (code, "")
    assert words in done.stderr


@pytest.mark.parametrize("address", ["postgres://host/db", "postgresql://host/db"])
def test_an_address_is_no_file(tmp_path: Path, address: str) -> None:
    done = Command(tmp_path, Path(address)).spawn("list")
    assert done.code == 2
    assert list(tmp_path.iterdir()) == []


# Acting


def test_a_plan_says_in_short_sentences_what_it_would_do(us: Command) -> None:
    done = us.run("plan", "cancel", *MUG, "-o", us.folder / "p.json")
    assert "US: cancel 5 orders, of which 3 count; 3 excluded." in done.stderr
    assert "7-day rate: 1 of 129 (0.78 %) now, 4 of 129 (3.10 %) after; target under 2.5 %" in done.stderr
    assert f"ordertui commit {us.folder / 'p.json'} --yes --typed 5" in done.stderr
    assert "US: cancel" not in done.stdout


def test_a_plan_in_which_nobody_is_exits_3_with_the_reasons(us: Command) -> None:
    done = us.run("plan", "cancel", "--filter", f"id:{ELEVEN}", "-o", us.folder / "p.json", "--format", "json")
    assert done.code == 3
    (left_out,) = json.loads(done.stdout)
    assert (left_out["in"], left_out["rule"]) == (False, "A9")
    assert "no order qualifies: no plan is written" in done.stderr
    assert not (us.folder / "p.json").exists()
    plan = planned(us, *MUG)
    kept = plan.read_bytes()
    again = us.run("plan", "cancel", "--filter", f"id:{ELEVEN}", "-o", plan, "--replace")
    assert again.code == 3
    assert "held before is still in it" in again.stderr
    assert plan.read_bytes() == kept


def test_the_whole_way_to_an_answer(us: Command) -> None:
    us.ok("facts", "dispatched", FOUR, "--yes")
    plan = planned(us, *MUG)
    assert us.run("commit", plan).code == 5
    held = us.run("commit", plan, "--yes")
    assert "held until 2026-11-23 14:20 UTC" in held.stderr
    waiting = us.run("dispatch", "--format", "json")
    assert (waiting.code, waiting.stdout) == (0, "[]\n")
    assert "ordertui release 1" in waiting.stderr
    us.ok("undo", "001-0000000-0000003")
    us.ok("release", "1")
    sent = us.run("dispatch", "--format", "json")
    (batch,) = json.loads(sent.stdout)
    assert (batch["state"], batch["orders"]) == ("written", 3)
    assert "sellercentral.amazon.com" in sent.stderr
    upload = next(us.folder.glob("outbox/0001-US-cancel-*/order-cancellation.txt"))
    assert str(upload) in sent.stderr
    assert "001-0000000-0000003" not in upload.read_text(encoding="utf-8")
    found = {
        row["order_id"]: row["state"]
        for row in us.json("results", EXAMPLES / "us" / "results" / "cancel-report.txt", code=7)
    }
    assert found == {"001-0000000-0000001": "ok", "001-0000000-0000002": "error", "001-0000000-0000023": "ok"}
    us.ok("import", EXAMPLES / "us" / "next-day" / "all-orders-by-last-update.txt")
    assert us.json("show", "001-0000000-0000001")["status"] == "cancelled"
    assert "chain unbroken" in us.ok("audit", "verify")


def test_the_outbox_tells_what_each_batch_waits_for(us: Command) -> None:
    def standing() -> tuple[object, object]:
        (one,) = us.json("outbox")
        return one["state"], one["next"]

    us.ok("commit", planned(us, *MUG), "--yes", "--typed", "5")
    assert standing() == ("held", "ordertui dispatch, from 2026-11-23 14:20 UTC")
    assert "is held until" in us.run("todo").stderr
    released = us.run("release", "1")
    assert "ordertui dispatch" in released.stdout
    assert "undo" not in released.stdout
    assert standing() == ("held", "ordertui dispatch")
    us.ok("dispatch")
    assert standing() == ("written", "ordertui uploaded 1")
    for command in ("dispatch", "todo"):  # a screen may have written it: neither may sound as if all were done
        assert "1 file to upload" in us.run(command).stderr
    us.ok("uploaded", "1")
    assert standing() == ("uploaded", "ordertui results FILE --batch 1")
    assert us.json("outbox")[0]["uploaded_at"]
    waiting = us.run("todo").stderr
    assert "1 batch that left waits for Amazon's answer (5 orders)" in waiting
    assert "nothing is open" not in waiting
    assert us.run("uploaded", "1").code == 4
    us.ok("uploaded", "1", "--undo")
    assert standing() == ("written", "ordertui uploaded 1")
    assert us.run("uploaded", "1", "--undo").code == 4
    rows = us.json("outbox", "1")
    assert [(row["state"], row["currency"]) for row in rows] == [("written", "USD")] * 5
    assert us.run("outbox", "7").code == 4


@pytest.mark.parametrize(
    ("report", "filter_text", "states"),
    [
        ("de/results/cancel-report.txt", "request:official", ["ok"] * 2),
        ("de/results/cancel-report.xml", "request:official", ["ok"] * 2),
        ("jp/results/cancel-report.txt", "request:official", ["error", "ok"]),
        ("in/results/cancel-report.txt", "sku:TUMBLER-S status:unshipped", ["ok"] * 5),
    ],
)
def test_the_answers_of_other_marketplaces(tmp_path: Path, report: str, filter_text: str, states: list[str]) -> None:
    code = report[:2].upper()
    command = Command(tmp_path)
    command.bring(code)
    plan = planned(command, "--filter", filter_text)
    command.ok("commit", plan, "--yes", "--typed", str(len(states)))
    command.ok("release", "1")
    command.ok("dispatch")
    rows = command.json("results", EXAMPLES / report, code=7 if "error" in states else 0)
    assert sorted(row["state"] for row in rows) == states
    said = ["この注文はキャンセルできません（例）。"] if code == "JP" else []
    assert [row["text"] for row in rows if row["text"]] == said


def test_a_plan_whose_orders_changed_is_refused_with_the_difference(us: Command) -> None:
    plan = planned(us, *MUG)
    us.ok("facts", "dispatched", FOUR, "--yes")
    done = us.run("commit", plan, "--yes", "--typed", "5")
    assert (done.code, done.stdout) == (6, "")
    assert FOUR in done.stderr


def test_an_edited_plan_is_refused(us: Command) -> None:
    plan = planned(us, "--filter", f"id:{FOUR}")
    plan.write_text(plan.read_text().replace("NoInventory", "CustomerReturn"))
    assert us.run("commit", plan, "--yes", "--typed", "1").code == 6


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("list",), "no orders yet"),
        (("rate",), "no orders yet"),
        (("outbox",), "no batch yet"),
        (("rate-reports",), "no Cancellation Rate report"),
        (("api", "feeds"), "no batch was brought to Amazon"),
    ],
)
def test_an_empty_list_says_that_it_is(tmp_path: Path, args: tuple[str, ...], words: str) -> None:
    Session.open(tmp_path / "orders.db", clock=FixedClock(NOW), config=Config()).close()
    done = Command(tmp_path).run(*args)
    assert (done.code, len(done.stdout.splitlines())) == (0, 1), "only the names of the columns"
    assert words in done.stderr


def test_a_number_that_must_be_typed_names_its_option(us: Command) -> None:
    done = us.run("settle", "1", FOUR, "--done", "--why", "seen")
    assert (done.code, done.stderr.splitlines()[1:]) == (5, ["To type it, give --typed 1."])


@pytest.mark.parametrize(
    ("action", "option"),
    [
        ("message", ("--nothing-else",)),
        ("confirm", ("--nothing-else",)),
        ("confirm", ("--reason", "NoInventory")),
        ("message", ("--reason", "NoInventory")),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(us: Command, action: str, option: tuple[str, ...]) -> None:
    done = us.run("plan", action, "--filter", f"id:{FOUR}", *option, "-o", us.folder / "plan.json")
    assert (done.code, done.stdout) == (2, "")
    assert f"{option[0]} is for cancel" in done.stderr


def test_what_was_said_of_parcels_is_counted(us: Command) -> None:
    for said in ("1 order changed\n", "0 orders changed\n"):
        assert us.run("facts", "dispatched", FOUR, "--no").stderr == said


def test_a_misspelt_field_is_suggested_once(us: Command) -> None:
    assert us.run("list", "--filter", "statu:x").stderr.lower().count("did you mean") == 1


def test_the_facts_of_an_order_stand_in_one_column(us: Command) -> None:
    facts = re.findall("^(  [a-z_]+ +)[^ ]", us.ok("show", FOUR), re.MULTILINE)
    assert len(facts) > 15
    assert len(set(map(len, facts))) == 1


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("facts", "dispatched", "--yes"), 4),
        (("show",), 4),
        (("message",), 4),
        (("policy", "explain"), 4),
        (("undo",), 4),
        (("audit", "--order"), 0),
    ],
)
@pytest.mark.parametrize(("character", "shown"), [("\u202e", "\ufffd"), ("\u200b", "\ufffd"), ("\r", " ")])
def test_an_id_with_a_hidden_character_says_so(
    us: Command, args: tuple[str, ...], code: int, character: str, shown: str
) -> None:
    done = us.run(*args, f"{FOUR}{character}")
    assert done.code == code
    assert f"{FOUR}{shown} (it has a hidden character)" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_plan_file_that_was_cut_short_is_named(us: Command) -> None:
    plan = planned(us, *MUG)
    lines = plan.read_text(encoding="utf-8").splitlines(keepends=True)
    for count in (len(lines) - 8, len(lines) - 3, len(lines) // 2):
        plan.write_text("".join(lines[:count]), encoding="utf-8")
        done = us.run("commit", plan, "--yes", "--typed", "5")
        assert done.code == 4
        assert f"{plan} is no plan file of ordertui: it ends in the middle" in done.stderr
        assert "journal" not in done.stderr


def test_a_plan_with_another_orders_id_says_whose_place_it_has(us: Command) -> None:
    plan = planned(us, "--filter", f"id:{FOUR}")
    plan.write_text(plan.read_text().replace(FOUR, ELEVEN))
    done = us.run("commit", plan, "--yes", "--typed", "1")
    assert done.code == 6
    assert f"{ELEVEN}: the plan file was edited: this row was made of order {FOUR}" in done.stderr


def test_what_is_under_way_is_not_planned_twice(us: Command) -> None:
    us.ok("commit", planned(us, *MUG), "--yes", "--typed", "5")
    assert us.run("plan", "cancel", *MUG, "-o", us.folder / "again.json").code == 3


@pytest.mark.parametrize("batch", [str(2**63), "²"])
def test_a_batch_that_cannot_be_is_an_unknown_one(us: Command, batch: str) -> None:
    done = us.run("undo", batch)
    assert done.code == 4
    assert batch in done.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("list",), Exit.PIPE_CLOSED),
        (("list", "--format", "json"), Exit.PIPE_CLOSED),
        (("policy", "explain", FOUR), Exit.PIPE_CLOSED),
        (("rate", "--list", "numerator"), Exit.PIPE_CLOSED),
        (("plan", "cancel", "--filter", "x"), Exit.USAGE),
        (("facts", "dispatched", FOUR, "--yes"), Exit.OK),
    ],
)
def test_a_closed_stdout_ends_like_one_whose_reader_went(us: Command, args: tuple[str, ...], code: Exit) -> None:
    command = [sys.executable, "-m", "ordertui", *us.before, *args]
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *command],
        stderr=subprocess.PIPE, encoding="utf-8", env=environment(us.folder), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code
    assert code is not Exit.PIPE_CLOSED or not done.stderr


# The clock and the store


@pytest.mark.parametrize("args", [("commit", "p.json", "--yes"), ("release", "1"), ("dispatch",)])
def test_another_clock_never_acts(us: Command, args: tuple[str, ...]) -> None:
    planned(us, *MUG).rename(us.folder / "p.json")
    words = [str(us.folder / word) if word == "p.json" else word for word in args]
    done = us.run(*words, ORDERTUI_TEST_CLOCK="")
    assert (done.code, done.stdout) == (2, "")
    assert "--as-of" in done.stderr
    assert us.json("outbox") == []


@pytest.mark.parametrize(
    "args",
    [
        ("import", EXAMPLES / "us" / "next-day" / "all-orders-by-last-update.txt"),
        ("commit", "cancel.json", "--yes", "--typed", "5"),
        ("undo", "1"),
        ("release", "1"),
        ("dispatch",),
        ("results", EXAMPLES / "us" / "results" / "cancel-report.txt"),
        ("facts", "dispatched", FOUR, "--yes"),
    ],
)
def test_read_only_changes_nothing(us: Command, args: tuple[str | Path, ...]) -> None:
    plan = planned(us, *MUG)
    before = us.store.read_bytes()
    us.before.append("--read-only")
    done = us.run(*(plan if word == "cancel.json" else word for word in args))
    assert (done.code, done.stdout) == (3, "")
    assert "read-only" in done.stderr
    assert us.store.read_bytes() == before


def test_read_only_still_looks_and_plans(us: Command) -> None:
    us.before.append("--read-only")
    assert len(us.json("list", *MUG)) == 8
    planned(us, *MUG)


# Pipes, homes, terminals


def test_a_reader_that_leaves_is_no_error(looked_at: Command) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ordertui", "--store", looked_at.store, "list"],
            stdout=writing, stderr=subprocess.PIPE, env=environment(looked_at.folder), timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    "env", [{"HOME": "/dev/null"}, {"HOME": "/dev/null", "TERM": "dumb"}, {"LANG": "C", "LC_ALL": "C"}]
)
def test_no_home_and_a_poor_terminal_do_not_matter_with_a_store(looked_at: Command, env: dict[str, str]) -> None:
    done = looked_at.spawn("list", "--limit", "1", "--filter", "-channel:amazon", cwd=None, **env)
    assert (done.code, done.stderr) == (0, "")


def test_without_a_home_the_way_out_is_named(tmp_path: Path) -> None:
    for args, option in ((["list"], "--store"), (["demo", "--no-screen"], "--where")):
        done = subprocess.run(
            [sys.executable, "-m", "ordertui", *args], capture_output=True, encoding="utf-8",
            env=environment(tmp_path, HOME="/dev/null"), timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (4, "")
        assert option in done.stderr
        assert "Traceback" not in done.stderr


def test_as_of_is_the_clock_everywhere(looked_at: Command) -> None:
    looked_at.before = ["--store", str(looked_at.store), "--as-of", "2027-01-31T00:00:00Z"]
    try:
        (later,) = looked_at.json("rate")
        assert (later["orders"], later["rate"], later["status"]) == (0, None, "unknown")
        assert "no report tells of these days: import" in later["reason"]
        assert len(looked_at.json("list", "--filter", "late")) == 13
    finally:
        looked_at.before = ["--store", str(looked_at.store), "--as-of", AS_OF]


@pytest.mark.parametrize(
    "words", [("list", "--limit"), ("audit", "--limit"), ("store", "purge", "--older-than"), ("demo", "--orders")]
)
def test_a_number_that_no_store_could_hold_is_refused(looked_at: Command, words: tuple[str, ...]) -> None:
    done = looked_at.run(*words, "9" * 20)
    assert done.code == 2
    assert "is not in the range" in done.stderr


def test_ids_are_read_as_people_paste_them_and_only_some_are_named(us: Command) -> None:
    plan = us.folder / "pasted.json"
    args = ("plan", "cancel", "--ids", "-", "-o", plan)
    us.ok(*args, stdin="\ufeff001-0000000-0000001\r\n001-0000000-0000002, 001-0000000-0000003\t\r\n")
    rows = json.loads(plan.read_text())["plans"][0]["rows"]
    assert {row["order_id"] for row in rows} == {f"001-0000000-000000{n}" for n in (1, 2, 3)}
    done = us.run(*args, "--replace", stdin="\n".join(["a" * 5_000, *(f"id-{n}" for n in range(2_000))]))
    assert (done.code, len(done.stderr) < 400) == (4, True)
    assert done.stderr.endswith("id-8 and 1,991 more\n")


def test_an_id_that_the_store_does_not_know_costs_no_other(us: Command) -> None:
    plan = us.folder / "plan.json"
    known, unknown = "001-0000000-0000001", "001-0000000-9999999"
    args = ("plan", "cancel", "--ids", "-", "-o", plan)
    done = us.run(*args, "--format", "json", stdin=f"{known}\n{unknown}\n{known}\n")
    assert done.code == 4
    assert {(row["order_id"], row["in"]) for row in json.loads(done.stdout)} == {(known, True), (unknown, False)}
    assert unknown in done.stderr
    assert [row["order_id"] for row in json.loads(plan.read_text())["plans"][0]["rows"]] == [known]
    us.ok("commit", plan, "--yes")


@pytest.mark.skipif(os.name == "nt", reason="Windows gives every process its streams")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "the screen needs a terminal"),
        ("api login", "client id, client secret and refresh token are all needed; nothing was kept"),
        ("notify login team", "no address was given; nothing was kept"),
    ],
)
def test_a_closed_stdin_is_said_in_words(words: str, said: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ordertui", "--store", str(tmp_path / "orders.db"), *words.split()]
    done = subprocess.run(
        command, preexec_fn=lambda: os.close(0), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (2, 4), done
    assert said in done.stderr


def test_no_two_options_of_a_command_set_the_same_parameter() -> None:
    """Where two do, such as --done/--not-done, the last one given wins and nobody is told of the contradiction."""
    found: list[str] = []

    def look(command: click.Command, name: str) -> None:
        setters = Counter(one.name for one in command.params)
        found.extend(f"{name}: {one.opts}" for one in command.params if one.secondary_opts or setters[one.name] > 1)
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                child = command.get_command(context, inner)
                assert child is not None
                look(child, f"{name} {inner}")

    look(cli, "ordertui")
    assert found == []


CONTRADICTIONS = [
    ("settle", "1", "{order}", "--why", "looked", "--done", "--not-done"),
    ("settle", "1", "{order}", "--why", "looked", "--not-done", "--done"),
    ("facts", "dispatched", "{order}", "--yes", "--no"),
    ("facts", "dispatched", "{order}", "--no", "--unknown"),
    ("uploaded", "1", "--undo", "--yes"),
    ("team", "add", "ann", "--role", "agent", "--generate", "--no-password"),
    ("api", "message", "{order}", "--yes", "--did-not-go"),
    ("rate", "--outlook", "--budget"),
    ("demo", "--reports", "new", "--fresh"),
]


@pytest.mark.parametrize("words", CONTRADICTIONS, ids=" ".join)
def test_answers_that_contradict_each_other_are_refused_by_name(us: Command, words: tuple[str, ...]) -> None:
    order = "001-0000000-0000001"
    done = us.run(*(word.format(order=order) for word in words))
    assert done.code == 2, done.stderr
    assert "give only one of " in done.stderr
    assert all(f" {word}" in done.stderr for word in words if word.startswith("--") and word not in ("--why", "--role"))
    for command in (("settle", "1", order, "--why", "looked"), ("facts", "dispatched", order)):
        assert us.run(*command).code == 2
    assert json.loads(us.ok("list", "--filter", "-dispatched:unknown", "--format", "json")) == []

"""`ordertui policy`: check, show, explain, as a seller runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from support.cli import EXAMPLES, Command
from support.shops import NOW, order_id, standard

RULE = '[[rule]]\nid = "big"\nwhen = "total>500 business"\neffect = "deny"\nwhy = "the owner cancels these"\n'


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    (tmp_path / "house.toml").write_text(RULE, encoding="utf-8")
    settings = tmp_path / "config.toml"
    settings.write_text(f'policy_file = "{tmp_path / "house.toml"}"\n', encoding="utf-8")
    monkeypatch.setenv("ORDERTUI_CONFIG", str(settings))
    with Session.open(tmp_path / "orders.db", clock=FixedClock(NOW), config=Config()) as session:
        standard(session, tmp_path)
    return CliRunner()


def ask(run: CliRunner, folder: Path, *words: str) -> tuple[int, str, str]:
    found = run.invoke(
        cli, ["--store", str(folder / "orders.db"), "--as-of", "2026-11-23T14:05:00Z", *words], terminal_width=200
    )
    return found.exit_code, found.stdout, found.stderr


def test_check(run: CliRunner, tmp_path: Path) -> None:
    code, out, err = ask(run, tmp_path, "policy", "check")
    assert (code, out) == (0, "")
    assert err.endswith("house.toml is sound: 1 house rule, they only tighten the edition amazon\n")
    broken = tmp_path / "broken.toml"
    broken.write_text(RULE.replace("total", "totl"), encoding="utf-8")
    code, out, err = ask(run, tmp_path, "policy", "check", str(broken))
    assert (code, out) == (4, "")
    first, line, caret = err.rstrip("\n").split("\n")
    assert first.endswith(
        "broken.toml:3:9: house rule big: there is no field 'totl'; to search for text with '>' in it, quote it (did"
        " you mean 'total'?)"
    )
    assert line[caret.index("^") :].startswith("totl")


@pytest.mark.parametrize("words", ["plan cancel --filter status:unshipped -o PLAN", "policy show", "outbox"])
def test_it_is_said_once_when_the_policy_in_force_is_not_the_file_of_the_settings(
    words: str, run: CliRunner, tmp_path: Path
) -> None:
    ask(run, tmp_path, "policy", "show")  # keeps the file as the last good one
    (tmp_path / "house.toml").write_text(RULE.replace("total", "totl"), encoding="utf-8")
    _, _, err = ask(run, tmp_path, *words.replace("PLAN", str(tmp_path / "plan.json")).split())
    assert err.count("house.toml is not in force (1 problem, see `ordertui policy check`)") == 1, err


def test_a_file_as_windows_saves_it(run: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "notepad.toml"
    file.write_bytes(b"\xef\xbb\xbf" + RULE.replace("\n", "\r\n").encode())
    assert ask(run, tmp_path, "policy", "check", str(file))[0] == 0
    file.write_bytes(b"\xef\xbb\xbf" + RULE.replace("deny", "dney").replace("\n", "\r\n").encode())
    code, _, err = ask(run, tmp_path, "policy", "check", str(file))
    assert code == 4
    assert "notepad.toml:4:11: house rule big: 'dney' is no effect (did you mean 'deny'?)" in err
    file.write_bytes(RULE.replace("owner", "\u00e9").encode("cp1252"))
    assert "is not UTF-8 text" in ask(run, tmp_path, "policy", "check", str(file))[2]


def test_an_edition_is_checked_as_one(run: CliRunner, tmp_path: Path) -> None:
    edition = tmp_path / "mine.toml"
    head = '[edition]\nname = "mine"\ntitle = "t"\nbase = "amazon"\nchecked = 2026-11-23\n'
    edition.write_text(head, encoding="utf-8")
    code, _, err = ask(run, tmp_path, "policy", "check", str(edition))
    assert code == 0
    assert "the edition mine is sound: 10 tables, 80 rows" in err
    edition.write_text(head + "[settings]\nnear = 1\n", encoding="utf-8")
    code, _, err = ask(run, tmp_path, "policy", "check", str(edition))
    assert code == 4
    assert "mine.toml:7:8: settings.near needs a value and a source" in err


def test_show_lists_what_is_in_force_and_from_where(run: CliRunner, tmp_path: Path) -> None:
    code, out, _ = ask(run, tmp_path, "policy", "show", "IN", "--rows", "--format", "json")
    assert code == 0
    found = {(r["kind"], r["name"]): r for r in json.loads(out)}
    assert found["value", "rate_target"]["value"] == "0.02"
    assert found["house rule", "big"]["value"] == "deny: total>500 business"
    assert found["house rule", "big"]["source"].endswith("house.toml")
    row = found["table cancel", "A4"]
    assert row["value"].startswith("channel merchant, status unshipped, confirmed no, dispatched no -> allowed yes")
    assert "(read 2026-11-23)" in row["source"]
    assert ask(run, tmp_path, "policy", "show", "XX")[0] == 4


def test_explain(run: CliRunner, tmp_path: Path) -> None:
    code, out, _ = ask(run, tmp_path, "policy", "explain", order_id(1001), "cancel")
    assert code == 0
    assert "cancel: not allowed\n  A9: the shipment is confirmed: refund it instead\n" in out
    assert "because channel is merchant, status is shipped\n" in out
    assert (
        "  why not: the nearest row A5 would need status unshipped (it is shipped); confirmed no (it is all)\n" in out
    )
    assert "  instead: refund\n" in out
    code, out, _ = ask(run, tmp_path, "policy", "explain", order_id(1), "--format", "json")
    found = json.loads(out)
    assert [e["action"] for e in found] == ["cancel", "refund", "confirm", "message"]
    assert found[0]["counts"] == "no"
    assert found[0]["counts_because"] == ["buyer_request is official"]
    code, out, _ = ask(run, tmp_path, "policy", "explain", order_id(1), "--format", "csv")
    assert out.split("\n")[0] == ",".join(found[0])
    assert len(out.split("\n")) == 6
    assert ask(run, tmp_path, "policy", "explain", "1")[0] == 4


def test_show_of_an_order_explains(run: CliRunner, tmp_path: Path) -> None:
    code, out, _ = ask(run, tmp_path, "show", order_id(1001), "--format", "json")
    assert code == 0
    cancel = json.loads(out)["actions"][0]
    assert cancel["because"] == ["channel is merchant", "status is shipped"]
    assert cancel["why_not"] == "A5 would need status unshipped (it is shipped); confirmed no (it is all)"
    assert cancel["house"] == []


def test_a_refund_that_cancels_units_counts_by_both_commands(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.ok("import", *sorted((EXAMPLES / "us" / "reports").iterdir()))
    (refund,) = command.json("policy", "explain", "001-0000000-0000005", "refund")
    assert (refund["allowed"], refund["counts"], refund["counts_rule"]) == (True, "yes", "")
    shown = json.loads(command.ok("show", "001-0000000-0000005", "--format", "json"))
    assert {one["action"]: one["counts"] for one in shown["actions"]}["refund"] == "yes"
    said = command.ok("policy", "explain", "001-0000000-0000005", "refund").splitlines()
    (at,) = (at for at, line in enumerate(said) if "toward the rate" in line)
    assert said[at] == "  counts toward the rate: it cancels units that never left"
    assert not any(line.startswith("    ") for line in said[at + 1 :]), "no rule of the policy says it"


def test_a_plan_says_what_stands_in_the_way(run: CliRunner, tmp_path: Path) -> None:
    code, out, _ = ask(
        run,
        tmp_path,
        "plan",
        "cancel",
        "--filter",
        f"id:{order_id(1001)}",
        "-o",
        str(tmp_path / "p.json"),
        "--format",
        "json",
    )
    assert code == 3
    (record,) = json.loads(out)
    assert record["why_not"] == "A5 would need status unshipped (it is shipped); confirmed no (it is all)"


@pytest.mark.parametrize(
    ("market", "value", "source"),
    [
        ("US", "added", "on top of the price"),
        ("DE", "included", "VAT Calculation Service"),
        ("JP", "included", "VMWEBEA58WCYAEA"),
        ("AU", "unknown", "no source"),
    ],
)
def test_show_tells_whether_prices_include_the_tax(
    run: CliRunner, tmp_path: Path, market: str, value: str, source: str
) -> None:
    code, out, _ = ask(run, tmp_path, "policy", "show", market, "--format", "json")
    assert code == 0
    (found,) = (record for record in json.loads(out) if record["name"] == "price_tax")
    assert (found["value"], found["checked_on"]) == (value, "2026-11-26")
    assert source in found["source"]
    programs = {record["name"]: record for record in json.loads(out) if record["name"].startswith("program_")}
    assert programs["program_pickup"]["value"] == "by feed not confirmed"
    assert programs["program_easy_ship"]["value"] == "by feed neither cancelled nor confirmed"
    assert all(one["source"] and one["checked_on"] for one in programs.values())


def test_a_row_whose_sources_differ_says_so(run: CliRunner, tmp_path: Path) -> None:
    """Amazon's pages do not agree on a parcel that left unconfirmed: the cautious one acts, the other is told."""
    assert ask(run, tmp_path, "facts", "dispatched", order_id(1), "--yes")[0] == 0
    code, out, _ = ask(run, tmp_path, "policy", "explain", order_id(1), "cancel")
    assert code == 0
    assert "A6" in out
    assert "UK and AU help also let you cancel it after it has come back" in out

"""`ordertui report` leaves orders and names out and works where all else is broken; `ordertui docs` shows pages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ordertui.operations.bug_report import clean, log_lines
from support.cli import ROOT, Command


def test_the_report_has_counts_and_no_order(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring("US", "DE")
    plan = tmp_path / "plan.json"
    command.ok("plan", "cancel", "--filter", "marketplace:US request:official", "-o", plan)
    command.ok("commit", plan, "--yes")
    target = tmp_path / "bug.txt"
    command.ok("report", "-o", target)
    text = target.read_text(encoding="utf-8")
    assert "orders: 216; marketplaces: US, DE" in text
    assert "  1: cancel US, held, 2 orders" in text
    assert "0000000-00" not in text
    assert str(tmp_path) not in text
    again = command.run("report", "-o", target)
    assert again.code == 3
    assert target.read_text(encoding="utf-8") == text


def test_the_report_names_what_cannot_be_read(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.store.write_bytes(b"not a store at all")
    settings = tmp_path / "config.toml"
    settings.write_text('shop_name = "Secret Shop"\nretention_days = "x"\n', encoding="utf-8")
    done = command.run("report", "-o", tmp_path / "bug.txt", ORDERTUI_CONFIG=str(settings))
    text = (tmp_path / "bug.txt").read_text(encoding="utf-8")
    assert done.code == 0
    assert "retention_days" in text
    assert "Python 3" in text
    assert "Traceback" not in text + done.stderr


def test_settings_with_names_are_only_said_to_be_set(tmp_path: Path) -> None:
    command = Command(tmp_path)
    settings = tmp_path / "config.toml"
    settings.write_text('shop_name = "Lamp Corner"\nretention_days = 30\nmerchant_id = "A1B2"\n', encoding="utf-8")
    command.run("report", "-o", tmp_path / "bug.txt", ORDERTUI_CONFIG=str(settings))
    text = (tmp_path / "bug.txt").read_text(encoding="utf-8")
    assert "retention_days: 30" in text
    assert "shop_name: set" in text
    assert "Lamp Corner" not in text
    assert "A1B2" not in text


def test_every_page_is_listed_and_shown(tmp_path: Path) -> None:
    command = Command(tmp_path)
    listed = {line.split()[0] for line in command.ok("docs").splitlines()}
    assert listed == {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert command.ok("docs", "safety") == (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
    done = command.run("docs", "nothing")
    assert (done.code, "guide" in done.stderr) == (4, True)


def test_names_of_folders_and_addresses_stay_out(tmp_path: Path) -> None:
    shop = tmp_path / "Mueller-Shop"
    shop.mkdir()
    command = Command(tmp_path, shop / "none.db")
    command.run("report", "-o", tmp_path / "bug.txt")
    text = (tmp_path / "bug.txt").read_text(encoding="utf-8")
    assert "none.db" in text
    assert "Mueller" not in text
    lines = "cannot reach postgresql://anna@db.mueller.example:5432/shop; C:\\Users\\Anna\\store.db is locked"
    assert clean(lines) == "cannot reach (address) …/store.db is locked"


PLANTED = (
    "Mueller", "Hauptstr", "anna", "A1MERCHANT", "Atzr|", "amzn1.", "hunter2", "IwEBI", "0170", "Lamp Corner", "Kim ",
)  # fmt: skip


@pytest.fixture(scope="module")
def planted_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which names stand where only SQL, or somebody's note, can put them."""
    command = Command(tmp_path_factory.mktemp("planted"))
    command.bring("DE")
    command.ok("facts", "note", "049-0000000-0000001", "--text", "Anna Mueller, Hauptstr. 5, 0170")
    with closing(sqlite3.connect(command.store)) as database, database:
        database.execute("UPDATE products SET title = 'Anna Mueller', sku = 'Atzr|IwEBI' || id")
    return command.store


@pytest.mark.parametrize(
    "settings",
    [
        'shop_name = "Lamp Corner"\noperator = "Kim Mueller"\nmerchant_id = "A1MERCHANT"\nretention_days = 30\n',
        'shop_name = "Mueller Lamps\n',
        'refresh_token = "Atzr|IwEBI"\n',
        'language = "Anna Mueller"\n',
        'language = "Anna\'s Mueller"\n',
        'policy = "Anna Mueller"\n',
        'policy_file = "/srv/Anna Mueller/rules.toml"\n',
        '[notify]\nzone = "Atzr|IwEBI"\n',
        '[outbox]\nfolder = "/srv/Anna Mueller/out"\n',
        '[amazon]\nmarketplaces = ["US", "Mueller"]\nendpoint = "http://anna:hunter2@mueller.example"\n',
        '[[notify.receivers]]\nname = "anna"\naddress = "mailto://anna:hunter2@mueller.example"\n',
        'store = "postgresql://anna:hunter2@mueller.example/shop"\n',
        'store = "postgresql://anna@127.0.0.1:1/mueller"\n',
        'store = "/srv/Lamps of Mueller/none/orders.db"\n',
    ],
)
def test_nothing_planted_is_in_the_report(
    settings: str, planted_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(settings, encoding="utf-8")
    log = tmp_path / "defects.log"
    frame = "  reader.py:12 read"
    planted = ["ValueError: buyer Anna Mueller", "Hauptstr. 5", "token Atzr|IwEBI", "mueller", "a.mueller", "0170 123"]
    log.write_text("\n".join([*planted, "builtins.ValueError", frame]), encoding="utf-8")
    monkeypatch.setattr("ordertui.operations.bug_report.defect_log", lambda: log)
    command = Command(tmp_path)
    if "store" in settings:
        command.before = []
    else:
        command.before[1] = str(planted_store)
    secrets = {"ORDERTUI_REFRESH_TOKEN": "Atzr|IwEBI", "ORDERTUI_LWA_CLIENT_SECRET": "amzn1.hunter2", "USER": "anna"}
    assert command.run("report", "-o", tmp_path / "bug.txt", ORDERTUI_CONFIG=str(config), **secrets).code == 0
    text = (tmp_path / "bug.txt").read_text(encoding="utf-8")
    assert [word for word in PLANTED if word.lower() in text.lower()] == []
    assert f"left out, because ordertui writes no such lines: {len(planted)}\nbuiltins.ValueError\n{frame}\n" in text
    assert "\n## Store\n" in text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("D:\\Firma Mueller\\x.db is locked", "…/x.db is locked"),
        (r"\\\\server\\Anna Mueller\\x.db", "…/x.db"),
        ("/Volumes/Mueller Shop/a/x.db: full", "…/x.db: full"),
        ("mail anna@mueller.example, key Atza|IwEBI", "mail (mail), key (secret)"),
        ("3 and/or 4 of 001-0000000-0000001", "3 and/or 4 of (order id)"),
        ("key " + "a1" * 20, "key (secret)"),
        (
            "a function_with_a_very_long_name_that_says_all_of_it",
            "a function_with_a_very_long_name_that_says_all_of_it",
        ),
    ],
)
def test_what_is_taken_out(text: str, kept: str) -> None:
    assert clean(text) == kept


def test_names_are_taken_out_whatever_their_case() -> None:
    assert clean("KIM asked Kimberly; kim", {"Kim", ""}) == "(name) asked Kimberly; (name)"


def test_of_a_long_log_the_end_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "defects.log"
    old = "  reader.py:12 read\n"
    log.write_text(old * 10_000 + "builtins.ValueError\n", encoding="utf-8")
    monkeypatch.setattr("ordertui.operations.bug_report.defect_log", lambda: log)
    assert list(log_lines())[-2:] == [old.rstrip("\n"), "builtins.ValueError"]


def test_a_practice_store_anywhere_has_its_outbox_beside_it(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.ok("demo", "--where", tmp_path / "try", "--orders", "100", "--no-screen")
    settings = tmp_path / "config.toml"
    settings.write_text(f'[outbox]\nfolder = "{tmp_path}/files"\n', encoding="utf-8")
    told = Command(tmp_path, tmp_path / "try" / "practice.db").run("config", "path", ORDERTUI_CONFIG=str(settings))
    assert str(tmp_path / "try" / "outbox") in told.stdout

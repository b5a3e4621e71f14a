"""`ordertui report` leaves orders and names out and works where all else is broken; `ordertui docs` shows pages."""

from __future__ import annotations

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


def test_of_a_long_log_the_end_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "defects.log"
    log.write_text("old\n" * 40_000 + "builtins.ValueError\n", encoding="utf-8")
    monkeypatch.setattr("ordertui.operations.bug_report.defect_log", lambda: log)
    assert list(log_lines())[-2:] == ["old", "builtins.ValueError"]


def test_a_practice_store_anywhere_has_its_outbox_beside_it(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.ok("demo", "--where", tmp_path / "try", "--orders", "100", "--no-screen")
    settings = tmp_path / "config.toml"
    settings.write_text(f'[outbox]\nfolder = "{tmp_path}/files"\n', encoding="utf-8")
    told = Command(tmp_path, tmp_path / "try" / "practice.db").run("config", "path", ORDERTUI_CONFIG=str(settings))
    assert str(tmp_path / "try" / "outbox") in told.stdout

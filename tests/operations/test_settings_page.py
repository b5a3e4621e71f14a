"""The commented settings file and docs/settings.md are made from the fields, and say of each what it does."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.config import Config, load_config
from ordertui.operations.settings_page import DescribedSetting, all_settings, commented_settings, settings_page
from support.cli import EXAMPLES, ROOT, Command

SETTINGS = list(all_settings())


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_described(setting: DescribedSetting) -> None:
    assert len(setting.description) > 15
    assert setting.description.endswith(".")


def test_the_page_is_the_one_in_docs() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run: .venv/bin/python scripts/write_pages.py"


def test_every_setting_of_the_written_file_can_be_switched_on(tmp_path: Path) -> None:
    """Without the `#` the file still reads, and gives the defaults; as it stands it changes nothing."""
    as_written, switched_on = tmp_path / "a.toml", tmp_path / "b.toml"
    as_written.write_text(commented_settings(), encoding="utf-8")
    names = {setting.name for setting in SETTINGS}
    lines = [
        line[2:] if line.startswith("# ") and line[2:].partition(" = ")[0] in names else line
        for line in commented_settings().splitlines()
    ]
    switched_on.write_text("\n".join(lines), encoding="utf-8")
    assert sum(not line.startswith(("#", "[")) and bool(line) for line in lines) == len(SETTINGS)
    assert load_config(as_written) == load_config(switched_on) == Config()


def test_init_writes_the_file_once(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    command = Command(tmp_path)
    first = command.run("config", "init", ORDERTUI_CONFIG=str(file))
    assert first.code == 0, first.stderr
    assert file.read_text(encoding="utf-8") == commented_settings()
    file.write_text('operator = "Kim"\n', encoding="utf-8")
    again = command.run("config", "init", ORDERTUI_CONFIG=str(file))
    assert again.code == 4, again.stderr
    assert "not touched" in again.stderr
    assert load_config(file).operator == "Kim"


def test_the_store_may_be_named_by_the_environment(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.before = []
    store = tmp_path / "apart" / "orders.db"
    report = EXAMPLES / "us" / "reports" / "unshipped-orders.txt"
    done = command.run("import", report, ORDERTUI_STORE=str(store))
    assert done.code == 0, done.stderr
    assert store.is_file()
    assert "001-0000000-0000001" in command.run("list", ORDERTUI_STORE=str(store)).stdout

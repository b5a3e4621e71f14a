"""The commented settings file and docs/settings.md are made from the fields, and say of each what it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import write_pages

from ordertui.operations.config import Config, load_config, store_place
from ordertui.operations.errors import BadInput
from ordertui.operations.settings_check import check_settings
from ordertui.operations.settings_text import DescribedSetting, all_settings, commented_settings
from ordertui.orders.clock import FixedClock
from support.cli import EXAMPLES, ROOT, Command
from support.shops import NOW

SETTINGS = list(all_settings())


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_described(setting: DescribedSetting) -> None:
    assert len(setting.description) > 15
    assert setting.description.endswith(".")


def test_the_page_is_the_one_in_docs() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == write_pages.settings_page(), "run: .venv/bin/python scripts/write_pages.py"


def test_every_setting_of_the_written_file_can_be_switched_on(tmp_path: Path) -> None:
    """Without the `#` the file still reads, and gives the defaults; as it stands it changes nothing."""
    as_written, switched_on = tmp_path / "a.toml", tmp_path / "b.toml"
    as_written.write_text(commented_settings(), encoding="utf-8")
    names = {setting.name for setting in SETTINGS}
    lines, is_list = [], False
    for line in commented_settings().splitlines():
        is_list = line.startswith("# [[") or (is_list and not line.startswith("["))
        is_setting = line.startswith("# ") and line[2:].partition(" = ")[0] in names
        lines.append(line[2:] if is_setting and not is_list else line)
    switched_on.write_text("\n".join(lines), encoding="utf-8")
    single = [setting for setting in SETTINGS if not setting.table.startswith("[[")]
    assert sum(not line.startswith(("#", "[")) and bool(line) for line in lines) == len(single)
    assert load_config(as_written) == load_config(switched_on) == Config()


def test_a_table_of_which_there_may_be_several_is_switched_on_by_hand(tmp_path: Path) -> None:
    head, _, rest = commented_settings().partition("# [[notify.receivers]]")
    rest = rest.replace('# name = ""', 'name = "team"').replace("# command = []", 'command = ["true"]')
    path = tmp_path / "config.toml"
    path.write_text(f"{head}[[notify.receivers]]{rest}", encoding="utf-8")
    assert [one.name for one in load_config(path).notify.receivers] == ["team"]


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


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('policy = "foo"', "no edition 'foo'"),
        ('policy_file = "{folder}/none.toml"', "none.toml"),
        ('store = "/"', "store is '/', which is a folder"),
        ('store = "{folder}/config.toml/orders.db"', "nothing can be written"),
        ('[outbox]\nfolder = "{folder}/config.toml"', "folder under [outbox]"),
        ('[worker]\nimport_folder = "{folder}/config.toml/in"', "import_folder under [worker]"),
        ('[worker]\nimport_folder = "{folder}/none"', "there is no such folder"),
        ('[worker]\nimport_folder = "{folder}"', ""),
        ('policy = "foo"\nstore = "/"', "which is a folder"),
        ('policy = "article"\nstore = "{folder}/new/orders.db"\n[outbox]\nfolder = "{folder}/not/yet"', ""),
    ],
)
def test_what_the_settings_name_is_looked_at(tmp_path: Path, lines: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(lines.format(folder=tmp_path), encoding="utf-8")
    if not said:
        check_settings(path, FixedClock(NOW))
        return
    with pytest.raises(BadInput, match=re.escape(said)) as caught:
        check_settings(path, FixedClock(NOW))
    assert str(path) in str(caught.value)


def test_names_lose_what_a_terminal_obeys_and_a_store_may_be_in_the_home_folder(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('shop_name = "Lamp\\u202eCorner\\u001b[31m"\nstore = "~/orders.db"\n', encoding="utf-8")
    config = load_config(path)
    assert config.shop_name == "LampCorner[31m"
    assert store_place(None, config) == Path.home() / "orders.db"


def test_settings_that_are_named_and_not_there_are_no_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the defaults the seller's own rules would be off, and nothing would say so."""
    monkeypatch.setenv("ORDERTUI_CONFIG", str(tmp_path / "typo.toml"))
    with pytest.raises(BadInput, match=r"typo\.toml is not there, and ORDERTUI_CONFIG names it"):
        load_config()
    (tmp_path / "typo.toml").touch()
    assert load_config() == Config()

"""A wrong settings file is refused in plain words: the table, the setting, the value, and what is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ordertui.files import load_toml
from ordertui.operations.config import load_config
from ordertui.operations.errors import BadInput
from ordertui.operations.settings_problems import settings_problems

RULE = '[[colours]]\nfilter = "late"\ncolour = "red"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f'{RULE}[[colours]]\nfilter = "late"\ncolour = "rot"',
            'colour under [[colours]] 2 is "rot"; it takes: red or orange or green or blue or grey',
        ),
        (f'{RULE}color = "red"', "there is no setting 'color' under [[colours]] 1 (did you mean 'colour'?)"),
        ('[nofity]\nzone = "UTC"', "there is no setting 'nofity' (did you mean 'notify'?)"),
        ('profile = "test"', "there is no setting 'profile': it stands under [amazon]"),
        ('zone = "UTC"', "there is no setting 'zone': it stands under [notify] or under [worker]"),
        (
            '[amazon]\nshop_name = "A"',
            "there is no setting 'shop_name' under [amazon]: it stands above the first table",
        ),
        ("retention_days = 0", "retention_days is 0; it takes: number from 1 to 36,500"),
        ('retention_days = "many"', 'retention_days is "many"; it takes: number from 1 to 36,500'),
        ("retention_days = nan", "retention_days is nan; it takes: number from 1 to 36,500"),
        ("shop_name = 2026-01-01", "shop_name is 2026-01-01; it takes: text"),
        ('operator = ["\\u202e\\u001b"]', 'operator is ["\\u001b"]; it takes: text'),
        ("[amazon]\nmarketplaces = ['US', 3, 4]", "marketplaces under [amazon] has 3, 4; it takes: list of texts"),
        ('[colours]\nfilter = "late"', "colours is to be written as tables [[colours]]"),
        ("colours = [3]", "colours is to be written as tables [[colours]]"),
        ('[[amazon]]\nprofile = "off"', "amazon is to be written as a table [amazon]"),
        ('store = ["postgresql://kim:s3cr3t@host/shop"]', "store cannot be used; it takes: text"),
        (
            'language = "de"\n[amazon]\nprofile = "prod"',
            'language is "de"; it takes: auto or en or zh or zh_CN;'
            ' profile under [amazon] is "prod"; it takes: off or test or production',
        ),
        (f'operator = ["{"x" * 99}"]', f'operator is ["{"x" * 58}…; it takes: text'),
        (RULE, ""),
    ],
)
def test_a_problem_is_told_in_plain_words(text: str, said: str) -> None:
    assert settings_problems(load_toml(text)) == said


def test_only_the_first_few_are_told() -> None:
    found: dict[str, Any] = {f"shopname{number}": 1 for number in range(1_000)}
    assert settings_problems(found).count("there is no setting") == 3


def test_the_file_and_where_all_settings_stand_are_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("retention_days = 0\n", encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        load_config(path)
    assert str(refused.value) == (
        f"{path}: retention_days is 0; it takes: number from 1 to 36,500; `ordertui docs settings` lists the settings"
    )

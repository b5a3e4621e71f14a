"""The registry of settings: one field of PolicyValues is all that a setting needs besides its value in the edition."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ordertui.rules.policy.bundled import EDITIONS, read_bundled_text
from ordertui.rules.policy.edition import load_edition, read_edition
from ordertui.rules.policy.settings import OWN_SETTINGS, SETTINGS, PolicyValues
from ordertui.rules.problems import PolicyError


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_field_has_a_value_in_every_edition(edition: str) -> None:
    assert set(PolicyValues.__struct_fields__) == set(SETTINGS) == set(load_edition(edition).settings)


@pytest.mark.parametrize("name", SETTINGS)
def test_an_edition_that_lacks_a_setting_is_refused_by_name(name: str) -> None:
    text, file = read_bundled_text("amazon")
    renamed = re.sub(rf"^{name} =", "misspelt =", text, count=1, flags=re.MULTILINE)
    with pytest.raises(PolicyError, match=rf"\[settings\] lacks {name}\b"):
        read_edition(renamed, file)


def test_own_settings_are_those_that_a_seller_may_change() -> None:
    """Those that are ordertui's limits and not Amazon's rules: every value has the source `house`."""
    edition = load_edition("amazon")
    house = {name for name, entries in edition.settings.items() if {entry.source for entry in entries} == {"house"}}
    assert set(OWN_SETTINGS) == house
    assert not any({*own} & house for own in edition.by_marketplace.values())


def test_the_docs_name_the_sellers_own_settings() -> None:
    page = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
    told = page.partition("Settings that are yours:")[2].partition("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", told)) == set(OWN_SETTINGS)

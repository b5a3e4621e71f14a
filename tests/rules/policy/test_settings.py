"""The registry of settings: one field of PolicyValues is all that a setting needs besides its value in the edition."""

from __future__ import annotations

import re

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
    assert set(OWN_SETTINGS) == {"near", "typed_count_from", "hold_minutes", "plan_expires_minutes", "forecast_hours"}

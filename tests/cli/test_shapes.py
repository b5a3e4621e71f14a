"""The documented JSON shapes, over a stand-in shop."""

import json
import sys
from array import array
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.plan_values import RateEffect, RateFigure

FIGURE = RateFigure("US", 7, 0, 86_400, "America/Los_Angeles", 1981, 38, 38, "0.025", 11, "ok", "placed")
WANTED = "marketplace window_from window_to timezone orders cancelled rate target headroom status basis"


class StandIn:
    practice = False

    @classmethod
    def open(cls, *_: Any, **__: Any) -> "StandIn":
        return cls()

    def close(self) -> None: ...

    def marketplaces(self) -> list[str]:
        return ["US"]

    def view(self, *_: Any) -> "array[int]":
        return array("q", [1])

    def rate(self, *_: Any) -> list[RateEffect]:
        return [RateEffect(FIGURE, FIGURE)]

    def load_plan(self, _: Path) -> list[Any]:
        return [SimpleNamespace(rows=(1,))]

    def order(self, _: str) -> None:
        return None


@pytest.fixture(autouse=True)
def _shop(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("ordertui.operations.shop")
    module.Shop = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ordertui.operations.shop", module)


def test_rate() -> None:
    assert list(json.loads(CliRunner().invoke(cli, ["rate", "--format", "json"]).stdout)[0]) == WANTED.split()


def test_rate_if_cancel() -> None:
    found = json.loads(CliRunner().invoke(cli, ["rate", "--if-cancel", "late", "--format", "json"]).stdout)
    assert list(found[0]) == [*WANTED.split(), "after_cancelled", "after_rate", "after_headroom"]


def test_commit_needs_yes(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text("{}")
    assert CliRunner().invoke(cli, ["commit", str(tmp_path / "p.json")]).exit_code == 5


def test_show_of_an_unknown_order() -> None:
    assert CliRunner().invoke(cli, ["show", "1-2-3"]).exit_code == 4

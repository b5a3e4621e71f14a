"""Pictures of the screens, compared cell by cell. After a change that is meant: `pytest tests/snapshots --snapshot-update`,
and look at each picture."""

from collections.abc import Awaitable, Callable
from typing import Any

import make_screenshots as scenes
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from ordertui.operations.shop import Shop
from ordertui.tui.app import OrderTuiApp
from ordertui.tui.themes import DARK, LIGHT

WIDE, MEDIUM, SMALL = (120, 40), (80, 24), (60, 15)
Steps = Callable[[Pilot[None], Shop], Awaitable[None]]
Compare = Callable[..., bool]


def typed(*names: str) -> Steps:
    async def steps(pilot: Pilot[None], shop: Shop) -> None:
        await scenes.keys(pilot, *names)

    return steps


async def titles(pilot: Pilot[None], shop: Shop) -> None:
    screen = scenes.main_screen(pilot)
    screen.ask_for(replace(screen.request, keys=("order", "ship-by", "total", "may", "title")))
    await scenes.keys(pilot, "j", "space", "j", "j")


def same(compare: Compare, shop: Shop, steps: Steps, size: tuple[int, int], theme: str = DARK.name) -> bool:
    async def before(pilot: Pilot[Any]) -> None:
        await scenes.keys(pilot)
        await steps(pilot, shop)

    return compare(OrderTuiApp(shop, theme=theme), terminal_size=size, run_before=before)


@pytest.mark.parametrize(
    ("steps", "size"),
    [
        pytest.param(scenes.main_dark, WIDE, id="main-wide"),
        pytest.param(scenes.main_dark, MEDIUM, id="main-medium"),
        pytest.param(scenes.main_dark, SMALL, id="main-small"),
        pytest.param(scenes.near_target, WIDE, id="marked-wide"),
        pytest.param(scenes.near_target, SMALL, id="marked-small"),
        pytest.param(scenes.preview, WIDE, id="preview-wide"),
        pytest.param(scenes.preview, MEDIUM, id="preview-medium"),
        pytest.param(scenes.preview, SMALL, id="preview-small"),
        pytest.param(scenes.refused, WIDE, id="refused-wide"),
        pytest.param(scenes.result, WIDE, id="result-wide"),
        pytest.param(scenes.result, MEDIUM, id="result-medium"),
        pytest.param(typed("8", "enter"), WIDE, id="order-wide"),
        pytest.param(typed("2", "v", "j", "j"), MEDIUM, id="range-medium"),
        pytest.param(typed("slash", *"stat", "colon", "x"), MEDIUM, id="filter-wrong-medium"),
        pytest.param(typed("question_mark", *"mark"), MEDIUM, id="help-medium"),
        pytest.param(typed("colon", *"copy"), SMALL, id="palette-small"),
    ],
)
def test_dark(snap_compare: Compare, shop: Shop, steps: Steps, size: tuple[int, int]) -> None:
    assert same(snap_compare, shop, steps, size)


@pytest.mark.parametrize(
    ("steps", "size"),
    [
        pytest.param(scenes.near_target, WIDE, id="marked-wide"),
        pytest.param(scenes.preview, MEDIUM, id="preview-medium"),
    ],
)
def test_light(snap_compare: Compare, shop: Shop, steps: Steps, size: tuple[int, int]) -> None:
    assert same(snap_compare, shop, steps, size, LIGHT.name)


def test_without_colour(snap_compare: Compare, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert same(snap_compare, shop, scenes.near_target, WIDE)


@pytest.mark.parametrize("size", [MEDIUM, SMALL], ids=["medium", "small"])
def test_welcome(snap_compare: Compare, empty: Shop, size: tuple[int, int]) -> None:
    assert same(snap_compare, empty, typed(), size)


@pytest.mark.parametrize("size", [WIDE, MEDIUM], ids=["wide", "medium"])
def test_japanese(snap_compare: Compare, japan: Shop, size: tuple[int, int]) -> None:
    assert same(snap_compare, japan, titles, size, LIGHT.name)

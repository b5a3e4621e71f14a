"""Pictures of the screens, compared cell by cell. After a change that is meant: `pytest tests/tui/snapshots
--snapshot-update`, and look at each picture.
"""

import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import make_screenshots as scenes
import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from textual.widgets import Input

from ordertui.messages import CHINESE, ENGLISH
from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.marks import Marks
from ordertui.operations.session import Session
from ordertui.operations.workspace import Workspace
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store.repositories.claims import Claim
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.themes import DARK, LIGHT
from support.pilot import until
from support.shops import NOW, all_orders_row, bring, unshipped_row

EXAMPLES = Path(__file__).parents[3] / "examples"

WIDE, MEDIUM, SMALL = (120, 40), (80, 24), (60, 15)
NONE = "no colour"
Steps = Callable[[Pilot[None], Session], Awaitable[None]]
Compare = Callable[..., bool]

TITLES = (
    "有機緑茶 ティーバッグ 50個入り",
    "ステンレスボトル 0.7 L",
    "手ぬぐい「青海波」",
    "プレゼント🎁セット",
    "ﾊﾝｶｸ ケーブル 2m",
)


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("practice") / "practice"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        patch.setattr(
            "ordertui.store.repositories.identity.new_id", lambda: "5eed5eed5eed5eed"
        )  # outbox folders show it
        build_practice(Path("practice"), orders=1500, now=NOW)
    return folder


def _open(folder: str) -> Session:
    return Session.open(Path(folder) / "orders.db", clock=FixedClock(NOW), config=Config(shop_name="my-shop"))


@pytest.fixture
def session(practice: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(practice, "practice")
    Path("practice/practice.db").rename("practice/orders.db")
    with _open("practice") as found:
        yield found


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    with _open(".") as found:
        yield found


@pytest.fixture
def japan(empty: Session, tmp_path: Path) -> Session:
    rows = [
        all_orders_row(n, market="JP", age=n * 7000, product_name=TITLES[n % len(TITLES)], item_price=str(980 * n))
        for n in range(1, 31)
    ]
    asked = [
        unshipped_row(n, "true" if n % 4 == 0 else "false", market="JP", product_name=TITLES[n % len(TITLES)])
        for n in range(1, 31)
    ]
    bring(empty, tmp_path, everything=rows, open_=asked)
    return empty


def typed(*names: str) -> Steps:
    async def steps(pilot: Pilot[None], session: Session) -> None:
        await scenes.keys(pilot, *names)

    return steps


async def titles(pilot: Pilot[None], session: Session) -> None:
    screen = scenes.main_screen(pilot)
    screen.view.ask_for(replace(screen.view.request, keys=("order", "ship-by", "total", "may", "title")))
    await scenes.keys(pilot, "j", "space", "j", "j")


def after_titles(*names: str) -> Steps:
    async def steps(pilot: Pilot[None], session: Session) -> None:
        await titles(pilot, session)
        await scenes.keys(pilot, *names)

    return steps


async def released(pilot: Pilot[None], session: Session) -> None:
    """Asked whether the held batch shall leave now."""
    await scenes.keys(pilot, "o", "r")


async def amounts(pilot: Pilot[None], session: Session) -> None:
    """The refund editor, over the preview of one order."""
    scenes.mark(pilot, session, "status:shipped marketplace:US channel:merchant action:refund", 1)
    await scenes.keys(pilot, "r", "j", "enter", "m", "enter")  # the first reason


async def claimed(pilot: Pilot[None], session: Session) -> None:
    """Somebody else has the first two orders to ship in an open preview."""
    await scenes.keys(pilot, "2")
    ids = list(scenes.main_screen(pilot).table.ids)[:2]
    claim = Claim("x", "ana", "box", Action.CANCEL, session.clock.now() - 60)
    session.context.store.claims.take(claim, Marks(ids).packed())
    await until(pilot, lambda: bool(session.claims.others))
    await scenes.keys(pilot)


async def claimed_preview(pilot: Pilot[None], session: Session) -> None:
    await claimed(pilot, session)
    await scenes.keys(pilot, "v", "j", "j", "space", "x")
    screen = pilot.app.screen
    assert isinstance(screen, PreviewScreen)
    await until(pilot, lambda: bool(screen._others))
    await scenes.keys(pilot)


async def saved_views(pilot: Pilot[None], session: Session) -> None:
    """Two views, one of them with a Japanese name."""
    await scenes.keys(pilot, "f", "s", *"late", "enter", "s")
    pilot.app.screen.query_one(Input).value = "青海波"
    await scenes.keys(pilot, "enter")


def same(
    compare: Compare,
    session: Session,
    steps: Steps,
    size: tuple[int, int],
    theme: str = DARK.name,
    language: str = ENGLISH,
) -> bool:
    async def before(pilot: Pilot[Any]) -> None:
        await scenes.keys(pilot)
        await steps(pilot, session)
        await pilot.pause()  # every widget has drawn what the last key asked for

    with pytest.MonkeyPatch.context() as patch:
        if theme == NONE:
            patch.setenv("NO_COLOR", "1")
        app = OrderTuiApp(session, theme=DARK.name if theme == NONE else theme, language=language)
        return compare(app, terminal_size=size, run_before=before)


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
        pytest.param(scenes.shortage, WIDE, id="shortage-wide"),
        pytest.param(scenes.shortage, MEDIUM, id="shortage-medium"),
        pytest.param(scenes.shortage, SMALL, id="shortage-small"),
        pytest.param(scenes.refused, WIDE, id="refused-wide"),
        pytest.param(scenes.result, WIDE, id="result-wide"),
        pytest.param(scenes.result, MEDIUM, id="result-medium"),
        pytest.param(scenes.rate, WIDE, id="rate-wide"),
        pytest.param(scenes.rate, MEDIUM, id="rate-medium"),
        pytest.param(scenes.rate, SMALL, id="rate-small"),
        pytest.param(scenes.rates, WIDE, id="rates-wide"),
        pytest.param(scenes.tour, WIDE, id="tour-wide"),
        pytest.param(scenes.tour, SMALL, id="tour-small"),
        pytest.param(scenes.tour_preview, MEDIUM, id="tour-preview-medium"),
        pytest.param(claimed, WIDE, id="claimed-wide"),
        pytest.param(claimed, MEDIUM, id="claimed-medium"),
        pytest.param(claimed_preview, WIDE, id="claimed-preview-wide"),
        pytest.param(claimed_preview, MEDIUM, id="claimed-preview-medium"),
        pytest.param(typed("8", "enter"), WIDE, id="order-wide"),
        pytest.param(typed("2", "v", "j", "j"), MEDIUM, id="range-medium"),
        pytest.param(typed("slash", *"stat", "colon", "x"), MEDIUM, id="filter-wrong-medium"),
        pytest.param(typed("question_mark", *"mark"), MEDIUM, id="help-medium"),
        pytest.param(typed("colon", *"copy"), SMALL, id="palette-small"),
    ],
)
def test_dark(snap_compare: Compare, session: Session, steps: Steps, size: tuple[int, int]) -> None:
    assert same(snap_compare, session, steps, size)


@pytest.mark.parametrize(
    ("steps", "size", "look"),
    [
        pytest.param(scenes.near_target, MEDIUM, DARK.name, id="marked-medium"),
        pytest.param(scenes.refused, MEDIUM, LIGHT.name, id="refused-medium"),
        pytest.param(scenes.refused, SMALL, NONE, id="refused-small"),
        pytest.param(scenes.result, SMALL, DARK.name, id="result-small"),
        pytest.param(typed("o", "G", "enter"), WIDE, LIGHT.name, id="batch-rows-wide"),
        pytest.param(typed("o", "G", "enter"), MEDIUM, DARK.name, id="batch-rows-medium"),
        pytest.param(typed("o", "G", "enter"), SMALL, NONE, id="batch-rows-small"),
        pytest.param(typed("o", "question_mark"), MEDIUM, LIGHT.name, id="dialog-keys-medium"),
        pytest.param(released, WIDE, LIGHT.name, id="question-wide"),
        pytest.param(released, MEDIUM, NONE, id="question-medium"),
        pytest.param(released, SMALL, DARK.name, id="question-small"),
        pytest.param(amounts, WIDE, DARK.name, id="amounts-wide"),
        pytest.param(amounts, MEDIUM, LIGHT.name, id="amounts-medium"),
        pytest.param(amounts, SMALL, NONE, id="amounts-small"),
        pytest.param(typed("slash", *"stat", "colon", "x"), WIDE, LIGHT.name, id="filter-wrong-wide"),
        pytest.param(typed("slash", *"stat", "colon", "x"), SMALL, DARK.name, id="filter-wrong-small"),
        pytest.param(typed("question_mark", *"mark"), WIDE, LIGHT.name, id="help-wide"),
        pytest.param(typed("question_mark", *"mark"), SMALL, NONE, id="help-small"),
        pytest.param(typed("colon", *"copy"), WIDE, NONE, id="palette-wide"),
        pytest.param(typed("colon", *"copy"), MEDIUM, LIGHT.name, id="palette-medium"),
        pytest.param(typed("g"), WIDE, NONE, id="going-wide"),
        pytest.param(typed("g"), MEDIUM, DARK.name, id="going-medium"),
        pytest.param(typed("g"), SMALL, LIGHT.name, id="going-small"),
        pytest.param(typed("3", "m"), WIDE, LIGHT.name, id="message-wide"),
        pytest.param(typed("3", "m"), MEDIUM, NONE, id="message-medium"),
        pytest.param(typed("3", "m"), SMALL, DARK.name, id="message-small"),
        pytest.param(typed("6", "u"), WIDE, DARK.name, id="undo-wide"),
        pytest.param(typed("6", "u"), MEDIUM, LIGHT.name, id="undo-medium"),
        pytest.param(typed("6", "u"), SMALL, NONE, id="undo-small"),
    ],
)
def test_look(snap_compare: Compare, session: Session, steps: Steps, size: tuple[int, int], look: str) -> None:
    assert same(snap_compare, session, steps, size, look)


@pytest.mark.parametrize(
    ("steps", "size", "look"),
    [
        pytest.param(titles, SMALL, DARK.name, id="main-small"),
        pytest.param(after_titles("v", "j", "j"), WIDE, NONE, id="range-wide"),
        pytest.param(after_titles("v", "j", "j"), SMALL, LIGHT.name, id="range-small"),
        pytest.param(after_titles("enter"), WIDE, NONE, id="order-wide"),
        pytest.param(after_titles("enter"), MEDIUM, DARK.name, id="order-medium"),
        pytest.param(after_titles("enter"), SMALL, LIGHT.name, id="order-small"),
        pytest.param(after_titles("a", "x"), WIDE, NONE, id="preview-wide"),
        pytest.param(after_titles("a", "x"), SMALL, LIGHT.name, id="preview-small"),
        pytest.param(after_titles("comma"), WIDE, DARK.name, id="same-wide"),
        pytest.param(after_titles("comma"), MEDIUM, LIGHT.name, id="same-medium"),
        pytest.param(after_titles("comma"), SMALL, NONE, id="same-small"),
        pytest.param(after_titles("C"), WIDE, LIGHT.name, id="columns-wide"),
        pytest.param(after_titles("C"), MEDIUM, NONE, id="columns-medium"),
        pytest.param(after_titles("C"), SMALL, DARK.name, id="columns-small"),
        pytest.param(saved_views, WIDE, LIGHT.name, id="views-wide"),
        pytest.param(saved_views, MEDIUM, DARK.name, id="views-medium"),
        pytest.param(saved_views, SMALL, NONE, id="views-small"),
    ],
)
def test_look_in_japanese(
    snap_compare: Compare, japan: Session, steps: Steps, size: tuple[int, int], look: str
) -> None:
    assert same(snap_compare, japan, steps, size, look)


@pytest.mark.parametrize(
    ("steps", "size"),
    [
        pytest.param(scenes.near_target, WIDE, id="marked-wide"),
        pytest.param(scenes.preview, MEDIUM, id="preview-medium"),
        pytest.param(scenes.rate, MEDIUM, id="rate-medium"),
    ],
)
def test_light(snap_compare: Compare, session: Session, steps: Steps, size: tuple[int, int]) -> None:
    assert same(snap_compare, session, steps, size, LIGHT.name)


def test_without_colour(snap_compare: Compare, session: Session) -> None:
    assert same(snap_compare, session, scenes.near_target, WIDE, NONE)


def test_rate_without_colour(snap_compare: Compare, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert same(snap_compare, session, scenes.rate, WIDE)


@pytest.mark.parametrize("size", [WIDE, MEDIUM, SMALL], ids=["wide", "medium", "small"])
def test_report_files(
    snap_compare: Compare, empty: Session, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = Path("reports")
    shutil.copytree(EXAMPLES / "us" / "reports", reports)
    shutil.copytree(EXAMPLES / "us" / "results", reports / "results")
    for age, path in enumerate(sorted(reports.glob("*.*"))):
        os.utime(path, (NOW - 3600 * age, NOW - 3600 * age))
    monkeypatch.setattr(Workspace, "folder", lambda self: reports)
    assert same(snap_compare, empty, typed("i", "space", "space"), size)


@pytest.mark.parametrize("size", [WIDE, MEDIUM, SMALL], ids=["wide", "medium", "small"])
def test_welcome(snap_compare: Compare, empty: Session, size: tuple[int, int]) -> None:
    assert same(snap_compare, empty, typed(), size)


@pytest.mark.parametrize("size", [WIDE, MEDIUM], ids=["wide", "medium"])
def test_japanese(snap_compare: Compare, japan: Session, size: tuple[int, int]) -> None:
    assert same(snap_compare, japan, titles, size, LIGHT.name)


@pytest.mark.parametrize("size", [WIDE, MEDIUM], ids=["wide", "medium"])
@pytest.mark.parametrize("name", ["main_dark", "preview", "rate", "outbox"])
def test_chinese(snap_compare: Compare, session: Session, name: str, size: tuple[int, int]) -> None:
    assert same(snap_compare, session, getattr(scenes, name), size, language=CHINESE)

"""Pictures of every screen at three sizes, dark, light and without colours, with English, Chinese and Japanese orders.

A file of `pictures/` has one scene with one kind of orders. After a change that is meant: `pytest tests/tui/snapshots
-m 'long or not long' --snapshot-update`, and read the diff.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace
from still_time import pause, press, resize, rest, run_still
from textual._compositor import Compositor
from textual._context import visible_screen_stack
from textual.filter import Monochrome
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input

from ordertui.messages import CHINESE, ENGLISH
from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice, scenario
from ordertui.operations.demo.orders import CatalogueItem, catalogue
from ordertui.operations.marks import Marks
from ordertui.operations.policies import ActivePolicies
from ordertui.operations.session import Session
from ordertui.operations.workspace import Workspace
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from ordertui.store.copy.local_copy import CopyState
from ordertui.store.repositories.claims import Claim
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.screens.base import Dialog
from ordertui.tui.screens.progress import AskingScreen, ProgressScreen
from ordertui.tui.themes import DARK, LIGHT
from ordertui.tui.widgets.order_table import OrderTable
from support.dialogs import dialogs
from support.pictures import Picture, Section, difference, in_theme, sections, take, write
from support.pilot import NO_BACKDROP, main
from support.shops import NOW
from support.walks import strips

PICTURES = Path(__file__).parent / "pictures"
EXAMPLES = Path(__file__).parents[3] / "examples"
SIZES = ((120, 40), (80, 24), (60, 15))
NO_COLOUR = "none"
THEMES = (NO_COLOUR, "dark", "light")
"""In the order in which they are drawn: the first two have the same styles."""
Steps = Callable[[Pilot[None], Session], Awaitable[None]]


class Data(NamedTuple):
    """The orders of a store and the language of the screen over them."""

    language: str
    home: str
    """Marketplace of the seller."""
    titles: tuple[str, ...] = ()
    """In place of the first products' own."""


DATA = {
    "en": Data(ENGLISH, "US"),
    "zh": Data(
        CHINESE,
        "US",
        (
            "不锈钢保温杯 750 毫升 防漏 深蓝色",
            "🎁 茶具礼盒（六件套）",
            "搪瓷马克杯，350ml，户外露营",
            "竹制砧板，带沥水槽，大号，适合切肉、奶酪和蔬菜，厨房必备",
            "USB-C 充电夹式阅读灯",
            "无线充电 LED 台灯，5 档亮度，可折叠，黑色",
            "瑜伽垫 6 毫米 防滑 带背带",
        ),
    ),
    "ja": Data(ENGLISH, "JP", ("真空断熱 水筒 750ml ステンレス 漏れない 紺", "プレゼント🎁セット", "ﾊﾝｶｸ ケーブル 2m")),
}


class Scene(NamedTuple):
    """What is done before a picture is taken."""

    steps: Steps
    is_empty: bool = False
    """Over a new store."""
    is_read_only: bool = False
    has_backdrop: bool = False
    """Whether the picture of a dialog has what is around it."""


def typed(*names: str) -> Steps:
    async def steps(pilot: Pilot[None], session: Session) -> None:
        await press(pilot, *names)

    return steps


async def mark(pilot: Pilot[None], session: Session, text: str, count: int) -> None:
    """Mark the first orders of the seller's home marketplace that fit a filter."""
    home = "JP" if session.orders.marketplaces()[0] == "JP" else "US"
    found = session.orders.find(f"marketplace:{home} {text}", limit=count)
    assert found, text
    table = main(pilot).table
    table.marks.add(found)
    table.marks_changed()
    await rest()


async def titles(pilot: Pilot[None], session: Session) -> None:
    """Orders to ship, with another choice of columns and two marked."""
    screen = main(pilot)
    await press(pilot, "2", "j", "space", "j", "space")
    screen.view.ask_for(replace(screen.view.request, keys=("order", "ship-by", "total", "may", "title")))
    await press(pilot, "j")


async def near_target(pilot: Pilot[None], session: Session) -> None:
    """Some orders are marked, one of them already held."""
    await press(pilot, "2", "j", "j", "space", "space", "j", "j", "space")
    await mark(pilot, session, "status:unshipped request:official -state:held", 3)
    await press(pilot, "j")


async def mark_mixed(pilot: Pilot[None], session: Session) -> None:
    """Orders that may be cancelled, and two that may not, are marked."""
    await press(pilot, "2")
    await mark(pilot, session, "status:unshipped request:none action:cancel", 3)
    await mark(pilot, session, "status:shipped channel:merchant", 2)


def after_mixed(*names: str) -> Steps:
    async def steps(pilot: Pilot[None], session: Session) -> None:
        await mark_mixed(pilot, session)
        await press(pilot, *names)

    return steps


async def refused(pilot: Pilot[None], session: Session) -> None:
    """Nothing of what is marked may be cancelled."""
    await mark(pilot, session, "status:shipped channel:merchant", 5)
    await mark(pilot, session, "channel:amazon", 3)
    await mark(pilot, session, "status:cancelled", 3)
    await press(pilot, "x")


async def typed_count(pilot: Pilot[None], session: Session) -> None:
    """So many are committed that their number must be typed."""
    await press(pilot, "2")
    await mark(pilot, session, "status:unshipped request:none action:cancel", 30)
    await press(pilot, "x", "y")


async def amounts(pilot: Pilot[None], session: Session) -> None:
    """The refund editor, over the preview of one order."""
    await mark(pilot, session, "status:shipped channel:merchant action:refund", 1)
    await press(pilot, "r", "j", "enter", "m", "enter")  # the first reason


async def shortage(pilot: Pilot[None], session: Session) -> None:
    """The sheet of the SKU that most orders wait for, after one order was kept by hand."""
    sku = session.orders.tally("sku", "status:unshipped", "all", 1, without_fba=True)[0][0]
    await press(pilot, "colon")
    pilot.app.screen.query_one(Input).value = f"shortage {sku} 4"
    await press(pilot, "enter", "j", "space")


async def rate(pilot: Pilot[None], session: Session) -> None:
    """The rate in full, with two marked."""
    await mark(pilot, session, "status:unshipped request:none -state:held", 2)
    table = main(pilot).table
    table.go_to(table.marks.ids()[0])
    await press(pilot, "P")


async def rates(pilot: Pilot[None], session: Session) -> None:
    """Every marketplace's rate."""
    await rate(pilot, session)
    await press(pilot, *["p"] * len(session.orders.marketplaces()))


async def claimed(pilot: Pilot[None], session: Session) -> None:
    """Somebody else has the first two orders to ship in an open preview."""
    await press(pilot, "2")
    ids = list(main(pilot).table.ids)[:2]
    claim = Claim("x", "ana", "box", Action.CANCEL, session.clock.now() - 60)
    session.context.store.claims.take(claim, Marks(ids).packed())
    await rest()


async def claimed_preview(pilot: Pilot[None], session: Session) -> None:
    await claimed(pilot, session)
    await press(pilot, "v", "j", "j", "space", "x")


async def saved_views(pilot: Pilot[None], session: Session) -> None:
    """Two views, one of them with a Japanese name."""
    await press(pilot, "f", "s", *"late", "enter", "s")
    pilot.app.screen.query_one(Input).value = "青海波"
    await press(pilot, "enter")


async def report_files(pilot: Pilot[None], session: Session) -> None:
    """Report files of a folder, two of them chosen."""
    reports = Path("reports")
    shutil.copytree(EXAMPLES / "us" / "reports", reports)
    shutil.copytree(EXAMPLES / "us" / "results", reports / "results")
    for age, name in enumerate(sorted(name for name in os.listdir(reports) if "." in name)):
        os.utime(reports / name, (NOW - 3600 * age, NOW - 3600 * age))
    await press(pilot, "i", "space", "space")


async def progress(pilot: Pilot[None], session: Session) -> None:
    screen = ProgressScreen()
    pilot.app.push_screen(screen)
    screen.advance(0, 50_000)
    await rest()


async def asking(pilot: Pilot[None], session: Session) -> None:
    pilot.app.push_screen(AskingScreen("Asking Amazon"))
    await rest()


async def tour_preview(pilot: Pilot[None], session: Session) -> None:
    """The fourth step, in the preview."""
    main(pilot).tour.start()
    await rest()
    await press(pilot, "2", "P", "escape", "1", "slash", *"status", "colon", *"shipped", "enter", "enter", "escape")
    await press(pilot, "escape")
    await mark(pilot, session, "status:unshipped action:cancel", 3)
    await press(pilot, "x")


async def tour(pilot: Pilot[None], session: Session) -> None:
    main(pilot).tour.start()
    await rest()


async def messages(pilot: Pilot[None], session: Session) -> None:
    """What the program says stands over a dialog."""
    await press(pilot, "o")
    pilot.app.notify("batch 4 is in the outbox folder; o says where to upload it", timeout=1000)
    await rest()


async def message_log(pilot: Pilot[None], session: Session) -> None:
    for severity in ("information", "warning", "error"):
        pilot.app.notify(f"{severity}: the store was changed by another program", severity=severity, timeout=1000)
    await press(pilot, "exclamation_mark")


async def error(pilot: Pilot[None], session: Session) -> None:
    pilot.app.notify("the disk is full: nothing was committed", severity="error", timeout=1000)
    await rest()


async def lost_server(pilot: Pilot[None], session: Session) -> None:
    """The orders are those of the copy, because the server cannot be reached."""
    session.context.lost = CopyState(7, NOW - 600, NOW - 540, "connection refused")
    main(pilot).refresh_all()
    await rest()


async def unread_policy(pilot: Pilot[None], session: Session) -> None:
    """The policy file is wrong: its last good version is in force."""
    note = "your policy file p.toml is not in force (2 problems, see `ordertui policy check`): its last good version is"
    session.context.active_policies = ActivePolicies(session.context.active_policies.policies, note)
    main(pilot).refresh_all()
    await rest()


async def old_reports(pilot: Pilot[None], session: Session) -> None:
    """Two days after the newest report."""
    clock = session.clock
    assert isinstance(clock, FixedClock)
    clock.advance(2 * DAY)
    main(pilot).refresh_all()
    await rest()


async def buyer_message(pilot: Pilot[None], session: Session) -> None:
    """The text for a buyer who asked by message."""
    found = session.orders.find("request:message", limit=1)
    assert found
    main(pilot).table.go_to(found[0])
    await press(pilot, "m")


SCENES = {
    "main": Scene(typed("2", *["j"] * 8)),
    "main-titles": Scene(titles),
    "main-marked": Scene(near_target),
    "main-range": Scene(typed("2", "v", "j", "j")),
    "main-pane": Scene(typed("2", "j", "vertical_line")),
    "main-refused": Scene(typed("6")),
    "main-nothing": Scene(typed("slash", *"sku", "colon", *"none", "enter")),
    "main-filter": Scene(typed("slash", *"stat", "colon", "x")),
    "main-claimed": Scene(claimed),
    "main-error": Scene(error),
    "welcome": Scene(typed(), is_empty=True),
    "banner-read-only": Scene(typed("2"), is_read_only=True),
    "preview-read-only": Scene(typed("2", "x"), is_read_only=True),
    "banner-lost-server": Scene(lost_server),
    "banner-policy": Scene(unread_policy),
    "banner-old-reports": Scene(old_reports),
    "tour": Scene(tour),
    "tour-preview": Scene(tour_preview),
    "order": Scene(typed("8", "enter")),
    "preview": Scene(after_mixed("x")),
    "preview-refused": Scene(refused),
    "preview-claimed": Scene(claimed_preview),
    "preview-files": Scene(after_mixed("x", "i")),
    "preview-backdrop": Scene(after_mixed("x"), has_backdrop=True),
    "preview-keys": Scene(after_mixed("x", "question_mark")),
    "typed-count": Scene(typed_count),
    "amounts": Scene(amounts),
    "outbox": Scene(typed("o")),
    "outbox-rows": Scene(typed("o", "G", "enter")),
    "outbox-keys": Scene(typed("o", "question_mark")),
    "outbox-message": Scene(messages, has_backdrop=True),
    "release": Scene(typed("o", "r")),
    "undo": Scene(typed("6", "u")),
    "rate": Scene(rate),
    "rates": Scene(rates),
    "rate-orders": Scene(typed("P", "n")),
    "shortage": Scene(shortage),
    "shortage-units": Scene(typed("2", "w")),
    "sort": Scene(typed("s")),
    "note": Scene(typed("2", "N")),
    "values": Scene(typed("equals_sign")),
    "same": Scene(typed("2", "comma")),
    "columns": Scene(typed("C")),
    "views": Scene(saved_views),
    "go": Scene(typed("g", "1", "1")),
    "mark-by": Scene(typed("plus", *"stat", "colon", "x")),
    "buyer-message": Scene(buyer_message),
    "message-log": Scene(message_log),
    "help": Scene(typed("question_mark", *"mark")),
    "palette": Scene(typed("colon", *"copy")),
    "report-files": Scene(report_files),
    "progress": Scene(progress),
    "asking": Scene(asking),
}


FOREIGN = ("main", "main-titles", "welcome", "order", "preview", "preview-backdrop", "outbox", "rate", "shortage")
"""Scenes that `make test` also draws, in the dark theme, with Chinese and Japanese orders; `make test-long`: all."""


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return what makes a folder with a store of each kind of orders, once."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = _build(tmp_path_factory.mktemp(name) / "practice", DATA[name])
        return made[name]

    return folder


def _build(folder: Path, data: Data) -> Path:
    def products(code: str) -> tuple[CatalogueItem, ...]:
        goods = list(catalogue(code))
        for at, title in enumerate(data.titles):
            goods[at] = replace(goods[at], title=title)
        return tuple(goods)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.parent)
        patch.setattr("ordertui.store.repositories.identity.new_id", lambda: "5eed5eed5eed5eed")  # of outbox folders
        patch.setattr(scenario, "catalogue", products)
        if data.home != "US":
            patch.setattr(scenario, "MARKETS", ((data.home, 100),))
            patch.setattr(scenario, "HOME", data.home)
        build_practice(Path(folder.name), orders=1000, now=NOW)
    return folder


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw nothing but the pictures that are asked for: half of the work."""

    def draw_nothing(compositor: Compositor, *_args: Any, **_more: Any) -> None:
        compositor._dirty_regions.clear()

    monkeypatch.setattr(Compositor, "render_update", draw_nothing)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


def show_theme(app: OrderTuiApp, theme: str, mono: Monochrome) -> bool:
    """Let everything be drawn in a theme; return whether styles are worked out anew, which takes a moment."""
    has_colours = theme != NO_COLOUR
    if app.no_color is has_colours:
        app.no_color = not has_colours
        app.set_class(not has_colours, "-few-colours")
        (app._filters.remove if has_colours else app._filters.append)(mono)
        for widget in (one for screen in app.screen_stack for one in (screen, *screen.query(Widget))):
            widget._styles_cache.clear()
            widget.refresh()
            if isinstance(widget, OrderTable):
                widget.renderer.restyle()
                widget.rerender()
    name = LIGHT.name if theme == "light" else DARK.name
    if app.theme != name:
        app.theme = name
        return True
    return False


def picture_of(pilot: Pilot[None], scene: Scene, names: dict[Any, str]) -> tuple[str, Picture]:
    """Return where on the terminal the picture is, and the picture."""
    screen = pilot.app.screen
    visible_screen_stack.set(pilot.app._background_screens)  # as before each drawing
    shown, where = strips(pilot), ""
    width, height = pilot.app.size
    assert [strip.cell_length for strip in shown] == [width] * height
    if isinstance(screen, Dialog) and not scene.has_backdrop:
        place = screen.query_one(".dialog").region
        shown = [strip.crop(place.x, place.right) for strip in shown[place.y : place.bottom]]
        if place.size != screen.size:
            where = f"; the dialog at {place.x}+{place.y} is {place.width}x{place.height}"
    return where, take(shown, names)


async def draw(session: Session, scene: Scene, data: Data, themes: tuple[str, ...], before: str) -> str:
    """Return the file of a scene."""
    app = OrderTuiApp(session, language=data.language)
    names, parts, mono = dict[Any, str](), list[Section](), Monochrome()
    async with app.run_test(size=SIZES[0], notifications=True) as pilot:
        await rest()
        await scene.steps(pilot, session)
        for at, size in enumerate(SIZES):
            if at:
                await resize(pilot, size)
            found, where = dict[str, Picture](), ""
            for theme in themes if at % 2 == 0 else reversed(themes):  # so that half of the switches are spared
                if show_theme(app, theme, mono):
                    await pause()
                where, found[theme] = picture_of(pilot, scene, names)
            parts += sections(f"{size[0]}x{size[1]}{where}", {theme: found[theme] for theme in themes})
        head = f"{type(app.screen).__name__}"
    return write(head, parts, before)


def compare(case: Case, folder: Path, themes: tuple[str, ...], *, is_update: bool) -> str:
    """Return how pictures differ from those that are kept; keep them where that is asked for."""
    scene, data = SCENES[case.scene], DATA[case.data]
    before = case.file.read_text("utf-8") if case.file.exists() else ""
    place = Path("orders.db")
    if not scene.is_empty:
        shutil.copytree(folder, "practice", ignore=shutil.ignore_patterns("reports"))
        place = Path("practice/practice.db").rename("practice/orders.db")
    clock, config = FixedClock(NOW), Config(shop_name="my-shop")
    with Session.open(place, clock=clock, config=config, read_only=scene.is_read_only) as session:
        now = run_still(draw(session, scene, data, THEMES if is_update else themes, before))
    if is_update:
        case.file.write_text(now, "utf-8")
        return ""
    if themes != THEMES:
        before, now = (in_theme(text, themes[0]) for text in (before, now))
    return difference(case.file.name, before, now)


class Case(NamedTuple):
    """A scene with one kind of orders."""

    scene: str
    data: str

    @property
    def file(self) -> Path:
        return PICTURES / f"{self.scene}.{self.data}.txt"


CASES = [Case(scene, data) for scene in SCENES for data in DATA]
Compare = Callable[..., None]


@pytest.fixture
def compares(
    stores: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    undrawn: None,
    request: pytest.FixtureRequest,
) -> Compare:
    """Return what compares a case with the file that is kept, in some themes."""
    monkeypatch.setattr(Workspace, "folder", lambda self: Path("reports"))

    def compare_case(case: Case, themes: tuple[str, ...]) -> None:
        folder = tmp_path / case.scene
        folder.mkdir()
        monkeypatch.chdir(folder)
        monkeypatch.setattr(OrderTuiApp, "CSS", "" if SCENES[case.scene].has_backdrop else NO_BACKDROP)
        is_update = bool(request.config.getoption("update_snapshots"))
        found = compare(case, stores(case.data), themes, is_update=is_update)
        assert not found, found

    return compare_case


@pytest.mark.parametrize("case", [case for case in CASES if case.data == "en"], ids="-".join)
def test_picture(case: Case, compares: Compare) -> None:
    compares(case, THEMES)


@pytest.mark.parametrize("data", [data for data in DATA if data != "en"])
def test_dark_pictures_of_foreign_orders(data: str, compares: Compare) -> None:
    for scene in FOREIGN:  # in one test, so that one process makes the store
        compares(Case(scene, data), ("dark",))


@pytest.mark.long
@pytest.mark.parametrize("case", [case for case in CASES if case.data != "en"], ids="-".join)
def test_picture_of_foreign_orders(case: Case, compares: Compare) -> None:
    compares(case, THEMES)


def test_each_scene_has_its_files_and_each_file_its_scene() -> None:
    assert {path.name for path in PICTURES.iterdir()} == {case.file.name for case in CASES}


@pytest.mark.parametrize("data", DATA)
def test_each_screen_is_in_a_picture(data: str) -> None:
    shown = {case.file.read_text("utf-8").split("\n", 1)[0] for case in CASES if case.data == data}
    assert shown == {MainScreen.__name__, *(one.__name__ for one in dialogs())}

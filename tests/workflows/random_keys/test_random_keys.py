"""Whatever is typed, pasted, clicked or resized: nothing is committed without its `y` on a preview that was drawn,
nothing crashes.
"""

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.reports.files import FileEntry, list_folder
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.main.app import OrderTuiApp
from support.pilot import burst, running
from support.profile import LONG
from support.random_keys import GENERAL, LEAVES, REGISTRY, Monkey
from support.shops import NOW

KEYS = 50_000 if LONG else 1_200
"""Keys of one seed; the long profile is `ORDERTUI_SAFETY=long`."""
SEEDS = [int(seed) for seed in os.environ.get("ORDERTUI_SEEDS", "11 12").split()]
SIZE = (80, 24)
EVERYWHERE = {
    "ChoiceScreen", "ColumnsScreen", "ConfirmScreen", "HelpScreen", "OutboxScreen", "PaletteScreen", "TextScreen",
    "ValuesScreen", "ViewsScreen",
}  # fmt: skip
"""Screens that a long run comes to as well."""


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders of five marketplaces, and batches in every state: held, sent, answered, refused, unknown."""
    folder = tmp_path_factory.mktemp("practice")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        build_practice(Path("practice"), orders=240, now=NOW)
    return folder / "practice"


@pytest.fixture
def session(practice: Path, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A practice session: by its own rule it writes nothing outside its folder, whatever path is typed."""
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    shutil.copytree(practice, tmp_path / "practice")
    monkeypatch.chdir(tmp_path / "practice")

    def fenced(folder: Path, *, everything: bool = False) -> list[FileEntry]:
        """The list of report files shows nothing of the machine."""
        if not folder.resolve().is_relative_to(tmp_path):
            raise PermissionError(13, "out of bounds", str(folder))
        return list_folder(folder, everything=everything)

    monkeypatch.setattr("ordertui.tui.screens.file_picker.list_folder", fenced)
    return Session.open(Path("practice.db"), clock=clock, config=Config(shop_name="my-shop"))


async def play_keys(
    session: Session, clock: FixedClock, rng: random.Random, keys: int, *, may_commit: bool = False
) -> Monkey:
    """One run of the application, until so many keys were typed or the monkey left."""
    app = OrderTuiApp(session)
    async with app.run_test(size=SIZE) as pilot:
        monkey = Monkey(pilot, session, clock, rng, may_commit=may_commit)
        await monkey.settled()
        await monkey.play(keys)
    with Session.open(session.directory / "practice.db", clock=clock, config=session.config) as later:
        assert later.workspace.marks()[0].ids() == monkey.marks.ids(), "marks are kept for the next start"
    return monkey


async def played(
    session: Session, clock: FixedClock, seed: int, keys: int, *, may_commit: bool = False
) -> tuple[int, Counter[str]]:
    """Sessions one after another, until so many keys were typed; gives what was committed, and the screens that were
    open.
    """
    rng, seen, committed = random.Random(seed), Counter[str](), 0
    while keys > 0:
        monkey = await play_keys(session, clock, rng, keys, may_commit=may_commit)
        keys -= max(1, monkey.typed)
        seen += monkey.seen
        committed += len(monkey.committed)
    return committed, seen


def batches(session: Session) -> dict[int, list[str]]:
    """The orders of every batch."""
    return {batch.id: [row.order_id for row in batch.rows] for batch in session.batches.find()}


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
async def test_random_keys_commit_nothing_and_never_crash(session: Session, clock: FixedClock, seed: int) -> None:
    """A `y` on a preview that can be read commits, and should: so `y` is typed everywhere but there. Typed before, in
    the same burst as the key that opens a preview, it must not: nobody can have read it. Every other key is typed on
    previews, and on all that opens from them.
    """
    before = batches(session)
    committed, seen = await played(session, clock, seed, KEYS)
    assert committed == 0
    assert batches(session) == before
    assert {"MainScreen", "PreviewScreen", "FormScreen"} | (EVERYWHERE if LONG else set()) <= set(seen), seen


@pytest.mark.long
async def test_random_keys_with_y_commit_only_the_plan_whose_preview_it_was_typed_on(
    session: Session, clock: FixedClock
) -> None:
    before = batches(session)
    committed, seed = 0, 21
    while not committed and seed < 30:
        committed += (await played(session, clock, seed, KEYS // 3, may_commit=True))[0]
        seed += 1
    assert committed > 0, "the keys got as far as that"
    after = batches(session)
    assert len(after) == len(before) + committed
    assert {number: after[number] for number in before} == before


async def test_random_keys_on_a_store_that_may_not_be_written(session: Session, clock: FixedClock) -> None:
    folder = session.directory
    session.close()
    sealed = Session.open(folder / "practice.db", clock=clock, config=Config(), read_only=True)
    before, files = batches(sealed), sorted(path.name for path in folder.iterdir())
    rng = random.Random(5)
    async with running(sealed, size=SIZE) as pilot:
        staying = [key for key in [*REGISTRY, *GENERAL, "y"] if key not in LEAVES]
        for _ in range(15):
            await burst(pilot, rng.choices(staying, k=8))
    assert batches(sealed) == before
    left = [path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm"))]
    assert sorted(left) == [name for name in files if not name.endswith(("-wal", "-shm"))]

"""Whatever is typed, pasted, clicked or resized: nothing is committed without its `y` after a preview, nothing crashes."""

import random
from pathlib import Path

import pytest
from textual import events

from ordertui.operations.shop import Shop
from ordertui.orders.clock import FixedClock
from ordertui.tui.actions import ALL_ACTIONS
from ordertui.tui.screens.preview import PreviewScreen
from shopkit import open_shop, standard

from .kit import burst, main, running, settled

STEPS = 400
"""Keys of one run; the bound keeps the suite short, the seed makes a failure come again."""
LEAVES = {"q", "ctrl+z", "i"}
"""Not typed: they end the program, stop the process, or read the machine's files."""


def every_key() -> list[str]:
    keys = [key for action in ALL_ACTIONS for key in action.keys.split(",") if key not in LEAVES]
    return [*keys, *"12345678", "enter", "escape", "backspace", "tab", *"late", "space", "y", "w", "h"]


@pytest.mark.parametrize("seed", [11, 12])
async def test_random_keys_change_no_order_and_never_crash(tmp_path: Path, clock: FixedClock, seed: int) -> None:
    shop = open_shop(tmp_path / "shop", clock=clock, read_only=False)
    standard(shop, tmp_path, waiting=20, shipped=60)
    rng = random.Random(seed)
    keys = every_key()
    async with running(shop) as pilot:
        for _ in range(STEPS // 8):
            chosen = rng.choices(keys, k=8)
            # `y` on a preview, or the number it asks for, would rightly commit: leave that to other tests
            if any(isinstance(screen, PreviewScreen) for screen in pilot.app.screen_stack):
                chosen = [key for key in chosen if key not in ("y", "w")]
            await burst(pilot, [key for key in chosen if key != "y" or not _could_open_preview(chosen)])
            what = rng.random()
            if what < 0.1:
                await pilot.resize_terminal(*rng.choice([(120, 40), (80, 24), (60, 15), (40, 10)]))
            elif what < 0.2:
                await pilot.click(offset=(rng.randrange(0, 40), rng.randrange(0, 10)))
            elif what < 0.25:
                pilot.app.post_message(events.Paste("111-0000000-0000001\n111-0000000-0000002\x1b[2J"))
            await settled(pilot)
        assert main(pilot).is_attached
    assert shop.outbox() == []


def _could_open_preview(keys: list[str]) -> bool:
    return any(key in ("x", "r", "c") for key in keys)


async def test_random_keys_on_a_store_that_may_not_be_written(shop: Shop, tmp_path: Path, clock: FixedClock) -> None:
    shop.close()
    sealed = open_shop(tmp_path / "shop", clock=clock, read_only=True)
    files = sorted(path.name for path in (tmp_path / "shop").iterdir())
    async with running(sealed) as pilot:
        rng = random.Random(5)
        for _ in range(15):
            await burst(pilot, rng.choices([*every_key(), "y"], k=8))
    assert sealed.outbox() == []
    left = [path.name for path in (tmp_path / "shop").iterdir() if not path.name.endswith(("-wal", "-shm"))]
    assert sorted(left) == [name for name in files if not name.endswith(("-wal", "-shm"))]

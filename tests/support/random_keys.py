"""A monkey at the keyboard: keys, pastes, mouse and sizes at random, in bursts, and what must hold after each of them.

Events are put straight into the application's queue, as the driver does with what a terminal sends; nothing waits
between two keys of a burst. Between bursts the monkey looks: half of its keys are those of the screen that is on top,
so that it gets deep into dialogs; some bursts begin as people do.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

from textual import events
from textual.events import Key
from textual.keys import key_to_character
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from ordertui.operations.batches.batch import Batch
from ordertui.operations.batches.service import BatchService
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.batch_state import PENDING
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import YesNo
from ordertui.orders.money import format_grouped
from ordertui.tui.actions import ALL_COMMANDS
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.widgets.order_table import OrderTable

REGISTRY = [key for action in ALL_COMMANDS for key in action.keys.split(",") if key != "f2"]
"""Every key of the main screen but that of the language: what is recounted here is in English."""
GENERAL = [
    *"12345678",
    "enter",
    "escape",
    "escape",
    "backspace",
    "delete",
    "tab",
    "shift+tab",
    "left",
    "right",
    "home",
    *"late x0,:-*<>",
]
BEGINNINGS = [
    ["2", "space", "space", "x"],
    ["2", "a", "x", "j", "e", "j", "enter"],
    ["slash", *"status:shipped channel:merchant", "enter", "space", "r", "j", "m"],
    ["slash", *"sku:mug", "enter"],
    ["slash", *"total>"],
    ["home", "r", "j", "m", "enter", "enter", "9", "9", "enter"],
    ["g", "g", "j"],
    ["g", *"113-0001", "enter"],
    ["o", "j", "tab", "j", "u"],
    ["o", "j", "j", "j", "t"],
    ["o", "j", "s"],
    ["o", "r"],
    ["7", "u"],
    ["6", "u"],
    ["c", *"UPS", "enter", *"1Z1", "enter", "enter"],
    ["plus", *"request:official", "enter"],
    ["minus", *"late", "enter"],
    ["comma", "j", "enter"],
    ["F", *"late", "enter", "n", "N", "n"],
    ["C", "space", "J", "plus", "enter"],
    ["f", "s", *"mine", "enter", "enter"],
    ["s", "j", "enter"],
    ["question_mark", *"mark", "down"],
    ["colon", *"canc", "enter"],
    ["e", "enter"],
    ["x", "s", "enter"],
    ["x", "w", "enter"],
    ["i", *"no such file", "enter"],
    ["v", "j", "j", "j", "space"],
    ["shift+down", "shift+down", "shift+up", "escape"],
    ["Y", "j", "enter"],
    ["escape"] * 4,
]
PASTES = [
    "111-0000000-0000001\n111-0000000-0000002\x1b[2J",
    "y\ny\n",
    "手ぬぐい🎁\u202e" * 5,
    "\x00\x07\r\n\t",
    "status:unshipped " * 60,
    "",
]
SIZES = [(80, 24)] * 4 + [(120, 40), (160, 50), (60, 15), (40, 10), (20, 3)]
LEAVES = {"q", "ctrl+q"}
"""Keys that leave, where the main screen is on top: typed seldom, or every session would be short."""
LONGEST = 30.0
BEGINNING = 6
"""Characters by which the status line's words are found amid what stands before them."""
"""Seconds after which the application is taken to answer no more; it takes milliseconds."""


class Monkey:
    """One session at the keyboard. `y` is typed on a preview only when it `may_commit`."""

    def __init__(
        self, pilot: Pilot[None], session: Session, clock: FixedClock, rng: random.Random, *, may_commit: bool = False
    ) -> None:
        assert isinstance(pilot.app, OrderTuiApp)
        self.app = pilot.app
        self.pilot, self.session, self.clock, self.rng = pilot, session, clock, rng
        self.may_commit = may_commit
        self.typed = 0
        """Keys typed so far."""
        self.seen: Counter[str] = Counter()
        """Screens that were on top after a burst."""
        self.last: list[str] = []
        """What the last burst typed: for the one who looks into a failure."""
        self.confirmed: Plan | None = None
        """The plan of the preview on which `y` was typed, as long as that preview is open."""
        self.committed: list[Batch] = []
        self.marks = self.main.table.marks
        self._began = clock.now()
        self._commit = partial(BatchService.commit, session.batches)  # not that of the monkey of the session before
        session.batches.commit = self._watched_commit  # type: ignore[method-assign]

    def _watched_commit(
        self,
        plan: Plan,
        *,
        typed: str | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> Batch:
        """As the shop's; fails the run when no `y` was typed on this plan's preview."""
        assert self.confirmed is plan, f"committed without its y: {plan.id}; typed {self.last}"
        batch = self._commit(plan, typed=typed, stop=stop, progress=progress)
        assert plan.typed_count is None or typed == str(plan.typed_count)
        self.committed.append(batch)
        return batch

    # Looking

    @property
    def running(self) -> bool:
        """Whether the application still runs: `q` ends it."""
        return self.app.is_running and bool(self.app.screen_stack)

    @property
    def main(self) -> MainScreen:
        """The main screen, under whatever is open."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def table(self) -> OrderTable:
        """The table."""
        return self.main.query_one(OrderTable)

    @property
    def idle(self) -> bool:
        """Whether every key typed so far had its effect."""
        return self.app.keys.is_idle and not self.app.message_queue_size

    async def until(self, true: Callable[[], object], words: Callable[[], object] = str) -> None:
        """Wait until it is so, or until the application was left; `words` say more of a failure."""
        end = time.monotonic() + LONGEST
        while self.running and not true():
            assert time.monotonic() < end, f"never came true: {words()}; typed {self.last}; on {self.app.screen_stack}"
            await asyncio.sleep(0.0005)

    async def settled(self) -> None:
        """Wait until every key typed so far had its effect."""
        await asyncio.sleep(0)
        await self.until(lambda: self.idle)

    # Typing

    async def play(self, keys: int) -> None:
        """Type so many keys, or until the application was left."""
        while self.running and self.typed < keys:
            await self.burst()
            if self.running:
                self.seen[type(self.app.screen).__name__] += 1
                await self.check()

    async def burst(self) -> None:
        """Some keys at once; now and then something else as well."""
        rng, screen = self.rng, self.app.screen
        if not any(isinstance(one, PreviewScreen) for one in self.app.screen_stack):
            self.confirmed = None
        if self.may_commit and isinstance(screen, PreviewScreen) and rng.random() < 0.4:
            self.confirmed = screen.plan
            self.type(["y"])
        else:
            self.type(self._keys(screen))
        what = rng.random()
        if what < 0.06:
            await self.pilot.resize_terminal(*rng.choice(SIZES))
        elif what < 0.16:
            self._mouse()
        elif what < 0.20:
            self.app.post_message(events.Paste(rng.choice(PASTES)))
        elif what < 0.23:
            self.clock.advance(rng.choice([1, 30, 61, 600]))
        await self.settled()

    def _keys(self, screen: Screen[object]) -> list[str]:
        rng = self.rng
        if not isinstance(screen, MainScreen) and rng.random() < 0.2:
            keys = ["escape"] * 4
        elif rng.random() < 0.25:
            keys = list(rng.choice(BEGINNINGS[:2] if self.may_commit else BEGINNINGS))
        else:
            own = [key for key in screen.active_bindings if key != "f2"] or GENERAL
            pool = rng.choices([own, REGISTRY, GENERAL], weights=[50, 25, 25], k=rng.randint(1, 14))
            keys = [rng.choice(keys) for keys in pool]
        # a `y` typed while no preview is open must commit nothing, whatever opens before it arrives
        on_preview = any(isinstance(one, PreviewScreen) for one in self.app.screen_stack)
        keys = [key for key in keys if not (on_preview and key == "y")]
        return [key for key in keys if key not in LEAVES or rng.random() < 0.02]

    def type(self, keys: list[str]) -> None:
        """Put these into the queue."""
        self.last = keys
        self.typed += len(keys)
        for key in keys:
            self.app.post_message(Key(key, key_to_character(key)))

    def _mouse(self) -> None:
        rng = self.rng
        width, height = self.app.size
        shift = rng.random() < 0.2

        def at(kind: type[events.MouseEvent], place: tuple[int, int], button: int = 1) -> None:
            self.app.post_message(kind(None, *place, 0, 0, button, shift, False, False, *place))

        start, end = ((rng.randrange(width), rng.randrange(height)) for _ in range(2))
        if rng.random() < 0.4:
            wheel = rng.choice([events.MouseScrollDown, events.MouseScrollUp])
            for _ in range(3):
                at(wheel, start, 0)
            return
        end = start if rng.random() < 0.6 else end
        at(events.MouseMove, start, 0)
        for _ in range(rng.choice([1, 1, 2])):
            at(events.MouseDown, start)
            if end != start:
                at(events.MouseMove, end)
            at(events.MouseUp, end)

    # What must hold

    async def check(self) -> None:
        """The cursor is on a shown order, only known orders are marked, and the status line is what a recount says."""
        table = self.table
        assert table.cursor_id == (table.ids[table.cursor] if table.ids else None), self.last
        view = table.view
        if table.size.height > 1 and table.ids:
            assert view.top <= view.cursor < view.top + view.height, (view, self.last)
        marked = list(table.marks.ids())
        assert len(marked) == table.marks.count
        assert set(self.session.orders.rows(marked)) == set(marked), self.last
        await self.until(  # counted anew at each look: what a filter finds while it is typed comes later
            lambda: any(map(self._is_said, self._recount(marked))),
            lambda: (self._recount(marked), self._status(), self.clock.now() - self._began),
        )

    def _status(self) -> str:
        return str(self.main.query_one("#status", Static).content)

    def _is_said(self, words: str) -> bool:
        """Whether the status line says so; of a line that is cut off, as much as it shows."""
        shown = re.split("   [◇◷→↑]| · [0-9,]+ FBA", self._status())[0]  # what waits, or is hidden, stands behind
        told = shown.removesuffix("…")
        place = told.find(words[:BEGINNING])
        if place < 0:
            return told != shown
        if told == shown:
            return told[place:] == words
        return words.startswith(told[place:].rstrip()) or told[place:].startswith(words)

    def _recount(self, marked: list[int]) -> tuple[str, ...]:
        """What the status line must say of these marks, worked out order by order: one of these, the shorter where
        cells are few.
        """
        table = self.table
        if table.range_size:
            return (f"range of {table.range_size:,} · space takes it, Esc leaves it",)
        if not marked:
            row = table.cursor_row
            return (
                (f"keys act on {row.order_id}", f"no marks: {row.order_id}")
                if row is not None
                else ("nothing to show",)
            )
        view = self.main.view.shown  # not what a filter shows while it is typed
        hidden = len(set(marked) - set(view.ids)) if view is not None else 0
        rows = self.session.orders.rows(marked).values()
        free = [row for row in rows if row.open_action is None or row.open_action.state not in PENDING]
        cancel = [verdict for row in free if (verdict := self.session.eligibility.verdicts(row)[0]).allowed]
        refunds, confirms = (
            sum(self.session.eligibility.verdicts(row)[place].allowed for row in free) for place in (1, 2)
        )
        money: Counter[str] = Counter()
        for row in rows:
            if row.total is not None:
                money[row.total.currency] += row.total.minor
        sums = [f"{currency} {format_grouped(minor, currency)}" for currency, minor in sorted(money.items())]
        unpriced = sum(row.total is None for row in rows)
        counted = sum(verdict.counts is not YesNo.NO for verdict in cancel)
        counts = f" ({counted:,} count)" if counted > 1 else f" ({counted:,} counts)" if counted else ""
        cannot = f", {len(marked) - len(cancel):,} cannot" if len(cancel) < len(marked) else ""
        cancels = f"{len(cancel):,} cancel{counts}{cannot}" if len(cancel) > 1 else f"1 cancel (counts){cannot}"
        if len(cancel) == 1 and not counted:
            cancels = f"1 cancel{cannot}"
        head = f"● {len(marked):,} marked" + (f" ({hidden:,} not shown)" if hidden else "")
        sums += [f"{unpriced} without a known price"] if unpriced else []
        notes = ("",) if cancel or not refunds else ("", " (counts)")  # what a refund cancels is told where it counts
        tails = [
            [
                cancels if cancel else "none can be cancelled",
                *([f"{refunds:,} refund{note}"] if refunds else []),
                *([f"{confirms:,} confirm"] if confirms else []),
            ]
            for note in notes
        ]
        middles = [[" + ".join(sums)]]
        if len(money) > 1:  # where cells are few they are counted, then left out
            middles += [[" + ".join([f"{len(money)} currencies", *sums[len(money) :]])], []]
        return tuple(" · ".join([head, *middle, *tail]) for middle in middles for tail in tails)

"""The screen on a connected shop: it says how old its data is, sends what is due, and follows it."""

import asyncio
from pathlib import Path

from apikit import shop
from simulator import Simulator
from simulator.shop import order

from ordertui.orders.clock import FixedClock
from ordertui.orders.status import Action, RowState
from tui.kit import running, text, until


async def test_the_screen_sends_and_follows_a_batch_by_itself(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    sim.amazon.put(order(1, clock.now()))
    made = shop(sim, tmp_path, clock)
    await asyncio.to_thread(made.online.sync)
    plan = made.plan(Action.CANCEL, [1])[0]
    batch = made.commit(plan, typed=str(plan.typed_count)).id
    async with running(made) as pilot:
        assert text(pilot, "age") == "synced 2 min ago · 18 refreshes left · TEST, not Amazon "
        assert sim.amazon.posts == []
        made.release(batch)
        await until(pilot, lambda: sim.amazon.posts)
        clock.advance(120)
        await until(pilot, lambda: {row.state for row in made.outbox()[0].rows} == {RowState.OK})
    assert len(sim.amazon.posts) == 1
    assert sim.calls.count("createFeed") == 1

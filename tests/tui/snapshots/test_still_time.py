"""The clock on which pictures are taken moves only when nothing is left to do."""

from __future__ import annotations

import asyncio
import time

from still_time import rest, run_still
from textual.message import Message


def test_a_thread_ends_before_any_timer_however_slow_it_is() -> None:
    seen: list[str] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.001, seen.append, "timer")
        thread = asyncio.create_task(asyncio.to_thread(time.sleep, 0.03))
        thread.add_done_callback(lambda _: seen.append("thread"))
        await rest()

    run_still(work())
    assert seen == ["thread", "timer"]


def test_timers_go_in_their_order_and_take_no_time() -> None:
    seen: list[tuple[float, float]] = []

    def note(due: float) -> None:
        seen.append((due, Message().time))

    async def work() -> None:
        loop = asyncio.get_running_loop()
        for due in (3000.0, 10.0, 200.0):
            loop.call_later(due, note, due)
        await asyncio.sleep(4000)

    begin = time.monotonic()
    run_still(work())
    assert [due for due, _ in seen] == [10.0, 200.0, 3000.0]
    assert all(abs(at - due) < 0.001 for due, at in seen)  # Textual's messages go by the same clock
    assert time.monotonic() - begin < 60

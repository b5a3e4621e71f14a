"""Every dialog that there is, the keys that lead to it, and a shop in which each of them has something to show."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path

from textual.pilot import Pilot
from textual.strip import Strip

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.screens.progress import AskingScreen

from .batches import answer, commit, send
from .pilot import main, press, until
from .shops import all_orders_row, bring, open_session, order_id, unshipped_row

TITLES = ("水筒", "手ぬぐい", "緑茶")
ENGLISH_WORDS = re.compile(r"(?<![\w/.:-])[a-z]{2,} [a-z]{2,}(?![\w/.:-])|\b[A-Z][a-z]{2,} [a-z]{2,}")
NO_WORDS = re.compile(
    "`[^`]*`|ordertui [a-z]+|status:unshipped total>50 late|not taken|sort ship-by|filter sku:A[*]|Seller Central help"
    "|Tab shift|config path|Hello, .*"
)
"""Filters and commands to be typed as they are, Amazon's words, and a text for an English buyer."""
ENGLISH_WORD = re.compile(r"(?<![\w/.:`_-])[A-Za-z]?[a-z]{2,}(?![\w/.:`_=-])")
AS_IT_IS = frozenset(
    {"Cancellations", "Cancelled", "End", "Enter", "Esc", "Home", "Markdown", "Tab", "amazon", "backspace", "config"}
    | {"late", "ordertui", "profile", "queue", "shift", "statu", "status", "super"}
)
"""Names of keys, commands, settings and filter fields, and Amazon's words."""
CJK = "[　-〿㐀-鿿＀-￯]"
HALF_WIDTH = re.compile(f"[,;:!?(](?={CJK})|(?<={CJK})[,;:!?()]|(?<={CJK})[.](?= |$)|[,;:] {CJK}|[}}][,;:]")
"""Signs of a Chinese sentence that are written as in English."""


def build_shop(folder: Path, clock: FixedClock) -> Session:
    """Open a store whose every word is the program's: orders to ship, asked for, held, refused, to upload, shipped."""
    session = open_session(folder / "shop", clock=clock)
    numbers = range(1, 31)
    rows = {n: {"sku": f"SKU-{n % 5}", "product_name": TITLES[n % 3]} for n in numbers}
    bring(
        session,
        folder,
        everything=[all_orders_row(n, "Shipped" if n > 20 else "Unshipped", **rows[n]) for n in numbers],
        open_=[unshipped_row(n, "true" if n == 4 else "false", **rows[n]) for n in numbers if n <= 20],
    )
    refused = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, folder, refused, {2})])
    send(session, Action.CANCEL, 3)
    commit(session, Action.CANCEL, 5)
    session.facts.set_note(list(session.orders.ids_of([order_id(6)]).values()), "等待承运人")
    return session


def english_in(shown: Sequence[str], *, names: Collection[str] = ()) -> list[str]:
    """Return English words, and signs as in English sentences, in lines of a Chinese screen; `names` are no words."""
    found = []
    no_words = re.compile("|".join([NO_WORDS.pattern, *map(re.escape, names)]))
    for line in (no_words.sub("", line) for line in shown):
        words = [one for one in ENGLISH_WORD.findall(line) if one not in AS_IT_IS]
        found += [f"{word} in {line}" for word in words]
        found += [f"{words} in {line}" for words in ENGLISH_WORDS.findall(line)]
        found += [f"{sign!r} in {line}" for sign in HALF_WIDTH.findall(line)]
    return found


def strips(pilot: Pilot[None]) -> list[Strip]:
    """What the terminal shows, line by line, with its styles."""
    return pilot.app.screen._compositor.render_strips(pilot.app.size)


def lines(pilot: Pilot[None]) -> list[str]:
    """What the terminal shows, line by line."""
    return [strip.text for strip in strips(pilot)]


async def walk(pilot: Pilot[None], places: Sequence[str]) -> AsyncIterator[str]:
    """Go to each of these places by its keys, and yield them there."""
    for keys in places:
        screen = main(pilot)
        screen.table.marks.clear()
        screen.table.action_home()
        await press(pilot, *keys.split())
        await until(pilot, lambda: not isinstance(pilot.app.screen, AskingScreen))
        await pilot.pause()
        yield keys
        for _again in range(5):
            await press(pilot, "escape")
            if pilot.app.screen is screen:
                break
        assert pilot.app.screen is screen, keys

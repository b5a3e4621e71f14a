"""What the rate panel, its one line and the status line say for a marked set: plain Python over the session, no widget."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import msgspec
from textual.content import Content

from ordertui.operations.batches.batch import Due
from ordertui.operations.errors import Stopped
from ordertui.operations.rate.figures import Impact, RateEffect
from ordertui.operations.session import Session
from ordertui.orders.order import OrderRow
from ordertui.tui.render.format import due_words, sparkline
from ordertui.tui.render.lines import status_line

SPARK_DAYS = 14
LOOK_AFTER = 2_000
"""Orders weighed between two looks at whether somebody still waits for the answer."""
NO_ORDERS = Content("\n No orders yet.\n i imports the reports you\n downloaded from Seller Central.")


class Question(msgspec.Struct, frozen=True):
    """What the panel is asked about."""

    ids: Sequence[int]
    """The marked orders."""
    version: int
    """Of the marks; another one after each change."""
    cursor: OrderRow | None
    hidden: int
    next_due: Due | None
    view: str
    width: int
    """Cells of the status line."""
    pending: str = ""
    range_: int = 0
    building: str = ""


class Answer(msgspec.Struct, frozen=True):
    """The texts of the rate; with it `status` knows what the marked set comes to."""

    panel: Content
    strip: Content
    market: str
    """The marketplace shown."""


class SelectionSummarizer:
    """Keeps which marketplace is shown, and what does not change with a mark until the store changes."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.pinned = ""
        """The marketplace chosen with a key; empty: that of the cursor."""
        self._weighed: tuple[int, Impact] = (-1, Impact(0, (), 0, 0, 0, 0))
        """What the last answer found of the marked set, and which version of the marks that was."""
        self._kept: tuple[int, dict[str, object]] = (-1, {})

    def forget(self) -> None:
        """The store changed: read everything again."""
        self._kept = (-1, {})
        self._weighed = (-1, self._weighed[1])

    def market(self, cursor: OrderRow | None) -> str:
        """The marketplace that is shown: the pinned one; else the cursor's, but with marks only one that has some. Empty
        without orders."""
        codes = self._codes()
        if self.pinned in codes:
            return self.pinned
        marked = [code for code, _ in self._weighed[1].markets if code in codes]
        if cursor is not None and cursor.marketplace in (marked or codes):
            return cursor.marketplace
        return (marked or codes or [""])[0]

    def switch(self) -> str:
        """Pin the next marketplace; after the last one follow the cursor again. Gives what is pinned."""
        codes = ["", *self._codes()]
        place = codes.index(self.pinned) if self.pinned in codes else 0
        self.pinned = codes[(place + 1) % len(codes)]
        return self.pinned

    def status(self, asked: Question) -> Content:
        """The status line: at once, and with money and verdicts as soon as an answer has found them."""
        now = self._session.clock.now()
        version, impact = self._weighed
        return status_line(
            count=len(asked.ids),
            impact=impact if version == asked.version else None,
            hidden=asked.hidden,
            cursor=asked.cursor,
            held="" if asked.next_due is None else due_words(asked.next_due, now),
            view=asked.view,
            pending=asked.pending,
            range_=asked.range_,
            building=asked.building,
            width=asked.width,
        )

    def is_warm(self, asked: Question) -> bool:
        """Whether an answer needs nothing that takes long: it was read since the store changed."""
        memory = self._memory()
        codes = memory.get("codes")
        if not isinstance(codes, list):
            return False
        shown = self.market(asked.cursor)
        return f"around {shown}" in memory and all(f"rate {code}" in memory for code in codes)

    def answer(self, asked: Question, stop: Callable[[], bool] = lambda: False) -> Answer:
        """The texts; reads the session. Raises Stopped when `stop` says that nobody waits for them any more."""
        from ordertui.tui.render.rate_panel import rate_panel, rate_strip

        session = self._session
        impact = session.rate.calculator.impact(_while(asked.ids, stop))
        self._weighed = (asked.version, impact)
        shown = self.market(asked.cursor)
        if not shown:
            return Answer(NO_ORDERS, Content(""), "")
        marked = dict(impact.markets)
        effects = session.rate.calculator.effects(shown, asked.ids) if marked.get(shown) else self._still(shown)
        elsewhere = [
            (
                code,
                marked.get(code, 0),
                (session.rate.calculator.effects(code, asked.ids) if marked.get(code) else self._still(code))[0],
            )
            for code in self._codes()
            if code != shown
        ]
        spark, rolls_off, risk = self._around(shown)
        some = bool(asked.ids)
        panel = rate_panel(
            effects, marked=some, spark=spark, rolls_off=rolls_off, risk=risk, name=shown, elsewhere=elsewhere,
            follows=not self.pinned,
        )  # fmt: skip
        return Answer(panel, rate_strip(effects, marked=some, name=shown, elsewhere=elsewhere), shown)

    def _memory(self) -> dict[str, object]:
        """What was read since the store changed or the minute passed."""
        minute = self._session.clock.now() // 60
        if self._kept[0] != minute:
            self._kept = (minute, {})
        return self._kept[1]

    def _codes(self) -> list[str]:
        memory = self._memory()
        if "codes" not in memory:
            memory["codes"] = list(self._session.orders.marketplaces())
        codes = memory["codes"]
        assert isinstance(codes, list)
        return codes

    def _still(self, code: str) -> list[RateEffect]:
        """The rate without any mark."""
        memory = self._memory()
        found = memory.get(f"rate {code}")
        if not isinstance(found, list):
            found = memory[f"rate {code}"] = self._session.rate.calculator.effects(code)
        return found

    def _around(self, code: str) -> tuple[str, int, int]:
        """Sparkline, roll-off and risk."""
        memory = self._memory()
        found = memory.get(f"around {code}")
        if not isinstance(found, tuple):
            target = Fraction(self._still(code)[0].before.target)
            found = memory[f"around {code}"] = (
                sparkline(self._session.rate.calculator.days(code, SPARK_DAYS), target),
                self._session.rate.calculator.rolls_off_tonight(code),
                self._session.rate.count_at_risk(code),
            )
        spark, rolls_off, risk = found
        return spark, rolls_off, risk


def _while(ids: Sequence[int], stop: Callable[[], bool]) -> Iterator[int]:
    """The ids, as long as nobody stops it."""
    for start in range(0, len(ids), LOOK_AFTER):
        if stop():
            raise Stopped("another set is marked by now")
        yield from ids[start : start + LOOK_AFTER]

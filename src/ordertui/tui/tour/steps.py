"""The tour in seven steps: what each one says, and when it is done. Plain Python over `Facts`, no widget."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from textual.content import Content

from ordertui.messages import N_, _
from ordertui.tui.render.format import MUTED, Piece

MARKED = 3
"""Orders to mark in the first step."""


class Facts(msgspec.Struct, frozen=True):
    """The state of screen and store that the steps are judged by."""

    screen: str
    """The screen that is open: `main`, `rate`, `preview`, `outbox`, `files`, `refused` (an order in full that may not
    be cancelled) or `other`. A question counts as the screen that it stands over."""
    queue: str
    marked: int
    newest: int
    """Number of the newest batch; 0 without one."""
    recalled: int
    """Orders undone, in all batches."""
    dispatched: int
    """Batches whose files were written."""


class Progress(msgspec.Struct, frozen=True):
    """What happened since a step began."""

    before: Facts
    now: Facts
    seen: frozenset[str]
    """Names of the screens that were open meanwhile."""


class Step(msgspec.Struct, frozen=True):
    """One thing to do."""

    title: str
    text: str
    """Words in backquotes are keys."""
    is_done: Callable[[Progress], bool]
    place: str = ""
    """The screen beside the main one on which it goes on, as `Facts.screen` names it."""
    inside: str = ""
    """Shown instead of `text` on that screen."""


STEPS = (
    Step(
        N_("Mark orders"),
        N_(
            "`2` opens the queue To ship, `j` and `k` move."
            " `space` marks an order and goes on: mark three that say can cancel."
        ),
        lambda progress: progress.now.queue == "to_ship" and progress.now.marked >= MARKED,
    ),
    Step(
        N_("See what it costs"),
        N_(
            "The panel, or the line below the table, has the cancellation rate now and after the marked."
            " `P` shows it in full."
        ),
        lambda progress: "rate" in progress.seen and progress.now.screen == "main",
        "rate",
        N_("Bars against the target; to come: without and with the marked. `Esc` goes back."),
    ),
    Step(
        N_("Why not this one"),
        N_(
            "`1` shows all orders. `/` filters: type status:shipped, `Enter`."
            " `Enter` again shows why one cannot be cancelled."
        ),
        lambda progress: "refused" in progress.seen and progress.now.screen == "main",
        "refused",
        N_("Each action: allowed or not, why, and what to do instead. `Esc` goes back."),
    ),
    Step(
        N_("Preview and commit"),
        N_("`Esc` clears the filter; the marks are still there. `x` opens the preview of cancelling them."),
        # marks in two marketplaces are two plans: the second preview follows the first commit
        lambda progress: progress.now.newest > progress.before.newest and progress.now.screen == "main",
        "preview",
        N_(
            "Orders included, excluded and why, money, rate. `y` commits: held, nothing is sent."
            " Nothing to commit? `Esc`, mark others."
        ),
    ),
    Step(
        N_("Undo it"),
        N_("Until the hold ends it can be undone. `u` does, and asks what: `b` is the whole batch."),
        lambda progress: progress.now.recalled > progress.before.recalled,
        "preview",
        N_(
            "A preview of another marketplace: `y` commits it too. `Esc` goes back to the orders, and there `u` undoes."
        ),
    ),
    Step(
        N_("Let one leave"),
        N_(
            "Two batches were held before you came. `o` opens the outbox. None held any more?"
            " Commit one with `x` and `y`."
        ),
        lambda progress: progress.now.dispatched > progress.before.dispatched,
        "outbox",
        N_(
            "`j` to a batch that is held, `r` releases it, `w` writes its files."
            " It then says where to upload them: not in practice."
        ),
    ),
    Step(
        N_("Your own reports"),
        N_("`Esc` goes back to the orders. There `i` lists the report files of a folder: look how they are chosen."),
        lambda progress: "files" in progress.seen and progress.now.screen == "main",
        "files",
        N_(
            "Yours: Seller Central, Orders > Order Reports > Unshipped. Start `ordertui`: `i`, `space`, `Enter`."
            " Here `Esc` goes back."
        ),
    ),
)


class Tour:
    """How far the user got."""

    def __init__(self, facts: Facts) -> None:
        self._place = 0
        self._before = facts
        self._seen: frozenset[str] = frozenset()
        self._now = facts

    @property
    def is_over(self) -> bool:
        """Whether all steps were done."""
        return self._place == len(STEPS)

    @property
    def number(self) -> int:
        """Number of the current step, from 1."""
        return min(self._place + 1, len(STEPS))

    def look(self, now: Facts) -> bool:
        """Take in the facts now; return whether the step was done, so that the next one begins."""
        self._now = now
        if self.is_over:
            return False
        self._seen |= {now.screen}
        if not STEPS[self._place].is_done(Progress(self._before, now, self._seen)):
            return False
        self._place += 1
        self._before, self._seen = now, frozenset()
        return True

    def text(self) -> Content:
        """Return what to do now."""
        step = STEPS[self.number - 1]
        is_there = bool(step.inside) and self._now.screen == step.place
        words = step.inside if is_there else step.text
        if self._now.screen == "main":
            hint = _(" · Esc leaves the tour")
        else:  # on another screen the keys of `text` mean something else; a question over the orders may be its own
            hint = "" if is_there or self._now.screen == "other" else _(" · first Esc, back to the orders")
        progress = "".join("●" if place < self._place else "○" for place in range(len(STEPS)))
        pieces: list[Piece] = [
            (
                _("Tour {number}/{steps} {progress} ", number=self.number, steps=len(STEPS), progress=progress),
                "bold $text-accent",
            ),
            (_(step.title), "bold"),
            (f"{hint}\n", MUTED),
        ]
        for number, part in enumerate(_(words).split("`")):
            pieces.append((part, "bold $text-accent") if number % 2 else part)
        return Content.assemble(*pieces)

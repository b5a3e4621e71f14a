"""Watch what others do with the orders of an open preview, and let them see that it is open."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from textual.screen import Screen

from ordertui.messages import _, ngettext
from ordertui.operations.claims import HeldClaim
from ordertui.operations.marks import Marks
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.batch_state import holds_order
from ordertui.orders.text import mask_control_characters
from ordertui.tui.render.format import since_text

from .errors import call_every, work_shown

LOOK_SECONDS = 0.4
"""How often it is looked what others do."""
Given = TypeVar("Given")


class OthersWatch:
    """Reads what others do with the orders of a plan while its preview is open; `changed` is called when it changed."""

    def __init__(
        self, screen: Screen[Given], session: Session, plan: Callable[[], Plan], changed: Callable[[], None]
    ) -> None:
        """`plan` returns the plan that is shown now."""
        self.found: tuple[str, ...] = ()
        """One sentence for each other person, window or batch."""
        self._screen = screen
        self._session = session
        self._plan = plan
        self._changed = changed
        self._ids: Sequence[int] = ()
        self._claim: HeldClaim | None = None
        self._looked: tuple[object, ...] = ()
        """What others had open, and the version of the store, when `found` was read."""
        self._is_paused = False
        self._is_reading = False
        """One reading at a time, however fast others change orders."""

    def hold(self, ids: Sequence[int]) -> None:
        """Let others know that a preview of these orders is open. `ids`: row numbers."""
        self._ids = ids
        self._claim = self._session.claims.hold(self._plan().action, ids)

    def release(self) -> None:
        """Let others know that it is closed."""
        if self._claim is not None:
            self._claim.release()

    def start(self) -> None:
        """Look now, and again and again while the screen is open."""
        self._look()
        call_every(self._screen, LOOK_SECONDS, self._look)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Look at nothing until an error is raised inside: the batch of one's own commit is no other's."""
        self._is_paused = True
        try:
            yield
        except BaseException:
            self._is_paused = False
            raise

    def _look(self) -> None:
        claims = self._session.claims
        claims.look()
        now = (claims.others, self._session.data_version(), self._plan())
        if now != self._looked and not (self._is_paused or self._is_reading):
            self._looked, self._is_reading = now, True
            self._screen.run_worker(work_shown(self._screen, self._read()), group="others")

    async def _read(self) -> None:
        try:
            found = await asyncio.to_thread(others_text, self._session, self._plan(), Marks(self._ids))
        finally:  # after an error what was read before stays, and the next change is read again
            self._is_reading = False
        if found != self.found and not self._is_paused:
            self.found = found
            self._changed()


def others_text(session: Session, plan: Plan, marked: Marks) -> tuple[str, ...]:
    """Return what others do at this moment with the orders that a plan was asked for, one sentence for each."""
    zone, now, found = session.orders.zone, session.clock.now(), []
    for claim, count in session.claims.shared(marked):
        facts = {"who": mask_control_characters(claim.login), "since": since_text(claim.since, now, zone)}
        if claim.login:
            form = ngettext(
                "{n:,} of these is in {who}'s open preview, since {since}",
                "{n:,} of these are in {who}'s open preview, since {since}",
                count,
                **facts,
            )
        else:
            form = ngettext(
                "{n:,} of these is in a preview of yours in another window, since {since}",
                "{n:,} of these are in a preview of yours in another window, since {since}",
                count,
                **facts,
            )
        found.append(form)
    rows = session.orders.rows([row.id for row in plan.rows]).values()
    taken = [row for row in rows if (act := row.open_action) is not None and holds_order(act.kind, act.state)]
    batches = Counter((one.batch, one.author) for one in session.orders.listed(taken).values() if one.batch)
    for (batch, author), count in sorted(batches.items()):
        who = mask_control_characters(author) or _("you")
        found.append(
            ngettext(
                "{n:,} of these is in batch {batch} of {who} by now: the preview must be made again",
                "{n:,} of these are in batch {batch} of {who} by now: the preview must be made again",
                count,
                batch=batch,
                who=who,
            )
        )
    return tuple(found)

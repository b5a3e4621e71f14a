"""Whose open preview an order is in. Claims are for people to see: versions and the journal alone decide."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import msgspec

from ordertui.orders.enums import Action
from ordertui.orders.people import Permission
from ordertui.store import StoreError
from ordertui.store.repositories.claims import CLAIM_SECONDS, Claim, ClaimLedger

from .context import SessionContext
from .marks import Marks

RENEW_SECONDS = CLAIM_SECONDS / 3
"""How often an open preview renews its claim: two renewals may be late before others miss it."""
CLOSE_SECONDS = 0.5
"""How long the end of a session waits for its claims to be released; what is not, ends by itself."""


class OthersClaim(msgspec.Struct, frozen=True):
    """A preview that somebody else has open, or this person in another window."""

    login: str
    """Whose it is; empty: this person's own, in another window."""
    action: Action
    since: int
    """Epoch seconds."""
    orders: Marks


class HeldClaim:
    """A claim of an open preview: taken, renewed and released by a thread, because the store may be slow or away."""

    def __init__(self, ledger: Callable[[], ClaimLedger], claim: Claim, orders: bytes) -> None:
        self._ledger = ledger
        self._claim = claim
        self._orders = orders
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._hold, name="claim", daemon=True)
        self._thread.start()

    @property
    def is_held(self) -> bool:
        """Whether it was not released yet, as far as this process knows."""
        return self._thread.is_alive()

    def release(self) -> None:
        """End the claim soon; twice is harmless."""
        self._is_over.set()

    def wait(self, seconds: float) -> None:
        """Wait until it was released."""
        self._thread.join(seconds)

    def _hold(self) -> None:
        self._try(lambda ledger: ledger.take(self._claim, self._orders))
        while not self._is_over.wait(RENEW_SECONDS):
            self._try(self._renew)
        self._try(lambda ledger: ledger.release(self._claim.id))

    def _renew(self, ledger: ClaimLedger) -> None:
        if not ledger.renew(self._claim.id):  # it could not be taken, or ended while the process was stopped
            ledger.take(self._claim, self._orders)

    def _try(self, step: Callable[[ClaimLedger], object]) -> None:
        with suppress(StoreError):  # locked, moved, out of reach: others see no claim, and nothing else is lost
            step(self._ledger())


class ClaimService:
    """Holds the claims of this session's previews, and knows those of others."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._held: list[HeldClaim] = []
        self._mine: set[str] = set()
        self._others: dict[str, OthersClaim] = {}

    def hold(self, action: Action, ids: Iterable[int]) -> HeldClaim | None:
        """Show others that a preview of these orders is open, until it is released; None where the role claims nothing.

        `ids`: row numbers.
        """
        context = self._context
        orders = Marks(ids)
        if not orders or context.refusal(Permission.COMMIT):
            return None
        operator = context.store.audit.operator
        claim = Claim(os.urandom(8).hex(), self._login, operator.host, action, context.clock.now())
        self._mine.add(claim.id)
        self._held = [one for one in self._held if one.is_held]
        held = HeldClaim(lambda: context.store.claims, claim, orders.packed())
        self._held.append(held)
        return held

    @property
    def _login(self) -> str:
        return self._context.person.name

    def look(self) -> None:
        """Read which previews others have open."""
        claims = self._context.reader().claims
        try:
            live = [one for one in claims.live() if one.id not in self._mine]
            new = [one.id for one in live if one.id not in self._others]
            orders = claims.orders(new) if new else {}
        except StoreError:
            return  # the next look tells
        before, found = self._others, dict[str, OthersClaim]()
        for one in live:
            known = before.get(one.id)
            if known is not None:
                found[one.id] = known
            elif one.id in orders:
                who = "" if one.login == self._login else one.login
                found[one.id] = OthersClaim(who, one.action, one.since, Marks.unpacked(orders[one.id]))
        self._others = found  # whole: a preview's thread may be going through the one before

    @property
    def others(self) -> Sequence[OthersClaim]:
        """What `look` found last, the oldest first."""
        return tuple(self._others.values())

    def of(self, row_id: int) -> OthersClaim | None:
        """Return the oldest preview of others that has an order; None: there is none."""
        return next((one for one in self._others.values() if row_id in one.orders), None)

    def shared(self, ids: Marks) -> list[tuple[OthersClaim, int]]:
        """Return others' previews that have some of these orders, with how many."""
        found = [(one, one.orders.common(ids)) for one in self._others.values()]
        return [(one, count) for one, count in found if count]

    def close(self) -> None:
        """Release what is held, and wait a moment for it."""
        for held in self._held:
            held.release()
        for held in self._held:
            held.wait(CLOSE_SECONDS)

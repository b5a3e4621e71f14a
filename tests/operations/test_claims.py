"""Claims of open previews: others see them, they end by themselves, and nothing but people goes by them."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.cli.main import cli
from ordertui.operations import claims as claims_module
from ordertui.operations.claims import ClaimService, HeldClaim
from ordertui.operations.marks import Marks
from ordertui.operations.session import Session
from ordertui.orders.clock import CLOCK_SLACK_SECONDS, FixedClock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.people import Role
from ordertui.store import StoreError
from ordertui.store.repositories.claims import CLAIM_SECONDS, Claim
from support.batches import commit, session_of
from support.logins import let_in, sees_anew, session_as
from support.places import on_both
from support.shops import NOW, order_id
from support.waiting import until

PEOPLE = ("ana", "ana", "ben")
"""Ana has two windows."""
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.integers(0, 2), st.sets(st.integers(1, 40), min_size=1, max_size=5)),
        st.tuples(st.sampled_from(["renew", "close"]), st.integers(0, 9), st.just(set[int]())),
        st.tuples(st.just("clock"), st.sampled_from([-4_000, -30, 1, 29, 30, 61, 4_000]), st.just(set[int]())),
    ),
    max_size=20,
)
"""A preview that is never closed is of a screen that crashed."""


@pytest.fixture(scope="module")
def windows() -> Iterator[tuple[list[Session], FixedClock]]:
    clock = FixedClock(NOW)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "orders.db"
        yield [stack.enter_context(session_as(name, path, clock, patch)) for name in PEOPLE], clock


@given(steps=STEPS)
@settings(max_examples=120, deadline=None)
def test_each_window_sees_what_the_others_have_open(
    windows: tuple[list[Session], FixedClock], steps: list[tuple[str, int, set[int]]]
) -> None:
    sessions, clock = windows
    clock.moment = NOW
    with sessions[0].context.store.write() as database:
        database.execute("DELETE FROM claims")
    services = [ClaimService(session.context) for session in sessions]
    model: dict[str, tuple[int, frozenset[int], int]] = {}
    made: list[str] = []

    def is_live(until: int) -> bool:
        return clock.now() < until <= clock.now() + CLAIM_SECONDS + CLOCK_SLACK_SECONDS

    for name, number, ids in steps:
        if name == "clock":
            clock.advance(number)
        elif name == "open":
            ident, ledger = str(len(made)), sessions[number].context.store.claims
            claim = Claim(ident, PEOPLE[number], "box", Action.CANCEL, clock.now())
            services[number]._mine.add(ident)
            ledger.take(claim, Marks(ids).packed())
            model = {one: rest for one, rest in model.items() if is_live(rest[2])}  # what ended is cleared away
            model[ident] = (number, frozenset(ids), clock.now() + CLAIM_SECONDS)
            made.append(ident)
        elif made:
            ident = made[number % len(made)]
            number = model[ident][0] if ident in model else 0
            if name == "close":
                sessions[number].context.store.claims.release(ident)
                model.pop(ident, None)
            elif sessions[number].context.store.claims.renew(ident):
                model[ident] = (*model[ident][:2], clock.now() + CLAIM_SECONDS)
        for me, service in enumerate(services):
            service.look()
            seen = sorted((one.login, tuple(one.orders.ids())) for one in service.others)
            assert seen == sorted(
                ("" if PEOPLE[whose] == PEOPLE[me] else PEOPLE[whose], tuple(sorted(ids)))
                for whose, ids, end in model.values()
                if whose != me and is_live(end)
            )
            for order in range(1, 41):
                assert (service.of(order) is not None) is any(order in one.orders for one in service.others)


def test_a_thread_never_meets_half_of_what_others_have_open(
    windows: tuple[list[Session], FixedClock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An open preview goes through them in a thread while the screen looks again."""
    sessions, clock = windows
    clock.moment = NOW
    with sessions[0].context.store.write() as database:
        database.execute("DELETE FROM claims")
    service, ledger = ClaimService(sessions[2].context), sessions[0].context.store.claims
    for number in range(3):
        ledger.take(Claim(f"half{number}", "ana", "box", Action.CANCEL, NOW - number), Marks([number + 1]).packed())
        met: list[tuple[str, ...]] = []

        def unpack(packed: bytes, met: list[tuple[str, ...]] = met) -> Marks:
            met.append(tuple(one.login for one in service.others))
            return Marks.unpacked(packed)

        monkeypatch.setattr(claims_module, "Marks", type("Marked", (), {"unpacked": staticmethod(unpack)}))
        service.look()
        assert met == [("ana",) * number]
        assert len(service.others) == number + 1


@on_both
def test_a_preview_is_seen_by_others_until_it_is_closed_or_its_screen_dies(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module, "RENEW_SECONDS", 0.005)
    clock = FixedClock(NOW)
    session_of(tmp_path, clock, waiting=6).close()
    with Session.open(_place(tmp_path), clock=clock) as owner:
        let_in(owner, ana=Role.AGENT, ben=Role.AGENT, vic=Role.VIEWER)
    path = tmp_path / "orders.db"
    ana, ben, vic = (session_as(name, path, clock, monkeypatch) for name in ("ana", "ben", "vic"))
    with ana, ben, vic:
        audit, version = len(ana.context.reader().audit.entries()), ben.data_version()
        held = ana.claims.hold(Action.CANCEL, [1, 2, 3])
        assert held is not None
        until(lambda: sees_anew(ben))
        (theirs,) = ben.claims.others
        assert (theirs.login, theirs.action, theirs.since, list(theirs.orders)) == (
            "ana",
            Action.CANCEL,
            NOW,
            [1, 2, 3],
        )
        assert ben.claims.shared(Marks([2, 3, 4])) == [(theirs, 2)]
        at = ["--as-of", iso_utc(NOW), "--store", str(_place(tmp_path))]
        listed = CliRunner().invoke(cli, [*at, "claims", "--format", "json"])
        assert [(one["person"], one["orders"], one["first"].split()) for one in json.loads(listed.stdout)] == [
            ("ana", 3, [order_id(1), order_id(2), order_id(3)])
        ]
        assert sees_anew(vic), "who may only look sees it too"
        assert not sees_anew(ana), "one's own preview is no other's"
        for _ in range(3):  # it is renewed while it is open, however long that is
            clock.advance(CLAIM_SECONDS - 1)
            until(lambda: _until(ben) == clock.now() + CLAIM_SECONDS)
            assert not sees_anew(ben)
        held.release()
        until(lambda: sees_anew(ben))
        assert ben.claims.others == ()
        # a screen that is killed says nothing any more
        dies = ben.claims.hold(Action.REFUND, [4])
        assert dies is not None
        until(lambda: sees_anew(ana))
        monkeypatch.setattr(HeldClaim, "_try", lambda *_: None)
        clock.advance(CLAIM_SECONDS + 1)
        assert sees_anew(ana)
        assert ana.claims.others == ()
        # no record in the audit, nothing for a screen to read again, and no claim decides anything
        assert (len(ana.context.reader().audit.entries()), ben.data_version()) == (audit, version)
        if engine == "postgresql":
            assert vic.claims.hold(Action.CANCEL, [1]) is None
        assert commit(ana, Action.CANCEL, 4)


def test_a_store_that_cannot_be_written_loses_no_more_than_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_of(tmp_path) as session, Session.open(tmp_path / "orders.db", clock=session.clock) as other:
        ledger, real, refused = session.context.store.claims, session.context.store.claims.take, list[int]()

        def refuse(claim: Claim, orders: bytes) -> None:
            refused.append(1)
            if len(refused) < 3:
                raise StoreError("locked")
            real(claim, orders)

        monkeypatch.setattr(ledger, "take", refuse)
        monkeypatch.setattr(claims_module, "RENEW_SECONDS", 0.002)
        held = session.claims.hold(Action.CANCEL, [1])
        assert held is not None
        until(lambda: sees_anew(other))  # it tried again
        session.close()
        assert sees_anew(other), "the end of the session released it"
        assert session.claims.hold(Action.CANCEL, []) is None


def _until(session: Session) -> int:
    return session.context.reader().database.required(int, "SELECT max(until) FROM claims")


def _place(folder: Path) -> Path | str:
    from support import places

    return places.place(folder / "orders.db")

"""Budgets of counting cancellations: read, used and left as a slow recount says, kept by plans and by what fits."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ordertui.operations.config import Config
from ordertui.operations.errors import NotConfirmed, PlanChanged
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.batch_state import COMMITTED, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.rules.policy.bundled import parse_toml
from ordertui.rules.policy.edition import load_edition
from ordertui.rules.policy.house_rules import Effect, read_house_policy
from ordertui.rules.policy.policy import PolicyError
from support.cli import Command
from support.profile import LONG
from support.shops import NOW, all_orders_row, bring, order_id, unshipped_row

ZONE = ZoneInfo("America/Los_Angeles")
SHOPS = 100 if LONG else 6


def open_shop(folder: Path, policy: str, clock: FixedClock | None = None) -> Session:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "house.toml"
    file.write_text(policy, encoding="utf-8")
    return Session.open(folder / "orders.db", clock=clock or FixedClock(NOW), config=Config(policy_file=str(file)))


def fill(session: Session, folder: Path, waiting: int = 8, shipped: int = 392, asked: int = 0) -> list[int]:
    """`waiting` orders to ship, the first `asked` of them requested, among so many that the target has room."""
    bring(
        session,
        folder,
        everything=[
            *(all_orders_row(n, age=HOUR) for n in range(1, waiting + 1)),
            *(all_orders_row(n, "Shipped", age=HOUR) for n in range(1000, 1000 + shipped)),
        ],
        open_=[unshipped_row(n, "true" if n <= asked else "false", age=HOUR) for n in range(1, waiting + 1)],
    )
    ids = session.orders.ids_of([order_id(n) for n in range(1, waiting + 1)])
    return [ids[order_id(n)] for n in range(1, waiting + 1)]


def plan(session: Session, ids: list[int]) -> Plan:
    (found,) = session.planner.plan(Action.CANCEL, ids)
    return found


def commit(session: Session, ids: list[int]) -> None:
    found = plan(session, ids)
    session.batches.commit(found, typed=None if found.typed_count is None else str(found.typed_count))


def used(session: Session) -> dict[str, tuple[int, int]]:
    """Used and left by span."""
    return {use.budget.span: (use.used, use.left) for use in session.rate.budgets.of("US")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[budget]\nday = -1\n", "budget: day is a whole number of counting cancellations from 0"),
        ('[budget]\nday = "5"\n', "not '5'"),
        ("[budget]\nday = true\n", "not True"),
        ("[budget]\nmonth = 5\n", "budget: unknown key 'month'"),
        ("[budget]\neffect = 'allow'\n", "budget: 'allow' is no effect"),
        ("[budget.US]\nweek = 1.5\n", "not 1.5"),
        ("[budget.US]\nUK = 3\n", "budget: unknown key 'UK'"),
        ("budget = 5\n", "budget is not a table"),
        ("[budget]\nUS = 5\n", "budget.US is not a table"),
    ],
)
def test_a_wrong_budget_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(PolicyError) as error:
        read_house_policy(text, "house.toml", load_edition("amazon"), now=NOW)
    assert said in str(error.value)
    assert "house.toml:" in str(error.value)
    assert parse_toml(text, "house.toml")


def test_a_marketplace_has_its_own_numbers_and_the_others_of_all() -> None:
    text = "[budget]\nday = 5\nweek = 20\neffect = 'deny'\n[budget.JP]\nday = 0\n"
    house = read_house_policy(text, "house.toml", load_edition("amazon"), now=NOW)
    found = {code: [(b.span, b.most, b.effect) for b in house.budgets_of(code)] for code in ("US", "JP")}
    assert found == {
        "US": [("day", 5, Effect.DENY), ("week", 20, Effect.DENY)],
        "JP": [("day", 0, Effect.DENY), ("week", 20, Effect.DENY)],
    }


def test_what_was_committed_within_a_budget_leaves_on_another_day(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with open_shop(tmp_path, "[budget]\nday = 1\neffect = 'deny'\n", clock) as session:
        first, second, *_ = fill(session, tmp_path)
        clock.advance(17 * HOUR + 50 * 60)
        commit(session, [first])
        assert used(session)["day"] == (1, 0), "five minutes to midnight"
        clock.advance(600)
        commit(session, [second])
        assert used(session)["day"] == (1, 0), "the place of the new day"
        clock.advance(600)
        (left,) = session.dispatcher.run()
        assert [(row.order_id, row.state) for row in left.rows] == [(order_id(1), RowState.WRITTEN)]


def test_deny_takes_out_what_counts_and_fit_keeps_within_it(tmp_path: Path) -> None:
    with open_shop(tmp_path, "[budget]\nday = 3\nweek = 4\neffect = 'deny'\n") as session:
        ids = fill(session, tmp_path, asked=2)
        found = plan(session, ids)
        assert [row.counts for row in found.rows] == [False, False], "what does not count is in no budget"
        assert {out.rule for out in found.out} == {"house budget-day"}
        assert "over the budget of 3 counting cancellations a day: 0 are committed today, 6 with" in found.out[0].why
        (fit,) = session.fitter.fit(ids, PlanChoices())
        assert len(fit.kept) == 2 + 3
        # Monday, Nov 23: one more this week, and four next week, three of them on its Monday
        assert [one.fits_by_order_date for one in fit.rest] == [
            date(2026, 11, 24),
            date(2026, 11, 30),
            date(2026, 11, 30),
        ]
        found = plan(session, list(fit.kept))
        assert [(use.budget.span, use.used, use.after, use.left) for use in found.budgets] == [
            ("day", 0, 3, 0),
            ("week", 0, 3, 1),
        ]
        stale = plan(session, ids[2:4])
        commit(session, list(fit.kept))
        assert used(session) == {"day": (3, 0), "week": (3, 1)}
        with pytest.raises(PlanChanged):
            session.batches.commit(stale, typed="2")


def test_warn_and_typed_confirmation_let_it_pass(tmp_path: Path) -> None:
    with open_shop(tmp_path / "w", "[budget]\nday = 1\n") as session:
        found = plan(session, fill(session, tmp_path)[:2])
        assert len(found.rows) == 2
        assert any(text.startswith("house rule budget-day: over the budget of 1 ") for text in found.warnings)
    with open_shop(tmp_path / "t", "[budget]\nday = 1\neffect = 'typed_confirmation'\n") as session:
        ids = fill(session, tmp_path)
        assert plan(session, ids[:1]).typed_count is None
        with pytest.raises(NotConfirmed):
            session.batches.commit(plan(session, ids[:2]))
        session.batches.commit(plan(session, ids[:2]), typed="2")


@pytest.mark.parametrize("seed", range(SHOPS))
def test_used_and_left_are_those_of_a_slow_recount(tmp_path: Path, seed: int) -> None:
    """Batches committed and taken back over two weeks: every order is counted by its row, its day and its week."""
    rng, clock = random.Random(seed), FixedClock(NOW)
    with open_shop(tmp_path, "[budget]\nday = 2\nweek = 5\n", clock) as session:
        ids = fill(session, tmp_path, waiting=10, asked=2)
        for _ in range(8):
            clock.advance(rng.choice([HOUR, 5 * HOUR, 20 * HOUR, DAY]))
            if rng.random() < 0.7:
                part = rng.sample(ids, rng.randint(1, 3))
                if plan(session, part).rows:
                    commit(session, part)
            else:
                held = [
                    row.order_id for batch in session.batches.find() for row in batch.rows if row.state in COMMITTED
                ]
                if held:
                    session.batches.recall_orders([rng.choice(held)])
            today = datetime.fromtimestamp(clock.now(), UTC).astimezone(ZONE).date()
            days, weeks = set(), set()
            for batch in session.batches.find():
                day = datetime.fromtimestamp(batch.created_at, UTC).astimezone(ZONE).date()
                for row in batch.rows:
                    if row.state in COMMITTED and int(row.order_id.rpartition("-")[2]) > 2:
                        days |= {row.order_id} if day == today else set()
                        weeks |= {row.order_id} if day.isocalendar()[:2] == today.isocalendar()[:2] else set()
            assert used(session) == {
                "day": (len(days), max(0, 2 - len(days))),
                "week": (len(weeks), max(0, 5 - len(weeks))),
            }


@pytest.mark.parametrize(
    ("today", "hours"), [("2026-03-08", (23, 167)), ("2026-11-01", (25, 169)), ("2026-11-02", (24, 168))]
)
def test_days_and_weeks_are_those_of_the_wall_clock(tmp_path: Path, today: str, hours: tuple[int, int]) -> None:
    """The day on which clocks are set, and its week from Monday to Sunday, have an hour less or more."""
    for hour in (0, 1, 3, 23):
        clock = FixedClock(int(datetime.fromisoformat(f"{today}T{hour:02}:30").replace(tzinfo=ZONE).timestamp()))
        with open_shop(tmp_path, "[budget]\nday = 1\nweek = 1\n", clock) as session:
            day, week = session.rate.budgets.of("US")
        assert tuple((use.end - use.start) // HOUR for use in (day, week)) == hours
        assert str(datetime.fromtimestamp(day.start, ZONE)).startswith(f"{today} 00:00")
        assert datetime.fromtimestamp(week.start, ZONE).weekday() == 0
        assert week.start <= day.start < day.end <= week.end


def test_the_command_line_shows_it(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring("US")
    (tmp_path / "house.toml").write_text("[budget]\nday = 3\nweek = 9\neffect = 'deny'\n", encoding="utf-8")
    (tmp_path / "config.toml").write_text(f'policy_file = "{tmp_path / "house.toml"}"\n', encoding="utf-8")
    config = {"ORDERTUI_CONFIG": str(tmp_path / "config.toml")}
    done = command.run("rate", "--budget", "--format", "tsv", **config)
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[5:] for row in rows] == [
        ["budget", "used", "left", "effect"], ["3", "0", "3", "deny"], ["9", "0", "9", "deny"],
    ]  # fmt: skip
    said = command.run("rate", "--outlook", **config).stderr
    assert "US: 0 of the budget of 3 used today, 3 left" in said
    assert "US: 0 of the budget of 9 used this week, 9 left" in said
    assert "no [budget]" in command.run("rate", "--budget").stderr

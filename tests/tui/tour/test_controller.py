"""The tour, done wholly with keys: each step waits for the deed, is never in the way, and never in a real store."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from ordertui.operations.config import Config
from ordertui.operations.demo import build_practice
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.order import OrderRow
from ordertui.tui.actions import ALL_COMMANDS
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.screens.dialogs import ConfirmScreen, FormScreen
from ordertui.tui.screens.outbox import OutboxScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.tour.controller import TourNote
from ordertui.tui.tour.steps import STEPS, Facts, Tour
from support.pilot import burst, main, press, running, said, settled, table, until
from support.shops import NOW


@pytest.fixture
def practice(tmp_path: Path, clock: FixedClock) -> Iterator[Session]:
    path = build_practice(tmp_path / "practice", orders=600, now=NOW)
    with Session.open(path, clock=clock, config=Config()) as found:
        yield found


def note(pilot: Pilot[None]) -> str:
    notes = list(pilot.app.screen.query(TourNote))
    assert len(notes) <= 1
    return str(notes[0].content) if notes else ""


async def at(pilot: Pilot[None], step: int) -> None:
    await until(pilot, lambda: f"Tour {step}/7" in note(pilot))
    await settled(pilot)


async def opened(pilot: Pilot[None], name: str) -> None:
    await until(pilot, lambda: type(pilot.app.screen).__name__ == name)
    await until(pilot, lambda: "Tour" in note(pilot))
    await settled(pilot)


def shown_keys(pilot: Pilot[None]) -> list[str]:
    """The keys that the tour names now, in their sequence, and `"text"` for what it says to type.

    Three of the same where it says three; what stands before `Here` is for a store of one's own.
    """
    content = next(iter(pilot.app.screen.query(TourNote))).content
    assert isinstance(content, Content)
    text = content.plain
    first = max(text.find("\n"), text.find("Here "))
    found: list[tuple[int, str]] = [
        (span.start, text[span.start : span.end])
        for span in content.spans
        if span.start > first and span.style == "bold $text-accent"
    ]
    found += [(match.start(), f'"{match[1]}"') for match in re.finditer(r"type ([^\s,]+)", text)]
    keys = [key for _, key in sorted(found)]
    return [key for key in keys for _ in range(3 if key == "space" and "mark three" in text else 1)]


def may_be_cancelled(pilot: Pilot[None], row: OrderRow) -> bool:
    return main(pilot).session.eligibility.allowed_action(row).startswith("cancel") and not row.open_action


OPENING = frozenset({"u", "x", "P", "o"})
"""Keys of the tour that open a dialog."""


async def do(pilot: Pilot[None], key: str) -> None:
    """Press a key as the tour writes it, or type a text; go on with a question by its own words."""
    names = {"Enter": "enter", "Esc": "escape", "/": "slash"}
    if key.startswith('"'):
        await press(pilot, *("colon" if char == ":" else char for char in key.strip('"')))
    elif key == "space":  # "that say can cancel"
        row = table(pilot).cursor_row
        while row is not None and not may_be_cancelled(pilot, row):
            await press(pilot, "j")
            row = table(pilot).cursor_row
        await press(pilot, "space")
    elif key == "j" and isinstance(pilot.app.screen, OutboxScreen):  # "j to a batch that is held"
        states = [batch.state.value for batch in main(pilot).session.batches.find()]
        await press(pilot, *["j"] * states.index("held"))
    else:
        await press(pilot, names.get(key, key))
    await settled(pilot)
    while isinstance(pilot.app.screen, FormScreen):
        asked = re.search(r"[Tt]ype (\d+)", " ".join(str(one.content) for one in pilot.app.screen.query(Static)))
        assert asked is not None, "it says which number"
        await press(pilot, *asked[1], "enter")
        await settled(pilot)


async def test_the_tour_is_walked_by_its_own_words(practice: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press what the note says and nothing else: each step is done, and the next one begins."""
    monkeypatch.setattr("ordertui.tui.tour.controller.CHECK_SECONDS", 0.02)
    async with running(practice, tour=True) as pilot:
        for step in range(1, len(STEPS) + 1):
            await at(pilot, step)
            done = list[str]()
            while f"Tour {step}/" in note(pilot):
                words, keys = note(pilot), shown_keys(pilot)
                for key in keys:
                    assert len(done) < 15, f"step {step} does not end after {done}: {words}"
                    screen = pilot.app.screen
                    await do(pilot, key)
                    done.append(key)
                    await pilot.pause(0.1)  # the tour looks again
                    waits = 20 if key in OPENING else 0  # what it opens may first be worked out
                    while waits and pilot.app.screen is screen and note(pilot) == words:
                        await pilot.pause(0.1)
                        waits -= 1
                    if note(pilot) != words:
                        break
        assert main(pilot).tour.tour is None
        assert practice.workspace.tour_seen()


async def test_a_tour_that_begins_again_takes_back_that_it_was_left(practice: Session) -> None:
    async with running(practice, toasts=True, tour=True) as pilot:
        await at(pilot, 1)
        await press(pilot, "escape")
        await until(pilot, lambda: "The tour was left" in said(pilot))
        await press(pilot, "t")
        await at(pilot, 1)
        assert said(pilot) == ""


@pytest.mark.long
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_all_steps_with_keys(practice: Session, size: tuple[int, int]) -> None:
    async with running(practice, size=size, tour=True) as pilot:
        await at(pilot, 1)
        assert "Esc leaves the tour" in note(pilot)
        view = table(pilot)
        assert view.region.bottom <= pilot.app.screen.query_one(TourNote).region.y, "below the table, not over it"
        await press(pilot, "2")
        await settled(pilot)
        free = [
            i
            for i, row in practice.orders.rows(view.ids).items()
            if practice.eligibility.allowed_action(row).startswith("cancel") and not row.open_action
        ]
        several = {row.marketplace: i for i, row in practice.orders.rows(free).items()}
        for row_id in list(several.values())[:3]:
            view.go_to(row_id)
            await press(pilot, "space")
        await at(pilot, 2)
        await press(pilot, "P")
        await opened(pilot, "RateScreen")
        assert "Tour 2/7" in note(pilot), "opened, not yet read"
        await press(pilot, "escape")
        await at(pilot, 3)
        await press(pilot, "1", "slash", *"status", "colon", *"shipped", "enter")
        await settled(pilot)
        await press(pilot, "enter")
        await opened(pilot, "OrderScreen")
        assert "Tour 3/7" in note(pilot)
        await press(pilot, "escape")
        await at(pilot, 4)
        await press(pilot, "escape")
        await settled(pilot)
        assert "Tour 4/7" in note(pilot), "Esc cleared the filter, and did not leave the tour"
        newest = practice.batches.find()[0].id
        await press(pilot, "x")
        await opened(pilot, "PreviewScreen")
        assert "y commits" in note(pilot)
        dialog = pilot.app.screen.query_one(".dialog")
        assert dialog.region.bottom <= pilot.app.screen.query_one(TourNote).region.y
        for _ in range(9):  # a plan for each marketplace; one that passes the target asks for its number
            screen = pilot.app.screen
            if isinstance(screen, PreviewScreen):
                await press(pilot, "y")
            elif isinstance(screen, FormScreen):
                await press(pilot, "1", "enter")
            await settled(pilot)
        await at(pilot, 5)
        assert practice.batches.find()[0].id > newest
        await press(pilot, "u")
        await opened(pilot, "ConfirmScreen")
        await press(pilot, "b")
        await at(pilot, 6)
        await press(pilot, "o")
        await opened(pilot, "OutboxScreen")
        held = [n for n, batch in enumerate(practice.batches.find()) if batch.state.value == "held"]
        await press(pilot, *["j"] * held[0], "r")
        await opened(pilot, "ConfirmScreen")
        await press(pilot, "w")
        await at(pilot, 7)
        await press(pilot, "escape", "i")
        await opened(pilot, "PickerScreen")
        assert "Order Reports" in note(pilot)
        await press(pilot, "escape")
        await until(pilot, lambda: not note(pilot) and main(pilot).tour.tour is None)
        assert practice.workspace.tour_seen()
        await press(pilot, "t")
        await at(pilot, 1)


async def test_it_can_be_left_at_any_time_and_keys_are_never_held(practice: Session) -> None:
    async with running(practice, size=(60, 15), tour=True) as pilot:
        await at(pilot, 1)
        await burst(pilot, ["j", "j", "space", "2", "question_mark", "escape", "o", "escape", "escape"])
        assert main(pilot).view.request.queue == "to_ship"
        assert table(pilot).marks.count == 1
        await until(pilot, lambda: not note(pilot))
        assert practice.workspace.tour_seen()
        await press(pilot, "colon", *"tour", "enter")
        await at(pilot, 1)


async def test_keys_type_ahead_cannot_commit_because_of_it(practice: Session) -> None:
    async with running(practice, tour=True) as pilot:
        await at(pilot, 1)
        before = len(practice.batches.find())
        await burst(pilot, ["2", "x", "y"])
        await settled(pilot)
        assert len(practice.batches.find()) == before


async def test_a_real_store_has_no_tour_but_an_offer(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.operations.config.practice_folder", lambda: tmp_path / "made-up")
    async with running(session) as pilot:
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "enter")
        assert pilot.app.screen is main(pilot)
        assert not note(pilot)
        real = main(pilot)
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await settled(pilot)
        await press(pilot, "p")
        await until(pilot, lambda: pilot.app.screen is not real and "Tour 1/7" in note(pilot))
        await settled(pilot)
        made_up = pilot.app.screen
        assert isinstance(made_up, MainScreen)
        assert made_up.session.is_practice
        assert made_up.session.directory == tmp_path / "made-up"
        await press(pilot, "2", "space")
        await settled(pilot)
        assert made_up.table.marks.count == 1
        assert not real.table.marks
        await press(pilot, "escape")
        await until(pilot, lambda: not note(pilot))
        assert made_up.session.workspace.tour_seen()
        assert not session.workspace.tour_seen()
    assert session.batches.find() == []


def test_the_tour_is_remembered_over_a_new_practice_store(tmp_path: Path) -> None:
    path = build_practice(tmp_path / "p", orders=100, now=NOW)
    with Session.open(path, clock=FixedClock(NOW), config=Config()) as found:
        assert not found.workspace.tour_seen()
        found.workspace.keep_tour_seen()
    build_practice(tmp_path / "p", orders=100, now=NOW)
    with Session.open(path, clock=FixedClock(NOW), config=Config()) as again:
        assert again.workspace.tour_seen()


def test_a_step_waits_for_its_deed() -> None:
    nothing = Facts("main", "all", 0, 3, 0, 2)
    tour = Tour(nothing)
    for facts in (nothing, Facts("main", "all", 5, 3, 0, 2), Facts("rate", "to_ship", 2, 3, 0, 2)):
        assert not tour.look(facts)
    assert tour.look(Facts("main", "to_ship", 3, 3, 0, 2))
    assert not tour.look(Facts("main", "to_ship", 3, 3, 0, 2)), "the rate was open in the step before, not in this one"
    assert tour.number == 2
    assert "●○○○○○" in tour.text().plain
    for screen, words in (
        ("main", "`P` shows it in full"),
        ("rate", "Bars against the target"),
        ("preview", "first Esc, back to the orders"),
        ("other", "`P` shows it in full"),
    ):
        tour.look(Facts(screen, "to_ship", 3, 3, 0, 2))
        said = tour.text().plain
        assert words.replace("`", "") in said, screen
        assert ("Esc leaves the tour" in said) == (screen == "main")
        assert ("Bars" in said) == (screen == "rate"), "what a step says of its screen is said on no other"
    assert all(len(step.text) <= 130 and len(step.inside) <= 130 for step in STEPS), (
        "two lines at 80 columns, three at 60"
    )


def named(step: int) -> set[str]:
    """The keys that a step names."""
    words = f"{STEPS[step - 1].text} {STEPS[step - 1].inside}".split("`")
    return {word for number, word in enumerate(words) if number % 2}


def test_every_step_names_the_keys_that_it_needs() -> None:
    assert {"2", "j", "k", "space"} <= named(1)
    assert {"P", "Esc"} <= named(2)
    assert {"1", "/", "Enter", "Esc"} <= named(3), "the step before leaves the table in another queue"
    assert {"Esc", "x", "y"} <= named(4)
    assert {"u", "b"} <= named(5)
    assert {"o", "j", "r", "w"} <= named(6)
    assert {"Esc", "i", "space", "Enter"} <= named(7)
    labels = {command.first_key for command in ALL_COMMANDS} | {command.key_text for command in ALL_COMMANDS}
    inside = {"b", "w", "y", "r", "ordertui", "2", "1"}
    assert set().union(*(named(step) for step in range(1, len(STEPS) + 1))) - inside <= {
        key for label in labels for key in label.split()
    }

"""The preview: orders excluded and included, reasons, the typed number, several marketplaces, and what is seen."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from ordertui.operations.errors import Stopped
from ordertui.operations.marks import Marks
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action, RefundReason
from ordertui.store.engine.errors import StoreLocked
from ordertui.tui.commands import output
from ordertui.tui.render.plan_rows import PlanRows
from ordertui.tui.screens import others_watch
from ordertui.tui.screens.base import DialogKeys
from ordertui.tui.screens.dialogs import ChoiceScreen, FormScreen, TextScreen
from ordertui.tui.screens.plan_head import PlanHead, PlanTitle
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.widgets.line_list import LineList
from support.batches import session_of
from support.logins import sees_anew
from support.pilot import (
    burst,
    commit_preview,
    fake_copy,
    main,
    press,
    preview,
    running,
    said,
    settled,
    table,
    to_ship,
    until,
)
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, unshipped_row


@pytest.fixture
def mugs(tmp_path: Path) -> Session:
    """Orders 1 to 5 with a MUG; 2 and 4 have a CUP too."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    lines = [(n, 1, "MUG") for n in range(1, 6)] + [(n, 2, "CUP") for n in (2, 4)]
    bring(
        session,
        tmp_path,
        everything=[all_orders_row(n, sku=sku) for n, _, sku in sorted(lines)],
        open_=[unshipped_row(n, sku=sku, order_item_id=item_id(n, line)) for n, line, sku in sorted(lines)],
    )
    return session


def effects(screen: PreviewScreen) -> str:
    """The head, as it is where there is room for all of it."""
    return "\n".join(line.plain for line in screen.query_one(PlanHead).lines(400, 100))


def lines(screen: PreviewScreen) -> list[str]:
    rows = PlanRows(screen.plan, screen._known, screen._options.hidden)
    return [rows.draw(entry, 200).plain for entry in screen.entries]


def at(screen: PreviewScreen) -> str:
    return lines(screen)[screen.query_one(LineList).cursor] if screen.entries else ""


def keys(screen: PreviewScreen) -> str:
    return screen.query_one(DialogKeys).render().plain


def reason_of(screen: PreviewScreen, order: str) -> str:
    return next(row.reason for row in screen.plan.rows if row.order_id == order)


def ins(screen: PreviewScreen) -> set[str]:
    return {row.order_id for row in screen.plan.rows}


async def go_to(pilot: Pilot[None], screen: PreviewScreen, order: str) -> None:
    place = next(n for n, line in enumerate(lines(screen)) if order in line)
    await press(pilot, "g", *["j"] * place)
    await until(pilot, lambda: order in at(screen))


async def letter_until(pilot: Pilot[None], letter: str, choice: str) -> None:
    """Press a letter until a choice is highlighted, at most as often as there are choices."""
    options = pilot.app.screen.query_one(OptionList)
    for _ in range(options.option_count):
        await press(pilot, letter)
        if options.get_option_at_index(options.highlighted or 0).id == choice:
            return
    raise AssertionError(f"{letter} never reaches {choice}")


async def opened(pilot: Pilot[None]) -> PreviewScreen:
    await press(pilot, "2")
    await until(pilot, lambda: len(table(pilot).ids) == 5)
    await press(pilot, "a")
    return await preview(pilot)


async def test_orders_with_other_items_are_flagged_and_o_excludes_them(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        assert "2 of 5 orders hold several SKUs: all of them are cancelled" in effects(screen)
        flagged = [line for line in lines(screen) if "MUG + CUP   ! other items" in line]
        assert [order_id(n) in " ".join(flagged) for n in range(1, 6)] == [False, True, False, True, False]
        assert "o only this SKU" in keys(screen)
        await go_to(pilot, screen, order_id(2))
        before = screen.plan.money
        await press(pilot, "o")
        await until(pilot, lambda: ins(screen) == {order_id(n) for n in (1, 3, 5)})
        assert order_id(2) in at(screen), "the cursor stays"
        assert at(screen).endswith("excluded: holds more than MUG")
        assert screen.plan.money != before
        assert "o all SKUs" in keys(screen)
        await press(pilot, "o")
        await until(pilot, lambda: len(ins(screen)) == 5)
        assert screen.plan.money == before


async def test_orders_are_listed_as_the_table_lists_them(mugs: Session) -> None:
    """They were listed by row number, which was the reverse of the table's usual sequence."""
    async with running(mugs) as pilot:
        sequences = set()
        for _ in range(2):
            main(pilot).view.sort_by("order")  # and again: the other way
            await settled(pilot)
            table(pilot).marks.add(table(pilot).ids)
            shown = await preview(pilot)
            sequences.add(tuple(row.id for row in shown.plan.rows))
            assert sequences >= {tuple(table(pilot).ids)}
            await press(pilot, "escape")
        assert len(sequences) == 2


async def test_o_asks_for_the_sku_under_the_cursor(tmp_path: Path) -> None:
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    skus = {1: ("MUG",), 2: ("CUP",), 3: ("CUP", "PEN")}
    rows = [(n, line, sku) for n, held in skus.items() for line, sku in enumerate(held, start=1)]
    bring(
        session, tmp_path,
        everything=[all_orders_row(n, sku=sku) for n, _, sku in rows],
        open_=[unshipped_row(n, sku=sku, order_item_id=item_id(n, line)) for n, line, sku in rows],
    )  # fmt: skip
    async with running(session) as pilot:
        await press(pilot, "2", "a")
        screen = await preview(pilot)
        await go_to(pilot, screen, order_id(2))
        await press(pilot, "o")
        await until(pilot, lambda: ins(screen) == {order_id(2)})
        await press(pilot, "o")
        await until(pilot, lambda: len(ins(screen)) == 3)


async def test_space_excludes_a_row_and_includes_it_again(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(3))
        before = screen.plan
        await press(pilot, "space")
        await until(pilot, lambda: ins(screen) == {order_id(n) for n in (1, 2, 4, 5)})
        assert order_id(3) in at(screen), "the cursor stays, so that the same key takes it back"
        assert at(screen).startswith("✗")
        assert at(screen).endswith("excluded: by you")
        assert screen.plan.rates[0].after.cancelled == before.rates[0].after.cancelled - 1
        assert sum(row.total or 0 for row in screen.plan.rows) == screen.plan.money[-1].minor
        assert screen.query_one(PlanTitle).render().plain.startswith("Cancel 4 of 5 orders · Amazon.com")
        assert mugs.batches.find() == []
        await press(pilot, "space")
        await until(pilot, lambda: ins(screen) == ins_of(before))
        assert (screen.plan.rates, screen.plan.money) == (before.rates, before.money)


def ins_of(plan: Plan) -> set[str]:
    return {row.order_id for row in plan.rows}


async def test_what_is_excluded_stays_marked(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(3))
        await press(pilot, "space")
        await until(pilot, lambda: len(ins(screen)) == 4)
        await commit_preview(pilot, asked=True)
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        marked = mugs.orders.rows(table(pilot).marks.ids())
        assert [row.order_id for row in marked.values()] == [order_id(3)]


async def test_what_the_rules_exclude_cannot_be_included(tmp_path: Path) -> None:
    session = session_of(tmp_path / "shop", waiting=1, shipped=2)
    async with running(session, toasts=True) as pilot:
        await press(pilot, "a")
        screen = await preview(pilot)
        await go_to(pilot, screen, order_id(11))
        await press(pilot, "space")
        await until(pilot, lambda: "it cannot be included" in said(pilot))
        assert len(ins(screen)) == 1


async def test_what_was_left_out_is_not_committed(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(4))
        await press(pilot, "space")
        await until(pilot, lambda: order_id(4) not in ins(screen))
        await commit_preview(pilot, asked=True)
        await until(pilot, lambda: bool(mugs.batches.find()))
        assert order_id(4) not in {row.order_id for row in mugs.batches.find()[0].rows}


async def test_f_keeps_what_fits_and_undoes_it(mugs: Session) -> None:
    """Of five orders none may count: the rate of five orders is over with the first."""
    async with running(mugs, toasts=True) as pilot:
        screen = await opened(pilot)
        assert "f keep what fits" in keys(screen)
        await press(pilot, "f")
        await until(pilot, lambda: ins(screen) == set())
        assert len(lines(screen)) == 5
        assert all("excluded: fits Nov 29 by order date" in line for line in lines(screen))
        assert "f all" in keys(screen)
        await press(pilot, "F")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        form = pilot.app.screen
        await press(pilot, "x", "enter")
        await until(pilot, lambda: "'x' is not a whole number" in str(form.query_one("#form-error", Static).content))
        await press(pilot, "2", "enter")
        await until(pilot, lambda: len(ins(screen)) == 2)
        assert screen.plan.rates[0].after.cancelled == 2
        assert [line[:1] for line in lines(screen)] == ["✓", "✓", "✗", "✗", "✗"], "what is left is seen first"
        await press(pilot, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert "3 orders excluded by you" in str(pilot.app.screen.query_one(".dialog-body Static", Static).content)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await press(pilot, "f")
        await until(pilot, lambda: len(ins(screen)) == 5)


async def test_what_space_excluded_stays_so_when_f_weighs(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(3))
        await press(pilot, "space")
        await until(pilot, lambda: len(ins(screen)) == 4)
        await press(pilot, "F")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await press(pilot, "9", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await settled(pilot)
        assert ins(screen) == {order_id(n) for n in (1, 2, 4, 5)}


async def test_e_changes_one_order_and_begins_at_its_reason(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(3))
        for key, reason in (("s", "ShippingAddressUndeliverable"), ("c", "CustomerExchange")):
            current = reason_of(screen, order_id(3))
            await press(pilot, "e")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
            choices = pilot.app.screen.query_one(OptionList)
            assert choices.highlighted is not None
            assert choices.get_option_at_index(choices.highlighted).id == current
            await letter_until(pilot, key, reason)
            await press(pilot, "enter")
            await until(pilot, lambda: pilot.app.screen is screen)
            await until(pilot, lambda reason=reason: reason_of(screen, order_id(3)) == reason)  # type: ignore[misc]
            assert [row.order_id for row in screen.plan.rows if row.reason == reason] == [order_id(3)]
            assert order_id(3) in at(screen)
            assert "several reasons" in screen.query_one(PlanTitle).render().plain


async def test_e_for_all_changes_every_included_order(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(4))
        await press(pilot, "E")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "s", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: {row.reason for row in screen.plan.rows} == {"ShippingAddressUndeliverable"})
        assert order_id(4) in at(screen)
        assert "ShippingAddressUndeliverable" in screen.query_one(PlanTitle).render().plain


async def test_a_wrong_number_keeps_the_question_open_and_says_what_was_wrong(mugs: Session) -> None:
    async with running(mugs) as pilot:
        await opened(pilot)
        await press(pilot, "y")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        form = pilot.app.screen
        note = " ".join(str(one.content) for one in form.query(Static))
        assert "Asked because the 7-day rate is 5 of 5 (100.00 %) after it, not under 2.5 %." in note
        for typed, wrong in (("6", "6 was typed"), ("x", "x was typed")):
            await press(pilot, typed, "enter")
            assert pilot.app.screen is form
            await until(pilot, lambda wrong=wrong: wrong in str(form.query_one("#form-error", Static).content))  # type: ignore[misc]
            assert mugs.batches.find() == []
        await press(pilot, "5")
        await until(pilot, lambda: str(form.query_one("#form-error", Static).content) == "")
        await press(pilot, "enter")
        await until(pilot, lambda: bool(mugs.batches.find()))


async def test_a_second_y_does_not_reach_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(tmp_path / "shop", waiting=2, shipped=200)
    copied = fake_copy(monkeypatch, output)
    async with running(session) as pilot:
        await press(pilot, "2")
        await until(pilot, lambda: len(table(pilot).ids) == 2)
        screen = await preview(pilot)
        assert screen.plan.typed_count is None
        await burst(pilot, ["y", "y", "y"])
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        await settled(pilot)
        assert len(session.batches.find()) == 1
        assert copied == []
        await press(pilot, "y")
        await until(pilot, lambda: len(copied) == 1)


async def test_the_number_is_asked_only_when_the_plan_makes_the_rate_worse(tmp_path: Path) -> None:
    """A rate over its target does not grow by orders whose buyers asked."""
    session = session_of(tmp_path / "shop", waiting=4)
    asked = [unshipped_row(n, "true") for n in (3, 4)]
    bring(session, tmp_path, open_=[*(unshipped_row(n) for n in (1, 2)), *asked])
    ids = {row.order_id: row.id for row in session.orders.rows(session.orders.find("")).values()}
    over = session.planner.plan(Action.CANCEL, [ids[order_id(1)], ids[order_id(2)]])[0]
    session.batches.commit(over, typed=str(over.typed_count))
    free = session.planner.plan(Action.CANCEL, [ids[order_id(3)], ids[order_id(4)]])[0]
    assert free.rates[0].before.status == "over"
    assert [row.counts for row in free.rows] == [False, False]
    assert (free.typed_count, free.typed_why) == (None, ())
    session.batches.commit(free, typed=None)


async def test_enter_shows_the_order_and_i_the_files(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(2))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        assert order_id(2) in str(pilot.app.screen.query_one(".dialog-title", Static).content)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert order_id(2) in at(screen)
        await press(pilot, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        shown = str(pilot.app.screen.query_one(".dialog-body Static", Static).content)
        assert all(file.sha256 in shown and file.name in shown for file in screen.plan.files)
        assert "sha256" not in effects(screen)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await press(pilot, "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        listed = str(pilot.app.screen.query_one(".dialog-body Static", Static).content)
        assert "Keep as many orders as stay under the rate's target; again: all of them" in listed


@pytest.fixture
def two_markets(tmp_path: Path) -> Session:
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    markets = {1: "US", 2: "US", 3: "CA", 4: "UK"}
    bring(
        session, tmp_path,
        everything=[all_orders_row(n, market=code) for n, code in markets.items()],
        open_=[unshipped_row(n, market=code) for n, code in markets.items()],
    )  # fmt: skip
    return session


async def test_a_marketplace_where_nothing_can_be_done_comes_last(two_markets: Session, tmp_path: Path) -> None:
    shipped = [all_orders_row(3, "Shipped", market="CA", updated=NOW - 60)]
    bring(two_markets, tmp_path, everything=shipped)
    async with running(two_markets) as pilot:
        await press(pilot, "a")
        screen = await preview(pilot)
        assert screen.query_one(PlanTitle).render().plain.endswith("UK 1 ◂ · US 2 · CA 0")


async def test_n_skips_a_marketplace_and_esc_ends_the_walk(two_markets: Session) -> None:
    session = two_markets
    async with running(session, toasts=True) as pilot:
        await press(pilot, "a")
        screen = await preview(pilot)
        assert screen.query_one(PlanTitle).render().plain.endswith("CA 1 ◂ · UK 1 · US 2")
        assert "n skip CA" in keys(screen)
        await press(pilot, "n")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen) and pilot.app.screen is not screen)
        second = pilot.app.screen
        assert isinstance(second, PreviewScreen)
        assert second.query_one(PlanTitle).render().plain.endswith("CA 1 – · UK 1 ◂ · US 2")
        await commit_preview(pilot, asked=True)
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen) and pilot.app.screen is not second)
        third = pilot.app.screen
        assert isinstance(third, PreviewScreen)
        assert third.query_one(PlanTitle).render().plain.endswith("CA 1 – · UK 1 ✓ · US 2 ◂")
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        await until(pilot, lambda: "closed: US not committed" in said(pilot))
        assert [batch.marketplace for batch in session.batches.find()] == ["UK"]
        marked = session.orders.rows(table(pilot).marks.ids()).values()
        assert sorted(row.marketplace for row in marked) == ["CA", "US", "US"]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_rate_total_and_orders_are_seen_at_every_size(mugs: Session, size: tuple[int, int]) -> None:
    async with running(mugs, size) as pilot:
        screen = await opened(pilot)
        await pilot.pause()
        head, body = screen.query_one(PlanHead), screen.query_one(LineList)
        drawn = head.render().plain
        assert "Rate 7 days" in drawn
        assert "Total" in drawn
        assert body.region.y == head.region.bottom, "no empty lines between"
        assert body.size.height >= 4
        shown = screen.query_one(DialogKeys)
        assert body.region.bottom == shown.region.y, "nor before the keys"
        for key in ("y commit 5", "space exclude", "o only this SKU", "e reason", "Esc close"):
            assert key in keys(screen).replace("\n", "|"), "a key and its word stay on one line"


async def test_marks_that_the_filter_hides_are_named(mugs: Session) -> None:
    async with running(mugs) as pilot:
        await press(pilot, "2")
        await until(pilot, lambda: len(table(pilot).ids) == 5)
        await press(pilot, "a", "slash", *"sku:CUP", "enter")
        await until(pilot, lambda: len(table(pilot).ids) == 2)
        screen = await preview(pilot)
        assert "3 of 5 are not shown on the main screen" in effects(screen)
        unseen = {line[2:21] for line in lines(screen) if "not shown" in line}
        assert unseen == {order_id(n) for n in (1, 3, 5)}
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))


async def test_without_marks_nothing_is_hidden(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        screen = await preview(pilot)
        assert "not shown" not in effects(screen)


async def test_a_refund_asks_for_its_reason_first(tmp_path: Path) -> None:
    session = session_of(tmp_path / "shop", waiting=1, shipped=2)
    async with running(session) as pilot:
        await press(pilot, "slash", *"status:shipped", "enter")
        await until(pilot, lambda: len(table(pilot).ids) == 2)
        await press(pilot, "a", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        choices = pilot.app.screen.query_one(OptionList)
        assert [choices.get_option_at_index(n).id for n in range(choices.option_count)] == list(RefundReason)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        assert session.batches.find() == [], "no reason, no preview"
        await press(pilot, "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert pilot.app.screen.query_one(OptionList).highlighted is None, "a reason is chosen, never the default"
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ChoiceScreen)
        await press(pilot, "j", "j", "j")
        screen = await preview(pilot, "enter")
        assert {row.reason for row in screen.plan.rows} == {"GeneralAdjustment"}
        await go_to(pilot, screen, order_id(11))
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await letter_until(pilot, "c", "CustomerReturn")
        await press(pilot, "enter")
        await until(pilot, lambda: {row.reason for row in screen.plan.rows} == {"GeneralAdjustment", "CustomerReturn"})
        assert order_id(11) in at(screen)


async def test_o_brings_back_only_what_it_excluded_itself(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(1))
        await press(pilot, "o")
        await until(pilot, lambda: ins(screen) == {order_id(n) for n in (1, 3, 5)})
        await go_to(pilot, screen, order_id(2))
        await press(pilot, "space")
        await until(pilot, lambda: order_id(2) in ins(screen))
        await press(pilot, "space")
        await until(pilot, lambda: order_id(2) not in ins(screen))
        assert "excluded: by you" in at(screen)
        await press(pilot, "o")
        await until(pilot, lambda: order_id(4) in ins(screen))
        assert order_id(2) not in ins(screen), "the operator excluded it by hand after o did"


@pytest.mark.parametrize(("key", "hint"), [("o", "o only this SKU"), ("f", "f keep what fits")])
async def test_a_plan_that_was_stopped_excluded_nothing(
    mugs: Session, monkeypatch: pytest.MonkeyPatch, key: str, hint: str
) -> None:
    async with running(mugs, toasts=True) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(1))

        def stop(*_: object, **__: object) -> tuple[Plan, ...]:
            raise Stopped("stopped; nothing was done")

        with monkeypatch.context() as patched:
            patched.setattr(type(mugs.planner), "plan", stop)
            await press(pilot, key)
            await until(pilot, lambda: "stopped" in said(pilot))
            await settled(pilot)
        await press(pilot, "home")
        await press(pilot, "space")
        await until(pilot, lambda: len(ins(screen)) == 4)
        assert hint in keys(screen), "nothing is excluded by it, so there is nothing to bring back"


async def test_others_are_looked_at_again_after_a_commit_that_failed(
    mugs: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> object:
        raise StoreLocked("the store is busy")

    monkeypatch.setattr(others_watch, "LOOK_SECONDS", 0.01)
    with open_session(tmp_path / "shop") as other:
        async with running(mugs, toasts=True) as pilot:
            screen = await opened(pilot)
            with monkeypatch.context() as patched:
                patched.setattr(type(mugs.batches), "commit", fail)
                await commit_preview(pilot, asked=True)
                await until(pilot, lambda: "the store is busy" in said(pilot))
            other.claims.hold(Action.CANCEL, [mugs.orders.id_of(order_id(1)) or 0])
            await until(pilot, lambda: "1 of these is in a preview of yours in another window" in effects(screen))


def look_first(session: Session) -> None:
    """Look as a preview does until there is something new; the main screen gets no turn in between."""
    while not sees_anew(session):
        time.sleep(0.001)


async def test_what_an_open_preview_saw_first_is_shown_on_the_main_screen_too(mugs: Session, tmp_path: Path) -> None:
    with open_session(tmp_path / "shop") as other:
        async with running(mugs) as pilot:
            await until(pilot, lambda: "can cancel" in table(pilot).render_line(1).text)
            other.claims.hold(Action.CANCEL, list(table(pilot).ids))
            look_first(mugs)
            await until(pilot, lambda: "@you" in table(pilot).render_line(1).text)


async def test_others_are_read_once_at_a_time(mugs: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However fast they change orders: a plan may be large, and a thread that reads cannot be stopped."""
    real, running_now, most = others_watch.others_text, 0, 0

    def slow(session: Session, plan: Plan, marked: Marks) -> tuple[str, ...]:
        nonlocal running_now, most
        running_now += 1
        most = max(most, running_now)
        time.sleep(0.05)
        running_now -= 1
        return real(session, plan, marked)

    monkeypatch.setattr(others_watch, "others_text", slow)
    monkeypatch.setattr(others_watch, "LOOK_SECONDS", 0.005)
    with open_session(tmp_path / "shop") as other:
        row = other.orders.id_of(order_id(1)) or 0
        async with running(mugs) as pilot:
            screen = await opened(pilot)
            for number in range(10):
                other.facts.set_note([row], f"note {number}")
                await asyncio.sleep(0.01)
            other.claims.hold(Action.CANCEL, [row])
            await until(pilot, lambda: "in a preview of yours in another window" in effects(screen))
    assert most == 1


async def test_what_others_do_that_cannot_be_read_is_said_and_the_preview_stays(
    mugs: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Session, _plan: Plan, _marked: Marks) -> tuple[str, ...]:
        raise OverflowError

    monkeypatch.setattr(others_watch, "others_text", fail)
    async with running(mugs, toasts=True) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: "a number is too large" in said(pilot))
        assert pilot.app.screen is screen

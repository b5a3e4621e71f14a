"""Colour rules of the settings, and the filter field `reason`: what they say of an order, and what they may cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.config import MOST_COLOUR_RULES, ColourRule, Config, load_config
from ordertui.operations.errors import BadInput
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from support.batches import answer, commit, send
from support.shops import NOW, all_orders_row, bring, order_id, unshipped_row
from support.statements import noted

RULES = (
    ColourRule("sku:A*", colour="red"),
    ColourRule("ship-by<12h", colour="orange", style="bold"),
    ColourRule("reason:18028", style="italic"),
)


def colours(session: Session) -> dict[str, str]:
    """The colour or style of each order that has one, by the last digits of its id."""
    rows = session.orders.rows(session.orders.find())
    rules = {row.order_id: session.colours.rule_of(row) for row in rows.values()}
    return {one: rule.colour or rule.style for one, rule in rules.items() if rule is not None}


def open_with(folder: Path, clock: FixedClock, rules: tuple[ColourRule, ...]) -> Session:
    return Session.open(folder / "orders.db", clock=clock, config=Config(colours=rules))


def test_the_first_rule_that_fits_colours_an_order_and_time_moves_on(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with open_with(tmp_path, clock, RULES) as session:
        skus = {1: "A-1", 2: "B-2", 3: "B-3"}
        bring(
            session,
            tmp_path,
            everything=[all_orders_row(n, sku=sku) for n, sku in skus.items()],
            open_=[unshipped_row(n, sku=sku) for n, sku in skus.items()],
        )
        assert colours(session) == {order_id(1): "red"}
        batch = send(session, Action.CANCEL, 2)
        assert colours(session) == {order_id(1): "red"}, "a reason was given, and nothing refused"
        session.results.take_in([answer(session, tmp_path, batch, {1})])
        assert colours(session) == {order_id(1): "red", order_id(2): "italic"}
        (row,) = session.orders.rows(session.orders.ids_of([order_id(3)]).values()).values()
        assert row.ship_by is not None
        clock.moment = row.ship_by - 11 * HOUR
        assert colours(session)[order_id(3)] == "orange", "no row changed, only the time"


def test_lines_of_a_page_are_read_at_once_and_only_when_a_rule_asks(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    with open_with(tmp_path, clock, RULES[1:]) as session:
        bring(session, tmp_path, everything=[all_orders_row(n, sku=f"A-{n}") for n in range(30)])
        rows = session.orders.rows(session.orders.find())
        session.colours.rule_of(next(iter(rows.values())))  # the rules are read with the first
        with noted(session.context.reader()) as notes:
            session.colours.prefetch(rows.values())
            assert [session.colours.rule_of(row) for row in rows.values()] == [None] * 30
            assert notes.statements == []
    with open_with(tmp_path, clock, RULES) as session:
        session.colours.rule_of(next(iter(rows.values())))
        with noted(session.context.reader()) as notes:
            session.colours.prefetch(rows.values())
            assert all(session.colours.rule_of(row) == RULES[0] for row in rows.values())
            assert len(notes.statements) <= 3, "as many for a page as for one order"


def test_a_reason_is_found_as_given_and_as_answered(tmp_path: Path) -> None:
    with open_with(tmp_path, FixedClock(NOW), ()) as session:
        bring(
            session,
            tmp_path,
            everything=[all_orders_row(n) for n in (1, 2, 3)],
            open_=[unshipped_row(n) for n in (1, 2, 3)],
        )

        def found(text: str) -> list[str]:
            rows = session.orders.rows(session.orders.find(text, "order_id"))
            return sorted(row.order_id for row in rows.values())

        batch = send(session, Action.CANCEL, 1, 2)
        session.results.take_in([answer(session, tmp_path, batch, {2})])
        undone = commit(session, Action.CANCEL, 3)
        assert found("reason:noinventory") == [order_id(1), order_id(2), order_id(3)]
        assert found("reason:18028") == [order_id(2)]
        assert found("-reason:18028") == [order_id(1), order_id(3)]
        session.batches.recall(undone)
        assert found("reason:noinventory") == [order_id(1), order_id(2)], "an undone batch gave no reason"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[colours]]\ncolour = "red"', "rule 1 under [[colours]] needs a filter"),
        ('[[colours]]\nfilter = "late"', "rule 1 under [[colours]] needs a colour or a style"),
        ('[[colours]]\nfilter = "late"\ncolour = "pink"', "pink"),
        ('[[colours]]\nfilter = "late"\ncolour = "red"\n[[colours]]\nfilter = "statu:x"\nstyle = "bold"', "rule 2"),
        ('[[colours]]\nfilter = "marked"\ncolour = "red"', "only for filters, not for rules"),
        ('[[colours]]\nfilter = "late"\nstyle = "bold"\n' * (MOST_COLOUR_RULES + 1), "at most 40"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=r"config\.toml") as error:
        load_config(path)
    assert said in str(error.value)

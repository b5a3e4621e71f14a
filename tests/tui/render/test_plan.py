"""What the preview says of a plan, and that nothing is lost where there is little room."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.content import Content

from ordertui import messages
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import ExcludedOrder, Plan, PlanLine, PlannedOrder
from ordertui.operations.session import Session
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.marketplace import MARKETPLACES, PriceTax, price_tax
from ordertui.orders.order import LineAmounts
from ordertui.tui.render.plan import MarketplaceStep, PlanLook, count_text, render_details, render_head, render_title
from ordertui.tui.render.plan_rows import ExclusionGroup, PlanRows, list_entries
from support.shops import all_orders_row, bring, item_id, open_session, order_id, standard, unshipped_row

WIDTHS = (60, 80, 120)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return open_session(tmp_path / "shop")


def cancel(session: Session, tmp_path: Path, count: int | None = None) -> Plan:
    return session.planner.plan(Action.CANCEL, standard(session, tmp_path)[:count])[0]


def text(lines: list[Content]) -> str:
    return "\n".join(line.plain for line in lines)


def test_an_excluded_order_names_the_nearest_row_that_allows_it(session: Session, tmp_path: Path) -> None:
    standard(session, tmp_path)
    (shipped,) = session.orders.find(order_id(1001))
    plan = session.planner.plan(Action.CANCEL, [shipped])[0]
    (entry,) = list_entries(plan, [shipped])
    line = PlanRows(plan, {}, frozenset()).draw(entry, 200).plain
    assert line.startswith(f"✗ {order_id(1001)}  excluded: ")
    assert "A5 would need status unshipped" in line


@pytest.mark.parametrize(
    ("language", "words"), [(messages.ENGLISH, " first (key d) ("), (messages.CHINESE, "（按键 d）")]
)
def test_why_an_order_is_excluded_ends_with_its_key(
    session: Session, tmp_path: Path, language: str, words: str
) -> None:
    """The command that does the same stood behind it, and what did not fit was cut off at `(key …`."""
    ids = standard(session, tmp_path)[:1]
    plan = session.planner.plan(Action.CONFIRM, ids)[0]
    used = messages.current_language()
    try:
        messages.use(language)
        (entry,) = list_entries(plan, ids)
        line = PlanRows(plan, {}, frozenset()).draw(entry, 200).plain
    finally:
        messages.use(used)
    assert words in line
    assert "ordertui" not in line


def test_details_tell_which_file_goes_where(session: Session, tmp_path: Path) -> None:
    """With dispatch by the API the XML leaves: who is told to upload the text file as well pays twice."""
    look = PlanLook(cancel(session, tmp_path, 2), 2)
    upload, feed = look.plan.files
    assert (upload.upload, feed.upload) == (True, False)
    assert (upload.name.endswith(".txt"), feed.name.endswith(".xml")) == (True, True)
    by_hand, by_api = render_details(look).plain, render_details(look, by_api=True).plain
    assert "Held 15 min before anything is written" in by_hand
    assert "Held 15 min before anything goes to Amazon" in by_api
    assert f"{upload.name}  (to upload, " in by_hand
    assert f"{feed.name}  (the same for the API; do not upload, " in by_hand
    assert f"{feed.name}  (goes to Amazon by the API, " in by_api
    assert f"{upload.name}  (the same as a file; do not upload, " in by_api
    assert "to upload" not in by_api
    for file in look.plan.files:
        assert f"sha256 {file.sha256}" in by_hand
        assert f"sha256 {file.sha256}" in by_api


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("height", [2, 3, 5, 20])
def test_the_head_keeps_rate_and_total_first(session: Session, tmp_path: Path, width: int, height: int) -> None:
    plan = cancel(session, tmp_path)
    lines = render_head(PlanLook(plan, len(plan.rows)), width, height)
    assert len(lines) <= height
    assert all(line.cell_length <= width for line in lines)
    said = text(lines)
    assert " → " in lines[0].plain
    assert lines[0].plain.startswith(" Rate 7 days")
    if height >= 3 + (width == 60):
        assert "USD 64.80" in said
    if height == 20:
        assert all(warning.split(":")[0][:30] in said.replace("\n  ", "") for warning in plan.warnings)
        assert "u undoes it until then" in " ".join(said.split())
    assert said.count("\n !") == len(plan.warnings) or "more: i" in said


def test_the_rate_says_under_near_at_or_over(session: Session, tmp_path: Path) -> None:
    plan = cancel(session, tmp_path)
    effect = plan.rates[0]
    for cancelled, status, word in (
        (1, "ok", "under 2.5 %, 1 more allowed"),
        (2, "near", "near 2.5 %, none left"),
        (5, "over", "at 2.5 %"),
        (6, "over", "over 2.5 %"),
    ):
        after = replace(
            effect.after, orders=200, cancelled=cancelled, status=status, headroom=int(cancelled == 1), reason=""
        )
        changed = replace(plan, rates=(replace(effect, before=replace(effect.before, reason=""), after=after),))
        assert word in render_head(PlanLook(changed, 6), 120, 20)[0].plain
    unknown = replace(effect, after=replace(effect.after, reason="import All Orders", status="unknown"))
    said = render_head(PlanLook(replace(plan, rates=(unknown,)), 6), 120, 20)[0].plain
    assert "Rate 7 days   not known" in said
    assert "%" not in said


def test_counts_in_words(session: Session, tmp_path: Path) -> None:
    row = cancel(session, tmp_path).rows[0]

    def said(*counts: bool, action: Action = Action.CANCEL) -> str:
        rows = tuple(replace(row, counts=one) for one in counts)
        return count_text(replace(plan, rows=rows, action=action))

    plan = session.planner.plan(Action.CANCEL, [row.id])[0]
    assert said(True) == "it counts"
    assert said(False) == "★ it does not count"
    assert said(True, True) == "all 2 count"
    assert said(False, False) == "★ none of them counts"
    assert said(True, True, False) == "2 count, 1 does not"
    assert said(True, False, False) == "1 counts, 2 do not"
    assert said(False, action=Action.REFUND) == ""
    assert said(True, action=Action.REFUND) == "1 order will count: units are cancelled"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_second_marketplace_looks_different_from_the_first(session: Session, tmp_path: Path, width: int) -> None:
    plan = cancel(session, tmp_path, 3)
    first = (MarketplaceStep("CA", 2), MarketplaceStep("US", 3), MarketplaceStep("UK", 15))
    second = (MarketplaceStep("CA", 2, "✓"), *first[1:])
    titles = [
        render_title(PlanLook(replace(plan, marketplace=code), 3, steps=steps), width)
        for code, steps in (("CA", first), ("US", second))
    ]
    assert titles[0].plain != titles[1].plain
    assert all(title.cell_length <= width for title in titles)
    assert "Cancel 3 orders · Amazon.com" in titles[1].plain
    assert ("CA 2 ✓ · US 3 ◂ · UK 15" in titles[1].plain) or titles[1].plain.endswith("US: 2 of 3")


def test_the_money_of_every_marketplace_speaks_the_language_of_the_screen(session: Session, tmp_path: Path) -> None:
    plan = cancel(session, tmp_path, 1)
    used = messages.current_language()
    try:
        messages.use("zh_CN")
        for code in MARKETPLACES:
            look = PlanLook(replace(plan, marketplace=code), 1)
            shown = text(render_head(look, 120, 30)) + render_details(look).plain
            assert "the tax" not in shown, code
            assert ("含税" in shown) is (price_tax(code) is not PriceTax.ADDED), code
    finally:
        messages.use(used)


def test_the_title_counts_what_is_excluded(session: Session, tmp_path: Path) -> None:
    plan = cancel(session, tmp_path, 3)
    assert render_title(PlanLook(plan, 5), 120).plain == "Cancel 3 of 5 orders · Amazon.com · several reasons"
    shipment = replace(plan, action=Action.CONFIRM)
    assert render_title(PlanLook(shipment, 3), 120).plain.startswith("Confirm the shipment of 3 orders · ")
    assert render_title(PlanLook(replace(shipment, rows=()), 3), 120).plain == "Nothing to confirm · Amazon.com"
    assert render_details(PlanLook(shipment, 3)).plain.startswith("Confirm the shipment of 3 orders in US, 0 excluded")
    nothing = replace(plan, rows=())
    assert render_title(PlanLook(nothing, 5), 120).plain == "Nothing to cancel · Amazon.com"
    assert "none of 5 orders is included" in text(render_head(PlanLook(nothing, 5), 80, 10))


def test_hidden_marks_are_named_with_their_number(session: Session, tmp_path: Path) -> None:
    plan = cancel(session, tmp_path)
    assert "! 1 of 10 is not shown on the main screen" in text(render_head(PlanLook(plan, 10, 1), 80, 20))
    assert "! 3 of 10 are not shown on the main screen" in text(render_head(PlanLook(plan, 10, 3), 80, 20))


def test_a_part_of_the_units_is_said(session: Session, tmp_path: Path) -> None:
    """Also of units chosen by the operator, and of the parcel of what is left."""
    bring(
        session, tmp_path,
        everything=[all_orders_row(1, "PartiallyShipped", quantity=3), all_orders_row(2, "Shipped", quantity=3)],
        open_=[
            unshipped_row(1, quantity_purchased=3, quantity_shipped=1, quantity_to_ship=2),
            unshipped_row(2, quantity_purchased=3, quantity_shipped=3, quantity_to_ship=0),
        ],
    )  # fmt: skip
    ids = session.orders.find(sort="placed")
    parcel = {order_id(1): ("UPS", "1Z", "2026-11-23")}
    session.facts.set_dispatched(list(ids), Dispatched.YES)
    asked = {order_id(2): (PlanLine(1, item_id(2), "SKU-2", 2, LineAmounts(500)),)}
    drawn: dict[tuple[Action, str], str] = {}
    for action in (Action.REFUND, Action.CONFIRM):
        plan = session.planner.plan(action, ids, PlanChoices("NoInventory", refunds=asked, shipping=parcel))[0]
        rows = PlanRows(plan, {row.id: row for row in plan.rows}, frozenset())
        drawn |= {(action, row.order_id): rows.draw(row, 100).plain for row in plan.rows}
    assert "2 of 3 SKU-1, cancels 2 units" in drawn[Action.REFUND, order_id(1)]
    assert "2 of 3 SKU-2" in drawn[Action.REFUND, order_id(2)]
    assert "2 of 3 SKU-1" in drawn[Action.CONFIRM, order_id(1)]


def test_what_the_operator_excluded_keeps_its_place_and_total(session: Session, tmp_path: Path) -> None:
    before = cancel(session, tmp_path)
    ids = [row.id for row in before.rows]
    known: dict[int, PlannedOrder] = {row.id: row for row in before.rows}
    choices = PlanChoices(left_out={before.rows[1].order_id: "by you"})
    plan = session.planner.plan(Action.CANCEL, ids, choices)[0]
    rows = PlanRows(plan, known, frozenset())
    lines = [rows.draw(entry, 100).plain for entry in list_entries(plan, ids)]
    assert lines[1].startswith(f"✗ {before.rows[1].order_id}  10.80  ")
    assert lines[1].endswith("excluded: by you")
    assert [line[0] for line in lines] == ["✓", "✗", "✓", "✓", "✓", "✓"]


def test_many_excluded_for_one_reason_are_one_line_that_opens(session: Session, tmp_path: Path) -> None:
    standard(session, tmp_path)
    ids = session.orders.find("status:shipped")[:5]
    plan = session.planner.plan(Action.CANCEL, ids)[0]
    (group,) = list_entries(plan, ids)
    assert isinstance(group, ExclusionGroup)
    assert PlanRows(plan, {}, frozenset()).draw(group, 100).plain.startswith("✗ ▸ 5 orders excluded: ")
    assert len(list_entries(plan, ids, frozenset({group.key}))) == 1 + 5


@pytest.mark.parametrize("width", WIDTHS)
def test_a_row_fits_its_width_with_its_flags(session: Session, tmp_path: Path, width: int) -> None:
    plan = cancel(session, tmp_path)
    row = plan.rows[0]
    lines = tuple(replace(row.lines[0], line=n, sku=f"A-LONG-SKU-OF-MANY-CELLS-{n}", quantity=n) for n in range(1, 5))
    plan = replace(plan, rows=(replace(row, lines=lines, counts=False), *plan.rows[1:]))
    rows = PlanRows(plan, {one.id: one for one in plan.rows}, frozenset({row.id}))
    line = rows.draw(plan.rows[0], width)
    assert line.cell_length <= width
    assert line.plain.startswith(f"✓ {row.order_id}  10.80  A-LO")
    assert "★" in line.plain
    assert "!" in line.plain
    assert "not shown" in line.plain


def test_orders_with_another_way_out_are_another_group(session: Session, tmp_path: Path) -> None:
    """One reason, two things to do instead: the groups open one by one, and the cursor stays on its own."""
    standard(session, tmp_path)
    ids = session.orders.find("")[:6]
    outs = tuple(
        ExcludedOrder(row_id, str(row_id), "A5", "it was shipped", "refund it" if n < 3 else "ask the carrier")
        for n, row_id in enumerate(ids)
    )
    plan = replace(session.planner.plan(Action.CANCEL, ids)[0], rows=(), out=outs)
    first, second = list_entries(plan, ids)
    assert isinstance(first, ExclusionGroup)
    assert isinstance(second, ExclusionGroup)
    assert first.key != second.key
    assert len(list_entries(plan, ids, frozenset({first.key}))) == 2 + 3


@pytest.mark.parametrize(("mails", "words"), [(1, "1 e-mail to the buyer,"), (2, "2 e-mails to the buyers,"), (0, "")])
def test_e_mails_go_to_one_buyer_or_to_several(session: Session, tmp_path: Path, mails: int, words: str) -> None:
    plan = replace(cancel(session, tmp_path), buyer_mails=mails)
    said = text(render_head(PlanLook(plan, 6), 120, 30))
    assert (f"Amazon sends {words}" in said) if mails else ("e-mail" not in said)

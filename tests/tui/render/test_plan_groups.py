"""What the preview says of a plan and of each order."""

from pathlib import Path

from ordertui.orders.enums import Action
from ordertui.tui.render.plan import render_effects
from ordertui.tui.render.plan_groups import group_plan, render_member
from support.shops import open_session, order_id, standard


def test_an_order_that_is_out_says_what_stands_in_the_way(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        standard(session, tmp_path, waiting=1, shipped=1)
        shipped = session.orders.id_of(order_id(1001))
        assert shipped is not None
        (group,) = group_plan(session.planner.plan(Action.CANCEL, [shipped])[0])
        assert "refund it instead" in group.label.plain
        assert render_member(group.members[0]).plain.startswith(f"{order_id(1001)}  A5 would need status unshipped")


def test_the_sheet_names_the_bytes_that_leave(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        (plan,) = session.planner.plan(Action.CANCEL, standard(session, tmp_path))
    text, xml = plan.files
    assert (text.upload, xml.upload) == (True, False)
    by_hand, by_api = render_effects(plan).plain, render_effects(plan, by_api=True).plain
    assert f" file {text.name} " in by_hand
    assert f" twin {xml.name} " in by_hand
    assert "before anything is written" in by_hand
    assert f" feed {xml.name} " in by_api
    assert f" twin {text.name} " in by_api
    assert "before anything goes to Amazon" in by_api

"""What the preview says of each order."""

from pathlib import Path

from ordertui.orders.status import Action
from ordertui.tui.texts.groups import groups, line_of
from shopkit import open_shop, order_id, standard


def test_an_order_that_is_out_says_what_stands_in_the_way(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        standard(shop, tmp_path, waiting=1, shipped=1)
        shipped = shop.id_of(order_id(1001))
        assert shipped is not None
        (group,) = groups(shop.plan(Action.CANCEL, [shipped])[0])
        assert "refund it instead" in group.label.plain
        assert line_of(group.members[0]).plain.startswith(f"{order_id(1001)}  A5 would need status unshipped")

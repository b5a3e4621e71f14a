"""The column indexes of a report row are those of its field names."""

from __future__ import annotations

from ordertui.orders import report_row
from ordertui.orders.order import COMPONENTS
from ordertui.orders.report_row import AMOUNTS, ITEM_ID, ROW_FIELDS


def test_every_index_is_of_the_field_with_its_name() -> None:
    indexes = {name: at for name, at in vars(report_row).items() if name.isupper() and isinstance(at, int)}
    assert indexes.pop("ITEM_ID") == ITEM_ID == ROW_FIELDS.index("order_item_id")
    assert {name: ROW_FIELDS[at] for name, at in indexes.items()} == {name: name.lower() for name in indexes}
    assert tuple(ROW_FIELDS[AMOUNTS]) == COMPONENTS
    assert len(indexes) + 1 + len(COMPONENTS) == len(ROW_FIELDS)

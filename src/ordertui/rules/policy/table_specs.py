"""The decision tables of a policy: the facts that each one looks at and the outputs that it gives."""

from __future__ import annotations

from ordertui.orders.enums import Action, CancelReason, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.situation import FACTS
from ordertui.rules.tables.schema import Fact, FactKind
from ordertui.rules.tables.table import Output, TableSpec

MARKETPLACE = Fact("marketplace", FactKind.ENUM, tuple(MARKETPLACES))
DECIDING = (*(Fact(name, FactKind.ENUM, tuple(v.value for v in values)) for name, values in FACTS.items()), MARKETPLACE)
"""Facts of the tables of permission and counting: the situation, then the marketplace.

Without time and money a decision is a query over indexed situation numbers.
"""
_ACTION = Fact("action", FactKind.ENUM, tuple(action.value for action in Action))
_REASON = Fact("reason", FactKind.ENUM, tuple(reason.value for reason in CancelReason))
_COUNTS = Fact("counts", FactKind.ENUM, (YesNo.YES.value, YesNo.NO.value))
_DAYS_LATE = Fact("days_late", FactKind.DAYS)
"""Begun days after the ship-by time: above 0 exactly when it has passed; unknown without a ship-by time."""
_TOTAL = Fact("total", FactKind.MONEY)
_ALLOWED = Output((True, False))
_INSTEAD = Output(tuple(action.value for action in Action), required=False)
_YES_NO_UNKNOWN = Output(tuple(value.value for value in YesNo))

TABLE_SPECS: dict[str, TableSpec] = {
    **{action.value: TableSpec(DECIDING, {"allowed": _ALLOWED, "instead": _INSTEAD}) for action in Action},
    "counts": TableSpec(DECIDING, {"counts": Output((YesNo.YES.value, YesNo.NO.value))}),
    "history": TableSpec(DECIDING, {"counts": _YES_NO_UNKNOWN}),
    "warn": TableSpec(DECIDING, {}),
    "restock": TableSpec((_REASON, MARKETPLACE), {"restocks": _YES_NO_UNKNOWN}),
    "mail": TableSpec((_ACTION, MARKETPLACE), {"mails": Output(None)}),
    "fees": TableSpec((_ACTION, MARKETPLACE, _COUNTS, _DAYS_LATE, _TOTAL), {"referral_fee_percent": Output(None)}),
}

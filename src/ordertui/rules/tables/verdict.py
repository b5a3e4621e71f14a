"""The answer of the rules for one order and one action."""

from __future__ import annotations

import msgspec

from ordertui.orders.enums import Action, YesNo


class Verdict(msgspec.Struct, frozen=True):
    """Whether an action may be taken, and why."""

    action: Action
    allowed: bool
    counts: YesNo
    """For `cancel`: whether it counts toward the cancellation rate. An unknown request counts: YES. NO for other actions."""
    rule: str
    """Id of the deciding row, for example `A5`."""
    why: str
    """One sentence for the operator."""
    source: str
    """Where the rule stands, with the day it was read."""
    instead: Action | None
    """What to do instead when it is denied, or None."""
    counts_rule: str = ""
    """Id of the row of the counting table, for `cancel`."""
    counts_why: str = ""
    """Why it counts or not, for `cancel`."""
    note: str = ""
    """A warning that goes with an allowed action, or the advice that goes with a denied one."""

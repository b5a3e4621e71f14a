"""Open a store to take back what is held, whatever is wrong with the settings and the policy file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ordertui.orders.clock import Clock
from ordertui.orders.errors import UserError

from .config import load_config, load_sound_part
from .errors import BadInput
from .session import Session, read_rules


def open_to_take_back(
    place: Path | str | None,
    *,
    clock: Clock,
    read_only: bool,
    stop: Callable[[], bool],
    warn: Callable[[UserError], None],
) -> Session:
    """Open a store for what only takes back or looks. `warn` is told what is wrong; the rest of the settings is taken.

    To judge an order by a policy that cannot be read raises all the same. Raises StoreError, and BadInput when nothing
    says which store is meant.
    """
    try:
        config = load_config()
    except BadInput as error:
        config = load_sound_part(place, error)
        warn(error)
    session = Session.open_unchecked(place, clock, read_only, config, None, stop)
    try:
        read_rules(session.context)
    except UserError as error:
        warn(error)
    return session

"""A store moved whole between a file and a server, with what lies beside it on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ordertui.orders.clock import Clock
from ordertui.orders.people import Permission
from ordertui.store import Store
from ordertui.store.move import StoreMove

from .config import Config, current_operator, load_config, outbox_folder, store_place
from .copies import CopyGuard
from .errors import BadInput, Refused, RoleRefused
from .session import Session
from .workspace import Workspace


def move_store(
    source: Path | str,
    target: Path | str,
    *,
    clock: Clock,
    config: Config | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> None:
    """Move a store; what an interrupted move did not reach is done when it is called again.

    Afterwards the source acts on nothing. Raises BadInput, Refused (the source is a copy, a role), StoreError; then the
    source goes on as before, or says how to finish.
    """
    config = load_config() if config is None else config
    left, entered = (
        store_place(place.resolve() if isinstance(place, Path) else place, config) for place in (source, target)
    )
    if str(left) == str(entered):
        raise BadInput(f"the store is at {left} already")
    if isinstance(left, Path) and not left.is_file():
        raise BadInput(f"there is no store {left}")
    if not isinstance(left, Path):
        Store.open(left, clock=clock, read_only=True).close()  # an empty place does not become a store
    with (
        Session.open(left if isinstance(left, Path) else source, clock=clock, config=config) as session,
        Store(entered, clock=clock, read_only=False, operator=current_operator(config)) as filled,
    ):
        store = session.context.writer(Permission.MAINTAIN)
        refusal = filled.person().refusal(Permission.MAINTAIN)
        if refusal:
            raise RoleRefused(refusal)
        move = StoreMove(store, filled, session.clock, (store.database.place, filled.database.place))
        if not move.is_begun:
            session.context.copies.require_original()
            session.audit.verify()
            unnamed = [] if store.is_shared else session.uploads.unnamed(store)
            if unnamed:
                raise Refused(f"a file of batch {unnamed[0]} has no name yet; `ordertui dispatch` first")
        move.begin()
        session.context.copies.note_progress()
        move.copy(progress)
        login = session.context.person.name if store.is_shared else ""
        Workspace(store.path, read_only=True, login=login).copy_to(filled.path)
        move.finish()
        outbox = outbox_folder(config, filled.path.parent, is_practice=session.is_practice)
        CopyGuard(lambda: filled, filled, outbox, is_practice=session.is_practice).note_progress()

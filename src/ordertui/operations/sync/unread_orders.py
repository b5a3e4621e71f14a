"""Orders whose newest state came by the API and could not be read: what the store has of them may be old."""

from __future__ import annotations

import msgspec

from ordertui.store import Store

UNREAD_KEY = "amazon:unread"


def unread_orders(store: Store) -> dict[str, str]:
    """Return the orders whose newest state could not be read, with the reason; the one tried longest ago first."""
    text = store.meta(UNREAD_KEY)
    return msgspec.json.decode(text, type=dict[str, str]) if text else {}


def keep_unread_orders(store: Store, unread: dict[str, str]) -> None:
    """Store which orders these are, and say so of each that the store has, within the open transaction."""
    known = unread_orders(store)
    if list(unread.items()) != list(known.items()):
        store.set_meta(UNREAD_KEY, msgspec.json.encode(unread).decode() if unread else None)
    store.api_facts.mark_unread([one for one in known if one not in unread], is_unread=False)
    store.api_facts.mark_unread(unread, is_unread=True)  # of all: a report may have brought one since


def unread_reason(store: Store, batch_id: int) -> str:
    """Return why a batch that has not left may not leave for an order that could not be read; empty when it may."""
    unread = unread_orders(store)
    if not unread:
        return ""  # as ever but after a fault
    held = store.batches.held_of(batch_id, unread)
    if not held:
        return ""
    first, why = held[0], unread[held[0]]
    if len(held) > 1:
        return (
            f"Amazon's newest state of {len(held):,} of its orders cannot be read, such as {first} ({why}); look at"
            f" them in Seller Central, then `ordertui sync --order {first}` reads one again, or `ordertui undo {first}`"
            " takes it out"
        )
    return (
        f"Amazon's newest state of order {first} cannot be read ({why}); look at it in Seller Central, then"
        f" `ordertui sync --order {first}` reads it again, or `ordertui undo {first}` takes it out"
    )

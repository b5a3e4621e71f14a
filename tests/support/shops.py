"""Shops and report files for tests: small, hermetic, at one fixed moment."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from ordertui.operations.config import Config
from ordertui.operations.session import Session, open_practice
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc, parse_iso
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store.importing.import_session import ReportSource

from . import places
from .reports import write

NOW = parse_iso("2026-11-23T14:05:00Z")
ALL_ORDERS = [
    "amazon-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "is-replacement-order",
]
UNSHIPPED = [
    "order-id",
    "order-item-id",
    "purchase-date",
    "reporting-date",
    "promise-date",
    "sku",
    "product-name",
    "quantity-purchased",
    "quantity-shipped",
    "quantity-to-ship",
    "is-business-order",
    "sales-channel",
    "is-buyer-requested-cancellation",
    "buyer-requested-cancel-reason",
]


def order_id(number: int) -> str:
    """`111-0000000-0000007`."""
    return f"111-0000000-{number:07d}"


def item_id(number: int, line: int = 1) -> str:
    """A 15-digit item id with a leading zero."""
    return f"0{number:012d}{line:02d}"


def all_orders_row(number: int, status: str = "Unshipped", **more: object) -> dict[str, object]:
    """A row of All Orders; `market`, `age` (seconds), `updated` (epoch) and any column may be given with `_`."""
    market = MARKETPLACES[str(more.pop("market", "US"))]
    placed = NOW - int(str(more.pop("age", DAY)))
    updated = int(str(more.pop("updated", placed + HOUR)))
    row: dict[str, object] = {
        "amazon-order-id": order_id(number),
        "purchase-date": iso_utc(placed),
        "last-updated-date": iso_utc(updated),
        "order-status": status,
        "fulfillment-channel": "Merchant",
        "sales-channel": market.name,
        "product-name": f"Thing {number}",
        "sku": f"SKU-{number}",
        "item-status": status,
        "quantity": 1,
        "currency": market.currency,
        "item-price": "1000" if market.currency == "JPY" else "10.00",
        "item-tax": "80" if market.currency == "JPY" else "0.80",
    }
    row.update({name.replace("_", "-"): value for name, value in more.items()})
    return row


def unshipped_row(number: int, requested: str = "false", **more: object) -> dict[str, object]:
    """A row of Unshipped orders."""
    market = MARKETPLACES[str(more.pop("market", "US"))]
    placed = NOW - int(str(more.pop("age", DAY)))
    row: dict[str, object] = {
        "order-id": order_id(number),
        "order-item-id": item_id(number),
        "purchase-date": iso_utc(placed),
        "reporting-date": iso_utc(NOW - HOUR),
        "promise-date": iso_utc(placed + 2 * DAY),
        "sku": f"SKU-{number}",
        "product-name": f"Thing {number}",
        "quantity-purchased": 1,
        "quantity-shipped": 0,
        "quantity-to-ship": 1,
        "sales-channel": market.name,
        "is-buyer-requested-cancellation": requested,
    }
    row.update({name.replace("_", "-"): value for name, value in more.items()})
    return row


def quick_connection(path: Path) -> sqlite3.Connection:
    """Return a connection to a store's file that does not wait for the disk."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def clone_store(source: Path, target: Path) -> None:
    """Copy a closed store as one of its own: without this, it knows that it is a copy, and acts on nothing."""
    shutil.copy(source, target)
    with closing(quick_connection(target)) as connection:
        connection.execute("DELETE FROM meta WHERE key LIKE 'store:%'")
        connection.commit()


def settle_in(path: Path) -> None:
    """Let a copied store go on as the same one, for a test that copies its folder to play a scene again."""
    with closing(quick_connection(path)) as connection:
        connection.execute("UPDATE meta SET value = '' WHERE key = 'store:place'")
        connection.commit()


def open_session(
    folder: Path, *, clock: FixedClock | None = None, read_only: bool = False, practice: bool = False
) -> Session:
    """A session in a folder, at NOW."""
    folder.mkdir(parents=True, exist_ok=True)
    if practice:
        open_practice(places.place(folder / "orders.db"), clock=clock or FixedClock(NOW), config=Config()).close()
    return Session.open(
        places.place(folder / "orders.db"), clock=clock or FixedClock(NOW), config=Config(), read_only=read_only
    )


def bring(
    session: Session,
    folder: Path,
    *,
    everything: Iterable[Mapping[str, object]] = (),
    open_: Iterable[Mapping[str, object]] = (),
    is_all: bool = True,
) -> None:
    """Import All Orders rows, then Unshipped rows. `is_all`: with All Orders, no order of earlier days is missing."""
    everything, open_ = list(everything), list(open_)
    if everything and is_all:
        know_earlier_days(session)
    if everything:
        session.imports.import_files([write(folder / "all.txt", ALL_ORDERS, everything)])
    if open_:
        session.imports.import_files([write(folder / "unshipped.txt", UNSHIPPED, open_)])


def know_earlier_days(session: Session) -> None:
    """Let the store know that no order of the last year is missing: a sync of then, with no order, tells of all since.

    Without it the rate of a shop whose All Orders report begins within the window is not known.
    """
    store = session.context.store
    if store.rates.synced_since() is None:
        source = ReportSource("api_orders", "", "", NOW - 365 * DAY, has_request_column=False, marketplace=None)
        with store.imports.open(source, lambda _market, _ship_by: None):
            pass


def standard(session: Session, folder: Path, *, waiting: int = 6, shipped: int = 94, is_all: bool = True) -> list[int]:
    """`waiting` unshipped orders (1..) that may be cancelled, number 1 with an official request, and `shipped` shipped
    ones (1001..).

    Gives the row numbers of the waiting ones, by number.
    """
    rows = [all_orders_row(n) for n in range(1, waiting + 1)]
    rows += [all_orders_row(1000 + n, "Shipped", age=2 * DAY) for n in range(1, shipped + 1)]
    bring(
        session,
        folder,
        everything=rows,
        is_all=is_all,
        open_=[unshipped_row(n, "true" if n == 1 else "false") for n in range(1, waiting + 1)],
    )
    return waiting_ids(session, waiting)


def waiting_ids(session: Session, waiting: int = 6) -> list[int]:
    """The row numbers of the first orders of `standard`, which may be cancelled."""
    return [row_id for n in range(1, waiting + 1) if (row_id := session.orders.id_of(order_id(n))) is not None]

"""`ordertui rate`: the cancellation rate, an estimate, per marketplace and window."""

from __future__ import annotations

from typing import Any

import click

from ordertui.operations.listing import iso

from .context import Settings, fail, open_shop
from .exits import Exit
from .look import FORMAT
from .output import emit


@click.command()
@click.option("--marketplace", help="Only this one.")
@click.option("--if-cancel", "text", help="A filter: what the rate becomes when these are cancelled.")
@FORMAT
@click.pass_obj
def rate(settings: Settings, marketplace: str | None, text: str | None, form: str) -> None:
    """The cancellation rate, an estimate, per marketplace and window."""
    with open_shop(settings) as shop:
        codes = shop.marketplaces()
        if marketplace is not None and marketplace not in codes:
            fail(
                Exit.BAD_INPUT, f"no orders of marketplace {marketplace} here; there are: {', '.join(codes) or 'none'}"
            )
        extra = None if text is None else shop.view(text)
        effects = [
            e
            for code in codes
            if marketplace in (None, code)
            for e in shop.rate(code, extra if extra is not None else ())
        ]
    records = []
    for effect in effects:
        now = effect.before
        record: dict[str, Any] = {
            "marketplace": now.marketplace, "window_from": iso(now.window_from), "window_to": iso(now.window_to), "timezone": now.timezone,
            "orders": now.orders, "cancelled": now.cancelled, "rate": share(now.cancelled, now.orders), "target": float(now.target),
            "headroom": now.headroom, "status": now.status, "basis": now.basis,
        }  # fmt: skip
        if text is not None:
            after = effect.after
            record |= {
                "after_cancelled": after.cancelled,
                "after_rate": share(after.cancelled, after.orders),
                "after_headroom": after.headroom,
            }
        records.append(record)
    extra_columns = ("after_cancelled", "after_rate", "after_headroom") if text is not None else ()
    columns = (
        "marketplace",
        "window_from",
        "window_to",
        "timezone",
        "orders",
        "cancelled",
        "rate",
        "target",
        "headroom",
        "status",
        "basis",
    )
    emit(records, columns + extra_columns, form)


def share(part: int, whole: int) -> float | None:
    """The rate as a number for people and JSON (6 digits); None without orders."""
    return round(part / whole, 6) if whole else None

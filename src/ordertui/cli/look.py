"""Commands that only look: list, show, message, config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ordertui.operations.query.export import COLUMNS, iso, record

from .context import Settings, fail, open_session
from .exit_codes import Exit
from .output import FORMATS, cell, emit, json_text, say

FORMAT = click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)


@click.command("list")
@click.option("--filter", "text", default="", help="As typed into the screen's filter bar.")
@click.option(
    "--sort",
    default="placed",
    show_default=True,
    help="Keys, the first weighs most: status,-total (+ smallest first, - largest first).",
)
@click.option("--ascending", is_flag=True, help="Smallest first, for keys without a sign.")
@click.option("--queue", default="all", show_default=True)
@click.option("--limit", type=click.IntRange(1))
@FORMAT
@click.pass_obj
def list_command(
    settings: Settings, text: str, sort: str, ascending: bool, queue: str, limit: int | None, form: str
) -> None:
    """List orders."""
    with open_session(settings) as session:
        ids = session.orders.find(text, sort, not ascending, queue, limit)
        rows = session.orders.rows(ids)
        session.eligibility.prefetch(rows.values())
        records = [record(rows[i], session.eligibility.allowed_action(rows[i])) for i in ids]
    emit(
        records, COLUMNS, form, spare=("title", "sku", "marketplace", "placed", "currency", "items", "total", "ship_by")
    )
    if not records:
        say(
            "no order fits"
            if text.strip() or queue != "all"
            else "no orders yet; `ordertui import FILE...` reads reports"
        )


@click.command()
@click.argument("order_id")
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table", show_default=True)
@click.pass_obj
def show(settings: Settings, order_id: str, form: str) -> None:
    """Everything known of one order, and what may be done with it and why."""
    with open_session(settings) as session:
        order = session.orders.get(order_id)
        if order is None:
            fail(Exit.BAD_INPUT, f"no order {order_id} in this store; `ordertui list` shows what is there")
        row = order.row
        facts: dict[str, Any] = {
            "channel": row.channel, "dispatched": row.dispatched, "buyer_request": row.buyer_request, "cancelled_by": row.cancelled_by,
            "refunded": row.refunded, "replacement": row.replacement, "business": row.business, "prime": row.prime,
            "placed": iso(row.purchased_at), "ship_by": iso(row.ship_by), "auto_cancel_at": iso(session.eligibility.deadline(row)),
            "items": row.items, "units_shipped": row.units_shipped, "total": row.total.decimal() if row.total else None,
            "currency": row.total.currency if row.total else None, "open_action": str(row.open_action) if row.open_action else None, "sources": order.sources,
        }  # fmt: skip
        actions: list[dict[str, Any]] = [
            {
                "action": v.action, "allowed": v.allowed, "counts": v.counts, "rule": v.rule, "why": v.why, "source": v.source,
                "instead": v.instead, "because": e.because, "why_not": str(e.nearest) if e.nearest else "",
                "house": [f"{hit.rule}: {hit.effect}: {hit.why}" for hit in e.house],
            }
            for v in session.eligibility.verdicts(row, order.lines)
            for e in (session.planner.explain(order, v.action),)
        ]  # fmt: skip
    if form == "json":
        shape = {
            "order_id": row.order_id,
            "marketplace": row.marketplace,
            "status": row.status,
            "facts": facts,
            "actions": actions,
        }
        click.echo(json_text(shape), nl=False)
        return
    click.echo(f"{cell(row.order_id)}  {row.marketplace}  {row.status}")
    for key, value in facts.items():
        click.echo(
            f"  {key:<15} {', '.join(value) if isinstance(value, tuple) else cell(value) or ('none' if key == 'open_action' else 'unknown')}"
        )
    for action in actions:
        action["house"] = "; ".join(action["house"])
    columns = ("action", "allowed", "counts", "rule", "instead", "house", "why", "why_not")
    emit(actions, columns, "table", ("why_not", "house"))


@click.command()
@click.argument("order_id")
@click.pass_obj
def message(settings: Settings, order_id: str) -> None:
    """The text to send to the buyer of this order, to paste into Seller Central."""
    with open_session(settings) as session:
        click.echo(session.messages.text(order_id))


@click.group()
def config() -> None:
    """Your settings: where they are, what is in force, what may be set."""


@config.command("path")
@click.pass_obj
def config_path(settings: Settings) -> None:
    """Where settings, store and outbox are."""
    from ordertui.operations import config as settings_file

    store = settings.store or settings_file.default_store()
    records = [
        {"what": "settings", "path": settings_file.config_path()},
        {"what": "store", "path": store},
        {"what": "outbox", "path": store.parent / "outbox"},
    ]
    emit(records, ("what", "path"), "table")


@config.command("show")
@FORMAT
def config_show(form: str) -> None:
    """The settings in force."""
    import msgspec

    from ordertui.operations.config import load_config

    found = msgspec.to_builtins(load_config())
    emit([{"setting": key, "value": value} for key, value in found.items()], ("setting", "value"), form)


@config.command("check")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def config_check(file: Path | None) -> None:
    """Check a settings file, or your own; exit 4 when it is wrong."""
    from ordertui.operations.config import load_config

    load_config(file)
    say("the settings are sound")


@config.command("schema")
def config_schema() -> None:
    """The settings' JSON schema."""
    from ordertui.operations.config import schema

    click.echo(json_text(schema()), nl=False)

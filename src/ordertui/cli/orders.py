"""Commands on orders: `list`, `marks`, `claims`, `show`, `message`, and `facts` that no report tells."""

from __future__ import annotations

import click

from ordertui.operations.query.export import COLUMNS, LINE_COLUMNS, Record, cell, iso, json_text, line_records
from ordertui.operations.query.facets import quoted
from ordertui.operations.query.queues import BY_KEY
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Dispatched, Refunded
from ordertui.orders.text import name_order, pluralize, with_verb

from .context import Settings, exactly_one, fail, find_row_numbers, open_session, say
from .exit_codes import Exit
from .output import FORMAT, NO_ORDERS, ONE_FORMAT, emit

LEAVE_OUT_FIRST = (
    "note", "lines", "title", "dispatched", "asked", "action", "state", "sku", "marketplace", "placed", "currency",
    "items", "total", "ship_by",
)  # fmt: skip
"""Columns of `list` that a narrow terminal does without, the first to go first."""
CLAIM_IDS = 3
"""Order ids that are listed of an open preview."""
_SORT_HELP = "Keys, the first weighs most: status,-total (+ smallest first, - largest first)."


@click.command("list")
@click.option("--filter", "text", default="", help="As typed into the screen's filter bar.")
@click.option("--sort", default="placed", show_default=True, help=_SORT_HELP)
@click.option("--ascending", is_flag=True, help="Smallest first, for keys without a sign.")
@click.option(
    "--queue", type=click.Choice([str(key) for key in BY_KEY]), default="all", show_default=True, help="Of this queue."
)
@click.option("--limit", type=click.IntRange(1, 1_000_000_000), help="Only the first so many.")
@FORMAT
@click.pass_obj
def list_command(
    settings: Settings, text: str, sort: str, ascending: bool, queue: str, limit: int | None, form: str
) -> None:
    """List orders.

    FBA orders, which the screen hides, are listed too, and counted on standard error; a filter with -channel:amazon
    leaves them out.
    """
    with open_session(settings) as session:
        ids = session.orders.find(text, sort, not ascending, queue, limit)
        emit(session.orders.records(ids), COLUMNS, form, spare=LEAVE_OUT_FIRST)
        spec = BY_KEY[queue]
        unknown = session.orders.count_unknown(spec, text)
        fba = session.orders.count_hidden_fba(text, queue)
    if unknown:
        say(f"{pluralize(unknown)} more may belong to this queue: {spec.unknown_why}")
    if fba:
        words = with_verb(fba, "order that fits is FBA", "orders that fit are FBA")
        say(f"{words}: Amazon ships them, and the screen hides them; -channel:amazon in the filter leaves them out")
    if not ids:
        is_narrowed = text.strip() or queue != "all"
        say("no order fits" if is_narrowed else NO_ORDERS)


@click.command()
@click.option("--of", "login", help="List the orders that this person marked.")
@FORMAT
@click.pass_obj
def marks(settings: Settings, login: str | None, form: str) -> None:
    """List who of the team has marked orders, or the orders that one of them marked.

    Only its own person changes a mark; on the screen, `:marks of NAME` shows them and `a` marks them for oneself too.
    """
    with open_session(settings) as session:
        if login is not None:
            found = session.team_marks.of(login)
            ids = session.orders.find(f"marked-by:{quoted(found.login)}")
            emit(session.orders.records(ids), COLUMNS, form, spare=LEAVE_OUT_FIRST)
            return
        people = session.team_marks.everybody()
        records: list[Record] = [
            {"person": one.login, "orders": one.orders.count, "changed": iso_utc(one.at)} for one in people
        ]
    emit(records, ("person", "orders", "changed"), form)
    if not people:
        say("nobody of the team has marked anything")


@click.command()
@FORMAT
@click.pass_obj
def claims(settings: Settings, form: str) -> None:
    """List whose open preview holds which orders. It decides nothing: who commits first has them.

    A preview that was closed is gone at once, one of a screen that was killed within a minute.
    """
    with open_session(settings) as session:
        session.claims.look()
        found = session.claims.others
        records: list[Record] = [
            {"person": one.login or session.context.person.name, "action": one.action.value,
             "orders": one.orders.count, "since": iso_utc(one.since),
             "first": " ".join(row.order_id for row in session.orders.rows(one.orders.ids()[:CLAIM_IDS]).values())}
            for one in found
        ]  # fmt: skip
    emit(records, ("person", "action", "orders", "since", "first"), form)
    if not found:
        say("nobody has a preview open")


@click.command()
@click.argument("order_id")
@ONE_FORMAT
@click.pass_obj
def show(settings: Settings, order_id: str, form: str) -> None:
    """Show everything known of one order, its items, and what may be done with it and why.

    Of each item: LINE, its number as `plan refund --amounts` takes it; REFUNDED, what went back by this store's
    refunds; OPEN REFUND, what is in a refund of which that is not known yet; LEFT, what may still be given back.
    """
    from ordertui.operations.query.api_sentences import api_sentences, order_sentences

    with open_session(settings) as session:
        order = session.orders.get(order_id)
        if order is None:
            fail(Exit.BAD_INPUT, f"no order {name_order(order_id)} in this store; `ordertui list` shows what is there")
        row = order.row
        facts: Record = {
            "channel": row.channel,
            "dispatched": row.dispatched,
            "buyer_request": row.buyer_request,
            "cancelled_by": row.cancelled_by,
            "refunded": row.refunded,
            "refund_open": any(line.refund_open for line in order.lines),
            "replacement": row.replacement,
            "business": row.business,
            "prime": row.prime,
            "program": row.program,
            "placed": iso(row.purchased_at),
            "ship_by": iso(row.ship_by),
            "auto_cancel_at": iso(session.eligibility.deadline(row)),
            "auto_cancel_latest": iso(session.eligibility.latest_deadline(row)),
            "verge": row.verge,
            "items": row.items,
            "units_shipped": row.units_shipped,
            "total": row.total.decimal() if row.total else None,
            "currency": row.total.currency if row.total else None,
            "open_action": str(row.open_action) if row.open_action else None,
            "note": row.note,
            "sources": order.sources,
        }
        lines = line_records(order)
        api_facts = session.orders.api_facts(row.id)
        notes = list(order_sentences(order)) + ([] if api_facts is None else list(api_sentences(api_facts, iso_utc)))
        actions: list[Record] = []
        for v in session.eligibility.verdicts(row, order.lines):
            e = session.planner.explain(order, v.action)
            house = [f"{hit.rule}: {hit.effect}: {hit.why}" for hit in e.house]
            actions.append({
                "action": v.action, "allowed": v.allowed, "counts": e.counts or v.counts, "rule": v.rule, "why": v.why,
                "source": v.source, "instead": v.instead, "because": e.because,
                "why_not": str(e.nearest) if e.nearest else "", "house": house if form == "json" else "; ".join(house),
            })  # fmt: skip
    head = {"order_id": row.order_id, "marketplace": row.marketplace, "status": row.status}
    if form == "json":
        click.echo(json_text(head | {"facts": facts, "notes": notes, "lines": lines, "actions": actions}), nl=False)
        return
    click.echo(f"{cell(row.order_id)}  {row.marketplace}  {row.status}")
    for key, value in facts.items():
        empty = "none" if key in ("open_action", "note") else "unknown"
        text = ", ".join(value) if isinstance(value, tuple) else cell(value) or empty
        if key == "refunded" and facts["refund_open"] and row.refunded is not Refunded.NONE:
            text += " (not known yet whether all of it went back)"
        click.echo(f"  {key:<18} {text}")
    for note in notes:
        click.echo(f"  {note}")
    known: list[Record] = [
        {name: "unknown" if one[name] is None else one[name] for name in LINE_COLUMNS} for one in lines
    ]
    emit(known, LINE_COLUMNS, "table", ("title", "currency", "status", "shipped"), "json")
    click.echo()
    columns = ("action", "allowed", "counts", "rule", "instead", "house", "why", "why_not")
    emit(actions, columns, "table", ("why_not", "house"), "json")


@click.command()
@click.argument("order_id")
@click.pass_obj
def message(settings: Settings, order_id: str) -> None:
    """Print the text to send to the buyer of this order, to paste into Seller Central."""
    with open_session(settings) as session:
        click.echo(session.messages.text(order_id))


@click.group()
def facts() -> None:
    """Tell what Amazon does not know and you do."""


@facts.command("dispatched")
@click.argument("order_ids", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="It was.")
@click.option("--no", is_flag=True, help="It was not.")
@click.option("--unknown", is_flag=True, help="Take back what was said.")
@click.pass_obj
def dispatched(settings: Settings, order_ids: tuple[str, ...], yes: bool, no: bool, unknown: bool) -> None:
    """Tell whether the parcel was handed to the carrier."""
    value = exactly_one({"--yes": yes, "--no": no, "--unknown": unknown}).removeprefix("--")
    with open_session(settings) as session:
        count = session.facts.set_dispatched(find_row_numbers(session, order_ids), Dispatched(value))
    say(f"{pluralize(count)} changed")


@facts.command("note")
@click.argument("order_ids", nargs=-1, required=True)
@click.option("--text", help="The note, in place of the one there is.")
@click.option("--remove", is_flag=True, help="Remove the note.")
@click.pass_obj
def note(settings: Settings, order_ids: tuple[str, ...], text: str | None, remove: bool) -> None:
    """Write a note on orders; it is shown, found by `note:` and exported, and never leaves for Amazon."""
    if remove is bool(text and text.strip()):
        fail(Exit.USAGE, "give --text, or --remove")
    with open_session(settings) as session:
        count = session.facts.set_note(find_row_numbers(session, order_ids), "" if remove else text or "")
    say(f"{pluralize(count)} changed")

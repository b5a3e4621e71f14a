"""`ordertui shortage`: which orders to cancel when there are fewer units than ordered."""

from __future__ import annotations

from pathlib import Path

import click

from ordertui.files import check_output, new_output
from ordertui.orders.text import pluralize, with_verb

from .context import Settings, fail, find_row_numbers, open_session, say
from .exit_codes import Exit
from .output import FORMAT, emit

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_FILE_HELP = "Tab-separated file with the columns sku and available, or Amazon's Active Listings or Inventory Report."


@click.command()
@click.option("--sku", help="One SKU; give --available with it.")
@click.option("--available", type=click.IntRange(0, 10_000_000), metavar="UNITS", help="Its units on hand.")
@click.option("--file", "file", type=EXISTING_FILE, help=_FILE_HELP)
@click.option("--cancel", multiple=True, metavar="ORDER-ID", help="Cancel this order in any case; may be repeated.")
@click.option("--keep", multiple=True, metavar="ORDER-ID", help="Keep this order in any case; may be repeated.")
@click.option("-o", "--output", type=NEW_FILE, help="Write the ids to cancel here, one a line, for `plan --ids`.")
@FORMAT
@click.pass_obj
def shortage(
    settings: Settings,
    sku: str | None,
    available: int | None,
    file: Path | None,
    cancel: tuple[str, ...],
    keep: tuple[str, ...],
    output: Path | None,
    form: str,
) -> None:
    """Choose which unshipped orders to cancel when fewer units are on hand than ordered, with the least harm.

    Chosen first are orders whose buyers requested cancellation; then the fewest that count toward the rate, then what
    your policy file protects last, then the least money, then the latest ship-by time. Units on hand of a SKU are
    taken as one stock for the orders of all marketplaces. Nothing is cancelled yet.
    """
    if (sku is None) is (file is None) or (sku is None) is not (available is None):
        fail(Exit.USAGE, "give either --sku with --available, or --file")
    if sku is not None and not sku.strip():
        fail(Exit.USAGE, "--sku names no SKU")
    if output is not None:
        check_output(output)
    from ordertui.operations.shortage.sheet import COLUMNS, ids_text

    with open_session(settings) as session:
        stock = session.shortage.read_stock(file) if file is not None else {sku or "": available or 0}
        draft = session.shortage.draft(stock)
        sheet = draft.weigh(cancel=find_row_numbers(session, cancel), keep=find_row_numbers(session, keep))
    emit((row.record() for row in sheet.rows), COLUMNS, form, spare=("marketplace", "reason", "currency", "ship_by"))
    for note in sheet.notes:
        say(note)
    if not any(sheet.result.ordered.values()):
        say("no unshipped order waits for any SKU that was named; SKUs are compared letter by letter")
    elif not sheet.result.short:
        say("no SKU is short: there are units for every order")
    else:
        kept = len(sheet.rows) - len(sheet.chosen)
        count = with_verb(sheet.counting, "counts", "count")
        say(f"{pluralize(len(sheet.chosen))} to cancel ({count} toward the rate), {kept:,} to keep")
    if output is not None and not sheet.chosen:
        say(f"no order to cancel: {output} was not written")
    elif output is not None:
        with new_output(output) as out:
            out.write(ids_text(sheet).encode())
        say(f"ids in {output}; next: ordertui plan cancel --ids {output} --reason NoInventory -o plan.json")

"""The summary after an import: what reports brought, and what processing reports said of batches."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.messages import _, join_texts, ngettext, translate, translate_codes
from ordertui.operations.reports.progress import ImportSummary
from ordertui.operations.results.evaluation import ResultSummary
from ordertui.orders.batch_state import RowState

from .format import Piece
from .state import ROW_LOOKS

SHOWN_REJECTS = 20
"""Rows left out that are shown for a file; all of them are in the rejects file."""
SHOWN_ORDERS = 200
"""Orders shown for one answer of Amazon's."""


def import_lines(summaries: Sequence[ImportSummary]) -> list[Piece]:
    """Return what reports brought."""
    pieces: list[Piece] = []
    for one in summaries:
        kind = translate_codes(one.kind.replace("_", " "))
        pieces.append((f"{one.path.name}  {join_texts([kind, one.encoding])}\n", "bold"))
        pieces.append(
            _(
                "  {rows}: {new}, {changed:,} changed, {unchanged:,} unchanged\n",
                rows=ngettext("{n:,} row", "{n:,} rows", one.rows),
                new=ngettext("{n:,} new order", "{n:,} new orders", one.new),
                changed=one.changed,
                unchanged=one.unchanged,
            )
        )
        pieces += [(f"  {translate(note)}\n", "$text-warning") for note in one.notes]
        for reject in one.rejects[:SHOWN_REJECTS]:
            pieces.append(
                (_("  line {line}: {reason}\n", line=reject.line, reason=translate(reject.reason)), "$text-error")
            )
        if one.rejects:
            pieces.append((f"  {translate(one.rejects_text)}\n", "$text-error"))
    return pieces


def result_lines(summaries: Sequence[ResultSummary]) -> list[Piece]:
    """Return what processing reports brought: problems first, grouped by what Amazon said."""
    pieces: list[Piece] = []
    for one in summaries:
        pieces.append(
            (
                _(
                    "Batch {batch}: {ok:,} ok, {errors:,} refused by Amazon, {unknown:,} unknown\n",
                    batch=one.batch,
                    ok=one.ok,
                    errors=one.errors,
                    unknown=one.unknown,
                ),
                "bold",
            )
        )
        pieces += [(f"  {translate(note)}\n", "$text-warning") for note in one.notes]
        groups: dict[tuple[RowState, str, str], list[str]] = {}
        for row in one.rows:
            answer = ("", "") if row.state is RowState.CONFIRMED else (row.code, row.text)  # what stood open is settled
            groups.setdefault((row.state, *answer), []).append(row.order_id)
        for (state, code, text), orders in sorted(groups.items(), key=lambda group: group[0][0] is RowState.OK):
            look = ROW_LOOKS[state]
            words = " ".join(word for word in (look.glyph, translate_codes(state), code, text) if word)
            pieces.append((f"\n {words}{_(' ({note})', note=f'{len(orders):,}')}\n", look.style))
            pieces += [f"     {order_id}\n" for order_id in orders[:SHOWN_ORDERS]]
        if one.ok:
            pieces.append(
                (
                    _(
                        "\n ok is Amazon's answer to the file. A later All Orders report confirms a cancellation or a"
                        " shipment, none a refund.\n"
                    ),
                    "$foreground-muted",
                )
            )
    return pieces

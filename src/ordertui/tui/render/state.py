"""Glyphs, words and styles of the states of rows and batches: for the order table, the pane and the outbox."""

from __future__ import annotations

import msgspec

from ordertui.orders.batch_state import BatchState, RowState


class StateLook(msgspec.Struct, frozen=True):
    """How one state is shown."""

    glyph: str
    tone: str
    """`muted`, `error`, `warning`, `success` or `accent`: a component style of the order table."""
    column: str
    """The word of the narrow Status column."""
    count: str
    """After a number of rows, in the outbox's list."""
    sentence: str

    @property
    def style(self) -> str:
        """The style of text in this state outside the order table."""
        return "$foreground-muted" if self.tone == "muted" else f"$text-{self.tone}"


ROW_LOOKS = {
    RowState.HELD: StateLook("◷", "warning", RowState.HELD, RowState.HELD, "held, not sent yet"),
    RowState.RECALLED: StateLook("↶", "muted", "", "undone", "undone before anything was written"),
    RowState.LEFT_OUT: StateLook("↷", "muted", "", "left out", "left out at dispatch: not allowed any more"),
    RowState.WRITTEN: StateLook(
        "↑", "warning", RowState.WRITTEN, "file written", "written to a file, not uploaded as far as is known"
    ),
    RowState.UPLOADED: StateLook(
        "…", "accent", "upload", RowState.UPLOADED, "marked as uploaded, not answered yet"
    ),
    RowState.SENT: StateLook("→", "accent", RowState.SENT, RowState.SENT, "sent by the API, not answered yet"),
    RowState.ACCEPTED: StateLook("…", "accent", "taken", "accepted", "accepted by Amazon, not answered yet"),
    RowState.OK: StateLook("✓", "success", RowState.OK, "answered ok", "Amazon answered ok, not confirmed yet"),
    RowState.ERROR: StateLook("✗", "error", "fail", "refused", "refused by Amazon"),
    RowState.UNKNOWN: StateLook(
        "?", "warning", "unclear", "unclear", "unclear: check in Seller Central; never sent again by itself"
    ),
    RowState.CONFIRMED: StateLook("✓", "success", "done", RowState.CONFIRMED, "confirmed by a later report"),
}  # fmt: skip
"""A row that was taken back has no word for the Status column, which then shows Amazon's status again."""
BATCH_LOOKS = {
    BatchState.HELD: ROW_LOOKS[RowState.HELD],
    BatchState.RECALLED: ROW_LOOKS[RowState.RECALLED],
    BatchState.LEFT_OUT: ROW_LOOKS[RowState.LEFT_OUT],
    BatchState.WRITTEN: ROW_LOOKS[RowState.WRITTEN],
    BatchState.UPLOADED: ROW_LOOKS[RowState.UPLOADED],
    BatchState.SENT: ROW_LOOKS[RowState.SENT],
    BatchState.ANSWERED: StateLook("✓", "muted", "", "", "answered by Amazon"),
}

"""The last messages that the screen showed, newest first, each with its time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.notifications import SeverityLevel

from ordertui.messages import N_, _
from ordertui.orders.clock import to_local
from ordertui.tui.message_history import MessageHistory, ShownMessage
from ordertui.tui.render.format import MUTED, Piece, format_zone

from .dialogs import TextScreen

STYLES: dict[SeverityLevel, str] = {"information": "", "warning": "$text-warning", "error": "$text-error"}

SIGNS: dict[SeverityLevel, str] = {"information": " ", "warning": "!", "error": "✗"}


class MessageLogScreen(TextScreen):
    """The messages of this run; `y` copies them."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("exclamation_mark", "leave", N_("close"), show=False)]

    def __init__(self, history: MessageHistory, zone: str) -> None:
        messages = list(history.newest_first())
        text = render_messages(messages, zone)
        super().__init__(_("Messages"), text, copy=text.plain if messages else "")


def render_messages(messages: Iterable[ShownMessage], zone: str) -> Content:
    """Return the messages, a time with its zone before each."""
    pieces: list[Piece] = []
    for one in messages:
        moment = f"{to_local(one.at, zone).strftime('%H:%M:%S')} {format_zone(one.at, zone)}"
        text = one.text.replace("\n", "\n" + " " * (len(moment) + 4))
        pieces += [(f"{moment}  ", MUTED), (f"{SIGNS[one.severity]} {text}\n", STYLES[one.severity])]
    return Content.assemble(*pieces) if pieces else Content(_("No message was shown yet."))

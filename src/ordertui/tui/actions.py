"""The action registry: bindings, key hints, help and the docs table all come from this one list."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class KeyAction:
    """Something a key does."""

    id: str
    """Name in a keymap file."""
    keys: str
    """Comma separated, as Textual names them."""
    action: str
    """The `action_...` method it calls."""
    label: str
    """One or two words, for the hint line."""
    description: str
    """A sentence, for help."""
    group: str
    hint: bool = False
    """Whether the hint line at the foot shows it."""
    shown_key: str = ""
    """How people write the key, when it differs from `keys`."""

    @property
    def key_text(self) -> str:
        """The key as people write it."""
        return self.shown_key or self.keys.split(",")[0]


MAIN_ACTIONS: tuple[KeyAction, ...] = (
    KeyAction(
        "order.cancel",
        "x",
        "plan('cancel')",
        "cancel",
        "Cancel the marked orders, or the one under the cursor: opens the preview",
        "Act",
        True,
    ),
    KeyAction(
        "order.refund",
        "r",
        "plan('refund')",
        "refund",
        "Refund the marked orders, or the one under the cursor: opens the preview",
        "Act",
        True,
    ),
    KeyAction(
        "order.confirm",
        "c",
        "plan('confirm')",
        "confirm",
        "Confirm the shipment of parcels that left, with carrier and tracking",
        "Act",
    ),
    KeyAction("order.message", "m", "message", "message", "Show the text to send to the buyer, and copy it", "Act"),
    KeyAction(
        "batch.undo", "u", "undo", "take back", "Take held orders back; nothing else is undone by this key", "Act", True
    ),
    KeyAction(
        "order.dispatched", "d", "dispatched('yes')", "left", "Say: the parcel was handed to the carrier", "Facts"
    ),
    KeyAction("order.not_dispatched", "D", "dispatched('no')", "still here", "Say: the parcel is still here", "Facts"),
    KeyAction("order.asked", "b", "asked", "asked", "Say: the buyer asked by message (again: take that back)", "Facts"),
    KeyAction(
        "find.filter",
        "slash",
        "filter",
        "filter",
        "Filter: status:unshipped total>50 late; Enter applies, Esc leaves",
        "Find",
        True,
        "/",
    ),
    KeyAction("find.clear", "escape", "clear_filter", "clear", "Clear the filter", "Find", False, "Esc"),
    KeyAction("find.sort", "s", "sort", "sort", "Sort by the next column", "Find"),
    KeyAction("find.reverse", "S", "reverse", "reverse", "Reverse the order", "Find"),
    KeyAction(
        "mark.query",
        "plus",
        "mark_query(True)",
        "mark by",
        "Mark by a filter, without changing what is shown",
        "Mark",
        False,
        "+",
    ),
    KeyAction("mark.unquery", "minus", "mark_query(False)", "unmark by", "Unmark by a filter", "Mark", False, "-"),
    KeyAction("mark.clear", "M", "clear_marks", "clear marks", "Remove every mark", "Mark"),
    KeyAction(
        "batch.outbox",
        "o",
        "outbox",
        "outbox",
        "Batches: what is held, sent, answered; release, take back, where to upload",
        "See",
    ),
    KeyAction(
        "see.detail",
        "enter",
        "detail",
        "details",
        "The whole order with every verdict and its source",
        "See",
        False,
        "Enter",
    ),
    KeyAction("file.import", "i", "import_files", "import", "Read report files or a processing report", "See"),
    KeyAction("see.refresh", "R", "refresh_view", "refresh", "Read the store again", "See"),
    KeyAction("app.help", "question_mark", "help", "help", "All keys", "See", True, "?"),
    KeyAction("app.quit", "q", "quit", "quit", "Leave; held batches stay held and are kept", "See"),
)

TABLE_KEYS: tuple[tuple[str, str], ...] = (
    ("↑ ↓ j k", "Move"),
    ("PgUp PgDn ^u ^d", "Page"),
    ("g G Home End", "First, last"),
    ("space", "Mark or unmark, and go on"),
    ("v V", "Start a range that marks, or unmarks; space ends it, Esc leaves it"),
    ("shift+↑ ↓", "Mark a range"),
    ("a", "Mark all that the filter shows; again: unmark them"),
    ("A", "Invert the marks of all that the filter shows"),
    ("z", "Take the last change of marks back"),
    ("1 to 8", "Work queues"),
)


def bindings(actions: tuple[KeyAction, ...] = MAIN_ACTIONS) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Textual bindings of the registry, with ids so that a keymap can change the keys."""
    return [Binding(a.keys, a.action, a.label, show=a.hint, id=a.id, tooltip=a.description) for a in actions]


TABLE_HINTS = (("space", "mark"), ("v", "range"), ("a", "all"))


def hint_line() -> str:
    """The keys at the foot of the screen: eight at most."""
    hints = [*TABLE_HINTS, *((action.key_text, action.label) for action in MAIN_ACTIONS if action.hint)]
    return "  ".join(f"{key} {label}" for key, label in hints)

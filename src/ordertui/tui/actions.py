"""The action registry: bindings, key hints, help, palette, keymap file and docs/keys.md all come from this one list."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from textual.binding import Binding


class KeyAction(msgspec.Struct, frozen=True):
    """Something a key does."""

    id: str
    """Name in a keymap file. Those of the table begin with `table.`."""
    keys: str
    """Comma separated, as Textual names them."""
    action: str
    """The `action_...` method it calls."""
    label: str
    """One or two words, for the hint line."""
    description: str
    """A sentence, for help."""
    group: str
    hint: int = 0
    """Place in the hint line at the foot, from 1; 0: not there."""

    @property
    def key_text(self) -> str:
        """The keys as people write them."""
        return " ".join(written(key) for key in self.keys.split(",") if key)

    @property
    def first_key(self) -> str:
        """The first key as people write it."""
        return written(self.keys.split(",")[0])


_WRITTEN = {
    "slash": "/", "question_mark": "?", "plus": "+", "minus": "-", "comma": ",", "number_sign": "#", "colon": ":",
    "escape": "Esc", "enter": "Enter", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp",
    "pagedown": "PgDn", "home": "Home", "end": "End", "less_than_sign": "<", "greater_than_sign": ">", "equals_sign": "=",
}  # fmt: skip
NO_KEY = "f24"
"""Bound to what lost its key to the operator's own keymap: no keyboard in use has it."""


def written(key: str) -> str:
    """A key as people write it: `^d`, `shift+↑`, `?`."""
    if key == NO_KEY:
        return "(none)"
    ahead, _, last = key.rpartition("+")
    text = _WRITTEN.get(last, last)
    return f"^{text}" if ahead == "ctrl" else f"{ahead}+{text}" if ahead else text


def _a(id_: str, keys: str, action: str, label: str, description: str, group: str, hint: int = 0) -> KeyAction:
    return KeyAction(id_, keys, action, label, description, group, hint)


TABLE_ACTIONS: tuple[KeyAction, ...] = (
    _a("table.up", "up,k", "move(-1)", "up", "Up", "Move"),
    _a("table.down", "down,j", "move(1)", "down", "Down", "Move"),
    _a("table.page-up", "pageup", "page(-1)", "page up", "A page up", "Move"),
    _a("table.page-down", "pagedown", "page(1)", "page down", "A page down", "Move"),
    _a("table.half-up", "ctrl+u", "half_page(-1)", "half up", "Half a page up", "Move"),
    _a("table.half-down", "ctrl+d", "half_page(1)", "half down", "Half a page down", "Move"),
    _a("table.home", "home", "home", "first", "The first order; g g as well", "Move"),
    _a("table.end", "G,end", "end", "last", "The last order", "Move"),
    _a("table.left", "h,left", "across(-8)", "left", "Scroll to the left, when the columns are wider", "Move"),
    _a("table.right", "l,right", "across(8)", "right", "Scroll to the right", "Move"),
    _a("table.toggle", "space", "toggle_mark", "mark", "Mark or unmark, and go on; takes an open range in", "Mark", 1),
    _a("table.range", "v", "visual(True)", "range", "Begin a range that marks; again takes it in, Esc leaves it", "Mark", 2),
    _a("table.unrange", "V", "visual(False)", "unmark range", "Begin a range that unmarks", "Mark"),
    _a("table.extend-up", "shift+up", "extend(-1)", "range up", "Draw a range upwards", "Mark"),
    _a("table.extend-down", "shift+down", "extend(1)", "range down", "Draw a range downwards", "Mark"),
    _a("table.all", "a", "all", "all", "Mark all that the filter shows; again: unmark them", "Mark", 3),
    _a("table.invert", "A", "invert", "invert", "Turn the marks of all that the filter shows over", "Mark"),
    _a("table.undo", "z", "undo_marks", "undo marks", "Take the last change of marks back", "Mark"),
    _a("table.leave", "escape", "leave_visual", "leave range", "Leave the range; marks stay as they were", "Mark"),
)  # fmt: skip
MAIN_ACTIONS: tuple[KeyAction, ...] = (
    _a("mark.query", "plus", "mark_query(True)", "mark by", "Mark by a filter, without changing what is shown", "Mark"),
    _a("mark.unquery", "minus", "mark_query(False)", "unmark by", "Unmark by a filter", "Mark"),
    _a("mark.same", "comma", "mark_same", "mark same", "Mark what shares a value with this order: SKU, buyer's request, ship-by day...", "Mark"),
    _a("mark.clear", "M", "clear_marks", "clear marks", "Remove every mark", "Mark"),
    _a("mark.last", "L", "last_set", "last set", "Mark again what was marked before it was cleared or committed", "Mark"),
    _a("order.cancel", "x", "plan('cancel')", "cancel", "Cancel the marked orders, or the one under the cursor: opens the preview", "Act", 4),
    _a("order.refund", "r", "plan('refund')", "refund", "Refund the marked orders, or the one under the cursor: opens the preview", "Act", 5),
    _a("order.confirm", "c", "plan('confirm')", "confirm", "Confirm the shipment of parcels that left, with carrier and tracking", "Act"),
    _a("order.message", "m", "message", "message", "Show the text for the buyer: copy it, or send it by the API when Amazon shows the order as shipped", "Act"),
    _a("batch.undo", "u", "undo", "take back", "Take held orders back; nothing else is undone by this key", "Act", 6),
    _a("order.dispatched", "d", "dispatched('yes')", "left", "Say: the parcel was handed to the carrier", "Facts"),
    _a("order.not_dispatched", "D", "dispatched('no')", "still here", "Say: the parcel is still here", "Facts"),
    _a("order.asked", "b", "asked", "asked", "Say: the buyer asked by message (again: take that back)", "Facts"),
    _a("find.filter", "slash", "filter", "filter", "Filter: status:unshipped total>50 late; its first orders come as you type, Enter applies, Esc leaves", "Find", 7),
    _a("find.clear", "escape", "clear_filter", "clear", "Clear the filter", "Find"),
    _a("find.find", "F", "find", "find", "Find by a filter without hiding the others; n and N go through what fits", "Find"),
    _a("find.next", "n", "next(1)", "next", "The next order that was found; with nothing found, the next marked one", "Find"),
    _a("find.previous", "N", "next(-1)", "previous", "The one before", "Find"),
    _a("find.go", "g", "go_to", "go to id", "Go to an order id (g once more: to the first order); several ids (pasted) are marked; pasted onto the table too", "Find"),
    _a("find.views", "f", "views", "views", "Saved views: open, save this one, rename, delete", "Find"),
    _a("find.sort", "s", "sort", "sort", "Choose the column to sort by; the same again turns the order round", "Arrange"),
    _a("find.then", "S", "then_sort", "then sort", "Sort by one more column; chosen again it turns round, then goes", "Arrange"),
    _a("see.columns", "C", "columns", "columns", "Choose, order and widen columns; kept with the view", "Arrange"),
    _a("see.market", "p", "market", "marketplace", "Show the rate of the next marketplace; after the last one, that of the cursor", "Arrange"),
    _a("see.theme", "T", "theme", "theme", "Dark or light", "Arrange"),
    _a("see.detail", "enter", "detail", "details", "The whole order with every verdict, its source and what happened", "See"),
    _a("see.detail-down", "J", "scroll_detail(3)", "detail down", "Scroll the detail pane down", "See"),
    _a("see.detail-up", "K", "scroll_detail(-3)", "detail up", "Scroll the detail pane up", "See"),
    _a("see.rate", "P", "rate", "rate in full", "The rate in full: a month as a chart, what rolls off, its orders, per marketplace", "See"),
    _a("batch.outbox", "o", "outbox", "outbox", "Batches: what is held, sent, answered; release, take back, where to upload", "See"),
    _a("see.refresh", "R", "refresh_view", "refresh", "Read the store again, and show changes that wait", "See"),
    _a("out.copy", "y", "copy", "copy id", "Copy the order id under the cursor", "Out"),
    _a("out.copy-menu", "Y", "copy_menu", "copy...", "Copy the marked ids, or the order as text, JSON or TSV", "Out"),
    _a("out.open", "O", "open_order", "open", "Open the order in Seller Central; without a browser the link is shown", "Out"),
    _a("out.export", "e", "export", "export", "Write the marked orders, or all that are shown, to a CSV, TSV or JSON file", "Out"),
    _a("file.import", "i", "import_files", "import", "Read report files or a processing report", "Files"),
    _a("file.sync", "I", "sync", "sync", "Sync with Amazon: fetch what changed by the API while you work on; again, or Esc, stops", "Files"),
    _a("app.palette", "colon,ctrl+p", "palette", "palette", "Every action by name", "Help"),
    _a("app.help", "question_mark", "help", "help", "All keys; type to narrow", "Help", 8),
    _a("app.tour", "t", "tour", "tour", "The tour in six steps; in a store with real orders, the offer to open the practice store", "Help"),
    _a("app.suspend", "ctrl+z", "suspend", "suspend", "Back to the shell; fg returns", "Help"),
    _a("app.quit", "q", "quit", "quit", "Leave; held batches stay held and are kept", "Help"),
)  # fmt: skip
QUEUE_HELP = ("1 to 8", "Work queues")
ALL_ACTIONS = TABLE_ACTIONS + MAIN_ACTIONS
HINTS = 8
"""Hints in the line at the foot, at most."""


def bindings(actions: Iterable[KeyAction] = MAIN_ACTIONS) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Textual bindings of the registry, with ids so that a keymap can change the keys."""
    return [Binding(a.keys, a.action, a.label, show=bool(a.hint), id=a.id, tooltip=a.description) for a in actions]


def hints(actions: Iterable[KeyAction] = ALL_ACTIONS) -> list[tuple[str, str]]:
    """Key and label of the hints at the foot, in their order: eight at most, help last."""
    found = sorted((action for action in actions if action.hint), key=lambda action: action.hint)
    return [(action.first_key, action.label) for action in found][:HINTS]


def keys_table(actions: Iterable[KeyAction] = ALL_ACTIONS) -> str:
    """The Markdown tables of docs/keys.md, one per group."""
    groups: dict[str, list[KeyAction]] = {}
    for action in actions:
        groups.setdefault(action.group, []).append(action)
    parts = []
    for group, members in groups.items():
        rows = [f"| `{a.key_text}` | {a.description} | `{a.id}` |" for a in members]
        if group == "Find":
            rows.append(f"| `{QUEUE_HELP[0]}` | {QUEUE_HELP[1]} | |")
        parts.append(
            "\n".join([f"## {group}", "", "| key | what it does | name in a keymap |", "|---|---|---|", *rows])
        )
    return "\n\n".join(parts) + "\n"


_PAGE = """# Keys

Written from the action registry by `python scripts/write_keys.py`. `?` on the screen shows the same list, narrowed by what
you type; `:` finds an action by name and does it.

Keys act on the marked orders, or, with none marked, on the one under the cursor; never on all. Nothing leaves by one key:
`x`, `r` and `c` open a preview, `y` there commits, and a committed batch is held before anything is written.

Keys typed faster than the screen works are kept in order and act on what they were meant for. Those typed before a preview
or a question was drawn are thrown away: they cannot answer what nobody has read.

{tables}
## Mouse

Click: cursor. Click on the mark: mark. Shift and click: mark from the cursor to there. Drag: mark a range. Double click: the
whole order. Wheel: scroll. Click on a header: sort; with
shift: by that column too; its edge: drag it to make the column wider. Click on a queue: open it; on the rate: the rate in full. To select text, hold shift, or start with
`ordertui --no-mouse`.

## Your own keys

A file `keys.toml` beside the settings (`ordertui config path` names them) gives an action one key or several:

```toml
"order.cancel" = "ctrl+x"
"table.down" = ["j", "down", "n"]
```

Your keys win: an action that had the key loses it, and the screen says so when it starts. What cannot be read is named, and the
rest holds.
"""


def keys_page() -> str:
    """docs/keys.md."""
    return _PAGE.format(tables=keys_table())

"""The command registry: bindings, key hints, help, palette, keymap file and docs/keys.md come from this one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from textual.binding import Binding

from ordertui.messages import pgettext
from ordertui.operations.query.queues import QUEUES
from ordertui.orders.people import Permission


class Command(msgspec.Struct, frozen=True):
    """Something a key does."""

    id: str
    """Name in a keymap file. Those of the table begin with `table.`."""
    keys: str
    """Comma separated, as Textual names them."""
    run: str
    """For the table: one of its actions, with parameters. Else the function of `tui.commands`, as `module.function`,
    with parameters if it takes any besides the context (and the task, when it is a coroutine function). It is looked up
    when it is used: the start imports none."""
    label: str
    """One or two words, for the key hints."""
    description: str
    """A sentence, for help."""
    group: str
    hint: int = 0
    """Place among the key hints, from 1, the most useful first and help last; 0: not there."""
    palette: str = ":"
    """What opens the palette, where a command without a key is typed; empty: no key does."""

    @property
    def permission(self) -> Permission:
        """What a person must be allowed to do, before anything is asked or shown."""
        return NEEDS.get(self.id, Permission.LOOK)

    @property
    def is_of_table(self) -> bool:
        """Whether the table does it, and not a function."""
        return self.id.startswith("table.")

    @property
    def action(self) -> str:
        """The Textual action that the keys are bound to."""
        return self.run if self.is_of_table else f"run('{self.id}')"

    @property
    def key_text(self) -> str:
        """The keys as people write them; without one what is typed in the palette, as `:undo-import`."""
        if not self.has_key:
            return f"{self.palette}{'' if self.palette == ':' else ' '}{self.id.rpartition('.')[2]}".strip()
        return " ".join(format_key(key) for key in self.keys.split(",") if key)

    @property
    def has_key(self) -> bool:
        """Whether a key does it: few are done so seldom that they have none, and the user's keymap may have given all
        keys of others away.
        """
        return self.keys != NO_KEY

    @property
    def first_key(self) -> str:
        """The first key as people write it; see `key_text`."""
        return self.key_text.split(" ")[0] if self.has_key else self.key_text


_SIGNS = {
    "slash": "/", "question_mark": "?", "plus": "+", "minus": "-", "comma": ",", "number_sign": "#", "colon": ":",
    "escape": "Esc", "enter": "Enter", "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp",
    "pagedown": "PgDn", "home": "Home", "end": "End",
    "exclamation_mark": "!", "tab": "Tab", "full_stop": ".", "left_square_bracket": "[", "right_square_bracket": "]",
    "less_than_sign": "<", "greater_than_sign": ">", "equals_sign": "=", "vertical_line": "|", "backslash": "\\",
}  # fmt: skip
_NAMES = {sign: name for name, sign in _SIGNS.items()}
SPACE = "space"
"""The one key that is called by a word."""
NEEDS: Mapping[str, Permission] = {
    "order.cancel": Permission.COMMIT,
    "order.refund": Permission.COMMIT,
    "order.confirm": Permission.COMMIT,
    "act.repeat": Permission.COMMIT,
    "batch.undo": Permission.RECALL,
    "order.dispatched": Permission.RECORD,
    "order.not_dispatched": Permission.RECORD,
    "order.asked": Permission.RECORD,
    "order.note": Permission.RECORD,
    "file.import": Permission.IMPORT,
    "file.sync": Permission.IMPORT,
    "file.undo-import": Permission.UNDO_IMPORT,
}
"""Commands that a role may not allow, by id; the others look, or change what is on this machine alone."""
NO_KEY = "f24"
"""Bound to a command without a key, which the user's own keymap may give one: no keyboard in use has it."""


def format_key(key: str) -> str:
    """Return a key as people write it: `^d`, `shift+↑`, `?`."""
    ahead, _, last = key.rpartition("+")
    text = _SIGNS.get(last, last)
    text = pgettext("key", text) if last == SPACE else text
    return f"^{text}" if ahead == "ctrl" else f"{ahead}+{text}" if ahead else text


def key_name(text: str) -> str | None:
    """Return the key, as Textual names it, that people write so; None when the text is no key."""
    if text == pgettext("key", SPACE):
        return SPACE
    name = _NAMES.get(text, text)
    return name if name in _SIGNS or (len(name) == 1 and name.isascii() and name.isalnum()) else None


TABLE_COMMANDS: tuple[Command, ...] = (
    Command("table.up", "up,k", "move(-1)", "up", "Up", "Move"),
    Command("table.down", "down,j", "move(1)", "down", "Down", "Move"),
    Command("table.page-up", "pageup", "page(-1)", "page up", "A page up", "Move"),
    Command("table.page-down", "pagedown", "page(1)", "page down", "A page down", "Move"),
    Command("table.half-up", "ctrl+u", "half_page(-1)", "half up", "Half a page up", "Move"),
    Command("table.half-down", "ctrl+d", "half_page(1)", "half down", "Half a page down", "Move"),
    Command("table.home", "home", "home", "first", "The first order; g g as well", "Move"),
    Command("table.end", "G,end", "end", "last", "The last order", "Move"),
    Command("table.left", "h,left", "column(-1)", "column left",
            "The column cursor to the left; columns that are wider than the screen scroll along", "Move"),
    Command("table.right", "l,right", "column(1)", "column right",
            "The column cursor to the right: [ ] sort by that column, H hides it, < > size it, = lists its values",
            "Move"),
    Command("table.toggle", "space", "toggle_mark", "mark",
            "Mark or unmark, and go on; applies an open range", "Mark", 1),
    Command("table.range", "v", "visual(True)", "range",
            "Begin a range to mark; press it again to apply, Esc to cancel", "Mark"),
    Command("table.unrange", "V", "visual(False)", "unmark range", "Begin a range to unmark", "Mark"),
    Command("table.extend-up", "shift+up", "extend(-1)", "range up", "Extend the range upwards", "Mark"),
    Command("table.extend-down", "shift+down", "extend(1)", "range down", "Extend the range downwards", "Mark"),
    Command("table.all", "a", "all", "all", "Mark all that the filter shows; again: unmark them", "Mark", 12),
    Command("table.invert", "A", "invert", "invert", "Invert the marks of all that the filter shows", "Mark"),
    Command("table.leave", "escape", "leave_visual", "leave range", "Cancel the range; no mark changes", "Mark"),
)  # fmt: skip
MAIN_COMMANDS: tuple[Command, ...] = (
    Command("change.undo", "z", "facts.undo_change", "undo marks",
            "Undo the last change of marks or of order facts; press it again to undo the one before", "Mark", 15),
    Command("act.repeat", "full_stop", "batches.repeat", "again",
            "Do the last action again, with the orders that are marked now", "Actions"),
    Command("mark.query", "plus", "marking.mark_by_filter(True)", "mark by",
            "Mark by a filter, without changing what is shown", "Mark"),
    Command("mark.unquery", "minus", "marking.mark_by_filter(False)", "unmark by", "Unmark by a filter", "Mark"),
    Command("mark.same", "comma", "marking.mark_similar", "mark same",
            "Mark what shares a value with this order: SKU, buyer's request, ship-by day...", "Mark"),
    Command("mark.clear", "M", "marking.clear_marks", "clear marks", "Remove every mark", "Mark"),
    Command("mark.last", "L", "marking.restore_last_set", "last set",
            "Mark again what was marked before it was cleared or committed", "Mark"),
    Command("order.cancel", "x", "batches.act('cancel')", "cancel",
            "Cancel the marked orders, or the one under the cursor: opens the preview", "Actions", 2),
    Command("order.refund", "r", "batches.act('refund')", "refund",
            "Refund the marked orders, or the one under the cursor: opens the preview", "Actions", 3),
    Command("order.confirm", "c", "batches.act('confirm')", "confirm",
            "Confirm the shipment of parcels that left, with carrier and tracking", "Actions", 4),
    Command("order.message", "m", "output.show_message", "message",
            "Walk through the texts for the buyers of the marked orders, or show that of the one under the cursor: copy"
            " it, or send it by the API when Amazon shows the order as shipped", "Actions", 13),
    Command("order.shortage", "w", "shortage.weigh_sku", "which",
            "Which orders to cancel when units are missing: asks for the units on hand of the SKU under the cursor, and"
            " opens the shortage sheet", "Actions"),
    Command("batch.undo", "u", "batches.undo_held", "undo",
            "Undo held orders: the marked ones, or a batch; it asks", "Actions", 5),
    Command("order.dispatched", "d", "facts.set_dispatched('yes')", "left",
            "Mark as handed to the carrier", "Order facts"),
    Command("order.not_dispatched", "D", "facts.set_dispatched('no')", "still here",
            "Mark as still here, not handed to the carrier", "Order facts"),
    Command("order.asked", "b", "facts.toggle_asked", "asked",
            "Mark as requested by message (press it again to undo)", "Order facts"),
    Command("order.note", "N", "facts.write_note", "note",
            "Write a note on the marked orders, or the one under the cursor; `note:` finds it, exports have it",
            "Order facts", 16),
    Command("find.filter", "slash", "view.type_filter", "filter",
            "Filter: status:unshipped total>50 late; its first orders come as you type, Enter applies, Esc"
            " leaves", "Find", 6),
    Command("find.clear", "escape", "view.clear_filter", "clear", "Clear the filter", "Find"),
    Command("find.find", "F", "navigation.find", "find",
            "Find by a filter without hiding the others; n and # go through what fits", "Find"),
    Command("find.next", "n", "navigation.step(True)", "next",
            "The next order that was found; with nothing found, the next marked one (# goes back)", "Find"),
    Command("find.previous", "number_sign", "navigation.step(False)", "previous", "The previous one", "Find"),
    Command("find.go", "g", "navigation.go_to_id", "go to id",
            "Go to an order id, or find a part of one (g once more: the first order); several ids (pasted) are"
            " marked; pasted onto the table too", "Find"),
    Command("find.back", "ctrl+o", "view.jump_back", "jump back",
            "Back to the queue, the filter and the order that were left last; again: to those before", "Find"),
    Command("find.views", "f", "view.open_saved_view", "views",
            "Saved views: open, save this one, rename, delete", "Find"),
    Command("find.sort", "s", "view.sort", "sort",
            "Choose the column to sort by; choose it again to reverse", "Arrange"),
    Command("find.then", "S", "view.sort_further", "then sort",
            "Sort by one more column; choose it again to reverse, once more to remove it", "Arrange"),
    Command("column.up", "left_square_bracket", "columns.sort_by_column(False)", "sort up",
            "Sort by the column under the column cursor, smallest first", "Arrange"),
    Command("column.down", "right_square_bracket", "columns.sort_by_column(True)", "sort down",
            "Sort by the column under the column cursor, largest first", "Arrange"),
    Command("column.hide", "H", "columns.hide_column", "hide column", "Hide the column under the column cursor",
            "Arrange"),
    Command("column.narrow", "less_than_sign", "columns.widen_column(-2)", "narrower",
            "Make the column under the column cursor narrower", "Arrange"),
    Command("column.widen", "greater_than_sign", "columns.widen_column(2)", "wider",
            "Make the column under the column cursor wider", "Arrange"),
    Command("find.values", "equals_sign", "columns.show_values", "values",
            "Values with their counts, SKUs or those of the column under the column cursor: Enter filters, space marks",
            "Find", 11),
    Command("see.columns", "C", "view.choose_columns", "columns",
            "Choose, order and widen columns; kept with the view", "Arrange"),
    Command("see.fba", "B", "view.toggle_fba", "FBA",
            "Show or hide FBA orders, which Amazon ships; a filter with channel: shows them too", "Arrange"),
    Command("see.zoom", "vertical_line", "view.zoom_pane", "zoom",
            "Make the side pane wide, with reasons, sources and history; again: as before", "View"),
    Command("see.pane", "backslash", "view.toggle_pane", "pane", "Hide or show the side pane", "View"),
    Command("see.market", "p", "view.switch_marketplace", "marketplace",
            "Show the rate of the next marketplace; after the last one, that of the cursor", "Arrange"),
    Command("see.theme", "T", "app.switch_theme", "theme", "Dark or light", "Arrange"),
    Command("see.detail", "enter", "view.show_order", "open",
            "The whole order: reasons, sources, history; n and p go on, x r c m act on the order shown", "View", 7),
    Command("see.detail-down", "J", "view.scroll_detail(3)", "detail down", "Scroll the detail pane down", "View"),
    Command("see.detail-up", "K", "view.scroll_detail(-3)", "detail up", "Scroll the detail pane up", "View"),
    Command("see.rate", "P", "view.show_rate", "rate in full",
            "The rate in full: a month as a chart, what rolls off, its orders, per marketplace", "View"),
    Command("batch.outbox", "o", "batches.show_outbox", "outbox",
            "Batches: what is held, waits for approval, was sent, answered; approve, release, undo, upload", "View", 8),
    Command("see.refresh", "R", "view.refresh", "refresh", "Read the store again, and show changes that wait", "View"),
    Command("out.copy", "y", "output.copy_id", "copy id", "Copy the order id under the cursor", "Copy and export"),
    Command("out.copy-menu", "Y", "output.copy_as", "copy...",
            "Copy the marked ids, or the order as text, JSON or TSV", "Copy and export"),
    Command("out.open", "O", "output.open_in_seller_central", "open",
            "Open the order in Seller Central; without a browser the link is shown", "Copy and export"),
    Command("out.export", "e", "output.export", "export",
            "Write the marked orders, or all that are shown, to a CSV, TSV or JSON file", "Copy and export"),
    Command("file.import", "i", "imports.import_files", "import", "Read report files or a processing report",
            "Files", 9),
    Command("file.sync", "I", "imports.sync", "sync",
            "Sync with Amazon: fetch what changed by the API while you work on; again, or Esc, stops", "Files"),
    Command("file.undo-import", NO_KEY, "imports.undo_import", "undo import",
            "Undo an import of a report file: choose one of the last; what would change is said first", "Files"),
    Command("app.palette", "colon,ctrl+p", "app.open_palette", "palette",
            "Every action by name, and commands: late, queue 3, sort ship-by, filter sku:A*, mark late, go 2692460;"
            " Tab completes", "Help", 14),
    Command("app.help", "question_mark", "app.show_help", "help", "All keys; type to narrow", "Help", 17),
    Command("app.messages", "exclamation_mark", "app.show_messages", "messages",
            "The last messages, newest first, each with its time", "Help"),
    Command("app.tour", "t", "app.start_tour", "tour",
            "The tour in seven steps; in a store with real orders, the offer to open the practice store", "Help"),
    Command("app.language", "f2", "app.switch_language", "language",
            "The screen in English or Chinese (中文); `:language zh` does too, and `language` in the settings keeps it",
            "Help"),
    Command("app.suspend", "ctrl+z", "app.suspend", "suspend", "Back to the shell; fg returns", "Help"),
    Command("app.quit", "q", "app.leave", "quit", "Leave; held batches stay held and are kept", "Help", 10),
)  # fmt: skip
QUEUE_COMMANDS: tuple[Command, ...] = tuple(
    Command(f"queue.{queue.key}", str(number % 10), f"view.show_queue('{queue.key}')", queue.title, queue.title, "Find")
    for number, queue in enumerate(QUEUES, start=1)
)
"""The work queues: keys that cannot be changed, in help as the one line QUEUE_HELP."""
QUEUE_HELP = ("1 to 9", "Work queues; 9: the marked orders. 0: orders that a newer report leaves out")
ALL_COMMANDS = TABLE_COMMANDS + MAIN_COMMANDS


def find_command(command_id: str) -> Command:
    """Return the command of this id. Raises KeyError."""
    return _BY_ID[command_id]


_BY_ID = {command.id: command for command in ALL_COMMANDS + QUEUE_COMMANDS}


def bindings(
    commands: Iterable[Command] = MAIN_COMMANDS + QUEUE_COMMANDS,
) -> list[Binding | tuple[str, str] | tuple[str, str, str]]:
    """Return Textual bindings for these commands, with ids, so that a keymap can change the keys."""
    return [
        Binding(
            command.keys,
            command.action,
            command.label,
            show=bool(command.hint),
            id=command.id,
            tooltip=command.description,
        )
        for command in commands
    ]


class Hint(msgspec.Struct, frozen=True):
    """A key with its word at the foot of the screen; `command_id` is what a click on it does."""

    key: str
    label: str
    command_id: str


def hints(commands: Iterable[Command] = ALL_COMMANDS) -> list[Hint]:
    """Return the hints at the foot of the screen: the most useful first, help last."""
    found = sorted((command for command in commands if command.hint), key=lambda command: command.hint)
    shown = [Hint(command.first_key, command.label, command.id) for command in found]
    place = next((place for place, hint in enumerate(shown) if hint.command_id == "find.filter"), 0)
    shown.insert(place, Hint("1-9", "queue", ""))
    return shown

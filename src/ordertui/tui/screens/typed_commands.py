"""Commands that are typed with an argument after `:`, such as `sort ship-by`: read, checked and completed.

Pure: what a line means. `tui.commands.typed` does it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from ordertui.messages import LANGUAGES, find_language
from ordertui.operations.errors import UnknownChoice
from ordertui.operations.query.facets import FACETS, quoted
from ordertui.operations.query.queues import QUEUES
from ordertui.operations.query.sort_order import key_names, read_sorting
from ordertui.rules.language import Condition, complete, word_start
from ordertui.tui.widgets.order_table.columns import COLUMNS


class Verb(msgspec.Struct, frozen=True):
    """The first word of a typed command."""

    word: str
    argument: str
    """What follows it, in one word; empty: nothing does."""
    description: str


class TypedCommand(msgspec.Struct, frozen=True):
    """A typed command that was read and found right."""

    text: str
    """As it was typed, with single blanks: the history keeps it."""
    verb: str
    argument: str


QUEUE_WORDS = {queue.key.replace("_", "-"): queue for queue in QUEUES}
"""Queues as they are typed."""
VERBS = {
    verb.word: verb
    for verb in (
        *(Verb(word, "", f"Work queue {queue.title}") for word, queue in QUEUE_WORDS.items()),
        Verb("queue", "NUMBER", "Open a work queue: 3, or its name"),
        Verb("filter", "FILTER", "Show what fits a filter: sku:A* late"),
        Verb("find", "FILTER", "Find by a filter without hiding the others"),
        Verb("mark", "FILTER", "Mark what fits a filter, shown or not"),
        Verb("unmark", "FILTER", "Unmark what fits a filter"),
        Verb("marks", "of NAME", "Show what somebody of the team marked: of ana; alone: who has marks"),
        Verb("sort", "KEYS", "Sort: ship-by, or status,-total"),
        Verb("columns", "KEYS", "Show these columns: order total:12 title; none: as usual"),
        Verb("values", "FACT", "List the values of a fact with their counts"),
        Verb("view", "NAME", "Open a saved view"),
        Verb("shortage", "SKU UNITS", "Which orders to cancel when units are missing: MUG-BLUE 12, or a stock file"),
        Verb("language", "LANGUAGE", "Show the screen in this language: en, zh"),
        Verb("go", "ID", "Go to an order id, or to a part of one"),
    )
}
_OPTIONAL = frozenset({"filter", "columns", "values", "marks"})
"""Verbs whose argument may be left out when a blank follows them."""


class CommandReader(msgspec.Struct, frozen=True):
    """Reads typed commands. `read_filter` raises FilterError; `views` are the names of the saved views."""

    read_filter: Callable[[str], Condition]
    views: Sequence[str] = ()

    def read(self, text: str) -> TypedCommand | None:
        """Return the command of a line; None when its first word is none of VERBS, or its argument is still missing.

        Raises FilterError or UnknownChoice when the argument is wrong.
        """
        word, blank, argument = text.lstrip().partition(" ")
        verb, argument = VERBS.get(word.lower().replace("_", "-")), " ".join(argument.split())
        if verb is None or (verb.argument and not argument and not (blank and verb.word in _OPTIONAL)):
            return None
        if not verb.argument and argument:
            return None
        self._check(verb.word, argument)
        return TypedCommand(f"{verb.word} {argument}".strip(), verb.word, argument)

    def _check(self, verb: str, argument: str) -> None:
        if verb in ("filter", "find", "mark", "unmark"):
            self.read_filter(argument)
        elif verb == "sort":
            read_sorting(sort_text(argument), down=False)
        elif verb == "queue":
            queue_key(argument)
        elif verb == "marks" and argument:
            self.read_filter(marked_by(argument))
        elif verb == "values" and argument and argument not in FACETS:
            raise UnknownChoice("fact", argument, tuple(FACETS))
        elif verb == "view" and argument not in self.views:
            raise UnknownChoice("saved view", argument, tuple(self.views))
        elif verb == "language" and find_language(argument) is None:
            raise UnknownChoice("language", argument, tuple(LANGUAGES))
        elif verb == "columns":
            known = [column.key for column in COLUMNS]
            for one in argument.split():
                if one.partition(":")[0] not in known:
                    raise UnknownChoice("column", one, tuple(known))

    def complete(self, text: str) -> list[str]:
        """Return whole lines that the line may become, the verb alone or the verb with an argument."""
        word, blank, argument = text.lstrip().partition(" ")
        if not blank:
            return [verb.word + " " * bool(verb.argument) for verb in VERBS.values() if verb.word.startswith(word)]
        head = f"{word} "
        if word in ("filter", "find", "mark", "unmark"):
            start = word_start(argument, len(argument))
            return [head + argument[:start] + found for found in complete(argument, len(argument))]
        known: Sequence[str] = {
            "queue": tuple(QUEUE_WORDS), "view": self.views, "language": tuple(LANGUAGES), "values": tuple(FACETS),
            "sort": key_names(), "columns": [column.key for column in COLUMNS],
        }.get(word, ())  # fmt: skip
        before, last = _last_word(argument, "," if word == "sort" else " " if word == "columns" else "")
        sign = last[:1] if word == "sort" and last[:1] in ("-", "+") else ""
        return [head + before + sign + one for one in known if one.startswith(last[len(sign) :]) and sign + one != last]


def sort_text(argument: str) -> str:
    """Return sort keys that blanks or commas part as `sort_order` reads them."""
    return ",".join(argument.replace(",", " ").split())


def marked_by(argument: str) -> str:
    """Return the filter of what somebody marked, from `of ana` or `ana`."""
    name = argument.removeprefix("of ").strip()
    return f"marked-by:{quoted(name)}"


def queue_key(text: str) -> str:
    """Return the key of a queue from its number (0 for the last) or its name. Raises UnknownChoice."""
    if text.isascii() and text.isdigit() and int(text) <= len(QUEUES):
        return QUEUES[int(text) - 1].key
    word = text.lower().replace("_", "-").replace(" ", "-")
    if word not in QUEUE_WORDS:
        raise UnknownChoice("queue", text, tuple(QUEUE_WORDS))
    return QUEUE_WORDS[word].key


def _last_word(text: str, separator: str) -> tuple[str, str]:
    """Return what stands before the word that is being typed, separator included, and that word."""
    if not separator:
        return "", text
    before, mark, last = text.rpartition(separator)
    return before + mark, last

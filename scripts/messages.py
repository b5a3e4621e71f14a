"""Bring the catalogs of `src/ordertui/messages` up to date with the source, and compile them (`make messages`).

Texts come from three places: calls of `_`, `ngettext`, `pgettext` and `N_`; the registries of keys, queues, filter
fields and the like; and the sentences that the layers below the screen write in English (errors, reasons of the rules),
which `ordertui.messages.sentences` recognises. Needs Babel, a tool for developers: the program reads the compiled files
with the standard library.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from ordertui.messages import CHINESE
from ordertui.operations.batches.batch import DueStep
from ordertui.operations.facts import ASKED_WORDS, DISPATCHED_WORDS
from ordertui.operations.query.queues import QUEUES
from ordertui.rules.language import FIELDS
from ordertui.tui.actions import ALL_COMMANDS, QUEUE_COMMANDS, QUEUE_HELP
from ordertui.tui.render.format import GLYPH
from ordertui.tui.typed_commands import VERBS

ROOT = Path(__file__).resolve().parent.parent / "src" / "ordertui"
FOLDER = ROOT / "messages"
CATALOGS = (CHINESE,)
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
}  # fmt: skip


def extracted() -> Iterator[tuple[str | tuple[str, str], str | None]]:
    """Yield every message of the program, with its context: a text, or singular and plural."""
    for _file, _line, message, _comments, context in extract_from_dir(
        ROOT, [("**.py", "python")], keywords=KEYWORDS, strip_comment_tags=True
    ):
        yield (message[0], message[1]) if isinstance(message, tuple) else message, context
    yield from registered()


def registered() -> Iterator[tuple[str, str | None]]:
    """Yield the texts that stand in registries and are translated where they are shown, with their contexts."""
    for command in ALL_COMMANDS + QUEUE_COMMANDS:
        yield command.label, "key"
        yield command.description, None
        yield command.group, None
    yield from ((text, None) for text in (*QUEUE_HELP, "queue"))
    for queue in QUEUES:
        yield from ((text, None) for text in (queue.title, queue.why_empty, queue.unknown_why) if text)
    yield from ((field.help, None) for field in FIELDS.values())
    yield from ((verb.description, None) for verb in VERBS.values())
    yield from ((status, None) for status in GLYPH)
    yield from ((step.value, None) for step in DueStep)
    yield from ((word, None) for word in (*DISPATCHED_WORDS.values(), *ASKED_WORDS.values()))
    for path in sorted((ROOT / "tui").rglob("*.py")):
        yield from ((sentence, None) for sentence in action_sentences(path))


def action_sentences(path: Path) -> Iterator[str]:
    """Yield the first sentence of each action of a screen: the help of its keys shows it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("action_"):
            yield (ast.get_docstring(node) or "").split("\n")[0].rstrip(".")


def template() -> Catalog:
    """Return all messages without translations."""
    catalog = Catalog(project="ordertui", charset="utf-8", fuzzy=False)
    for message, context in extracted():
        catalog.add(message, context=context)
    return catalog


def updated(language: str) -> Catalog:
    """Return a catalog with the messages of today: what is gone is dropped, what is new has no translation."""
    path = FOLDER / f"{language}.po"
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    else:
        catalog = Catalog(locale=language, project="ordertui", charset="utf-8", fuzzy=False)
    catalog.update(template(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def write(language: str) -> list[str]:
    """Write a catalog and compile it; return the messages that have no translation."""
    catalog = updated(language)
    with (FOLDER / f"{language}.po").open("wb") as file:
        write_po(file, catalog, no_location=True, omit_header=False, sort_output=True, width=120)
    text = (FOLDER / f"{language}.po").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith(('"POT-Creation', '"PO-Revision'))]
    (FOLDER / f"{language}.po").write_text("".join(kept), encoding="utf-8")  # dates would differ in every branch
    (FOLDER / f"{language}.mo").write_bytes(compiled(language))
    return missing(catalog)


def missing(catalog: Catalog) -> list[str]:
    """Return the messages that have no translation."""
    found = []
    for message in catalog:
        text = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
        if message.id and not all(text):
            found.append(message.id if isinstance(message.id, str) else message.id[0])
    return found


def compiled(language: str) -> bytes:
    """Return what the .mo file of a catalog holds."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    no_date: Any = None  # the stubs know no catalog without one, and Babel may not be installed
    catalog.creation_date = catalog.revision_date = no_date
    out = BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> int:
    """Write every catalog; exit 1 while a translation is missing."""
    gaps = {language: write(language) for language in CATALOGS}
    for language, messages in gaps.items():
        for message in messages:
            print(f"{language}: no translation of {message!r}")
        print(f"{language}: {len(messages)} without translation")
    return int(any(gaps.values()))


if __name__ == "__main__":
    sys.exit(main())

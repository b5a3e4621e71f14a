"""Bring the catalogs of `src/ordertui/messages` up to date with the source, and compile them (`make messages`).

Texts come from three places: calls of `_`, `ngettext`, `pgettext` and `N_`; the registries of keys, queues, filter
fields and the like; and the sentences that the layers below the screen write in English (errors, reasons of the rules),
which `ordertui.messages.sentences` recognises. Needs Babel, a tool for developers: the program reads the compiled files
with the standard library.
"""

from __future__ import annotations

import ast
import datetime
import re
import sys
import tomllib
from calendar import month_abbr
from collections.abc import Collection, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ordertui.messages import CHINESE, JOINTS
from ordertui.messages.sentences import CODE
from ordertui.operations.batches.batch import DueStep
from ordertui.operations.facts import ASKED_WORDS, DISPATCHED_WORDS
from ordertui.operations.planning.reasons import REASONS
from ordertui.operations.query.queues import QUEUES
from ordertui.orders.api_facts import AMAZON_BUSINESS, SELLER_FULFILLED_PRIME
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action, Program, ReportKind
from ordertui.orders.order import COMPONENTS, UNDATED_PRICE
from ordertui.rules.language import FIELDS
from ordertui.rules.situation import FACTS
from ordertui.tui.actions import ALL_COMMANDS, QUEUE_COMMANDS, QUEUE_HELP, SPACE
from ordertui.tui.render.format import GLYPH
from ordertui.tui.screens.typed_commands import VERBS

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parent.parent / "src" / "ordertui"
FOLDER = ROOT / "messages"
CATALOGS = (CHINESE,)
NO_DATE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""Stands in every compiled catalog, so that the same texts make the same bytes."""
CALLS = frozenset({"_", "N_", "ngettext", "pgettext", "UnknownChoice"})
"""Functions whose literals are messages, and the error whose literal stands in its sentence. They are found in the
syntax tree: Babel's own reader of Python looks at tokens, and before Python 3.12 a call inside of an f-string is no
token."""


Extracted = tuple[str | tuple[str, str], str | None]
"""A message, a text or singular and plural, and its context."""


@cache
def extracted() -> tuple[Extracted, ...]:
    """Return every message of the program. The source is read once: three tests ask for all of it."""
    return (*called(), *registered())


def called() -> Iterator[Extracted]:
    """Yield the messages that stand in calls."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                if node.func.id == "ngettext" and len(texts) == 2:
                    yield (texts[0], texts[1]), None
                elif node.func.id == "pgettext" and len(texts) == 2:
                    yield texts[1], texts[0]
                elif node.func.id in ("_", "N_", "UnknownChoice") and texts:
                    yield texts[0], None


def registered() -> Iterator[tuple[str, str | None]]:
    """Yield the texts that stand in registries and are translated where they are shown, with their contexts."""
    for command in ALL_COMMANDS + QUEUE_COMMANDS:
        yield command.label, "key"
        yield command.description, None
        yield command.group, None
    yield from ((text, None) for text in QUEUE_HELP)
    yield from ((text, "key") for text in ("queue", SPACE))
    yield from ((joint, "joint") for joint in JOINTS)
    yield from ((unit, "unit") for unit in ("s", "min", "m", "h", "d"))
    for queue in QUEUES:
        yield from ((text, None) for text in (queue.title, queue.why_empty, queue.unknown_why) if text)
    yield from ((field.help, None) for field in FIELDS.values())
    yield from ((verb.description, None) for verb in VERBS.values())
    yield from ((status, "rate") for status in GLYPH)
    yield from ((step.value, None) for step in DueStep)
    yield from ((word, CODE) for word in codes())
    yield from ((name.replace("_", " "), None) for name in COMPONENTS)
    yield from ((reason, "reason") for codes_of in REASONS.values() for reason in codes_of)
    yield from ((word, None) for word in (*DISPATCHED_WORDS.values(), *ASKED_WORDS.values()))
    yield from ((template, None) for template in sentence_templates())
    for path in sorted((ROOT / "tui").rglob("*.py")):
        yield from ((sentence, None) for sentence in action_sentences(path))


def codes() -> Iterator[str]:
    """Yield the words of closed lists that stand in sentences: names and values of facts, actions, states of rows."""
    yield from ("is", "or", "not", "retry", "left", "paid", "you", "somebody", "done", "kept", "this", "late", *FACTS)
    yield from month_abbr[1:]
    yield from (value.value for values in FACTS.values() for value in values)
    yield from (value.value for kind in (Action, RowState, BatchState, Program, ReportKind) for value in kind)


def action_sentences(path: Path) -> Iterator[str]:
    """Yield the first sentence of each action of a screen: the help of its keys shows it."""
    classes = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.ClassDef)]
    for node in (member for one in classes for member in one.body):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("action_"):
            yield (ast.get_docstring(node) or "").split("\n")[0].rstrip(".")


SENTENCE_MODULES = (
    "amazon/feeds/flat_file", "amazon/feeds/items", "amazon/feeds/xml_schema", "amazon/processing_report",
    "amazon/reports/cancellation_rate", "amazon/reports/cell_parsers", "amazon/reports/cell_values",
    "amazon/reports/inspect", "amazon/reports/report_file", "amazon/reports/row_reader", "amazon/reports/row_shape",
    "amazon/spapi/auth", "amazon/spapi/client",
    "amazon/spapi/decoding", "amazon/spapi/documents", "amazon/spapi/errors", "amazon/spapi/order_mapping",
    "amazon/spapi/own_totals", "operations/batches/approvals", "operations/batches/batch",
    "operations/batches/committer", "operations/batches/open_issues", "operations/batches/retry",
    "operations/batches/service", "operations/batches/settle", "operations/batches/splitting",
    "operations/batches/upload", "operations/claims", "operations/copies", "operations/denials",
    "operations/dispatch/dispatcher", "operations/dispatch/feed_dispatcher",
    "operations/dispatch/feed_schedule", "operations/dispatch/feed_submitter", "operations/dispatch/feed_tracker",
    "operations/dispatch/file_dispatcher", "operations/dispatch/freeze", "operations/dispatch/service",
    "operations/dispatch/shipment_call", "operations/dispatch/status_text", "operations/eligibility",
    "operations/errors", "operations/facts", "operations/maintenance", "operations/notices",
    "operations/planning/effects", "operations/planning/feed_builder", "operations/planning/fitting",
    "operations/planning/house_rules", "operations/planning/lines", "operations/planning/message_texts",
    "operations/planning/offer_removal", "operations/planning/order_planner", "operations/planning/plan_file",
    "operations/planning/planner", "operations/planning/reasons", "operations/planning/warnings", "operations/policies",
    "operations/query/api_sentences", "operations/query/facets", "operations/query/orders", "operations/query/queues",
    "operations/query/timeline", "operations/rate/budget", "operations/rate/calculator", "operations/rate/known_days",
    "operations/rate/lists",
    "operations/rate/prime_rate", "operations/reports/closing", "operations/reports/files",
    "operations/reports/importer", "operations/reports/marketplaces", "operations/reports/progress",
    "operations/reports/rate_report",
    "operations/results/bookings", "operations/results/evaluation", "operations/results/matching",
    "operations/results/reconciler", "operations/shortage/reasons", "operations/shortage/service",
    "operations/shortage/stock_file", "operations/sync/account", "operations/sync/buyer_messages",
    "operations/sync/connection", "operations/sync/credentials", "operations/sync/order_sync",
    "operations/sync/refund_confirmations", "operations/sync/report_sync", "operations/sync/status",
    "operations/sync/unread_orders", "operations/team_marks", "operations/workspace", "orders/api_facts",
    "orders/people", "orders/refund_limit", "orders/text", "rules/language/lexer", "rules/language/literals",
    "rules/language/parser", "rules/tables/explanation", "store/copy/local_copy", "store/engine/address",
    "store/engine/moved", "store/engine/postgres", "store/engine/sqlite", "store/importing/import_history",
    "store/importing/mend", "store/journal/batches", "store/journal/refunds", "store/journal/wishes",
)  # fmt: skip
"""Modules whose sentences reach the screen; of the others their errors do."""
WITHOUT_ERRORS = ("cli", "tui", "messages")
"""Packages whose errors are no sentences of lower layers: commands stay English, the screen's texts are messages."""
COMMANDS_ONLY = (
    "operations/batches/adoption", "operations/bug_report", "operations/demo/example_files", "operations/notify",
    "operations/planning/choice_files", "operations/query/recount", "operations/rate/comparison",
    "operations/settings_check",
    "operations/settings_text", "operations/store_move", "operations/team", "operations/worker", "rules/policy",
    "rules/problems", "rules/tables/reader", "rules/tables/checker", "rules/tables/schema", "store/move",
    "store/repositories/audit_verify", "store/repositories/team",
)  # fmt: skip
"""Modules and packages whose sentences only commands show: for policies, teams, moves, notifications, the worker."""
POLICY_TEXTS = frozenset({"why", "short", "note", "text"})
"""Keys of a policy file whose values are shown."""
NOUNS = (
    "order", "row", "file", "line", "unit", "item", "report", "day", "batch", "request", "problem", "difference",
)  # fmt: skip
"""Counted by `pluralize` inside of sentences."""


JOINED = (
    "of {0}, Amazon restocks {1}; {2}",
    "{0} counts in these {1}", "{0} count in these {1}", "none counts in these {0}",
    "{0}, {1} was placed before them", "{0}, {1} were placed before them", "{0} adds nothing", "{0} add nothing",
    "column {0}: {1}", "fits {0}", "1. Upload {0}", "{0}: {1} ({2})",
    "{0} (did you mean '{1}'?)", "{0} (read {1})", "{0} (it is {1})", "{0}; it was read at {1}",
    "{0} ({1}, process {2})", "it may not be cancelled: {0}", "you said so", "version {0}",
    "its buyer requested cancellation on Amazon",
    "{0} in {1} that you keep and {2} in orders that may not be cancelled",
    f"{{0}} of {SELLER_FULFILLED_PRIME}", f"{{0}} of {AMAZON_BUSINESS}",
    f"{{0}}: {UNDATED_PRICE}", UNDATED_PRICE,
    "the value", "the merchant id", "the Cancellation Rate report", "taken back",
    "receiver {0} under [notify]", "rule {0} under [[colours]]", "it left from another store", "not in it",
    "batch {0} may have done it already ({1})", "order {0} in batch {1}", "submission {0} of batch {1}",
    "it confirmed what a batch did", "an older version of ordertui made it",
    "it is a Cancellation Rate report: `ordertui rate-reports --undo`", "it was undone", "Amazon's API said it",
    "{0} under {1} is {2}; it takes: {3}", "{0} under {1} is missing",
    "{0} is to be written as tables {1}",
    "it names more than {0} orders", "import {0}, which came later, names more than {1} orders",
    "only the newest imports can be undone, of {0} orders together", "a day", "a week", "today", "this week",
    "over the budget of {0} counting cancellations {1}: {2} are committed {3}, {4} with this batch",
    "house rule {0}: over the budget of {1} counting cancellations {2}: {3} are committed {4}, {5} with this batch"
    " ({6})",
    "beyond the budget of {0}", "a viewer", "an agent", "a lead", "an owner", "NO LINE", "STANDS STILL",
    "batch {0} ({1}), {2}, {3}: {4}",
    "batch {0}", "batch {0}: {1}", "feed {0}", "line {0}", "line {0}: {1}", "order {0}", "order {0}: {1}", "note: {0}",
    "rejected: {0}", "placed", "program {0}", "template {0}", "parcel {0}: {1}", "parcel {0}: {1}, left {2}",
    "{0} (item {1})", "{0} (against {1})", "{0} changed", "{0} written", "{0}, batch {1}", "{0}, by {1}",
    "{0}, by {1}: {2}", "{0}, page {1}", "{0}: history {1}", "{0}: selling", "{0} went to Amazon by the API",
    "{0} written for upload", "Seller Central help {0}", "can message", "Marketplace", "batches {0} written",
    "from {0} to {1}",
    "house rule {0}", 'a house rule needs an id, such as id = "big-orders"',
    "house rule {0} needs a when, as typed into the filter bar", "house rule {0} needs a why",
    "the sentence that the operator reads", "house rule {0} can never apply", "its condition contradicts itself",
    "it ends before it begins", "house rule {0} can never apply to {1}",
    "Amazon's rules already refuse it for every order that fits {0}",
    "Amazon's rules already refuse every action for the orders that fit {0}", "house rule {0} can never matter",
    "{0} applies to every order that fits it", "house rules {0} and {1} contradict each other",
    "the same orders get {0} and {1}", "only {0} would ever count", "this id is used twice", "unknown key {0}",
    "unknown section {0}", "{0} is no action of a batch", "{0} is no effect", "a house rule can only tighten",
    "its effect is {0}, never {1}", "its effect is {0}", "action names at least one of {0}",
    "{0} is a day such as 2026-12-31 without quotes, not {1}",
    "{0} is a day such as 2026-11-23 without quotes, not {1}", "rules are written as [[rule]]",
    "there is no setting {0}", "there is no marketplace {0}", "there is no edition {0}",
    "{0} is a whole number from 1 to {1}, not {2}",
    "{0} gives minutes (0 to 1440) for cancel, refund and confirm, not {1}",
    "{0} is a share as text between 0 and 1, such as '0.025', not {1}", "{0} is one of {1}, not {2}",
    "{0} is Amazon's and cannot be changed", "choose the edition in the settings instead",
    "{0} is a whole number of counting cancellations from 0 to {1}, not {2}",
    '{0} is a list of filters, such as ["business", "prime"]', "is not TOML", "it is too complex to check",
    "split it into several rules", "there are", "shortage", "budget",
)  # fmt: skip
"""Sentences that are joined from pieces, and their beginnings and ends."""


@cache
def sentence_templates() -> tuple[str, ...]:
    """Return the sentences of the lower layers, with fields such as `{0}` for what varies."""
    found = {f"{{0}} {noun}{ending}" for noun in NOUNS for ending in ("", "es" if noun == "batch" else "s")}
    found.update(JOINED)
    for name in ("amazon", "article"):
        found.update(policy_texts(tomllib.loads((ROOT / f"rules/policies/{name}.toml").read_text(encoding="utf-8"))))
    for module in SENTENCE_MODULES:
        texts = sentences_in(ast.parse((ROOT / f"{module}.py").read_text(encoding="utf-8")))
        found.update(text for text in texts if is_sentence(text))
    found.update(text for text in error_sentences() if is_sentence(text))
    return tuple(sorted(found))


def sentences_in(tree: ast.Module) -> Iterator[str]:
    """Yield the string literals of a module, docstrings excepted."""
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for text in sentences_of(tree, docs):
        yield text.removeprefix("   ")  # a line that stands further in


def error_sentences() -> Iterator[str]:
    """Yield the texts of errors that reach the screen: what is given to one where it is raised or made."""
    trees = {
        path.relative_to(ROOT).with_suffix("").as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(ROOT.rglob("*.py"))
    }
    kinds = error_kinds(trees.values())
    for module, tree in trees.items():
        if module.startswith(tuple(f"{one}/" for one in WITHOUT_ERRORS)) or is_of_commands(module):
            continue
        yield from error_texts(tree, kinds)


def error_texts(tree: ast.Module, kinds: Collection[str]) -> Iterator[str]:
    """Yield the texts of a module that are raised, given to an error, or made by the class of one (`kinds`)."""
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.expr() as error):
                yield from sentences_of(error, set())
            case ast.Call(func=ast.Name(name) | ast.Attribute(attr=name)) if name in kinds:
                yield from sentences_of(node, set())
            case ast.ClassDef(name) if name in kinds:
                for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
                    yield from sentences_of(call, set())


def is_of_commands(module: str) -> bool:
    """Return whether only commands show the sentences of a module, such as `store/move`."""
    return module in COMMANDS_ONLY or module.startswith(tuple(f"{one}/" for one in COMMANDS_ONLY))


def error_kinds(trees: Collection[ast.Module]) -> frozenset[str]:
    """Return the names of the program's classes of errors."""
    bases = {
        node.name: {getattr(base, "id", getattr(base, "attr", "")) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    kinds = {"Exception", "ValueError"}
    while more := {name for name, above in bases.items() if above & kinds} - kinds:
        kinds |= more
    return frozenset(kinds)


def sentences_file() -> str:
    """Return what sentences.txt holds: a sentence on each line."""
    return "".join(text.replace("\n", "\\n") + "\n" for text in sentence_templates())


def policy_texts(node: object) -> Iterator[str]:
    """Yield the texts of a policy file that the screen shows."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in POLICY_TEXTS and isinstance(value, str):
                yield value
            else:
                yield from policy_texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from policy_texts(value)


def sentences_of(node: ast.AST, docs: set[int]) -> Iterator[str]:
    """Yield the string literals below a node, docstrings excepted, with fields for what an f-string computes."""
    if id(node) in docs:
        return
    if isinstance(node, ast.JoinedStr):
        yield from dict.fromkeys((*_joined(node, 0, docs), *_joined(node, 1, docs)))
    elif (forms := _verb_forms(node)) is not None:
        yield from (f"{{0}} {form}" for form in forms)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from sentences_of(child, docs)


def _joined(node: ast.JoinedStr, form: int, docs: set[int]) -> Iterator[str]:
    """Yield the sentences in the fields of an f-string, then its own; `form`: of `with_verb`, 0 one and 1 many."""
    text, fields = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
            continue
        forms = _verb_forms(part.value) if isinstance(part, ast.FormattedValue) else None
        if not text.endswith("}"):  # two fields side by side cannot be told apart: they are one
            text, fields = f"{text}{{{fields}}}", fields + 1
        if forms is not None:
            text += f" {forms[form]}"
        else:
            yield from sentences_of(part, docs)
    yield text


def _verb_forms(node: ast.AST) -> tuple[str, str] | None:
    """Return the two wordings of a call of `with_verb`; None for another node."""
    match node:
        case ast.Call(func=ast.Name("with_verb"), args=[_, ast.Constant(str(one)), ast.Constant(str(many))]):
            return one, many
    return None


def is_sentence(text: str) -> bool:
    """Return whether a literal is English for people: two words at least, and no SQL, filter or path."""
    words = re.sub(r"\{\w*\}", " ", text)
    is_prose = len(re.findall(r"[A-Za-z]{2,}", words)) >= 2 and re.search(r"[a-z] |[a-z]: | [a-z]", words)
    return bool(is_prose) and not re.search(
        r"\b(SELECT|WHERE|INSERT|UPDATE|CASE|PRAGMA|FROM|NULL)\b|^\(|^-|action:|channel:|status:|^developer-docs"
        r"|Seller Central help|^<[?!A-Z]|^\[A-Z|CAST\(|charset=|simpleContent|^This row for Amazon|^# Saved views of"
        r"|^the tour was seen;|^Input data was|^\"|^[?]mode|\[\^|^Number of records|^not a database|^unable to open",
        text,
    )


def template() -> Catalog:
    """Return all messages without translations."""
    from babel.messages.catalog import Catalog  # in functions: the tests read what the messages are without it

    catalog = Catalog(project="ordertui", charset="utf-8", fuzzy=False)
    for message, context in extracted():
        catalog.add(message, context=context)
    return catalog


def updated(language: str) -> Catalog:
    """Return a catalog with the messages of today: what is gone is dropped, what is new has no translation."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

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
    from babel.messages.pofile import write_po

    catalog = updated(language)
    with (FOLDER / f"{language}.po").open("wb") as file:
        write_po(file, catalog, no_location=True, omit_header=False, sort_output=True, width=120)
    text = (FOLDER / f"{language}.po").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines(keepends=True) if not line.startswith(('"POT-Creation', '"PO-Revision'))]
    (FOLDER / f"{language}.po").write_text("".join(kept), encoding="utf-8")  # dates would differ in every branch
    (FOLDER / "sentences.txt").write_text(sentences_file(), encoding="utf-8")
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
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with (FOLDER / f"{language}.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    catalog.creation_date = catalog.revision_date = NO_DATE
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

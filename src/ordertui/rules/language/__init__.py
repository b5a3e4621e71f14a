"""The condition language of the filter bar, house rules and command line: parsed once, run as Python or as SQL.

`status:unshipped total>50 -sku:ABC* (late or buyer-requested) placed:last-7d "yoga mat" action:cancel counts:no`
"""

from .ast import ALWAYS, And, Compare, Condition, MatchAll, Not, Or, Text, comparisons
from .completion import complete, word_start
from .errors import FilterError
from .fields import FIELDS, FLAGS, MARKED, MARKED_BY, REST_CANCELLED, field_names
from .format import format_condition
from .parser import MAX_CONDITIONS, MAX_DEPTH, parse
from .predicate import BatchFacts, HasOrderFields, LineText, Undecidable, predicate

__all__ = [
    "ALWAYS", "FIELDS", "FLAGS", "MARKED", "MARKED_BY", "MAX_CONDITIONS", "MAX_DEPTH", "REST_CANCELLED", "And",
    "BatchFacts", "Compare", "Condition", "FilterError", "HasOrderFields", "LineText", "MatchAll", "Not", "Or", "Text",
    "Undecidable", "comparisons", "complete", "field_names", "format_condition", "parse", "predicate", "word_start",
]  # fmt: skip

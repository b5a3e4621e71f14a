"""The condition language of the filter bar, house rules and flags: parsed once, run as Python or as SQL.

`status:unshipped total>50 -sku:ABC* (late or buyer-requested) placed:last-7d "yoga mat" action:cancel counts:no`
"""

from .complete import complete, word_start
from .echo import echo
from .errors import FilterError
from .fields import FIELDS, FLAGS, field_names
from .parser import MAX_CONDITIONS, MAX_DEPTH, parse
from .predicate import Batch, LineText, Subject, Undecidable, predicate
from .tree import ALWAYS, Always, And, Compare, Condition, Not, Or, Text

__all__ = [
    "ALWAYS",
    "FIELDS",
    "FLAGS",
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "Always",
    "And",
    "Batch",
    "Compare",
    "Condition",
    "FilterError",
    "LineText",
    "Not",
    "Or",
    "Subject",
    "Text",
    "Undecidable",
    "complete",
    "echo",
    "field_names",
    "parse",
    "predicate",
    "word_start",
]

"""Translate sentences that the layers below the screen write in English: errors, reasons, warnings.

Those layers serve the command line, plans and the journal, where texts stay English; what reaches the screen passes
`translate`. Templates are listed in sentences.txt, which `make messages` writes from the source; a sentence is matched
against them, the most words first, and what stands in its fields is translated the same way. What no template fits is
shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from . import _, current_language

_FIELD = re.compile(r"\{(?:\d+|[a-z_]+)\}")
_DEPTH = 3
"""Sentences within sentences."""


def translate_sentence(sentence: str) -> str:
    """Return a sentence of a lower layer in the language of the screen."""
    return _translated(sentence, current_language(), _DEPTH)


@lru_cache(4096)
def _translated(sentence: str, language: str, depth: int) -> str:
    found = _(sentence)
    if found != sentence or not depth:
        return found
    for template, pattern in _patterns():
        match = pattern.fullmatch(sentence)
        if match is not None and (text := _(template)) != template:
            values = [_translated(value, language, depth - 1) for value in match.groups()]
            names = [name[1:-1] for name in _FIELD.findall(template)]
            return text.format(*values, **dict(zip(names, values, strict=True)))
    return sentence


@lru_cache(1)
def _patterns() -> Sequence[tuple[str, re.Pattern[str]]]:
    text = Path(__file__).with_name("sentences.txt").read_text(encoding="utf-8")
    templates = [line.replace("\\n", "\n") for line in text.splitlines() if _FIELD.search(line)]
    templates.sort(key=lambda template: len(_FIELD.sub("", template)), reverse=True)
    return [(template, _pattern(template)) for template in templates]


def _pattern(template: str) -> re.Pattern[str]:
    parts = [re.escape(part) for part in _FIELD.split(template)]
    return re.compile("(.+?)".join(parts), re.DOTALL)

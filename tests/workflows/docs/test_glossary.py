"""Every place that docs/glossary.md names exists, and no term is explained twice."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

TABLE = re.compile(r"^\| (?!term|---)(.+?) \| .+ \| (.+?) \|$", re.MULTILINE)
ENTRIES = TABLE.findall((Path(__file__).parents[3] / "docs" / "glossary.md").read_text(encoding="utf-8"))


def resolve(name: str) -> object:
    """Return the module, class or attribute of a dotted name below `ordertui`."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(["ordertui", *parts[:end]]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            found = getattr(found, part)
        return found
    raise LookupError(name)


@pytest.mark.parametrize(("term", "places"), ENTRIES, ids=[term for term, _ in ENTRIES])
def test_every_place_exists(term: str, places: str) -> None:
    names = re.findall(r"`([\w.]+)`", places)
    assert names, term
    for name in names:
        assert resolve(name) is not None


def test_no_term_is_explained_twice() -> None:
    assert len({term for term, _ in ENTRIES}) == len(ENTRIES) > 50

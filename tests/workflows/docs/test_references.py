"""The modules, names and test files that pages and docstrings name exist."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from .test_glossary import resolve

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "src" / "ordertui"
PAGES = (ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
PACKAGES = "|".join(path.parent.name for path in SOURCE.glob("*/__init__.py"))
DOTTED = re.compile(rf"`((?:{PACKAGES})(?:\.\w+)+)`")
SOURCE_PATH = re.compile(rf"`((?:{PACKAGES})/[\w/]*(?:\.\w+)?)`")
TEST_PATH = re.compile(r"tests/(?:\w+/)*\w+\.py")
EXAMPLES = {"tests/x/test_y.py"}


def paths(page: Path) -> Iterator[Path]:
    text = page.read_text(encoding="utf-8")
    yield from (ROOT / found for found in TEST_PATH.findall(text) if found not in EXAMPLES)
    if page.suffix == ".md":
        yield from (SOURCE / found for found in SOURCE_PATH.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_of_a_page_exists(page: Path) -> None:
    for name in DOTTED.findall(page.read_text(encoding="utf-8")):
        assert resolve(name) is not None, name


def test_every_path_of_pages_and_docstrings_exists() -> None:
    assert [path for page in (*PAGES, *SOURCE.rglob("*.py")) for path in paths(page) if not path.exists()] == []


def test_every_test_of_the_page_of_findings_exists() -> None:
    """A row without a test, or with one that was renamed, holds nothing."""
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-G]\d+) \|.*\| (.*) \|$", page, re.MULTILINE)
    counts = Counter(name[0] for name, _ in rows)
    assert counts == {"A": 6, "B": 10, "C": 7, "D": 5, "E": 6, "F": 7, "G": 15}
    for finding, cell in rows:
        for path, names in re.findall(r"`(tests/[\w/]+\.py)`: ((?:`test_\w+`(?:, )?)+)", cell):
            text = (ROOT / path).read_text(encoding="utf-8")
            lacking = [one for one in re.findall(r"test_\w+", names) if f"def {one}(" not in text]
            assert lacking == [], f"{finding}: {path}"
        assert cell.count("`test_") >= 1, finding


def test_every_test_of_the_safety_page_exists() -> None:
    text = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
    for name in re.findall(r"`(test_\w+\.py)`", text):
        assert (ROOT / "tests" / "workflows" / "safety" / name).exists(), name

"""The structure keeps the bounds that docs/architecture.md shows."""

from __future__ import annotations

import feature_lines
import house_report
import pytest

NEVER = (
    "stubs that raise NotImplementedError",
    "members declared under TYPE_CHECKING",
    "public class names used twice",
    "circles of imports between modules",
    "circles of imports between packages",
    f"lines over {house_report.MAX_WIDTH} characters",
    "docstrings that are not imperative (D401)",
)


@pytest.fixture(scope="module")
def counts() -> dict[str, house_report.Count]:
    """Count once for all tests."""
    return {count.name: count for count in house_report.report()}


@pytest.mark.parametrize("name", NEVER)
def test_this_never_comes_back(counts: dict[str, house_report.Count], name: str) -> None:
    assert counts[name].places == []


def test_the_page_shows_todays_structure(counts: dict[str, house_report.Count]) -> None:
    """Lines and modules change with every commit; the page must be right about the rest."""
    page = house_report.PAGE.read_text(encoding="utf-8")
    changing = {"modules", "lines in all"}
    rows = house_report.table(count for count in counts.values() if count.name not in changing).splitlines()
    assert [row for row in rows if row not in page] == []


def test_the_list_of_features_names_modules_that_there_are() -> None:
    lines = feature_lines.count_lines()
    listed = [
        feature_lines.matching(lines, patterns)
        for _, patterns in feature_lines.split_rows(feature_lines.PAGE.read_text(encoding="utf-8"))
    ]
    assert len(listed) > 10
    assert sum(map(len, listed)) == len(set().union(*listed)), "a module is on the list once"

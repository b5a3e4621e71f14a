"""Broken policy files: each is refused, at the place and with the words that its first lines expect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ordertui.rules.policy.bundled import parse_toml
from ordertui.rules.policy.edition import load_edition, read_edition
from ordertui.rules.policy.house_rules import read_house_policy
from ordertui.rules.policy.policy import PolicyError
from support.shops import NOW

GALLERY = sorted((Path(__file__).parent / "gallery").glob("*.toml"))
EXPECTED = re.compile(r"# refused at (\d+):(\d+): (.*)")


def check(text: str, name: str) -> None:
    """As `ordertui policy check` does."""
    if "edition" in parse_toml(text, name):
        read_edition(text, name)
    else:
        read_house_policy(text, name, load_edition("amazon"), now=NOW)


def test_the_gallery_is_large() -> None:
    assert len(GALLERY) >= 70


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_its_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = [(int(m[1]), int(m[2]), m[3]) for line in text.split("\n") if (m := EXPECTED.match(line))]
    with pytest.raises(PolicyError) as refused:
        check(text, path.name)
    problems = refused.value.problems
    assert expected
    assert [(p.line, p.column, p.message) for p in problems] == expected
    for problem in problems:
        shown = str(problem).split("\n")
        assert shown[0] == f"{path.name}:{problem.line}:{problem.column}: {problem.message}"
        assert shown[1] == "    " + text.split("\n")[problem.line - 1]
        assert shown[2] == "    " + " " * (problem.column - 1) + "^"


@pytest.mark.parametrize("path", [p for p in GALLERY if "condition" not in p.stem], ids=lambda path: path.stem)
def test_without_its_mistake_the_first_line_is_not_blamed(path: Path) -> None:
    """A comment before the mistake moves the caret by exactly one line: places are found, not guessed."""
    text = path.read_text(encoding="utf-8")

    def find_positions(content: str) -> list[tuple[int, int]]:
        with pytest.raises(PolicyError) as refused:
            check(content, path.name)
        return [(p.line, p.column) for p in refused.value.problems]

    assert find_positions("# one more line\n" + text) == [(line + 1, column) for line, column in find_positions(text)]

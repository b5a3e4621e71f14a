"""Count the lines of `src` by feature, as docs/decisions/0018-lines.md lists them; `--write` writes them there.

A module that is on the list serves only what version 0.1 did not have. All others are counted, by package, beside the
lines that 0.1 had in that package, written by today's formatter.
"""

from __future__ import annotations

import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "ordertui"
OTHERS = "the others"
PAGE = ROOT / "docs" / "decisions" / "0018-lines.md"
LINES_OF_0_1 = {
    "amazon": 4_040,
    "cli": 2_134,
    "operations": 9_101,
    "orders": 565,
    "rules": 4_150,
    "store": 4_477,
    "tui": 8_742,
    OTHERS: 12,
}
"""By package, written by today's formatter."""


def count_lines() -> dict[str, int]:
    """Return the lines of each module by its name below `ordertui`, such as `store.engine.postgres`."""
    paths = sorted(SOURCE.rglob("*.py"))
    names = (".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__") for path in paths)
    return {name: path.read_bytes().count(b"\n") for name, path in zip(names, paths, strict=True)}


def split_rows(page: str) -> list[list[str]]:
    """Return feature and patterns of each row of the page's list."""
    text = page.partition("<!-- features: begin -->")[2].partition("<!-- features: end -->")[0]
    return [[cell.strip() for cell in line.split("|")[1:3]] for line in text.strip().splitlines()[2:]]


def matching(lines: dict[str, int], patterns: str) -> set[str]:
    """Return the modules that patterns name. Raises ValueError for a pattern that names none."""
    found = set()
    for pattern in patterns.split():
        some = {name for name in lines if fnmatchcase(name, pattern) or pattern == f"{name}.*"}
        if not some:
            raise ValueError(f"{PAGE.name} names {pattern}, and there is no such module")
        found |= some
    return found


def render(page: str) -> str:
    """Return the page with today's counts."""
    lines, listed = count_lines(), set[str]()
    features = ["| feature | modules | lines |", "|---|---|---:|"]
    for feature, patterns in split_rows(page):
        mine = matching(lines, patterns) - listed
        listed |= mine
        features.append(f"| {feature} | {patterns} | {sum(lines[name] for name in mine):,} |")
    new, rest = Counter[str](), Counter[str]()
    for name, count in lines.items():
        package = name.partition(".")[0]
        (new if name in listed else rest)[package if package in LINES_OF_0_1 else OTHERS] += count
    left = ["| package | in 0.1 | for what 0.1 had | for what it had not |", "|---|---:|---:|---:|"]
    for package, before in LINES_OF_0_1.items():
        left.append(f"| {package} | {before:,} | {rest[package]:,} | {new[package]:,} |")
    left.append(f"| all | {sum(LINES_OF_0_1.values()):,} | {rest.total():,} | {new.total():,} |")
    for name, table in (("features", features), ("rest", left)):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        head, _, tail = page.partition(begin)
        page = "\n".join([head + begin, *table, end + tail.partition(end)[2]])
    return page


if __name__ == "__main__":
    found = render(PAGE.read_text(encoding="utf-8"))
    if "--write" in sys.argv:
        PAGE.write_text(found, encoding="utf-8")
    print(found.partition("## What is left")[2])

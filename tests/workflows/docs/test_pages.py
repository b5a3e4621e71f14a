"""The commands in README, guide and examples run as they stand, on the example files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ordertui.orders.clock import parse_iso
from support.cli import AS_OF, ROOT, environment

PAGES = ("README.md", "README.zh-CN.md", "docs/guide.md", "examples/README.md")
needs_shell = pytest.mark.skipif(os.name == "nt", reason="the pages are for a shell of Unix")
COMMAND = re.compile(r"(?P<line>.*?)(?:\s+# exit (?P<code>\d+))?")


def commands(page: str) -> list[tuple[str, int]]:
    """Each line of a page's `sh` blocks, and the exit code it is to have."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            match = COMMAND.fullmatch(line)
            assert match is not None
            found.append((match["line"], int(match["code"] or 0)))
    return found


SHIFTED = """import sys, time
real = time.time
time.time = lambda: real() + {seconds}
from ordertui.cli.main import entry
sys.argv[0] = "ordertui"
entry()
"""
"""The program on a machine whose clock is that much ahead: nothing else of it knows."""


def run(page: str, folder: Path, now: str) -> None:
    """All commands of a page in one shell, in a folder that has only the examples, without the clock of tests; on a
    machine whose clock stands at `now`. Empty: this machine.
    """
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "walk").mkdir()
    (folder / "bin").mkdir()
    twin = folder / "bin" / "ordertui"
    shift = parse_iso(now) - int(time.time()) if now else 0
    (folder / "bin" / "start.py").write_text(SHIFTED.format(seconds=shift), encoding="utf-8")
    twin.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{folder}/bin/start.py" "$@"\n', encoding="utf-8")
    twin.chmod(0o755)
    lines = ["shopt -s expand_aliases"]
    for line, code in commands(page):
        lines += [line, f'test $? -eq {code} || {{ echo "WRONG EXIT, not {code}:" {line!r} >&2; exit 99; }}']
    env = environment(folder)
    del env["ORDERTUI_TEST_CLOCK"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], cwd=folder, env=env | {"PATH": f"{twin.parent}{os.pathsep}{env['PATH']}"},
        capture_output=True, encoding="utf-8", timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr


@needs_shell
@pytest.mark.long  # what is not long: the README by the machine's clock, below
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs_as_it_stands(page: str, tmp_path: Path) -> None:
    assert len(commands(page)) >= 10
    run(page, tmp_path, AS_OF)


@needs_shell
@pytest.mark.parametrize(
    "now",
    [
        pytest.param("2026-11-28T23:59:00Z", marks=pytest.mark.long),  # a Saturday
        pytest.param("2027-01-01T00:30:00Z", marks=pytest.mark.long),
        pytest.param("2027-03-14T10:30:00Z", marks=pytest.mark.long),  # as daylight saving time begins in the US
        pytest.param("2028-02-29T12:00:00Z", marks=pytest.mark.long),
        "",  # the machine's clock, as a stranger runs it
    ],
)
def test_the_readme_runs_on_any_day(now: str, tmp_path: Path) -> None:
    run("README.md", tmp_path, now)


@needs_shell
@pytest.mark.long
@pytest.mark.parametrize("now", ["2028-02-29T12:00:00Z", ""])
def test_the_guide_runs_on_any_day(now: str, tmp_path: Path) -> None:
    run("docs/guide.md", tmp_path, now)


def test_the_chinese_readme_walks_as_the_english_one() -> None:
    assert [line.split("  #")[0] for line, _ in commands("README.zh-CN.md")] == [
        line.split("  #")[0] for line, _ in commands("README.md")
    ]


def test_every_command_is_walked_through() -> None:
    from ordertui.cli.main import COMMANDS

    told = {line.split()[1] for page in PAGES for line, _ in commands(page) if line.startswith("ordertui ")}
    by_others = {"approvals", "approve", "reject"}  # they need a second login: tests/cli/test_approvals.py
    by_others |= {"marks", "claims"}  # so do they: tests/operations/test_team_marks.py, test_claims.py
    assert set(COMMANDS) - told - by_others <= {"sync", "api", "team", "worker"}, (
        "Amazon's API: docs/connector.md; a team: docs/team.md"
    )
    assert "demo" in (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")


def test_links_and_pictures_lead_somewhere() -> None:
    for page in every_page():
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_is_in_the_contents_of_the_site() -> None:
    contents = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in every_page():
        if page.parent.name != "decisions" or page.name == "README.md":  # that page lists the others
            assert f": {page.relative_to(ROOT).as_posix()}\n" in contents, page.name
    decisions = ROOT / "docs" / "decisions"
    listed = (decisions / "README.md").read_text(encoding="utf-8")
    assert [one.name for one in decisions.glob("0*.md") if f"({one.name})" not in listed] == []


def every_page() -> list[Path]:
    """Every page of the documentation."""
    return [path for folder in (".", "docs", "docs/decisions", "examples") for path in (ROOT / folder).glob("*.md")]

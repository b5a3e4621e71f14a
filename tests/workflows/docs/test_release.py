"""A release is a tagged, dated, clean commit, and its description has no link that leads nowhere."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from support.cli import ROOT

RELATIVE = re.compile(r"\]\((?!https://|#)")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_description_links_to_the_files_of_its_version() -> None:
    describe = runpy.run_path(str(ROOT / "setup.py"))["describe"]
    text = describe(README, "https://example.org/us/ordertui", "0.2.0")
    assert RELATIVE.findall(text) == []
    assert "![The screen](https://example.org/us/ordertui/raw/v0.2.0/screenshots/main-dark.svg)" in text
    assert "(https://example.org/us/ordertui/blob/v0.2.0/docs/tried.md)" in text
    linked = re.findall(r"/v0\.2\.0/([^)#\s]+)", text)
    assert len(linked) > 20
    assert [path for path in linked if not (ROOT / path).exists()] == []


def test_without_an_address_its_words_stay_and_its_links_go() -> None:
    describe = runpy.run_path(str(ROOT / "setup.py"))["describe"]
    text = describe(README, "", "0.2.0")
    assert RELATIVE.findall(text) == []
    assert "![" not in text
    assert "what was never tried" in text
    assert "Before confirming" not in text
    assert all(line.count("|") > 2 for line in text.splitlines() if line.startswith("|"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A commit with what the script looks at, of version 0.2.0, whose section has a date."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "release.sh", tmp_path / "scripts")
    (tmp_path / "scripts" / "try_installed.sh").write_text("#!/bin/sh\nmkdir dist\n", encoding="utf-8")
    (tmp_path / "scripts" / "try_installed.sh").chmod(0o755)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("## [0.2.0] - 2026-11-28\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")


def release(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PYTHON": "echo", **more}
    return subprocess.run(
        ["sh", "scripts/release.sh"], cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
    )


@pytest.mark.skipif(os.name == "nt", reason="a script of sh")
def test_a_release_is_a_tagged_dated_and_clean_commit(checkout: Path) -> None:
    untagged = release(checkout)
    assert (untagged.returncode, "git tag v0.2.0" in untagged.stderr, untagged.stdout) == (1, True, "")
    git(checkout, "tag", "v0.2.0")
    assert "-m build" in release(checkout).stdout
    shutil.rmtree(checkout / "dist")
    (checkout / "new").touch()
    dirty = release(checkout)
    assert (dirty.returncode, "not committed" in dirty.stderr, dirty.stdout) == (1, True, "")
    (checkout / "CHANGELOG.md").write_text("## [0.2.0] - unreleased\n", encoding="utf-8")
    commit(checkout)
    undated = release(checkout)
    assert (undated.returncode, "no date" in undated.stderr, undated.stdout) == (1, True, "")
    assert "-m build" in release(checkout, DRAFT="1").stdout

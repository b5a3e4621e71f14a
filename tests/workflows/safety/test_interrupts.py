"""Ctrl-C, SIGTERM or a closed terminal at any line of a command, also while it is loaded and while Python drops errors:
it ends with its code, in words, and nothing is half kept.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import msgspec
import pytest

from ordertui.cli.exit_codes import Exit
from support.cli import AS_OF, EXAMPLES, ROOT, Command, Done, environment
from support.profile import LONG
from support.shops import settle_in

HELPER = ROOT / "tests" / "support" / "interrupted.py"
MOMENTS = int(os.environ.get("ORDERTUI_INTERRUPTS", "200")) if LONG else 3
"""At how many lines of each command, and at as many where Python drops errors, up to all of those."""
NEVER_SAID = ("Traceback", "Exception ignored", "Aborted", "should not happen")


class Case(msgspec.Struct, frozen=True):
    """A command, what was done before it, and what the store or folder shows of it."""

    before: tuple[tuple[str, ...], ...]
    args: tuple[str, ...]
    effect: Callable[[Command], object]


def batches(command: Command) -> object:
    return [(one["state"], one["orders"]) for one in command.json("outbox")]


def plan_file(command: Command) -> object:
    path = command.folder / "new.json"
    return path.read_text(encoding="utf-8").count("order_id") if path.exists() else None


def outbox_files(command: Command) -> object:
    return batches(command), sorted(path.name for path in command.folder.glob("outbox/*/*"))


def orders(command: Command) -> object:
    return len(command.json("list")) if command.store.exists() else 0


REPORTS = tuple(str(path) for path in sorted((EXAMPLES / "us" / "reports").iterdir()) if path.suffix == ".txt")
IMPORTED = ("import", *REPORTS)
PLAN = ("plan", "cancel", "--filter", "status:unshipped")
COMMIT = ("commit", "plan.json", "--yes", "--typed", "12")
CASES = {
    "plan": Case((IMPORTED,), (*PLAN, "-o", "new.json"), plan_file),
    "import": Case((), IMPORTED, orders),
    "commit": Case((IMPORTED, (*PLAN, "-o", "plan.json")), COMMIT, batches),
    "dispatch": Case((IMPORTED, (*PLAN, "-o", "plan.json"), COMMIT, ("release", "1")), ("dispatch",), outbox_files),
    "undo": Case((IMPORTED, (*PLAN, "-o", "plan.json"), COMMIT), ("undo", "1"), batches),
    "import --undo": Case((IMPORTED,), ("import", "--undo", "1"), orders),
}


def press(template: Path, folder: Path, at: int, args: tuple[str, ...], signal: str = "SIGINT") -> tuple[Command, Done]:
    """Run the command in a fresh copy of a folder, with the signal at that line; 0: at none."""
    command = fresh(template, folder)
    done = subprocess.run(
        [sys.executable, str(HELPER), str(folder), str(at), signal, "--store", str(folder / "orders.db"),
         "--as-of", AS_OF, *args],
        capture_output=True, encoding="utf-8", cwd=folder, env=environment(folder, PYTHONHASHSEED="0"), check=False,
    )  # fmt: skip
    return command, Done(done.returncode, done.stdout, done.stderr)


ENDS = {"SIGINT": Exit.INTERRUPTED, "SIGTERM": Exit.TERMINATED, "SIGHUP": Exit.TERMINATED}
IN_SHORT = [("SIGINT", "plan")]
BOUNDED = [
    *IN_SHORT, ("SIGINT", "import"), ("SIGINT", "commit"), ("SIGINT", "dispatch"), ("SIGINT", "undo"),
    ("SIGINT", "import --undo"), ("SIGTERM", "commit"), ("SIGHUP", "dispatch"),
]  # fmt: skip
"""What CI tries; the long profile tries each signal at each command."""


@pytest.mark.parametrize(
    ("signal", "name"),
    [
        pytest.param(*pair, marks=() if pair in IN_SHORT else pytest.mark.long)
        for pair in (product(ENDS, CASES) if LONG else BOUNDED)
    ],
)
def test_a_signal_at_any_line_ends_in_order(
    signal: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, template = CASES[name], tmp_path / "template"
    template.mkdir()
    monkeypatch.chdir(template)
    for args in case.before:
        Command(template).ok(*args)
    if case.before:
        settle_in(template / "orders.db")
    folder = tmp_path / "run"
    press(template, folder, 0, case.args)  # what the first run of all compiles is no line of the next ones
    whole, plain = press(template, folder, 0, case.args)
    total, *told = (folder / "lines").read_text(encoding="utf-8").split("\n")
    wanted, before = case.effect(whole), None if name == "plan" else case.effect(fresh(template, folder))
    moments = {is_dropped: [int(one.split()[0]) for one in told if one.endswith(is_dropped)] for is_dropped in "01"}
    assert moments["1"], "no callback of an import was seen: look how this Python names it"
    rng = random.Random(os.environ.get("ORDERTUI_FIRST_SEED", name))
    for at in [at for all_ in moments.values() for at in rng.sample(all_, min(MOMENTS, len(all_)))]:
        command, done = press(template, folder, at, case.args, signal)
        monkeypatch.chdir(folder)
        where = folder / "where"
        context = f"line {at} of {total}, exit {done.code}\n{done.stdout}{done.stderr}\n"
        if not where.exists():  # a run may differ by a few lines: only the very last ones are never come to
            assert at > int(total) * 0.99, context
            continue
        context += where.read_text(encoding="utf-8")[:2_000]
        assert not [text for text in NEVER_SAID if text in done.stderr], context
        assert not list(folder.rglob("*.part")), context
        found = case.effect(command)
        if done.code == ENDS[signal]:
            assert found in (before, wanted) or name == "import", context
        else:  # it came when all was done, which is told as ever
            assert done.code == plain.code, context
            assert found == wanted, context
            assert set(plain.stderr.splitlines()) <= set(done.stderr.splitlines()), context
            assert name != "plan" or at > int(total) // 2, context  # Python may drop one anywhere: it comes again later
        if found == before or name == "import":
            assert command.run(*case.args).code == plain.code, context
            assert case.effect(command) == wanted, context


def fresh(template: Path, folder: Path) -> Command:
    """Return the commands of a fresh copy of a folder."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    return Command(folder)

"""`ordertui worker`: once, until it is told to end, and how it goes, with the exit codes that others read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ordertui.cli.exit_codes import Exit
from ordertui.cli.worker import CODES, stop_event
from ordertui.operations.worker.health import Health
from support.cli import AS_OF, Command, environment


@pytest.fixture
def us(tmp_path: Path) -> Command:
    command = Command(tmp_path)
    command.bring("US")
    return command


def test_each_health_has_its_code() -> None:
    assert sorted(CODES) == sorted(one.value for one in Health)
    assert len(set(CODES.values())) == len(CODES)


def test_once_does_what_is_due_and_status_tells_it(us: Command) -> None:
    none = us.run("worker", "status")
    assert (none.code, none.stderr) == (Exit.NO_WORKER, "no worker runs: `ordertui worker`\n")
    assert us.run("worker", "--once").code == Exit.OK
    assert us.run("worker", "--once", "status").code == Exit.USAGE
    done = us.run("worker", "status", "--format", "json")
    found = json.loads(done.stdout)
    assert (done.code, found["health"], len(found["workers"])) == (Exit.OK, "healthy", 1)
    job = found["workers"][0]["jobs"]["dispatch"]
    assert (job["last_run"], job["result"], job["text"]) == (AS_OF, "ok", "nothing left")
    table = us.run("worker", "status", "--here")
    assert "ran once" in table.stdout
    assert us.run("--read-only", "worker", "--once").code == Exit.REFUSED


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_a_signal_ends_it_in_order(us: Command, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ordertui", *us.before, "worker"],
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", cwd=us.folder, env=environment(us.folder),
    )  # fmt: skip
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if "dispatch: ok" in line:
                break
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == Exit.OK
    assert rest.rstrip().endswith("ended")
    assert us.run("worker", "status").code == Exit.NO_WORKER


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")
def test_under_nohup_a_worker_goes_on_when_its_terminal_is_closed() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_event() as stop:
            signal.raise_signal(signal.SIGHUP)
            assert not stop.is_set()
            signal.raise_signal(signal.SIGTERM)
            assert stop.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)

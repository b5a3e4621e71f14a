"""Schemathesis, bounded: no request that fits Amazon's models, and none that does not, crashes the simulator."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.profile import LONG
from support.simulator import Simulator
from support.simulator.contract import MODELS

pytestmark = pytest.mark.usefixtures("api_credentials")

BOUNDED = ["feeds_2021-06-30", "orders_2026-01-01"]
"""What is fuzzed in CI; the long profile fuzzes every model."""


@pytest.mark.parametrize("model", sorted(path.stem for path in MODELS.glob("*.json")) if LONG else BOUNDED)
def test_schemathesis_finds_no_crash(sim: Simulator, model: str, tmp_path: Path) -> None:
    sim.quotas.enforced = False
    sim.tokens["Atza|fuzz"] = sim.clock.now() + 3600
    command = [
        sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "run",
        str(MODELS / f"{model}.json"),
        "--url", sim.address, "-H", "x-amz-access-token: Atza|fuzz", "--checks", "not_a_server_error",
        "--phases", "fuzzing", "-n", "40" if LONG else "8", "--seed", "7", "--suppress-health-check", "all",
        "--no-color",
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]
    assert sim.calls, "something was called"
    sim.problems.clear()  # wrong requests are what this is about
    sim.quotas.calls.clear()

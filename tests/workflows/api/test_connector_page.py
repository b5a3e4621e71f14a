"""docs/connector.md: its walk-through runs as it stands, against the simulator as `make simulator` starts it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ordertui.operations.dispatch.status_text import CALL_STATUS_TEXT, FEED_STATUS_TEXT
from ordertui.operations.sync.credentials import ENVIRONMENT

pytestmark = pytest.mark.usefixtures("api_credentials")

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "connector.md"


def block(kind: str) -> str:
    found = re.findall(rf"^```{kind}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(found) == 1
    return str(found[0])


@pytest.mark.long
def test_one_order_goes_all_the_way_as_the_page_says(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ENVIRONMENT.values()}
    environment |= {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "PYTHONPATH": str(ROOT / "tests")}
    start = [sys.executable, "-m", "support.simulator", "--port", "0", "--queue-seconds", "0"]
    with subprocess.Popen(start, stdout=subprocess.PIPE, text=True, env=environment) as simulator:
        try:
            assert simulator.stdout is not None
            address = re.search(r"http://127\.0\.0\.1:\d+", simulator.stdout.readline())
            assert address is not None
            settings = tmp_path / "practice.toml"
            settings.write_text(block("toml").replace("http://127.0.0.1:8707", address[0]), encoding="utf-8")
            twin = tmp_path / "ordertui"
            twin.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ordertui --store practice.db "$@"\n')
            twin.chmod(0o755)
            path = f"{tmp_path}{os.pathsep}{environment['PATH']}"
            run = subprocess.run(
                ["bash", "-e", "-c", block("sh")], cwd=tmp_path, capture_output=True, text=True, timeout=120,
                check=False,
                env=environment
                | {"PATH": path, "ORDERTUI_CONFIG": str(settings), "ORDERTUI_PASSPHRASE": "practice makes"},
            )  # fmt: skip
        finally:
            simulator.terminate()
    assert run.returncode == 0, run.stderr[-3000:]
    assert "US: selling" in run.stdout
    assert re.search(r"1\s+cancel\s+US\s+done", run.stdout)
    assert re.search(r"1\s+cancel\s+US\s+answered", run.stdout)
    assert "chain unbroken" in run.stdout
    assert "sim-secret" not in run.stdout + run.stderr


def test_every_state_of_a_feed_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [state for state in {**FEED_STATUS_TEXT, **CALL_STATUS_TEXT} if f"`{state}`" not in page] == ["settled"]

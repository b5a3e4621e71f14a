"""Run the command on example files: an empty home, a fixed clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
AS_OF = "2026-11-23T14:05:00Z"


def environment(home: Path, **more: str) -> dict[str, str]:
    """What the command sees of the machine."""
    keep = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "TEMP", "TMPDIR") if key in os.environ}
    base = {"HOME": str(home), "LANG": "C.UTF-8", "TZ": "UTC", "TERM": "xterm-256color", "ORDERTUI_TEST_CLOCK": "1"}
    return keep | base | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"} | more


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


class Command:
    """`ordertui --store ... --as-of ...` for one folder. `run` stays in this process, `spawn` starts a real one."""

    def __init__(self, folder: Path, store: Path | None = None) -> None:
        self.folder = folder
        self.store = store or folder / "orders.db"
        self.before = ["--store", str(self.store), "--as-of", AS_OF]

    def run(self, *args: str | Path, stdin: str = "", **env: str) -> Done:
        """One command in this process. An error that ordertui does not know comes through."""
        from ordertui.cli.main import cli

        result = CliRunner(env=environment(self.folder, **env)).invoke(
            cli, [*self.before, *map(str, args)], input=stdin
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def spawn(self, *args: str | Path, stdin: str = "", cwd: Path | None = None, **env: str) -> Done:
        """One command in its own process."""
        done = subprocess.run(
            [sys.executable, "-m", "ordertui", *self.before, *map(str, args)],
            input=stdin, capture_output=True, encoding="utf-8", cwd=cwd or self.folder,
            env=environment(self.folder, **env),
            timeout=60, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    def ok(self, *args: str | Path, stdin: str = "", code: int = 0) -> str:
        """Its stdout, when the exit code is as wanted."""
        done = self.run(*args, stdin=stdin)
        assert done.code == code, f"{args}: exit {done.code}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *args: str | Path, code: int = 0) -> Any:
        """Its stdout as JSON."""
        return json.loads(self.ok(*args, "--format", "json", code=code))

    def bring(self, *codes: str) -> None:
        """Import these marketplaces' example reports."""
        for code in codes:
            self.ok("import", "--marketplace", code, *sorted((EXAMPLES / code.lower() / "reports").iterdir()))

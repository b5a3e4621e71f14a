"""The files of `deploy/`, as far as they can be tried without Docker and without being root."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.store.engine.address import parse_address
from support.cli import ROOT

DEPLOY = ROOT / "deploy"
SECRET = re.compile(r"(?i)(password|passwd|secret|token|key)\s*[:=]\s*['\"]?[^\s'\"/\[]*[A-Za-z0-9+]{8,}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def test_the_compose_file_names_only_what_is_there(compose: dict[str, Any]) -> None:
    assert set(compose) == {"name", "services", "configs", "secrets", "volumes"}
    used: dict[str, set[str]] = {"secrets": set(), "configs": set(), "volumes": set()}
    for service in compose["services"].values():
        assert set(service) <= {
            "image", "build", "restart", "environment", "entrypoint", "configs", "secrets", "volumes", "ports",
            "healthcheck", "stop_grace_period", "init", "hostname", "depends_on", "read_only", "cap_drop",
            "security_opt", "tmpfs",
        }  # fmt: skip
        used["secrets"] |= set(service.get("secrets", ()))
        used["configs"] |= {one["source"] for one in service.get("configs", ())}
        sources = [one.split(":")[0] for one in service["volumes"]]
        used["volumes"] |= {one for one in sources if not one.startswith((".", "$", "/"))}
        for needed in service.get("depends_on", ()):
            assert "healthcheck" in compose["services"][needed]
    for kind, names in used.items():
        assert names == set(compose[kind])
    assert (ROOT / compose["services"]["worker"]["build"]["dockerfile"]).exists()


def test_no_secret_stands_in_a_file_and_each_is_one_of_its_own(compose: dict[str, Any]) -> None:
    for path in DEPLOY.iterdir():
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not SECRET.search(line), f"{path.name}: {line}"
    assert all(set(one) == {"file"} and one["file"].startswith("./secrets/") for one in compose["secrets"].values())
    assert SECRET.search("POSTGRES_PASSWORD: correcthorse"), "the pattern finds one"


def test_the_server_is_reached_over_tls_alone(compose: dict[str, Any], tmp_path: Path) -> None:
    rules = [line.split() for line in compose["configs"]["pg_hba"]["content"].splitlines()]
    assert {rule[0] for rule in rules} == {"local", "hostssl"}
    assert {rule[-1] for rule in rules if rule[0] == "hostssl"} == {"scram-sha-256"}
    assert "-c ssl=on" in compose["services"]["db"]["entrypoint"][-1]
    address = parse_address(compose["services"]["worker"]["environment"]["ORDERTUI_STORE"], tmp_path)
    assert "verify-full" in repr(address)


def test_every_command_and_extra_exists(compose: dict[str, Any]) -> None:
    check = compose["services"]["worker"]["healthcheck"]["test"]
    assert CliRunner().invoke(cli, [*check[2:], "--help"]).exit_code == 0
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    wanted = re.search(r"'\.\[([a-z,]+)\]'", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"))
    assert wanted is not None
    assert set(wanted[1].split(",")) <= set(extras)
    assert {"api", "notify", "team"} <= set(wanted[1].split(","))


def test_the_image_gets_all_that_the_build_reads() -> None:
    copied = {
        source
        for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ")
        for source in line.split()[1:-1]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    script = (ROOT / "setup.py").read_text(encoding="utf-8")
    folders = set(re.findall(r'glob\("(\w+)/', script))
    assert folders == {"docs"}, "the pages that `ordertui docs` shows"
    read = set(re.findall(r'HERE / "([\w.]+)"', script))
    assert read == {"README.md", "pyproject.toml"}
    assert copied == {"setup.py", "requirements", "src"} | read | folders | {*project["license-files"]}
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == copied


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / "ordertui-worker.service", encoding="utf-8")
    assert (unit["Service"]["KillSignal"], unit["Service"]["Restart"]) == ("SIGTERM", "on-failure")
    assert "ordertui\" worker'" in unit["Service"]["ExecStart"]
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here")
    copy = tmp_path / "ordertui-worker@ann.service"
    shutil.copy(DEPLOY / "ordertui-worker.service", copy)
    done = subprocess.run([program, "verify", str(copy)], capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "ordertui" in line]) == (0, [])

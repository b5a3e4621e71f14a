"""Addresses hold secrets: they come from keyring, environment or an own file, and stand in no message or log."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ordertui.amazon.spapi.secret import Secret
from ordertui.operations.config import Config, ReceiverConfig, load_config
from ordertui.operations.errors import BadInput
from ordertui.operations.notify.apprise_address import SendFailed, post
from ordertui.operations.notify.receivers import HookPayload, keep_address, load_address, send
from ordertui.orders.enums import AlertKind
from support.waiting import until

TOKEN = "s3cr3t-t0k3n"
PAYLOAD = HookPayload("id-1", AlertKind.BUYER_REQUEST, "Title", "Body", 1, ("a",), ("US",), True, 1)


class Inbox:
    """A service on this machine that takes Apprise's json:// messages."""

    def __init__(self, status: int = 200) -> None:
        self.got: list[dict[str, Any]] = []
        self.status = status
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                inbox.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(inbox.status)
                self.end_headers()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"json://user:{TOKEN}@127.0.0.1:{self.server.server_port}/{TOKEN}"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise's own
def test_apprise_delivers(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("apprise", reason="the extra ordertui[notify] is not installed")
    monkeypatch.setenv("TEAM", f" {inbox.address}\n")
    send(ReceiverConfig("team", address="env:TEAM"), PAYLOAD, 5)
    assert [(one["title"], one["message"], one["type"]) for one in inbox.got] == [("Title", "Body", "warning")]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("wrong", ["refused", "nobody there", "no such service", "not an address"])
def test_a_failure_shows_nothing_of_the_address(
    inbox: Inbox, wrong: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("apprise", reason="the extra ordertui[notify] is not installed")
    inbox.status = 500
    address = {
        "refused": inbox.address, "nobody there": f"json://user:{TOKEN}@127.0.0.1:1/{TOKEN}",
        "no such service": f"nosuch://{TOKEN}", "not an address": TOKEN,
    }[wrong]  # fmt: skip
    with caplog.at_level(logging.DEBUG), pytest.raises(SendFailed) as failed:
        post(Secret(address), "Title", "Body", is_urgent=False)
    shown = capfd.readouterr()
    assert TOKEN not in f"{failed.value}{caplog.text}{shown.out}{shown.err}"
    assert failed.value.__context__ is None or TOKEN not in repr(failed.value.__context__)


def test_a_file_is_read_only_when_nobody_else_may(tmp_path: Path) -> None:
    file = tmp_path / "team.url"
    receiver = ReceiverConfig("team", address=f"file:{file}")
    file.write_text(f"json://{TOKEN}\n", encoding="utf-8")
    file.chmod(0o640)
    with pytest.raises(BadInput, match="may be read by others") as refused:
        load_address(receiver)
    assert TOKEN not in str(refused.value)
    file.chmod(0o600)
    assert load_address(receiver) == Secret(f"json://{TOKEN}")
    for content, why in (("a://b c://d", "not one address"), ("", "not one address"), ("x" * 5_000, "larger than")):
        file.write_text(content, encoding="utf-8")
        with pytest.raises(BadInput, match=why):
            load_address(receiver)
    file.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(BadInput, match="not UTF-8"):
        load_address(receiver)
    file.unlink()
    with pytest.raises(SendFailed, match="No such file"):
        send(receiver, PAYLOAD, 5)
    os.mkfifo(file)
    with pytest.raises(SendFailed, match="plain file"):
        send(receiver, PAYLOAD, 5)


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEAM", raising=False)
    with pytest.raises(BadInput, match="no TEAM"):
        load_address(ReceiverConfig("team", address="env:TEAM"))
    with pytest.raises(BadInput, match="no keyring"):
        load_address(ReceiverConfig("team", address="keyring"))


def test_the_keyring_keeps_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring

    kept: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda service, name: kept.get((service, name)))
    monkeypatch.setattr(keyring, "set_password", lambda service, name, text: kept.update({(service, name): text}))
    monkeypatch.setattr(keyring, "delete_password", lambda service, name: kept.pop((service, name)))
    keep_address("team", Secret(f"json://{TOKEN}"))
    assert load_address(ReceiverConfig("team", address="keyring")) == Secret(f"json://{TOKEN}")
    keep_address("team", None)
    keep_address("team", None)
    with pytest.raises(BadInput, match="ordertui notify login team"):
        load_address(ReceiverConfig("team", address="keyring"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            f'[[notify.receivers]]\nname = "a"\naddress = "slack://{TOKEN}"',
            "it takes: keyring, env:VARIABLE or file:PATH",
        ),
        (f'[[notify.receivers]]\nname = "a"\ncommand = "send {TOKEN}"', "command under .* it takes: list of texts"),
        ('[[notify.receivers]]\nname = "a"', "a command or an address"),
        ('[[notify.receivers]]\nname = "a"\ncommand = ["x"]\naddress = "keyring"', "and not both"),
        ('[[notify.receivers]]\ncommand = ["x"]', "has no name"),
        ('[[notify.receivers]]\nname = "a"\ncommand = [" "]', "empty text"),
        ('[[notify.receivers]]\nname = "a b"\ncommand = ["x"]', "at most 40 letters, digits"),
        ('[[notify.receivers]]\nname = "a"\ncommand = ["x"]\n' * 2, "one name"),
        (
            '[[notify.receivers]]\nname = "a"\ncommand = ["x"]\nkinds = ["tea"]',
            'receivers.. 1 has "tea"; it takes: list of auto_',
        ),
        ('[[notify.receivers]]\nname = "a"\ncommand = ["x"]\nmarketplaces = ["QQ"]', "QQ is no marketplace"),
        ('[[notify.receivers]]\nname = "a"\ncommand = ["x"]\nfilter = "colour:red"', "colour"),
        ('[[notify.receivers]]\nname = "a"\ncommand = ["x"]\nfilter = "marked"', "filter"),
        ('[notify]\nquiet_from = "22:00"', "quiet_from and quiet_to"),
        ('[notify]\nquiet_from = "22:00"\nquiet_to = "22:00"\nzone = "UTC"', "two different times"),
        ('[notify]\nquiet_from = "22:00"\nquiet_to = "07:00"', "need a zone"),
        ('[notify]\nquiet_from = "25:00"\nquiet_to = "07:00"\nzone = "UTC"', "it takes: time of day"),
        ('[notify]\nzone = "Mars/Olympus"', "no such time zone"),
        ('[notify]\nzone = "../../etc/passwd"', "no such time zone"),
    ],
)
def test_settings_that_cannot_be_followed(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput, match=why) as refused:
        load_config(path)
    assert TOKEN not in str(refused.value)
    assert str(path) in str(refused.value)


def test_settings_that_can(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(
        '[notify]\nquiet_from = "22:00"\nquiet_to = "07:00"\nzone = "Europe/Berlin"\n[[notify.receivers]]\nname = "a"\n'
        'address = "env:TEAM"\nkinds = ["rate_over"]\nmarketplaces = ["DE"]\nfilter = "sku:LAMP-* total>50"\n',
        encoding="utf-8",
    )
    assert load_config(path).notify.receivers[0].kinds == (AlertKind.RATE_OVER,)
    assert load_config(tmp_path / "none.toml") == Config()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_command_ends_with_the_process_that_is_killed(tmp_path: Path) -> None:
    """And what it started: a test that hangs is not left behind."""
    mark = tmp_path / "pids"
    script = f"sleep 60 & echo $$ $! > '{mark}.new'; mv '{mark}.new' '{mark}'; wait"
    receiver = ReceiverConfig("team", ("sh", "-c", script))
    child = os.fork()
    if not child:
        with suppress(BaseException):
            send(receiver, PAYLOAD, 60)
        os._exit(0)
    until(mark.exists)
    until(lambda: len(children(child)) == 2)  # the guard is started after the command: killed between, it ends nothing
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    for pid in mark.read_text().split():
        until(partial(is_gone, pid))


def children(pid: int) -> list[str]:
    """Return the processes that this one started and that run."""
    return subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()


def is_gone(pid: str) -> bool:
    """Whether a process has ended, though nobody may have asked how."""
    found = subprocess.run(["ps", "-o", "stat=", "-p", pid], capture_output=True, text=True, check=False).stdout
    return found.strip()[:1] in ("", "Z")

"""`ordertui notify`: list, send, test and login, with their exit codes; nothing of an address is shown."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from support.cli import Command
from support.hooks import appending, failing, received


def settings(folder: Path, *commands: tuple[str, ...], more: str = "") -> str:
    """A settings file with receivers r0, r1, ..."""
    path = folder / "config.toml"
    tables = [
        f'[[notify.receivers]]\nname = "r{number}"\ncommand = [{", ".join(repr(part) for part in command)}]\n'
        for number, command in enumerate(commands)
    ]
    path.write_text("\n".join(tables) + more, encoding="utf-8")
    return str(path)


def test_what_is_true_now_is_listed_and_told(tmp_path: Path) -> None:
    command, file = Command(tmp_path), tmp_path / "got"
    command.bring("US")
    before = command.run("notify", "list")
    assert before.code == 0
    assert "buyer_request" in before.stdout
    assert "to nobody" in before.stdout
    assert "the settings name no receiver" in before.stderr
    assert command.run("notify", "send").code == 4
    assert command.run("notify", "test").code == 4
    config = settings(tmp_path, appending(file), more='kinds = ["buyer_request"]\n')
    listed = command.run("notify", "list", ORDERTUI_CONFIG=config)
    assert "told next" in listed.stdout
    assert "to nobody" not in listed.stdout
    sent = command.run("notify", "send", ORDERTUI_CONFIG=config)
    assert (sent.code, sent.stdout.split()[-3:]) == (0, ["r0", "buyer_request", "delivered"])
    assert len(received(file)) == 1
    again = command.run("notify", "list", ORDERTUI_CONFIG=config)
    assert "delivered" in again.stdout
    assert "told next" not in again.stdout
    assert command.run("notify", "send", ORDERTUI_CONFIG=config).stdout.split()[4:] == []
    assert "buyer_request" in command.run("notify", "list", "--sent", ORDERTUI_CONFIG=config).stdout


def test_a_receiver_that_does_not_take_it_is_exit_7(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring("US")
    config = settings(tmp_path, failing())
    done = command.run("notify", "send", ORDERTUI_CONFIG=config)
    assert (done.code, "the command ended with 3" in done.stdout) == (7, True)
    done = command.run("notify", "test", "r0", ORDERTUI_CONFIG=config)
    assert (done.code, done.stdout) == (7, "r0: the command ended with 3\n")
    done = command.run("notify", "test", "nobody", ORDERTUI_CONFIG=config)
    assert (done.code, "there are: r0" in done.stderr) == (2, True)


def test_no_address_is_shown_anywhere(tmp_path: Path) -> None:
    """Neither by the settings, the lists, a failing test nor the file for a bug report."""
    token = "t0p-s3cret"
    command = Command(tmp_path)
    command.bring("US")
    file = tmp_path / "team.url"
    file.write_text(f"json://user:{token}@127.0.0.1:1/", encoding="utf-8")
    file.chmod(0o600)
    config = tmp_path / "config.toml"
    config.write_text(
        f'[[notify.receivers]]\nname = "team"\naddress = "file:{file}"\n[[notify.receivers]]\nname = "page"\n'
        f'command = ["false", "{token}"]\n',
        encoding="utf-8",
    )
    shown = ""
    for words in (("test",), ("send",), ("list",), ("list", "--sent")):
        done = command.run("notify", *words, ORDERTUI_CONFIG=str(config))
        shown += done.stdout + done.stderr
    command.run("report", "-o", tmp_path / "bug.txt", ORDERTUI_CONFIG=str(config))
    shown += (tmp_path / "bug.txt").read_text(encoding="utf-8")
    assert "notify: set" in shown
    assert token not in shown


def test_login_wants_a_keyring_and_an_address(tmp_path: Path) -> None:
    command = Command(tmp_path)
    assert command.run("notify", "login", "team", stdin="\n").code == 4
    done = command.run("notify", "login", "team", stdin="json://secret-token\n")
    assert (done.code, "no keyring" in done.stderr, "secret-token" in done.stderr) == (4, True, False)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("word", ["test", "send"])
def test_a_signal_ends_the_command_of_a_receiver_too(tmp_path: Path, word: str) -> None:
    command, file = Command(tmp_path), tmp_path / "pid"
    command.bring("US")
    signals = ("sh", "-c", f"echo $$ >> {file}; kill -TERM $PPID; exec sleep 25")
    config = settings(tmp_path, signals, signals, more='kinds = ["buyer_request"]\n[notify]\ncommand_seconds = 2\n')
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        done = command.run("notify", word, ORDERTUI_CONFIG=config)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (done.code, "what is not listed was not tried" in done.stderr) == (130, True)
    assert "it did until then is not known" in done.stdout
    (pid,) = file.read_text(encoding="utf-8").split()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)

"""Bring a notification to a receiver: by a command that gets JSON, or by Apprise.

An address for Apprise holds a secret. It is read when it is used, from the keyring, the environment or a file that only
its owner reads, and stands in no message, log or error.
"""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import msgspec

from ordertui.amazon.spapi.secret import Secret
from ordertui.files import open_plain
from ordertui.operations.config import ReceiverConfig
from ordertui.operations.errors import BadInput, error_message
from ordertui.operations.paths import typed_path
from ordertui.orders.enums import AlertKind
from ordertui.orders.text import install_extra
from ordertui.system_keyring import NoKeyring, read_entry, write_entry

from .apprise_address import STOP_SECONDS, SendFailed, SendUnclear, post_until

KEYRING_SERVICE = "ordertui-notify"
ADDRESS_BYTES = 4_096


class HookPayload(msgspec.Struct, frozen=True):
    """What a command gets on stdin, as JSON. Fields are added, never renamed; `version` would change."""

    id: str
    """The same for each attempt: a receiver that has seen it may ignore it."""
    kind: AlertKind
    title: str
    body: str
    count: int
    first: tuple[str, ...]
    marketplaces: tuple[str, ...]
    urgent: bool
    attempt: int
    is_test: bool = False
    version: int = 1


def send(
    receiver: ReceiverConfig, payload: HookPayload, seconds: int, stop: Callable[[], bool] = lambda: False
) -> None:
    """Bring a notification to its receiver; a command is ended after `seconds`.

    Raises SendFailed, and SendUnclear when `stop` ended it in the middle.
    """
    try:
        if receiver.command:
            _run(receiver.command, msgspec.json.encode(payload), seconds, stop)
        else:
            post_until(stop, load_address(receiver), payload.title, payload.body, is_urgent=payload.urgent)
    except (BadInput, OSError) as error:
        raise SendFailed(error_message(error)) from None


def _run(command: Sequence[str], content: bytes, seconds: int, stop: Callable[[], bool]) -> None:
    """Run a command with these bytes on stdin. What it prints is not read: it may hold anything."""
    try:
        process = subprocess.Popen(
            [str(typed_path(command[0])), *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # so that what it started ends with it
        )
    except (OSError, ValueError) as error:
        raise SendFailed(f"the command cannot be started: {getattr(error, 'strerror', None) or error}") from None
    guard = _guard(process)
    try:
        _wait(process, content, seconds, stop)
    finally:
        if process.poll() is None:
            _end(process)
        if guard is not None:
            guard.communicate(b"over\n")
    if process.returncode:
        raise SendFailed(f"the command ended with {process.returncode}")


def _guard(process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes] | None:
    """Start what ends a command, and what it started, when this process is killed; None where there is no shell for it.

    It waits for a line, which it gets when the command has ended, or for the end of the pipe. Killed in the moment
    between the two starts, this process leaves the command to its own end.
    """
    if os.name != "posix":
        return None
    script = 'read -r _ || kill -s KILL -- "-$1"'
    with suppress(OSError):
        return subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
        )
    return None


def _wait(process: subprocess.Popen[bytes], content: bytes, seconds: int, stop: Callable[[], bool]) -> None:
    """Give a command its bytes and wait for its end. Raises SendFailed after `seconds`, SendUnclear at a stop."""
    given: bytes | None = content
    until = time.monotonic() + seconds
    while True:
        try:
            process.communicate(given, timeout=max(0.0, min(STOP_SECONDS, until - time.monotonic())))
        except subprocess.TimeoutExpired:
            given = None  # what is left of it is kept by `process`
        else:
            return
        if time.monotonic() >= until:
            raise SendFailed(f"the command did not end within {seconds} s")
        if stop():
            raise SendUnclear("the command was ended with ordertui: what it did until then is not known")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and what it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()


def load_address(receiver: ReceiverConfig) -> Secret:
    """Return the address of a receiver. Raises BadInput, which names where it was looked for, never the address."""
    name, source = receiver.name, receiver.address
    if source == "keyring":
        with _keyring_needed():
            found = Secret(read_entry(KEYRING_SERVICE, name) or "")
        if not found:
            raise BadInput(f"the keyring has no address for {name}: `ordertui notify login {name}` asks for it")
    elif source.startswith("env:"):
        found = Secret(os.environ.get(source[4:], "").strip())
        if not found:
            raise BadInput(f"the environment has no {source[4:]}, which should hold the address of {name}")
    else:
        found = _from_file(source[5:], name)
    if len(found.reveal().split()) != 1:
        raise BadInput(f"the address of {name} is not one address: give each receiver its own")
    return found


def _from_file(place: str, name: str) -> Secret:
    path = typed_path(place)
    with open_plain(path) as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if os.name == "posix" and mode & 0o077:
            raise BadInput(f"{path} may be read by others (mode {mode:o}): `chmod 600` it; nothing was sent to {name}")
        content = file.read(ADDRESS_BYTES + 1)
    if len(content) > ADDRESS_BYTES:
        raise BadInput(f"{path} is larger than {ADDRESS_BYTES:,} bytes: it should hold the address of {name} alone")
    try:
        return Secret(content.decode("utf-8-sig").strip())
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8: it should hold the address of {name}") from None


def keep_address(name: str, address: Secret | None) -> None:
    """Put the address of a receiver into the keyring; None removes it. Raises BadInput without a keyring."""
    with _keyring_needed():
        write_entry(KEYRING_SERVICE, name, None if address is None else address.reveal())


@contextmanager
def _keyring_needed() -> Iterator[None]:
    try:
        yield
    except NoKeyring:
        raise BadInput("this machine has no keyring: use env:VARIABLE or file:PATH as the address") from None
    except ImportError:
        raise BadInput(f"the keyring needs the extra notify: {install_extra('notify')}") from None

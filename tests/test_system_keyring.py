"""The system's keyring: an entry for each service and name, and what its users say where there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail

from ordertui.amazon.spapi.errors import Missing
from ordertui.amazon.spapi.secret import Secret
from ordertui.operations.errors import BadInput
from ordertui.operations.notify.receivers import keep_address
from ordertui.operations.sync.credentials import CredentialStore
from ordertui.system_keyring import NoKeyring, read_entry, write_entry


def test_without_a_keyring_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", fail.Keyring())  # type: ignore[no-untyped-call]
    with pytest.raises(NoKeyring):
        read_entry("ordertui-test", "one")
    with pytest.raises(NoKeyring):
        write_entry("ordertui-test", "one", "text")


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("keyring", "keyring.errors"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(BadInput, match="extra notify"):
        keep_address("team", Secret("json://secret"))
    with pytest.raises(Missing, match="extra"):
        CredentialStore("test", tmp_path).forget()

"""Texts in the system's keyring: an entry for each service and name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class NoKeyring(Exception):
    """This machine has no keyring that answers."""


def read_entry(service: str, name: str) -> str | None:
    """Return an entry; None: there is none. Raises NoKeyring, and ImportError without the library."""
    with _translated():
        import keyring

        return keyring.get_password(service, name)


def write_entry(service: str, name: str, text: str | None) -> None:
    """Keep an entry; None removes it. Raises NoKeyring, and ImportError without the library."""
    with _translated():
        import keyring

        if text is not None:
            keyring.set_password(service, name, text)
        elif keyring.get_password(service, name) is not None:
            keyring.delete_password(service, name)


@contextmanager
def _translated() -> Iterator[None]:
    from keyring.errors import KeyringError  # late: it takes a tenth of a second

    try:
        yield
    except (KeyringError, RuntimeError, OSError) as error:
        raise NoKeyring from error

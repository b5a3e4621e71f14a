"""A connection to a server: how it is opened, and what the server's errors mean to the operator."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import errors

from ordertui.system_keyring import NoKeyring, read_entry

from .address import ServerAddress, is_local
from .errors import ConstraintViolated, Interrupted, ReadOnlyStore, ServerUnreachable, StoreError, StoreLocked
from .protocol import Row

CONNECT_SECONDS, LOCK_SECONDS = 10, 10
"""How long to wait for the server, and for another process that writes."""
KEYRING_SERVICE = "ordertui-store"
_KEEP_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""A line that is cut without a word is noticed after 25 seconds."""
_LINE_LOST = ("08", "57")
"""Classes of error codes: no connection, and a server that shuts down. Without a code it was the driver's."""


def connect(address: ServerAddress) -> psycopg.Connection[Row]:
    """Open a connection; where the server wants a password, with that of the system's keyring. Raises StoreError."""
    try:
        return _open(address, None)
    except psycopg.OperationalError as error:
        password = _keyring_password(address) if "password" in str(error) else None
        if password is None:
            raise _unreachable(address, error) from error
    try:
        return _open(address, password)
    except psycopg.OperationalError as error:
        raise _unreachable(address, error) from error


def _open(address: ServerAddress, password: str | None) -> psycopg.Connection[Row]:
    settings: dict[str, Any] = {**address.settings, **_KEEP_ALIVE, "connect_timeout": CONNECT_SECONDS}
    connection = psycopg.connect(
        **settings, password=password, autocommit=True, application_name="ordertui", client_encoding="UTF8"
    )
    if not (connection.pgconn.ssl_in_use or is_local(connection.info.host) or is_local(connection.info.hostaddr)):
        connection.close()
        raise StoreError(f"{address} does not speak TLS; nothing was sent to it")
    return connection


def _keyring_password(address: ServerAddress) -> str | None:
    try:
        return read_entry(KEYRING_SERVICE, str(address))
    except (NoKeyring, ImportError):
        return None


def _unreachable(address: ServerAddress, error: psycopg.Error) -> ServerUnreachable:
    return ServerUnreachable(f"{address} cannot be opened ({' '.join(str(error).split())}); docs/team.md may help")


_RAISED = "exec_stmt_raise"
"""Where the server says that a refusal is one of tables.sql, with words of its own, and none of its grants."""


def translate_error(error: psycopg.Error, place: str) -> StoreError:
    """Return the StoreError that tells the operator what the server's error means, and what to do."""
    text = " ".join(str(error).split())
    if isinstance(error, errors.IntegrityError):
        return ConstraintViolated(f"{place}: {text}")
    if isinstance(error, errors.LockNotAvailable):
        return StoreLocked(f"{place}: another process writes for longer than {LOCK_SECONDS} seconds; try again")
    if isinstance(error, errors.QueryCanceled):
        return Interrupted(f"{place}: the reading was stopped")
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return ReadOnlyStore(f"{place} may not be written ({text})")
    if isinstance(error, errors.InsufficientPrivilege):
        if error.diag.source_function == _RAISED:
            return StoreError(f"{place}: {error.diag.message_primary}; `ordertui team list` shows who may do what")
        return StoreError(
            f"{place}: the server does not let your login do this; your role may have changed since ordertui was"
            " opened. Nothing of it was kept; open ordertui again, and `ordertui team list` shows who may do what"
        )
    if isinstance(error, errors.DiskFull):
        return StoreError(
            f"{place}: the server's disk is full; what was being written is undone, all before it is kept"
        )
    if isinstance(error, psycopg.OperationalError) and (error.sqlstate or "08").startswith(_LINE_LOST):
        return ServerUnreachable(
            f"{place}: the connection to the server was lost ({text}); what was not finished was not kept: try again"
        )
    return StoreError(f"{place}: {text}")

"""Where a store is: the path of a file, or the address of a PostgreSQL server. An address never carries a password."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from .errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_SCHEMA = "ordertui"
_ALLOWED = frozenset({"host", "port", "schema", "service", "sslcert", "sslkey", "sslmode", "sslrootcert"})
NO_PASSWORD = (
    "the address of a store takes no password: it would stand in the shell's history and in the list of processes."
    " Put it into ~/.pgpass, a service file, or the system's keyring (docs/team.md)"
)


class ServerAddress(msgspec.Struct, frozen=True):
    """The address of a store on a PostgreSQL server."""

    text: str
    """As messages show it."""
    settings: Mapping[str, str]
    """Parameters of the connection, as libpq names them."""
    schema: str
    files: Path
    """What this machine's files of the store are named after, as those of a store in a file are after that file."""

    def __str__(self) -> str:
        return self.text


def parse_address(text: str, folder: Path) -> ServerAddress:
    """Return a server's address: `postgresql://user@host:port/database?schema=name`.

    A server that is not on this machine is reached over TLS alone, and its certificate must name it. In `folder` each
    server has a folder for this machine's files: outbox, marks, views. Raises StoreError.
    """
    try:
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("it has bytes that are no UTF-8")
        parts = urlsplit(text)
        port = parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise StoreError(
            f"the store's address cannot be read ({error}); it is postgresql://USER@HOST/DATABASE"
        ) from None
    if parts.password is not None or {"password", "passfile"} & options.keys():
        raise StoreError(NO_PASSWORD)
    unknown = sorted(options.keys() - _ALLOWED)
    if unknown:
        raise StoreError(
            f"the store's address has {unknown[0]}=, which is not taken; it may have {', '.join(sorted(_ALLOWED))}"
        )
    settings = {"user": unquote(parts.username or ""), "host": unquote(parts.hostname or "")}
    settings |= {"port": str(port or ""), "dbname": unquote(parts.path.lstrip("/"))}
    schema = options.pop("schema", DEFAULT_SCHEMA)
    settings = {key: value for key, value in (settings | options).items() if value}
    if "," in settings.get("host", "") or "\0" in text:
        raise StoreError("the store's address names several servers; name one")
    _require_tls(settings)
    names = [settings.get(key, "") for key in ("service", "host", "port", "dbname")]
    name = quote("-".join(filter(None, [*names, schema])), safe="-._").replace("%", "_")
    return ServerAddress(_shown(settings, schema), settings, schema, folder / name / "orders.db")


def address_for(address: ServerAddress, user: str) -> str:
    """Return the address by which another person reaches the same store, with the authority of its certificate."""
    shown = _shown({**address.settings, "user": user}, address.schema)
    authority = own_authority(address)
    return shown if authority is None else f"{shown}{'&' if '?' in shown else '?'}sslrootcert={quote(authority)}"


def own_authority(address: ServerAddress) -> str | None:
    """Return the file with the authority that vouches for the server; None: it is one of the system's."""
    authority = address.settings.get("sslrootcert", "system")
    return None if authority == "system" else authority


def is_local(host: str) -> bool:
    """Return whether a host is this machine: a socket's folder, or the loopback."""
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _require_tls(settings: dict[str, str]) -> None:
    if is_local(settings.get("host", "")):
        return
    if settings.setdefault("sslmode", "verify-full") != "verify-full":
        raise StoreError(
            f"sslmode={settings['sslmode']} is not enough for a server that is not on this machine: only verify-full"
            " makes sure that it is yours; leave sslmode out"
        )
    settings.setdefault("sslrootcert", "system")
    settings["gssencmode"] = "disable"  # it would take the place of TLS, and of the certificate


def _shown(settings: dict[str, str], schema: str) -> str:
    user = f"{quote(settings['user'], safe='')}@" if "user" in settings else ""
    host = quote(settings.get("host", ""), safe="[]:.-_")
    host = f"[{host}]" if ":" in host else host
    port = f":{settings['port']}" if "port" in settings else ""
    shown = f"postgresql://{user}{host}{port}/{quote(settings.get('dbname', ''))}"
    more = [f"service={settings['service']}"] if "service" in settings else []
    more += [f"schema={schema}"] if schema != DEFAULT_SCHEMA else []
    return shown + (f"?{'&'.join(more)}" if more else "")

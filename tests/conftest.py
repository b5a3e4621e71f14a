"""Fixtures of every test: no home directory, a fixed clock, one small session, the API simulator, terminals."""

from __future__ import annotations

import gc
import os
import re
import shutil
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual import _wait
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.screen import Screen

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.store.engine import file_connection, migrations
from ordertui.store.repositories.identity import new_id
from support import places
from support.cli import Command
from support.shops import NOW, clone_store, open_session, quick_connection, standard

if TYPE_CHECKING:
    from support.server import Server
    from support.simulator import Contract, Simulator
    from support.terminal import Terminal

SIMULATOR_CREDENTIALS = {
    "LWA_CLIENT_ID": "sim-client", "LWA_CLIENT_SECRET": "sim-secret", "REFRESH_TOKEN": "sim-refresh",
}  # fmt: skip
PAGES = "PRAGMA page_count"


gc.set_threshold(20_000, 20, 10)  # each app that ends leaves some 10,000 objects in circles: a quarter less CPU


def pytest_collection_finish() -> None:
    """Let the collector pass over what the imports and the tests' items made: it all stays to the end."""
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Let pytest's five last passes, for errors that its settings ignore, find nothing: 2 s in each worker."""
    gc.freeze()


@pytest.fixture(scope="session")
def folders() -> Counter[str]:
    """Count the folders made of each name."""
    return Counter()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, folders: Counter[str]) -> Path:
    """Make a folder with a number of its own; pytest's finds one by listing all folders of the run, 2 ms each time."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{name}-{folders[name]}"
    folders[name] += 1
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(autouse=True)
def empty_home(
    tmp_path_factory: pytest.TempPathFactory, folders: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Point every home variable at a folder that does not exist, so that no test touches the developer's files."""
    home = tmp_path_factory.getbasetemp() / f"nobody-{folders['nobody']}"
    folders["nobody"] += 1
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse the machine's keyring to whatever imports keyring, and to the commands that a test starts."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


@pytest.fixture(autouse=True, scope="session")
def short_waits() -> None:
    """Let Textual's pilot look every 4 ms, not every 20, whether the process is idle: each key waits for it thrice.

    Textual has no public way. What a key did is waited for by `support.pilot.settled`, which does not guess.
    """
    _wait.SLEEP_GRANULARITY, _wait.SLEEP_IDLE = 1 / 250, 1 / 1500


@pytest.fixture(autouse=True, scope="session")
def parsed_styles() -> Iterator[None]:
    """Parse each style sheet once for all apps of the same theme, not once for each app: the rules are only read."""
    parse, made = Stylesheet._parse_rules, dict[tuple[object, ...], list[RuleSet]]()

    def parse_once(sheet: Stylesheet, css: str, *args: Any, **more: Any) -> list[RuleSet]:
        key = (css, args, tuple(more.items()), tuple(sheet._variables.items()))
        found = made.get(key)
        if found is None:
            found = made[key] = parse(sheet, css, *args, **more)
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True, scope="session")
def painted_at_rest() -> Iterator[None]:
    """Paint a screen when the pilot pauses, not each frame on the way there: without a terminal nobody sees those."""
    paint, pause = Screen._compositor_refresh, Pilot.pause

    def keep_dirty(screen: Screen[object]) -> None:
        app = screen.app
        if not app.is_headless or screen is not app.screen:
            paint(screen)
            return
        screen._dirty_widgets.clear()  # what is dirty of them is in the compositor's regions by now
        app.post_display_hook()
        app._update_mouse_over(screen)

    async def pause_and_paint(pilot: Pilot[None], delay: float | None = None) -> None:
        await pause(pilot, delay)
        paint(pilot.app.screen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Screen, "_compositor_refresh", keep_dirty)
        patch.setattr(Pilot, "pause", pause_and_paint)
        yield


@pytest.fixture
def api_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the simulator's credentials into the environment, and a keyring in place that refuses everything."""
    import keyring
    from keyring.backends import fail

    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    for name, value in SIMULATOR_CREDENTIALS.items():
        monkeypatch.setenv(f"ORDERTUI_{name}", value)


@pytest.fixture
def clock() -> FixedClock:
    """Return a clock that stands at NOW until a test moves it."""
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start a PostgreSQL server; see `support.server`."""
    from support.server import VARIABLE, Server

    if os.environ.get(VARIABLE) == "off":
        pytest.skip(f"{VARIABLE}=off")
    made = Server()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Say which database the stores of the test live in; parametrised indirectly with `support.places.BOTH`.

    ORDERTUI_TEST_ENGINE=postgresql runs what is not parametrised on the server, as far as it names no file.
    """
    name: str = getattr(request, "param", os.environ.get("ORDERTUI_TEST_ENGINE", "sqlite"))
    if name == "postgresql":
        monkeypatch.setattr(places, "server", request.getfixturevalue("server"))
    return name


@pytest.fixture(scope="session")
def standard_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the reports of `standard`, and in `shop` the store that read them."""
    folder = tmp_path_factory.mktemp("standard")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "server", None)
        with open_session(folder / "shop") as made:
            standard(made, folder)
    return folder


@pytest.fixture(scope="session")
def standard_database(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the same on the server, in a database that is copied, and give the folder of its reports."""
    folder = tmp_path_factory.mktemp("standard-server")
    server.make_database(places.STANDARD)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder / "data"))
        patch.setattr(places, "server", server)
        patch.setitem(places.copies, folder / "shop" / "orders.db", places.STANDARD)
        with open_session(folder / "shop") as made:
            standard(made, folder)
    return folder


@pytest.fixture
def session(request: pytest.FixtureRequest, tmp_path: Path, clock: FixedClock) -> Iterator[Session]:
    """Open a store with six orders that may be cancelled and 94 shipped ones.

    It is a copy of one that imported them, under an id of its own: a twelfth of the time, a seventh on the server.
    """
    path = tmp_path / "shop" / "orders.db"
    if clock.now() != NOW:
        found = open_session(tmp_path / "shop", clock=clock)
        standard(found, tmp_path)
        yield found
        return
    made: Path = request.getfixturevalue("standard_folder" if places.server is None else "standard_database")
    renamed = f"UPDATE imports SET path = replace(path, '{made}', '{tmp_path}')"
    if places.server is None:
        shutil.copytree(made, tmp_path, dirs_exist_ok=True)
        with closing(quick_connection(path)) as connection, connection:
            connection.execute(renamed)
            settle = "UPDATE meta SET value = CASE key WHEN 'store:id' THEN ? ELSE '' END WHERE key LIKE 'store:%'"
            connection.execute(settle, (new_id(),))
    else:
        for report in made.glob("*.txt"):
            shutil.copy(report, tmp_path)
        copy = places.schema_of(path)
        places.server.copy_database(places.STANDARD, copy)
        settle = f"UPDATE {places.STANDARD}.meta SET value = '{new_id()}' WHERE key = 'store:id'"
        places.server.run(
            copy, "SET session_replication_role = replica", f"SET search_path = {places.STANDARD}", renamed, settle
        )
        places.copies[path] = copy
    yield open_session(tmp_path / "shop", clock=clock)
    places.copies.pop(path, None)


@pytest.fixture(scope="session")
def us_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a store of the American example reports, for tests to copy."""
    folder = tmp_path_factory.mktemp("us")
    Command(folder).bring("US")
    return folder / "orders.db"


@pytest.fixture
def us_orders(us_store: Path, tmp_path: Path) -> None:
    """Put a store of the American example reports into the test's folder: a process of its own would take 0.5 s."""
    clone_store(us_store, tmp_path / "orders.db")


@pytest.fixture(autouse=True, scope="session")
def fast_disk() -> Iterator[None]:
    """Skip waiting for the disk, in a file store 13 times a test: the power does not fail in a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_connection, "WAIT_FOR_DISK", "OFF")
        patch.setattr(os, "fsync", lambda handle: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def made_stores() -> Iterator[None]:
    """Make new stores as copies of one that went through all steps of the schema: 30 ms less for each.

    Where a test changes the steps, and in what already has a table, the steps run as they stand.
    """
    migrate, statements, lock = migrations.migrate, migrations.statements, threading.Lock()
    made: list[sqlite3.Connection] = []

    def copy_or_migrate(connection: sqlite3.Connection, path: str) -> None:
        with lock:
            is_changed = migrations.statements is not statements
            if is_changed or migrations.check(connection, path) or connection.execute(PAGES).fetchone()[0] > 1:
                migrate(connection, path)
                return
            if not made:
                made.append(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False))
                migrate(made[0], "a new store")
            made[0].backup(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "migrate", copy_or_migrate)
        yield


@pytest.fixture(scope="session")
def contract() -> Contract:
    """Read Amazon's API models, against which the simulator checks every request and answer."""
    from support.simulator import Contract

    return Contract()


@pytest.fixture
def sim(clock: FixedClock, contract: Contract, api_credentials: None) -> Iterator[Simulator]:
    """Run Amazon's simulator. Afterwards requests and answers must have fitted the models and the published limits."""
    from support.simulator import Simulator

    made = Simulator(clock, contract=contract)
    with made.running():
        yield made
    assert (made.problems, made.broken) == ([], [])
    assert made.quotas.breaches() == []


@pytest.fixture
def opened() -> Iterator[list[Terminal]]:
    """Collect the terminals of a test; all are closed after it, however it ended."""
    found: list[Terminal] = []
    yield found
    for terminal in found:
        terminal.close()

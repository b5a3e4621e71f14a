"""The screen in a browser: closed to all without the key, drawn over the websocket, gone with its server."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

aiohttp = pytest.importorskip("aiohttp", reason="needs the extra ordertui[serve]")
pytest.importorskip("textual_serve")

from ordertui.cli.context import Settings  # noqa: E402
from ordertui.cli.serve import is_loopback, screen_command  # noqa: E402
from support.cli import AS_OF, Command, environment  # noqa: E402

if TYPE_CHECKING:
    from aiohttp import ClientSession, ClientWebSocketResponse

PATIENCE = 60.0
"""Seconds until something that was waited for is given up."""
pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are looked for in /proc")


class Served:
    """`ordertui serve` over a small real store, and what a browser would know of it."""

    def __init__(self, folder: Path) -> None:
        self.command = Command(folder)
        self.command.bring("US")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        args = [sys.executable, "-m", "ordertui", "--store", str(self.command.store), "--as-of", AS_OF, "serve"]
        self.process = subprocess.Popen(
            [*args, "--port", str(self.port)], cwd=folder, env=environment(folder), start_new_session=True,
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        found = re.match(r"open (http://127\.0\.0\.1:\d+/)\?key=(\S+)", said)
        assert found is not None, said
        self.page, self.key = found.groups()

    def running(self) -> int:
        """Return the processes of its session."""
        count = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            count += int(fields[3]) == self.process.pid and fields[0] != "Z"
        return count

    def left(self, count: int) -> bool:
        """Whether so many of them are left after a while."""
        end = time.monotonic() + PATIENCE
        while self.running() != count and time.monotonic() < end:
            self.process.poll()
            time.sleep(0.05)
        return self.running() == count


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    found = Served(tmp_path)
    yield found
    if found.running():
        os.killpg(found.process.pid, signal.SIGKILL)
    found.process.wait()
    assert found.process.stderr is not None
    found.process.stderr.close()


def browser() -> ClientSession:
    made: ClientSession = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    return made


async def drawn(tab: ClientWebSocketResponse, word: str) -> None:
    """Read what the tab is sent until the word is in it."""
    text = b""

    async def read() -> None:
        nonlocal text
        while word.encode() not in text:
            message = await tab.receive()
            assert message.type is aiohttp.WSMsgType.BINARY, (message, text[-500:])
            text += message.data

    await asyncio.wait_for(read(), PATIENCE)


async def open_tab(session: ClientSession, served: Served) -> ClientWebSocketResponse:
    async with session.get(f"{served.page}?key={served.key}") as answer:
        assert answer.status == 200
        assert "Set-Cookie" not in answer.headers, "other ports of the machine would receive it"
        page = await answer.text()
        assert 'history.replaceState(null, "", "/")' in page, "the key stays out of the history"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert {f"127.0.0.1:{served.port}"} == set(re.findall(r"(?:https?|wss?)://([^/\"]+)", page)), (
        "nothing from elsewhere"
    )
    where = re.search(r'data-session-websocket-url="([^"]+)"', page)
    assert where is not None
    return await session.ws_connect(f"{where[1]}?width=120&height=40", headers={"Origin": served.page.rstrip("/")})


@pytest.mark.long
async def test_orders_are_drawn_keys_work_and_nothing_is_left(served: Served) -> None:
    async with browser() as session:
        first = await open_tab(session, served)
        await drawn(first, "001-0000000-0000006")
        second = await open_tab(session, served)
        await drawn(second, "001-0000000-0000006")
        await first.send_json(["stdin", "x"])
        await drawn(first, "excluded")
        await first.send_json(["stdin", "n"])
        await second.send_json(["stdin", "q"])
        while (await asyncio.wait_for(second.receive(), PATIENCE)).type is not aiohttp.WSMsgType.CLOSE:
            pass
        await second.close()
        assert await asyncio.to_thread(served.left, 2), "the server and the first tab's screen"
        served.process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(served.left, 0)
        assert served.process.wait(PATIENCE) == 0
        await first.close()


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_it_ends_when_it_is_told_to_and_when_its_terminal_is_closed(served: Served, name: str) -> None:
    number = signal.Signals[name]
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("under `nohup` it goes on")
    served.process.send_signal(number)
    assert served.process.wait(PATIENCE) == 0


async def test_without_the_key_or_from_another_page_there_is_nothing(served: Served) -> None:
    async with browser() as stranger:
        for way, status in {"": 403, "?key=wrong": 403, "?key=%ff%00": 403, "ws/x": 403, "ws": 404}.items():
            async with stranger.get(served.page + way) as answer:
                assert answer.status == status, way
                assert served.key not in await answer.text()
    async with browser() as session:
        async with session.get(f"{served.page}?key={served.key}") as answer:
            token = re.search(r"/ws/([\w-]+)", await answer.text())
            assert token is not None
        for origin in ("http://evil.example", f"http://127.0.0.1:{served.port + 1}", None):
            headers = {"Origin": origin} if origin else {}
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{served.page}ws/{token[1]}", headers=headers)
            assert refused.value.status == 403
    assert served.running() == 1


async def test_a_token_opens_one_socket_of_a_bounded_size(served: Served) -> None:
    async with browser() as session:
        async with session.get(f"{served.page}?key={served.key}") as answer:
            token = re.search(r"/ws/([\w-]+)", await answer.text())
            assert token is not None
        address, headers = f"{served.page}ws/{token[1]}", {"Origin": served.page.rstrip("/")}
        tab = await session.ws_connect(f"{address}?width=99999999&height=99999999", headers=headers)
        await drawn(tab, "001-0000000-0000006")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(address, headers=headers)
        assert refused.value.status == 403
        for nonsense in (
            "[",
            "[]",
            "{}",
            '["resize"]',
            '["resize", {"width": -1, "height": 1e400}]',
            "[" * 100_000,
            '["resize", {"width": 99999999, "height": 99999999}]',
            '["stdin", null]',
            '["stdin", "\\ud800"]',
        ):
            await tab.send_str(nonsense)  # fmt: skip
        await tab.send_json(["resize", {"width": 120, "height": 40}])
        await tab.send_json(["stdin", "x"])
        await drawn(tab, "excluded")
        await tab.close()


def test_a_tabs_size_is_bounded() -> None:
    from ordertui.cli.web_server import MOST_COLUMNS, MOST_LINES, _size

    assert _size("120", "40") == (120, 40)
    assert _size(None, "x") == _size("-1", "²") == (80, 24)
    assert _size("0", "9" * 5_000) == (1, MOST_LINES)
    assert _size(10**9, "1e3") == (MOST_COLUMNS, 24)


def test_no_module_of_the_current_folder_is_run(tmp_path: Path) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('run from the current folder')")
    command = screen_command(Settings(None, read_only=False, as_of=None))
    done = subprocess.run(
        ["sh", "-c", f"{command} --version"], cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=False
    )
    assert (done.returncode, b"current folder" in done.stderr) == (0, False)


async def test_a_screen_ends_when_its_server_was_killed(served: Served) -> None:
    async with browser() as session:
        tab = await open_tab(session, served)
        await drawn(tab, "001-0000000-0000006")
        assert served.running() == 2
        served.process.kill()
        assert await asyncio.to_thread(served.left, 0)
        await tab.close()


def test_other_machines_are_let_in_only_when_that_is_said(tmp_path: Path) -> None:
    done = Command(tmp_path).run("serve", "--address", "0.0.0.0")
    assert done.code == 2
    assert "--let-others-in" in done.stderr
    assert [is_loopback(one) for one in ("127.0.0.1", "::1", "localhost", "127.8.0.1", "0.0.0.0", "::", "10.0.0.1",
        "shop")] == [
        True, True, True, True, False, False, False, False,
    ]  # fmt: skip


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = Command(tmp_path).run("serve", "--port", str(port))
    assert done.code == 4
    assert f"port {port}" in done.stderr

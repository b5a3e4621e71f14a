"""Draw screenshots/browser.png: `ordertui serve` over the practice store, in a real browser.

Needs the extra `ordertui[serve]` and Chromium (Debian: `apt-get install chromium`); another one by --browser. Nothing
but this machine is reached: the script ends with an error when the page asks for anything elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import re
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from ordertui.operations.demo import build_practice
from ordertui.orders.clock import iso_utc, parse_iso

NOW = parse_iso("2026-11-23T14:05:00Z")
SIZE = (1200, 800)
PATIENCE = 60
TARGET = Path(__file__).resolve().parent.parent / "screenshots" / "browser.png"
OPTIONS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--remote-debugging-port=0",
)  # fmt: skip


class Page:
    """A page of the browser, driven over its debugging socket."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_
        self._number = 0
        self.asked_for: set[str] = set()
        """Every address that was requested."""

    async def do(self, method: str, **params: Any) -> dict[str, Any]:
        """One command, and its answer."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        while True:
            message = json.loads((await asyncio.wait_for(self._socket.receive(), PATIENCE)).data)
            if message.get("method") == "Network.requestWillBeSent":
                self.asked_for.add(message["params"]["request"]["url"])
            if message.get("id") == self._number:
                if "error" in message:
                    raise SystemExit(f"{method}: {message['error']}")
                answer: dict[str, Any] = message["result"]
                return answer

    async def until(self, expression: str) -> None:
        """Wait until it is true in the page."""
        for _ in range(PATIENCE * 10):
            found = await self.do("Runtime.evaluate", expression=expression, returnByValue=True)
            if found["result"].get("value"):
                return
            await asyncio.sleep(0.1)
        raise SystemExit(f"never came true in the page: {expression}")

    async def key(self, letter: str) -> None:
        """Type a letter."""
        await self.do("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
        await self.do("Input.dispatchKeyEvent", type="keyUp", key=letter)
        await asyncio.sleep(0.4)


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def line_with(stream: asyncio.StreamReader, pattern: str) -> str:
    """Return what the pattern's group matches in a process's output."""
    while line := (await asyncio.wait_for(stream.readline(), PATIENCE)).decode():
        if found := re.search(pattern, line):
            return found[1]
    raise SystemExit(f"it ended without {pattern}")


async def draw(browser: str, folder: Path) -> bytes:
    """Return the picture."""
    port = free_port()
    serve = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ordertui", "--store", "practice/practice.db", "--as-of", iso_utc(NOW), "serve", "--port",
        str(port), cwd=folder, stderr=asyncio.subprocess.PIPE, env=os.environ | {"ORDERTUI_TEST_CLOCK": "1"},
    )  # fmt: skip
    extra = ("--no-sandbox",) if hasattr(os, "getuid") and os.getuid() == 0 else ()
    chromium = await asyncio.create_subprocess_exec(
        browser, *OPTIONS, *extra, f"--user-data-dir={folder / 'browser'}", "about:blank",
        stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert serve.stderr is not None
        assert chromium.stderr is not None
        address = await line_with(serve.stderr, r"open (\S+)")
        control = urlsplit(await line_with(chromium.stderr, r"listening on (\S+)"))
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{control.netloc}/json") as answer:
                (page_of,) = [one for one in await answer.json() if one["type"] == "page"][:1]
            async with session.ws_connect(page_of["webSocketDebuggerUrl"], max_msg_size=0) as connected:
                page = Page(connected)
                await page.do("Network.enable")
                await page.do("Page.enable")
                await page.do(
                    "Emulation.setDeviceMetricsOverride",
                    width=SIZE[0],
                    height=SIZE[1],
                    deviceScaleFactor=1,
                    mobile=False,
                )
                await page.do("Page.bringToFront")
                await page.do("Page.navigate", url=address)
                await page.until("document.body && document.body.classList.contains('-first-byte')")
                await page.do("Runtime.evaluate", expression="document.fonts.ready", awaitPromise=True)
                await asyncio.sleep(3)  # the first orders are counted and drawn
                for letter in "2jjjj  j":
                    await page.key(letter)
                await asyncio.sleep(1)
                picture = base64.b64decode((await page.do("Page.captureScreenshot", format="png"))["data"])
        elsewhere = {url for url in page.asked_for if urlsplit(url).hostname not in ("127.0.0.1", None, "")}
        if elsewhere:
            raise SystemExit(f"the page asked for things elsewhere: {', '.join(sorted(elsewhere))}")
        print(f"{len(page.asked_for)} requests, all to this machine")
        return picture
    finally:
        for process in (chromium, serve):
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--browser",
        default=next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None),
    )
    asked = parser.parse_args()
    if asked.browser is None:
        raise SystemExit("no Chromium was found; install it, or name a browser of its kind with --browser")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        build_practice(Path(folder) / "practice", now=NOW)
        TARGET.write_bytes(asyncio.run(draw(asked.browser, Path(folder))))
    print(f"screenshots/{TARGET.name}")


if __name__ == "__main__":
    main()

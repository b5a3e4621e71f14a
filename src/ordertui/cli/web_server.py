"""The server behind `ordertui serve`: textual-serve, closed to everything but the operator's own tabs.

A page of another site, open in the same browser, may send requests to this machine too. So every request needs the key
of this run (a cookie that its first page sets), and a screen is started only for a page that this server sent.
"""

from __future__ import annotations

import asyncio
import hmac
import signal
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp_jinja2
import jinja2
from aiohttp import web
from textual_serve.server import Server

COOKIE = "ordertui-{}"
"""One per port: servers on several ports share the cookies of a machine."""
TEMPLATES = Path(__file__).parent / "browser"
_SCRIPT = (TEMPLATES / "app_index.html").read_bytes().split(b"<script>")[1].split(b"</script>")[0]
"""The page's own script; no other that stands in a page is run."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    f" script-src 'self' 'sha256-{b64encode(sha256(_SCRIPT).digest()).decode()}';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing is fetched from elsewhere, and no other page may frame this one."""
NO_KEY = "This needs the address with its key, as `ordertui serve` printed it. A key is good for one run.\n"


class OrderServer(Server):
    """Starts one screen for each tab that has the key. `say` tells the operator where to look."""

    def __init__(self, command: str, address: str, port: int, key: str, say: Callable[[str], None]) -> None:
        super().__init__(command, host=address, port=port, title="ordertui", templates_path=TEMPLATES)
        self._key = key
        self._say = say
        self._cookie = COOKIE.format(port)
        self._tabs: set[asyncio.Task[object]] = set()

    async def run(self) -> None:
        """Serve until Ctrl-C or SIGTERM, then end every tab's screen. Raises OSError when the port cannot be had."""
        stop = asyncio.Event()
        for name in ("SIGINT", "SIGTERM"):
            with suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop
                asyncio.get_running_loop().add_signal_handler(getattr(signal, name), stop.set)
        app = web.Application()
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(self.templates_path))
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.get("/download/{key}", self.handle_download, name="download"),
                web.static("/static", self.statics_path, name="static"),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
            host = f"[{self.host}]" if ":" in self.host else self.host
            self._say(f"open http://{host}:{self.port}/?key={self._key}")
            self._say("whoever has this address can act in your name; Ctrl-C ends it, and every tab with it")
            await stop.wait()
        finally:
            await runner.cleanup()

    async def on_shutdown(self, _app: web.Application) -> None:
        """End the screen of every tab."""
        for tab in self._tabs:
            tab.cancel()
        await asyncio.gather(*self._tabs, return_exceptions=True)

    def _check(self, given: str | None) -> None:
        if given is None or not hmac.compare_digest(given.encode(), self._key.encode()):
            raise web.HTTPForbidden(text=NO_KEY, headers=HEADERS)

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """Return the page. The key moves from the address into a cookie, out of the browser's history."""
        if "key" in request.query:
            self._check(request.query["key"])
            answer = web.HTTPFound("/", headers=HEADERS)
            answer.set_cookie(self._cookie, self._key, httponly=True, samesite="Lax")
            raise answer
        self._check(request.cookies.get(self._cookie))
        self.public_url = f"http://{request.host}"  # where this page came from is where its screen is reached
        page = await super().handle_index(request)
        page.headers.update(HEADERS)
        return page

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a tab's screen as long as the tab is open."""
        self._check(request.cookies.get(self._cookie))
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            raise web.HTTPForbidden(text="This screen is not for other sites.\n", headers=HEADERS)
        tab = asyncio.current_task()
        assert tab is not None
        self._tabs.add(tab)
        try:
            return await super().handle_websocket(request)
        finally:
            self._tabs.discard(tab)

    async def handle_download(self, request: web.Request) -> web.StreamResponse:
        """Return a file that the screen hands over."""
        self._check(request.cookies.get(self._cookie))
        return await super().handle_download(request)

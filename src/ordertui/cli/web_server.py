"""The server behind `ordertui serve`: textual-serve, closed to everything but the operator's own tabs.

A page of another site, open in the same browser, may send requests to this machine too, and another server on it gets
every cookie of this one. So there is no cookie: the page needs the key of this run in its address, and brings a token
that opens one socket, once. A screen is started only for a page that this server sent.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import signal
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import textual_serve
from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

TOKEN_BYTES = 24
HEARTBEAT_SECONDS = 15
TEMPLATES = Path(__file__).parent / "browser"
STATICS = Path(textual_serve.__file__).parent / "static"
PAGE, NO_KEY = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("app_index.html", "no_key.html"))


def _hash_of(page: str) -> str:
    """Return the hash of a page's own script, as a policy names it; no other that stands in a page is run."""
    script = page.split("<script>")[1].split("</script>")[0]
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    f" script-src 'self' {_hash_of(PAGE)} {_hash_of(NO_KEY)};"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Nothing is fetched from elsewhere, and no other page may frame this one."""
MOST_COLUMNS, MOST_LINES = 1_000, 500
"""The largest screen that a tab may ask for: a screen costs memory for each cell."""
MOST_MESSAGE = 2**20
"""Bytes of one message of a tab: keys, or a paste."""
MOST_TOKENS = 64
"""Pages whose socket was not opened yet; the oldest token ends then."""


class OrderServer:
    """Starts one screen for each tab that has the key. `say` tells the operator where to look."""

    def __init__(self, command: str, address: str, port: int, key: str, say: Callable[[str], None]) -> None:
        self._command = command
        self._address = address
        self._port = port
        self._key = key
        self._say = say
        self._tokens: dict[str, None] = {}
        self._downloads = DownloadManager()
        self._tabs: set[asyncio.Task[object]] = set()

    async def run(self) -> None:
        """Serve until Ctrl-C, SIGTERM or a closed terminal (not under `nohup`), then end every tab's screen.

        Raises OSError when the port cannot be had.
        """
        stop = asyncio.Event()
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            with suppress(AttributeError, NotImplementedError):  # Windows: Ctrl-C ends the loop
                number = getattr(signal, name)
                if name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN:
                    asyncio.get_running_loop().add_signal_handler(number, stop.set)
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self.handle_index),
                web.get("/ws/{token}", self.handle_websocket),
                web.static("/static", STATICS),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._address, self._port).start()
            host = f"[{self._address}]" if ":" in self._address else self._address
            self._say(f"open http://{host}:{self._port}/?key={self._key}")
            self._say("whoever has this address can act in your name; Ctrl-C ends it, and every tab with it")
            await stop.wait()
        finally:
            await runner.cleanup()

    async def on_shutdown(self, _app: web.Application) -> None:
        """End the screen of every tab."""
        for tab in self._tabs:
            tab.cancel()
        await asyncio.gather(*self._tabs, return_exceptions=True)

    async def handle_index(self, request: web.Request) -> web.StreamResponse:
        """Return the page, with a token for its socket. Without the key: a page that looks for it in this tab alone."""
        given = request.query.get("key", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self._key.encode()):
            return web.Response(text=NO_KEY, status=403, content_type="text/html", headers=HEADERS)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._tokens[token] = None
        while len(self._tokens) > MOST_TOKENS:
            del self._tokens[next(iter(self._tokens))]
        page = PAGE.replace("{{ websocket_url }}", f"ws://{escape(request.host)}/ws/{token}")
        return web.Response(text=page, content_type="text/html", headers=HEADERS)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a tab's screen as long as the tab is open."""
        if request.match_info["token"] not in self._tokens:
            raise web.HTTPForbidden(text="This page was opened before: open it again.\n", headers=HEADERS)
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            raise web.HTTPForbidden(text="This screen is not for other sites.\n", headers=HEADERS)
        del self._tokens[request.match_info["token"]]
        tab = asyncio.current_task()
        assert tab is not None
        self._tabs.add(tab)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=MOST_MESSAGE)
        await socket.prepare(request)

        async def close() -> None:
            await socket.close()

        screen = AppService(
            self._command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            download_manager=self._downloads,
        )
        try:
            await screen.start(*_size(request.query.get("width"), request.query.get("height")))
            async for message in socket:
                if message.type is web.WSMsgType.TEXT:
                    await _pass_on(message.data, screen, socket)
        except asyncio.CancelledError:
            await socket.close()
        finally:
            self._tabs.discard(tab)
            await screen.stop()
        return socket


async def _pass_on(text: str, screen: AppService, socket: web.WebSocketResponse) -> None:
    """Give a tab's message to its screen; one that makes no sense is passed over."""
    try:
        kind, *more = msgspec.json.decode(text, type=list[Any])
        data: Any = more[0] if more else None
        if kind == "stdin" and isinstance(data, str):
            await screen.send_bytes(data.encode("utf-8", "replace"))
        elif kind == "resize":
            await screen.set_terminal_size(*_size(data["width"], data["height"]))
        elif kind == "ping":
            await socket.send_json(["pong", data])
        elif kind in ("blur", "focus"):
            await (screen.blur() if kind == "blur" else screen.focus())
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, RecursionError):
        return


def _size(width: object, height: object) -> tuple[int, int]:
    """Return columns and lines within what a tab may ask for; 80 x 24 for what is no number."""
    return _bounded(width, 80, MOST_COLUMNS), _bounded(height, 24, MOST_LINES)


def _bounded(given: object, usual: int, most: int) -> int:
    text = str(given)
    if not (text.isascii() and text.isdigit()):
        return usual
    return most if len(text) > len(str(most)) else min(max(int(text), 1), most)

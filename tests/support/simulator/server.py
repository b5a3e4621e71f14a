"""The loopback server: tokens, documents, quotas and faults around the operations; every answer is checked before it
leaves.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from ordertui.orders.clock import Clock

from .amazon import Amazon
from .contract import Contract, Route
from .faults import Faults
from .handlers import Handlers, Reply, problem
from .quotas import Quotas

LOOPBACK = "127.0.0.1"
TOKEN_SECONDS = 3600
HTML = b"<html><head><title>503 Service Temporarily Unavailable</title></head><body>Sorry</body></html>"


class Simulator:
    """Amazon at an address of this machine. Use `running()`."""

    def __init__(self, clock: Clock, *, port: int = 0, contract: Contract | None = None) -> None:
        self.clock = clock
        self.amazon = Amazon(clock)
        self.contract = contract or Contract()
        self.faults = Faults()
        self.quotas = Quotas(clock)
        self.credentials = {"client_id": "sim-client", "client_secret": "sim-secret", "refresh_token": "sim-refresh"}
        self.tokens: dict[str, int] = {}
        self.calls: list[str] = []
        """Names of the operations that were called, in order."""
        self.problems: list[str] = []
        """Requests that Amazon's models refuse."""
        self.broken: list[str] = []
        """Answers of this simulator that they refuse."""
        self.check_answers = True
        self.rate_header: dict[str, str] = {}
        """Operation to the rate that the header names."""
        self.handlers = Handlers(self.amazon, lambda: self.address)
        self.later: Callable[[], None] | None = None
        """What `/simulated-time/later` does, for a client in another process."""
        self.lock = threading.RLock()
        self.closing = threading.Event()
        simulator = self

        class Handler(_Handler):
            sim = simulator

        self._server = ThreadingHTTPServer((LOOPBACK, port), Handler)
        self._server.daemon_threads = True
        self.address = f"http://{LOOPBACK}:{self._server.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[Simulator]:
        """Serve in the background."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def serve(self) -> None:
        """Serve until it is interrupted."""
        self._server.serve_forever()

    def answer(self, route: Route, path: dict[str, str], query: dict[str, str], body: Any) -> Reply:
        """What the operation answers; requests and answers are judged by Amazon's models."""
        wrong = self.contract.request_problems(route, query, body)
        if wrong:
            self.problems += [f"{route.name}: {one}" for one in wrong]
            return problem(400, "InvalidInput", "; ".join(wrong)[:500])
        reply = self.handlers(route.name, path, query, body)
        if reply is None:
            return problem(404, "NotFound", f"{route.name} is not simulated")
        if self.check_answers:
            try:
                self.contract.check_answer(route, *reply)
            except AssertionError as error:
                self.broken.append(str(error))
                return problem(500, "InternalFailure", str(error))
        return reply


class _Drop(Exception):
    """Close the connection without an answer."""


class _Handler(BaseHTTPRequestHandler):
    sim: Simulator
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 30
    kind = "application/json"

    def log_message(self, *_: Any) -> None:
        """Nothing: tests read `calls`."""

    def do_GET(self) -> None:
        """Any method."""
        parts = urlsplit(self.path)
        self.kind = "application/json"
        length = int(self.headers.get("content-length") or 0)
        content = self.rfile.read(length) if length else b""
        try:
            if parts.path == "/auth/o2/token":
                self._serve("login", lambda: self._login(content))
            elif parts.path == "/simulated-time/later" and self.sim.later is not None:
                self.sim.later()
                self._send(200, b"")
            elif parts.path.startswith("/documents/"):
                name = "upload" if self.command == "PUT" else "download"
                self._serve(name, lambda: self._document(parts.path.rpartition("/")[2], parts.query, content))
            else:
                self._operation(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), content)
        except _Drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _operation(self, path: str, query: dict[str, str], content: bytes) -> None:
        found = self.sim.contract.find(self.command, path)
        if found is None:
            self._send(*problem(404, "NotFound", "no such operation"))
            return
        route, parameters = found

        def work() -> Reply:
            if self.sim.tokens.get(self.headers.get("x-amz-access-token", ""), 0) <= self.sim.clock.now():
                return problem(403, "Unauthorized", "The access token you provided is missing or has expired.")
            if not self.sim.quotas.take(route.name):
                return problem(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
            try:
                body = json.loads(content) if content else None
            except ValueError:
                return problem(400, "InvalidInput", "the body is no JSON")
            return self.sim.answer(route, parameters, query, body)

        self._serve(route.name, work)

    def _serve(self, name: str, work: Any) -> None:
        """Answer, or go wrong as the switchboard says."""
        sim = self.sim
        with sim.lock:
            sim.calls.append(name)
            fault = sim.faults.next(name)
            if fault == "throttle":
                status, body = problem(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
            elif fault == "unauthorized":
                status, body = problem(401, "Unauthorized", "Access to requested resource is denied.")
            elif fault == "forbidden":
                status, body = problem(403, "Unauthorized", "Access to requested resource is denied.")
            elif fault == "error500":
                status, body = problem(500, "InternalFailure", "We encountered an internal error. Please try again.")
            elif fault in ("html503", "empty502", "drop", "hang"):
                status, body = 0, None
            else:
                status, body = work()
        if fault.startswith("hang"):
            sim.closing.wait(20)
        if fault in ("drop", "drop_after", "hang", "hang_after"):
            raise _Drop
        if fault == "html503":
            self._send(503, HTML, "text/html")
        elif fault.startswith("empty502"):
            self._send(502, b"", "")
        elif fault == "error500_after":
            self._send(*problem(500, "InternalFailure", "We encountered an internal error. Please try again."))
        elif fault == "html_body":
            self._send(status, HTML, "text/html")
        elif fault == "empty_object":
            self._send(status, b"{}", "application/json")
        else:
            self._send(status, body, self.kind, name=name, half=fault == "half_body")

    def _send(
        self, status: int, body: Any, kind: str = "application/json", *, name: str = "", half: bool = False
    ) -> None:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if kind:
            self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.send_header("x-amzn-RequestId", secrets.token_hex(8))
        rate = self.sim.rate_header.get(name) or self.sim.quotas.published(name)
        if rate:
            self.send_header("x-amzn-RateLimit-Limit", rate)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        self.wfile.flush()
        if half:
            raise _Drop

    def _login(self, content: bytes) -> Reply:
        form = {name: values[0] for name, values in parse_qs(content.decode("utf-8", "replace")).items()}
        wanted = self.sim.credentials
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != wanted["refresh_token"]:
            return 400, {"error": "invalid_grant", "error_description": "The request has an invalid grant parameter"}
        if any(form.get(name) != wanted[name] for name in ("client_id", "client_secret")):
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        token = f"Atza|{secrets.token_hex(8)}"
        self.sim.tokens[token] = self.sim.clock.now() + TOKEN_SECONDS
        return 200, {
            "access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS,
            "refresh_token": wanted["refresh_token"],
        }  # fmt: skip

    def _document(self, ident: str, query: str, content: bytes) -> Reply:
        document = self.sim.amazon.documents.get(ident)
        until = dict(parse_qsl(query)).get("until", "0")
        if document is None or not until.isdigit() or int(until) <= self.sim.clock.now():
            return 403, b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        if "x-amz-access-token" in self.headers:
            self.sim.problems.append("an access token was sent to a document address")
        if self.command == "PUT":
            if self.headers.get("content-type") != document.content_type:
                return 403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
            document.content = content
            return 200, b""
        self.kind = document.content_type
        return (200, document.content) if document.content is not None else (404, b"<Error/>")

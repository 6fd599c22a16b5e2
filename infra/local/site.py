"""One plain address for the site: a proxy to the HTTP API's stage on the emulator, and the outbox beside it.

Like the API itself it refuses bodies over 10 MB. It lets a limited number of requests through at a time; the
others wait their turn, since each concurrent invocation is a process on this machine.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.local.outbox import Outbox
from infra.local.settings import Settings

MAXIMUM_BYTES = 10 * 1024 * 1024
DRAINED_BYTES = 64 * 1024 * 1024
CONCURRENT_REQUESTS = 2 * (os.cpu_count() or 1)
ANSWER_SECONDS = 60
OUTBOX_PATH = "/_outbox"
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade", "expect", "host", "content-length",
}  # fmt: skip


class _RequestError(Exception):
    """Raised for a request that cannot be read; carries the status and the message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 75
    server: _Server

    def handle_any(self) -> None:
        try:
            body = self._read_body()
        except _RequestError as problem:
            self.close_connection = True
            self._answer(problem.status, [("Content-Type", "application/json")], _message(str(problem)))
            return
        if self.path.partition("?")[0] == OUTBOX_PATH:
            self._outbox()
        else:
            self._forward(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            raise _RequestError(400, "Bad Request")
        if int(length) > MAXIMUM_BYTES:
            self._drain(int(length))
            raise _RequestError(413, "Request Entity Too Large")
        return self.rfile.read(int(length))

    def _drain(self, length: int) -> None:
        """Read what is refused: a client still sending when the connection closes would miss the answer."""
        left = min(length, DRAINED_BYTES)
        while left > 0 and (part := self.rfile.read1(min(left, 65536))):
            left -= len(part)

    def _read_chunks(self) -> bytes:
        body = b""
        while True:
            try:
                size = int(self.rfile.readline(100).partition(b";")[0], 16)
            except ValueError:
                raise _RequestError(400, "Bad Request") from None
            if len(body) + size > MAXIMUM_BYTES:
                raise _RequestError(413, "Request Entity Too Large")
            if size == 0:
                while self.rfile.readline(65537).strip():
                    pass
                return body
            body += self.rfile.read(size)
            self.rfile.readline(100)

    def _outbox(self) -> None:
        outbox = self.server.outbox
        if self.command == "DELETE":
            outbox.clear()
            self._answer(204, [], b"")
        elif self.command in {"GET", "HEAD"}:
            content = json.dumps(outbox.mails(), ensure_ascii=False).encode()
            self._answer(200, [("Content-Type", "application/json; charset=utf-8")], content)
        else:
            self._answer(405, [("Allow", "GET, HEAD, DELETE")], b"")

    def _forward(self, body: bytes) -> None:
        headers = [
            (name, value)
            for name, value in self.headers.items()
            if name.lower() not in _HOP_BY_HOP and not name.lower().startswith(("x-forwarded", "forwarded"))
        ]
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.stack_port, timeout=ANSWER_SECONDS)
        try:
            with self.server.turns:
                upstream.putrequest(
                    self.command, self.server.prefix + self.path, skip_host=True, skip_accept_encoding=True
                )
                upstream.putheader("Host", self.server.host)
                for name, value in headers:
                    upstream.putheader(name, value)
                if body or self.command in {"POST", "PUT", "PATCH"}:
                    upstream.putheader("Content-Length", str(len(body)))
                upstream.endheaders(body or None)
                answer = upstream.getresponse()
                content = answer.read()
        except (ValueError, http.client.InvalidURL):
            self._answer(400, [("Content-Type", "application/json")], _message("Bad Request"))
            return
        except (OSError, http.client.HTTPException):
            self._answer(502, [("Content-Type", "application/json")], _message("Bad Gateway"))
            return
        finally:
            upstream.close()
        kept = [
            (name, value)
            for name, value in answer.getheaders()
            if name.lower() not in _HOP_BY_HOP and name.lower() != "server"
        ]
        self._answer(answer.status, kept, content)

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        # Headers and body in one write: two of them would meet Nagle and the client's delayed ACK (40 ms).
        self._headers_buffer: list[bytes]
        head = b"".join(self._headers_buffer) + b"\r\n"
        self._headers_buffer = []
        try:
            self.wfile.write(head if self.command == "HEAD" else head + content)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, _format: str, *_args: object) -> None:
        """Nothing: what visitors ask for is not written down."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: str, settings: Settings, api: str, outbox: Outbox, turns: threading.Semaphore) -> None:
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.outbox = outbox
        self.stack_port = settings.stack_port
        self.host = f"localhost:{settings.site_port}"
        self.prefix = f"/_aws/execute-api/{api}/$default"
        self.turns = turns
        super().__init__((address, settings.site_port), _Handler)

    def handle_error(self, _request: object, _client_address: object) -> None:
        """A client that went away is no error of ours; anything else answers for itself with 502."""


class Site:
    """The proxy on 127.0.0.1 and, where this machine has it, on ::1, so that `localhost` works either way."""

    def __init__(self, settings: Settings, api: str, outbox: Outbox) -> None:
        turns = threading.Semaphore(CONCURRENT_REQUESTS)
        self._servers = [_Server(address, settings, api, outbox, turns) for address in loopback_addresses()]

    def start(self) -> None:
        """Serve, in threads."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def stop(self) -> None:
        """Close the ports; what is being answered is cut off."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


def loopback_addresses() -> list[str]:
    """127.0.0.1 and, where this machine has it, ::1."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


def _message(text: str) -> bytes:
    return json.dumps({"message": text}).encode()

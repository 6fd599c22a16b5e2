import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server

import pytest

from infra.local.outbox import Outbox
from infra.local.settings import read_settings
from infra.local.site import Site


class Upstream(BaseHTTPRequestHandler):
    """Stands for the emulator: tells what it was asked, with two cookies."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        said = {"path": self.path, "headers": dict(self.headers.items()), "body": body.decode()}
        content = json.dumps(said).encode()
        self.send_response(201)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, _format: str, *_args: object) -> None:
        pass


def free_port() -> int:
    with create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def site() -> Iterator[tuple[int, Outbox]]:
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.01}).start()
    port = free_port()
    outbox = Outbox()
    proxy = Site(replace(read_settings({}), site_port=port, stack_port=upstream.server_port), "api1", outbox)
    proxy.start()
    yield port, outbox
    proxy.stop()
    upstream.shutdown()
    upstream.server_close()


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def test_a_request_goes_through_with_its_headers_and_comes_back_with_all_cookies(site: tuple[int, Outbox]) -> None:
    headers = {
        "Cookie": "s=1",
        "Authorization": "Bearer x",
        "X-Forwarded-For": "192.0.2.1",
        "Origin": "https://x.example",
    }
    answer, content = ask(site[0], "POST", "/a/b%20c?d=e", b"hello", headers)
    said = json.loads(content)
    assert answer.status == 201
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert said["path"] == "/_aws/execute-api/api1/$default/a/b%20c?d=e"
    assert said["body"] == "hello"
    assert said["headers"]["Host"] == f"localhost:{site[0]}"
    assert {"Cookie", "Authorization", "Origin"} <= set(said["headers"])
    assert "X-Forwarded-For" not in said["headers"]


def test_a_body_in_chunks_arrives_whole(site: tuple[int, Outbox]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site[0], timeout=10)
    connection.request(
        "POST", "/", iter([b"hel", b"lo"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert json.loads(connection.getresponse().read())["body"] == "hello"
    connection.close()


def test_a_body_over_ten_megabytes_is_refused(site: tuple[int, Outbox]) -> None:
    answer, _ = ask(site[0], "POST", "/", b"x" * (10 * 1024 * 1024 + 1))
    assert answer.status == 413


def test_an_upstream_that_does_not_answer_is_a_bad_gateway(site: tuple[int, Outbox]) -> None:
    port = free_port()
    proxy = Site(replace(read_settings({}), site_port=port, stack_port=free_port()), "api1", site[1])
    proxy.start()
    answer, _ = ask(port, "GET", "/")
    proxy.stop()
    assert answer.status == 502


def test_the_outbox_is_shown_and_can_be_emptied(site: tuple[int, Outbox]) -> None:
    answer, content = ask(site[0], "GET", "/_outbox")
    assert (answer.status, json.loads(content)) == (200, [])
    assert ask(site[0], "DELETE", "/_outbox")[0].status == 204
    assert ask(site[0], "POST", "/_outbox", b"")[0].status == 405

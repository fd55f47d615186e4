"""One attempt: what it sends, what it takes for success, and how it is bounded."""

import ipaddress
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from services.health.webhooks.sender import Sender
from tests.adapters.health.names import names
from tests.adapters.health.receiver import receiving, speaking

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
DEADLINE_S = 0.6


def test_the_body_and_headers_arrive_as_given() -> None:
    with receiving() as receiver:
        answer = Sender(LOOPBACK).send(receiver.url + "?a=b", '{"ü":1}', {"webhook-id": "msg_1"})

    (got,) = receiver.received
    assert (answer.status, answer.accepted, answer.error) == (204, True, None)
    assert (got.path, got.body) == ("/hook?a=b", '{"ü":1}'.encode())
    assert got.headers["webhook-id"] == "msg_1"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Host"] == receiver.url.split("/")[2]


@pytest.mark.parametrize(
    ("status", "accepted"), [(200, True), (299, True), (301, False), (400, False), (500, False)]
)
def test_only_2xx_is_a_success(status: int, *, accepted: bool) -> None:
    with receiving() as receiver:
        receiver.will(status)
        assert Sender(LOOPBACK).send(receiver.url, "{}", {}).accepted is accepted


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(status: int) -> None:
    with receiving() as elsewhere, receiving() as receiver:
        receiver.will(status, Location=elsewhere.url)
        answer = Sender(LOOPBACK).send(receiver.url, "{}", {})

    assert answer.status == status
    assert (len(receiver.received), len(elsewhere.received)) == (1, 0)


def test_proxies_and_netrc_of_the_host_take_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with receiving() as receiver:
        assert Sender(LOOPBACK).send(receiver.url, "{}", {}).accepted


def drip_headers(connection: socket.socket, ending: threading.Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while not ending.wait(0.05):
        connection.sendall(b"x")


def say_nothing(connection: socket.socket, ending: threading.Event) -> None:
    ending.wait(10)


@pytest.mark.parametrize("talk", [drip_headers, say_nothing])
def test_a_receiver_that_never_finishes_is_left_at_the_deadline(talk: object) -> None:
    with speaking(talk) as url:  # type: ignore[arg-type]  # One of the two above.
        began = time.monotonic()
        answer = Sender(LOOPBACK, DEADLINE_S).send(url, "{}", {})

    assert (answer.status, answer.error) == (None, "no answer in time")
    assert time.monotonic() - began < DEADLINE_S + 1


def test_a_handshake_that_never_finishes_is_left_at_the_deadline() -> None:
    with speaking(say_nothing) as url:
        began = time.monotonic()
        answer = Sender(LOOPBACK, DEADLINE_S).send(url.replace("http://", "https://"), "{}", {})

    assert answer.status is None
    assert time.monotonic() - began < DEADLINE_S + 1


def test_an_endless_body_is_not_read() -> None:
    def flood(connection: socket.socket, ending: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not ending.is_set():
            connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    with speaking(flood) as url:
        began = time.monotonic()
        assert Sender(LOOPBACK, 5).send(url, "{}", {}).accepted

    assert time.monotonic() - began < 3


def test_a_broken_answer_is_a_failure() -> None:
    def nonsense(connection: socket.socket, ending: threading.Event) -> None:
        connection.recv(100)
        connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n")

    with speaking(nonsense) as url:
        answer = Sender(LOOPBACK, DEADLINE_S).send(url, "{}", {})

    assert (answer.status, answer.error) == (None, "no connection, or it broke before an answer")


@pytest.fixture
def tls_receiver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "TlsReceiver":
    return TlsReceiver(monkeypatch, tmp_path)


class TlsReceiver:
    """Serves one request over TLS under a name of its own root, which the sender trusts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "ca.pem"))
        self.seen: list[str] = []

    def serve_once(self, certified: str) -> tuple[int, threading.Thread]:
        import ssl

        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                seen.append(self.headers["Host"])
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Tests print nothing."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(certified).configure_cert(context)
        server = HTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # A refused handshake is expected.

        def serve() -> None:
            with server:
                server.handle_request()

        thread = threading.Thread(target=serve)
        thread.start()
        return int(server.server_address[1]), thread


def test_tls_is_verified_under_the_name_that_was_asked_for(tls_receiver: TlsReceiver) -> None:
    port, thread = tls_receiver.serve_once("hooks.example")
    sender = Sender(LOOPBACK, resolver=names(hooks_example=["127.0.0.1"]))

    answer = sender.send(f"https://hooks.example:{port}/hook", "{}", {})
    thread.join()

    assert answer.accepted
    assert tls_receiver.seen == [f"hooks.example:{port}"]


def test_a_certificate_for_another_name_is_refused(tls_receiver: TlsReceiver) -> None:
    port, thread = tls_receiver.serve_once("other.example")
    sender = Sender(LOOPBACK, resolver=names(hooks_example=["127.0.0.1"]))

    answer = sender.send(f"https://hooks.example:{port}/hook", "{}", {})
    thread.join()

    assert answer.error == "its certificate can't be verified"
    assert tls_receiver.seen == []

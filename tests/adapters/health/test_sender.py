"""One attempt, and everything it refuses to do."""

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import trustme

from services.health.webhooks.sender import Sender
from services.health.webhooks.targets import RefusedTargetError, pin
from tests.adapters.health.receiver import receiving, speaking

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
DEADLINE_S = 0.6


def names(**addresses: Sequence[str]) -> "Names":
    return Names({name.replace("_", "."): list(found) for name, found in addresses.items()})


class Names:
    """A resolver that says what it is told, and counts how often it is asked."""

    def __init__(self, known: dict[str, list[str]]) -> None:
        self.known = known
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return self.known[host]


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to connect, which then fails the test's assertion that there is none."""
    attempts: list[object] = []

    def connect(self: socket.socket, address: object) -> None:
        attempts.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return attempts


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


HOSTILE = [
    "https://127.0.0.1/",
    "https://10.0.0.8/",
    "https://169.254.169.254/latest/meta-data/",
    "https://100.100.100.200/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[fd00:ec2::254]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://0/",
    "https://localhost/",
    "http://public.example/",
    "https://public.example:22/",
    "https://public.example:8443/",
    "https://user@public.example/",
    "https://user:password@public.example/",
    "https://public.example@169.254.169.254/",
    "https://inside.example/",
    "https://metadata.example/",
    "https://mapped.example/",
    "https://nat64.example/",
    "https://both.example/",
    "https://scoped.example/",
]
RESOLVER = names(
    localhost=["127.0.0.1"],
    public_example=["93.184.215.14"],
    inside_example=["10.1.2.3"],
    metadata_example=["169.254.169.254"],
    mapped_example=["::ffff:127.0.0.1"],
    nat64_example=["64:ff9b::a9fe:a9fe"],
    both_example=["93.184.215.14", "127.0.0.1"],
    scoped_example=["fe80::1%eth0"],
)


@pytest.mark.parametrize("url", HOSTILE)
def test_without_a_list_no_packet_leaves_for_a_hostile_target(url: str, no_connection: list[object]) -> None:
    answer = Sender((), resolver=RESOLVER).send(url, "{}", {})

    assert answer.status is None
    assert (answer.error or "").startswith("refused")
    assert no_connection == []


@pytest.mark.parametrize("url", ["http://10.0.0.8/", "https://169.254.169.254/", "http://public.example/"])
def test_a_list_admits_only_what_it_names(url: str, no_connection: list[object]) -> None:
    answer = Sender(LOOPBACK, resolver=RESOLVER).send(url, "{}", {})

    assert (answer.error or "").startswith("refused")
    assert no_connection == []


def test_a_public_name_is_pinned_to_the_address_that_was_judged(no_connection: list[object]) -> None:
    resolver = names(public_example=["93.184.215.14"])

    answer = Sender((), resolver=resolver).send("https://public.example/hook", "{}", {})

    assert answer.error == "no connection, or it broke before an answer"
    assert no_connection == [("93.184.215.14", 443)]
    assert resolver.asked == 1


def test_rebinding_between_judging_and_connecting_changes_nothing(no_connection: list[object]) -> None:
    class Rebinding(Names):
        def __call__(self, host: str, port: int) -> Sequence[str]:
            found = super().__call__(host, port)
            self.known[host] = ["127.0.0.1"]
            return found

    resolver = Rebinding({"public.example": ["93.184.215.14"]})
    sender = Sender((), resolver=resolver)

    sender.send("https://public.example/", "{}", {})
    assert no_connection == [("93.184.215.14", 443)]
    assert (sender.send("https://public.example/", "{}", {}).error or "").startswith("refused")
    assert len(no_connection) == 1


def test_an_unknown_name_is_a_failure_and_not_a_refusal() -> None:
    answer = Sender((), resolver=names()).send("https://nowhere.example/", "{}", {})

    assert answer.error == "no connection, or it broke before an answer"


def test_the_refusal_names_no_address_of_ours() -> None:
    with pytest.raises(RefusedTargetError) as caught:
        pin("https://inside.example/", (), RESOLVER)

    assert "10.1.2.3" not in str(caught.value)


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

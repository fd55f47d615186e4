"""Where no attempt ever goes."""

import ipaddress
import socket
from collections.abc import Sequence

import pytest

from services.health.webhooks.sender import Sender
from services.health.webhooks.targets import RefusedTargetError, pin
from tests.adapters.health.names import Names, names

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
DEADLINE_S = 0.6


@pytest.fixture
def no_connection(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every attempt to connect, which then fails the test's assertion that there is none."""
    attempts: list[object] = []

    def connect(self: socket.socket, address: object) -> None:
        attempts.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return attempts


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

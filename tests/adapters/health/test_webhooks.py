"""Webhooks from a status change to a receiver that verifies them with the stock library. The clock is turned."""

import ipaddress
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.chassis.mongo import Store, declare
from services.health import handlers
from services.health.handlers import Ports
from services.health.instances import Instances
from services.health.store import COLLECTIONS
from services.health.webhooks.deliverer import USER_CAP, Deliverer
from services.health.webhooks.deliveries import Deliveries
from services.health.webhooks.retry import DELAYS_S
from services.health.webhooks.sender import Answer, Sender
from tests.adapters.health.receiver import Received, Receiver, receiving
from tests.unit.health.builders import DEPLOYMENT, SEALER, SECRET, WEBHOOK, TurnedClock, registered, status

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


class Post:
    """Everything between a message and a receiver."""

    def __init__(self, store: Store, owner: str = "first", sender: Any = None) -> None:
        declare(store, COLLECTIONS)
        self.clock = TurnedClock()
        self.deliveries = Deliveries(store)
        self.rows = store["webhook_deliveries"]
        self.ports = Ports(Instances(store), self.deliveries, LOOPBACK, self.clock)
        self.deliverer = Deliverer(
            deliveries=self.deliveries,
            sender=sender or Sender(LOOPBACK, timeout_s=2),
            sealer=SEALER,
            clock=self.clock,
            owner=owner,
            threads=8,
            jitter=lambda: 0.0,
        )

    def register(self, url: str, **changes: Any) -> None:
        handlers.webhook_registered(registered(url, **changes), ports=self.ports)

    def tell(self, *sequences: int, **changes: Any) -> None:
        for sequence in sequences:
            handlers.status_changed(status(sequence, **changes), ports=self.ports)

    def deliver(self) -> None:
        """Send everything that is due now."""
        with ThreadPoolExecutor(8) as pool:
            while futures := self.deliverer.submit_due(pool):
                wait(futures)
                for future in futures:
                    future.result()

    def row(self, sequence: int = 1) -> dict[str, Any]:
        found: dict[str, Any] | None = self.rows.find_one({"_id": f"{WEBHOOK}:{sequence}"})
        assert found is not None
        return found


@pytest.fixture
def post(store: Store) -> Post:
    return Post(store)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def verified(got: Received) -> dict[str, Any]:
    body: dict[str, Any] = Webhook(SECRET).verify(got.body, got.headers)
    return body


def sequences(receiver: Receiver) -> list[int]:
    return [json.loads(got.body)["data"]["sequence"] for got in receiver.received]


def test_the_stock_library_verifies_what_arrives(post: Post, receiver: Receiver) -> None:
    post.register(receiver.url)
    post.tell(1)
    post.deliver()

    (got,) = receiver.received
    body = verified(got)
    assert body["type"] == "deployment.status_changed"
    assert body["data"]["deployment_id"] == DEPLOYMENT
    assert post.row()["state"] == "delivered"
    assert "next_at" not in post.row()


def test_an_altered_byte_and_another_secret_do_not_verify(post: Post, receiver: Receiver) -> None:
    post.register(receiver.url)
    post.tell(1)
    post.deliver()

    (got,) = receiver.received
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(got.body.replace(b"running", b"deleted"), got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(got.body, got.headers)


def test_what_arrived_is_not_sent_again(post: Post, receiver: Receiver) -> None:
    post.register(receiver.url)
    post.tell(1)
    post.deliver()

    post.clock.forward(days=3)
    post.tell(1)
    post.deliver()

    assert len(receiver.received) == 1


def test_a_failure_is_tried_again_by_the_schedule_under_the_same_id(post: Post, receiver: Receiver) -> None:
    receiver.will(*[500] * 9)
    post.register(receiver.url)
    post.tell(1)
    began = post.clock.now
    for delay in DELAYS_S:
        post.clock.forward(seconds=delay - 0.001)
        post.deliver()
        post.clock.forward(seconds=0.001)
        post.deliver()

    assert len(receiver.received) == 10
    assert len({got.headers["webhook-id"] for got in receiver.received}) == 1
    assert len({got.body for got in receiver.received}) == 1
    stamps = [int(got.headers["webhook-timestamp"]) for got in receiver.received]
    assert stamps[-1] - stamps[0] == sum(DELAYS_S)
    assert (post.row()["state"], post.row()["attempts"]) == ("delivered", 10)
    assert post.clock.now - began == timedelta(seconds=sum(DELAYS_S))


def test_after_ten_failures_it_is_given_up(post: Post, receiver: Receiver) -> None:
    receiver.will(*[500] * 20)
    post.register(receiver.url)
    post.tell(1)
    for delay in (*DELAYS_S, 86_400, 86_400):
        post.clock.forward(seconds=delay)
        post.deliver()

    assert len(receiver.received) == 10
    assert (post.row()["state"], post.row()["last_status"]) == ("exhausted", 500)


def test_first_attempts_go_out_in_the_order_things_happened(post: Post, receiver: Receiver) -> None:
    post.register(receiver.url)
    post.tell(1, 2, 3, 4, 5)
    post.deliver()

    assert sequences(receiver) == [1, 2, 3, 4, 5]


def test_a_failed_one_does_not_hold_up_the_next(post: Post, receiver: Receiver) -> None:
    receiver.will(500)
    post.register(receiver.url)
    post.tell(1, 2)
    post.deliver()
    post.clock.forward(seconds=5)
    post.deliver()

    assert sequences(receiver) == [1, 2, 1]


def test_410_disables_the_webhook_for_good(post: Post, receiver: Receiver, store: Store) -> None:
    receiver.will(410)
    post.register(receiver.url)
    post.tell(1, 2, 3)
    post.deliver()
    post.tell(4)
    post.clock.forward(days=2)
    post.deliver()

    assert len(receiver.received) == 1
    assert [row["state"] for row in post.rows.find().sort("sequence", 1)] == ["cancelled"] * 3
    (webhook,) = store["webhooks"].find()
    assert webhook["state"] == "disabled"


@pytest.mark.parametrize("status_code", [429, 503])
def test_a_pause_that_is_asked_for_holds_the_whole_webhook(
    post: Post, receiver: Receiver, status_code: int
) -> None:
    receiver.will(status_code, Retry_After="120")
    post.register(receiver.url)
    post.tell(1, 2)
    post.deliver()
    assert sequences(receiver) == [1]

    post.clock.forward(seconds=119)
    post.deliver()
    assert sequences(receiver) == [1]
    post.clock.forward(seconds=1)
    post.deliver()

    assert sequences(receiver) == [1, 1, 2]


def test_a_short_pause_does_not_shorten_the_schedule(post: Post, receiver: Receiver) -> None:
    receiver.will(429, Retry_After="1")
    post.register(receiver.url)
    post.tell(1)
    post.deliver()
    post.clock.forward(seconds=4)
    post.deliver()

    assert len(receiver.received) == 1


def test_a_redirect_is_a_failure_and_is_not_followed(post: Post, receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.will(301, Location=elsewhere.url)
        post.register(receiver.url)
        post.tell(1)
        post.deliver()

    assert elsewhere.received == []
    assert (post.row()["state"], post.row()["last_status"], post.row()["attempts"]) == ("pending", 301, 1)


def test_a_target_that_is_refused_shows_in_the_record(post: Post) -> None:
    post.register("http://10.0.0.8/hook")
    post.tell(1)
    post.deliver()

    assert post.row()["last_status"] is None
    assert post.row()["last_error"].startswith("refused")


def test_a_secret_that_cannot_be_opened_sends_nothing(post: Post, receiver: Receiver) -> None:
    post.register(receiver.url, secret_sealed="gAAAA")
    post.tell(1)
    post.deliver()

    assert receiver.received == []
    assert post.row()["last_error"] == "its signing secret can't be opened"


def test_each_webhook_of_a_deployment_gets_the_news(post: Post, receiver: Receiver) -> None:
    post.register(f"{receiver.url}/a")
    post.register(f"{receiver.url}/b", webhook_id=WEBHOOK[:-1] + "b")
    post.tell(1)
    post.deliver()

    assert sorted(got.path for got in receiver.received) == ["/hook/a", "/hook/b"]


class SlowSender:
    """Keeps its caller until the test lets go; other URLs pass at once."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.slow = 0
        self.passed: list[str] = []

    def send(self, url: str, body: str, headers: dict[str, str]) -> Answer:
        if "slow" in url:
            self.slow += 1
            self.released.wait(10)
        else:
            self.passed.append(url)
        return Answer(204, None)


def test_one_slow_receiver_delays_nobody_else(store: Store) -> None:
    sender = SlowSender()
    post = Post(store, sender=sender)
    for number in range(12):
        owned = {
            "deployment_id": f"dep_slow{number}",
            "user_id": "usr_slow",
            "webhook_id": f"whk_slow{number}",
        }
        post.register("http://slow/", **owned)
        post.tell(1, 2, deployment_id=owned["deployment_id"])
    post.register("http://quick/")
    post.tell(1, 2, 3)

    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        post.deliverer.submit_due(pool)
        while len(sender.passed) < 3 and time.monotonic() - began < 5:
            time.sleep(0.01)
            post.deliverer.submit_due(pool)
        quick, slow = list(sender.passed), sender.slow
        sender.released.set()

    assert quick == ["http://quick/"] * 3
    assert slow == USER_CAP


def test_two_senders_never_send_one_webhook_at_once(store: Store) -> None:
    sender = SlowSender()
    first, second = Post(store, "first", sender), Post(store, "second", sender)
    first.register("http://slow/")
    first.tell(1, 2)

    with ThreadPoolExecutor(4) as pool:
        first.deliverer.submit_due(pool)
        began = time.monotonic()
        while sender.slow < 1 and time.monotonic() - began < 5:
            time.sleep(0.01)
        wait(second.deliverer.submit_due(pool), timeout=5)
        assert sender.slow == 1
        sender.released.set()

    assert {row["attempts"] for row in first.rows.find()} == {1}


def test_what_a_crash_left_is_sent_by_the_next_process(store: Store, receiver: Receiver) -> None:
    dead, heir = Post(store, "dead"), Post(store, "heir")
    dead.register(receiver.url)
    dead.tell(1)
    dead.deliveries.acquire(WEBHOOK, "dead", ttl_s=0)

    heir.deliver()

    assert sequences(receiver) == [1]


def test_it_runs_in_a_thread_until_told_to_stop(post: Post, receiver: Receiver) -> None:
    stopping = threading.Event()
    thread = threading.Thread(target=post.deliverer.run, args=(stopping,), daemon=True)
    thread.start()
    post.register(receiver.url)
    post.tell(1)
    began = time.monotonic()
    while not receiver.received and time.monotonic() - began < 10:
        time.sleep(0.02)
    stopping.set()
    thread.join(timeout=10)

    assert not thread.is_alive()
    verified(receiver.received[0])

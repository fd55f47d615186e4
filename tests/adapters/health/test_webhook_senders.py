"""Many webhooks at once, each by one sender at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

from services.chassis.mongo import Store
from services.health.webhooks.deliverer import USER_CAP
from services.health.webhooks.sender import Answer
from tests.adapters.health.post import Post, sequences, verified
from tests.adapters.health.receiver import Receiver
from tests.unit.health.builders import WEBHOOK


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

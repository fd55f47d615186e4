"""What every broker adapter must do. A further broker joins by one entry in `BROKERS`.

The SQS adapter runs against a real SQS-protocol server over HTTP; the memory adapter in process. Times are
real and short, because a broker's clock can't be turned.
"""

import time
from uuid import uuid4

import pytest

from services.chassis.queues.memory import MemoryQueues
from services.chassis.queues.port import Delivery, Queues, ReceiptExpiredError
from services.chassis.queues.sqs import SqsQueues

BROKERS = ("memory", "sqs")


@pytest.fixture(params=BROKERS)
def queues(request: pytest.FixtureRequest) -> Queues:
    return MemoryQueues() if request.param == "memory" else SqsQueues(request.getfixturevalue("sqs_client"))


@pytest.fixture
def queue(queues: Queues, request: pytest.FixtureRequest) -> str:
    name = f"conformance-{uuid4().hex[:10]}.fifo"
    if isinstance(queues, SqsQueues):
        request.getfixturevalue("sqs_client").create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
    return name


def test_a_sent_message_arrives_whole(queues: Queues, queue: str) -> None:
    queues.send(queue, '{"a":"ü"}', group="g", dedup_id="1", attributes={"reason": "because"})

    delivery = _receive(queues, queue)

    assert delivery.body == '{"a":"ü"}'
    assert delivery.group == "g"
    assert delivery.receive_count == 1
    assert delivery.attributes == {"reason": "because"}


def test_an_empty_queue_answers_none(queues: Queues, queue: str) -> None:
    assert queues.receive(queue, wait_s=0, visibility_s=5) is None


def test_a_waiting_receiver_gets_a_message_at_once(queues: Queues, queue: str) -> None:
    queues.send(queue, "m", group="g", dedup_id="1")

    started = time.monotonic()
    assert queues.receive(queue, wait_s=5, visibility_s=5) is not None
    assert time.monotonic() - started < 2


def test_a_group_keeps_its_order_and_has_one_message_in_flight(queues: Queues, queue: str) -> None:
    for number in (1, 2, 3):
        queues.send(queue, f"m{number}", group="g", dedup_id=str(number))

    first = _receive(queues, queue)

    assert first.body == "m1"
    assert queues.receive(queue, wait_s=0, visibility_s=5) is None
    queues.ack(first)
    assert _receive(queues, queue).body == "m2"


def test_groups_do_not_wait_for_each_other(queues: Queues, queue: str) -> None:
    queues.send(queue, "a1", group="a", dedup_id="a1")
    queues.send(queue, "a2", group="a", dedup_id="a2")
    queues.send(queue, "b1", group="b", dedup_id="b1")

    assert {_receive(queues, queue).body, _receive(queues, queue).body} == {"a1", "b1"}


def test_a_known_dedup_id_is_accepted_and_dropped(queues: Queues, queue: str) -> None:
    queues.send(queue, "m", group="g", dedup_id="same")
    queues.send(queue, "m", group="g", dedup_id="same")

    queues.ack(_receive(queues, queue))

    assert queues.receive(queue, wait_s=0, visibility_s=5) is None


def test_a_new_nudge_of_a_command_passes(queues: Queues, queue: str) -> None:
    queues.send(queue, "m", group="g", dedup_id="cmd:0")
    queues.ack(_receive(queues, queue))

    queues.send(queue, "m", group="g", dedup_id="cmd:1")

    assert _receive(queues, queue).body == "m"


def test_an_unacknowledged_message_comes_back_with_a_higher_count(queues: Queues, queue: str) -> None:
    queues.send(queue, "m", group="g", dedup_id="1")
    assert queues.receive(queue, wait_s=0, visibility_s=1) is not None

    again = _await(queues, queue, within_s=4)

    assert again.receive_count == 2


def test_retry_brings_the_same_message_back_before_its_group_goes_on(queues: Queues, queue: str) -> None:
    queues.send(queue, "m1", group="g", dedup_id="1")
    queues.send(queue, "m2", group="g", dedup_id="2")

    queues.retry(_receive(queues, queue), after_s=0)

    again = _await(queues, queue, within_s=2)
    assert (again.body, again.receive_count) == ("m1", 2)


def test_retry_later_hides_it_for_that_long(queues: Queues, queue: str) -> None:
    queues.send(queue, "m", group="g", dedup_id="1")
    queues.retry(_receive(queues, queue), after_s=1)

    assert queues.receive(queue, wait_s=0, visibility_s=5) is None
    assert _await(queues, queue, within_s=4).receive_count == 2


def test_extending_keeps_a_message_from_coming_back(queues: Queues, queue: str) -> None:
    queues.send(queue, "m", group="g", dedup_id="1")
    held = queues.receive(queue, wait_s=0, visibility_s=1)
    assert held is not None

    queues.extend(held, visibility_s=30)
    time.sleep(1.5)

    assert queues.receive(queue, wait_s=0, visibility_s=5) is None
    queues.ack(held)


def test_a_lapsed_delivery_can_not_take_the_message_from_its_new_holder(queues: Queues, queue: str) -> None:
    """Some brokers refuse the late acknowledgement, some ignore it; the new holder's message must stay."""
    queues.send(queue, "m", group="g", dedup_id="1")
    late = queues.receive(queue, wait_s=0, visibility_s=1)
    assert late is not None
    current = _await(queues, queue, within_s=4)

    try:
        queues.ack(late)
    except ReceiptExpiredError:
        queues.retry(current, after_s=0)
        assert _await(queues, queue, within_s=2).body == "m"


def test_depth_counts_waiting_and_held(queues: Queues, queue: str) -> None:
    for number in range(3):
        queues.send(queue, "m", group=str(number), dedup_id=str(number))
    _receive(queues, queue)

    depth = queues.depth(queue)

    assert (depth.visible, depth.in_flight) == (2, 1)


def _receive(queues: Queues, queue: str) -> Delivery:
    delivery = queues.receive(queue, wait_s=1, visibility_s=30)
    assert delivery is not None
    return delivery


def _await(queues: Queues, queue: str, *, within_s: float) -> Delivery:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        delivery = queues.receive(queue, wait_s=0, visibility_s=30)
        if delivery is not None:
            return delivery
        time.sleep(0.05)
    pytest.fail(f"nothing came back within {within_s} s")

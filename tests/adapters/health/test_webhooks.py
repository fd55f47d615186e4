"""Webhooks from a status change to a receiver that verifies them with the stock library. The clock is turned."""

from datetime import timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.chassis.mongo import Store
from services.health.webhooks.retry import DELAYS_S
from tests.adapters.health.post import Post, sequences, verified
from tests.adapters.health.receiver import Receiver, receiving
from tests.unit.health.builders import DEPLOYMENT, SECRET, WEBHOOK


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

"""Sends what is owed: each webhook by one sender at a time, many webhooks at once.

A crash between an attempt and its record sends it once more, under the same `webhook-id`: receivers drop it.
"""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from services.chassis.clock import Clock
from services.chassis.errors import FOREIGN_OUTAGES, RejectError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document
from services.chassis.sealing import Sealer
from services.health.metrics import WEBHOOKS
from services.health.webhooks import retry
from services.health.webhooks.deliveries import Deliveries
from services.health.webhooks.sender import Answer
from services.health.webhooks.signing import signed_headers
from services.health.webhooks.state import DeliveryState, WebhookState

log = get_logger(__name__)

IDLE_S = 0.25
LEASE_S = 60.0  # Longer than an attempt with a slow name server; renewed before each.
TURN = 20  # Deliveries of one webhook before others get the thread.
USER_CAP = 4  # Threads that one user's webhooks may hold: a slow receiver delays nobody else.

GONE = 410
THROTTLING = (429, 503)


class Sends(Protocol):
    def send(self, url: str, body: str, headers: dict[str, str]) -> Answer:
        """One attempt; never raises for what the receiver does."""


class Deliverer:
    def __init__(
        self,
        *,
        deliveries: Deliveries,
        sender: Sends,
        sealer: Sealer,
        clock: Clock,
        owner: str,
        threads: int,
        jitter: Callable[[], float],
    ) -> None:
        self._deliveries = deliveries
        self._sender = sender
        self._sealer = sealer
        self._clock = clock
        self._owner = owner
        self._threads = threads
        self._jitter = jitter
        self._under_way: dict[str, str] = {}  # Webhook id to user id.
        self._lock = threading.Lock()

    def run(self, stopping: threading.Event) -> None:
        """Send until told to stop; attempts under way are finished."""
        with ThreadPoolExecutor(self._threads, thread_name_prefix="webhook") as pool:
            while not stopping.is_set():
                try:
                    self.submit_due(pool)
                except FOREIGN_OUTAGES as error:
                    log.warning("deliverer_outage", error=type(error).__name__)
                    stopping.wait(1.0)
                stopping.wait(IDLE_S)

    def submit_due(self, pool: ThreadPoolExecutor) -> list[Future[None]]:
        """Give every webhook with something due a thread, as far as there are threads."""
        with self._lock:
            busy = dict(self._under_way)
        held = Counter(busy.values())
        capped = [user for user, count in held.items() if count >= USER_CAP]
        started: list[Future[None]] = []
        for row in self._deliveries.due(self._clock(), passing_webhooks=busy, passing_users=capped):
            if len(busy) + len(started) >= self._threads:
                break
            if held[row["user_id"]] < USER_CAP:
                held[row["user_id"]] += 1
                with self._lock:
                    self._under_way[row["webhook_id"]] = row["user_id"]
                started.append(pool.submit(self._serve, row["webhook_id"]))
        return started

    def _serve(self, webhook_id: str) -> None:
        try:
            webhook = self._deliveries.acquire(webhook_id, self._owner, LEASE_S)
            if webhook is not None:
                try:
                    self._send_in_order(webhook)
                finally:
                    self._deliveries.release(webhook)
        except FOREIGN_OUTAGES as error:
            log.warning("deliverer_outage", error=type(error).__name__, webhook_id=webhook_id)
        finally:
            with self._lock:
                self._under_way.pop(webhook_id, None)

    def _send_in_order(self, webhook: Document) -> None:
        for _ in range(TURN):
            delivery = self._deliveries.next_due(webhook["_id"], self._clock())
            if delivery is None or not self._deliveries.renew(webhook, LEASE_S):
                return
            answer = self._attempt(webhook, delivery)
            self._conclude(webhook, delivery, answer)
            if answer.status == GONE:
                return

    def _attempt(self, webhook: Document, delivery: Document) -> Answer:
        if webhook["state"] != WebhookState.ACTIVE:
            return Answer(GONE, "the webhook is disabled")
        try:
            secret = self._sealer.open(webhook["secret_sealed"])
        except RejectError:
            return Answer(None, "its signing secret can't be opened")
        try:
            headers = signed_headers(secret, delivery["message_id"], delivery["body"], self._clock())
            return self._sender.send(webhook["url"], delivery["body"], dict(headers))
        except Exception as error:
            # Whatever it is, it counts as an attempt: else the delivery would be due again at once, for ever.
            log.exception("webhook_attempt_broke", webhook_id=webhook["_id"], error=type(error).__name__)
            return Answer(None, f"the attempt broke ({type(error).__name__})")

    def _conclude(self, webhook: Document, delivery: Document, answer: Answer) -> None:
        now = self._clock()
        outcome = {"last_status": answer.status, "last_error": answer.error}
        if answer.accepted:
            self._deliveries.finish(delivery, DeliveryState.DELIVERED, outcome, now)
            self._note("delivered", delivery, answer)
        elif answer.status == GONE:
            self._deliveries.finish(delivery, DeliveryState.CANCELLED, outcome, now)
            self._deliveries.disable(webhook["_id"], now)
            self._note("disabled", delivery, answer)
        else:
            self._retry(delivery, answer)

    def _retry(self, delivery: Document, answer: Answer) -> None:
        now = self._clock()
        outcome = {"last_status": answer.status, "last_error": answer.error}
        until = retry.next_attempt(delivery["attempts"] + 1, now, self._jitter())
        pause = retry.retry_after(answer.headers, now) if answer.status in THROTTLING else None
        if until is None:
            self._deliveries.finish(delivery, DeliveryState.EXHAUSTED, outcome, now)
            self._note("exhausted", delivery, answer)
        else:
            self._deliveries.postpone(delivery, max(until, pause or until), outcome)
            self._note("failed", delivery, answer)
        if pause is not None:
            self._deliveries.hold(delivery["webhook_id"], pause)

    def _note(self, outcome: str, delivery: Document, answer: Answer) -> None:
        WEBHOOKS.labels(outcome).inc()
        log.info(
            "webhook_attempted",
            outcome=outcome,
            webhook_id=delivery["webhook_id"],
            deployment_id=delivery["deployment_id"],
            sequence=delivery["sequence"],
            attempt=delivery["attempts"] + 1,
            status=answer.status,
            error=answer.error,
        )

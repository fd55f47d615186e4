"""The worker: receives one message at a time per slot, handles it once, and ends it in one of three ways.

Done: acknowledged. `RetryError`: the same delivery becomes visible again later. `RejectError`, or the third
failure: published to the dead-letter queue with its reason, then acknowledged. A heartbeat renews first our
claim in the inbox and then the visibility timeout, so a slow handler keeps its message and a dead one loses it.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from contracts.envelope import Message, UndecodableMessageError, decode
from contracts.topology import HEARTBEAT_S, MAX_DEFERRALS, MAX_FAILURES, VISIBILITY_TIMEOUT_S, Queue
from services.chassis import logs
from services.chassis.errors import FOREIGN_OUTAGES, OUTAGE_RETRY_S, RejectError, RetryError, outcome_of
from services.chassis.heartbeat import Heartbeat
from services.chassis.inbox import Claim, Entry, Inbox
from services.chassis.metrics import MESSAGE_SECONDS, MESSAGES
from services.chassis.queues.port import Delivery, Queues, ReceiptExpiredError

log = logs.get_logger(__name__)

Handler = Callable[[Message], None]
DeadLetterHook = Callable[[Message, str], None]
Chooser = Callable[[], Sequence[Queue]]

POLL_S = 1.0  # No slot long-polls longer: that bounds how long a waiting queue can starve.
FAILURE_RETRY_S = (1.0, 5.0)
BUSY_RETRY_S = 2.0
REASON_KEPT = 1000  # Characters.


class Worker:
    """One slot: call `run` in a thread of its own. Slots share nothing but the ports."""

    def __init__(
        self,
        *,
        queues: Queues,
        inbox: Inbox,
        handlers: Mapping[str, Handler],
        choose: Chooser,
        on_dead_letter: DeadLetterHook | None = None,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._queues = queues
        self._inbox = inbox
        self._handlers = handlers
        self._choose = choose
        self._on_dead_letter = on_dead_letter
        self._heartbeat_s = heartbeat_s

    def run(self, stopping: threading.Event) -> None:
        """Handle messages until told to stop; the message in hand is finished first."""
        while not stopping.is_set():
            try:
                self.run_once(wait_s=POLL_S)
            except FOREIGN_OUTAGES as error:
                log.warning("worker_outage", error=type(error).__name__)
                stopping.wait(1.0)
            except Exception as error:  # A slot outlives whatever one message does to it.
                log.exception("worker_failed", error=type(error).__name__)
                stopping.wait(1.0)

    def run_once(self, *, wait_s: float = 0) -> bool:
        """Handle at most one message, from the first queue of the chooser's order that has one."""
        order = self._choose()
        for position, queue in enumerate(order):
            last = position == len(order) - 1
            delivery = self._queues.receive(
                queue.name, wait_s=wait_s if last else 0, visibility_s=VISIBILITY_TIMEOUT_S
            )
            if delivery is not None:
                try:
                    self._deliver(queue, delivery)
                except Exception:
                    self._hand_back(delivery)
                    raise
                return True
        return False

    def _hand_back(self, delivery: Delivery) -> None:
        """We could not even count its failure: it comes again soon, not only after its visibility timeout."""
        with suppress(ReceiptExpiredError, *FOREIGN_OUTAGES):
            self._queues.retry(delivery, after_s=OUTAGE_RETRY_S)

    def _deliver(self, queue: Queue, delivery: Delivery) -> None:
        try:
            message = decode(delivery.body)
        except UndecodableMessageError as error:
            logs.bind(queue=queue.name)
            self._send_dead_letter(queue, delivery, str(error))
            self._finish(queue, delivery, None, "dead_lettered")
            return
        logs.bind(
            queue=queue.name,
            message_id=message.id,
            message_type=message.type,
            correlation_id=message.correlation_id,
            subject=message.subject,
        )
        claim, entry = self._inbox.claim(message.id)
        if claim is Claim.FINISHED:
            self._finish(queue, delivery, message, "duplicate")
        elif entry is None:
            self._retry(queue, delivery, message, BUSY_RETRY_S, "busy")
        else:
            self._handle(queue, delivery, message, entry)

    def _handle(self, queue: Queue, delivery: Delivery, message: Message, entry: Entry) -> None:
        started = time.monotonic()
        try:
            with Heartbeat(self._queues, self._inbox, delivery, entry, self._heartbeat_s):
                self._handler_for(message)(message)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises becomes one of the outcomes.
            self._fail(queue, delivery, message, entry, error)
        else:
            if self._inbox.finish(entry):
                self._finish(queue, delivery, message, "done")
            else:
                self._leave(queue, message)
        finally:
            MESSAGE_SECONDS.labels(message.type).observe(time.monotonic() - started)

    def _handler_for(self, message: Message) -> Handler:
        handler = self._handlers.get(message.type)
        if handler is None:
            raise RejectError(f"no handler here for {message.type}")
        return handler

    def _fail(
        self, queue: Queue, delivery: Delivery, message: Message, entry: Entry, error: Exception
    ) -> None:
        outcome = outcome_of(error)
        if isinstance(outcome, RejectError):
            self._bury(queue, delivery, message, entry, outcome.detail)
        elif isinstance(outcome, RetryError):
            self._defer(queue, delivery, message, entry, outcome)
        else:
            log.error("handler_failed", error=type(error).__name__, exc_info=error)
            failures = self._inbox.count_failure(entry)
            if failures is None:
                self._leave(queue, message)
            elif failures >= MAX_FAILURES:
                reason = f"failed {failures} times: {type(error).__name__}"
                self._bury(queue, delivery, message, entry, reason)
            else:
                self._inbox.release(entry)
                self._retry(queue, delivery, message, FAILURE_RETRY_S[failures - 1], "failed")

    def _defer(
        self, queue: Queue, delivery: Delivery, message: Message, entry: Entry, outcome: RetryError
    ) -> None:
        deferrals = self._inbox.count_deferral(entry)
        if deferrals is None:
            self._leave(queue, message)
        elif deferrals > MAX_DEFERRALS:
            self._bury(queue, delivery, message, entry, f"deferred {deferrals} times: {outcome.detail}")
        else:
            self._inbox.release(entry)
            after_s = outcome.after(deferrals)
            self._retry(queue, delivery, message, after_s, "deferred", reason=outcome.detail)

    def _leave(self, queue: Queue, message: Message) -> None:
        """Our claim was lost while we handled it: the delivery belongs to the new holder."""
        MESSAGES.labels(queue.name, message.type, "claim_lost").inc()
        log.warning("message_left_to_new_holder")

    def _bury(self, queue: Queue, delivery: Delivery, message: Message, entry: Entry, reason: str) -> None:
        """The verdict is noted after the copy stands: a crash in between repeats the copy, and loses nothing."""
        if not self._inbox.renew(entry):
            self._leave(queue, message)
            return
        if self._on_dead_letter is not None:
            self._on_dead_letter(message, reason)
        self._send_dead_letter(queue, delivery, reason)
        self._inbox.bury(entry, reason)
        self._finish(queue, delivery, message, "dead_lettered")

    def _send_dead_letter(self, queue: Queue, delivery: Delivery, reason: str) -> None:
        """A copy has the same dedup id however often its sending is tried, and a new one after a redrive.

        Each copy is a group of its own, so that all of them can be listed at once. Both are a digest, because
        an id in a foreign body may have characters that a broker refuses.
        """
        identity = f"{delivery.sent_at.isoformat()} {delivery.group} {delivery.body}"
        key = hashlib.sha256(identity.encode(errors="replace")).hexdigest()
        self._queues.send(
            queue.dead_letter,
            delivery.body,
            group=key,
            dedup_id=key,
            attributes={
                "reason": _printable(reason)[:REASON_KEPT],
                "source_queue": queue.name,
                "dead_lettered_at": datetime.now(UTC).isoformat(),
            },
        )
        log.error("message_dead_lettered", reason=reason[:REASON_KEPT], receive_count=delivery.receive_count)

    def _finish(self, queue: Queue, delivery: Delivery, message: Message | None, outcome: str) -> None:
        try:
            self._queues.ack(delivery)
        except ReceiptExpiredError:
            log.warning("ack_too_late")  # The next delivery finds the inbox record and is dropped.
        MESSAGES.labels(queue.name, message.type if message else "undecodable", outcome).inc()
        log.info("message_handled", outcome=outcome)

    def _retry(
        self,
        queue: Queue,
        delivery: Delivery,
        message: Message,
        after_s: float,
        outcome: str,
        *,
        reason: str | None = None,
    ) -> None:
        try:
            self._queues.retry(delivery, after_s=after_s)
        except ReceiptExpiredError:
            log.warning("retry_too_late")
        MESSAGES.labels(queue.name, message.type, outcome).inc()
        log.info("message_retried", outcome=outcome, after_s=after_s, reason=reason)


def _printable(text: str) -> str:
    """Brokers refuse attributes that are empty or hold control characters."""
    return "".join(char if char.isprintable() else "?" for char in text) or "unknown"

"""The broker on Amazon SQS FIFO queues, straight on boto3. The endpoint is chosen by boto3's own variables."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from math import ceil
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from services.chassis.queues.port import Delivery, Depth, ReceiptExpiredError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_EXPIRED = {"ReceiptHandleIsInvalid", "InvalidParameterValue", "MessageNotInflight"}
_CONNECTIONS = 32


class SqsQueues:
    """Queues are looked up by name once and must exist: infrastructure creates them, not services."""

    def __init__(self, client: "SQSClient | None" = None) -> None:
        self._client = client or boto3.client(
            "sqs",
            config=Config(
                max_pool_connections=_CONNECTIONS,
                connect_timeout=2,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 2},
            ),
        )
        self._url = cache(self._look_up)

    def send(
        self, queue: str, body: str, *, group: str, dedup_id: str, attributes: Mapping[str, str] | None = None
    ) -> None:
        self._client.send_message(
            QueueUrl=self._url(queue),
            MessageBody=body,
            MessageGroupId=group,
            MessageDeduplicationId=dedup_id,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in (attributes or {}).items()
            },
        )

    def receive(self, queue: str, *, wait_s: float, visibility_s: int) -> Delivery | None:
        answer = self._client.receive_message(
            QueueUrl=self._url(queue),
            MaxNumberOfMessages=1,
            WaitTimeSeconds=ceil(wait_s),
            VisibilityTimeout=visibility_s,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        for message in answer.get("Messages", ()):
            return _delivery(queue, message)
        return None

    def ack(self, delivery: Delivery) -> None:
        try:
            self._client.delete_message(QueueUrl=self._url(delivery.queue), ReceiptHandle=delivery.receipt)
        except ClientError as error:
            raise _translated(error) from error

    def retry(self, delivery: Delivery, *, after_s: float) -> None:
        self.extend(delivery, visibility_s=ceil(after_s))

    def extend(self, delivery: Delivery, *, visibility_s: int) -> None:
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url(delivery.queue),
                ReceiptHandle=delivery.receipt,
                VisibilityTimeout=visibility_s,
            )
        except ClientError as error:
            raise _translated(error) from error

    def depth(self, queue: str) -> Depth:
        answer = self._client.get_queue_attributes(
            QueueUrl=self._url(queue),
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        counts = answer["Attributes"]
        return Depth(
            visible=int(counts["ApproximateNumberOfMessages"]),
            in_flight=int(counts["ApproximateNumberOfMessagesNotVisible"]),
        )

    def _look_up(self, queue: str) -> str:
        return self._client.get_queue_url(QueueName=queue)["QueueUrl"]


def _delivery(queue: str, message: Any) -> Delivery:
    system = message.get("Attributes", {})
    return Delivery(
        queue=queue,
        body=message["Body"],
        group=system.get("MessageGroupId", ""),
        receipt=message["ReceiptHandle"],
        receive_count=int(system.get("ApproximateReceiveCount", 1)),
        sent_at=datetime.fromtimestamp(int(system.get("SentTimestamp", 0)) / 1000, UTC),
        attributes={
            name: value.get("StringValue", "") for name, value in message.get("MessageAttributes", {}).items()
        },
    )


def _translated(error: ClientError) -> Exception:
    if error.response.get("Error", {}).get("Code", "").rsplit(".", 1)[-1] in _EXPIRED:
        return ReceiptExpiredError("the visibility timeout of this delivery has passed")
    return error

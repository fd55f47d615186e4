"""What EventBridge does with a spot warning: the message on health's queue, made by the very template of its rule."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from contracts.topology import HEALTH_EVENTS
from infra.cdktf import notice
from services.chassis.logs import get_logger

log = get_logger(__name__)

Announce = Callable[[str, str], None]


def to_queue(region: str) -> Announce:
    """Announces an instance of a region. Like EventBridge it names no deduplication id: the queue makes one."""
    client = boto3.client("sqs", region_name=region)

    def announce(instance_id: str, instance_region: str) -> None:
        try:
            url = client.get_queue_url(QueueName=HEALTH_EVENTS.name)["QueueUrl"]
            body = message(instance_id, instance_region)
            client.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=notice.GROUP)
        except (BotoCoreError, ClientError) as error:
            log.warning("notice_not_delivered", instance_id=instance_id, error=type(error).__name__)

    return announce


def message(instance_id: str, region: str) -> str:
    """As EventBridge writes it: every placeholder of the template becomes its value."""
    values = {
        "id": str(uuid.uuid4()),
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "instance": instance_id,
        "action": "terminate",
    }
    text = notice.template()
    for name in notice.PATHS:
        text = text.replace(f"<{name}>", json.dumps(values[name])[1:-1])
    return text

"""The envelope of every message: CloudEvents 1.0, structured JSON.

A message is a nudge: its data holds ids and what changed, and the receiver reads the current state itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from contracts.messages import MESSAGES

MAX_BODY_BYTES = 200_000  # SQS takes 256 KiB with attributes; Pub/Sub far more.


class UndecodableMessageError(ValueError):
    """A body that is not one of our messages; its text is the reason a dead letter carries."""


@dataclass(frozen=True)
class Message:
    """One message. `nudge` counts how often the same command was announced: see `dedup_id`."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    partition_key: str
    correlation_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    command_id: str | None = None
    nudge: int = 0
    traceparent: str | None = None

    @property
    def dedup_id(self) -> str:
        """SQS remembers a dedup id for five minutes after the delete, so a new nudge needs a new one."""
        return f"{self.command_id or self.id}:{self.nudge}"


class EnvelopeSchema(Schema):
    """The attributes on the wire. Unknown ones are ignored: the contract grows by addition."""

    class Meta:
        unknown = EXCLUDE

    specversion = fields.String(required=True, validate=validate.Equal("1.0"))
    id = fields.String(required=True, validate=validate.Length(1, 128))
    source = fields.String(required=True, validate=validate.Length(1, 128))
    type = fields.String(required=True, validate=validate.OneOf(tuple(MESSAGES)))
    subject = fields.String(required=True, validate=validate.Length(1, 128))
    time = fields.AwareDateTime(required=True, format="iso", default_timezone=UTC)
    dataschema = fields.String()
    datacontenttype = fields.String(validate=validate.Equal("application/json"))
    partitionkey = fields.String(required=True, validate=validate.Length(1, 128))
    correlationid = fields.String(required=True, validate=validate.Length(1, 128))
    commandid = fields.String(validate=validate.Length(1, 128))
    nudge = fields.Integer(strict=True, load_default=0, validate=validate.Range(0))
    traceparent = fields.String(validate=validate.Length(max=128))
    data = fields.Dict(keys=fields.String(), required=True)


_ENVELOPE = EnvelopeSchema()


def encode(message: Message) -> str:
    """The JSON body. Raises `marshmallow.ValidationError` where the data breaks its own schema."""
    schema = MESSAGES[message.type]()
    data = schema.dump(schema.load(message.data))
    body = {
        "specversion": "1.0",
        "id": message.id,
        "source": message.source,
        "type": message.type,
        "subject": message.subject,
        "time": message.time.isoformat(),
        "dataschema": f"schemas/{message.type}.json",
        "datacontenttype": "application/json",
        "partitionkey": message.partition_key,
        "correlationid": message.correlation_id,
        "nudge": message.nudge,
        "data": data,
    }
    optional = {"commandid": message.command_id, "traceparent": message.traceparent}
    body |= {name: value for name, value in optional.items() if value is not None}
    return json.dumps(body, separators=(",", ":"), sort_keys=True)


def decode(body: str) -> Message:
    """The message in a body, its data validated and its unknown fields dropped.

    Raises `UndecodableMessageError` with a reason fit for a dead letter: it names fields, never values.
    """
    if len(body.encode(errors="replace")) > MAX_BODY_BYTES:
        raise UndecodableMessageError(f"body is larger than {MAX_BODY_BYTES} bytes")
    try:
        raw = json.loads(body)
        # Half a surrogate pair is JSON, and yet no text: no store or broker would take it.
        json.dumps(raw, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise UndecodableMessageError("body is not JSON") from error
    try:
        envelope = _ENVELOPE.load(raw)
    except ValidationError as error:
        raise UndecodableMessageError(f"envelope: {json.dumps(error.messages)}") from error
    try:
        data = MESSAGES[envelope["type"]]().load(envelope["data"])
    except ValidationError as error:
        raise UndecodableMessageError(f"data: {json.dumps(error.messages)}") from error
    return Message(
        id=envelope["id"],
        type=envelope["type"],
        source=envelope["source"],
        subject=envelope["subject"],
        time=envelope["time"],
        partition_key=envelope["partitionkey"],
        correlation_id=envelope["correlationid"],
        data=data,
        command_id=envelope.get("commandid"),
        nudge=envelope["nudge"],
        traceparent=envelope.get("traceparent"),
    )

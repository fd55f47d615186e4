"""Policy documents, and the one statement that every resource policy here starts with."""

import json
from collections.abc import Sequence

Statement = dict[str, object]

_VERSION = "2012-10-17"


def document(*statements: Statement) -> str:
    return json.dumps({"Version": _VERSION, "Statement": list(statements)})


def trust(service: str, account: str, source_arn: str | None = None, *, silent: bool = False) -> str:
    """A role that only this AWS service may take, and only for this account: no confused deputy.

    `source_arn` is a pattern of what the service acts for, where it says so. A `silent` service is not known to say for
    whom it acts: then it counts only if it does.
    """
    equals = "StringEqualsIfExists" if silent else "StringEquals"
    condition: dict[str, object] = {equals: {"aws:SourceAccount": account}}
    if source_arn:
        condition["ArnLike"] = {"aws:SourceArn": source_arn}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }
    )


def only_by_tls(action: str, resources: Sequence[str]) -> Statement:
    """Nobody reaches the resource in the clear, whatever else allows it."""
    return {
        "Sid": "OnlyByTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }

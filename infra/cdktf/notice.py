"""A spot warning of EC2 as one of our messages, in the words of EventBridge: what it takes out, and where it puts it.

Without the bindings, because the local cloud makes the same message of its own warnings.
"""

import json
from collections.abc import Mapping

from contracts import messages as m
from contracts.vocabulary import Cloud

WARNING = "EC2 Spot Instance Interruption Warning"
GROUP = "spot-notices"
PATHS: Mapping[str, str] = {
    "id": "$.id",
    "time": "$.time",
    "region": "$.region",
    "instance": "$.detail.instance-id",
    "action": "$.detail.instance-action",
}


def template() -> str:
    """A CloudEvent with EventBridge's placeholders: in quotes, so that a value stays a value."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "<id>",
            "source": "/aws/ec2",
            "type": m.INTERRUPTION_ANNOUNCED,
            "subject": "<instance>",
            "time": "<time>",
            "datacontenttype": "application/json",
            "partitionkey": "<instance>",
            "correlationid": "<id>",
            "data": {
                "cloud": Cloud.AWS.value,
                "region": "<region>",
                "instance_id": "<instance>",
                "action": "<action>",
            },
        }
    )

"""Sign by the Standard Webhooks scheme, with its own library."""

from collections.abc import Mapping
from datetime import datetime

from standardwebhooks import Webhook


def signed_headers(secret: str, message_id: str, body: str, now: datetime) -> Mapping[str, str]:
    """The three headers of one attempt. `now` must be aware UTC: the library takes any time for UTC."""
    signature = Webhook(secret).sign(msg_id=message_id, timestamp=now, data=body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }

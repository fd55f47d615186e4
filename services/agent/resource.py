"""Something in the cloud that carries our tags."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Resource:
    """`attached_to` is the machine it belongs to, or a machine's scaling group, and `created_at` its birth; both
    only where the cloud tells.
    """

    kind: str
    id: str
    tags: Tags
    created_at: datetime | None = None
    attached_to: str | None = None

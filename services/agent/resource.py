"""Something in the cloud that is ours: it carries our tags, or has a name that only we give."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

Tags = Mapping[str, str]


@dataclass(frozen=True, order=True)
class Place:
    """A region of an account; on Google Cloud that is a project. On AWS the credentials have one account anyway."""

    account: str
    region: str


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


@dataclass(frozen=True)
class RecordName:
    """A name that a placement may have in a zone of the cloud's name service; it is found by that, not by a tag."""

    zone: str
    host: str

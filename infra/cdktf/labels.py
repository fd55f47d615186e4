"""Tags as Google Cloud's labels: lower case, at most 63 of a-z, 0-9, dash and underscore, keys begin with a letter.

The mapping loses something by nature, so it is for people and bills; FlowLlama's own tags come through unchanged.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping

from contracts.stack_model import StackSpec
from infra.cdktf import tags

LONGEST = 63
# Google keeps keys that begin with its name to itself.
_UNFIT_START = re.compile(r"[^a-z]|goog")
_HASH_DIGITS = 8


def for_stack(spec: StackSpec) -> dict[str, str]:
    """Ready for Terraform: no character that it would read as a template is left."""
    return {**from_tags(spec.tags), **tags.ours(spec)}


def lasting(labels: Mapping[str, str]) -> dict[str, str]:
    """Without the one that every run of the agent changes: a group replaces its machines when their labels change."""
    return {key: value for key, value in labels.items() if key != tags.EPOCH}


def from_tags(tags_: Mapping[str, str]) -> dict[str, str]:
    """Keys that would become the same label keep apart by a hash of what they were."""
    counted = Counter(_key(key) for key in tags_)
    return {
        _key(key) if counted[_key(key)] == 1 else _apart(key): _fit(value) for key, value in tags_.items()
    }


def _key(text: str) -> str:
    fit = _fit(text)
    return f"tag-{fit}"[:LONGEST] if _UNFIT_START.match(fit) else fit


def _apart(key: str) -> str:
    digest = hashlib.sha256(key.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{_key(key)[: LONGEST - _HASH_DIGITS - 1]}-{digest}"


def _fit(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "_", text.lower())[:LONGEST]

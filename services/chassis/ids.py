"""Identifiers: a prefix that says what it names, then a ULID, so that ids sort by time of birth."""

import re

from ulid import ULID

_PATTERN = re.compile(r"[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}")


def new_id(prefix: str) -> str:
    return f"{prefix}_{str(ULID()).lower()}"


def is_id(value: str, prefix: str) -> bool:
    """Whether a value from outside has the form of an id; anything else never reaches a query."""
    return bool(_PATTERN.fullmatch(value)) and value.startswith(f"{prefix}_")

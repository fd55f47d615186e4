"""Names as the clouds take them: Google's short, in lower case, letters, digits and dashes; AWS's short; host names."""

import hashlib

LONGEST = 63
LONGEST_ACCOUNT = 30
LONGEST_BALANCER = 32
LONGEST_AMAZON = 64  # Of a role, and of EventBridge's rules.
_HASH_DIGITS = 8


def resource(text: str) -> str:
    """The name of a network, rule or machine. An id's underscore becomes a dash; nothing else needs replacing."""
    return within(text.replace("_", "-"), LONGEST)


def within(text: str, limit: int) -> str:
    """The text, or its beginning and a hash of all of it where it is too long: two long names never meet."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{text[: limit - _HASH_DIGITS - 1].rstrip('-')}-{digest}"


def host(id_: str, domain: str) -> str:
    """No certificate is issued for a name with an underscore, and an id has one."""
    return f"{id_.replace('_', '-')}.{domain}"


def balancer(placement_id: str) -> str:
    """AWS takes 32 characters and no underscore. An id has all but its prefix, so no two placements share a name."""
    return within(f"fl-{placement_id.removeprefix('dep_')}", LONGEST_BALANCER)

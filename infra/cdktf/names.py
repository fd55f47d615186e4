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
    return _cut(text, limit, _digest(text))


def of_version(text: str, content: str) -> str:
    """As `resource`, for what is replaced when its content changes while its successor stands already."""
    return _cut(text.replace("_", "-"), LONGEST, _digest(f"{text} {content}"))


def host(id_: str, domain: str) -> str:
    """No certificate is issued for a name with an underscore, and an id has one."""
    return f"{id_.replace('_', '-')}.{domain}"


def balancer(placement_id: str) -> str:
    """AWS takes 32 characters and no underscore. An id has all but its prefix, so no two placements share a name."""
    return within(f"fl-{placement_id.removeprefix('dep_')}", LONGEST_BALANCER)


def _cut(text: str, limit: int, ending: str) -> str:
    return f"{text[: limit - len(ending) - 1].rstrip('-')}-{ending}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]

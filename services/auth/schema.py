"""The collections auth writes: users, their sessions and refresh tokens, the audit trail, throttled attempts."""

from pymongo import ASCENDING, DESCENDING, IndexModel

from contracts.vocabulary import Tier
from services.chassis.mongo import Collection

AUDIT_KEPT_S = 400 * 24 * 3600
SESSION_KEPT_S = 24 * 3600  # Beyond its end: the revocation feed still speaks of it.

_TEXT = {"bsonType": "string", "minLength": 1}
_DATE = {"bsonType": "date"}
_DIGEST = {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"}
_ADDRESS = {"bsonType": "string", "maxLength": 45, "description": "Network address of the caller."}
_AGENT = {
    "bsonType": "string",
    "maxLength": 200,
    "description": "User agent, cut and without control characters.",
}
_USER = {**_TEXT, "description": "users._id"}
_SESSION = {**_TEXT, "description": "sessions._id"}

USERS = Collection(
    name="users",
    owner="auth",
    purpose="Accounts. One address is one account.",
    schema={
        "bsonType": "object",
        "required": ["_id", "email", "password_hash", "tier", "created_at", "updated_at"],
        "properties": {
            "_id": {**_TEXT, "description": "usr_ and a ULID."},
            "email": {**_TEXT, "maxLength": 254, "description": "ASCII, lower case; unique."},
            "name": {
                "bsonType": ["string", "null"],
                "maxLength": 100,
                "description": "As the user wants to be called.",
            },
            "password_hash": {
                "bsonType": "string",
                "pattern": "^\\$argon2id\\$",
                "description": "PHC string.",
            },
            "tier": {
                "enum": [tier.value for tier in Tier],
                "description": "Set by an operator, never by the user.",
            },
            "created_at": {**_DATE, "description": "Time of registration."},
            "updated_at": {**_DATE, "description": "Time of the last change."},
        },
    },
    indexes=(IndexModel([("email", ASCENDING)], unique=True),),
)
SESSIONS = Collection(
    name="sessions",
    owner="auth",
    purpose="One sign-in each, and the family of its refresh tokens. `_id` is the `sid` of access tokens.",
    schema={
        "bsonType": "object",
        "required": ["_id", "user_id", "created_at", "expires_at", "address", "user_agent"],
        "properties": {
            "_id": {**_TEXT, "description": "ses_ and a ULID."},
            "user_id": _USER,
            "created_at": {**_DATE, "description": "Time of the sign-in."},
            "expires_at": {**_DATE, "description": "No refresh reaches beyond it. Removed a day later."},
            "address": _ADDRESS,
            "user_agent": _AGENT,
            "revoked_at": {**_DATE, "description": "By the store's clock; only where it ended early."},
            "revoked_reason": {
                "enum": ["logout", "refresh_token_reuse"],
                "description": "Why it ended early.",
            },
        },
    },
    indexes=(
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=SESSION_KEPT_S),
        IndexModel([("revoked_at", ASCENDING)], sparse=True),
        IndexModel([("user_id", ASCENDING), ("created_at", DESCENDING)]),
    ),
)
REFRESH_TOKENS = Collection(
    name="refresh_tokens",
    owner="auth",
    purpose="Every refresh token of a session, used ones too: that is how a second use is noticed.",
    schema={
        "bsonType": "object",
        "required": ["_id", "session_id", "issued_at", "expires_at"],
        "properties": {
            "_id": {**_DIGEST, "description": "Hex SHA-256 of the token; the token itself is not kept."},
            "session_id": _SESSION,
            "issued_at": {**_DATE, "description": "Time of the sign-in or refresh that gave it out."},
            "expires_at": {**_DATE, "description": "Unused until then, it is void and removed."},
            "rotated_at": {**_DATE, "description": "Time of its one use."},
            "successor": {**_DIGEST, "description": "refresh_tokens._id of the token it was exchanged for."},
            "successor_sealed": {
                "bsonType": "string",
                "description": "That token, sealed, until it is used itself: a lost answer can be repeated.",
            },
        },
    },
    indexes=(
        IndexModel([("expires_at", ASCENDING)], expireAfterSeconds=0),
        IndexModel([("successor", ASCENDING)], sparse=True),
    ),
)
AUDIT = Collection(
    name="audit",
    owner="auth",
    purpose="Who did what to accounts and sessions, in the words of the OWASP logging vocabulary. Only appended to.",
    schema={
        "bsonType": "object",
        "required": ["_id", "at", "event", "address", "user_agent"],
        "properties": {
            "_id": {**_TEXT, "description": "aud_ and a ULID."},
            "at": {**_DATE, "description": "Removed 400 days later."},
            "event": {**_TEXT, "description": "OWASP logging vocabulary."},
            "user_id": _USER,
            "session_id": _SESSION,
            "address": _ADDRESS,
            "user_agent": _AGENT,
            "correlation_id": {**_TEXT, "description": "Of the request; the logs carry the same."},
            "detail": {"bsonType": "object", "description": "What the event needs beside; never a secret."},
        },
    },
    indexes=(
        IndexModel([("at", ASCENDING)], expireAfterSeconds=AUDIT_KEPT_S),
        IndexModel([("user_id", ASCENDING), ("at", DESCENDING)], sparse=True),
        IndexModel([("event", ASCENDING), ("at", DESCENDING)]),
    ),
)
ATTEMPTS = Collection(
    name="auth_attempts",
    owner="auth",
    purpose="Attempts to sign in or register, counted by account, by address and by both; and known addresses.",
    schema={
        "bsonType": "object",
        "required": ["_id", "forget_at"],
        "properties": {
            "_id": {**_TEXT, "description": "rule:key. An account's key is a digest of its address."},
            "count": {"bsonType": ["int", "long"], "description": "Attempts since the last success."},
            "blocked_until_ms": {
                "bsonType": ["int", "long"],
                "description": "Unix milliseconds; 0: not blocked.",
            },
            "forget_at": {**_DATE, "description": "Moves with each attempt; then all is forgotten."},
        },
    },
    indexes=(IndexModel([("forget_at", ASCENDING)], expireAfterSeconds=0),),
)
COLLECTIONS = (USERS, SESSIONS, REFRESH_TOKENS, AUDIT, ATTEMPTS)

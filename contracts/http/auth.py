"""Bodies of auth: accounts, sessions, the keys that verify tokens, and what only services ask for."""

import re
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from contracts.vocabulary import Tier

MAX_EMAIL = 254  # RFC 5321's longest forward path, without its angle brackets.
MIN_PASSWORD = 8
RECOMMENDED_PASSWORD = 15
MAX_PASSWORD = 1024
MAX_NAME = 100
MAX_OPAQUE = 200
MAX_CURSOR = 13  # Digits of a millisecond count, until the year 2286.

_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MAX_LOCAL = 64
_MIN_LABELS = 2
# `$` lets a newline pass at the end, which harms neither; the pattern is published, and ECMAScript knows no `\Z`.
_OPAQUE = validate.Regexp(
    rf"^[\x21-\x7e]{{1,{MAX_OPAQUE}}}$", error="Must be printable ASCII without spaces."
)
_WHOLE_CURSOR = validate.Regexp(
    rf"^[0-9]{{0,{MAX_CURSOR}}}$", error="Must be a cursor that this feed gave out."
)


class EmailAddress(fields.String):
    """Trimmed and in lower case, so that one mailbox is one account. ASCII only: no two spellings look alike."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        address = text.strip().lower() if isinstance(text, str) and text.isascii() else ""
        local, _, domain = address.rpartition("@")
        if len(address) > MAX_EMAIL or not _is_local(local) or not _is_domain(domain):
            raise ValidationError(
                f"Must be an email address of at most {MAX_EMAIL} ASCII characters (a domain in its xn-- form)."
            )
        return address


def _printable(text: str) -> None:
    if not text.isprintable():
        raise ValidationError("Must be printable text on one line.")


class RegisterSchema(Schema):
    class Meta:
        unknown = RAISE

    email = EmailAddress(required=True)
    password = fields.String(
        required=True,
        load_only=True,
        validate=validate.Length(MIN_PASSWORD, MAX_PASSWORD),
        metadata={
            "description": f"{MIN_PASSWORD} to {MAX_PASSWORD} characters of any kind, {RECOMMENDED_PASSWORD} or more "
            "recommended. The commonest passwords, and the address itself, are refused."
        },
    )
    name = fields.String(load_default=None, validate=[validate.Length(1, MAX_NAME), _printable])


class LoginSchema(Schema):
    class Meta:
        unknown = RAISE

    email = EmailAddress(required=True)
    password = fields.String(required=True, load_only=True, validate=validate.Length(1, MAX_PASSWORD))


class RefreshSchema(Schema):
    class Meta:
        unknown = RAISE

    refresh_token = fields.String(required=True, load_only=True, validate=_OPAQUE)


class AcceptedSchema(Schema):
    """The same whether or not the address has an account already."""

    status = fields.String(required=True)
    detail = fields.String(required=True)


class SessionTokensSchema(Schema):
    access_token = fields.String(required=True, metadata={"description": "Send it as a bearer."})
    token_type = fields.String(required=True, metadata={"description": "Always `Bearer`."})
    expires_in = fields.Integer(
        required=True, metadata={"description": "Seconds the access token is valid for."}
    )
    refresh_token = fields.String(
        required=True, metadata={"description": "Good for one use; each refresh returns the next one."}
    )


class AccountSchema(Schema):
    id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    tier = fields.Enum(Tier, by_value=True, required=True)
    created_at = fields.AwareDateTime(required=True, format="iso")


class JwkSchema(Schema):
    """An Ed25519 public key (RFC 8037). `kid` is its RFC 7638 thumbprint."""

    kty = fields.String(required=True)
    crv = fields.String(required=True)
    x = fields.String(required=True)
    kid = fields.String(required=True)
    use = fields.String(required=True)
    alg = fields.String(required=True)


class JwksSchema(Schema):
    keys = fields.List(fields.Nested(JwkSchema), required=True)


class RevocationQuerySchema(Schema):
    class Meta:
        unknown = RAISE

    since = fields.String(
        load_default="",
        validate=_WHOLE_CURSOR,
        metadata={"description": "The cursor of the last answer; empty for everything still in force."},
    )


class RevokedSessionSchema(Schema):
    sid = fields.String(required=True)
    until = fields.Integer(
        required=True,
        metadata={"description": "Unix seconds after which no token of the session can be valid."},
    )


class RevocationsSchema(Schema):
    """Sessions that ended early. An entry may come more than once."""

    revoked = fields.List(fields.Nested(RevokedSessionSchema), required=True)
    cursor = fields.String(required=True)


class ServiceTokenRequestSchema(Schema):
    class Meta:
        unknown = RAISE

    client_id = fields.String(required=True, validate=_OPAQUE)
    client_secret = fields.String(required=True, load_only=True, validate=_OPAQUE)


class ServiceTokenSchema(Schema):
    access_token = fields.String(required=True)
    token_type = fields.String(required=True)
    expires_in = fields.Integer(required=True)


def _is_local(text: str) -> bool:
    return len(text) <= _MAX_LOCAL and _LOCAL.fullmatch(text) is not None


def _is_domain(text: str) -> bool:
    labels = text.split(".")
    return len(labels) >= _MIN_LABELS and all(_LABEL.fullmatch(label) for label in labels)

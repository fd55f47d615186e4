"""Tokens for our own services, against their 256-bit secrets, of which only digests are known here."""

import hmac
from collections.abc import Mapping
from typing import Any

from contracts.claims import ACCESS_TOKEN_TTL_S
from services.auth.audit import AuditEvent
from services.auth.origin import Origin, printable
from services.auth.ports import Ports
from services.auth.refusals import WrongClientError
from services.auth.tokens import TOKEN_TYPE, digest

_NO_CLIENT = "0" * 64


def issue(
    fields: Mapping[str, Any], origin: Origin, *, clients: Mapping[str, str], ports: Ports
) -> Mapping[str, Any]:
    """Raises `WrongClientError`, after a comparison in constant time whether or not there is such a client."""
    client_id = fields["client_id"]
    kept = clients.get(client_id, _NO_CLIENT)
    if not hmac.compare_digest(kept, digest(fields["client_secret"])):
        ports.audit.record(AuditEvent.LOGIN_FAIL, origin, client=printable(client_id, 40))
        raise WrongClientError
    return {
        "access_token": ports.minter.for_service(client_id),
        "token_type": TOKEN_TYPE,
        "expires_in": ACCESS_TOKEN_TTL_S,
    }

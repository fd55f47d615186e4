"""What a FlowLlama token says. auth signs with EdDSA; everybody else only verifies."""

from dataclasses import dataclass

from contracts.vocabulary import Tier

ISSUER = "flowllama"
USER_AUDIENCE = "flowllama-api"
SERVICE_AUDIENCE = "flowllama-internal"
ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type (RFC 9068), not a secret.
ALGORITHM = "EdDSA"
ACCESS_TOKEN_TTL_S = 600
CLOCK_LEEWAY_S = 30
REVOCATION_POLL_S = 5  # The stated bound on how long a logged-out session may still be honoured.


@dataclass(frozen=True)
class Principal:
    """Who calls: a user in one session, or (service audience) one of our own services."""

    subject: str
    session_id: str | None
    tier: Tier
    scope: frozenset[str]

    @property
    def is_service(self) -> bool:
        return self.subject.startswith("service:")

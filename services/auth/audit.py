"""The audit trail: every event is kept in the store and written as a log line. No secret ever reaches it."""

from dataclasses import dataclass
from enum import StrEnum

from services.auth import store as records
from services.auth.origin import Origin
from services.chassis.clock import Clock
from services.chassis.ids import new_id
from services.chassis.logs import get_logger
from services.chassis.mongo import Store

log = get_logger(__name__)


class AuditEvent(StrEnum):
    """Names of the OWASP logging vocabulary; `authn_token_refreshed` and `user_exists` continue it."""

    USER_CREATED = "user_created"
    USER_EXISTS = "user_exists"
    LOGIN_SUCCESS = "authn_login_success"
    LOGIN_FAIL = "authn_login_fail"
    LOGIN_FAIL_MAX = "authn_login_fail_max"
    RATE_LIMIT = "excess_rate_limit_exceeded"
    TOKEN_REFRESHED = "authn_token_refreshed"  # noqa: S105 - a name
    TOKEN_REUSE = "authn_token_reuse"  # noqa: S105 - a name
    TOKEN_REVOKED = "authn_token_revoked"  # noqa: S105 - a name
    USE_AFTER_END = "session_use_after_expire"
    PERMISSIONS_CHANGED = "privilege_permissions_changed"


OPERATOR = Origin(address="local", user_agent="operator command", correlation_id="")


@dataclass(frozen=True)
class AuditLog:
    store: Store
    clock: Clock

    def record(
        self,
        event: AuditEvent,
        origin: Origin,
        *,
        user_id: str | None = None,
        session_id: str | None = None,
        **detail: str,
    ) -> None:
        """Raises the driver's error: what can't be recorded does not happen unseen."""
        named = {
            "user_id": user_id,
            "session_id": session_id,
            "correlation_id": origin.correlation_id,
            "detail": detail,
        }
        records.add_audit(
            self.store,
            {
                "_id": new_id("aud"),
                "at": self.clock(),
                "event": event.value,
                "address": origin.address,
                "user_agent": origin.user_agent,
                **{name: value for name, value in named.items() if value},
            },
        )
        log.info("audit", audit_event=event.value, user_id=user_id, session_id=session_id, **detail)

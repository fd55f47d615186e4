"""The one tree of errors, and what each becomes at both doors: an HTTP status, or a queue outcome."""

from collections.abc import Mapping, Sequence

from botocore.exceptions import BotoCoreError, ClientError
from pymongo.errors import PyMongoError, WriteError


class FlowLlamaError(Exception):
    """Anything we raise on purpose."""

    status = 500
    kind = "internal"
    title = "Something went wrong on our side"
    headers: Mapping[str, str] = {}

    def __init__(self, detail: str = "", *, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)


class MalformedError(FlowLlamaError):
    """The request can't be read at all."""

    status, kind, title = 400, "malformed", "The request can't be read"


class UnauthenticatedError(FlowLlamaError):
    """No token, or one that doesn't hold. Always the same words: a caller learns nothing of why."""

    status, kind, title = 401, "unauthenticated", "A valid access token is required"
    headers = {"WWW-Authenticate": 'Bearer realm="flowllama"'}  # noqa: RUF012 - never changed


class ForbiddenError(FlowLlamaError):
    """The caller is known and may not do this."""

    status, kind, title = 403, "forbidden", "This is not allowed"


class NotFoundError(FlowLlamaError):
    """It does not exist, or belongs to somebody else: the answer is the same."""

    status, kind, title = 404, "not-found", "There is no such thing here"


class ConflictError(FlowLlamaError):
    """The current state does not allow it."""

    status, kind, title = 409, "conflict", "The current state does not allow this"


class UnsupportedMediaError(FlowLlamaError):
    """A body that is not JSON."""

    status, kind, title = 415, "unsupported-media-type", "Send the body as application/json"


class InvalidError(FlowLlamaError):
    """The request was read, and a field of it is refused."""

    status, kind, title = 422, "invalid", "A field is missing or out of its range"


class ThrottledError(FlowLlamaError):
    """Too many requests; `retry_after_s` says when to come back."""

    status, kind, title = 429, "throttled", "Too many requests"

    def __init__(self, detail: str = "", *, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after_s)}


class UnavailableError(FlowLlamaError):
    """Something we need does not answer; nothing was changed and a later try may succeed."""

    status, kind, title = 503, "unavailable", "A part of the service does not answer; try again"
    headers = {"Retry-After": "2"}  # noqa: RUF012 - never changed


class StaleError(ConflictError):
    """A guarded write matched nothing: somebody else was first. Stop, read again."""


class RetryError(FlowLlamaError):
    """Queue outcome: handle the same delivery again later. Not a failure, so it never counts as one.

    Deferrals are bounded, so one that `grows` waits longer each time: an outage of minutes uses up few of them.
    """

    def __init__(self, after_s: float, detail: str = "", *, grows: bool = False) -> None:
        super().__init__(detail or "not yet")
        self.after_s = after_s
        self.grows = grows

    def after(self, deferrals: int) -> float:
        """How long to wait this time, in seconds."""
        return min(self.after_s * deferrals, MAX_OUTAGE_RETRY_S) if self.grows else self.after_s


class RejectError(FlowLlamaError):
    """Queue outcome: no further try can succeed; dead-letter at once with this reason."""


# Foreign failures of a store or broker say nothing about the message: they never count against it.
FOREIGN_OUTAGES: tuple[type[Exception], ...] = (PyMongoError, BotoCoreError, ClientError, ConnectionError)

OUTAGE_RETRY_S = 5.0
MAX_OUTAGE_RETRY_S = 30.0


def outcome_of(error: Exception) -> RetryError | RejectError | None:
    """What an error means for the delivery that raised it; None counts as one failure."""
    if isinstance(error, RetryError | RejectError):
        return error
    if isinstance(error, StaleError):
        return RetryError(0.2, "stale write")
    if isinstance(error, UnavailableError) or is_outage(error):
        return RetryError(OUTAGE_RETRY_S, type(error).__name__, grows=True)
    return None


def is_outage(error: Exception) -> bool:
    """Whether a store or broker failed to answer. A write that the store refused is an answer, and our fault."""
    return isinstance(error, FOREIGN_OUTAGES) and not isinstance(error, WriteError)


def as_http(error: Exception) -> FlowLlamaError:
    """The error as a client may see it; a foreign outage becomes 503, anything unknown a bare 500."""
    if isinstance(error, FlowLlamaError):
        return error
    if is_outage(error):
        return UnavailableError()
    return FlowLlamaError()

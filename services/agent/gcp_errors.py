"""What an error of Google's API means: it is gone already, it has to wait, or Google does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.auth.exceptions import GoogleAuthError

from services.chassis.errors import UnavailableError

TIMEOUT_S = 30.0

# Somebody still uses it, or another change of it is under way: the next look says whether it went.
_LATER_REASONS = frozenset(
    {"resourceInUseByAnotherResource", "resourceNotReady", "operationInProgress", "conditionNotMet"}
)
_LATER_STATUS = frozenset({409, 412})


@contextmanager
def answering() -> Iterator[None]:
    """Whatever Google says against us becomes an outage, as with AWS: it says nothing about the message in hand."""
    try:
        yield
    except (GoogleAPICallError, RetryError, GoogleAuthError, requests.RequestException) as error:
        raise UnavailableError(f"Google Cloud: {type(error).__name__}: {str(error)[:300]}") from error


def is_later(error: GoogleAPICallError) -> bool:
    """Whether a removal was refused only for now, or because it has taken place."""
    if isinstance(error, NotFound) or error.code in _LATER_STATUS:
        return True
    return bool(
        {str(entry.get("reason")) for entry in error.errors if isinstance(entry, dict)} & _LATER_REASONS
    )

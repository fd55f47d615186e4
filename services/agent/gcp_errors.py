"""What an error of Google's API means: it is gone already, it has to wait, or Google does not answer."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError, ServerError, TooManyRequests
from google.api_core.retry import Retry, if_exception_type
from google.auth.exceptions import GoogleAuthError

from services.chassis.errors import UnavailableError

TIMEOUT_S = 30.0
# The client's own patience with a server that is away is ten minutes for each call; a run that is put off comes again.
_RETRY = Retry(
    predicate=if_exception_type(TooManyRequests, ServerError, requests.ConnectionError),
    initial=0.2,
    maximum=2.0,
    timeout=15.0,
)
# How each call of the Compute client is made.
CALL: Mapping[str, Any] = {"retry": _RETRY, "timeout": TIMEOUT_S}

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

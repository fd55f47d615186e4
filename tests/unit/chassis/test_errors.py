"""One table: what each error becomes at the HTTP door and at the queue."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pymongo.errors import AutoReconnect, DuplicateKeyError, ServerSelectionTimeoutError, WriteError

from services.chassis import errors
from services.chassis.errors import RejectError, RetryError, as_http, outcome_of

OUTAGES = [
    AutoReconnect("down"),
    ServerSelectionTimeoutError("down"),
    EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
    ClientError({"Error": {"Code": "ThrottlingException"}}, "SendMessage"),
    ConnectionResetError(),
]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda error: type(error).__name__)
def test_an_outage_is_503_and_a_retry_that_grows(error: Exception) -> None:
    outcome = outcome_of(error)

    assert as_http(error).status == 503
    assert isinstance(outcome, RetryError)
    assert [outcome.after(deferrals) for deferrals in (1, 2, 5, 6, 50)] == [5, 10, 25, 30, 30]


@pytest.mark.parametrize(
    "error",
    [
        DuplicateKeyError("E11000"),
        WriteError("Document failed validation", 121),
        ValueError("bug"),
        KeyError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_our_own_fault_is_500_and_a_failure(error: Exception) -> None:
    shown = as_http(error)

    assert outcome_of(error) is None
    assert (shown.status, shown.detail) == (500, errors.FlowLlamaError.title)


def test_a_stale_write_is_409_and_a_quick_retry() -> None:
    outcome = outcome_of(errors.StaleError())

    assert as_http(errors.StaleError()).status == 409
    assert isinstance(outcome, RetryError)
    assert outcome.after(10) < 1


def test_what_a_handler_says_is_what_happens() -> None:
    later, never = RetryError(7), RejectError("no")

    assert outcome_of(later) is later
    assert later.after(3) == 7
    assert outcome_of(never) is never
    assert outcome_of(errors.ConflictError()) is None


def test_every_kind_has_a_status_a_title_and_a_name() -> None:
    kinds = [errors.FlowLlamaError, *_below(errors.FlowLlamaError)]

    assert all(400 <= kind.status < 600 and kind.title and kind.kind for kind in kinds)
    documented = {kind.kind: kind.status for kind in kinds}
    assert all(documented[kind.kind] == kind.status for kind in kinds)


def _below(kind: type[errors.FlowLlamaError]) -> list[type[errors.FlowLlamaError]]:
    return [each for child in kind.__subclasses__() for each in (child, *_below(child))]

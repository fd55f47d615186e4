"""Which error means what, and which offer comes next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Reason
from services.agent.failover import Attempt, Failure, FailureKind, classify, next_offer, offer_of, verdict
from services.agent.terraform import Ended
from services.agent.ui_stream import UiEvent
from tests.unit.agent.fakes import candidate

PROVIDER_TEXT = (
    "creating EC2 Instance: operation error EC2: RunInstances, exceeded maximum number of attempts, 3, "
    "https response error StatusCode: 500, RequestID: 0, api error {code}: Because."
)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InsufficientInstanceCapacity", FailureKind.CAPACITY),
        ("InsufficientHostCapacity", FailureKind.CAPACITY),
        ("SpotMaxPriceTooLow", FailureKind.CAPACITY),
        ("Unsupported", FailureKind.CAPACITY),
        ("VcpuLimitExceeded", FailureKind.QUOTA),
        ("MaxSpotInstanceCountExceeded", FailureKind.QUOTA),
        ("TooManyLoadBalancers", FailureKind.QUOTA),
        ("TooManyTargetGroups", FailureKind.QUOTA),
        ("LimitExceeded", FailureKind.QUOTA),
        ("RequestLimitExceeded", FailureKind.TRANSIENT),
        ("ResourceContention", FailureKind.TRANSIENT),
        ("UnauthorizedOperation", FailureKind.FINAL),
        ("InvalidParameterValue", FailureKind.FINAL),
        ("SomethingNobodyHasSeenYet", FailureKind.FINAL),
    ],
)
def test_the_clouds_own_word_decides(code: str, kind: FailureKind) -> None:
    failure = classify(_failed(PROVIDER_TEXT.format(code=code)))

    assert failure == Failure(kind, code, "Because.")


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (
            (
                "Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have "
                "sufficient g5.xlarge capacity in the Availability Zone you requested (us-east-1f)."
            ),
            FailureKind.CAPACITY,
            "InsufficientInstanceCapacity",
        ),
        (
            "We currently do not have sufficient g5.12xlarge capacity in the Availability Zone you requested.",
            FailureKind.CAPACITY,
            "InsufficientInstanceCapacity",
        ),
        (
            "There is no Spot capacity available that matches your request.",
            FailureKind.CAPACITY,
            "InsufficientInstanceCapacity",
        ),
        (
            (
                "Could not launch Spot Instances. UnfulfillableCapacity - Unable to fulfill capacity due to your "
                "request configuration."
            ),
            FailureKind.CAPACITY,
            "UnfulfillableCapacity",
        ),
        (
            (
                "Your Spot request price of 0.1 is lower than the minimum required Spot request fulfillment price "
                "of 0.4."
            ),
            FailureKind.CAPACITY,
            "SpotMaxPriceTooLow",
        ),
        (
            "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max spot instance count exceeded.",
            FailureKind.QUOTA,
            "MaxSpotInstanceCountExceeded",
        ),
        (
            (
                "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance "
                "bucket that the specified instance type belongs to."
            ),
            FailureKind.QUOTA,
            "VcpuLimitExceeded",
        ),
        ("A sentence that nobody has seen yet.", FailureKind.FINAL, "ScalingActivityFailed"),
    ],
)
def test_a_scaling_groups_activity_says_what_no_call_answers(said: str, kind: FailureKind, code: str) -> None:
    quoted = f"{said} Launching EC2 instance failed."

    failure = classify(
        _failed(
            "waiting for Auto Scaling Group (flowllama-dep-1) capacity satisfied: "
            f"scaling activity (ee05cf07-0000-1111-2222-333344445555): Failed: {quoted}"
        )
    )

    assert failure == Failure(kind, code, quoted)


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (
            "You have requested more vCPU capacity than your current vCPU limit of 0 allows for the instance bucket.",
            FailureKind.QUOTA,
            "VcpuLimitExceeded",
        ),
        (
            "You have requested more instances (6) than your current instance limit of 4 allows for the type.",
            FailureKind.QUOTA,
            "InstanceLimitExceeded",
        ),
        ("The requested configuration is currently not supported.", FailureKind.CAPACITY, "Unsupported"),
        ("Value () for parameter groupId is invalid.", FailureKind.FINAL, "ValidationError"),
    ],
)
def test_what_a_groups_own_check_of_its_template_quotes_is_read_as_well(
    said: str, kind: FailureKind, code: str
) -> None:
    quoted = f"You must use a valid fully-formed launch template. {said}"

    failure = classify(
        _failed(
            "creating Auto Scaling Group (flowllama-dep-1): operation error Auto Scaling: CreateAutoScalingGroup, "
            f"https response error StatusCode: 400, RequestID: 0, api error ValidationError: {quoted}"
        )
    )

    assert failure == Failure(kind, code, quoted)


def test_a_group_whose_machines_never_serve_says_nothing_of_the_offer() -> None:
    failure = classify(
        _failed(
            "waiting for Auto Scaling Group (flowllama-dep-1) capacity satisfied: timeout while waiting for state "
            "to become 'ok' (last state: 'want at least 2 healthy instance(s) in Auto Scaling Group, have 0', "
            "timeout: 10m0s)"
        )
    )

    assert failure.kind is FailureKind.TIMEOUT
    assert failure.message == "want at least 2 healthy instance(s) in Auto Scaling Group, have 0"


def test_a_lost_connection_may_be_tried_again() -> None:
    assert classify(_failed("request send failed, Post ...: EOF")).kind is FailureKind.TRANSIENT


def test_what_terraform_says_without_the_cloud_is_final_and_quoted() -> None:
    failure = classify(Ended(1, tail=["Error: Failed to query available provider packages"]))

    assert failure.kind is FailureKind.FINAL
    assert "available provider packages" in failure.message


def test_the_ranking_is_followed() -> None:
    candidates = [candidate("us-east-1a"), candidate("us-east-1b")]

    assert next_offer(candidates, [], 8) is candidates[0]
    assert next_offer(candidates, [_attempt(candidates[0], FailureKind.CAPACITY)], 8) is candidates[1]


def test_a_quota_in_one_region_says_nothing_about_another() -> None:
    candidates = [candidate("us-east-1a"), candidate("us-east-1b"), candidate("eu-west-1a")]

    assert next_offer(candidates, [_attempt(candidates[0], FailureKind.QUOTA)], 8) is candidates[2]


def test_a_region_without_room_for_a_balancer_has_none_on_the_other_market_either() -> None:
    candidates = [candidate("us-east-1a"), candidate("us-east-1a", spot=False), candidate("eu-west-1a")]
    full = Attempt(
        offer_of(candidates[0], "dec_1", "dep_1-1"),
        Failure(FailureKind.QUOTA, "TooManyLoadBalancers", "Full."),
    )

    assert next_offer(candidates, [full], 8) is candidates[2]


def test_nothing_follows_a_final_failure() -> None:
    candidates = [candidate("us-east-1a"), candidate("us-east-1b")]

    assert next_offer(candidates, [_attempt(candidates[0], FailureKind.FINAL)], 8) is None


def test_mixed_failures_are_reported_as_a_lack_of_capacity() -> None:
    attempts = [
        _attempt(candidate("us-east-1a"), FailureKind.QUOTA),
        _attempt(candidate("us-east-1b", spot=False), FailureKind.CAPACITY),
    ]

    reason, detail = verdict(attempts)

    assert reason is Reason.NO_CAPACITY
    assert "g5.xlarge on-demand in us-east-1b" in detail


def test_the_detail_fits_its_message_however_much_was_tried() -> None:
    attempts = [_attempt(candidate(), FailureKind.CAPACITY, "x" * 500)] * 30

    assert len(verdict(attempts)[1]) == 2000


def _attempt(offer: dict[str, object], kind: FailureKind, message: str = "Because.") -> Attempt:
    return Attempt(offer_of(offer, "dec_1", "dep_1-1"), Failure(kind, "Code", message))


def _failed(text: str) -> Ended:
    return Ended(1, errors=[UiEvent("diagnostic", "error", text, summary=text)])


zones = [f"us-east-1{letter}" for letter in "abc"] + ["eu-west-1a", "eu-west-1b"]
failures = st.sampled_from(
    [FailureKind.CAPACITY, FailureKind.QUOTA, FailureKind.TRANSIENT, FailureKind.TIMEOUT]
)


@given(
    offers=st.lists(st.tuples(st.sampled_from(zones), st.booleans()), min_size=1, max_size=8, unique=True),
    script=st.lists(failures, min_size=30, max_size=30),
)
def test_nothing_is_tried_again_before_all_its_alternatives(
    offers: list[tuple[str, bool]], script: list[FailureKind]
) -> None:
    """A zone, market and machine that failed waits until every other that nothing rules out was tried."""
    candidates = [candidate(zone, spot=spot) for zone, spot in offers]
    attempts: list[Attempt] = []
    tried: list[tuple[str, bool]] = []

    for kind in script:
        chosen = next_offer(candidates, attempts, len(script))
        if chosen is None:
            break
        if (chosen["zone"], chosen["spot"]) in tried:
            quotas = {
                (a.offer["region"], a.offer["spot"]) for a in attempts if a.failure.kind is FailureKind.QUOTA
            }
            for other in candidates:
                ruled_out = (other["region"], other["spot"]) in quotas
                assert ruled_out or (other["zone"], other["spot"]) in tried
        tried.append((chosen["zone"], chosen["spot"]))
        attempts.append(_attempt(chosen, kind))
    else:
        assert any(
            attempt.failure.kind in {FailureKind.TRANSIENT, FailureKind.TIMEOUT} for attempt in attempts
        )

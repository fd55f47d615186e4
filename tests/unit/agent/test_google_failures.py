"""What Google Cloud's refusals mean, in the words in which the provider prints them."""

from typing import Any

import pytest

from services.agent.failover import (
    Attempt,
    Failure,
    FailureKind,
    classify,
    concerns_everybody,
    next_offer,
    offer_of,
)
from services.agent.terraform import Ended
from services.agent.ui_stream import UiEvent
from tests.unit.agent.fakes import candidate, google_candidate

ZONE = "projects/flowllama-test/zones/us-central1-a"

CAPACITY, QUOTA = FailureKind.CAPACITY, FailureKind.QUOTA
TRANSIENT, TIMEOUT, FINAL = FailureKind.TRANSIENT, FailureKind.TIMEOUT, FailureKind.FINAL


def classified(words: str) -> Failure:
    return classify(Ended(1, errors=[UiEvent("diagnostic", "error", words, summary=words)]))


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (
            (
                f"Error waiting for instance to create: The zone '{ZONE}' does not have enough resources available to "
                "fulfill the request.  '(resource type:compute)'."
            ),
            CAPACITY,
            "ZONE_RESOURCE_POOL_EXHAUSTED",
        ),
        (
            (
                "Error waiting for instance to create: A g2-standard-4 VM instance with 1 nvidia-l4 accelerator(s) is "
                "currently unavailable in the us-central1-a zone. Alternatively, you can try your request again with a "
                "different VM hardware configuration or at a later time."
            ),
            CAPACITY,
            "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
        ),
        (
            (
                f"Error creating instance: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS: The zone '{ZONE}' does not have "
                "enough resources (state:STOCKOUT)."
            ),
            CAPACITY,
            "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
        ),
        (
            (
                "Error creating instance: googleapi: Error 400: Invalid value for field 'resource.machineType': "
                f"'{ZONE}/machineTypes/c4a-standard-8'. Machine type with name 'c4a-standard-8' does not exist in zone "
                "'us-central1-a'., invalid"
            ),
            CAPACITY,
            "NOT_OFFERED_IN_ZONE",
        ),
        (
            (
                f"Error creating instance: googleapi: Error 404: The resource '{ZONE}/acceleratorTypes/nvidia-tesla-t4' was "
                "not found, notFound"
            ),
            CAPACITY,
            "NOT_OFFERED_IN_ZONE",
        ),
        (
            (
                "Error creating instance: googleapi: Error 403: Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 1.0 in region "
                "us-central1., quotaExceeded"
            ),
            QUOTA,
            "QUOTA_EXCEEDED:NVIDIA_L4_GPUS",
        ),
        (
            (
                "Error waiting for instance to create: Quota 'CPUS-PER-VM-FAMILY-per-project-region' exceeded.  Limit: 24.0 "
                "in region us-central1.\n\tmetric name = compute.googleapis.com/cpus_per_vm_family\n\tlimit name = "
                "CPUS-PER-VM-FAMILY-per-project-region\n\tlimit = 24\n\tdimensions = map[region:us-central1 vm_family:C4A]"
            ),
            QUOTA,
            "QUOTA_EXCEEDED:C4A_CPUS",
        ),
        (
            (
                "Error waiting for instance to create: QUOTA_EXCEEDED\n\tmetric name = "
                "compute.googleapis.com/gpus_all_regions\n\tlimit name = GPUS-ALL-REGIONS-per-project"
            ),
            QUOTA,
            "QUOTA_EXCEEDED:GPUS_ALL_REGIONS",
        ),
        (
            "Error creating instance: QUOTA_EXCEEDED: Quota 'PREEMPTIBLE_CPUS' exceeded.  Limit: 0.0",
            QUOTA,
            "QUOTA_EXCEEDED:PREEMPTIBLE_CPUS",
        ),
        (
            "Error creating instance: googleapi: Error 403: Rate Limit Exceeded, rateLimitExceeded",
            TRANSIENT,
            "rateLimitExceeded",
        ),
        (
            (
                "Error creating Firewall: googleapi: Error 403: Quota exceeded for quota metric 'Queries' and limit "
                "'Queries per minute' of service 'compute.googleapis.com' for consumer 'project_number:1'."
            ),
            TRANSIENT,
            "rateLimitExceeded",
        ),
        (
            (
                "Error creating Firewall: googleapi: Error 400: The resource "
                "'projects/flowllama-test/global/networks/main' is not ready, resourceNotReady"
            ),
            TRANSIENT,
            "RESOURCE_NOT_READY",
        ),
        (
            (
                "Error creating Firewall: googleapi: Error 409: The resource "
                "'projects/flowllama-test/global/firewalls/flowllama-dep-1' already exists, alreadyExists"
            ),
            TRANSIENT,
            "alreadyExists",
        ),
        (
            (
                "Error creating instance: googleapi: Error 503: Internal error. Please try again or contact Google Support. "
                "(Code: '-1')"
            ),
            TRANSIENT,
            "INTERNAL_ERROR",
        ),
        ("Error creating Firewall: googleapi: Error 503: The service is unavailable.", TRANSIENT, "HTTP503"),
        ("Error creating Firewall: googleapi: Error 429: Too Many Requests", TRANSIENT, "HTTP429"),
        (
            (
                "Error waiting for instance to create: timeout while waiting for state to become 'DONE' (last state: "
                "'RUNNING', timeout: 10m0s)"
            ),
            TIMEOUT,
            "OperationNotDone",
        ),
        (
            (
                "Error creating instance: googleapi: Error 403: Required 'compute.instances.create' permission for "
                f"'{ZONE}/instances/x'\nMore details:\nReason: forbidden, Message: Required permission\n"
            ),
            FINAL,
            "forbidden",
        ),
        (
            (
                "Error creating instance: googleapi: Error 412: Constraint constraints/compute.vmExternalIpAccess violated, "
                "conditionNotMet"
            ),
            FINAL,
            "conditionNotMet",
        ),
        ("Error: Invalid provider configuration", FINAL, "Terraform"),
    ],
)
def test_googles_own_words_decide(words: str, kind: FailureKind, code: str) -> None:
    failure = classified(words)

    assert (failure.kind, failure.code) == (kind, code)


def test_the_user_reads_googles_words_on_one_line_without_the_providers() -> None:
    failure = classified(
        "Error creating instance: googleapi: Error 403: Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 1.0 in region us-east4."
    )

    assert failure.message == "Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 1.0 in region us-east4."


def left(code: str, *offers: dict[str, Any], message: str = "Limit: 1.0 in region us-central1.") -> list[str]:
    """What may still be tried of the offers once the first was refused by this quota."""
    refused = Attempt(
        offer_of(offers[0], "dec_1", "dep_1-1"), Failure(QUOTA, f"QUOTA_EXCEEDED:{code}", message)
    )
    return [
        f"{offer['machine']['type']} {offer['zone']}"
        for offer in offers
        if next_offer([offer], [refused], max_offers=8)
    ]


def test_a_quota_of_gpus_rules_out_their_kind_in_the_region_and_market() -> None:
    l4, t4 = google_candidate(), google_candidate(machine="n1-standard-4+1xT4", gpu="T4")
    neighbour, elsewhere = google_candidate("us-central1-b"), google_candidate("us-east4-a")

    assert left("PREEMPTIBLE_NVIDIA_L4_GPUS", l4, t4, neighbour, elsewhere) == [
        "n1-standard-4+1xT4 us-central1-a",
        "g2-standard-4 us-east4-a",
    ]
    assert left("PREEMPTIBLE_NVIDIA_L4_GPUS", l4, google_candidate(spot=False)) == [
        "g2-standard-4 us-central1-a"
    ]


def test_a_quota_of_a_series_leaves_the_other_series() -> None:
    n2, e2 = google_candidate(machine="n2-standard-8"), google_candidate(machine="e2-standard-8")

    assert left("N2_CPUS", n2, e2) == ["e2-standard-8 us-central1-a"]
    assert left("PREEMPTIBLE_CPUS", n2, e2) == []


def test_a_limit_of_the_whole_project_holds_in_every_region_and_another_cloud_knows_none_of_it() -> None:
    elsewhere, plain = google_candidate("us-east4-a"), google_candidate("us-east4-a", "e2-standard-8")
    plain["machine"]["gpu_kind"] = None

    assert left(
        "GPUS_ALL_REGIONS", google_candidate(), elsewhere, plain, candidate(), message="0.0 globally."
    ) == [
        "e2-standard-8 us-east4-a",
        "g5.xlarge us-east-1a",
    ]


def test_addresses_lack_for_both_markets() -> None:
    assert left("IN_USE_ADDRESSES", google_candidate(), google_candidate(spot=False)) == []


@pytest.mark.parametrize(
    ("code", "everybody"),
    [("NVIDIA_L4_GPUS", True), ("CPUS", True), ("GPUS_ALL_REGIONS", True), ("IN_USE_ADDRESSES", False)],
)
def test_a_quota_of_machines_concerns_everybody(code: str, everybody: bool) -> None:  # noqa: FBT001
    assert concerns_everybody(Failure(QUOTA, f"QUOTA_EXCEEDED:{code}", "")) is everybody

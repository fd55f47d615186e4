"""How many machines are asked for, and what makes several possible: the same in an estimate, a selection, a create."""

from collections.abc import Callable
from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.http.deployments import CreateDeploymentSchema
from contracts.http.pricing import EstimateQuerySchema, EstimateRequestSchema
from contracts.http.replicas import most_machines
from contracts.http.selection import SelectRequestSchema

MODEL = "llama3.2:1b"
Load = Callable[[Any, str], Any]


def estimate(replicas: Any, exposure: str) -> Any:
    return EstimateRequestSchema().load({"model": MODEL, "replicas": replicas, "exposure": exposure})


def select(replicas: Any, exposure: str) -> Any:
    deployment = "dep_01jd0000000000000000000000"
    body = {"deployment_id": deployment, "workload": {"model": MODEL, "replicas": replicas}}
    return SelectRequestSchema().load({**body, "exposure": exposure})["workload"]


def create(replicas: Any, exposure: str) -> Any:
    return CreateDeploymentSchema().load(
        {"model": MODEL, "replicas": replicas, "exposure": {"kind": exposure}}
    )


DOORS = pytest.mark.parametrize("load", [estimate, select, create])


@DOORS
@pytest.mark.parametrize(
    ("asked", "means"),
    [
        ({"min": 2, "max": 16}, (2, 16)),
        ({"max": 4}, (1, 4)),
        ({"min": 3}, (3, 3)),
        ({}, (1, 1)),
        ({"min": 2, "max": None}, (2, 2)),
    ],
)
def test_what_is_left_out_is_one_machine_or_a_fixed_number(
    load: Load, asked: Any, means: tuple[int, int]
) -> None:
    assert load(asked, "load_balanced")["replicas"] == dict(zip(("min", "max"), means, strict=True))


@DOORS
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"min": 4, "max": 2}, "Must be at least min, which is 4."),
        ({"max": 17}, "Must be a whole number from 1 to 16."),
        ({"min": 0}, "Must be a whole number from 1 to 16."),
        ({"min": 1.5}, "Must be a whole number from 1 to 16."),
        ({"max": True}, "Must be a whole number from 1 to 16."),
        ({"desired": 2}, "Unknown field."),
        (3, "Invalid input type."),
    ],
)
def test_what_can_be_no_range_is_refused_by_name(load: Load, asked: Any, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load(asked, "load_balanced")

    assert words in str(refused.value.messages_dict)
    assert "replicas" in str(refused.value.messages_dict)


@DOORS
@pytest.mark.parametrize("exposure", ["allow_listed", "private"])
def test_several_machines_need_a_balancer(load: Load, exposure: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load({"max": 2}, exposure)

    found = refused.value.messages_dict
    message = f"Must be 1 with an exposure of {exposure}: several machines need load_balanced."
    assert found.get("workload", found) == {"replicas": {"max": [message]}}


@DOORS
@pytest.mark.parametrize("exposure", ["allow_listed", "private", "load_balanced"])
def test_one_machine_goes_with_every_exposure(load: Load, exposure: str) -> None:
    assert load({"min": 1, "max": 1}, exposure)["replicas"] == {"min": 1, "max": 1}


@pytest.mark.parametrize(("text", "means"), [("2", (2, 2)), ("1:4", (1, 4))])
def test_a_query_says_it_in_short(text: str, means: tuple[int, int]) -> None:
    found = EstimateQuerySchema().load({"model": MODEL, "replicas": text, "exposure": "load_balanced"})

    assert (found["replicas"]["min"], found["replicas"]["max"]) == means


@pytest.mark.parametrize("text", ["", "1:", "-1", "1:2:3", "two", "1:99", "4:2"])
def test_a_query_that_says_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        EstimateQuerySchema().load({"model": MODEL, "replicas": text, "exposure": "load_balanced"})

    assert set(refused.value.messages_dict) == {"replicas"}


def test_a_workload_from_before_has_one_machine() -> None:
    assert most_machines({"model": MODEL}) == 1
    assert most_machines({"model": MODEL, "replicas": {"min": 1, "max": 5}}) == 5

"""What a request may say, and what it hears where the catalogue can't meet it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.http.pricing import EstimateQuerySchema
from contracts.http.workload import WorkloadSchema
from contracts.vocabulary import GpuKind
from services.chassis.errors import InvalidError
from services.pricing.choice.workload import GpuWish, Workload

CONTEXT = "Must be a whole number from 256 to 10485760."
MEMORY = "Must be a number from 0 to 4096."
TAG = (
    "Must be a tag of the Ollama library such as llama3.1:8b, a user's there such as somebody/model:tag, "
    "or hf.co/owner/repo:QUANT. No other registry is allowed."
)
MONEY = "Must be an amount in US dollars above 0 and at most 10000."


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("context_size", -1, CONTEXT),
        ("context_size", True, CONTEXT),
        ("context_size", 8192.5, CONTEXT),
        ("context_size", "8192", CONTEXT),
        ("context_size", float("nan"), CONTEXT),
        ("context_size", 10**400, CONTEXT),
        ("parallel", 0, "Must be a whole number from 1 to 64."),
        ("min_memory_gib", float("nan"), MEMORY),
        ("min_memory_gib", float("inf"), MEMORY),
        ("min_memory_gib", -1, MEMORY),
        ("min_memory_gib", "16", MEMORY),
        ("min_memory_gib", False, MEMORY),
        ("max_hourly_usd", "NaN", MONEY),
        ("max_hourly_usd", "1_0", MONEY),
        ("max_hourly_usd", "٣", MONEY),
        ("max_hourly_usd", " 1", MONEY),
        ("max_hourly_usd", "", MONEY),
        ("max_hourly_usd", "1e9999999999", MONEY),
        ("max_hourly_usd", "1e-7000", MONEY),
        ("max_hourly_usd", "0." + "1" * 40, MONEY),
        ("max_hourly_usd", 0, MONEY),
        ("max_hourly_usd", True, MONEY),
        ("kv_type", "f32", "Must be one of: f16, q8_0, q4_0."),
        ("spot", "maybe", "Must be one of: never, prefer, only."),
        ("cloud", "azure", "Must be one of: aws, gcp."),
        ("model", "../../etc/passwd", TAG),
        ("model", "registry.example.com/x/y:z", TAG),
        ("model", "llama3.1:8b\n", TAG),
        ("surprise", 1, "Unknown field."),
    ],
)
def test_a_refusal_names_the_field_and_the_range(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        WorkloadSchema().load({"model": "llama3.1:8b", field: value})

    assert refused.value.messages == {field: [message]}


def test_a_gpu_is_asked_for_in_three_ways(asks: Callable[..., Workload]) -> None:
    assert asks("llama3.1:8b", gpu={"kind": "L4", "count": 2}).gpu == GpuWish(GpuKind.L4, 2)
    assert asks("llama3.1:8b", gpu="L4:2").gpu == GpuWish(GpuKind.L4, 2)
    assert asks("llama3.1:8b", gpu="L4").gpu == GpuWish(GpuKind.L4, None)
    assert asks("llama3.1:8b", gpu="none").gpu == GpuWish(None)
    assert asks("llama3.1:8b", gpu=None).gpu is None


@pytest.mark.parametrize(
    "gpu",
    ["L4:0", "L4:9", "B200", {"kind": "L4", "count": True}, {"count": 1}, {"kind": "L4", "x": 1}, 7, []],
)
def test_a_malformed_gpu_is_refused(gpu: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        WorkloadSchema().load({"model": "llama3.1:8b", "gpu": gpu})

    assert set(refused.value.messages_dict) == {"gpu"}


def test_a_query_string_says_the_same_as_a_body() -> None:
    body = {"model": "llama3.1:8b", "context_size": 4096, "min_memory_gib": 16.5, "max_hourly_usd": "0.75"}
    query = {
        "model": "llama3.1:8b",
        "context_size": "4096",
        "min_memory_gib": "16.5",
        "max_hourly_usd": "0.75",
    }

    from_query = EstimateQuerySchema().load(query)

    assert {key: from_query[key] for key in body} == {
        key: value for key, value in WorkloadSchema().load(body).items() if key in body
    }
    with pytest.raises(ValidationError, match="whole number"):
        EstimateQuerySchema().load({"model": "llama3.1:8b", "context_size": "4096.5"})


def test_defaults_are_those_of_the_model(asks: Callable[..., Workload]) -> None:
    small, embedding, large = asks("llama3.2:1b"), asks("all-minilm"), asks("llama3.3:70b")

    assert (small.load.context_size, small.min_tokens_per_s, small.load.quantisation) == (8192, 10, "Q8_0")
    assert (embedding.load.context_size, embedding.min_tokens_per_s) == (512, 0)
    assert large.min_tokens_per_s == 5
    assert asks("llama3.3:70b", min_tokens_per_s=0).min_tokens_per_s == 0
    assert asks("llama3.1:8b-instruct-q6_K").load.quantisation == "Q6_K"
    assert asks("llama3.1:8b", max_hourly_usd=0.1).max_hourly_usd == Decimal("0.1")


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"model": "lama3.1:8b"}, "model", "llama3.1:8b"),
        ({"model": "hf.co/owner/repo:Q4_K_M"}, "model", "published as repo; give architecture"),
        ({"context_size": 131_073}, "context_size", "from 256 to 131072 for llama3.1:8b"),
        ({"quantisation": "MXFP4"}, "quantisation", "Q4_0, Q4_K_M, Q5_K_M, Q6_K, Q8_0, FP16"),
        ({"model": "llama3.1:8b-instruct-q8_0", "quantisation": "Q4_0"}, "quantisation", "is Q8_0"),
        ({"model": "gemma2:9b", "kv_type": "q8_0"}, "kv_type", "Must be f16 for gemma2:9b"),
        ({"region": "us-east-9"}, "region", "us-east-1"),
        ({"region": "us-east-1", "cloud": "gcp"}, "region", "belongs to aws"),
        ({"machine": "g9.huge"}, "machine", "GET /api/pricing/machines"),
        ({"machine": "g5.xlarge", "cloud": "gcp"}, "machine", "belongs to aws"),
        ({"machine": "p5.4xlarge", "region": "eu-north-1"}, "machine", "is not sold in eu-north-1"),
        ({"machine": "g5.xlarge", "gpu": "none"}, "gpu", "has 1 x A10G"),
        ({"machine": "g5.xlarge", "gpu": "L4"}, "gpu", "has 1 x A10G"),
        ({"machine": "g5.xlarge", "gpu": "A10G:4"}, "gpu", "has 1 x A10G"),
        ({"machine": "c7g.4xlarge", "gpu": "T4"}, "gpu", "has no GPU"),
    ],
)
def test_what_the_catalogue_cant_meet_names_the_field(
    asks: Callable[..., Workload], fields: dict[str, Any], field: str, words: str
) -> None:
    given = {"model": "llama3.1:8b", **fields}

    with pytest.raises(InvalidError) as refused:
        asks(given.pop("model"), **given)

    assert [entry["field"] for entry in refused.value.errors] == [field]
    assert words in refused.value.errors[0]["message"]


def test_all_problems_are_named_together(asks: Callable[..., Workload]) -> None:
    with pytest.raises(InvalidError) as refused:
        asks("llama3.1:8b", context_size=200_000, region="us-east-9", machine="g9.huge")

    assert {entry["field"] for entry in refused.value.errors} == {"context_size", "region", "machine"}

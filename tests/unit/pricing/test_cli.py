"""`python -m services.pricing estimate`: its shape stays, and its refusals name the option."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.pricing.cli import main

REQUIREMENTS = {"vram_gib", "weights_gib", "kv_cache_gib", "overhead_gib", "ram_gib", "disk_gib"}
CANDIDATE = {
    "cloud", "region", "zone", "machine", "gpu", "gpu_count", "spot", "hourly_usd", "monthly_usd", "breakdown",
    "tokens_per_s", "usd_per_mtok",
}  # fmt: skip


def estimate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["estimate", *arguments])


def answer(*arguments: str) -> dict[str, Any]:
    result = estimate(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_the_shape_that_others_rely_on() -> None:
    found = answer("--model", "llama3.1:8b", "--context", "8192")

    assert set(found) >= {"requirements", "candidates", "rejected", "catalogue"}
    assert set(found["requirements"]) >= REQUIREMENTS
    assert set(found["candidates"][0]) >= CANDIDATE
    assert set(found["rejected"][0]) == {"reason", "count", "examples"}
    assert set(found["catalogue"]) >= {"digest", "as_of"}


def test_the_terms_add_up() -> None:
    found = answer("--model", "llama3.1:8b", "--context", "8192", "--limit", "100")
    needs = found["requirements"]

    assert needs["vram_gib"] == pytest.approx(
        needs["weights_gib"] + needs["kv_cache_gib"] + needs["overhead_gib"], abs=1e-9
    )
    for candidate in found["candidates"]:
        assert candidate["hourly_usd"] == pytest.approx(sum(candidate["breakdown"].values()), abs=1e-9)
        assert candidate["monthly_usd"] == pytest.approx(candidate["hourly_usd"] * 730, abs=0.006)


def test_every_option_reaches_the_choice() -> None:
    found = answer(
        "--model", "llama3.1:8b", "--context", "4096", "--parallel", "2", "--quant", "Q6_K", "--kv-type", "q8_0",
        "--cloud", "aws", "--region", "us-east-1", "--machine", "g6.xlarge", "--gpu", "L4:1", "--min-memory", "16",
        "--min-tokens-per-s", "20", "--spot", "never", "--max-hourly", "2.5",
    )  # fmt: skip

    needs, [candidate] = found["requirements"], found["candidates"]
    assert (needs["context_size"], needs["parallel"], needs["quantisation"], needs["kv_type"]) == (
        4096,
        2,
        "Q6_K",
        "q8_0",
    )
    assert needs["pull_tag"] == "llama3.1:8b-instruct-q6_K"
    assert (candidate["machine"], candidate["region"], candidate["spot"]) == ("g6.xlarge", "us-east-1", False)
    assert candidate["breakdown"]["instance_usd"] == 0.8048


def test_what_is_asked_beside_the_workload_reaches_the_bill() -> None:
    asked = ("--rank-by", "token", "--egress", "730", "--exposure", "private", "--load-balancer", "true")
    found = answer("--model", "llama3.1:8b", "--cloud", "gcp", "--budget-hourly", "1.5", *asked)

    best = found["candidates"][0]
    assert "the cheapest by the token" in best["reasons"][2]
    assert best["breakdown"]["load_balancer_usd"] == 0.025
    assert best["breakdown"]["nat_usd"] == round(0.0014 + 0.005 + 0.045, 6)
    assert max(candidate["hourly_usd"] for candidate in found["candidates"]) <= 1.5
    assert "budget" in {group["reason"] for group in found["rejected"]}


def test_replicas_are_asked_for_in_short_and_their_range_is_told() -> None:
    asked = ("--model", "llama3.1:8b", "--exposure", "load_balanced", "--replicas", "1:4", "--limit", "1")

    [best] = answer(*asked)["candidates"]
    table = CliRunner().invoke(main, ["estimate", *asked]).output

    assert best["hourly_usd_at_min"] < best["hourly_usd"]
    assert f"with the fewest, the first costs {best['hourly_usd_at_min']:.4f} USD/h" in table


def test_no_gpu_means_none() -> None:
    found = answer("--model", "llama3.2:1b", "--gpu", "none")

    assert {candidate["gpu"] for candidate in found["candidates"]} == {None}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--model", "llama3.1:8b", "--context", "-5"],
            "--context: Must be a whole number from 256 to 10485760.",
        ),
        (["--model", "llama3.1:8b", "--context", "nan"], "--context: Must be a whole number"),
        (
            ["--model", "llama3.1:8b", "--context", "200000"],
            "--context: Must be a whole number from 256 to 131072",
        ),
        (["--model", "llama3.1:8b", "--max-hourly", "nan"], "--max-hourly: Must be an amount"),
        (["--model", "llama3.1:8b", "--egress", "-1"], "--egress: Must be a whole number from 0 to 1000000."),
        (["--model", "llama3.1:8b", "--rank-by", "luck"], "--rank-by: Must be one of: hour, token."),
        (
            ["--model", "llama3.1:8b", "--replicas", "2"],
            "--replicas.max: Must be 1 with an exposure of allow_listed",
        ),
        (
            ["--model", "llama3.1:8b", "--replicas", "x"],
            "--replicas: Must be a number of machines, or MIN:MAX.",
        ),
        (["--model", "nothing:1b"], "--model: The catalogue has no model nothing:1b"),
        (
            ["--model", "llama3.1:8b", "--region", "us-east-1", "--cloud", "gcp"],
            "--region: us-east-1 belongs to aws",
        ),
    ],
)
def test_a_refusal_names_the_option_on_standard_error(arguments: list[str], words: str) -> None:
    result = estimate(*arguments, "--json")

    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[" * 100_000], ids=["cut", "not UTF-8", "too deep"])
def test_an_architecture_that_can_not_be_read_is_a_refusal(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "architecture.json"
    file.write_bytes(content)

    result = estimate("--model", "own:1b", "--architecture", str(file))

    assert result.exit_code == 2
    assert result.stderr.startswith("--architecture: not JSON: ")


def test_people_get_a_table() -> None:
    result = estimate("--model", "llama3.3:70b", "--limit", "3")

    assert result.exit_code == 0
    assert "needs 42.91 GiB of GPU memory" in result.stdout
    assert "out, host_memory:" in result.stdout

"""Questions, the tables they were put to, and the hashes of the decisions that came of it under one rule version.

`python -m tests.unit.pricing.kept_rules` takes all of it anew, from the tables of today.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts.http.selection import SelectRequestSchema
from services.pricing.choice.offers import OfferIndex
from services.pricing.choice.select import RULE_VERSION
from services.pricing.decisions import surroundings
from services.pricing.decisions.record import compose, decide
from services.pricing.facts.catalogue import load_catalogue
from services.pricing.facts.tables import read_tables, unpack_tables

FOLDER = Path(__file__).parent / "rules"
TABLES, HASHES = FOLDER / "tables.gz", FOLDER / "hashes.json"
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOWHERE: dict[str, Any] = {
    "allowed": None,
    "connected": None,
    "zones": {},
    "own_addresses": [],
    "unbalanced": {},
    "blocked": [],
    "quotas": [],
}
TWO_REGIONS: dict[str, Any] = {
    **NOWHERE,
    "allowed": ["eu-west-1", "us-east-1", "us-west-2"],
    "connected": ["eu-west-1", "us-east-1"],
    "zones": {"eu-west-1": ["eu-west-1a"], "us-east-1": ["us-east-1a", "us-east-1b"]},
    "blocked": [
        {"region": "us-east-1", "machine": "g6.xlarge", "spot": True, "zones": []},
        {"region": "us-east-1", "machine": "g4dn.xlarge", "spot": False, "zones": ["us-east-1a"]},
    ],
    "quotas": [{"region": "eu-west-1", "family": "G", "spot": True, "units": 4}],
}
OWN = {
    "parameters_b": 8.03,
    "file_gb": 4.92,
    "layers": 32,
    "heads": 32,
    "kv_heads": 8,
    "head_dim": 128,
    "hidden_size": 4096,
    "vocabulary": 128256,
    "max_context": 131072,
}
# What is asked, what is asked beside it, and what surrounds it.
QUESTIONS: Mapping[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "preferred spot": ({"model": "llama3.1:8b"}, {}, NOWHERE),
    "blocks, quotas and two regions": (
        {"model": "llama3.1:8b", "max_hourly_usd": "2"},
        {"budget_hourly_usd": "1.5"},
        TWO_REGIONS,
    ),
    "private, by the token": (
        {"model": "qwen2.5:32b", "rank_by": "token", "egress_gib_month": 20000},
        {"exposure": "private"},
        NOWHERE,
    ),
    "replicas in two regions, one with its own addresses": (
        {"model": "llama3.1:8b", "replicas": {"min": 2, "max": 6}, "max_hourly_usd": "12"},
        {"exposure": "load_balanced"},
        {**TWO_REGIONS, "own_addresses": ["us-east-1"]},
    ),
    "replicas where one region has no balancer": (
        {"model": "qwen2.5:32b", "replicas": {"min": 1, "max": 3}, "rank_by": "token"},
        {"exposure": "load_balanced"},
        {**TWO_REGIONS, "unbalanced": {"us-east-1": "not_recorded"}},
    ),
    "several GPUs": ({"model": "llama3.3:70b", "gpu": {"kind": "A10G", "count": 4}}, {}, NOWHERE),
    "a long context, no spot": (
        {"model": "gemma3:12b", "context_size": 65536, "kv_type": "q8_0", "spot": "never"},
        {},
        NOWHERE,
    ),
    "no GPU": ({"model": "llama3.2:1b", "gpu": "none", "spot": "only"}, {}, TWO_REGIONS),
    "a mixture of experts": ({"model": "gpt-oss:20b", "parallel": 4}, {}, NOWHERE),
    "a user's own model": (
        {"model": "somebody/model:v1", "quantisation": "Q4_K_M", "architecture": OWN},
        {},
        NOWHERE,
    ),
}


def kept() -> dict[str, Any]:
    """Rule version, digest and hashes as they were taken."""
    found: dict[str, Any] = json.loads(HASHES.read_text(encoding="utf-8"))
    return found


def hashes(index: OfferIndex) -> dict[str, str]:
    """What the code of today comes to."""
    return {name: _hash(index, *question) for name, question in QUESTIONS.items()}


def kept_index() -> OfferIndex:
    return OfferIndex(load_catalogue(unpack_tables(TABLES.read_bytes(), kept()["digest"])))


def _hash(index: OfferIndex, workload: dict[str, Any], beside: dict[str, Any], around: dict[str, Any]) -> str:
    body = {"deployment_id": "dep_01jd0000000000000000000000", "workload": workload, **beside}
    decided = decide(SelectRequestSchema().load(body), surroundings.from_record(around), index, [])
    return str(compose("dec_01jd0000000000000000000000", decided, AT)["sha256"])


def _keep() -> None:
    tables = read_tables()
    FOLDER.mkdir(exist_ok=True)
    TABLES.write_bytes(tables.packed())
    taken = {
        "rule_version": RULE_VERSION,
        "digest": tables.digest,
        "hashes": hashes(OfferIndex(load_catalogue(tables))),
    }
    HASHES.write_text(json.dumps(taken, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _keep()

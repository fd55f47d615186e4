"""What Google Cloud asks of a platform: names of buckets, one subnet, and a domain for the gateway."""

from collections.abc import Iterable, Mapping
from typing import Any

from contracts.stack_google import CERTIFICATE, LONGEST_CERTIFIED
from contracts.stack_model import Replica, Runtime
from contracts.stack_rules import any_ipv4, first_refusal

# What Cloud Run itself tells a container (its page "container runtime contract"): it refuses a process that is given one.
_CLOUD_RUNS = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
_CLOUD_RUNS_BEGINNING = "CLOUD_RUN_"


def check_platform(data: Mapping[str, Any]) -> dict[str, Any]:
    """Errors by field. What is missing or was refused already, it passes over."""
    errors: dict[str, Any] = {}
    if _is_googles(data.get("model_bucket")):
        errors["model_bucket"] = [_GOOGLES]
    replica, runtime = data.get("replica"), data.get("runtime")
    if isinstance(replica, Replica) and _is_googles(replica.bucket):
        errors["replica"] = {"bucket": [_GOOGLES]}
    if isinstance(runtime, Runtime) and (wrong := _runtime(runtime, str(data.get("region")))):
        errors["runtime"] = wrong
    return errors


_GOOGLES = "Must not begin with goog or contain google: Cloud Storage keeps such names."


def _is_googles(bucket: Any) -> bool:
    return isinstance(bucket, str) and (bucket.startswith("goog") or "google" in bucket)


def _runtime(runtime: Runtime, region: str) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    if _is_googles(runtime.state_bucket):
        errors["state_bucket"] = [_GOOGLES]
    if not _one_subnet(runtime.subnets.values(), region):
        errors["subnets"] = ["Must all be one of the stack's region: a region has one for all its zones."]
    if not any_ipv4(runtime.store_cidrs):
        errors["store_cidrs"] = ["Must name an IPv4 network: the services have no IPv6 address."]
    if kept := [name for name in runtime.settings if _is_cloud_runs(name)]:
        errors["settings"] = {name: ["Is Cloud Run's own to set."] for name in kept}
    if runtime.domain is None:
        errors["domain"] = ["Must be there: the gateway has no name of its own."]
    if runtime.certificate is not None:
        if said := first_refusal(CERTIFICATE, [runtime.certificate]):
            errors["certificate"] = said
    elif runtime.domain and len(runtime.domain) > LONGEST_CERTIFIED:
        errors["domain"] = [
            f"Must have at most {LONGEST_CERTIFIED} characters where Google keeps its certificate."
        ]
    return errors


def _is_cloud_runs(setting: str) -> bool:
    return setting in _CLOUD_RUNS or setting.startswith(_CLOUD_RUNS_BEGINNING)


def _one_subnet(subnets: Iterable[str], region: str) -> bool:
    found = set(subnets)
    return len(found) == 1 and all(f"/regions/{region}/" in subnet for subnet in found)

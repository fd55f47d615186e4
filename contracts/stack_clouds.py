"""What differs from cloud to cloud in a stack spec: how accounts, places and things are called, and a few limits.

`check` sees a spec whose fields are valid each for itself; what is missing or wrong there, it passes over.
"""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from contracts import stack_amazon, stack_google, stack_google_compute, stack_google_platform
from contracts.stack_model import Machine, ModelAccess, Reach, Replica, Runtime
from contracts.stack_rules import Pattern
from contracts.vocabulary import Cloud, Exposure

_AWS_PLACE = r"[a-z]{2}(-[a-z0-9]+)+"
_GCP_REGION = r"[a-z]+(-[a-z]+)+[0-9]{1,2}"
_GCP_PROJECT = r"[a-z][a-z0-9-]{4,28}[a-z0-9]"
_GCP_NAME = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"

_PATTERNS: Mapping[Cloud, Mapping[str, Pattern]] = {
    Cloud.AWS: {
        "account": Pattern(r"[0-9]{12}", "a 12-digit account number"),
        "region": Pattern(_AWS_PLACE, "a region name"),
        "zone": Pattern(_AWS_PLACE, "a zone name"),
        "subnet_id": Pattern(r"subnet-[0-9a-f]{8,17}", "a subnet id"),
        "vpc_id": Pattern(r"vpc-[0-9a-f]{8,17}", "a VPC id"),
        "instance_profile": Pattern(r"[A-Za-z0-9+=,.@_-]{1,128}", "the name of an instance profile"),
        "type": Pattern(r"[a-z0-9-]{2,24}\.[a-z0-9-]{2,24}", "a machine type like g5.xlarge"),
        "dns_zone": Pattern(r"[A-Z0-9]{8,32}", "the id of a Route 53 zone"),
    },
    Cloud.GCP: {
        "account": Pattern(_GCP_PROJECT, "a project id"),
        "region": Pattern(_GCP_REGION, "a region name"),
        "zone": Pattern(rf"{_GCP_REGION}-[a-z]", "a zone name"),
        "subnet_id": Pattern(
            rf"projects/{_GCP_PROJECT}/regions/{_GCP_REGION}/subnetworks/{_GCP_NAME}",
            "projects/…/regions/…/subnetworks/…",
        ),
        "vpc_id": Pattern(
            rf"projects/{_GCP_PROJECT}/global/networks/{_GCP_NAME}", "projects/…/global/networks/…"
        ),
        "instance_profile": Pattern(
            rf"[a-z][a-z0-9-]{{4,28}}[a-z0-9]@{_GCP_PROJECT}\.iam\.gserviceaccount\.com",
            "the email of a service account",
        ),
        "type": Pattern(r"[a-z][a-z0-9]{1,5}(-[a-z0-9]{1,12}){1,4}", "a machine type like g2-standard-4"),
        "dns_zone": Pattern(_GCP_NAME, "the name of a managed zone"),
    },
}


def check(data: Mapping[str, Any]) -> None:
    """Raises `ValidationError` with every field that does not fit the spec's cloud."""
    cloud = data.get("cloud")
    if cloud is None:
        return
    errors = _misnamed(data, _PATTERNS[cloud])
    runtime = data.get("runtime")
    if isinstance(runtime, Runtime) and (wrong := _misrun(runtime, data, cloud)):
        errors["runtime"] = wrong
    if cloud is Cloud.GCP:
        beyond = _beyond_google(data)
    else:
        patterns = _PATTERNS[cloud]
        beyond = stack_amazon.check_balanced(data, zone=patterns["zone"], subnet=patterns["subnet_id"])
    if errors := _merged(beyond, errors):
        raise ValidationError(errors)


def _misnamed(data: Mapping[str, Any], patterns: Mapping[str, Pattern]) -> dict[str, Any]:
    errors: dict[str, Any] = {
        field: said
        for field, pattern in patterns.items()
        if field in data and (said := _refused(pattern, data[field]))
    }
    zones = {
        index: said
        for index, zone in enumerate(data.get("zones", ()))
        if (said := _refused(patterns["zone"], zone))
    }
    if zones:
        errors["zones"] = zones
    # A nested object that was refused already is still the dictionary that it was made from.
    machine = data.get("machine")
    if isinstance(machine, Machine) and (said := _refused(patterns["type"], machine.type)):
        errors["machine"] = {"type": said}
    replica = data.get("replica")
    if isinstance(replica, Replica) and (said := _refused(patterns["region"], replica.region)):
        errors["replica"] = {"region": said}
    return errors


def _misrun(runtime: Runtime, data: Mapping[str, Any], cloud: Cloud) -> dict[str, Any]:
    """Where the services run, in the names of the cloud."""
    patterns = _PATTERNS[cloud]
    errors: dict[str, Any] = {}
    if said := _refused(patterns["vpc_id"], runtime.vpc_id):
        errors["vpc_id"] = said
    for field, pattern, names in (
        ("subnets", "subnet_id", runtime.subnets.values()),
        ("dns_zone", "dns_zone", [runtime.dns_zone] if runtime.dns_zone else []),
        ("placement_zones", "dns_zone", runtime.placement_zones),
    ):
        if wrong := {name: said for name in names if (said := _refused(patterns[pattern], name))}:
            errors[field] = wrong
    named = cloud is Cloud.AWS and runtime.domain
    if named and (said := _refused(stack_amazon.certificate(data), runtime.certificate or "")):
        errors["certificate"] = said
    return errors


def _merged(*found: Mapping[str, Any]) -> dict[str, Any]:
    """All that was said, also of what is nested. Of one field the last word: a name's form comes after where it lies."""
    merged: dict[str, Any] = {}
    for errors in found:
        for field, said in errors.items():
            before = merged.get(field)
            nested = isinstance(before, dict) and isinstance(said, dict)
            merged[field] = {**(before or {}), **said} if nested else said
    return merged


def _refused(pattern: Pattern, text: str) -> list[str]:
    try:
        pattern(text)
    except ValidationError as error:
        return [str(message) for message in error.messages]
    return []


def _beyond_google(data: Mapping[str, Any]) -> dict[str, Any]:
    """What Google Cloud does not have, or what is not built for it."""
    errors: dict[str, Any] = {}
    region = str(data.get("region"))
    models = data.get("models")
    if isinstance(models, ModelAccess) and models.key_arn is not None:
        errors["models"] = {"key_arn": ["Is a key of AWS; on Google Cloud the bucket itself names its key."]}
    if data.get("notices_bus") is not None:
        errors["notices_bus"] = ["Is an event bus of AWS; Google Cloud has no word to forward."]
    if data.get("boundary_arn") is not None:
        errors["boundary_arn"] = ["Is a policy of AWS; Google Cloud bounds service accounts otherwise."]
    if data.get("spot_max_usd") is not None:
        errors["spot_max_usd"] = ["Google Cloud takes no bid: Spot costs what Google asks."]
    if any(zone.rpartition("-")[0] != region for zone in data.get("zones", ())):
        errors["zones"] = ["Must lie in the stack's region."]
    if "zone" in data and data["zone"].rpartition("-")[0] != region:
        errors["zone"] = ["Must lie in the stack's region."]
    if "subnet_id" in data and f"/regions/{region}/" not in data["subnet_id"]:
        errors["subnet_id"] = ["Must lie in the stack's region."]
    patterns = _PATTERNS[Cloud.GCP]
    balanced = stack_google.check_balanced(data, zone=patterns["zone"], subnet=patterns["subnet_id"])
    compute, platform = stack_google_compute.check_compute(data), stack_google_platform.check_platform(data)
    return _merged(compute, errors, _unreachable(data), balanced, platform)


def _unreachable(data: Mapping[str, Any]) -> dict[str, Any]:
    """Instances have no IPv6 address there, and a firewall rule without a source would admit the world."""
    reach = data.get("exposure")
    if not isinstance(reach, Reach):
        return {}
    if reach.kind is Exposure.ALLOW_LISTED and not any(":" not in cidr for cidr in reach.allow_cidrs):
        return {"exposure": {"allow_cidrs": ["Must name an IPv4 network: instances have no IPv6 address."]}}
    if not any(":" not in cidr for cidr in reach.allow_cidrs + reach.service_cidrs):
        return {"exposure": {"service_cidrs": ["Must name an IPv4 network where nobody else is listed."]}}
    return {}

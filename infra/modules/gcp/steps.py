"""Calls of other modules that examples begin with."""

from infra.cdktf.constructs.gcp.balancer import PROXY_RANGES
from infra.modules import expression
from infra.modules.recipe import Step

_NAME = '"models"'
_REGION = '"us-central1"'
_ZONES = '["us-central1-a", "us-central1-b"]'
_SUBNET = 'module.network.public_subnets["us-central1-a"]'

NETWORK = Step(
    "network", {"name": _NAME, "region": _REGION, "cidr": '"10.64.0.0/16"', "zones": _ZONES, "lean": "true"}
)

IDENTITY = Step("identity", {"name": '"models-us"', "project": '"my-project"'})

MODEL_STORE = Step(
    "model-store",
    {"name": _NAME, "project": '"my-project"', "bucket": '"example-models"', "region": _REGION},
)


def firewall(**inputs: str) -> Step:
    given = {
        "name": _NAME,
        "vpc_id": "module.network.vpc_id",
        "service_account": "module.identity.email",
        "allow_cidrs": '["203.0.113.0/24"]',
    }
    return Step("firewall", {**given, **inputs})


OWN = (NETWORK, IDENTITY, firewall())
# Behind a balancer only Google's proxies and health checks reach machines.
BEHIND = (NETWORK, IDENTITY, firewall(allow_cidrs="[]", service_cidrs=expression.of(list(PROXY_RANGES))))


def template(**inputs: str) -> Step:
    given = {
        "name": _NAME,
        "type": '"g2-standard-4"',
        "gpu_kind": '"L4"',
        "gpu_count": "1",
        "disk_gib": "60",
        "subnet_id": _SUBNET,
        "service_account": "module.identity.email",
        "public": "true",
    }
    return Step("template", {**given, **inputs})


def scaling(**inputs: str) -> Step:
    given = {
        "name": _NAME,
        "region": _REGION,
        "zones": _ZONES,
        "template_id": "module.template.template_id",
        "disk_gib": "60",
        "least": "1",
        "most": "3",
    }
    return Step("scaling", {**given, **inputs})


def balancer(**inputs: str) -> Step:
    given = {
        "name": _NAME,
        "instance_group": "module.scaling.instance_group",
        "cidrs": '["203.0.113.0/24"]',
        "host": '"models.example.com"',
    }
    return Step("load-balancer", {**given, **inputs})

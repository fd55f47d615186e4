"""Calls of other modules that examples begin with."""

from infra.modules.recipe import Step

_NAME = '"models"'
CIDR = '"10.64.0.0/16"'

# Two zones, because a balancer takes no fewer.
NETWORK = Step(
    "network", {"name": _NAME, "cidr": CIDR, "zones": '["us-east-1a", "us-east-1b"]', "lean": "true"}
)

IDENTITY = Step("identity", {"name": '"models-us-east-1"'})


def firewall(**inputs: str) -> Step:
    return Step("firewall", {"name": _NAME, "vpc_id": "module.network.vpc_id", **inputs})


OWN = (firewall(allow_cidrs='["203.0.113.0/24"]'), IDENTITY)

BALANCER = Step(
    "load-balancer",
    {
        "name": _NAME,
        "vpc_id": "module.network.vpc_id",
        "subnets": "values(module.network.public_subnets)",
        "certificate_arn": "aws_acm_certificate.door.arn",
        "allow_cidrs": '["203.0.113.0/24"]',
        "machine_cidrs": f"[{CIDR}]",
    },
)

BEHIND = (BALANCER, firewall(balancer_group_id="module.load_balancer.group_id"), IDENTITY)


def template(**inputs: str) -> Step:
    return Step(
        "template",
        {
            "name": _NAME,
            "type": '"g5.xlarge"',
            "gpu": "true",
            "disk_gib": "60",
            "security_group_id": "module.firewall.group_id",
            "instance_profile": "module.identity.profile_name",
            "public": "true",
            **inputs,
        },
    )


def scaling(**inputs: str) -> Step:
    return Step(
        "scaling",
        {
            "name": _NAME,
            "template_id": "module.template.template_id",
            "template_version": "module.template.version",
            "types": '["g5.xlarge"]',
            "subnets": "values(module.network.public_subnets)",
            "least": "1",
            "most": "3",
            **inputs,
        },
    )


CERTIFICATE = """\
resource "aws_acm_certificate" "door" {
  domain_name       = "models.example.com"
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}
"""

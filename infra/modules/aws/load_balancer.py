"""The application balancer as a module."""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf.constructs.aws.balancer import AccessLogs, Balancer, BalancerProps
from infra.cdktf.constructs.aws.firewall import PORT
from infra.cdktf.constructs.aws.target_group import HEALTH_PATH
from infra.modules import expression, rules
from infra.modules.aws import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Step, Switch, Variable

_PORT = 7320
_MACHINES = ("10.202.0.0/16",)


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    logs = given["log_bucket"]
    balancer = Balancer(
        stack,
        "load-balancer",
        BalancerProps(
            name=given["name"],
            group_name=f"{given['name']}-balancer",
            vpc_id=given["vpc_id"],
            subnets=tuple(given["subnets"]),
            certificate=given["certificate_arn"],
            port=given["port"],
            allow_cidrs=tuple(given["allow_cidrs"]),
            machine_cidrs=tuple(given["machine_cidrs"]),
            health_path=given["health_path"],
            internal=given["internal"],
            redirect=given["redirect"],
            protect=given["protect"],
            access_logs=AccessLogs(logs, given["log_prefix"]) if logs else None,
        ),
    )
    return {
        "address": balancer.address,
        "zone_id": balancer.zone_id,
        "group_id": balancer.group_id,
        "target_group_arn": balancer.target_group_arn,
        "balancer_suffix": balancer.suffix,
        "target_group_suffix": balancer.target_group_suffix,
    }


RECIPE = Recipe(
    cloud=Cloud.AWS,
    name="load-balancer",
    summary="An HTTPS door before machines: an application balancer in two zones or more that ends TLS with a certificate of "
    "ACM's, admits listed networks only, and asks each machine by HTTPS whether it is fit.",
    build=_build,
    variables=(
        common.name("Name of the balancer and its parts.", longest=32),
        common.vpc_id(),
        common.subnets("Ids of subnets in two zones or more."),
        common.text(
            "certificate_arn",
            "Certificate of ACM's, in this region.",
            "arn:aws[a-z-]*:acm:.+:certificate/.+",
            "the ARN of a certificate",
        ),
        Variable(
            "port",
            "number",
            "Port of the balancer and of the machines.",
            _PORT,
            expression.of(PORT),
            (rules.between("port", 1, 65535),),
        ),
        common.sources("allow_cidrs", "Networks that may call.", common.ALLOWED, default=None),
        Variable(
            "machine_cidrs",
            "list(string)",
            "Networks in which the machines lie.",
            _MACHINES,
            rules=(rules.networks("machine_cidrs"),),
        ),
        Variable(
            "health_path",
            "string",
            "Path that answers 200 when a machine is fit.",
            "/sample",
            expression.of(HEALTH_PATH),
        ),
        common.flag("internal", "Whether only the VPC reaches it."),
        common.flag("redirect", "Whether port 80 sends on to HTTPS."),
        common.flag("protect", "Whether the balancer refuses to be deleted."),
        common.model_bucket(
            "log_bucket", "Bucket for access logs, which admits the region's balancers.", default="null"
        ),
        Variable("log_prefix", "string", "Where in that bucket.", "sample-prefix", '""'),
        common.TAGS,
    ),
    outputs=(
        Output("address", "DNS name of the balancer, for an alias record."),
        Output("zone_id", "Zone of that name, for the same."),
        Output("group_id", "Security group of the balancer: what the machines' firewall admits."),
        Output(
            "target_group_arn",
            "Target group: where a scaling group puts its machines.",
            # AWS refuses to count requests for a target group that no balancer has yet.
            after=("aws_lb_listener.this",),
        ),
        Output("balancer_suffix", "What CloudWatch calls the balancer."),
        Output("target_group_suffix", "What CloudWatch calls the target group."),
    ),
    switches=(
        Switch("var.redirect", "!var.redirect", {"redirect": True}, {"redirect": False}),
        Switch(
            "var.log_bucket != null",
            "var.log_bucket == null",
            {"log_bucket": "sample-log-bucket"},
            {"log_bucket": None},
        ),
        Switch("var.internal", "!var.internal", {"internal": True}, {"internal": False}),
        Switch("var.protect", "!var.protect", {"protect": True}, {"protect": False}),
    ),
    traces=lambda _: (
        *common.by_family("allow_cidrs", common.ALLOWED),
        (str(_PORT), "tostring(var.port)"),
    ),
    accepted={
        "aws_security_group.balancer": {
            "CKV_AWS_260": "Port 80 is open to the listed networks alone; a rule of the variable keeps the world out."
        },
        "aws_lb.this": {"CKV2_AWS_20": "Plain HTTP is not served at all unless it is to be sent on."},
    },
    probes=(
        {"redirect": True, "log_bucket": None, "allow_cidrs": ("203.0.113.7/32", "10.0.0.0/8"), "port": 443},
        {"internal": True, "protect": True, "log_bucket": "logs", "log_prefix": "a", "health_path": "/ready"},
    ),
    basic=Example("A door for one network.", (steps.NETWORK, steps.BALANCER), before=steps.CERTIFICATE),
    advanced=Example(
        "A door for two networks that sends plain HTTP on to HTTPS and asks machines another question.",
        (
            steps.NETWORK,
            Step(
                "load-balancer",
                {
                    **steps.BALANCER.inputs,
                    "port": "443",
                    "allow_cidrs": '["203.0.113.0/24", "2001:db8:7::/48"]',
                    "health_path": '"/_flowllama/ready"',
                    "redirect": "true",
                    "tags": '{ team = "models" }',
                },
            ),
        ),
        before=steps.CERTIFICATE,
    ),
)

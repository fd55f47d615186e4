"""The global HTTPS balancer as a module."""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf import load
from infra.cdktf.constructs.gcp.balancer import Balancer, BalancerProps
from infra.modules import rules
from infra.modules.gcp import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Repeat, Rule, Switch, Variable

_CIDRS = ("198.51.100.0/24", "2001:db8:a::/48")
_PARALLEL = 73
_CERTIFICATE = "sample-certificate"
_MOST_RANGES, _FIRST = 10, 1000
_SOME = Rule("length(var.cidrs) > 0", "Must name at least one network.")
_ONE_OF_TWO = Rule(
    "(var.certificate == null) != (var.host == null)",
    "Must be given unless `certificate` is, and not with it.",
)


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    balancer = Balancer(
        stack,
        "load-balancer",
        BalancerProps(
            name=given["name"],
            instance_group=given["instance_group"],
            parallel=given["parallel"],
            cidrs=tuple(given["cidrs"]),
            certificate=given["certificate"],
            host=given["host"],
            labels=given["labels"],
        ),
    )
    return {"address": balancer.address, "balancer_name": balancer.balancer_name}


RECIPE = Recipe(
    cloud=Cloud.GCP,
    name="load-balancer",
    summary="An HTTPS door before a group of machines: Google's global balancer, which ends TLS with a certificate that Google keeps "
    "or one of yours, admits listed networks only, and asks each machine by HTTPS whether it is ready.",
    build=_build,
    variables=(
        common.name("Name of the balancer and of its parts.", longest=40),
        Variable("instance_group", "string", "The group of machines.", "sample-group"),
        Variable(
            "parallel",
            "number",
            "How many answers a machine writes at a time; its share of the requests follows from it.",
            _PARALLEL,
            "2",
            (rules.between("parallel", 1, 64),),
        ),
        common.sources("cidrs", "Networks that may call.", _CIDRS, None, (_SOME,)),
        Variable("certificate", "string", "Link of an SSL certificate.", _CERTIFICATE, "null"),
        common.text(
            "host",
            "Name that Google shall keep a certificate for, once it leads to the balancer. Another host needs another `name`.",
            r"[a-z0-9-]+(\.[a-z0-9-]+)+",
            "a host name",
            default="null",
            more=(_ONE_OF_TWO,),
        ),
        common.LABELS,
    ),
    outputs=(
        Output("address", "IPv4 address of the balancer, for an A record."),
        Output("balancer_name", "What the console lists it under."),
    ),
    switches=(
        Switch(
            "var.certificate != null",
            "var.certificate == null",
            {"certificate": _CERTIFICATE, "host": None},
            {"certificate": None, "host": "sample-host"},
        ),
    ),
    # Google takes ten networks in a rule.
    repeats=(
        Repeat(
            "rule",
            f"chunklist(sort(distinct(var.cidrs)), {_MOST_RANGES})",
            ((sorted(_CIDRS), "rule.value"), (_FIRST, f"{_FIRST} + rule.key")),
        ),
    ),
    traces=lambda _: ((load.usual_requests_a_second(_PARALLEL), "var.parallel / 10"),),
    accepted={
        "google_compute_security_policy.admission": {
            "CKV_GCP_73": "It admits by address; what stands behind it is no Java program."
        }
    },
    probes=(
        {
            "cidrs": tuple(f"10.{index}.0.0/16" for index in range(25)),
            "certificate": None,
            "host": "a.example.com",
        },
        {
            "cidrs": ("203.0.113.7/32",),
            "certificate": "projects/p/global/sslCertificates/c",
            "host": None,
            "parallel": 4,
        },
    ),
    basic=Example(
        "A door for one network, with a certificate that Google keeps.",
        (*steps.BEHIND, steps.template(), steps.scaling(signal='"requests"'), steps.balancer()),
    ),
    advanced=Example(
        "A door for two networks with a certificate of one's own.",
        (
            *steps.BEHIND,
            steps.template(),
            steps.scaling(signal='"requests"'),
            steps.balancer(
                host="null",
                certificate='"projects/my-project/global/sslCertificates/models"',
                cidrs='["203.0.113.0/24", "2001:db8:7::/48"]',
                parallel="4",
                labels='{ team = "models" }',
            ),
        ),
    ),
)

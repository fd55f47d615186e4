"""The scaling group as a module, with what makes it grow and shrink."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf.constructs.aws.scaling import Allocation, Mix, ScalingGroup, ScalingProps
from infra.cdktf.constructs.aws.target_tracking import CPU_PERCENT, Cpu, Requests, Target, track
from infra.modules import expression, rules
from infra.modules.aws import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Repeat, Rule, Switch, Variable
from infra.modules.tracing import TAG, Trace

_LEAST, _MOST, _DESIRED, _BOOT_S, _BASE, _PERCENT = 7310, 7311, 7312, 7313, 7314, 73
_CPU, _REQUESTS = 73.15, 73.16
_TYPE = "sample.type"
_GROUPS = ("sample-target-group",)
_WITH_REQUESTS = Rule(
    "var.requests_per_minute == null || var.balancer_suffix != null",
    "Must be given where `requests_per_minute` is.",
)


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    limit = given["spot_max_usd"]
    group = ScalingGroup(
        stack,
        "scaling",
        ScalingProps(
            name=given["name"],
            template_id=given["template_id"],
            template_version=given["template_version"],
            types=tuple(given["types"]),
            subnets=tuple(given["subnets"]),
            least=given["least"],
            most=given["most"],
            desired=given["desired"],
            mix=Mix(
                on_demand_base=given["on_demand_base"],
                on_demand_percent=given["on_demand_percent"],
                spot_max_usd=None if limit is None else Decimal(limit),
                allocation=Allocation(given["spot_allocation"]),
            ),
            boot_s=given["boot_s"],
            tags=given["tags"],
            target_group_arns=tuple(given["target_group_arns"]),
        ),
    )
    track(stack, "load", group.group_name, _target(given))
    return {"group_name": group.group_name}


def _target(given: Given) -> Target:
    if given["requests_per_minute"] is None:
        return Cpu(given["cpu_percent"])
    return Requests(given["requests_per_minute"], given["balancer_suffix"], given["target_group_suffix"])


def _traces(_: Given) -> tuple[Trace, ...]:
    return (
        (_DESIRED, "coalesce(var.desired, var.least)"),
        (str(_BOOT_S), "tostring(var.boot_s)"),
    )


def _number(
    name: str,
    says: str,
    sample: float,
    default: str | None = None,
    *,
    least: int = 0,
    most: int = 1000,
    more: tuple[Rule, ...] = (),
) -> Variable:
    optional = default == "null"
    return Variable(
        name, "number", says, sample, default, (rules.between(name, least, most, optional=optional), *more)
    )


RECIPE = Recipe(
    cloud=Cloud.AWS,
    name="scaling",
    summary="A scaling group of one template: spot, on demand or a mix of both, rolled when the template changes, with machines "
    "replaced that fail, and as many as the load asks for.",
    build=_build,
    variables=(
        common.name("Name of the group and of its machines.", longest=64),
        Variable("template_id", "string", "Id of the launch template.", "sample-template"),
        Variable("template_version", "string", "Its version: a new one rolls the group.", "sample-version"),
        Variable(
            "types",
            "list(string)",
            "Machine types of one architecture, the preferred first. Several find spot where one is sold out.",
            (_TYPE,),
            rules=(rules.distinct("types", 1, 40),),
        ),
        common.subnets("Ids of the subnets that machines are started in."),
        _number("least", "Fewest machines.", _LEAST, most=100),
        _number("most", "Most machines.", _MOST, most=100, more=(rules.NOT_LESS,)),
        _number(
            "desired",
            "Machines at first; null means the fewest. Later the load decides.",
            _DESIRED,
            "null",
            most=100,
        ),
        _number("on_demand_base", "Machines that are on demand in any case.", _BASE, "0", most=100),
        _number("on_demand_percent", "Share of the rest that is on demand.", _PERCENT, "100", most=100),
        Variable(
            "spot_max_usd",
            "string",
            "Most that an hour of spot may cost; null means the on-demand price.",
            "0.7302",
            "null",
            (rules.price("spot_max_usd"),),
        ),
        Variable(
            "spot_allocation",
            "string",
            "Which spot machines: those that are cut off least, or the cheapest of these.",
            Allocation.CAPACITY.value,
            expression.of(Allocation.CAPACITY.value),
            (rules.one_of("spot_allocation", *Allocation),),
        ),
        _number(
            "boot_s",
            "Seconds that a machine may take until it is ready.",
            _BOOT_S,
            "900",
            least=60,
            most=7200,
        ),
        Variable(
            "target_group_arns",
            "list(string)",
            "Target groups of a balancer. With any, it is the balancer that finds machines fit or not.",
            _GROUPS,
            "[]",
        ),
        _number(
            "cpu_percent",
            "Load of the CPUs that the group is held at.",
            _CPU,
            f"{CPU_PERCENT:g}",
            least=1,
            most=100,
        ),
        _number(
            "requests_per_minute",
            "Instead, requests a minute for each machine; of use with a GPU, where the CPU idles.",
            _REQUESTS,
            "null",
            least=1,
            most=100000,
        ),
        Variable(
            "balancer_suffix",
            "string",
            "ARN suffix of the balancer that counts the requests.",
            "sample-suffix",
            "null",
            (_WITH_REQUESTS,),
        ),
        Variable(
            "target_group_suffix",
            "string",
            "ARN suffix of the target group.",
            "sample-group-suffix",
            "null",
            (
                replace(
                    _WITH_REQUESTS, condition=_WITH_REQUESTS.condition.replace("balancer", "target_group")
                ),
            ),
        ),
        common.TAGS,
    ),
    outputs=(Output("group_name", "Name of the scaling group."),),
    switches=(
        Switch(
            "length(var.target_group_arns) > 0",
            "length(var.target_group_arns) == 0",
            {"target_group_arns": _GROUPS},
            {"target_group_arns": ()},
        ),
        Switch(
            "var.on_demand_percent < 100",
            "var.on_demand_percent == 100",
            {"on_demand_percent": _PERCENT},
            {"on_demand_percent": 100},
        ),
        Switch(
            "var.requests_per_minute != null",
            "var.requests_per_minute == null",
            {"requests_per_minute": _REQUESTS},
            {"requests_per_minute": None},
        ),
    ),
    repeats=(
        Repeat("override", "var.types", ((_TYPE, "override.value"),)),
        Repeat("tag", "var.tags", ((TAG[0], "tag.key"), (TAG[1], "tag.value"))),
    ),
    traces=_traces,
    # The other hundred, of those that have to be healthy, is not the variable's.
    plainer={"var.on_demand_percent < 100 ? 100 : var.on_demand_percent": "100"},
    probes=(
        {
            "types": ("g5.xlarge", "g6.xlarge"),
            "desired": None,
            "tags": {"a": "b", "c": "d"},
            "on_demand_percent": 0,
        },
        {
            "target_group_arns": (),
            "requests_per_minute": None,
            "on_demand_percent": 100,
            "spot_max_usd": None,
        },
        {"spot_allocation": "price-capacity-optimized", "tags": {}, "desired": 5},
    ),
    basic=Example(
        "One to three machines on demand, by the load of their CPUs.",
        (
            steps.NETWORK,
            *steps.OWN,
            steps.template(type='"m7i.large"', gpu="false", disk_gib="30"),
            steps.scaling(types='["m7i.large"]'),
        ),
    ),
    advanced=Example(
        "GPU machines behind a balancer, one on demand and the others spot of two types, by the requests that they get.",
        (
            steps.NETWORK,
            *steps.BEHIND,
            steps.template(),
            steps.scaling(
                types='["g5.xlarge", "g6.xlarge"]',
                on_demand_base="1",
                on_demand_percent="0",
                target_group_arns="[module.load_balancer.target_group_arn]",
                requests_per_minute="8.4",
                balancer_suffix="module.load_balancer.balancer_suffix",
                target_group_suffix="module.load_balancer.target_group_suffix",
                tags='{ team = "models" }',
            ),
        ),
        before=steps.CERTIFICATE,
    ),
)

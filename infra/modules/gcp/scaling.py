"""The group of machines as a module, with what makes it grow and shrink."""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import Cloud
from infra.cdktf import patience
from infra.cdktf.constructs.gcp.autoscaler import Signal
from infra.cdktf.constructs.gcp.scaling import Scaling, ScalingProps
from infra.modules import expression, rules
from infra.modules.gcp import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Switch, Variable
from infra.modules.tracing import Trace

_ONE, _SEVERAL = ("zone-a",), tuple(f"zone-{letter}" for letter in "abcdefg")
_DISK_GIB, _LEAST, _MOST = 97, 7331, 7332


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    scaling = Scaling(
        stack,
        "scaling",
        ScalingProps(
            name=given["name"],
            region=given["region"],
            zones=tuple(given["zones"]),
            template_id=given["template_id"],
            least=given["least"],
            most=given["most"],
            signal=Signal(given["signal"]),
            disk_gib=given["disk_gib"],
        ),
    )
    return {"group_id": scaling.group_id, "instance_group": scaling.instance_group}


def _traces(given: Given) -> tuple[Trace, ...]:
    zones, least = given["zones"], patience.boot_s(0)
    boot = f"min({least} + {patience.boot_s(1) - least} * var.disk_gib, {patience.LONGEST_BOOT_S})"
    return (
        (patience.boot_s(_DISK_GIB), boot),
        (patience.boot_s(_DISK_GIB) // 2, f"floor({boot} / 2)"),
        (sorted(zones), "sort(var.zones)"),
        *(((zones[0], "var.zones[0]"),) if len(zones) == 1 else ((len(zones), "length(var.zones)"),)),
    )


RECIPE = Recipe(
    cloud=Cloud.GCP,
    name="scaling",
    summary="A group of machines of one template, in one zone or several: rolled when the template changes, with machines "
    "replaced that are not ready for long, and as many as the load asks for.",
    build=_build,
    variables=(
        common.name("Name of the group and of its parts.", longest=40),
        common.region(),
        Variable(
            "zones",
            "list(string)",
            "Zones of the region. They never change once the group stands.",
            _SEVERAL,
            rules=(rules.distinct("zones", 1, 8),),
        ),
        Variable(
            "template_id", "string", "The instance template; another rolls the group.", "sample-template"
        ),
        Variable("least", "number", "Fewest machines.", _LEAST, rules=(rules.between("least", 1, 100),)),
        Variable(
            "most", "number", "Most machines.", _MOST, rules=(rules.between("most", 1, 100), rules.NOT_LESS)
        ),
        Variable(
            "signal",
            "string",
            "`cpu`, or `requests` as a balancer counts them; of use with a GPU, where the CPU idles.",
            Signal.CPU.value,
            expression.of(Signal.CPU.value),
            (rules.one_of("signal", *Signal),),
            is_choice=True,
        ),
        Variable(
            "disk_gib",
            "number",
            "Size of the machines' disk. It bounds the model, and so how long a boot may take.",
            _DISK_GIB,
            rules=(rules.between("disk_gib", 1, 65536),),
        ),
    ),
    outputs=(
        Output("group_id", "Id of the group."),
        Output("instance_group", "What a balancer's backend refers to."),
    ),
    switches=(
        Switch("length(var.zones) == 1", "length(var.zones) > 1", {"zones": _ONE}, {"zones": _SEVERAL}),
        Switch('var.signal == "cpu"', 'var.signal != "cpu"', {"signal": "cpu"}, {"signal": "requests"}),
    ),
    traces=_traces,
    probes=(
        {"zones": ("us-central1-b", "us-central1-a"), "signal": "requests", "disk_gib": 60},
        {"zones": ("us-central1-a",), "disk_gib": 4000},
        {"zones": ("us-central1-c", "us-central1-b", "us-central1-a"), "disk_gib": 61},
    ),
    basic=Example(
        "One to three machines in two zones, by the load of their CPUs.",
        (
            *steps.OWN,
            steps.template(type='"n2-standard-4"', gpu_kind="null", disk_gib="30"),
            steps.scaling(disk_gib="30"),
        ),
    ),
    advanced=Example(
        "GPU machines behind a balancer, by the requests that they get.",
        (*steps.BEHIND, steps.template(spot="true"), steps.scaling(signal='"requests"'), steps.balancer()),
    ),
)

"""The instance template as a module."""

from collections.abc import Mapping
from typing import Any

from contracts.vocabulary import Arch, Cloud, GpuKind
from infra.cdktf.constructs.gcp import image
from infra.cdktf.constructs.gcp.blueprint import Blueprint
from infra.cdktf.constructs.gcp.template import Template
from infra.modules import expression, rules
from infra.modules.gcp import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Rule, Switch, Variable
from infra.modules.tracing import Trace

_DISK_GIB, _COUNT = 7301, 73
_N1 = 'startswith(var.type, "n1-")'
_T4 = expression.of(GpuKind.T4.value)
_N1_HAS_T4 = Rule(
    f"!{_N1} || var.gpu_kind == null || try(var.gpu_kind == {_T4}, false)", "N1 machines have T4 or none."
)


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    gpu = given["gpu_kind"]
    template = Template(
        stack,
        "template",
        Blueprint(
            name=given["name"],
            type=given["type"],
            arch=Arch(given["arch"]),
            gpu_kind=GpuKind(gpu) if gpu else None,
            gpu_count=given["gpu_count"],
            disk_gib=given["disk_gib"],
            subnet_id=given["subnet_id"],
            service_account=given["service_account"],
            public=given["public"],
            spot=given["spot"],
            user_data=given["user_data"],
            labels=given["labels"],
        ),
    )
    return {"template_id": template.template_id}


def _traces(given: Given) -> tuple[Trace, ...]:
    hyperdisk = f'contains({expression.of(list(image.HYPERDISK_ONLY))}, split("-", var.type)[0])'
    least = image.disk_gib(0, has_gpu=given["gpu_kind"] is not None)
    return (
        (_DISK_GIB, f"max(var.disk_gib, {least})"),
        (image.disk_type(given["type"]), f'{hyperdisk} ? "hyperdisk-balanced" : "pd-balanced"'),
    )


RECIPE = Recipe(
    cloud=Cloud.GCP,
    name="template",
    summary="The instance template of machines: Ubuntu 24.04, with NVIDIA's driver where there is a GPU, a Shielded VM, OS Login, "
    "and by choice Spot.",
    build=_build,
    variables=(
        common.name(
            "Begins the template's name. It is also the network tag that the firewall names.", longest=50
        ),
        common.text(
            "type",
            "Machine type.",
            "[a-z][a-z0-9]{1,5}(-[a-z0-9]{1,12}){1,4}",
            "a machine type like g2-standard-4",
        ),
        Variable(
            "arch",
            "string",
            "Architecture of the machine type; it decides the image.",
            Arch.X86_64.value,
            expression.of(Arch.X86_64.value),
            (rules.one_of("arch", *Arch),),
            is_choice=True,
        ),
        Variable(
            "gpu_kind",
            "string",
            "GPU of the machine, or null. N1 machines get it attached; every other series has it by its type.",
            None,
            "null",
            (rules.one_of("gpu_kind", *GpuKind, optional=True), _N1_HAS_T4),
            is_choice=True,
        ),
        Variable(
            "gpu_count",
            "number",
            "How many, on an N1 machine.",
            _COUNT,
            "1",
            (rules.between("gpu_count", 1, 16),),
        ),
        Variable(
            "disk_gib",
            "number",
            "Size of the disk. It is never smaller than the image needs.",
            _DISK_GIB,
            rules=(rules.between("disk_gib", 1, 65536),),
        ),
        common.text(
            "subnet_id", "Subnet of the machines.", "projects/.+/subnetworks/.+", "projects/…/subnetworks/…"
        ),
        common.text("service_account", "Email of the machines' service account.", ".+@.+", "an email"),
        Variable(
            "public",
            "bool",
            "Whether machines get an external address; without NAT they need one.",
            False,
            "false",
        ),
        Variable("spot", "bool", "Spot: cheaper, and ended by Google whenever it likes.", False, "false"),
        common.text(
            "user_data",
            "What cloud-init does at the first boot, as base64.",
            "[A-Za-z0-9+/]*={0,2}",
            "base64",
            default='""',
            sample="c2FtcGxl",
        ),
        common.LABELS,
    ),
    outputs=(
        Output(
            "template_id", "This very version of the template: a group that names it rolls with the next."
        ),
    ),
    switches=(
        Switch("var.gpu_kind != null", "var.gpu_kind == null", {"gpu_kind": "T4"}, {"gpu_kind": None}),
        Switch(_N1, f"!{_N1}", {"type": "n1-sample-4"}, {"type": "g2-sample-4"}),
        Switch('var.arch == "arm64"', 'var.arch != "arm64"', {"arch": "arm64"}, {"arch": "x86_64"}),
        Switch("var.spot", "!var.spot", {"spot": True}, {"spot": False}),
        Switch("var.public", "!var.public", {"public": True}, {"public": False}),
    ),
    traces=_traces,
    accepted={
        "google_compute_instance_template.this": {
            "CKV_GCP_40": "By choice, where a network has no NAT; the firewall admits listed networks alone."
        }
    },
    probes=(
        {"type": "c4-standard-8", "gpu_kind": None, "disk_gib": 3, "spot": True},
        {
            "type": "g2-standard-4",
            "gpu_kind": "L4",
            "disk_gib": 3,
            "public": True,
            "labels": {"a": "b", "c": "d"},
        },
        {"type": "n1-standard-4", "gpu_kind": "T4", "gpu_count": 2, "labels": {}},
        {"type": "n1-standard-4", "gpu_kind": None},
        {"type": "t2a-standard-4", "gpu_kind": None, "arch": "arm64"},
    ),
    basic=Example("A machine with a GPU, in a lean network.", (*steps.OWN, steps.template())),
    advanced=Example(
        "Spot machines with a start-up script and labels.",
        (
            *steps.OWN,
            steps.template(
                spot="true",
                user_data='base64encode("#!/bin/sh\\necho started > /run/started\\n")',
                labels='{ team = "models" }',
            ),
        ),
    ),
)

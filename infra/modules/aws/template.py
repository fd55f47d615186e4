"""The launch template as a module."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contracts.vocabulary import Arch, Cloud
from infra.cdktf.constructs.aws.image import FAMILIES
from infra.cdktf.constructs.aws.template import SpotOptions, Template, TemplateProps
from infra.modules import rules
from infra.modules.aws import common, steps
from infra.modules.recipe import Example, Given, Output, Recipe, Switch, Variable
from infra.modules.tracing import Trace

_DISK_GIB = 7301


def _build(stack: Any, given: Given) -> Mapping[str, Any]:
    limit = given["spot_max_usd"]
    template = Template(
        stack,
        "template",
        TemplateProps(
            name=given["name"],
            type=given["type"],
            arch=Arch(given["arch"]),
            has_gpu=given["gpu"],
            disk_gib=given["disk_gib"],
            security_group_id=given["security_group_id"],
            instance_profile=given["instance_profile"],
            public=given["public"],
            user_data=given["user_data"],
            tags=given["tags"],
            spot=SpotOptions(None if limit is None else Decimal(limit)) if given["spot"] else None,
        ),
    )
    return {"template_id": template.template_id, "version": template.version}


def _traces(given: Given) -> tuple[Trace, ...]:
    least = FAMILIES[Arch(given["arch"]), given["gpu"]].least_disk_gib
    return ((_DISK_GIB, f"max(var.disk_gib, {least})"),)


RECIPE = Recipe(
    cloud=Cloud.AWS,
    name="template",
    summary="The launch template of machines: Ubuntu 24.04, with NVIDIA's driver where there is a GPU, an encrypted gp3 disk, "
    "metadata by IMDSv2 only, and by choice spot. The image is the region's newest.",
    build=_build,
    variables=(
        common.name("Name of the template and of its machines.", longest=64),
        common.text(
            "type",
            "Machine type; a scaling group may name others of the same architecture.",
            "[a-z0-9-]{2,24}\\.[a-z0-9-]{2,24}",
            "a machine type like g5.xlarge",
        ),
        common.arch(),
        common.flag("gpu", "Whether the machine has an NVIDIA GPU; it decides the image."),
        Variable(
            "disk_gib",
            "number",
            "Size of the disk. It is never smaller than the image needs.",
            _DISK_GIB,
            rules=(rules.between("disk_gib", 1, 16384),),
        ),
        common.text(
            "security_group_id",
            "Firewall of the machines.",
            "sg-[0-9a-f]{8,17}",
            "the id of a security group",
        ),
        common.text(
            "instance_profile",
            "Name of the instance profile.",
            "[A-Za-z0-9+=,.@_-]{1,128}",
            "the name of an instance profile",
        ),
        common.flag("public", "Whether machines get a public address; without NAT they need one."),
        common.text(
            "user_data",
            "What cloud-init does at the first boot, as base64.",
            "[A-Za-z0-9+/]*={0,2}",
            "base64",
            sample="c2FtcGxl",
            default='""',
        ),
        common.flag(
            "spot",
            "Spot for machines started from the template alone. A scaling group chooses itself and refuses a template that has.",
        ),
        Variable(
            "spot_max_usd",
            "string",
            "Most that an hour of spot may cost; null means the on-demand price.",
            "0.7302",
            "null",
            (rules.price("spot_max_usd"),),
        ),
        common.TAGS,
    ),
    outputs=(
        Output("template_id", "Id of the launch template."),
        Output("version", "Its newest version."),
    ),
    switches=(
        Switch("var.gpu", "!var.gpu", {"gpu": True}, {"gpu": False}),
        Switch('var.arch == "arm64"', 'var.arch != "arm64"', {"arch": "arm64"}, {"arch": "x86_64"}),
        Switch("var.spot", "!var.spot", {"spot": True}, {"spot": False}),
        Switch("var.public", "!var.public", {"public": True}, {"public": False}),
    ),
    traces=_traces,
    plainer={
        'var.arch == "arm64" ? "arm64" : "x86_64"': "var.arch",
        'var.public ? "true" : "false"': "tostring(var.public)",
    },
    probes=(
        {"disk_gib": 5, "gpu": True, "spot": True, "spot_max_usd": None},
        {"disk_gib": 5, "arch": "arm64", "public": True, "tags": {"a": "b", "c": "d"}},
        {"arch": "arm64", "gpu": True, "spot": True, "tags": {}},
    ),
    basic=Example("A machine with a GPU, in a lean network.", (steps.NETWORK, *steps.OWN, steps.template())),
    advanced=Example(
        "Spot machines, with a start-up script and tags that reach their disks.",
        (
            steps.NETWORK,
            *steps.OWN,
            steps.template(
                spot="true",
                spot_max_usd='"0.60"',
                user_data='base64encode("#!/bin/sh\\necho started > /run/started\\n")',
                tags='{ team = "models" }',
            ),
        ),
    ),
)

"""Variables and samples that modules for Google Cloud have in common."""

from infra.modules import rules
from infra.modules.recipe import Rule, Variable
from infra.modules.tracing import TAG

LABELS = Variable(
    "labels", "map(string)", "More labels on everything that takes labels.", dict([TAG]), default="{}"
)


def name(says: str, longest: int = 40) -> Variable:
    regular = f"[a-z]([a-z0-9-]{{0,{longest - 2}}}[a-z0-9])?"
    meaning = (
        f"1 to {longest} lower-case letters, digits or dashes, beginning with a letter and ending with none"
    )
    return Variable("name", "string", says, "sample-name", rules=(rules.pattern("name", regular, meaning),))


def text(
    variable: str,
    says: str,
    regular: str,
    meaning: str,
    *,
    default: str | None = None,
    sample: str | None = None,
    more: tuple[Rule, ...] = (),
) -> Variable:
    rule = rules.pattern(variable, regular, meaning, optional=default == "null")
    sample = sample or f"sample-{variable.replace('_', '-')}"
    return Variable(variable, "string", says, sample, default, (rule, *more))


def vpc_id() -> Variable:
    return text("vpc_id", "Id of the VPC.", "projects/.+/global/networks/.+", "projects/…/global/networks/…")


def region() -> Variable:
    return text("region", "Region.", "[a-z]+(-[a-z]+)+[0-9]{1,2}", "a region name")


def zones(sample: tuple[str, ...]) -> Variable:
    return Variable(
        "zones", "list(string)", "Zones of the region.", sample, rules=(rules.distinct("zones", 1, 8),)
    )


def sources(
    variable: str, says: str, sample: tuple[str, ...], default: str | None = "[]", more: tuple[Rule, ...] = ()
) -> Variable:
    return Variable(variable, "list(string)", says, sample, default, (rules.sources(variable), *more))

"""Variables and samples that modules for AWS have in common."""

from contracts.vocabulary import Arch
from infra.modules import expression, rules
from infra.modules.recipe import Rule, Variable
from infra.modules.tracing import TAG

# Nothing else in a construct looks like these, so each is found again wherever it went.
REGION, ACCOUNT = "xx-sample-1", "210987654321"
ALLOWED = ("198.51.100.0/24", "2001:db8:a::/48")

REGION_NOW = "data.aws_region.current.name"
ACCOUNT_NOW = "data.aws_caller_identity.current.account_id"
PLACE = ((REGION, REGION_NOW), (ACCOUNT, ACCOUNT_NOW))

TAGS = Variable("tags", "map(string)", "More tags on everything that takes tags.", dict([TAG]), default="{}")


def name(says: str, longest: int = 32) -> Variable:
    regular = f"[a-z][a-z0-9-]{{0,{longest - 1}}}"
    meaning = f"1 to {longest} lower-case letters, digits or dashes, beginning with a letter"
    return Variable("name", "string", says, "sample-name", rules=(rules.pattern("name", regular, meaning),))


def text(
    variable: str,
    says: str,
    regular: str,
    meaning: str,
    *,
    default: str | None = None,
    sample: str | None = None,
) -> Variable:
    rule = rules.pattern(variable, regular, meaning, optional=default == "null")
    sample = sample or f"sample-{variable.replace('_', '-')}"
    return Variable(variable, "string", says, sample, default, (rule,))


def vpc_id() -> Variable:
    return text("vpc_id", "Id of the VPC.", "vpc-[0-9a-f]{8,17}", "the id of a VPC")


def subnets(says: str) -> Variable:
    condition = 'alltrue([for subnet in var.subnets : can(regex("^subnet-[0-9a-f]{8,17}$", subnet))])'
    rule = Rule(condition, "Must be ids of subnets.")
    return Variable("subnets", "list(string)", says, ("sample-subnet-1", "sample-subnet-2"), rules=(rule,))


def sources(variable: str, says: str, sample: tuple[str, ...], *, default: str | None = "[]") -> Variable:
    return Variable(variable, "list(string)", says, sample, default, (rules.sources(variable),))


def by_family(variable: str, sample: tuple[str, ...]) -> tuple[tuple[list[str], str], ...]:
    """The traces of a list of networks that a rule takes apart into IPv4 and IPv6."""
    return (
        ([sample[0]], f'[for network in var.{variable} : network if !strcontains(network, ":")]'),
        ([sample[1]], f'[for network in var.{variable} : network if strcontains(network, ":")]'),
    )


def model_bucket(variable: str, says: str, *, default: str | None = None) -> Variable:
    # A dot in the name would not match S3's certificate.
    return text(
        variable, says, "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", "an S3 bucket name without dots", default=default
    )


def key(variable: str, says: str, sample: str, *more: Rule) -> Variable:
    regular = "arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f-]{36}"
    rule = rules.pattern(variable, regular, "the ARN of a KMS key", optional=True)
    return Variable(variable, "string", says, sample, "null", (rule, *more))


def arch() -> Variable:
    says = "Architecture of the machine type; it decides the image."
    default = expression.of(Arch.X86_64.value)
    return Variable(
        "arch", "string", says, Arch.X86_64.value, default, (rules.one_of("arch", *Arch),), is_choice=True
    )


def flag(variable: str, says: str, *, default: bool = False) -> Variable:
    return Variable(variable, "bool", says, default, expression.of(default))

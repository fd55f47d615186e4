"""What modules refuse, in Terraform's language: the same that specs of stacks refuse."""

from contracts import stack_rules
from contracts.stack_network import DEFAULT_SUPERNETS
from infra.modules import expression
from infra.modules.recipe import Rule

# Of a group's most machines.
NOT_LESS = Rule("var.most >= var.least", "Must not be less than `least`.")


def vpc_network(variable: str) -> tuple[Rule, ...]:
    """RFC 1918 and 100.64.0.0/10, of a size that a VPC may have, without host bits."""
    biggest, smallest = stack_rules.VPC_PREFIXES
    value = f"var.{variable}"
    supernets = expression.of(list(DEFAULT_SUPERNETS))
    address, prefix = f'split("/", {value})[0]', f'split("/", {value})[1]'
    inside = f'cidrhost("${{{address}}}/${{split("/", supernet)[1]}}", 0) == split("/", supernet)[0]'
    return (
        Rule(
            f"can(cidrnetmask({value})) && try(cidrsubnet({value}, 0, 0), null) == {value}",
            "Must be an IPv4 network in CIDR notation, such as 10.64.0.0/16, without host bits.",
        ),
        Rule(
            f"try(tonumber({prefix}) >= {biggest} && tonumber({prefix}) <= {smallest}, false)",
            f"Must be from /{biggest} to /{smallest}.",
        ),
        Rule(
            f"anytrue([for supernet in {supernets} : try({inside}, false)])",
            f"Must lie inside one of {', '.join(DEFAULT_SUPERNETS)}.",
        ),
    )


def sources(variable: str) -> Rule:
    """Networks that may call. The world is none, nor is what a handful of would add up to it."""
    shortest = stack_rules.SHORTEST_PREFIX
    least = f'(strcontains(network, ":") ? {shortest[6]} : {shortest[4]})'
    return Rule(
        f'alltrue([for network in var.{variable} : try(cidrsubnet(network, 0, 0) == network && tonumber(split("/", network)[1]) >= {least}, false)])',
        f"Must be networks in CIDR notation without host bits, /{shortest[4]} or smaller, IPv6 /{shortest[6]} or smaller: never 0.0.0.0/0.",
    )


def pattern(variable: str, regular: str, meaning: str, *, optional: bool = False) -> Rule:
    condition = f"can(regex({expression.of(f'^{regular}$')}, var.{variable}))"
    return Rule(f"var.{variable} == null || {condition}" if optional else condition, f"Must be {meaning}.")


def distinct(variable: str, least: int, most: int) -> Rule:
    return Rule(
        f"length(distinct(var.{variable})) == length(var.{variable}) && length(var.{variable}) >= {least} && length(var.{variable}) <= {most}",
        f"Must be {least} to {most}, each of them once.",
    )


def one_of(variable: str, *values: str, optional: bool = False) -> Rule:
    condition = f"contains({expression.of(list(values))}, var.{variable})"
    if optional:
        condition = f"var.{variable} == null || try({condition}, false)"
    return Rule(condition, f"Must be {' or '.join(values)}.")


def between(variable: str, least: int, most: int, *, optional: bool = False) -> Rule:
    condition = f"var.{variable} >= {least} && var.{variable} <= {most}"
    if optional:
        condition = f"var.{variable} == null || try({condition}, false)"
    return Rule(condition, f"Must be from {least} to {most}.")


def price(variable: str) -> Rule:
    return pattern(variable, r"[0-9]{1,4}(\.[0-9]{1,6})?", "US dollars, such as 0.61", optional=True)


def networks(variable: str) -> Rule:
    return Rule(
        f"length(var.{variable}) > 0 && alltrue([for network in var.{variable} : try(cidrsubnet(network, 0, 0) == network, false)])",
        "Must be networks in CIDR notation without host bits.",
    )

"""What every role on AWS may do, as the written stacks have it: each statement with the reason beside it."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docs.generate.text import table
from docs.stacks.stack import Body, Stack, name_in

_HEAD = ("permission", "on", "only if", "what for")
_REFERENCE = re.compile(r"\$\{aws_([a-z0-9_]+)\.([A-Za-z0-9_-]+)_[0-9A-F]{8}\.[a-z_]+\}")
_ACCOUNT = re.compile(r":[0-9]{12}:")


@dataclass(frozen=True)
class Role:
    """`rows` are those of a table; two roles with the same reasons and permissions are told once."""

    name: str
    about: str
    rows: tuple[tuple[str, str, str, str], ...]

    @property
    def likeness(self) -> tuple[tuple[str, str], ...]:
        return tuple((permission, why) for permission, _, _, why in self.rows)


def section(stack: Stack) -> str:
    """The roles of one stack, and the boundary that holds them where it has one."""
    parts = []
    for alike in _alike([*_roles(stack)]):
        first = alike[0]
        names = ", ".join(f"`{role.name}`" for role in alike)
        parts.append(f"### {names}\n\n{first.about}\n\n{_also(alike)}{table(_HEAD, first.rows)}")
    parts += [
        f"### `{body['name']}`\n\n{body['description']}.\n\n{table(_HEAD, _rows(body))}"
        for name, body in stack.of("aws_iam_policy").items()
        if name not in _attached(stack).values()
    ]
    return "\n".join(parts)


def _roles(stack: Stack) -> Iterator[Role]:
    policies, attached = stack.of("aws_iam_role_policy").values(), _attached(stack)
    for address, body in stack.of("aws_iam_role").items():
        own = [policy for policy in policies if name_in(policy["role"], "aws_iam_role") == address]
        if address in attached:
            own.append(stack.of("aws_iam_policy")[attached[address]])
        rows = tuple(row for policy in own for row in _rows(policy))
        if rows:
            yield Role(body.get("name") or f"{body['name_prefix']}*", _about(body), rows)


def _attached(stack: Stack) -> Mapping[str, str]:
    """By role, the policy that has what its inline one has no room for."""
    return {
        name_in(body["role"], "aws_iam_role"): name_in(body["policy_arn"], "aws_iam_policy")
        for body in stack.of("aws_iam_role_policy_attachment").values()
    }


def _about(role: Body) -> str:
    trusted = json.loads(role["assume_role_policy"])["Statement"][0]["Principal"]["Service"]
    said = f"{role['description']}. " if role.get("description") else ""
    held = " Held by the boundary below." if role.get("permissions_boundary") else ""
    return f"{said}Taken by {trusted}.{held}"


def _alike(roles: Sequence[Role]) -> list[list[Role]]:
    found: dict[tuple[tuple[str, str], ...], list[Role]] = {}
    for role in roles:
        found.setdefault(role.likeness, []).append(role)
    return list(found.values())


def _also(alike: Sequence[Role]) -> str:
    return "" if len(alike) == 1 else f"Each has its own of these; shown are those of `{alike[0].name}`.\n\n"


def _rows(policy: Body) -> Iterator[tuple[str, str, str, str]]:
    reasons: Mapping[str, str] = policy["//"]["why"]
    for statement in json.loads(policy["policy"])["Statement"]:
        actions = "<br>".join(_listed(statement["Action"]))
        denied = "**never** " if statement["Effect"] == "Deny" else ""
        resources = "<br>".join(f"`{_readable(one)}`" for one in _listed(statement["Resource"]))
        yield denied + actions, resources, _conditions(statement), reasons[statement["Sid"]]


def _conditions(statement: Mapping[str, Any]) -> str:
    said = [
        f"{key} {_word(operator)} `{', '.join(_readable(one) for one in _listed(value))}`"
        for operator, pairs in statement.get("Condition", {}).items()
        for key, value in pairs.items()
    ]
    return "<br>".join(said)


def _word(operator: str) -> str:
    negative = "Not" in operator
    return ("is not" if negative else "is") + (" like" if "Like" in operator else "")


def _readable(text: str) -> str:
    """An ARN with the account left out, a reference by the name of what it refers to."""
    return _ACCOUNT.sub(":ACCOUNT:", _REFERENCE.sub(r"\1 \2", text))


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value

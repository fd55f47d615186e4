"""What roles on Google Cloud hold, to whom they are granted and for what, as the written stack has it."""

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from docs.generate.text import table
from docs.stacks.stack import Body, Stack, names_in

_GRANT = re.compile(r"google_[a-z_]+_iam_member")
_REFERENCE = re.compile(r"\$\{(?:data\.)?google_([a-z0-9_]+)\.([A-Za-z0-9_-]+)_[0-9A-F]{8}\.[a-z_]+\}")
# What a grant is on, by the argument that names it.
_PLACES = ("topic", "subscription", "bucket", "secret_id", "crypto_key_id", "project")


def section(stack: Stack) -> str:
    """Roles of our own with their permissions, and then every grant of a role, Google's as well."""
    roles = stack.of("google_project_iam_custom_role")
    parts = [_role(body) for body in roles.values()]
    grants = sorted(_grants(stack, roles))
    rows = [
        (who, f"`{role}`", "<br>".join(f"`{place}`" for *_, place, _ in same), only)
        for (who, role, only), same in _together(grants)
    ]
    return "\n".join([*parts, f"### Who has which\n\n{table(('who', 'role', 'on', 'only if'), rows)}"])


def _role(body: Body) -> str:
    reasons: Mapping[str, str] = body["//"]["why"]
    rows = [(permission, reasons[permission]) for permission in body["permissions"]]
    return f"### `{body['role_id']}`\n\n{body['title']}.\n\n{table(('permission', 'what for'), rows)}"


Grant = tuple[str, str, str, str]  # Who, role, place, condition.


def _grants(stack: Stack, roles: Mapping[str, Body]) -> Iterator[Grant]:
    for kind, _, body in stack.resources():
        if _GRANT.fullmatch(kind):
            own = names_in(body["role"], "google_project_iam_custom_role")
            role = roles[own[0]]["role_id"] if own else body["role"]
            place = next(body[name] for name in _PLACES if name in body)
            only = body["condition"]["expression"] if body.get("condition") else ""
            yield _who(stack, body["member"]), role, _readable(place), f"`{only}`" if only else ""


def _together(grants: list[Grant]) -> Iterator[tuple[tuple[str, str, str], list[Grant]]]:
    for key, same in groupby(grants, key=lambda grant: (grant[0], grant[1], grant[3])):
        yield key, list(same)


def _who(stack: Stack, member: str) -> str:
    accounts = names_in(member, "google_service_account")
    if accounts:
        return f"`{stack.of('google_service_account')[accounts[0]]['account_id']}`"
    return f"`{_readable(member).removeprefix('serviceAccount:')}`"


def _readable(text: str) -> str:
    """A reference by the name of what it refers to."""
    return _REFERENCE.sub(r"\1 \2", text)

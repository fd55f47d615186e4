"""Roles of our own, each permission with the sentence that says what it is needed for.

The sentences stand in the written stack, so that documents can be made of them. A role is the project's; what it
holds for is said where it is granted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cdktf_cdktf_provider_google.project_iam_custom_role import ProjectIamCustomRole
from constructs import Construct

from infra.cdktf import names

REASONS = "why"  # The key in a resource's comment, `//`, which Terraform passes over.
# The id of a role has 64 letters, digits, dots and underscores.
_LONGEST_ID = 64


@dataclass(frozen=True)
class Role:
    """`id` is its word in construct ids and names; `purposes` maps each permission to its sentence."""

    id: str
    title: str
    purposes: Mapping[str, str]


def make(scope: Construct, id_: str, role: Role, *, name: str, project: str) -> str:
    """Build the role; returns the name by which it is granted. `name` is the platform's."""
    made = ProjectIamCustomRole(
        scope,
        id_,
        project=project,
        role_id=names.within(f"{name}-{role.id}", _LONGEST_ID).replace("-", "_"),
        title=role.title,
        permissions=sorted(role.purposes),
    )
    made.add_override(f"//.{REASONS}", dict(role.purposes))
    return made.name

"""What a scanner of Terraform objects to and we build all the same, with the reason, at the resource itself.

The reasons travel in the resource's comment, `//`, which Terraform passes over. `make scan` reads them there: an
objection without a reason fails it, and so does a reason that nothing objects to any more.
"""

from cdktf import TerraformElement

FIELD = "accepted"


def accept(resource: TerraformElement, **reasons: str) -> None:
    """`reasons` are by the id of the scanner's check, such as CKV_AWS_88."""
    for check, reason in reasons.items():
        resource.add_override(f"//.{FIELD}.{check}", reason)

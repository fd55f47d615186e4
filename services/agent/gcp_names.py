"""The names that a placement's stack gives on Google Cloud, where many kinds of things carry no label.

The same name is formed in `infra.cdktf.names`; a test holds the two together.
"""

import re

from services.agent.resource import Tags

PLACEMENT, DEPLOYMENT = "flowllama-placement", "flowllama-deployment"

# Behind the placement's own name stands what a thing is for, such as a port, or what Terraform adds to a template's.
_NAME = re.compile(r"flowllama-(dep)-([0-9a-z]{26})-([0-9]{1,6})(?:-[a-z0-9-]+)?")


def tags_in(name: str) -> Tags:
    """Whose a thing is, read from its name; empty for a name that no placement gives."""
    found = _NAME.fullmatch(name)
    if found is None:
        return {}
    deployment_id = f"{found[1]}_{found[2]}"
    return {PLACEMENT: f"{deployment_id}-{found[3]}", DEPLOYMENT: deployment_id}


def pattern(tags: Tags) -> str:
    """For Google's own filter by name, of the names that may belong to whoever has these tags."""
    owner = tags.get(PLACEMENT) or tags.get(DEPLOYMENT) or "dep_"
    return f"flowllama-{owner.replace('_', '-')}.*"

"""`python tests/infra/scan/policies.py`, in the scanners' own environment: what they find in IAM policies.

Standard input is a JSON object of policy documents by name; standard output has what each scanner found, by name.
It imports nothing of the project, because the project is not installed there.
"""

import json
import sys
import warnings
from typing import Any

warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

from cloudsplaining.scan.policy_document import PolicyDocument  # noqa: E402 - after the filter
from parliament import analyze_policy_string  # noqa: E402 - after the filter


def findings(policy: dict[str, Any]) -> dict[str, Any]:
    """Empty lists are left out, so that a clean policy is an empty object."""
    document = PolicyDocument(policy)
    found = {
        "parliament": [
            f"{finding.issue} {finding.detail}"
            for finding in analyze_policy_string(json.dumps(policy), include_community_auditors=True).findings
        ],
        "privilege escalation": [found["type"] for found in document.allows_privilege_escalation],
        "resource exposure": list(document.permissions_management_without_constraints),
        "data exfiltration": list(document.allows_data_exfiltration_actions),
        "credentials exposure": list(document.credentials_exposure),
        "changes without constraints": list(document.infrastructure_modification),
        "service wildcard": list(document.service_wildcard),
    }
    return {name: each for name, each in found.items() if each}


if __name__ == "__main__":
    asked: dict[str, dict[str, Any]] = json.load(sys.stdin)
    json.dump({name: findings(policy) for name, policy in asked.items()}, sys.stdout)

"""`python tests/infra/scan/policies.py`, in the scanners' own environment: what they find in IAM policies.

Standard input is a JSON object of policy documents by name. Standard output has what was found, by name, then by the
id of the statement it was found in alone; under "" what only the statements together give rise to. It imports nothing
of the project, because the project is not installed there.
"""

import json
import sys
import warnings
from typing import Any

warnings.filterwarnings("ignore", message="pkg_resources is deprecated")

from cloudsplaining.scan.policy_document import PolicyDocument  # noqa: E402 - after the filter
from parliament import analyze_policy_string  # noqa: E402 - after the filter

Policy = dict[str, Any]


def findings(policy: Policy) -> dict[str, list[str]]:
    alone = {
        statement["Sid"]: issues({**policy, "Statement": [statement]}) for statement in policy["Statement"]
    }
    known = {issue for found in alone.values() for issue in found}
    every = {**alone, "": [issue for issue in issues(policy) if issue not in known]}
    return {sid: found for sid, found in every.items() if found}


def issues(policy: Policy) -> list[str]:
    """Both scanners' words: parliament's ids, and cloudsplaining's risks in the same spelling."""
    document = PolicyDocument(policy)
    risks = {
        "PRIVILEGE_ESCALATION": document.allows_privilege_escalation,
        "RESOURCE_EXPOSURE": document.permissions_management_without_constraints,
        "DATA_EXFILTRATION": document.allows_data_exfiltration_actions,
        "CREDENTIALS_EXPOSURE": document.credentials_exposure,
        "CHANGES_WITHOUT_CONSTRAINTS": document.infrastructure_modification,
        "SERVICE_WILDCARD": document.service_wildcard,
    }
    analysed = analyze_policy_string(json.dumps(policy), include_community_auditors=True)
    return sorted(
        {finding.issue for finding in analysed.findings} | {name for name, on in risks.items() if on}
    )


if __name__ == "__main__":
    asked: dict[str, Policy] = json.load(sys.stdin)
    json.dump({name: findings(policy) for name, policy in asked.items()}, sys.stdout)

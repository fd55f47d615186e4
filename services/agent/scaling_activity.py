"""Why a scaling group launched nothing, read from the words of its activities.

EC2's refusals reach a group's own launches, not Terraform's calls. The provider then quotes the group's failed
activities: "waiting for Auto Scaling Group (…) capacity satisfied: scaling activity (…): Failed: …". Some activities
name EC2's error code, others only say what it means.
"""

import re

_ACTIVITY = re.compile(r"scaling activity \([^)]*\): Failed: (.*)", re.DOTALL)
_NAMED = re.compile(r"Could not launch (?:Spot|On-Demand) Instances\. (\w+) - ")

# EC2's code for each of its sentences; the first that is found decides.
_MEANINGS = (
    ("do not have sufficient", "InsufficientInstanceCapacity"),
    ("no Spot capacity available", "InsufficientInstanceCapacity"),
    ("capacity-not-available", "InsufficientInstanceCapacity"),
    ("is lower than the minimum required Spot", "SpotMaxPriceTooLow"),
    ("Max spot instance count exceeded", "MaxSpotInstanceCountExceeded"),
    ("than your current vCPU limit", "VcpuLimitExceeded"),
    ("instance(s) are already running", "InstanceLimitExceeded"),
    ("than your current instance limit", "InstanceLimitExceeded"),
    ("is not supported in your requested Availability Zone", "Unsupported"),
    ("configuration is currently not supported", "Unsupported"),
    ("free addresses", "InsufficientFreeAddressesInSubnet"),
    ("Request limit exceeded", "RequestLimitExceeded"),
)
# Machines were launched, and none came to serve in time: that says nothing of the offer.
_NOT_IN_TIME = re.compile(
    r"timeout while waiting for state to become '[^']*' \(last state: '(want at least [^']*)'"
)


def refusal(words: str) -> tuple[str, str] | None:
    """EC2's code and the group's own sentence, or None where no activity is quoted. A sentence that nobody has
    seen yet comes back as `ScalingActivityFailed`."""
    quoted = _ACTIVITY.search(words)
    if quoted is None:
        return None
    said = quoted[1].strip()
    if named := _NAMED.search(said):
        return named[1], said
    return meaning(said) or "ScalingActivityFailed", said


def meaning(said: str) -> str | None:
    """EC2's code for a sentence without one."""
    return next((code for sign, code in _MEANINGS if sign in said), None)


def is_late(words: str) -> str | None:
    """What the group still waited for when the provider's patience ended, or None."""
    found = _NOT_IN_TIME.search(words)
    return found[1] if found else None

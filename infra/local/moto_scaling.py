"""Where moto answers otherwise than AWS about scaling groups, and Terraform would notice at its next plan or apply.

moto forgets a group's warm-up and what an update says of it, leaves its defaults unsaid, calls a policy switched off,
takes a template's own tags for those of its machines, and shows the first ones for ever. An instance refresh it does
not know: here one is kept as done, and the machines stay.
"""

import uuid
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.models.launch_templates import LaunchTemplate

_create_group = AutoScalingResponse.create_auto_scaling_group
_update_group = AutoScalingResponse.update_auto_scaling_group
_put_policy = AutoScalingBackend.put_scaling_policy
_create_version = LaunchTemplate.create_version


def repair() -> None:
    """Calling this twice changes nothing."""
    for owner, name, better in (
        (AutoScalingResponse, "create_auto_scaling_group", _create_the_whole_group),
        (AutoScalingResponse, "update_auto_scaling_group", _update_the_whole_group),
        (AutoScalingResponse, "start_instance_refresh", _start_refresh),
        (AutoScalingResponse, "describe_instance_refreshes", _describe_refreshes),
        # AWS tells them of every group, and without the first the provider contradicts itself at a later apply.
        (
            FakeAutoScalingGroup,
            "capacity_reservation_specification",
            {"CapacityReservationPreference": "default"},
        ),
        (
            FakeAutoScalingGroup,
            "availability_zone_distribution",
            {"CapacityDistributionStrategy": "balanced-best-effort"},
        ),
        (AutoScalingBackend, "put_scaling_policy", _put_a_policy_that_is_on),
        (LaunchTemplate, "create_version", _create_version_without_the_templates_tags),
    ):
        setattr(owner, name, better)
    # moto sets it when it makes a template; what is asked for is what the tags are now.
    LaunchTemplate.tags = property(LaunchTemplate.get_tags, lambda _template, _tags: None)  # type: ignore[assignment]  # it replaces one


def _create_the_whole_group(response: Any) -> Any:
    answer = _create_group(response)
    _remember(response)
    return answer


def _update_the_whole_group(response: Any) -> Any:
    answer = _update_group(response)
    _remember(response)
    return answer


def _remember(response: Any) -> None:
    group, given = _group(response), _given(response)
    for field, attribute in (
        ("DefaultInstanceWarmup", "default_instance_warmup"),
        ("CapacityRebalance", "capacity_rebalance"),
        ("TerminationPolicies", "termination_policies"),
    ):
        if field in given:
            setattr(group, attribute, given[field])


def _start_refresh(response: Any) -> ActionResult:
    group, given = _group(response), _given(response)
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Successful",
        "Preferences": given.get("Preferences", {}),
    }
    group.refreshes = [refresh, *getattr(group, "refreshes", ())]
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


def _describe_refreshes(response: Any) -> ActionResult:
    return ActionResult({"InstanceRefreshes": list(getattr(_group(response), "refreshes", ()))})


def _group(response: Any) -> Any:
    return response.autoscaling_backend.autoscaling_groups[_given(response)["AutoScalingGroupName"]]


def _given(response: Any) -> dict[str, Any]:
    given: dict[str, Any] = response._get_params()  # noqa: SLF001 - how moto's own responses read what was sent
    return given


def _put_a_policy_that_is_on(backend: Any, *arguments: Any, **named: Any) -> Any:
    policy: Any = _put_policy(backend, *arguments, **named)
    policy.enabled = True
    policy.predictive_scaling_configuration = policy.predictive_scaling_configuration or None
    return policy


def _create_version_without_the_templates_tags(template: Any, data: dict[str, Any], description: str) -> Any:
    tagged = [one for one in data.get("TagSpecifications", ()) if one["ResourceType"] != "launch-template"]
    return _create_version(template, {**data, "TagSpecifications": tagged} if tagged else data, description)

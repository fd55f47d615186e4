"""`python -m tests.infra.shared_cloud -H … -p …`: moto as a server, with what it tells Terraform wrongly put right.

Each repair gives back what was put in, as AWS does: moto re-formats a queue's redrive policy, keeps who may send dead
letters to itself, forgets most of a replication rule and the name of a rule between two groups, never finishes a
domain of an API, and forgets the tags of what scales and two wishes about a service.
"""

import json
import sys
from typing import Any

from moto.apigatewayv2.models import DomainName
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.core.responses import ActionResult
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.s3.responses import S3Response
from moto.server import main
from moto.sqs.models import Queue

from infra.local.moto_repairs import repair

_attributes = Queue.attributes.fget
_OF_A_RULE = (
    "ID",
    "Priority",
    "Status",
    "Filter",
    "DeleteMarkerReplication",
    "SourceSelectionCriteria",
    "Destination",
)


def repair_shared() -> None:
    repair()
    Queue.redrive_allow_policy = None
    Queue.attributes = property(_as_they_were_given)
    S3Response.get_bucket_replication = _the_whole_rule
    DomainName.to_json = _with_its_target
    ApplicationAutoScalingResponse.register_scalable_target = _with_tags
    ApplicationAutoScalingResponse.list_tags_for_resource = _its_tags
    EC2ContainerServiceResponse.create_service = _as_it_was_wished
    SecurityGroupRule.description = property(_of_network_or_group)


def _as_they_were_given(queue: Any) -> dict[str, Any]:
    found: dict[str, Any] = _attributes(queue)
    if queue.redrive_policy:
        found["RedrivePolicy"] = json.dumps(queue.redrive_policy, separators=(",", ":"))
    if queue.redrive_allow_policy:
        found["RedriveAllowPolicy"] = queue.redrive_allow_policy
    return found


def _the_whole_rule(response: Any) -> Any:
    replication = response.backend.get_bucket_replication(response.bucket_name)
    if not replication:
        return _get_bucket_replication(response)
    response.data["Action"] = "GetBucketReplication"
    rules = [{name: rule[name] for name in _OF_A_RULE if name in rule} for rule in replication["Rule"]]
    answer = {"ReplicationConfiguration": {"Role": replication["Role"], "Rules": rules}}
    return response.serialized(ActionResult(answer))


def _with_its_target(domain: Any) -> dict[str, Any]:
    found: dict[str, Any] = _domain(domain)
    made = {
        "domainNameStatus": "AVAILABLE",
        "apiGatewayDomainName": f"d-{domain.domain_name}.execute-api.us-east-1.amazonaws.com",
        "hostedZoneId": "Z1UJRXOUMOOFQ8",
    }
    configurations = [{**one, **made} for one in found["domainNameConfigurations"]]
    own = {name: value for name, value in found.items() if name != "mutualTlsAuthentication" or value}
    return {**own, "domainNameConfigurations": configurations}


def _with_tags(response: Any) -> str:
    answer: str = _register_scalable_target(response)
    if response._get_param("Tags"):
        _TAGS[json.loads(answer)["ScalableTargetARN"]] = response._get_param("Tags")
    return answer


def _its_tags(response: Any) -> str:
    return json.dumps({"Tags": _TAGS.get(response._get_param("ResourceARN"), {})})


def _as_it_was_wished(response: Any) -> Any:
    answer = _create_service(response)
    service = answer.result["service"]
    service.enable_ecs_managed_tags = response._get_param("enableECSManagedTags")
    service.availability_zone_rebalancing = response._get_param("availabilityZoneRebalancing")
    return answer


def _of_network_or_group(rule: Any) -> str | None:
    found: str | None = (rule.ip_range or rule.source_group or {}).get("Description")
    return found


_TAGS: dict[str, dict[str, str]] = {}
_domain = DomainName.to_json
_create_service = EC2ContainerServiceResponse.create_service
_register_scalable_target = ApplicationAutoScalingResponse.register_scalable_target
_get_bucket_replication = S3Response.get_bucket_replication

if __name__ == "__main__":
    repair_shared()
    main(sys.argv[1:])

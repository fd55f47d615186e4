"""What a placement may leave behind on Google Cloud, kind by kind: how each is found, and how it ends.

Machines, their disks, addresses and listeners carry our labels. The other kinds can't carry any, or carry none that the
provider sets, and are found by the placement's name. The order is that of removal: whoever depends on another goes first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.api_core.exceptions import NotFound

from services.agent import gcp_names
from services.agent.gcp_errors import CALL
from services.agent.resource import Place, Resource, Tags

Connect = Callable[[str], Any]  # The client of a kind of things, by its name in google.cloud.compute_v1.


@dataclass(frozen=True)
class Kind:
    """`argument` is what the API calls one of them. A regional kind has a client for zones and another for the region;
    a global one has only `client`.
    """

    name: str
    argument: str
    client: str
    regional: str | None = None
    is_global: bool = True
    by_label: bool = False
    more_tags: Callable[[Connect, Place, Any], Mapping[str, str]] = field(default=lambda *_: {})


def listed(connect: Connect, kind: Kind, place: Place, tags: Tags) -> list[Resource]:
    """Everything that Google lists is there, also what is on its way out; a machine that is stopped keeps its disk.

    A kind without labels is known by placement or deployment alone.
    """
    found = []
    for item in _items(connect, kind, place, tags):
        own: dict[str, str] = dict(item.labels if kind.by_label else gcp_names.tags_in(item.name))
        if own and not _carries(own, tags):
            own |= kind.more_tags(connect, place, item)
        if _carries(own, tags):
            found.append(_resource(kind, item, own, place))
    return found


def remove(connect: Connect, kind: Kind, id_: str) -> None:
    """Ask for the end. Raises google.api_core's errors."""
    parts = id_.split(
        "/"
    )  # projects/P/{zones|regions}/S/COLLECTION/NAME, or projects/P/global/COLLECTION/NAME
    where = {} if parts[2] == "global" else {parts[2].removesuffix("s"): parts[3]}
    client = kind.regional if "region" in where and kind.regional else kind.client
    connect(client).delete_unary(request={"project": parts[1], **where, kind.argument: parts[-1]}, **CALL)


def id_of(link: str, project: str) -> str:
    """As Terraform's state has it, from a link; in some links the project is a number."""
    _, _, path = (
        link.rpartition("/projects/") if "/projects/" in link else ("", "", link.removeprefix("projects/"))
    )
    return f"projects/{project}/{path.partition('/')[2]}"


def _items(connect: Connect, kind: Kind, place: Place, tags: Tags) -> Iterator[Any]:
    asked = {"project": place.account, "filter": _filter(kind, tags)}
    client = connect(kind.client)
    if kind.is_global:
        yield from client.list(request=asked, **CALL)
        return
    # Partial success is not asked for: a zone that does not answer would be one that has nothing.
    for scope, content in client.aggregated_list(request=asked, **CALL):
        if _is_in(scope, place.region):
            yield from getattr(content, f"{kind.argument}s")


def _carries(own: Tags, tags: Tags) -> bool:
    return bool(own) and tags.items() <= own.items()


def _filter(kind: Kind, tags: Tags) -> str:
    if kind.by_label:
        return " ".join(f'(labels.{name}="{value}")' for name, value in sorted(tags.items()))
    return f"name eq '{gcp_names.pattern(tags)}'"


def _is_in(scope: str, region: str) -> bool:
    """A scope is `zones/us-central1-a` or `regions/us-central1`."""
    where, _, name = scope.partition("/")
    return name == region if where == "regions" else name.rpartition("-")[0] == region


def _resource(kind: Kind, item: Any, own: Tags, place: Place) -> Resource:
    born = datetime.fromisoformat(item.creation_timestamp) if item.creation_timestamp else None
    return Resource(kind.name, id_of(item.self_link, place.account), own, born, _attached_to(item, place))


def _attached_to(item: Any, place: Place) -> str | None:
    """A disk names who uses it; a machine of a group says in its metadata who made it."""
    users = [*getattr(item, "users", ())]
    entries: Sequence[Any] = getattr(getattr(item, "metadata", None), "items", ())
    made_by = [entry.value for entry in entries if entry.key == "created-by"]
    link = next(iter(users or made_by), None)
    return id_of(link, place.account) if link else None


def _labels_of_template(connect: Connect, place: Place, group: Any) -> Mapping[str, str]:
    """A group carries no label, and which environment it belongs to is only said by its machines' template."""
    link = group.instance_template or next((v.instance_template for v in group.versions), "")
    asked = {"project": place.account, "instance_template": link.partition("?")[0].rpartition("/")[2]}
    try:
        template = connect("InstanceTemplatesClient").get(request=asked, **CALL)
    except NotFound:
        return {}  # The group has gone with it since it was listed.
    return dict(template.properties.labels)


TABLE = (
    Kind("autoscaler", "autoscaler", "AutoscalersClient", "RegionAutoscalersClient", is_global=False),
    Kind("forwarding_rule", "forwarding_rule", "GlobalForwardingRulesClient", by_label=True),
    Kind("https_proxy", "target_https_proxy", "TargetHttpsProxiesClient"),
    Kind("url_map", "url_map", "UrlMapsClient"),
    Kind("certificate", "ssl_certificate", "SslCertificatesClient"),
    Kind("tls_policy", "ssl_policy", "SslPoliciesClient"),
    Kind("backend_service", "backend_service", "BackendServicesClient"),
    Kind("security_policy", "security_policy", "SecurityPoliciesClient"),
    Kind(
        "scaling_group",
        "instance_group_manager",
        "InstanceGroupManagersClient",
        "RegionInstanceGroupManagersClient",
        is_global=False,
        more_tags=_labels_of_template,
    ),
    Kind("health_check", "health_check", "HealthChecksClient"),
    Kind("address", "address", "GlobalAddressesClient", by_label=True),
    Kind("instance", "instance", "InstancesClient", is_global=False, by_label=True),
    Kind("instance_template", "instance_template", "InstanceTemplatesClient"),
    Kind("disk", "disk", "DisksClient", is_global=False, by_label=True),
    Kind("firewall", "firewall", "FirewallsClient"),
)

"""A loopback server that keeps the things of a Google Cloud project as Compute Engine and Cloud DNS do.

Things go by their path. Nothing that is used goes; a group takes its machines along, and a machine its disks.
"""

import json
import re
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import requests
from google.auth.credentials import AnonymousCredentials
from google.cloud import compute_v1

from services.agent.gcp_cloud import GcpCloud
from services.agent.resource import Place
from tests.adapters.pricing_sources.stub_server import serving

PROJECT = "flowllama-test"
REGION = "us-central1"
HERE = Place(PROJECT, REGION)
LINKS = "https://www.googleapis.com/compute/v1/"
# Which of a thing's fields name what it uses.
USES = ("target", "urlMap", "sslPolicy", "sslCertificates", "defaultService", "group", "securityPolicy")
USES += ("healthChecks", "instanceTemplate", "IPAddress")

Body = dict[str, Any]


class GoogleProject:
    """`page` bounds a list's answers; each of `failures` answers one call first, with its status."""

    def __init__(self, port: int) -> None:
        self._port, self.page = port, 500
        self.things: dict[str, Body] = {}
        self.failures: deque[tuple[int, str]] = deque()
        self.asked: list[str] = []

    def cloud(self) -> GcpCloud:
        return GcpCloud(self.client, requests.Session(), f"{self._url}/dns/v1")

    def client(self, name: str) -> Any:
        kind = getattr(compute_v1, name)
        return kind(
            transport=kind.get_transport_class("rest")(host=self._url, credentials=AnonymousCredentials())
        )

    def add(self, path: str, at: datetime | None = None, **fields: Any) -> str:
        """A path below the project; the id is the whole one."""
        id_ = f"projects/{PROJECT}/{path}"
        born = (at or datetime.now(UTC)).isoformat(timespec="milliseconds")
        name = path.rpartition("/")[2]
        self.things[id_] = {"name": name, "selfLink": LINKS + id_, "creationTimestamp": born, **fields}
        return id_

    def add_machine(
        self, name: str, labels: Mapping[str, str], group: str | None = None, zone: str = "a", **how: Any
    ) -> str:
        """With its disk, which goes with it. `group` is the id of the one that makes it again."""
        where = f"zones/{REGION}-{zone}"
        made = [{"key": "created-by", "value": group.replace(PROJECT, "123456789")}] if group else []
        id_ = self.add(f"{where}/instances/{name}", labels=dict(labels), metadata={"items": made}, **how)
        self.add(f"{where}/disks/{name}", labels=dict(labels), users=[LINKS + id_])
        return id_

    def add_balanced(self, name: str, labels: Mapping[str, str], machines: int = 2, **how: Any) -> str:
        """All that the stack of replicas makes, by the kinds of it; the id is the group's."""
        template = self.add(f"global/instanceTemplates/{name}-2026", properties={"labels": dict(labels)})
        group = self.add(
            f"regions/{REGION}/instanceGroupManagers/{name}",
            instanceTemplate=f"{LINKS}{template}?uniqueId=1",
            **how,
        )
        self.add(f"regions/{REGION}/autoscalers/{name}", target=LINKS + group)
        for purpose in ("traffic", "repair"):
            self.add(f"global/healthChecks/{name}-{purpose}")
        policy = self.add(f"global/securityPolicies/{name}")
        check = f"{LINKS}projects/{PROJECT}/global/healthChecks/{name}-traffic"
        backend = self.add(
            f"global/backendServices/{name}",
            backends=[{"group": LINKS + group}],
            securityPolicy=LINKS + policy,
            healthChecks=[check],
        )
        urls = self.add(f"global/urlMaps/{name}", defaultService=LINKS + backend)
        tls, certificate = self.add(f"global/sslPolicies/{name}"), self.add(f"global/sslCertificates/{name}")
        proxy = self.add(
            f"global/targetHttpsProxies/{name}",
            urlMap=LINKS + urls,
            sslPolicy=LINKS + tls,
            sslCertificates=[LINKS + certificate],
        )
        address = self.add(f"global/addresses/{name}", labels=dict(labels))
        for port in (11434, 443):
            rule = f"global/forwardingRules/{name}-{port}"
            self.add(rule, labels=dict(labels), target=LINKS + proxy, IPAddress=LINKS + address, **how)
        self.add(f"global/firewalls/{name}")
        for number in range(machines):
            self.add_machine(f"{name}-x{number}", labels, group)
        return group

    def of_kind(self, collection: str) -> list[str]:
        return [id_ for id_ in self.things if f"/{collection}/" in id_]

    def answer(self, method: str, path: str, query: Mapping[str, str]) -> tuple[int, Body]:
        self.asked.append(f"{method} {path}")
        if self.failures:
            status, reason = self.failures.popleft()
            return _refusal(status, reason)
        if method == "DELETE":
            return self._delete(path)
        if path in self.things:
            return 200, self.things[path]
        return self._list(path.removeprefix(f"projects/{PROJECT}/"), query)

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _list(self, path: str, query: Mapping[str, str]) -> tuple[int, Body]:
        """Of a scope, such as global/firewalls, or of all regions and zones: aggregated/instances."""
        scope, _, collection = path.partition("/")
        if not re.fullmatch(r"(aggregated|global)/\w+|zones(/[\w-]+/operations)?", path):
            return _refusal(404, "notFound")
        form = f"(zones|regions)/[^/]+/{collection}" if scope == "aggregated" else path
        found, more = self._page(self._filtered(f"{form}/[^/]+", query), query)
        return 200, {"items": _by_scope(found, collection) if scope == "aggregated" else found, **more}

    def _filtered(self, form: str, query: Mapping[str, str]) -> list[Body]:
        return [
            thing
            for id_, thing in self.things.items()
            if re.fullmatch(f"projects/{PROJECT}/{form}", id_) and _passes(thing, query.get("filter", ""))
        ]

    def _page(self, found: list[Body], query: Mapping[str, str]) -> tuple[list[Body], Body]:
        start = int(query.get("pageToken", 0))
        end = start + self.page
        return found[start:end], {"nextPageToken": str(end)} if len(found) > end else {}

    def _delete(self, id_: str) -> tuple[int, Body]:
        if id_ not in self.things:
            return _refusal(404, "notFound")
        if any(_uses(thing, LINKS + id_) for thing in self.things.values()):
            return _refusal(400, "resourceInUseByAnotherResource")
        del self.things[id_]
        for other, thing in [*self.things.items()]:
            made_by = [entry["value"] for entry in thing.get("metadata", {}).get("items", ())]
            if id_.replace(PROJECT, "123456789") in made_by or LINKS + id_ in thing.get("users", ()):
                self._delete(other)
        return 200, {"name": "operation-1", "status": "RUNNING"}


def google_project() -> AbstractContextManager[GoogleProject]:
    return serving(GoogleProject, _handler)


def _by_scope(found: list[Body], collection: str) -> Body:
    """As aggregated lists come: a scope without anything is there as well, with a warning."""
    scopes: Body = {f"zones/{REGION}-f": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}
    for thing in found:
        scope = "/".join(thing["selfLink"].split("/")[-4:-2])
        scopes.setdefault(scope, {}).setdefault(collection, []).append(thing)
    return scopes


def _passes(thing: Body, asked: str) -> bool:
    name = re.fullmatch(r"name eq '(.*)'", asked)
    labels = re.findall(r'\(labels\.([\w-]+)="([^"]*)"\)', asked)
    kind = re.fullmatch(r'operationType="(.*)"', asked)
    if asked and not name and not labels and not kind:
        raise ValueError(f"no filter that Google knows: {asked}")
    if name and not re.fullmatch(name[1], thing["name"]):
        return False
    if kind:
        return bool(thing["operationType"] == kind[1])
    return all(thing.get("labels", {}).get(key) == value for key, value in labels)


def _uses(thing: Any, link: str) -> bool:
    """Whether any of a thing's fields names the link as something that it uses."""
    used = [thing.get(field) for field in USES] + [
        backend.get("group") for backend in thing.get("backends", ())
    ]
    flat = [entry for value in used for entry in (value if isinstance(value, list) else [value]) if entry]
    return any(entry.partition("?")[0] == link for entry in flat)


def _refusal(status: int, reason: str) -> tuple[int, Body]:
    return status, {"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}


def _handler(project: GoogleProject) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            path = re.sub(r"^/(compute|dns)/v1/", "", unquote(address.path))
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            status, body = project.answer(self.command, path, query)
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_DELETE = do_GET  # noqa: N815 - the base class names it.

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it.
            pass

    return Handler

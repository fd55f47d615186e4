"""The table of processes says what the services, the edge and the API's own pages say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from contracts.stack_platform import SECRETS
from infra.cdktf.constructs.aws.routes import route_paths
from infra.cdktf.processes import AGENT, OPEN, PROCESSES
from infra.local.layout import Layout
from infra.local.ports import ports_from
from infra.local.programs import programs
from services.agent import __main__ as agent
from services.agent import settings as agent_settings
from services.auth import settings as auth_settings
from services.chassis import process as chassis
from services.deployments import settings as deployments_settings
from services.health import settings as health_settings
from services.pricing import settings as pricing_settings

ROOT = Path(__file__).parents[2]


def test_every_process_that_runs_locally_runs_in_the_cloud_by_the_same_command() -> None:
    local = programs(ports_from(8080), Layout(ROOT / ".local"))
    started = {tuple(one.command[1:]) for one in local if "-m services." in " ".join(one.command)}

    assert {process.command[1:] for process in PROCESSES} == started
    assert len({process.name for process in PROCESSES}) == len({process.port for process in PROCESSES}) == 6


def test_ports_and_the_time_to_stop_are_the_services_own() -> None:
    assert {process.name: process.port for process in PROCESSES} == {
        "auth": auth_settings.PORT,
        "deployments": deployments_settings.API_PORT,
        "deployments-worker": deployments_settings.WORKER_PORT,
        "pricing": pricing_settings.DEFAULT_PORT,
        "agent": agent_settings.PORT,
        "health": health_settings.PORT,
    }
    assert AGENT.drain_s == agent.DRAIN_S
    assert {process.drain_s for process in PROCESSES if process != AGENT} == {chassis.DRAIN_S}


def test_every_secret_is_some_process_s() -> None:
    assert {name for process in PROCESSES for name in process.secrets} == set(SECRETS)


def test_the_open_paths_are_those_of_the_edge() -> None:
    edge = (ROOT / "docker" / "Caddyfile").read_text()

    for process in OPEN:
        (matcher,) = re.findall(rf"@{process.name} path (.+)", edge)
        below = [way for path in process.paths for way in (path, f"{path}/*")]
        assert sorted(matcher.split()) == sorted([*below, *process.exact])


@pytest.mark.parametrize("path", json.loads((ROOT / "docs/api/openapi.json").read_text())["paths"])
def test_every_public_path_leads_to_one_service(path: str) -> None:
    assert len(led_to(path)) == 1


@pytest.mark.parametrize(
    "path",
    [
        *json.loads((ROOT / "docs/api/openapi-internal.json").read_text())["paths"],
        "/metrics",
        "/readyz",
        "/healthz",
        "/api/authority",
        "/",
    ],
)
def test_no_internal_path_leads_anywhere(path: str) -> None:
    assert led_to(path) == []


def led_to(path: str) -> list[Any]:
    """As API Gateway matches: a route is a path, or its beginning when the rest is `{proxy+}`."""
    return [
        process.name
        for process in OPEN
        if any(
            path.startswith(route.removesuffix("{proxy+}")) and path != route.removesuffix("{proxy+}")
            if route.endswith("{proxy+}")
            else path == route
            for route in route_paths(process)
        )
    ]

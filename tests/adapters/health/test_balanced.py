"""Replicas are polled at their balancer: by its name, by roots that we know, and at no address that we may not call."""

import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from services.chassis.mongo import Store
from services.health.entrance import SystemNames
from services.health.model import DELETING, STANDING, CloudState
from services.health.pinned_http import UnusableAnswerError, trusting
from services.health.probe import InstanceProbe
from services.health.roots import Roots, read_roots
from tests.adapters.health.conftest import LOOPBACK, PROBE_DEADLINE_S
from tests.adapters.health.instance import FakeInstance, answering, known
from tests.adapters.health.world import World
from tests.unit.health.builders import SEALER

NAME = "dep-1.models.example.com"
REPLICAS = {"min": 2, "max": 3}
GROUP = "flowllama-group"


class Names:
    """A name service whose every answer is the next of a list, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, name: str, port: int) -> Sequence[str]:
        self.asked.append(name)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest_asyncio.fixture
async def balancer() -> AsyncIterator[FakeInstance]:
    """A door that shows a certificate for its name."""
    fake = FakeInstance()
    fake.named = NAME
    await fake.start()
    yield fake
    await fake.stop()


def roots_of(balancer: FakeInstance) -> Roots:
    return Roots(trusting(balancer.ca_pem), balancer.ca_pem)


def probing(balancer: FakeInstance, names: Names, roots: Roots | None = None) -> InstanceProbe:
    return InstanceProbe(
        SEALER, LOOPBACK, roots or roots_of(balancer), resolver=names, deadline_s=PROBE_DEADLINE_S
    )


def balanced(balancer: FakeInstance, **changes: Any) -> Any:
    return known(balancer, address=NAME, replicas=REPLICAS, **changes)


async def test_the_name_is_resolved_and_verified_and_there_is_no_first_contact(
    balancer: FakeInstance,
) -> None:
    hosts: list[str] = []

    async def ask(request: web.Request) -> web.Response:
        hosts.append(request.host)
        return web.json_response({"models": balancer.models})

    balancer.override["/api/tags"] = ask
    names = Names(["127.0.0.1"])
    async with probing(balancer, names) as probe:
        look = await probe.look(balanced(balancer))

    assert look.serves
    assert look.ca_pem == balancer.ca_pem, "whoever calls it needs the same root"
    assert balancer.asked == ["GET /_flowllama/status", "GET /api/tags", "POST /api/generate"]
    assert (names.asked, hosts) == ([NAME], [f"{NAME}:{balancer.port}"])


@pytest.mark.parametrize("addresses", [["169.254.169.254"], ["127.0.0.1", "10.0.0.1"], ["::ffff:127.0.0.1"]])
async def test_a_name_that_leads_where_we_may_not_go_is_never_called(
    balancer: FakeInstance, addresses: list[str]
) -> None:
    async with probing(balancer, Names(addresses)) as probe:
        look = await probe.look(balanced(balancer))

    assert look.failure == "its address is not one that may be polled"
    assert balancer.asked == []


async def test_the_systems_own_names_are_asked() -> None:
    assert set(await SystemNames()("127.0.0.1", 443)) == {"127.0.0.1"}


async def test_a_name_that_does_not_resolve_is_a_failure_like_others(balancer: FakeInstance) -> None:
    async def fails(name: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with InstanceProbe(SEALER, LOOPBACK, roots_of(balancer), resolver=fails) as probe:
        look = await probe.look(balanced(balancer))

    assert (look.failure, look.is_ours) == ("its name does not resolve", False)


async def test_every_look_judges_the_name_anew(balancer: FakeInstance) -> None:
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    async with probing(balancer, names) as probe:
        first, second = await probe.look(balanced(balancer)), await probe.look(balanced(balancer))

    assert (first.failure, second.failure) == (None, "its address is not one that may be polled")


async def test_without_a_file_only_public_roots_count(balancer: FakeInstance) -> None:
    roots = read_roots(None)
    async with probing(balancer, Names(["127.0.0.1"]), roots) as probe:
        look = await probe.look(balanced(balancer))

    assert look.failure == "its certificate does not verify against the roots of balancers"
    assert (balancer.asked, roots.ca_pem) == ([], None)


async def test_a_certificate_for_another_name_is_refused(balancer: FakeInstance) -> None:
    record = {**balanced(balancer), "address": "dep-2.models.example.com"}
    async with probing(balancer, Names(["127.0.0.1"])) as probe:
        look = await probe.look(record)

    assert look.failure == "its certificate does not verify against the roots of balancers"
    assert balancer.asked == []


async def test_a_replica_that_will_be_taken_away_says_nothing_of_the_others(balancer: FakeInstance) -> None:
    balancer.interruption = {"action": "terminate", "time": "2026-01-02T03:04:05Z"}
    async with probing(balancer, Names(["127.0.0.1"])) as probe:
        look = await probe.look(balanced(balancer))

    assert look.serves
    assert look.interruption is None


async def test_another_placement_behind_the_name_is_noticed(balancer: FakeInstance) -> None:
    balancer.placement_id = "dep_01j0000000000000000000000b-1"
    async with probing(balancer, Names(["127.0.0.1"])) as probe:
        look = await probe.look(balanced(balancer))

    assert look.failure == "another placement answers at its address"


def test_a_file_without_certificates_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("nothing")

    with pytest.raises(UnusableAnswerError):
        read_roots(tmp_path / "roots.pem")


@pytest_asyncio.fixture
async def world(store: Store, instance: FakeInstance) -> AsyncIterator[World]:
    """A literal address, as a local balancer has; it is verified in the same way."""
    made = World(store, roots=roots_of(instance))
    made.launch(instance, replicas=REPLICAS, instance_id=GROUP)
    async with made.probe:
        yield made


async def test_until_a_machine_is_ready_it_starts_and_says_how_many_there_are(
    world: World, instance: FakeInstance
) -> None:
    instance.override["/_flowllama/status"] = answering(503)
    world.groups.says[GROUP] = CloudState(STANDING, detail="1 of 2 machines are launched, 1 in service")
    await world.after(0)
    waiting = await world.after(1)

    del instance.override["/_flowllama/status"]
    ready = await world.after(3)

    assert (waiting["status"], waiting["boot"]["detail"]) == (
        "starting",
        "1 of 2 machines are launched, 1 in service",
    )
    assert (ready["status"], ready["boot"]["phase"], ready["ca_pem"]) == ("healthy", "ready", instance.ca_pem)
    assert world.cloud.asked == [], "its group is asked about, not a machine"


async def test_a_certificate_that_nobody_can_verify_is_told_while_it_starts(
    store: Store, instance: FakeInstance
) -> None:
    world = World(store, roots=read_roots(None))
    world.launch(instance, replicas=REPLICAS, instance_id=GROUP)
    world.groups.says[GROUP] = CloudState(STANDING, detail="2 of 2 machines are launched, 2 in service")
    async with world.probe:
        await world.after(0)
        waiting = await world.after(1)

    assert waiting["status"] == "starting"
    assert waiting["boot"]["detail"] == (
        "2 of 2 machines are launched, 2 in service; "
        "its certificate does not verify against the roots of balancers"
    )


async def test_a_group_without_machines_is_unhealthy_and_one_that_is_deleted_terminated(
    world: World, instance: FakeInstance
) -> None:
    await world.after(0)
    await world.after(1)
    instance.override["/_flowllama/status"] = answering(503)
    world.groups.says[GROUP] = CloudState(STANDING, detail="0 of 2 machines are launched, 0 in service")
    for _ in range(4):
        silent = await world.after(31)

    world.groups.says[GROUP] = CloudState(DELETING)
    gone = await world.after(31)

    assert silent["status"] == "unhealthy"
    assert silent["detail"] == (
        "the balancer has no machine that is ready; 0 of 2 machines are launched, 0 in service"
    )
    assert (gone["status"], gone["watched"]) == ("terminated", False)

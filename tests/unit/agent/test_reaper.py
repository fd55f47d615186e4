"""The reaper: alert at once, terminate after half an hour, and never believe that the whole fleet is stray."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.agent.intents import Intents
from services.agent.placements import Placements
from services.agent.reaper import STRAYS, Reaper
from services.agent.resource import Place, Resource
from services.agent.store import COLLECTIONS
from services.chassis.errors import UnavailableError
from services.chassis.mongo import Store, declare
from tests.unit.agent.fakes import FakeCloud

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
REGION = "us-east-1"
TAGS = {"managed-by": "flowllama", "flowllama-environment": "test"}


class Fleet:
    """Machines with and without a record, and a clock to turn."""

    def __init__(self, store: Store) -> None:
        declare(store, COLLECTIONS)
        store["networks"].insert_one({"cloud": "aws", "account": "1", "region": REGION})
        self.store, self.cloud, self.now = store, FakeCloud(), NOW
        self.reaper = Reaper(
            Placements(store), Intents(store), {"aws": self.cloud}, "test", clock=lambda: self.now
        )

    def add(self, placement_id: str, state: str | None = "standing", environment: str = "test") -> str:
        if state is not None:
            record = {
                "_id": placement_id,
                "deployment_id": "dep_1",
                "command_id": "c",
                "number": 1,
                "cloud": "aws",
                "account": "1",
                "region": REGION,
                "tags": {},
                "state": state,
            }
            self.store["placements"].insert_one(record)
        tags = {
            "managed-by": "flowllama",
            "flowllama-environment": environment,
            "flowllama-placement": placement_id,
        }
        return self.cloud.create(REGION, "instance", tags, at=self.now)


@pytest.fixture
def fleet(store: Store) -> Fleet:
    it = Fleet(store)
    for number in range(20):
        it.add(f"dep_1-{number}")
    return it


def test_a_fleet_that_is_accounted_for_is_left_alone(fleet: Fleet) -> None:
    fleet.now += timedelta(days=1)

    assert fleet.reaper.look() == 0
    assert len(fleet.cloud.resources) == 20


def test_a_stray_is_reported_at_once_and_terminated_after_half_an_hour(fleet: Fleet) -> None:
    stray = fleet.add("dep_9-1", state=None)

    assert fleet.reaper.look() == 0
    assert STRAYS._value.get() == 1

    fleet.now += timedelta(minutes=29)
    assert fleet.reaper.look() == 0

    fleet.now += timedelta(minutes=2)
    assert fleet.reaper.look() == 1
    assert stray not in fleet.cloud.resources


def test_a_machine_whose_placement_was_proved_gone_is_a_stray(fleet: Fleet) -> None:
    stray = fleet.add("dep_9-1", state="destroyed")
    fleet.now += timedelta(hours=1)

    fleet.reaper.look()

    assert stray not in fleet.cloud.resources


def test_a_placement_that_is_still_being_removed_belongs_to_its_run(fleet: Fleet) -> None:
    fleet.add("dep_9-1", state="removing")
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 0


def test_more_than_a_tenth_of_the_fleet_is_not_believed(fleet: Fleet) -> None:
    for number in range(3):
        fleet.add(f"dep_9-{number}", state=None)
    fleet.now += timedelta(days=1)

    assert fleet.reaper.look() == 0
    assert len(fleet.cloud.resources) == 23


def test_another_environments_machines_are_not_ours_to_judge(fleet: Fleet) -> None:
    fleet.add("dep_9-1", state=None, environment="production")
    fleet.now += timedelta(days=1)

    assert fleet.reaper.look() == 0
    assert len(fleet.cloud.resources) == 21


def test_an_abandoned_placement_accounts_for_nothing(fleet: Fleet) -> None:
    late = fleet.add("dep_9-1", state="abandoned")
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 1
    assert late not in fleet.cloud.resources


def test_a_stray_group_goes_with_the_machines_it_keeps_young(fleet: Fleet) -> None:
    tags = {"managed-by": "flowllama", "flowllama-environment": "test", "flowllama-placement": "dep_9-1"}
    group = fleet.cloud.create(REGION, "scaling_group", tags, at=NOW)
    balancer = fleet.cloud.create(REGION, "load_balancer", tags, at=NOW)
    fleet.now += timedelta(hours=1)
    young = fleet.cloud.create(REGION, "instance", tags, at=fleet.now, attached_to=group)

    assert fleet.reaper.look() == 3

    assert {group, balancer, young}.isdisjoint(fleet.cloud.resources)


def test_what_costs_nothing_goes_along_with_a_stray_and_stays_with_the_others(fleet: Fleet) -> None:
    fleet.add("dep_9-1", state=None)
    stray, other = (
        fleet.cloud.create(REGION, "security_group", {"flowllama-placement": name}, at=NOW)
        for name in ("dep_9-1", "dep_1-1")
    )
    fleet.now += timedelta(hours=1)

    fleet.reaper.look()

    assert stray not in fleet.cloud.resources
    assert other in fleet.cloud.resources


def test_a_groups_machines_are_accounted_for_by_its_placement(fleet: Fleet) -> None:
    """Two placements of three machines each in a fleet of twenty are not a tenth of it by their number."""
    for name in ("dep_8-1", "dep_9-1"):
        tags = {"managed-by": "flowllama", "flowllama-environment": "test", "flowllama-placement": name}
        group = fleet.cloud.create(REGION, "scaling_group", tags, at=NOW)
        for _ in range(3):
            fleet.cloud.create(REGION, "instance", tags, at=NOW, attached_to=group)
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 8
    assert len(fleet.cloud.resources) == 20


def test_one_stray_is_believed_in_a_small_fleet_too(store: Store) -> None:
    fleet = Fleet(store)
    kept, stray = fleet.add("dep_1-1"), fleet.add("dep_9-1", state=None)
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 1
    assert kept in fleet.cloud.resources
    assert stray not in fleet.cloud.resources


def test_a_strays_name_goes_with_it(fleet: Fleet) -> None:
    """A run that was thought dead may have built all of it again after the end was proved."""
    fleet.add("dep_9-1", state="destroyed")
    balancer = {"dns_zone": "Z0123456789ABC", "domain": "models.example.com"}
    fleet.store["placements"].update_one({"_id": "dep_9-1"}, {"$set": {"spec": {"balancer": balancer}}})
    fleet.cloud.record("Z0123456789ABC", "dep-9-1.models.example.com")
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 1

    assert fleet.cloud.of_kind("dns_record") == []


def test_a_region_that_does_not_answer_keeps_no_stray_alive_elsewhere(fleet: Fleet) -> None:
    class Deaf(FakeCloud):
        def listed(self, place: Place, tags: Mapping[str, str], kinds: Collection[str]) -> Sequence[Resource]:
            raise UnavailableError("Google Cloud")

    fleet.store["networks"].insert_one({"cloud": "gcp", "account": "p", "region": "europe-west4"})
    fleet.reaper = Reaper(
        Placements(fleet.store),
        Intents(fleet.store),
        {"gcp": Deaf(), "aws": fleet.cloud},
        "test",
        clock=lambda: fleet.now,
    )
    stray = fleet.add("dep_9-1", state=None)
    fleet.store["networks"].insert_one({"cloud": "aws", "account": "1", "region": "eu-west-1"})
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 1
    assert stray not in fleet.cloud.resources


def test_a_stray_that_can_not_be_removed_keeps_no_other_alive(fleet: Fleet) -> None:
    class Unwilling(FakeCloud):
        def remove(self, place: Place, resources: Sequence[Resource]) -> None:
            if any(resource.id == kept for resource in resources):
                raise UnavailableError("no rights")
            super().remove(place, resources)

    cloud = Unwilling()
    fleet.reaper = Reaper(
        Placements(fleet.store), Intents(fleet.store), {"aws": cloud}, "test", clock=lambda: fleet.now
    )
    for number in range(20):
        cloud.create(REGION, "instance", {**TAGS, "flowllama-placement": f"dep_1-{number}"}, at=NOW)
    kept, gone = (
        cloud.create(REGION, "instance", {**TAGS, "flowllama-placement": name}, at=NOW)
        for name in ("dep_8-1", "dep_9-1")
    )
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 1
    assert (kept in cloud.resources, gone in cloud.resources) == (True, False)


def test_what_is_listed_in_every_region_is_one_placements_and_counted_once(store: Store) -> None:
    """Google's balancers are global, and are listed again with each region of the project."""

    class Global(FakeCloud):
        def listed(self, place: Place, tags: Mapping[str, str], kinds: Collection[str]) -> Sequence[Resource]:
            everywhere = [resource for where, resource in self.resources.values() if where == "global"]
            return [*super().listed(place, tags, kinds), *(r for r in everywhere if r.kind in kinds)]

    fleet, cloud = Fleet(store), Global()
    for region in ("europe-west4", "us-central1"):
        store["networks"].insert_one({"cloud": "gcp", "account": "p", "region": region})
    tags = {**TAGS, "flowllama-placement": "dep_9-1"}
    cloud.create("us-central1", "scaling_group", tags, at=NOW)
    cloud.create("global", "forwarding_rule", tags, at=NOW)
    fleet.reaper = Reaper(Placements(store), Intents(store), {"gcp": cloud}, "test", clock=lambda: fleet.now)
    fleet.now += timedelta(hours=1)

    assert fleet.reaper.look() == 2
    assert STRAYS._value.get() == 2
    assert cloud.resources == {}

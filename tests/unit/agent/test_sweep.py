"""Nothing is called gone before the cloud was seen empty twice in a row."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.vocabulary import Cloud
from services.agent import kinds, sweep
from services.agent.resource import Place, RecordName, Resource
from services.agent.states import States, has_resources, known_ids, state_key
from services.agent.sweep import Patience, Target
from services.agent.workspace import Workspaces
from services.chassis.errors import RetryError, UnavailableError
from tests.unit.agent.fakes import FakeBucket, FakeCloud

TAGS = {"flowllama-placement": "dep_1-1"}
HERE = Place("123456789012", "us-east-1")
KINDS = kinds.BALANCED[Cloud.AWS]


class Waits:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, []

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def patience(self, limit_s: float = 60) -> Patience:
        return Patience(10, limit_s, self.pause, lambda: self.now)


def test_an_empty_cloud_is_looked_at_twice_with_the_interval_between() -> None:
    cloud, waits = FakeCloud(), Waits()

    assert sweep.until_empty([Target(cloud, HERE, TAGS, KINDS)], waits.patience()) == 2
    assert cloud.looks == 2
    assert waits.pauses == [10]


def test_whatever_turns_up_between_two_looks_starts_the_count_again() -> None:
    cloud, waits = FakeCloud(), Waits()

    def late(seconds: float) -> None:
        waits.pause(seconds)
        if len(waits.pauses) == 1:
            cloud.create("us-east-1", "instance", TAGS)

    patience = Patience(10, 60, late, lambda: waits.now)

    assert sweep.until_empty([Target(cloud, HERE, TAGS, KINDS)], patience) == 2
    assert cloud.looks == 4
    assert cloud.resources == {}


def test_what_the_state_knows_is_kept() -> None:
    cloud, waits = FakeCloud(), Waits()
    known, _stray = cloud.create("us-east-1", "instance", TAGS), cloud.create("us-east-1", "instance", TAGS)

    sweep.until_empty([Target(cloud, HERE, TAGS, KINDS)], waits.patience(), keep={known})

    assert list(cloud.resources) == [known]


def test_what_is_attached_to_a_known_machine_belongs_to_it() -> None:
    """An apply that was stopped early knows the machine and has not yet read its disk."""
    cloud, waits = FakeCloud(), Waits()
    known = cloud.create("us-east-1", "instance", TAGS)
    cloud.resources["vol"] = ("us-east-1", Resource("volume", "vol", TAGS, attached_to=known))

    sweep.until_empty([Target(cloud, HERE, TAGS, KINDS)], waits.patience(), keep={known})

    assert list(cloud.resources) == [known, "vol"]


def test_a_known_groups_machines_and_their_disks_are_the_groups() -> None:
    """Terraform's state knows the group alone; a takeover must not end machines that serve."""
    cloud, waits = FakeCloud(), Waits()
    group, lost = (cloud.create("us-east-1", "scaling_group", TAGS) for _ in range(2))
    machine = cloud.create("us-east-1", "instance", TAGS, attached_to=group)
    disk = cloud.create("us-east-1", "volume", TAGS, attached_to=machine)
    stray = cloud.create("us-east-1", "instance", TAGS, attached_to=lost)

    sweep.until_empty([Target(cloud, HERE, TAGS, KINDS)], waits.patience(), keep={group})

    assert list(cloud.resources) == [group, machine, disk]
    assert stray not in cloud.resources


def test_machines_go_although_nobody_may_look_at_their_name() -> None:
    """A zone that the agent has no rights in, or a name service that is away."""

    class Nameless(FakeCloud):
        def records(self, place: Place, names: Sequence[RecordName]) -> Sequence[Resource]:
            raise UnavailableError("the name service")

    cloud = Nameless()
    cloud.create("us-east-1", "scaling_group", TAGS)
    target = Target(cloud, HERE, TAGS, KINDS, [RecordName("Z1", "dep-1.models.example.com")])

    with pytest.raises(UnavailableError):
        sweep.once([target])

    assert cloud.resources == {}


def test_what_will_not_go_is_put_off_and_not_forgotten() -> None:
    cloud, waits = FakeCloud(), Waits()
    cloud.stubborn.add(cloud.create("us-east-1", "instance", TAGS))

    with pytest.raises(RetryError, match="still lists 1 resources"):
        sweep.until_empty([Target(cloud, HERE, TAGS, KINDS)], waits.patience(limit_s=60))

    assert waits.now == 60


def test_a_takeover_copies_the_newest_older_state_once() -> None:
    bucket = FakeBucket()
    states = States(bucket, "bucket")
    bucket.objects = {state_key("dep_1-1", 3): b'{"serial": 3}', state_key("dep_1-1", 11): b'{"serial": 11}'}

    states.adopt("dep_1-1", 12)
    bucket.objects[state_key("dep_1-1", 11)] = b'{"serial": 99}'  # A late push of the run before.
    states.adopt("dep_1-1", 12)

    assert states.read("dep_1-1", 12) == {"serial": 11}


def test_a_state_of_a_later_run_is_never_taken() -> None:
    bucket = FakeBucket()
    bucket.objects = {state_key("dep_1-1", 9): b'{"serial": 9}'}

    States(bucket, "bucket").adopt("dep_1-1", 5)

    assert States(bucket, "bucket").read("dep_1-1", 5) is None


def test_every_text_of_a_managed_resource_counts_as_known() -> None:
    instance = {
        "id": "i-1",
        "root_block_device": [{"volume_id": "vol-1"}],
        "primary_network_interface_id": "eni-1",
    }
    state = {
        "resources": [
            {"mode": "managed", "instances": [{"attributes": instance}]},
            {"mode": "data", "instances": [{"attributes": {"id": "ami-1"}}]},
        ]
    }

    assert {"i-1", "vol-1", "eni-1"} <= known_ids(state)
    assert "ami-1" not in known_ids(state)
    assert has_resources(state)
    assert not has_resources({"resources": state["resources"][1:]})


def test_a_state_that_could_not_be_pushed_is_carried_to_the_next_run(tmp_path: Path) -> None:
    workspaces = Workspaces(tmp_path)
    workspaces.open("dep_1-1", 1).errored_state.write_text("the state")

    assert workspaces.open("dep_1-1", 2).errored_state.read_text() == "the state"
    assert not workspaces.open("dep_1-2", 2).errored_state.exists()

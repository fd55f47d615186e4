"""A destroy: everything goes, the cloud is seen empty twice, and only then is it said."""

import pytest

from contracts import messages as m
from services.chassis.errors import RetryError
from tests.unit.agent.fakes import killed
from tests.unit.agent.world import DEPLOYMENT, World, destroy, provision


@pytest.fixture
def standing(world: World) -> World:
    world.handle(provision())
    world.told()
    world.intend(generation=2, status="deleting")
    return world


def test_a_standing_machine_is_destroyed_and_the_proof_is_reported(standing: World) -> None:
    standing.handle(destroy())

    told = standing.told()
    assert (m.INSTANCE_REMOVED, f"{DEPLOYMENT}-1") in [(t, d.get("placement_id")) for t, d in told]
    assert told[-1][0] == m.DESTROYED
    assert told[-1][1]["sweeps"] == 2
    assert standing.cloud.resources == {}
    assert standing.placements()[0]["state"] == "destroyed"
    assert standing.bucket.objects == {}


def test_the_state_is_copied_to_the_key_of_the_new_epoch_first(standing: World) -> None:
    before = set(standing.bucket.objects)

    standing.handle(destroy())

    key = standing.terraform.destroys[0]["backend"]["key"]
    assert key not in before
    assert key == f"placements/{DEPLOYMENT}-1/{standing.run()['lease']['epoch']}.tfstate"


def test_what_the_state_does_not_know_is_found_by_its_tags(standing: World) -> None:
    standing.cloud.create("us-east-1", "instance", {"flowllama-deployment": DEPLOYMENT})

    standing.handle(destroy())

    assert standing.cloud.resources == {}


def test_a_cloud_that_lies_about_the_destroy_is_not_believed(standing: World) -> None:
    standing.terraform.destroy_lies = True
    standing.cloud.stubborn.update(standing.cloud.of_kind("instance"))

    with pytest.raises(RetryError, match="still lists"):
        standing.handle(destroy())

    assert m.DESTROYED not in standing.told_types()
    assert standing.placements()[0]["state"] == "removing"

    standing.cloud.stubborn.clear()
    standing.handle(destroy(nudge=1))

    assert standing.told_types()[-1] == m.DESTROYED


def test_a_destroy_that_was_carried_out_is_reported_again(standing: World) -> None:
    standing.handle(destroy())
    standing.told()

    standing.handle(destroy(nudge=1))

    assert standing.told_types() == [m.INSTANCE_REMOVED, m.DESTROYED]
    assert len(standing.terraform.destroys) == 1


def test_without_a_placement_the_connected_regions_are_looked_at(world: World) -> None:
    world.store["networks"].insert_one({"cloud": "aws", "account": "1", "region": "eu-west-1"})
    world.cloud.create("eu-west-1", "instance", {"flowllama-deployment": DEPLOYMENT})

    world.handle(destroy(generation=1))

    assert world.told_types() == [m.DESTROYED]
    assert world.cloud.resources == {}


def test_a_late_destroy_of_an_older_intent_takes_nothing_down(standing: World) -> None:
    standing.intend(generation=3)

    standing.handle(destroy(generation=2))

    assert standing.told() == []
    assert standing.cloud.of_kind("instance") != []


def test_a_crashed_provision_is_taken_down_with_what_it_never_wrote_down(world: World) -> None:
    world.terraform.script = [killed]
    with pytest.raises(Exception, match="status 137"):
        world.handle(provision())
    world.intend(generation=2, status="deleting")

    world.handle(destroy())

    assert world.cloud.resources == {}
    assert world.told_types()[-1] == m.DESTROYED

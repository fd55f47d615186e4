"""What a create records, refuses and remembers."""

import threading

import pytest
from marshmallow import ValidationError

from contracts import messages as m
from contracts.vocabulary import Tier
from services.chassis import sealing
from services.chassis.errors import ConflictError, InvalidError, NotFoundError
from services.deployments import model
from tests.unit.deployments.world import World


def test_the_record_keeps_verifiers_and_no_token(world: World) -> None:
    created = world.create(webhook={"url": "https://example.com/hook"})
    token, secret = created.credentials["token"], created.credentials["webhook_secret"]
    assert token is not None
    assert secret is not None

    stored = str(world.get(created.deployment["_id"]))

    assert sealing.verifier(token) in stored
    assert token not in stored
    assert secret not in stored


def test_health_learns_of_the_webhook_before_the_first_news(world: World) -> None:
    created = world.create(webhook={"url": "https://example.com/hook"})

    owed = world.owed(created.deployment["_id"])

    assert [message.type for message in owed] == [m.WEBHOOK_REGISTERED, m.STATUS_CHANGED, m.CREATE_REQUESTED]
    assert world.sealer.open(owed[0].data["secret_sealed"]) == created.credentials["webhook_secret"]


def test_without_a_list_only_the_callers_address_gets_in(world: World) -> None:
    assert world.create().deployment["exposure"] == {
        "kind": "allow_listed",
        "allow_cidrs": ["203.0.113.7/32"],
    }


@pytest.mark.parametrize(
    "cidr",
    ["0.0.0.0/0", "::/0", "0.0.0.0/1", "2600::/12", "224.0.0.0/8", "10.0.0.1/8", "203.0.113.7", "nonsense"],
)
def test_the_world_is_never_let_in(world: World, cidr: str) -> None:
    with pytest.raises(ValidationError):
        world.create(exposure={"kind": "allow_listed", "allow_cidrs": [cidr]})


def test_the_same_key_and_body_create_once_and_answer_the_same(world: World) -> None:
    first = world.create(key="k1", name="one")
    again = world.create(key="k1", name="one")

    assert again.deployment["_id"] == first.deployment["_id"]
    assert again.credentials == first.credentials
    assert len(world.deployments.live("usr_a")) == 1


def test_the_same_key_for_another_body_is_refused(world: World) -> None:
    world.create(key="k1", name="one")

    with pytest.raises(InvalidError):
        world.create(key="k1", name="two")


def test_keys_of_two_users_do_not_meet(world: World) -> None:
    first = world.create("usr_a", key="k1")
    second = world.create("usr_b", key="k1")

    assert first.deployment["_id"] != second.deployment["_id"]


def test_a_key_is_free_again_after_a_day(world: World) -> None:
    first = world.create(key="k1")
    world.later(hours=25)
    world.sweep.sweep()

    assert world.create(key="k1").deployment["_id"] != first.deployment["_id"]


def test_racing_creates_with_one_key_make_one_deployment(world: World) -> None:
    start, made = threading.Barrier(4), []

    def create() -> None:
        start.wait()
        made.append(world.create(key="k1").deployment["_id"])

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(made)) == 1
    assert len(world.deployments.live("usr_a")) == 1


def test_what_pricing_refuses_is_not_recorded(world: World) -> None:
    world.pricing.refusal = "no such model"

    with pytest.raises(InvalidError, match="no such model"):
        world.create()

    assert len(world.deployments.live("usr_a")) == 0


def test_the_live_cap_of_a_tier_holds(world: World) -> None:
    for _ in range(model.LIVE_CAP[Tier.FREE]):
        world.create()

    with pytest.raises(ConflictError, match="limit of the free tier"):
        world.create()


def test_replicas_count_against_the_live_cap_at_their_most(world: World) -> None:
    balanced = {"exposure": {"kind": "load_balanced", "allow_cidrs": ["203.0.113.0/24"]}}
    world.create(**balanced, replicas={"min": 1, "max": 16})

    with pytest.raises(
        ConflictError, match="16 machines, and the limit of the free tier is 20; ask for at most 4"
    ):
        world.create(**balanced, replicas={"min": 1, "max": 5})
    world.create(**balanced, replicas={"min": 4, "max": 4})
    with pytest.raises(ConflictError, match="20 machines, and the limit of the free tier is 20; delete one"):
        world.create()


def test_a_strangers_deployment_does_not_exist(world: World) -> None:
    created = world.create("usr_a")

    with pytest.raises(NotFoundError):
        world.delete(created.deployment["_id"], "usr_b")


def test_deleting_twice_is_one_deletion(world: World) -> None:
    created = world.create()
    first = world.delete(created.deployment["_id"])

    assert world.delete(created.deployment["_id"])["version"] == first["version"]

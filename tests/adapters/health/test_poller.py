"""The poller over the real store and real TLS servers; time is turned by hand."""

from contracts import messages as m
from services.health import handlers
from services.health.model import CloudState
from tests.adapters.health.instance import FakeInstance, answering, hanging
from tests.adapters.health.world import INSTANCE_ID, RUNNING, World, healthy
from tests.unit.health.builders import launched, pending, removed


async def test_a_new_instance_is_followed_to_healthy(world: World, instance: FakeInstance) -> None:
    instance.phase = {"phase": "pulling", "progress_pct": 43}
    world.launch(instance)
    await world.after(0)

    pulling = await world.after(1)
    instance.phase = {"phase": "ready", "progress_pct": 100}
    ready = await world.after(2.1)

    assert (pulling["status"], pulling["boot"]["progress_pct"]) == ("starting", 43)
    assert (ready["status"], ready["boot"]["phase"]) == ("healthy", "ready")
    ((kind, data),) = pending(ready)
    assert (kind, data["ca_pem"]) == (m.INSTANCE_HEALTHY, instance.ca_pem)


async def test_a_running_instance_is_polled_every_interval_and_probed_once(
    world: World, instance: FakeInstance
) -> None:
    await healthy(world, instance)
    instance.asked.clear()

    await world.after(10)
    assert instance.asked == []
    await world.after(20)

    assert instance.asked == ["GET /_flowllama/status", "GET /api/tags"]
    assert world.told() == ["healthy: model_answers"]


async def test_polls_without_news_write_nothing_but_the_touch(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    before = await world.after(0)

    for _ in range(3):
        after = await world.after(30.5)
    await world.poller.touch()

    touched = await world.after(0)
    assert after["version"] == before["version"]
    assert (touched["version"], touched["last_poll_at"]) == (before["version"], world.clock.now)


async def test_a_boot_that_fails_is_told_with_its_detail(world: World, instance: FakeInstance) -> None:
    instance.phase = {"phase": "failed", "detail": "the checksum of ollama is wrong"}
    world.launch(instance)
    await world.after(0)

    record = await world.after(1)

    assert (record["status"], record["detail"]) == ("unhealthy", "the checksum of ollama is wrong")
    assert world.told() == ["unhealthy: boot_failed"]


async def test_a_hang_is_told_within_seconds_of_the_first_failure(
    world: World, instance: FakeInstance
) -> None:
    await healthy(world, instance)
    instance.override["/_flowllama/status"] = hanging

    await world.after(30.5)
    await world.after(2.1)
    assert world.told() == ["healthy: model_answers"]
    record = await world.after(2.1)

    assert (record["status"], record["detail"]) == ("unhealthy", "no answer in time")
    assert world.told() == ["healthy: model_answers", "unhealthy: probes_fail"]


async def test_a_recovery_is_told(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    instance.override["/_flowllama/status"] = answering(503)
    for seconds in (30.5, 2.1, 2.1):
        await world.after(seconds)

    instance.override.clear()
    await world.after(10)
    await world.after(2.1)

    assert world.told() == ["healthy: model_answers", "unhealthy: probes_fail", "healthy: model_answers"]


async def test_flapping_tells_nothing(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)

    for _ in range(5):
        instance.override["/api/tags"] = answering(500)
        await world.after(30.5)
        await world.after(2.1)
        instance.override.clear()
        await world.after(2.1)

    assert world.told() == ["healthy: model_answers"]


async def test_a_killed_instance_is_found_at_the_first_failed_poll(
    world: World, instance: FakeInstance
) -> None:
    await healthy(world, instance)
    await instance.stop()
    world.cloud.says[INSTANCE_ID] = CloudState("shutting-down")

    record = await world.after(30.5)

    assert (record["status"], record["watched"]) == ("terminated", False)
    assert world.told() == ["healthy: model_answers", "terminated: instance_terminated"]


async def test_a_terminated_instance_is_polled_no_more(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    instance.override["/_flowllama/status"] = answering(503)
    world.cloud.says[INSTANCE_ID] = CloudState("terminated")
    await world.after(30.5)
    instance.asked.clear()

    for _ in range(5):
        await world.after(30.5)

    assert instance.asked == []


async def test_an_announced_interruption_is_the_reason(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    instance.interruption = {"action": "terminate", "time": "2026-01-02T03:04:05Z"}
    assert (await world.after(30.5))["interruption"] == instance.interruption

    await instance.stop()
    world.cloud.says[INSTANCE_ID] = CloudState("terminated")
    await world.after(30.5)

    assert world.told()[-1] == "terminated: spot_interrupted"


async def test_the_clouds_own_word_for_spot_is_the_reason_too(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    await instance.stop()
    world.cloud.says[INSTANCE_ID] = CloudState("terminated", by_spot=True)

    await world.after(30.5)

    assert world.told()[-1] == "terminated: spot_interrupted"


async def test_an_instance_that_dies_while_starting_is_found(world: World, instance: FakeInstance) -> None:
    await instance.stop()
    world.launch(instance)
    world.cloud.says[INSTANCE_ID] = CloudState("terminated")
    await world.after(0)

    await world.after(1)

    assert world.told() == ["terminated: instance_terminated"]


async def test_absence_counts_only_twice_and_not_for_a_new_instance(
    world: World, instance: FakeInstance
) -> None:
    await instance.stop()
    world.launch(instance)
    await world.after(0)
    for _ in range(5):
        await world.after(6)
    assert world.told() == []

    await world.after(31)
    assert world.told() == []
    await world.after(6)

    assert world.told() == ["terminated: instance_terminated"]


async def test_a_cloud_that_does_not_answer_says_nothing(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    await instance.stop()
    world.cloud.is_down = True

    for seconds in (90, 6, 6, 20, 20):
        record = await world.after(seconds)

    assert (record["status"], record["reason"]) == ("unhealthy", "probes_fail")


async def test_one_silent_instance_is_asked_about_every_few_seconds(
    world: World, instance: FakeInstance
) -> None:
    await instance.stop()
    world.launch(instance)
    world.cloud.says[INSTANCE_ID] = RUNNING
    await world.after(0)

    for _ in range(10):
        await world.after(2.1)

    assert 3 <= len(world.cloud.asked) <= 5


async def test_a_removed_instance_is_left_alone(world: World, instance: FakeInstance) -> None:
    await healthy(world, instance)
    handlers.instance_removed(removed(), ports=world.ports)
    instance.asked.clear()

    await world.after(31)
    await world.after(31)

    assert instance.asked == []
    assert world.told() == ["healthy: model_answers"]


async def test_a_launch_told_again_during_a_poll_loses_no_report(
    world: World, instance: FakeInstance
) -> None:
    world.launch(instance)
    await world.after(0)
    told_again = launched(address=instance.address, port=instance.port)

    async def meanwhile(_: object) -> object:
        handlers.instance_launched(told_again, ports=world.ports)
        instance.override.clear()
        return await answering(body=b'{"done":true,"eval_count":1}')(None)  # type: ignore[arg-type]  # It is not read.

    instance.override["/api/generate"] = meanwhile  # type: ignore[assignment]  # As loose as the handler.
    await world.after(1)
    record = await world.after(2.1)

    assert record["status"] == "healthy"
    assert world.told() == ["healthy: model_answers"]

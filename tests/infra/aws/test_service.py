"""A service's container can write nowhere but in its own volumes, comes and goes by turns, and is as many as it has to do."""

import json
from dataclasses import replace
from typing import Any

import pytest

from infra.cdktf.processes import AGENT, AUTH, HEALTH, Process
from tests.infra.aws.conftest import Build, Synthesised

IMAGE = f"registry.example.com/flowllama@sha256:{'0' * 64}"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:flowllama-test/mongodb-uri-abcdef"
ROLE = "arn:aws:iam::123456789012:role/flowllama/services/test"


def service(build: Build, process: Process, **changes: Any) -> Synthesised:
    from infra.cdktf.constructs.aws.service import Service, ServiceProps
    from infra.cdktf.constructs.aws.service_scaling import Scale

    props = ServiceProps(
        process=process,
        name="flowllama-test",
        cluster_name="flowllama-test",
        cluster_arn="arn:aws:ecs:us-east-1:123456789012:cluster/flowllama-test",
        image=IMAGE,
        environment={"LOG_LEVEL": "INFO"},
        secrets={"MONGODB_URI": SECRET},
        start_role_arn=ROLE,
        task_role_arn=None,
        permissions=(),
        region="us-east-1",
        log_group=f"/flowllama-services/test/{process.service}",
        subnets=("subnet-1", "subnet-2"),
        group_ids=("sg-1",),
        namespace_id=None,
        scale=Scale(least=1, most=4),
    )
    return build(lambda stack: Service(stack, "service", replace(props, **changes)))


@pytest.fixture(scope="module")
def auth(build: Build) -> Synthesised:
    return service(build, AUTH)


def container(made: Synthesised) -> dict[str, Any]:
    (only,) = json.loads(made.only("aws_ecs_task_definition")["container_definitions"])
    assert isinstance(only, dict)
    return only


def test_it_runs_as_nobody_and_writes_only_where_it_has_a_volume(auth: Synthesised) -> None:
    only, task = container(auth), auth.only("aws_ecs_task_definition")

    assert only["user"] == "10001:10001"
    assert only["readonlyRootFilesystem"] is True
    assert only["privileged"] is False
    # ECS answers with both lists, and Terraform compares word for word: without the empty one each plan rolls every task.
    assert only["linuxParameters"]["capabilities"] == {"add": [], "drop": ["ALL"]}
    mounts = {mount["sourceVolume"]: mount["containerPath"] for mount in only["mountPoints"]}
    assert {volume["name"] for volume in task["volume"]} == set(mounts) == {"tmp", "work"}
    given = {entry["name"]: entry["value"] for entry in only["environment"]}
    assert (given["HOME"], given["TMPDIR"]) == (mounts["work"], mounts["tmp"])


def test_the_image_is_the_one_of_the_digest_and_the_command_the_process_s(auth: Synthesised) -> None:
    assert container(auth)["image"] == IMAGE
    assert container(auth)["command"] == ["python", "-m", "services.auth", "api"]
    task = auth.only("aws_ecs_task_definition")
    assert (task["cpu"], task["memory"], task["network_mode"]) == ("512", "1024", "awsvpc")


def test_secrets_come_by_their_arn(auth: Synthesised) -> None:
    assert container(auth)["secrets"] == [{"name": "MONGODB_URI", "valueFrom": SECRET}]


def test_lines_go_to_the_log_group_of_the_service(auth: Synthesised) -> None:
    lines = container(auth)["logConfiguration"]

    assert lines["logDriver"] == "awslogs"
    assert lines["options"]["awslogs-group"] == "/flowllama-services/test/auth"
    assert lines["options"]["awslogs-stream-prefix"] == "auth"
    assert lines["options"]["mode"] == "non-blocking"


@pytest.mark.parametrize("process", [AUTH, AGENT])
def test_it_may_finish_what_it_does_before_it_is_killed(build: Build, process: Process) -> None:
    patience = container(service(build, process))["stopTimeout"]

    assert process.drain_s < patience <= 120, "Fargate waits two minutes at the longest"


def test_it_is_looked_at_where_it_says_that_it_lives(auth: Synthesised) -> None:
    check = container(auth)["healthCheck"]

    assert check["command"][:3] == ["CMD", "python", "-c"]
    assert "http://127.0.0.1:8081/healthz" in check["command"][3]
    compile(check["command"][3], "check", "exec")


def test_a_new_image_that_does_not_come_up_is_taken_back(auth: Synthesised) -> None:
    made = auth.only("aws_ecs_service")

    assert made["deployment_circuit_breaker"] == {"enable": True, "rollback": True}
    assert made["deployment_minimum_healthy_percent"] == 100
    assert made["deployment_maximum_percent"] == 200
    assert made["enable_execute_command"] is False


def test_it_has_no_public_address(auth: Synthesised) -> None:
    network = auth.only("aws_ecs_service")["network_configuration"]

    assert network["assign_public_ip"] is False
    assert network["subnets"] == ["subnet-1", "subnet-2"]
    assert network["security_groups"] == ["sg-1"]


def test_who_is_called_is_found_by_address_and_by_port(build: Build) -> None:
    made = service(build, AUTH, namespace_id="ns-1")

    name = made.only("aws_service_discovery_service")
    assert [record["type"] for record in name["dns_config"]["dns_records"]] == ["A", "SRV"]
    assert name["force_destroy"] is True, "a task that has just ended is registered still"
    registered = made.only("aws_ecs_service")["service_registries"]
    assert (registered["container_name"], registered["container_port"]) == ("auth", 8081)


def test_how_many_there_are_is_the_scaling_s_word(auth: Synthesised) -> None:
    assert auth.only("aws_ecs_service")["lifecycle"] == {"ignore_changes": ["desired_count"]}
    target = auth.only("aws_appautoscaling_target")
    assert (target["min_capacity"], target["max_capacity"]) == (1, 4)


def test_without_queues_cpu_decides(auth: Synthesised) -> None:
    tracked = auth.only("aws_appautoscaling_policy")["target_tracking_scaling_policy_configuration"]

    assert tracked["target_value"] == 60
    assert tracked["predefined_metric_specification"] == {
        "predefined_metric_type": "ECSServiceAverageCPUUtilization"
    }


def test_with_queues_what_waits_for_each_task_decides(build: Build) -> None:
    from infra.cdktf.constructs.aws.service_scaling import Scale

    made = service(build, HEALTH, scale=Scale(least=1, most=4, queues=("a.fifo", "b.fifo"), backlog=100))
    tracked = made.only("aws_appautoscaling_policy")["target_tracking_scaling_policy_configuration"]
    metrics = {one["id"]: one for one in tracked["customized_metric_specification"]["metrics"]}

    assert tracked["target_value"] == 100
    assert metrics["backlog"]["expression"] == "(m0 + m1) / IF(tasks > 0, tasks, 1)"
    assert [one["id"] for one in metrics.values() if one["return_data"]] == ["backlog"]
    waiting = metrics["m1"]["metric_stat"]["metric"]
    assert waiting["metric_name"] == "ApproximateNumberOfMessagesVisible"
    assert waiting["dimensions"] == [{"name": "QueueName", "value": "b.fifo"}]
    running = metrics["tasks"]["metric_stat"]["metric"]
    assert (running["namespace"], running["metric_name"]) == ("ECS/ContainerInsights", "RunningTaskCount")

"""A stack spec is checked once more before it becomes infrastructure."""

from decimal import Decimal
from typing import Any

import pytest
from marshmallow import ValidationError

from contracts.stack_model import DeploymentSpec, ModelAccess, NetworkSpec, PlatformSpec, Replica
from contracts.stack_spec import load_stack_spec
from contracts.vocabulary import Exposure, GpuKind
from infra.cdktf import samples


def refused(raw: Any) -> Any:
    with pytest.raises(ValidationError) as caught:
        load_stack_spec(raw)
    return caught.value.messages


def test_a_network_comes_back_typed_with_the_private_ranges_as_its_supernets() -> None:
    spec = load_stack_spec(samples.network())

    assert isinstance(spec, NetworkSpec)
    assert spec.zones == ("us-east-1a", "us-east-1b")
    assert spec.supernets == ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


def test_a_deployment_comes_back_typed() -> None:
    spec = load_stack_spec(samples.deployment())

    assert isinstance(spec, DeploymentSpec)
    assert spec.spot_max_usd == Decimal("0.61")
    assert spec.machine.gpu_kind is GpuKind.A10G
    assert spec.exposure.kind is Exposure.ALLOW_LISTED


@pytest.mark.parametrize("missing", sorted(set(samples.deployment()) - {"tags", "provider", "kind"}))
def test_every_field_of_a_deployment_without_a_default_is_required(missing: str) -> None:
    raw = samples.deployment()
    del raw[missing]

    assert missing in refused(raw)


def test_unknown_fields_are_refused_at_every_depth() -> None:
    assert "colour" in refused(samples.network(colour="red"))
    model = samples.deployment()["model"] | {"colour": "red"}
    assert "colour" in refused(samples.deployment(model=model))["model"]


@pytest.mark.parametrize("raw", [None, [], "network", 7, {}, {"kind": "platform"}, {"kind": ["network"]}])
def test_what_is_no_spec_is_refused(raw: Any) -> None:
    assert refused(raw)


@pytest.mark.parametrize(
    "tag", ["llama3.2", "llama3.2:1b", "user/model_x:Q4_K_M", "hf.co/Org/Model-GGUF:Q4_K_M"]
)
def test_real_model_tags_pass(tag: str) -> None:
    load_stack_spec(samples.deployment(model=samples.deployment()["model"] | {"tag": tag}))


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "x;curl evil",
        "$(id)",
        '${file("/etc/passwd")}',
        "%{for x in y}",
        "llama3.2\n",
        "llama3.2:1b\nX: y",
        "evil.host/m",
        "evil.host:80/a/b",
        "a/b/c",
        "../x",
        "-rf",
        "LLAMA",
        "hf.co/a/b",
        "hf.co/../b:Q4",
        "hf.co/a/b:Q4\n",
        "a" * 65,
        "m:" + "a" * 65,
    ],
)
def test_hostile_model_tags_are_refused(tag: str) -> None:
    assert "tag" in refused(samples.deployment(model=samples.deployment()["model"] | {"tag": tag}))["model"]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "2000::/3"])
@pytest.mark.parametrize("where", ["allow_cidrs", "service_cidrs"])
def test_no_list_opens_the_world(where: str, cidr: str) -> None:
    exposure = samples.deployment()["exposure"] | {where: ["198.51.100.0/24", cidr]}

    assert list(refused(samples.deployment(exposure=exposure))["exposure"][where]) == [1]


@pytest.mark.parametrize(
    "cidr", ["203.0.113.7", "203.0.113.7/33", "203.0.113.7/24", "x/8", "1.2.3/24", 7, None]
)
def test_only_exact_networks_are_networks(cidr: Any) -> None:
    exposure = samples.deployment()["exposure"] | {"allow_cidrs": [cidr]}

    assert "allow_cidrs" in refused(samples.deployment(exposure=exposure))["exposure"]


def test_an_allow_list_is_a_list_of_somebody() -> None:
    exposure = samples.deployment()["exposure"] | {"allow_cidrs": []}

    assert "allow_cidrs" in refused(samples.deployment(exposure=exposure))["exposure"]
    load_stack_spec(samples.deployment(exposure=exposure | {"kind": "private"}))


@pytest.mark.parametrize("cidr", ["127.77.0.0/16", "8.8.0.0/16", "10.0.0.0/8", "10.0.0.0/25", "fd00::/16"])
def test_a_vpc_lies_inside_the_supernets_and_has_a_usable_size(cidr: str) -> None:
    assert "cidr" in refused(samples.network(cidr=cidr))


def test_the_loopback_network_is_an_opt_in() -> None:
    load_stack_spec(samples.network(cidr="127.77.0.0/16", supernets=["127.77.0.0/16"]))


@pytest.mark.parametrize("version", ["0.17.0", "0.9.9", "v0.32.9", "0.32", "latest", "0.32.9\n", ""])
def test_an_old_or_vague_ollama_is_refused(version: str) -> None:
    ollama = samples.deployment()["ollama"] | {"version": version}

    assert "version" in refused(samples.deployment(ollama=ollama))["ollama"]


def test_an_empty_checksum_is_refused() -> None:
    assert "sha256" in refused(samples.deployment(ollama={"version": "0.32.9", "sha256": ""}))["ollama"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("context_size", 255),
        ("context_size", 10_485_761),
        ("context_size", "8192"),
        ("context_size", 8192.5),
        ("parallel", 0),
        ("parallel", 65),
        ("kv_type", "q5_1"),
        ("digest", "latest"),
    ],
)
def test_model_settings_stay_in_range(field: str, value: Any) -> None:
    assert field in refused(samples.deployment(model=samples.deployment()["model"] | {field: value}))["model"]


@pytest.mark.parametrize(
    "changes",
    [
        {"placement_id": "dep_01k00000000000000000000001-1"},
        {"zone": "eu-west-1a"},
        {"spot": False},
        {"spot": "yes"},
        {"spot_max_usd": "0"},
        {"spot_max_usd": "NaN"},
        {"account": "12345"},
        {"account": "123456789012\n"},
        {"subnet_id": "subnet-x"},
        {"instance_profile": "a/b"},
        {"tokens": {"user_sha256": "a" * 64, "health_sha256": "a" * 64}},
        {"tokens": {"user_sha256": "A" * 64, "health_sha256": "b" * 64}},
        {"version": 2},
        {"cloud": "gcp"},
        {"tags": {"flowllama-deployment": "another's"}},
        {"tags": {"aws:x": "y"}},
        {"tags": {"team": "a\nb"}},
        {"provider": {"max_retries": 0}},
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any]) -> None:
    assert refused(samples.deployment(**changes))


def test_a_gpu_kind_and_a_gpu_count_come_together() -> None:
    machine = samples.deployment()["machine"]

    assert refused(samples.deployment(machine=machine | {"gpu_count": 0}))
    assert refused(samples.deployment(machine=machine | {"gpu_kind": None}))
    load_stack_spec(samples.deployment(machine=machine | {"gpu_kind": None, "gpu_count": 0}))


@pytest.mark.parametrize(
    "key", ["/abs.tfstate", "a/../b.tfstate", "a//b.tfstate", "a.json", "a.tfstate\n", "${x}.tfstate"]
)
def test_a_state_key_is_a_plain_path(key: str) -> None:
    assert "key" in refused(samples.network(backend=samples.network()["backend"] | {"key": key}))["backend"]


def test_a_platform_comes_back_typed_with_a_key_of_its_own_and_no_copy() -> None:
    raw = samples.platform()
    for optional in ("replica", "customer_key", "log_retention_days", "alarm_emails"):
        del raw[optional]
    spec = load_stack_spec(raw)

    assert isinstance(spec, PlatformSpec)
    assert (spec.customer_key, spec.replica, spec.log_retention_days) == (True, None, 30)
    assert spec.alarm_emails == ()
    full = load_stack_spec(samples.platform())
    assert isinstance(full, PlatformSpec)
    assert full.replica == Replica("flowllama-sample-models-123456789012-us-west-2", "us-west-2")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_bucket", "models.example.com"),
        ("model_bucket", "m${x}"),
        ("log_retention_days", 31),
        ("alarm_emails", ["no address"]),
        ("alarm_emails", ["${x}@example.com"]),
        ("alarm_emails", ["a@example.com", "a@example.com"]),
        ("customer_key", "yes"),
        ("replica", {"bucket": "models-copy", "region": "us-east-1"}),
        ("replica", {"bucket": samples.platform()["model_bucket"], "region": "us-west-2"}),
    ],
)
def test_a_platform_that_could_not_be_built_is_refused(field: str, value: Any) -> None:
    assert field in refused(samples.platform(**{field: value}))


def test_a_network_forwards_spot_warnings_only_out_of_another_region() -> None:
    bus = "arn:aws:events:{}:123456789012:event-bus/default"

    forwarding = load_stack_spec(samples.network(notices_bus=bus.format("eu-west-1")))
    assert isinstance(forwarding, NetworkSpec)
    assert forwarding.notices_bus == bus.format("eu-west-1")
    for wrong in (bus.format("us-east-1"), "default", bus.format("eu-west-1") + "\n"):
        with pytest.raises(ValidationError) as caught:
            load_stack_spec(samples.network(notices_bus=wrong))
        assert "notices_bus" in caught.value.messages


def test_a_network_shares_models_only_where_a_bucket_is_named() -> None:
    alone = load_stack_spec(samples.network())
    assert isinstance(alone, NetworkSpec)
    assert alone.models is None

    sharing = load_stack_spec(samples.network(models={"bucket": "models-of-all"}))
    assert isinstance(sharing, NetworkSpec)
    assert sharing.models == ModelAccess("models-of-all", None)
    wrong = {"bucket": "models-of-all", "key_arn": "arn:aws:kms:us-east-1:123456789012:alias/mine"}
    assert "key_arn" in refused(samples.network(models=wrong))["models"]

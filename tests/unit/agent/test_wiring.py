"""What the agent is put together from: its message table, its mirror, its place names, its settings."""

import json
from pathlib import Path

import pytest

from contracts import messages as m
from contracts.topology import messages_received_by
from contracts.vocabulary import Cloud
from services.agent import clouds, network, provider_mirror
from services.agent.handlers import HANDLERS, on_dead_letter
from services.agent.settings import GOOGLE_CREDENTIALS, TerraformSettings, build_worker
from services.chassis import config
from services.chassis.errors import InvalidError
from tests.unit.agent.world import World, provision


def test_every_message_for_the_agent_has_its_handler() -> None:
    assert set(HANDLERS) == messages_received_by("agent")


def test_a_dead_letter_is_reported_although_no_run_ever_began(world: World) -> None:
    on_dead_letter(provision(), "failed 3 times", ports=world.ports)

    ((type_, data),) = world.told()
    assert type_ == m.FAILED
    assert data["reason"] == "command_dead_lettered"
    assert "failed 3 times" in data["detail"]


def test_a_mirror_on_disk_is_used_for_its_provider_and_the_registry_for_the_rest(tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"

    file = provider_mirror.write_cli_config(_settings(tmp_path / "work", str(mirror)))

    assert f'path    = "{mirror}"' in file.read_text()
    assert "direct {" in file.read_text()


def test_without_a_mirror_the_registry_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_mirror, "_usual_places", lambda: iter([tmp_path]))

    file = provider_mirror.write_cli_config(_settings(tmp_path / "work", ""))

    assert "filesystem_mirror" not in file.read_text()


def test_a_mirror_is_known_by_the_provider_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b" / provider_mirror.AWS).mkdir(parents=True)
    monkeypatch.setattr(provider_mirror, "_usual_places", lambda: iter([tmp_path / "a", tmp_path / "b"]))

    assert provider_mirror.find("") == tmp_path / "b"


@pytest.mark.parametrize("place", ["us-east-1", "azure:westeurope", "aws:", ""])
def test_a_network_is_built_only_in_a_place_we_know(place: str) -> None:
    with pytest.raises(InvalidError):
        network.parse_place(place)


def test_a_mirror_that_has_googles_provider_is_used_for_it_too(tmp_path: Path) -> None:
    (tmp_path / "mirror" / provider_mirror.GOOGLE).mkdir(parents=True)

    file = provider_mirror.write_cli_config(_settings(tmp_path / "work", str(tmp_path / "mirror")))

    assert file.read_text().count("hashicorp/google") == 2


def test_both_clouds_have_networks() -> None:
    assert network.parse_place("gcp:europe-west1") == (Cloud.GCP, "europe-west1")


@pytest.fixture
def _required(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AGENT_CLIENT_SECRET", "FLOWLLAMA_SEALING_KEYS", "MONGODB_URI", "STATE_BUCKET"):
        monkeypatch.setenv(name, "x")
    for name in ("AGENT_CLOUDS", GOOGLE_CREDENTIALS):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_required")
@pytest.mark.parametrize(
    ("set_", "clouds"),
    [
        ({}, {Cloud.AWS}),
        ({GOOGLE_CREDENTIALS: "key.json"}, {Cloud.AWS, Cloud.GCP}),
        ({GOOGLE_CREDENTIALS: "key.json", "AGENT_CLOUDS": "aws"}, {Cloud.AWS}),
        ({"AGENT_CLOUDS": "gcp"}, {Cloud.GCP}),
    ],
)
def test_the_agent_builds_in_the_clouds_that_it_is_given(
    monkeypatch: pytest.MonkeyPatch, set_: dict[str, str], clouds: set[Cloud]
) -> None:
    for name, value in set_.items():
        monkeypatch.setenv(name, value)

    assert config.read(build_worker).clouds == clouds


@pytest.mark.usefixtures("_required")
def test_a_cloud_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_CLOUDS", "aws,azure")

    with pytest.raises(SystemExit):
        config.read(build_worker)


def test_a_cloud_without_credentials_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(GOOGLE_CREDENTIALS, str(tmp_path / "no-such-key.json"))
    monkeypatch.setattr("boto3.session.Session.get_credentials", lambda _: None)

    for cloud, said in ((Cloud.GCP, "gcp.*no-such-key.json"), (Cloud.AWS, "aws.*no credentials")):
        with pytest.raises(InvalidError, match=said):
            clouds.connect([cloud])


def test_what_is_there_is_connected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    user = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "t"}
    key.write_text(json.dumps(user))
    monkeypatch.setenv(GOOGLE_CREDENTIALS, str(key))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "flowllama-test")
    monkeypatch.setattr("boto3.session.Session.get_credentials", lambda _: object())

    assert clouds.connect([Cloud.GCP, Cloud.AWS]).keys() == {"aws", "gcp"}


def test_our_secrets_are_not_passed_on_to_terraform(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"AGENT_CLIENT_SECRET": "s", "FLOWLLAMA_SEALING_KEYS": "k", "MONGODB_URI": "mongodb://u:p@h"}
    for name, value in {
        **secrets,
        "STATE_BUCKET": "b",
        "AWS_REGION": "us-east-1",
        GOOGLE_CREDENTIALS: "key.json",
    }.items():
        monkeypatch.setenv(name, value)

    settings = config.read(build_worker)

    assert settings.terraform.environment["AWS_REGION"] == "us-east-1"
    assert settings.terraform.environment[GOOGLE_CREDENTIALS] == "key.json"
    assert not secrets.keys() & settings.terraform.environment.keys()
    assert "client_secret" not in repr(settings)


def _settings(work_dir: Path, mirror: str) -> TerraformSettings:
    return TerraformSettings("terraform", work_dir, mirror, 60, {})

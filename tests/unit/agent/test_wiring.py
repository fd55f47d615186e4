"""What the agent is put together from: its message table, its mirror, its place names, its settings."""

from pathlib import Path

import pytest

from contracts import messages as m
from contracts.topology import messages_received_by
from services.agent import network, provider_mirror
from services.agent.handlers import HANDLERS, on_dead_letter
from services.agent.settings import TerraformSettings, build_worker
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
    (tmp_path / "b" / provider_mirror.PROVIDER).mkdir(parents=True)
    monkeypatch.setattr(provider_mirror, "_usual_places", lambda: iter([tmp_path / "a", tmp_path / "b"]))

    assert provider_mirror.find("") == tmp_path / "b"


@pytest.mark.parametrize("place", ["us-east-1", "gcp:europe-west1", "aws:", ""])
def test_a_network_is_built_only_in_a_place_we_know(place: str) -> None:
    with pytest.raises(InvalidError):
        network.region_of(place)


def test_our_secrets_are_not_passed_on_to_terraform(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"AGENT_CLIENT_SECRET": "s", "FLOWLLAMA_SEALING_KEYS": "k", "MONGODB_URI": "mongodb://u:p@h"}
    for name, value in {**secrets, "STATE_BUCKET": "b", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)

    settings = config.read(build_worker)

    assert settings.terraform.environment["AWS_REGION"] == "us-east-1"
    assert not secrets.keys() & settings.terraform.environment.keys()
    assert "client_secret" not in repr(settings)


def _settings(work_dir: Path, mirror: str) -> TerraformSettings:
    return TerraformSettings("terraform", work_dir, mirror, 60, {})

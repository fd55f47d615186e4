"""The process as it is composed: everything that must run is among its tasks, and its settings are checked."""

import pytest
from cryptography.fernet import Fernet

from services.chassis import config
from services.chassis.mongo import Store
from services.health import __main__ as root
from services.health.settings import Settings, build


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, store: Store, store_uri: str) -> Settings:
    monkeypatch.setenv("MONGODB_URI", store_uri)
    monkeypatch.setenv("MONGODB_DATABASE", store.name)
    monkeypatch.setenv("QUEUE_BROKER", "memory")
    monkeypatch.setenv("FLOWLLAMA_SEALING_KEYS", Fernet.generate_key().decode())
    return config.read(build)


def test_defaults_admit_no_network_that_production_refuses(settings: Settings) -> None:
    assert (settings.instance_networks, settings.webhook_allowed_networks) == ((), ())
    assert (settings.interval_s, settings.starting_interval_s) == (30.0, 2.0)


def test_the_process_is_complete(settings: Settings) -> None:
    app, tasks = root._worker(settings)

    owners = sorted(type(getattr(task, "__self__", None)).__name__ for task in tasks)
    assert owners == ["Deliverer", "Poller", "Recovery", "Relay", "Verifier", "Worker", "Worker"]
    with app.test_client() as client:
        assert client.get("/readyz").status_code == 200


def test_bad_settings_are_refused_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWLLAMA_SEALING_KEYS", "short")
    monkeypatch.setenv("INSTANCE_NETWORKS", "not-a-network")
    monkeypatch.setenv("HEALTH_INTERVAL_S", "0")

    with pytest.raises(SystemExit):
        config.read(build)

    complaint = capsys.readouterr().err
    for name in ("FLOWLLAMA_SEALING_KEYS", "INSTANCE_NETWORKS", "HEALTH_INTERVAL_S"):
        assert name in complaint


def test_only_one_command_is_known() -> None:
    with pytest.raises(SystemExit, match="usage"):
        root.main(["api"])


def test_secrets_are_not_in_the_settings_repr(settings: Settings) -> None:
    assert not any(key in repr(settings) for key in settings.sealing_keys)

"""Settings are read once, and every problem with them is told at once."""

import pytest
from cryptography.fernet import Fernet
from environs import Env

from services.chassis import config
from services.chassis.config import CommonSettings


def _common(env: Env) -> CommonSettings:
    return config.common(env, service="deployments-worker", default_port=8086)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "QUEUE_BROKER",
        "LOG_LEVEL",
        "AUTH_URL",
        "MONGODB_URI",
        "BIND_HOST",
        "DEPLOYMENTS_WORKER_PORT",
    ):
        monkeypatch.delenv(name, raising=False)


def test_without_settings_everything_stays_on_this_machine() -> None:
    settings = config.read(_common)

    assert settings.bind == "127.0.0.1"
    assert settings.port == 8086
    assert settings.mongodb_uri.startswith("mongodb://127.0.0.1")


def test_addresses_follow_from_where_auth_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_URL", "http://auth.internal")

    settings = config.read(_common)

    assert settings.jwks_url == "http://auth.internal/.well-known/jwks.json"
    assert settings.revocations_url == "http://auth.internal/internal/revocations"


def test_every_problem_is_told_at_once_and_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problems = {
        "LOG_LEVEL": "CHATTY",
        "QUEUE_BROKER": "pigeon",
        "DEPLOYMENTS_WORKER_PORT": "70000",
        "HTTP_THREADS": "0",
        "WEBHOOK_ALLOWED_NETWORKS": "10.0.0.0/8,nonsense",
        "FLOWLLAMA_SEALING_KEYS": "hunter2",
    }
    for name, value in problems.items():
        monkeypatch.setenv(name, value)

    def build(env: Env) -> tuple[object, ...]:
        client_secret = env.str("A_SECRET_THAT_IS_MISSING")
        networks = config.networks(env, "WEBHOOK_ALLOWED_NETWORKS")
        return _common(env), networks, config.sealing_keys(env), client_secret

    with pytest.raises(SystemExit) as ended:
        config.read(build)

    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert not [name for name in (*problems, "A_SECRET_THAT_IS_MISSING") if name not in told]
    assert "hunter2" not in told


def test_networks_are_a_positive_list_empty_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.read(lambda env: config.networks(env, "WEBHOOK_ALLOWED_NETWORKS")) == ()
    monkeypatch.setenv("WEBHOOK_ALLOWED_NETWORKS", "127.0.0.0/8, fd00::/8")

    found = config.read(lambda env: config.networks(env, "WEBHOOK_ALLOWED_NETWORKS"))

    assert [str(network) for network in found] == ["127.0.0.0/8", "fd00::/8"]


def test_sealing_keys_are_needed_and_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    monkeypatch.setenv("FLOWLLAMA_SEALING_KEYS", ",".join(keys))
    assert config.read(config.sealing_keys) == tuple(keys)

    monkeypatch.delenv("FLOWLLAMA_SEALING_KEYS")
    with pytest.raises(SystemExit):
        config.read(config.sealing_keys)

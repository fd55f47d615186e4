"""One table gives every process its settings; two platforms share nothing."""

import ipaddress
import stat
from dataclasses import astuple
from pathlib import Path

import pytest

from infra.local.environment import local_environment, process_environment, write_environment
from infra.local.keys import Keys, ensure_keys
from infra.local.layout import Layout
from infra.local.ports import ports_from
from infra.local.settings import LocalSettings, local_settings


def platform(root: Path, port: int = 8080, vpc: str = "127.77.0.0/16") -> tuple[LocalSettings, Layout, Keys]:
    settings = LocalSettings(
        port, root, ipaddress.IPv4Network(vpc), ipaddress.IPv4Network("127.177.0.0/16"), 3.0
    )
    layout = Layout(root)
    layout.create()
    return settings, layout, ensure_keys(layout.keys)


def table(root: Path, port: int = 8080, vpc: str = "127.77.0.0/16") -> dict[str, str]:
    settings, layout, keys = platform(root, port, vpc)
    return local_environment(settings, ports_from(port), layout, keys)


def test_every_aws_endpoint_is_an_emulator_of_this_machine(tmp_path: Path) -> None:
    endpoints = {name: url for name, url in table(tmp_path).items() if name.startswith("AWS_ENDPOINT_URL")}

    assert endpoints["AWS_ENDPOINT_URL_SQS"] == endpoints["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:8092"
    assert endpoints["AWS_ENDPOINT_URL"] == endpoints["AWS_ENDPOINT_URL_EC2"] == "http://127.0.0.1:8093"
    assert all(url.startswith("http://127.0.0.1:") for url in endpoints.values())


def test_a_developers_own_credentials_never_reach_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "real.json")

    environment = process_environment(table(tmp_path), Layout(tmp_path))

    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"}.isdisjoint(environment)
    assert environment["AWS_ACCESS_KEY_ID"] == "local"


def test_keys_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    _, layout, first = platform(tmp_path)

    again = ensure_keys(layout.keys)

    assert again == first
    assert {stat.S_IMODE(file.stat().st_mode) for file in layout.keys.iterdir()} == {0o600}
    assert first.signing_key_file.read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_the_environment_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_environment(tmp_path / "environment", {"B": "it's", "A": "x y"})

    assert (tmp_path / "environment").read_text() == "A='x y'\nB='it'\"'\"'s'\n"
    assert stat.S_IMODE((tmp_path / "environment").stat().st_mode) == 0o600


def test_two_platforms_share_no_port_directory_or_network(tmp_path: Path) -> None:
    ours, theirs = table(tmp_path / "a"), table(tmp_path / "b", 8180, "127.78.0.0/16")

    assert not set(astuple(ports_from(8080))) & set(astuple(ports_from(8180)))
    for name in (
        "FLOWLLAMA_LOCAL_DIR",
        "FLOWLLAMA_LOCAL_NET",
        "MONGODB_URI",
        "AWS_ENDPOINT_URL",
        "FLOWLLAMA_SEALING_KEYS",
    ):
        assert ours[name] != theirs[name]


def test_instances_may_only_live_on_the_loopback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLOWLLAMA_LOCAL_NET", "10.0.0.0/16")
    monkeypatch.setenv("FLOWLLAMA_PORT", "80")

    with pytest.raises(SystemExit):
        local_settings()

    said = capsys.readouterr().err
    assert "FLOWLLAMA_LOCAL_NET" in said
    assert "FLOWLLAMA_PORT" in said

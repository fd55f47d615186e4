"""What an instance boots from: the same bytes for the same spec, small enough, and values only as data."""

import base64
import gzip
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from contracts.stack_model import DeploymentSpec
from contracts.stack_spec import load_stack_spec
from infra.cdktf import samples
from infra.cdktf.instance import user_data

HERE = Path(user_data.__file__).parent
# Where Debian's and Ubuntu's cloud-init package puts its schema.
SCHEMA = Path("/usr/lib/python3/dist-packages/cloudinit/config/schemas/schema-cloud-config-v1.json")


def spec(**changes: Any) -> DeploymentSpec:
    loaded = load_stack_spec(samples.deployment(**changes))
    assert isinstance(loaded, DeploymentSpec)
    return loaded


def unpacked(rendered: str) -> dict[str, Any]:
    header, _, document = gzip.decompress(base64.b64decode(rendered)).decode().partition("\n")
    assert header == "#cloud-config"
    found: dict[str, Any] = json.loads(document)
    return found


def test_the_same_spec_gives_the_same_bytes_without_a_date() -> None:
    first, second = user_data.render(spec()), user_data.render(spec())

    assert first == second
    assert base64.b64decode(first)[4:8] == b"\0\0\0\0", "gzip's time stamp"


def test_it_fits_with_room_to_grow() -> None:
    assert len(base64.b64decode(user_data.render(spec()))) < 13 * 1024


def test_too_much_is_refused_before_aws_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_data, "LIMIT_BYTES", 100)

    with pytest.raises(user_data.UserDataTooLongError, match="bytes"):
        user_data.render(spec())


def test_the_instance_learns_verifiers_and_its_own_settings() -> None:
    config = unpacked(user_data.render(spec()))["write_files"][0]

    assert (config["path"], config["permissions"], config["encoding"]) == (
        "/etc/flowllama/instance.json",
        "0600",
        "b64",
    )
    assert json.loads(base64.b64decode(config["content"])) == json.loads(
        (Path(__file__).parent / "instance.golden.json").read_text()
    )


def test_everything_but_the_one_file_is_the_same_for_every_placement() -> None:
    one = unpacked(user_data.render(spec()))
    model = samples.deployment()["model"] | {"tag": "hf.co/Org/Model-GGUF:Q4_K_M", "context_size": 4096}
    other = unpacked(user_data.render(spec(model=model, tags={"x": "$(reboot)"})))

    assert one["write_files"][0] != other["write_files"][0]
    assert one["write_files"][1:] == other["write_files"][1:]
    assert one["runcmd"] == other["runcmd"]


def test_the_scripts_are_the_files_word_for_word() -> None:
    files = {file["path"]: file["content"] for file in unpacked(user_data.render(spec()))["write_files"][1:]}

    assert files["/opt/flowllama/start.sh"] == (HERE / "start.sh").read_text()
    assert files["/opt/flowllama/instance/guard.py"] == (HERE / "guard.py").read_text()
    units = {path.name for path in (HERE / "units").glob("*.service")}
    assert {Path(path).name for path in files if path.startswith("/etc/systemd/")} == units


def test_it_is_yaml_as_well_as_json() -> None:
    text = user_data.cloud_config(spec())

    assert yaml.safe_load(text) == json.loads(text.partition("\n")[2])


@pytest.mark.skipif(not SCHEMA.exists(), reason="cloud-init, which brings the schema, is not installed")
def test_it_passes_cloud_inits_own_schema() -> None:
    jsonschema.Draft4Validator(json.loads(SCHEMA.read_text())).validate(
        yaml.safe_load(user_data.cloud_config(spec()))
    )


def test_the_start_script_parses() -> None:
    subprocess.run(["bash", "-n", str(HERE / "start.sh")], check=True)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_start_script_has_no_shellcheck_finding() -> None:
    done = subprocess.run(["shellcheck", str(HERE / "start.sh")], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_the_start_script_verifies_before_it_unpacks_and_never_hears_the_world() -> None:
    script = (HERE / "start.sh").read_text()

    assert script.index("sha256sum --check") < script.index("tar --zstd")
    assert "OLLAMA_HOST=127.0.0.1:11435" in script
    for name in (
        "OLLAMA_CONTEXT_LENGTH",
        "OLLAMA_NUM_PARALLEL",
        "OLLAMA_KV_CACHE_TYPE",
        "OLLAMA_FLASH_ATTENTION",
    ):
        assert f"\n{name}=" in script
    assert "eval" not in script

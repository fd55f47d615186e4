"""The start-up script's own functions, run by bash, with the machine's places moved into a directory."""

import json
import shutil
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from contracts.stack_model import DeploymentSpec
from contracts.stack_spec import load_stack_spec
from infra.cdktf import samples
from infra.cdktf.instance import user_data

SCRIPT = Path(user_data.__file__).parent / "start.sh"
# Root-only commands and the metadata service are stood in for; everything else is the script's.
STAND_INS = """
instance() { printf '10.64.0.7\n<html>no address</html>\n'; }
install() { cp "${@: -2:1}" "${@: -1}"; }
trap 'failed "step at line $LINENO ended with status $?"' ERR
"""


def run(directory: Path, call: str) -> "subprocess.CompletedProcess[str]":
    text = SCRIPT.read_text().removesuffix('main "$@"\n')
    for place in ("/etc/flowllama", "/run/flowllama", "/var/cache/flowllama"):
        text = text.replace(place, str(directory))
    script = directory / "functions.sh"
    script.write_text(text + STAND_INS + call + "\n")
    (directory / "tls").mkdir(exist_ok=True)
    path = f"{Path(sys.base_prefix) / 'bin'}:/usr/bin:/bin"
    return subprocess.run(
        ["bash", str(script)], env={"PATH": path}, capture_output=True, text=True, check=False
    )


def write_config(directory: Path, **model: Any) -> None:
    spec = load_stack_spec(samples.deployment())
    assert isinstance(spec, DeploymentSpec)
    document = user_data.instance_document(spec)
    document["model"] |= model
    (directory / "instance.json").write_text(json.dumps(document))


def test_a_checked_config_is_read_value_by_value(tmp_path: Path) -> None:
    write_config(tmp_path)

    done = run(
        tmp_path,
        'read_config; echo "$arch|$gpu_kind|$model_tag|$context_size|$parallel|$kv_type|$ollama_version"',
    )

    assert done.stdout == "x86_64|A10G|llama3.2:1b|8192|2|f16|0.32.9\n", done.stderr


@pytest.mark.parametrize("tag", ["hf.co/Org/Repo-GGUF:Q4_K_M", "user/model:x"])
def test_other_forms_of_a_tag_pass(tmp_path: Path, tag: str) -> None:
    write_config(tmp_path, tag=tag)

    assert run(tmp_path, "read_config").returncode == 0


@pytest.mark.parametrize(
    "model",
    [
        {"tag": "$(touch {marker})"},
        {"tag": "`touch {marker}`"},
        {"tag": "x; touch {marker}"},
        {"tag": "x\ntouch {marker}"},
        {"tag": "x'\"; touch {marker} #"},
        {"tag": "evil.host/m"},
        {"tag": "-rf"},
        {"tag": None},
        {"context_size": "1; touch {marker}"},
        {"context_size": "8192\nOLLAMA_HOST=0.0.0.0"},
        {"parallel": "a[$(touch {marker})]"},
        {"kv_type": "f16\nOLLAMA_ORIGINS=*"},
    ],
)
def test_a_hostile_value_stops_the_boot_and_runs_nothing(tmp_path: Path, model: dict[str, Any]) -> None:
    marker = tmp_path / "marker"
    write_config(
        tmp_path,
        **{
            key: str(value).replace("{marker}", str(marker)) if value else value
            for key, value in model.items()
        },
    )

    done = run(tmp_path, "read_config")

    assert done.returncode == 1
    assert not marker.exists()
    phase = json.loads((tmp_path / "phase.json").read_text())
    assert phase["phase"] == "failed"
    assert "is not valid" in phase["detail"]


def test_any_failing_step_shows_in_the_phase(tmp_path: Path) -> None:
    done = run(tmp_path, "broken() { false; }; broken; echo never")

    assert done.stdout == ""
    phase = json.loads((tmp_path / "phase.json").read_text())
    assert (done.returncode, phase["phase"]) == (1, "failed")


def test_a_detail_with_quotes_stays_one_json_string(tmp_path: Path) -> None:
    run(tmp_path, """phase pulling 'said "no" \\ $(x)'""")

    assert json.loads((tmp_path / "phase.json").read_text()) == {
        "phase": "pulling",
        "progress_pct": None,
        "detail": 'said "no" \\ $(x)',
    }


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on PATH")
def test_a_root_signs_one_leaf_for_the_machines_addresses_and_its_key_is_gone(tmp_path: Path) -> None:
    done = run(tmp_path, "make_certificate")

    assert done.returncode == 0, done.stderr
    tls = tmp_path / "tls"
    assert {path.name for path in tls.iterdir()} == {"ca.pem", "leaf.pem", "leaf.key"}
    leaf = x509.load_pem_x509_certificate((tls / "leaf.pem").read_bytes())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name) for name in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "10.64.0.7"]
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate((tls / "ca.pem").read_bytes()))
    ssl.create_default_context().load_verify_locations(tls / "ca.pem")
    strict = ["openssl", "verify", "-x509_strict", "-CAfile", str(tls / "ca.pem"), str(tls / "leaf.pem")]
    subprocess.run(strict, check=True, capture_output=True)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on PATH")
def test_a_second_boot_keeps_the_certificate(tmp_path: Path) -> None:
    run(tmp_path, "make_certificate")
    before = (tmp_path / "tls/leaf.pem").read_bytes()

    run(tmp_path, "make_certificate")

    assert (tmp_path / "tls/leaf.pem").read_bytes() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cloud", "aws; touch {marker}"),
        ("gpu_count", "a[$(touch {marker})]"),
        ("model_bucket", "models $(touch {marker})"),
        ("model_bucket", "a.dotted-name"),
        ("logs", {"agent_url": "https://x/$(touch {marker}).deb", "agent_sha256": "c" * 64}),
        ("logs", {"agent_url": "http://x/plain.deb", "agent_sha256": "c" * 64}),
        ("logs", {"agent_url": "https://x/agent.deb", "agent_sha256": "short"}),
    ],
)
def test_the_other_values_are_checked_too(tmp_path: Path, field: str, value: Any) -> None:
    marker = tmp_path / "marker"
    write_config(tmp_path)
    document = json.loads((tmp_path / "instance.json").read_text())
    document[field] = json.loads(json.dumps(value).replace("{marker}", str(marker)))
    (tmp_path / "instance.json").write_text(json.dumps(document))

    done = run(tmp_path, "read_config")

    assert done.returncode == 1
    assert not marker.exists()
    assert "is not valid" in json.loads((tmp_path / "phase.json").read_text())["detail"]


@pytest.mark.parametrize(
    ("tool", "reason"),
    [
        ("nvidia-smi() { echo 'GPU 0: A10G'; echo 'GPU 1: A10G'; }", None),
        ("nvidia-smi() { echo 'GPU 0: A10G'; }", "2 x A10G were ordered, but the driver finds 1"),
        (
            "nvidia-smi() { echo 'Failed to initialize NVML: $(x)'; return 9; }",
            "A10G was ordered, but the driver finds none: Failed to initialize NVML: $(x)",
        ),
        ("", "A10G was ordered, but this image has no NVIDIA driver"),
    ],
)
def test_every_gpu_that_was_ordered_must_answer(tmp_path: Path, tool: str, reason: str | None) -> None:
    done = run(tmp_path, f"sleep() {{ :; }}; gpu_kind=A10G gpu_count=2; {tool}\ncheck_drivers")

    phase = json.loads((tmp_path / "phase.json").read_text())
    assert done.returncode == (1 if reason else 0)
    assert (phase["phase"], phase["detail"]) == (("failed", reason) if reason else ("drivers", "2 x A10G"))


CURL = """
curl() { for last; do [[ ${before-} == --output ]] && echo other >"$last"; before=$last; done; }
install() { mkdir -p "${@: -1}"; }
"""


def test_an_archive_with_another_checksum_is_neither_unpacked_nor_kept(tmp_path: Path) -> None:
    values = f"arch=x86_64 ollama_version=0.32.9 ollama_sha256={'0' * 64}"

    done = run(tmp_path, f"{CURL} tar() {{ echo unpacked; }}\n{values}; install_ollama")

    assert (done.returncode, done.stdout) == (1, "")
    assert "checksum" in json.loads((tmp_path / "phase.json").read_text())["detail"]
    assert not list(tmp_path.rglob("*.zst"))


def test_a_log_agent_with_another_checksum_is_not_installed_and_costs_no_boot(tmp_path: Path) -> None:
    values = f"cloud=aws log_agent_url=https://x/agent.deb log_agent_sha256={'0' * 64}"

    done = run(tmp_path, f"{CURL} apt-get() {{ echo installed; }}\n{values}; ship_logs; echo went on")

    assert (done.returncode, done.stdout) == (0, "went on\n")
    assert "the logs of this machine stay on it" in done.stderr
    assert not list(tmp_path.rglob("*.deb"))


def test_a_log_agents_package_takes_our_configuration_as_it_lies_there_and_asks_nobody(
    tmp_path: Path,
) -> None:
    machine, package = tmp_path / "machine", _package_with_a_configuration(tmp_path)
    for folder in ("etc", "var/lib/dpkg/info", "var/lib/dpkg/updates"):
        (machine / folder).mkdir(parents=True)
    (machine / "var/lib/dpkg/status").touch()
    (machine / "etc/agent.yaml").write_text("ours")
    # What apt-get hands on to dpkg, where nobody answers its questions.
    apt = f"""apt-get() {{
      local options=() word
      for word; do [[ $word != Dpkg::Options::=* ]] || options+=("${{word#Dpkg::Options::=}}"); done
      PATH=$PATH:/usr/sbin:/sbin dpkg --root={machine} --force-not-root "${{options[@]}}" \
        --install "${{@: -1}}" </dev/null
    }}"""
    values = "log_agent_url=https://x/agent.deb log_agent_sha256=x"

    done = run(
        tmp_path,
        f'download() {{ cp {package} "$2"; }}\n{apt}\n{values}; install_log_agent && echo installed',
    )

    assert done.stdout.endswith("installed\n"), done.stdout + done.stderr
    assert (machine / "etc/agent.yaml").read_text() == "ours"


def _package_with_a_configuration(folder: Path) -> Path:
    tree, package = folder / "tree", folder / "package.deb"
    about = "Package: agent\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.com>\nDescription: an agent\n"
    for path, text in {
        "etc/agent.yaml": "Google's",
        "DEBIAN/conffiles": "/etc/agent.yaml\n",
        "DEBIAN/control": about,
    }.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    subprocess.run(["dpkg-deb", "--build", tree, package], check=True, capture_output=True)
    return package

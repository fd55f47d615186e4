"""What every stack on Google Cloud says. No provider runs here, so each is held against its schema."""

import json
import os
import re
import shutil
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from contracts.stack_deployment import BALANCED_OUTPUTS, DEPLOYMENT_OUTPUTS
from contracts.stack_network import NETWORK_OUTPUTS
from contracts.stack_outputs import read_deployment_outputs, read_platform_outputs
from contracts.stack_platform import PLATFORM_OUTPUTS, RUNTIME_OUTPUTS
from contracts.topology import QUEUES
from infra.cdktf import samples
from services.agent.synth import SynthChild, SynthError
from tests.infra import provider_schema
from tests.infra.gcp.conftest import ROOT, Stacks
from tests.infra.gcp.specs import SPECS
from tests.infra.provider_schema import Provider
from tests.infra.test_stacks import addresses, only, strings

_REFERENCE = re.compile(r"\$\{((?:data\.)?google_\w+\.[\w-]+)\.")


@pytest.mark.parametrize("name", SPECS)
def test_the_provider_knows_all_that_a_stack_says(stacks: Stacks, google_schema: Provider, name: str) -> None:
    assert provider_schema.faults(stacks[name], {"google": google_schema}) == []


def test_a_planted_mistake_is_found(stacks: Stacks, google_schema: Provider) -> None:
    broken = json.loads(json.dumps(stacks["gcp-deployment"]))
    machine = only(broken, "google_compute_instance")
    machine["scheduling"]["instance_termination_acton"] = "DELETE"
    del machine["boot_disk"]
    del only(broken, "google_compute_firewall")["allow"][0]["protocol"]

    found = provider_schema.faults(broken, {"google": google_schema})
    assert [fault.partition(".")[2].partition(".")[2] for fault in found] == [
        "allow[0].protocol: required and not set",
        "boot_disk: required and not set",
        "scheduling[0].instance_termination_acton: unknown",
    ]


def test_a_planted_value_that_google_does_not_know_is_found(stacks: Stacks, google_schema: Provider) -> None:
    broken = json.loads(json.dumps(stacks["gcp-deployment-balanced"]))
    only(broken, "google_compute_backend_service")["backend"][0]["balancing_mode"] = "REQUESTS"
    only(broken, "google_compute_ssl_policy")["min_tls_version"] = "TLS_1_3"

    found = provider_schema.faults(broken, {"google": google_schema})
    assert [fault.partition(".")[2].partition(".")[2] for fault in found] == [
        "backend[0].balancing_mode: REQUESTS is none of CONNECTION, CUSTOM_METRICS, RATE, UTILIZATION",
        "min_tls_version: TLS_1_3 is none of TLS_1_0, TLS_1_1, TLS_1_2",
    ]


@pytest.mark.parametrize(
    "name", ["gcp-platform", "gcp-network", "gcp-network-lean", "gcp-deployment", "gcp-deployment-balanced"]
)
def test_addresses_never_move(stacks: Stacks, name: str) -> None:
    known = json.loads((ROOT / "tests/infra/addresses.json").read_text())

    assert addresses(stacks[name]) == known[name], "a changed address destroys and recreates what it names"


def test_the_outputs_have_the_names_that_they_have_on_aws(stacks: Stacks) -> None:
    assert set(stacks["gcp-network"]["output"]) == set(NETWORK_OUTPUTS)
    assert set(stacks["gcp-deployment"]["output"]) == set(DEPLOYMENT_OUTPUTS)
    assert set(stacks["gcp-deployment-balanced"]["output"]) == {*DEPLOYMENT_OUTPUTS, *BALANCED_OUTPUTS}
    assert read_deployment_outputs(stacks["gcp-deployment"]["output"]).spot_request_id is None


def test_a_platform_tells_all_but_what_only_aws_has(stacks: Stacks) -> None:
    assert set(stacks["gcp-platform"]["output"]) == set(PLATFORM_OUTPUTS) - {"cluster", "boundary_arn"}
    assert set(stacks["platform-first"]["output"]) == set(PLATFORM_OUTPUTS) - {
        "cluster", "boundary_arn", "api_endpoint", "services",
    }  # fmt: skip
    assert set(stacks["platform-bare"]["output"]) == set(PLATFORM_OUTPUTS) - {
        *RUNTIME_OUTPUTS, "model_key_arn", "replica_bucket", "alarm_topic_arn",
    }  # fmt: skip


def test_what_a_platform_tells_is_read_as_on_aws(stacks: Stacks) -> None:
    full, bare = (read_platform_outputs(stacks[name]["output"]) for name in ("gcp-platform", "platform-bare"))

    assert full.queue_urls.keys() == full.queue_arns.keys() == {queue.name for queue in QUEUES}
    assert full.runtime is not None
    assert (full.runtime.api_endpoint, full.runtime.cluster) == ("https://api.example.com", None)
    assert (bare.runtime, bare.alarm_topic_arn, bare.model_key_arn) == (None, None, None)


@pytest.mark.parametrize("name", SPECS)
def test_nothing_refers_to_what_is_not_there_or_waits_for_itself(stacks: Stacks, name: str) -> None:
    """Terraform would find both, but not without the provider."""
    document = stacks[name]
    waits = {
        f"{prefix}{kind}.{at}": set(_REFERENCE.findall(json.dumps(body))) | set(body.get("depends_on", ()))
        for prefix, part in (("", "resource"), ("data.", "data"))
        for kind, things in document.get(part, {}).items()
        for at, body in things.items()
    }
    told = set(_REFERENCE.findall(json.dumps(document["output"])))

    assert set().union(*waits.values(), told) <= waits.keys()
    assert len([*TopologicalSorter(waits).static_order()]) == len(waits)


@pytest.mark.skipif(shutil.which("terraform") is None, reason="there is no terraform on PATH")
@pytest.mark.parametrize(
    "name", ["gcp-network", "gcp-deployment-balanced", "hostile", "gcp-platform", "platform-own-words"]
)
def test_terraform_itself_can_read_it(stacks: Stacks, name: str, tmp_path: Path) -> None:
    def read(document: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        (tmp_path / "cdk.tf.json").write_text(json.dumps(document))
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"}
        # `get` loads the configuration and asks for no provider.
        return subprocess.run(
            ["terraform", "get", "-no-color"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    good = read(stacks[name])
    assert good.returncode == 0, good.stderr
    broken = json.loads(json.dumps(stacks[name]))
    next(iter(broken["resource"].values()))["a"] = {"lifecycle": {"ignore_changes": ["a[0.b"]}}
    assert "Invalid expression" in read(broken).stderr


def test_the_bindings_of_google_stay_out_of_a_process_that_writes_stacks_of_aws(
    write_stack: Any, stacks: Stacks, tmp_path: Path
) -> None:
    write_stack(samples.network(lean=True), tmp_path)

    assert stacks
    assert not [name for name in sys.modules if name.startswith("cdktf_cdktf_provider_google")]


def test_a_child_writes_stacks_of_its_own_cloud_only(child: SynthChild, tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="stacks of gcp only"):
        child.synthesise(samples.network(), tmp_path)

    assert not list(tmp_path.iterdir())


def test_labels_are_on_provider_machine_and_disk_with_their_dashes(stacks: Stacks) -> None:
    document = stacks["hostile"]
    ours = {
        "flowllama-deployment": samples.DEPLOYMENT_ID,
        "flowllama-placement": f"{samples.DEPLOYMENT_ID}-1",
        "flowllama-environment": "sample",
        "managed-by": "flowllama",
        "team_blue": "a",
    }
    machine = only(document, "google_compute_instance")
    disk = machine["boot_disk"]["initialize_params"]

    for labels in (document["provider"]["google"][0]["default_labels"], machine["labels"], disk["labels"]):
        assert ours.items() <= labels.items()
        assert set(labels) - set(ours) - {"flowllama-epoch"} == {"label"}


def test_hostile_text_stays_data(stacks: Stacks) -> None:
    written = [text for text in strings(stacks["hostile"]) if "etc_passwd" in text]

    assert len(written) == 3
    assert all(text.replace("_", "").replace("-", "").isalnum() and len(text) <= 63 for text in written)
    assert not any("/etc/passwd" in text or "TfToken" in text for text in strings(stacks["hostile"]))


def test_state_lies_in_cloud_storage_under_the_key(stacks: Stacks) -> None:
    assert stacks["gcp-deployment"]["terraform"]["backend"] == {
        "gcs": {
            "bucket": "flowllama-sample-state",
            "prefix": f"placements/{samples.DEPLOYMENT_ID}-1/1",
        }
    }


def test_the_page_names_every_kind_of_resource(stacks: Stacks) -> None:
    page = (ROOT / "docs/infrastructure-gcp.md").read_text()
    kinds = {kind for document in stacks.values() for kind in document["resource"]}

    assert {kind for kind in kinds if f"`{kind}`" not in page} == {"google_compute_instance"}, (
        "the machine has a section"
    )

"""`network apply` on Google Cloud: what it asks Google, the stack that it writes, and the record that pricing takes."""

import threading
from pathlib import Path
from typing import Any

import pytest

from contracts.vocabulary import Cloud
from services.agent import network, network_google
from services.agent.network_wishes import Wishes
from services.agent.settings import NetworkSettings, TerraformSettings
from services.agent.terraform import Ended
from services.agent.workspace import Workspace
from services.chassis.errors import InvalidError
from services.chassis.mongo import Document
from services.pricing.networks import read_networks
from tests.unit.agent.fakes import PROJECT, FakeSynth
from tests.unit.agent.world import BUILD

SUBNET = f"projects/{PROJECT}/regions/us-central1/subnetworks/flowllama-test-main"
WISHES = Wishes(cidr="10.64.0.0/16", domain="models.example.com", dns_zone="models-example-com")


class PlayedTerraform:
    """Tells what the network stack would."""

    def apply(self, workspace: Workspace, lease: Any, stop: threading.Event, on_event: Any) -> Ended:
        zones = ("us-central1-a", "us-central1-b", "us-central1-c")
        outputs = {
            "vpc_id": f"projects/{PROJECT}/global/networks/flowllama-test-main-us-central1",
            "public_subnets": dict.fromkeys(zones, SUBNET),
            "private_subnets": dict.fromkeys(zones, SUBNET),
            "instance_profile": f"flowllama-test-main@{PROJECT}.iam.gserviceaccount.com",
            "egress_cidrs": ["203.0.113.9/32"],
        }
        return Ended(0, outputs=outputs)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The projects whose zones were asked for."""
    projects: list[str] = []

    def zones(project: str, region: str) -> list[str]:
        projects.append(project)
        return [f"{region}-{letter}" for letter in "abcf"]

    monkeypatch.setattr(network_google, "zones", zones)
    monkeypatch.setattr(network_google, "project", lambda: PROJECT)
    monkeypatch.setattr(network, "remove_dead_lock", lambda *_: None)
    return projects


class Written(FakeSynth):
    def __init__(self) -> None:
        self.spec: Document = {}

    def synthesise(self, spec: Any, out: Path) -> None:
        self.spec = spec


def applied(tmp_path: Path, synth: Written, wishes: Wishes = WISHES, project: str = "") -> Document:
    settings = NetworkSettings(
        common=None,
        build=BUILD,
        terraform=TerraformSettings("terraform", tmp_path, "", 60, {}),
        account="",
        project=project,
        supernets=("10.0.0.0/8",),
    )
    return network.apply(
        Cloud.GCP,
        "us-central1",
        wishes,
        settings=settings,
        synth=synth,
        terraform=PlayedTerraform(),
        lease=None,
    )


def test_the_record_is_one_that_pricing_imports(tmp_path: Path, asked: list[str]) -> None:
    record = applied(tmp_path, Written())

    (read,) = read_networks(record)
    assert read["_id"] == f"gcp:us-central1:{PROJECT}"
    assert read["balancer"]["domain"] == "models.example.com"
    assert asked == [PROJECT]


def test_the_stack_stands_in_three_zones_and_its_state_beside_awss(tmp_path: Path, asked: list[str]) -> None:
    synth = Written()

    applied(tmp_path, synth, project="another-project")

    assert (synth.spec["cloud"], synth.spec["account"]) == ("gcp", "another-project")
    assert synth.spec["zones"] == ["us-central1-a", "us-central1-b", "us-central1-c"]
    assert synth.spec["backend"]["key"] == "networks/gcp/us-central1.tfstate"
    assert synth.spec["backend"]["kind"] == "s3"
    assert asked == ["another-project"]


@pytest.mark.usefixtures("asked")
def test_what_google_cloud_does_not_have_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"

    with pytest.raises(InvalidError, match="notices_bus"):
        applied(tmp_path, Written(), Wishes(cidr="10.64.0.0/16", notices_bus=bus))


def test_credentials_without_a_project_are_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google.auth.default", lambda: (object(), None))

    with pytest.raises(InvalidError, match="GOOGLE_CLOUD_PROJECT"):
        network_google.project()

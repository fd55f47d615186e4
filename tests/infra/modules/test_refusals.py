"""What modules refuse, by their own variables' rules and before anything is asked of a cloud."""

import re
import shutil
from pathlib import Path

import pytest

from infra.modules.__main__ import FOLDER
from tests.infra import terraform

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(terraform.missing() is not None, reason=str(terraform.missing())),
]

NETWORK = {"name": '"n"', "cidr": '"10.64.0.0/16"', "zones": '["a", "b"]'}
FIREWALL = {"name": '"n"', "vpc_id": '"vpc-0123456789abcdef0"', "allow_cidrs": '["203.0.113.7/32"]'}
GOOGLE_FIREWALL = {
    "name": '"n"',
    "vpc_id": '"projects/my-project/global/networks/n"',
    "service_account": '"a@b"',
    "allow_cidrs": '["203.0.113.7/32"]',
}
TEMPLATE = {
    "name": '"n"',
    "type": '"n1-standard-4"',
    "disk_gib": "30",
    "subnet_id": '"projects/p/regions/r/subnetworks/s"',
    "service_account": '"a@b"',
}
BALANCER = {"name": '"n"', "instance_group": '"g"', "cidrs": '["203.0.113.7/32"]', "host": '"a.example.com"'}
SCALING = {
    "name": '"n"',
    "template_id": '"lt-1"',
    "template_version": '"1"',
    "types": '["g5.xlarge"]',
    "subnets": '["subnet-0123456789abcdef0"]',
    "least": "1",
    "most": "3",
}
STORE = {"bucket": '"models"'}
KEY = '"arn:aws:kms:us-east-1:123456789012:key/11111111-1111-1111-1111-111111111111"'

# Module, right values, and what makes them wrong.
Case = tuple[str, dict[str, str], dict[str, str]]
ALONE: list[Case] = [
    ("aws/network", NETWORK, {"cidr": '"8.8.0.0/16"'}),
    ("aws/network", NETWORK, {"cidr": '"10.0.0.0/8"'}),
    ("aws/network", NETWORK, {"cidr": '"10.64.0.0/25"'}),
    ("aws/network", NETWORK, {"cidr": '"10.64.0.1/16"'}),
    ("aws/network", NETWORK, {"cidr": '"2001:db8::/48"'}),
    ("aws/network", NETWORK, {"cidr": '"10.64.0.0"'}),
    ("aws/network", NETWORK, {"cidr": '"100.128.0.0/16"'}),
    ("gcp/network", NETWORK | {"region": '"us-central1"'}, {"cidr": '"172.32.0.0/16"'}),
    ("aws/network", NETWORK, {"zones": '["a", "a"]'}),
    ("aws/network", NETWORK, {"nat": '"two"'}),
    ("aws/network", NETWORK, {"name": '"Upper"'}),
    ("aws/network", NETWORK, {"name": '"n\\n"'}),
    ("aws/firewall", FIREWALL, {"allow_cidrs": '["0.0.0.0/0"]'}),
    ("aws/firewall", FIREWALL, {"allow_cidrs": '["0.0.0.0/1", "128.0.0.0/1"]'}),
    ("aws/firewall", FIREWALL, {"ssh_cidrs": '["::/0"]'}),
    ("aws/firewall", FIREWALL, {"service_cidrs": '["10.0.0.1/8"]'}),
    ("gcp/firewall", GOOGLE_FIREWALL, {"ssh_cidrs": '["0.0.0.0/0"]'}),
    ("gcp/load-balancer", BALANCER, {"cidrs": "[]"}),
    ("aws/scaling", SCALING, {"types": "[]"}),
    ("aws/scaling", SCALING, {"spot_max_usd": '"-1"'}),
    ("aws/scaling", SCALING, {"subnets": '["subnet-1; rm"]'}),
    ("aws/model-store", STORE, {"bucket": '"with.dot"'}),
    ("aws/model-store", STORE, {"key_arn": '"alias/models"'}),
]

TOGETHER: list[Case] = [
    ("aws/firewall", FIREWALL, {"balancer_group_id": '"sg-1"'}),
    ("aws/scaling", SCALING, {"most": "0"}),
    ("aws/scaling", SCALING, {"requests_per_minute": "8", "balancer_suffix": "null"}),
    ("aws/model-store", STORE, {"key_arn": KEY, "replica_bucket": '"copy"', "replica_key_arn": "null"}),
    ("gcp/firewall", GOOGLE_FIREWALL, {"allow_cidrs": "[]", "service_cidrs": "[]"}),
    ("gcp/firewall", GOOGLE_FIREWALL, {"allow_cidrs": '["2001:db8::/48"]', "service_cidrs": "[]"}),
    ("gcp/template", TEMPLATE, {"gpu_kind": '"L4"'}),
    ("gcp/load-balancer", BALANCER, {"certificate": '"c"'}),
    ("gcp/load-balancer", BALANCER, {"host": "null"}),
]


# Terraform looks at rules on several variables only where no variable alone is wrong.
@pytest.mark.parametrize("cases", [ALONE, TOGETHER], ids=["alone", "together"])
def test_what_would_open_a_door_or_not_fit_is_refused_and_the_rest_is_taken(
    tmp_path: Path, cases: list[Case]
) -> None:
    calls = {f"right_{label.replace('/', '_')}": (label, right) for label, right, _ in cases}
    calls |= {f"wrong_{at}": (label, right | wrong) for at, (label, right, wrong) in enumerate(cases)}
    for label in {label for label, _, _ in cases}:
        (tmp_path / label).mkdir(parents=True)
        shutil.copy(FOLDER / label / "variables.tf", tmp_path / label)
    (tmp_path / "main.tf").write_text("".join(call(name, *what) for name, what in calls.items()))
    run = terraform.Terraform(tmp_path, "http://127.0.0.1:9")
    run.run("init", "-input=false")

    refused = set(re.findall(r'in module "(\w+)":', run.complaint("plan", "-input=false")))

    assert refused == {name for name in calls if name.startswith("wrong_")}


def call(name: str, label: str, values: dict[str, str]) -> str:
    inputs = "".join(f"  {key} = {value}\n" for key, value in values.items())
    return f'module "{name}" {{\n  source = "./{label}"\n{inputs}}}\n\n'

"""`python -m services.pricing networks import`: records come in once, however often they are given."""

import json

import pytest
from click.testing import CliRunner, Result

from services.chassis.mongo import Store
from services.pricing.cli import main

RECORD = {
    "cloud": "aws",
    "account": "111122223333",
    "region": "us-east-1",
    "vpc_id": "vpc-1",
    "public_subnets": {"us-east-1a": "subnet-a"},
    "private_subnets": {},
    "instance_profile": "flowllama-instance",
    "egress_cidrs": ["203.0.113.7/32"],
}
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b"
BALANCER = {"certificate": CERTIFICATE}


@pytest.fixture
def target(store: Store, store_uri: str, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("MONGODB_URI", store_uri)
    monkeypatch.setenv("MONGODB_DATABASE", store.name)
    return store


def run(content: object) -> Result:
    return CliRunner().invoke(main, ["networks", "import", "-"], input=json.dumps(content))


def test_a_record_is_written_once_and_updated_after(target: Store) -> None:
    first = run(RECORD)
    before = target["networks"].find_one({})
    second = run([{**RECORD, "vpc_id": "vpc-2"}])
    [after] = target["networks"].find()

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert before is not None
    assert (before["_id"], before["vpc_id"]) == ("aws:us-east-1:111122223333", "vpc-1")
    assert after == {**before, "vpc_id": "vpc-2"}


def test_a_balancer_stays_until_it_is_taken_away(target: Store) -> None:
    kept = []
    for change in ({"balancer": BALANCER}, {}, {"balancer": None}):
        assert run({**RECORD, **change}).exit_code == 0
        kept.append((target["networks"].find_one({}) or {})["balancer"])

    whole = {"domain": None, "dns_zone": None, **BALANCER}
    assert kept == [whole, whole, None]


def test_a_stored_record_comes_in_as_it_is(target: Store) -> None:
    stored = {**RECORD, "_id": "aws:us-east-1:111122223333", "connected_at": "2026-11-24T04:00:00+00:00"}

    assert run(stored).exit_code == 0
    found = target["networks"].find_one({"_id": stored["_id"]})
    assert found is not None
    assert found["connected_at"].hour == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cloud": "azure"}, "cloud: Must be one of: aws, gcp."),
        ({"public_subnets": ["subnet-a"]}, "public_subnets"),
        ({"egress_cidrs": ["here"]}, "egress_cidrs"),
        ({"extra": 1}, "extra: Unknown field."),
        ({"balancer": {}}, "balancer.certificate: Must be the ARN of an ACM certificate of this account"),
        ({"balancer": {"certificate": f"{CERTIFICATE}\n"}}, "balancer.certificate: Must be the ARN"),
        ({"balancer": {"certificate": CERTIFICATE.replace("us-east-1", "us-west-2")}}, "and region."),
        ({"balancer": {"certificate": CERTIFICATE.replace("1111", "4444")}}, "of this account and region."),
        (
            {"balancer": {**BALANCER, "domain": "a.example.com", "dns_zone": "here"}},
            "balancer.dns_zone: Must be the id of a Route 53 zone.",
        ),
        ({"balancer": {**BALANCER, "dns_zone": "Z1"}}, "balancer.dns_zone: Needs a domain"),
        ({"balancer": {**BALANCER, "domain": "${x}.com"}}, "balancer.domain: Must be a domain name."),
        ({"cloud": "gcp", "balancer": {}}, "balancer.certificate: Must be the link of a certificate"),
        ({"cloud": "gcp", "balancer": BALANCER}, "balancer.certificate: Must be projects/"),
        (
            {"cloud": "gcp", "balancer": {"domain": "a.example.com"}},
            "balancer.dns_zone: Must be there where Google keeps the certificate",
        ),
        (
            {"cloud": "gcp", "balancer": {"domain": "a.example.com", "dns_zone": "Z0123456789ABC"}},
            "balancer.dns_zone: Must be the name of a managed zone.",
        ),
        (
            {"cloud": "gcp", "balancer": {"domain": f"{'a' * 30}.example.com", "dns_zone": "models"}},
            "balancer.domain: Must have at most",
        ),
    ],
)
def test_a_record_of_another_form_is_refused_and_nothing_written(
    target: Store, change: dict[str, object], words: str
) -> None:
    result = run({**RECORD, **change})

    assert result.exit_code == 2
    assert words in result.stderr
    assert target["networks"].count_documents({}) == 0


def test_what_is_not_json_is_refused(target: Store) -> None:
    result = CliRunner().invoke(main, ["networks", "import", "-"], input="vpc-1")

    assert result.exit_code == 2
    assert "not JSON" in result.stderr

"""What `network apply` is asked for is refused in its own words before anything is built."""

import pytest

from contracts.vocabulary import Cloud, Nat
from services.agent.__main__ import _parser, _wishes
from services.agent.network_wishes import Wishes
from services.chassis.errors import InvalidError

REGION = "us-east-1"
CERTIFICATE = f"arn:aws:acm:{REGION}:123456789012:certificate/0a1b2c3d-1111-2222-3333-444455556666"
KEY = f"arn:aws:kms:{REGION}:123456789012:key/0a1b2c3d-1111-2222-3333-444455556666"


def _read(*options: str) -> Wishes:
    command = ["network", "apply", f"aws:{REGION}", "--cidr", "10.64.0.0/16", "--out", "record.json"]
    return _wishes(_parser().parse_args([*command, *options]))


def test_without_options_the_stack_is_as_before_and_the_record_says_nothing_of_balancers() -> None:
    wishes = _read()

    wishes.check(Cloud.AWS, REGION)

    assert wishes.of_stack() == {
        "cidr": "10.64.0.0/16",
        "lean": False,
        "nat": Nat.PER_ZONE,
        "notices_bus": None,
        "boundary_arn": None,
        "models": None,
    }
    assert wishes.of_record() == {}, "pricing keeps what it has recorded"


def test_models_go_into_the_stack_and_balancers_into_the_record() -> None:
    options = ("--models", "our-models", "--models-key", KEY, "--balancer-certificate", CERTIFICATE)
    wishes = _read(*options, "--domain", "models.example.com", "--dns-zone", "Z0123456789ABC")

    wishes.check(Cloud.AWS, REGION)

    assert wishes.of_stack()["models"] == {"bucket": "our-models", "key_arn": KEY}
    assert wishes.of_record() == {
        "balancer": {
            "certificate": CERTIFICATE,
            "domain": "models.example.com",
            "dns_zone": "Z0123456789ABC",
        }
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--models-key", KEY), "--models-key needs --models"),
        (("--domain", "example.com"), "need --balancer-certificate"),
        (("--balancer-certificate", CERTIFICATE, "--dns-zone", "Z1"), "go together"),
        (("--balancer-certificate", CERTIFICATE, "--domain", "models.example.com"), "go together"),
        (
            ("--balancer-certificate", CERTIFICATE.replace("us-east-1", "eu-west-1")),
            "certificate in us-east-1",
        ),
        (("--balancer-certificate", "self-signed"), "ARN of an ACM certificate"),
        (
            ("--balancer-certificate", CERTIFICATE, "--domain", "no_domain", "--dns-zone", "Z1"),
            "a domain name",
        ),
        (
            ("--balancer-certificate", CERTIFICATE, "--domain", "example.com", "--dns-zone", "example.com."),
            "Route 53 hosted zone",
        ),
    ],
)
def test_what_does_not_fit_is_named(options: tuple[str, ...], said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        _read(*options).check(Cloud.AWS, REGION)


GOOGLE_CERTIFICATE = "projects/flowllama-test/global/sslCertificates/models"


def test_google_keeps_a_certificate_for_a_domain_and_takes_a_link_of_one() -> None:
    kept = _read("--domain", "models.example.com", "--dns-zone", "models-example-com")
    linked = _read("--balancer-certificate", GOOGLE_CERTIFICATE)
    for wishes in (kept, linked):
        wishes.check(Cloud.GCP, "us-central1")

    assert kept.of_record()["balancer"]["certificate"] is None
    assert linked.of_record()["balancer"] == {
        "certificate": GOOGLE_CERTIFICATE,
        "domain": None,
        "dns_zone": None,
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--balancer-certificate", CERTIFICATE), "global/sslCertificates"),
        (("--domain", "models.example.com"), "go together"),
        (("--domain", "models.example.com", "--dns-zone", "Z0123456789ABC"), "a managed zone"),
        (("--domain", f"{'m' * 30}.example.com", "--dns-zone", "models"), "may have 30 characters"),
    ],
)
def test_what_google_would_refuse_is_named(options: tuple[str, ...], said: str) -> None:
    with pytest.raises(InvalidError, match=said):
        _read(*options).check(Cloud.GCP, "us-central1")


@pytest.mark.parametrize(
    "certificate", [CERTIFICATE, "projects/flowllama-test/global/sslCertificates/models"]
)
def test_a_certificate_of_another_account_is_refused_before_the_network_is_built(certificate: str) -> None:
    wishes = Wishes(cidr="10.64.0.0/16", certificate=certificate)

    for own in ("123456789012", "flowllama-test"):
        if own in certificate:
            wishes.check_account(own)
    for other in ("123456789013", "flowllama"):
        with pytest.raises(InvalidError, match="another account"):
            wishes.check_account(other)

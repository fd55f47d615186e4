"""What a machine costs beside itself, against figures reckoned by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from services.pricing.facts.catalogue import Catalogue
from services.pricing.facts.extras import Needs, usd
from services.pricing.facts.interruptions import interruption_micro, recovery_s

NEEDS = Needs(disk_gib=73, weights_gib=7.3, egress_gib=10, nat=False, load_balancer=False)


def part(catalogue: Catalogue, region: str, name: str, **needs: object) -> Decimal:
    extras = catalogue.regions[region].costs.of(replace(NEEDS, **needs))  # type: ignore[arg-type]  # Tests name them.
    found: int = getattr(extras, name)
    return usd(found)


def test_disk_bucket_and_address_by_the_hour(catalogue: Catalogue) -> None:
    # 73 GiB at 0.08 and 7.3 at 0.023 over 730 hours; 0.1 and 0.02 at Google Cloud.
    assert part(catalogue, "us-east-1", "disk") == Decimal("0.008")
    assert part(catalogue, "us-east-1", "model_bucket") == Decimal("0.00023")
    assert part(catalogue, "us-east-1", "ip") == Decimal("0.005")
    assert part(catalogue, "us-central1", "disk") == Decimal("0.01")
    assert part(catalogue, "us-central1", "model_bucket") == Decimal("0.0002")
    assert part(catalogue, "us-east-1", "load_balancer") == 0
    assert part(catalogue, "us-east-1", "load_balancer", load_balancer=True) == Decimal("0.0225")


@pytest.mark.parametrize(
    ("region", "gib", "month"),
    [
        ("us-east-1", 0, "0"),
        ("us-east-1", 10_240, "921.60"),
        ("us-east-1", 10_241, "921.685"),
        # 10,240 at 0.09, 40,960 at 0.085, 102,400 at 0.07 and the rest at 0.05.
        ("us-east-1", 200_000, "13891.20"),
        # 1,024 at 0.12, 9,216 at 0.11 and the rest at 0.08.
        ("us-central1", 20_000, "1917.44"),
        # One tier is known of it, which then holds for all.
        ("ap-south-1", 20_000, "2186"),
    ],
)
def test_each_tier_of_traffic_has_its_own_price(
    catalogue: Catalogue, region: str, gib: int, month: str
) -> None:
    found = part(catalogue, region, "egress", egress_gib=gib)

    assert found == (Decimal(month) / 730).quantize(Decimal("0.000001"))


def test_a_private_machine_pays_a_gateway_and_its_address_instead_of_its_own(catalogue: Catalogue) -> None:
    private = {"nat": True, "egress_gib": 730}

    # 730 GiB at 0.045 in a month are 0.045 an hour; AWS asks for a gateway, Google Cloud for the machine behind it.
    assert part(catalogue, "us-east-1", "nat", **private) == Decimal("0.045") + Decimal("0.005") + Decimal(
        "0.045"
    )
    assert part(catalogue, "us-central1", "nat", **private) == Decimal("0.0014") + Decimal("0.005") + Decimal(
        "0.045"
    )
    assert part(catalogue, "us-east-1", "ip", **private) == 0
    assert part(catalogue, "us-east-1", "nat") == 0


def test_replicas_have_disks_and_addresses_each_and_share_the_rest(catalogue: Catalogue) -> None:
    names = ("disk", "ip", "egress", "model_bucket", "nat", "load_balancer")

    for region in ("us-east-1", "us-central1"):
        for nat in (False, True):
            wish = {"nat": nat, "load_balancer": True, "egress_gib": 730}
            one, four = (
                {name: part(catalogue, region, name, **wish, machines=machines) for name in names}
                for machines in (1, 4)
            )
            # Google Cloud asks for a gateway by the machine behind it, AWS by the gateway.
            more = 3 * Decimal("0.0014") if nat and region == "us-central1" else Decimal(0)
            assert four == {**one, "disk": one["disk"] * 4, "ip": one["ip"] * 4, "nat": one["nat"] + more}


@pytest.mark.parametrize("nat", [False, True])
@pytest.mark.parametrize("balancer", [False, True])
@pytest.mark.parametrize("machines", [1, 16])
def test_the_sum_is_that_of_the_parts(
    catalogue: Catalogue, machines: int, *, nat: bool, balancer: bool
) -> None:
    for region in catalogue.regions.values():
        for gib in (0, 10, 1025, 10_241, 1_000_000):
            needs = replace(NEEDS, nat=nat, load_balancer=balancer, egress_gib=gib, machines=machines)
            assert region.costs.total(needs) == region.costs.of(needs).total


def test_no_later_tier_is_dearer_than_an_earlier_one(catalogue: Catalogue) -> None:
    for region in catalogue.regions.values():
        tiers = sorted(region.costs.prices["egress_gib"], key=lambda tier: tier.from_gib)
        assert tiers[0].from_gib == 0
        assert [tier.usd for tier in tiers] == sorted((tier.usd for tier in tiers), reverse=True), region.name


def test_an_interruption_costs_an_idle_restart_and_an_hour_on_demand() -> None:
    # 8 GiB are written and read at 125 MiB/s, after 210 s.
    assert recovery_s(8) == 210 + 132
    # One interruption in ten hours; half an hour at 2 USD, and an hour of 2 instead of 0.5.
    assert interruption_micro(100_000_000, 2_000_000, 500_000, 1800) == 100_000 + 150_000
    # Spot above on demand: going back costs nothing.
    assert interruption_micro(100_000_000, 2_000_000, 2_100_000, 1800) == 100_000

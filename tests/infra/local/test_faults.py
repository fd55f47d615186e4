"""Armed faults meet the calls they name, as often as they were told."""

import ipaddress

import pytest
from marshmallow import ValidationError

from infra.local.cloud.addresses import allocator
from infra.local.cloud.faults import Fault, Faults, FaultSchema


def test_a_fault_meets_its_action_the_given_number_of_times() -> None:
    faults = Faults()
    faults.arm(Fault("RunInstances", "InsufficientInstanceCapacity", times=2))

    met = [faults.take({"Action": "RunInstances"}) is not None for _ in range(3)]

    assert met == [True, True, False]
    assert faults.take({"Action": "DescribeInstances"}) is None


def test_a_fault_can_name_the_parameters_it_meets() -> None:
    faults = Faults()
    faults.arm(Fault("RunInstances", "Unsupported", match={"InstanceType": "g5.xlarge"}))

    assert faults.take({"Action": "RunInstances", "InstanceType": "t3.small"}) is None
    assert faults.take({"Action": "RunInstances", "InstanceType": "g5.xlarge"}) is not None


def test_clearing_disarms_all() -> None:
    faults = Faults()
    faults.arm(Fault("RunInstances", "Unavailable", times=100))

    faults.clear()

    assert faults.take({"Action": "RunInstances"}) is None


def test_an_unknown_code_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValidationError, match="InsufficientInstanceCapacity"):
        FaultSchema().load({"action": "RunInstances", "code": "NoSuchCode"})


def test_public_addresses_come_in_turn_from_the_range_and_wrap_round() -> None:
    draw = allocator(ipaddress.IPv4Network("127.177.0.0/29"))

    assert [draw() for _ in range(7)] == [f"127.177.0.{last}" for last in (1, 2, 3, 4, 5, 6, 1)]

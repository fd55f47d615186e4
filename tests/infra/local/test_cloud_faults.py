"""The network and the API in front of the cloud fail on demand, as AWS's would."""

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from tests.infra.local.cloud_client import Cloud, await_that, ingress, reaches, running

pytestmark = [
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"),
    pytest.mark.usefixtures("faults"),
]


def test_the_security_group_decides_who_gets_through(cloud: Cloud) -> None:
    instance = cloud.ready()
    rule = ingress("127.0.0.0/8")

    cloud.ec2.revoke_security_group_ingress(GroupId=cloud.group, IpPermissions=rule)
    try:
        await_that(lambda: not reaches(instance))
    finally:
        cloud.ec2.authorize_security_group_ingress(GroupId=cloud.group, IpPermissions=rule)
    await_that(lambda: reaches(instance))


@pytest.mark.parametrize(
    "code",
    ["InsufficientInstanceCapacity", "RequestLimitExceeded", "UnauthorizedOperation", "VcpuLimitExceeded"],
)
def test_an_armed_fault_is_ec2s_own_error_once(cloud: Cloud, code: str) -> None:
    cloud.arm(action="RunInstances", code=code)

    with pytest.raises(ClientError) as refused:
        cloud.launch()

    assert refused.value.response["Error"]["Code"] == code
    assert cloud.launch()["InstanceId"]


@pytest.mark.parametrize("after", [False, True])
def test_a_dropped_connection_loses_the_call_or_only_its_answer(cloud: Cloud, *, after: bool) -> None:
    before = len(running(cloud))
    cloud.arm(action="RunInstances", code="ConnectionDropped", after=after)

    with pytest.raises(HTTPClientError):
        cloud.launch()

    assert len(running(cloud)) - before == (1 if after else 0)

"""The picture of a network on AWS: which subnet gets out by which way, read from its route tables."""

from collections.abc import Mapping

from docs.stacks.mermaid import Flowchart
from docs.stacks.stack import Body, Stack, name_in, names_in

INTERNET = "internet"


def picture(stack: Stack) -> str:
    chart = Flowchart()
    chart.node(INTERNET, "internet", shape="(())")
    with chart.inside("vpc", "VPC", stack.only("aws_vpc")["cidr_block"]):
        for zone in sorted({subnet["availability_zone"] for subnet in stack.of("aws_subnet").values()}):
            with chart.inside(zone, zone):
                _zone(chart, stack, zone)
        for gateway in stack.of("aws_internet_gateway"):
            chart.node(gateway, "internet gateway")
        for endpoint, body in stack.of("aws_vpc_endpoint").items():
            chart.node(endpoint, f"endpoint of {body['service_name'].rpartition('.')[2]}")
        for log in stack.of("aws_flow_log").values():
            chart.node("flow-log", "flow log", f"{_days(stack, log)} days")
    _ways(chart, stack)
    return chart.block()


def _zone(chart: Flowchart, stack: Stack, zone: str) -> None:
    for name, subnet in stack.of("aws_subnet").items():
        if subnet["availability_zone"] == zone:
            kind = subnet["tags"]["Name"].removesuffix(f"-{zone}").rpartition("-")[2]
            chart.node(name, f"{kind} subnet", subnet["cidr_block"])
    for name, gateway in stack.of("aws_nat_gateway").items():
        if stack.of("aws_subnet")[name_in(gateway["subnet_id"], "aws_subnet")]["availability_zone"] == zone:
            chart.node(name, "NAT gateway", "with an address of ours")


def _ways(chart: Flowchart, stack: Stack) -> None:
    tables = stack.of("aws_route_table")
    for link in stack.of("aws_route_table_association").values():
        subnet = name_in(link["subnet_id"], "aws_subnet")
        for route in tables[name_in(link["route_table_id"], "aws_route_table")]["route"]:
            chart.arrow(subnet, _next(route))
    for name, nat in stack.of("aws_nat_gateway").items():
        chart.arrow(name, _gateway_of(stack, name_in(nat["subnet_id"], "aws_subnet")))
    for gateway in stack.of("aws_internet_gateway"):
        chart.arrow(gateway, INTERNET, line="<-->")
    for endpoint, body in stack.of("aws_vpc_endpoint").items():
        for table in names_in(body["route_table_ids"], "aws_route_table"):
            for subnet in _subnets_of(stack, table):
                chart.arrow(subnet, endpoint, line="-.->")


def _next(route: Body) -> str:
    if route.get("nat_gateway_id"):
        return name_in(route["nat_gateway_id"], "aws_nat_gateway")
    return name_in(route["gateway_id"], "aws_internet_gateway")


def _gateway_of(stack: Stack, subnet: str) -> str:
    (table,) = (table for table in stack.of("aws_route_table") if subnet in _subnets_of(stack, table))
    (route,) = stack.of("aws_route_table")[table]["route"]
    return _next(route)


def _subnets_of(stack: Stack, table: str) -> list[str]:
    links: Mapping[str, Body] = stack.of("aws_route_table_association")
    return [
        name_in(link["subnet_id"], "aws_subnet")
        for link in links.values()
        if name_in(link["route_table_id"], "aws_route_table") == table
    ]


def _days(stack: Stack, log: Body) -> int:
    group = name_in(log["log_destination"], "aws_cloudwatch_log_group")
    return int(stack.of("aws_cloudwatch_log_group")[group]["retention_in_days"])

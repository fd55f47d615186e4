"""The picture of a network on Google Cloud: subnets and their ranges, the way out, and the rules that hold for all."""

from docs.stacks.mermaid import Flowchart
from docs.stacks.stack import Body, Stack, names_in

INTERNET, APIS, MACHINES = "internet", "apis", "machines"


def picture(stack: Stack) -> str:
    chart = Flowchart()
    chart.node(INTERNET, "internet", shape="(())")
    with chart.inside("vpc", "VPC", stack.only("google_compute_network")["name"]):
        for name, subnet in stack.of("google_compute_subnetwork").items():
            with chart.inside(name, "subnet of", subnet["region"]):
                _subnet(chart, name, subnet)
        for name in stack.of("google_compute_router_nat"):
            chart.node(name, "Cloud NAT", "with an address of ours")
        for name, rule in sorted(stack.of("google_compute_firewall").items(), key=_order):
            chart.node(name, *_rule(rule), shape="{{}}")
    chart.node(APIS, "Google's APIs: logs, buckets", shape="[()]")
    _ways(chart, stack)
    return chart.block()


def _subnet(chart: Flowchart, name: str, subnet: Body) -> None:
    chart.node(f"{name}/{MACHINES}", "machines", subnet["ip_cidr_range"])
    for second in subnet.get("secondary_ip_range") or ():
        chart.node(f"{name}/{second['range_name']}", second["range_name"], second["ip_cidr_range"])
    if subnet.get("log_config"):
        share = round(subnet["log_config"]["flow_sampling"] * 100)
        chart.node(f"{name}/log", "flow log", f"{share} % of the flows")


def _ways(chart: Flowchart, stack: Stack) -> None:
    for gateway, nat in stack.of("google_compute_router_nat").items():
        for subnet in names_in(nat["subnetwork"], "google_compute_subnetwork"):
            chart.arrow(f"{subnet}/{MACHINES}", gateway)
        chart.arrow(gateway, INTERNET)
    for name, body in stack.of("google_compute_subnetwork").items():
        if body.get("private_ip_google_access"):
            chart.arrow(f"{name}/{MACHINES}", APIS, "private access", line="-.->")


def _order(named: tuple[str, Body]) -> tuple[str, int]:
    return named[1]["direction"], named[1]["priority"]


def _rule(rule: Body) -> tuple[str, str]:
    way = "in" if rule["direction"] == "INGRESS" else "out"
    allowed = rule.get("allow")
    if not allowed:
        return f"{way}: nothing", f"priority {rule['priority']}"
    said = ", ".join(f"{one['protocol']} {' and '.join(one.get('ports') or ('all',))}" for one in allowed)
    return f"{way}: {said}", f"priority {rule['priority']}"

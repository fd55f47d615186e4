"""`python -m services.agent worker` carries out commands; `network apply` builds a region's network."""

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from contracts.vocabulary import Nat
from services.agent import app, network, network_lease
from services.agent.command import SERVICE
from services.agent.network_wishes import Wishes
from services.agent.settings import build_network, build_worker
from services.agent.store import MIGRATIONS
from services.agent.synth_children import child_of
from services.agent.terraform import Terraform
from services.chassis import config, logs, mongo, process
from services.chassis.errors import FlowLlamaError, InvalidError

LEASE_WAIT_S = 75.0  # A killed apply's lease has ended by then.
REFUSED = 2  # As for any other setting.
DRAIN_S = 60.0  # A Terraform that was asked to stop finishes what it has begun.


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    if chosen.command == "worker":
        return serve_worker()
    try:
        return apply_network(chosen)
    except FlowLlamaError as error:
        sys.stderr.write(f"{error.detail}\n")
        return 1


def serve_worker() -> int:
    settings = config.read(build_worker)
    logs.configure(SERVICE, settings.common.log_level)
    try:
        probes, tasks = app.build(settings)
    except InvalidError as error:
        sys.stderr.write(f"settings refused: {error.detail}\n")
        return REFUSED
    process.serve_worker(settings.common, probes, tasks, drain_s=DRAIN_S)
    return 0


def apply_network(chosen: argparse.Namespace) -> int:
    settings = config.read(build_network)
    logs.configure(f"{SERVICE}-network", settings.common.log_level)
    cloud, region = network.parse_place(chosen.place)
    synth = child_of(cloud)
    store = mongo.connect(settings.common)
    mongo.migrate(store, SERVICE, MIGRATIONS)
    with closing(synth):
        # Its start may take longer than the lease lasts, which nobody renews before Terraform runs.
        synth.ready()
        with network_lease.hold(store, chosen.place, settings.common, wait_s=LEASE_WAIT_S) as lease:
            record = network.apply(
                cloud,
                region,
                _wishes(chosen),
                settings=settings,
                synth=synth,
                terraform=Terraform(settings.terraform),
                lease=lease,
            )
    network.write(record, chosen.out)
    return 0


def _wishes(chosen: argparse.Namespace) -> Wishes:
    return Wishes(
        cidr=chosen.cidr,
        lean=chosen.lean,
        nat=Nat(chosen.nat),
        notices_bus=chosen.notices_bus,
        models=chosen.models,
        models_key=chosen.models_key,
        boundary=chosen.boundary,
        certificate=chosen.balancer_certificate,
        domain=chosen.domain,
        dns_zone=chosen.dns_zone,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.agent", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("worker", help="carry out commands until told to stop")
    networks = commands.add_parser("network", help="what all placements of a region share")
    apply = networks.add_subparsers(dest="action", required=True).add_parser(
        "apply", help="build it, or what is missing of it, and write its record for pricing"
    )
    apply.add_argument("place", metavar="CLOUD:REGION", help="for example aws:us-east-1 or gcp:us-central1")
    apply.add_argument("--cidr", default=network.DEFAULT_CIDR, help="of the VPC (default %(default)s)")
    apply.add_argument("--lean", action="store_true", help="public subnets only: no NAT, no flow log")
    apply.add_argument("--out", type=Path, required=True, help="file for the record")
    _add_wishes(apply)
    return parser


def _add_wishes(apply: argparse.ArgumentParser) -> None:
    apply.add_argument(
        "--nat", choices=[nat.value for nat in Nat], default=Nat.PER_ZONE.value, help="default %(default)s"
    )
    apply.add_argument("--notices-bus", metavar="ARN", help="event bus of the platform's region, if another")
    apply.add_argument("--models", metavar="BUCKET", help="bucket in which instances share models")
    apply.add_argument("--models-key", metavar="ARN", help="customer key of that bucket")
    apply.add_argument("--boundary", metavar="ARN", help="permissions boundary for the role of instances")
    apply.add_argument(
        "--balancer-certificate",
        metavar="ARN|LINK",
        help="ACM certificate of this region, or an SSL certificate's link on Google Cloud, which keeps one itself for a "
        "--domain: replicas behind a balancer can be asked for; kept until another is named",
    )
    apply.add_argument("--domain", metavar="NAME", help="each balanced deployment gets a name below it")
    apply.add_argument(
        "--dns-zone", metavar="ID", help="Route 53 or managed zone that gets those names' records"
    )


if __name__ == "__main__":
    sys.exit(main())

"""What the processes may do beside the agent, as their code calls it: queues by the topology, prices, and a look at EC2."""

from collections.abc import Iterable

from contracts.topology import ROUTES, Queue, queues_received_by
from infra.cdktf.constructs.aws.grants import Grant
from infra.cdktf.processes import DEPLOYMENTS, Process


def queue_grants(process: Process, region: str, account: str) -> list[Grant]:
    """An API only sends; a worker also receives, gives its dead letters up, and sends again what its queue lost."""

    def arns(queues: Iterable[str]) -> tuple[str, ...]:
        return tuple(f"arn:aws:sqs:{region}:{account}:{name}" for name in sorted(set(queues)))

    if not _has_queues(process):
        return []
    sent = {queue.name for queue in sent_by(process.service)}
    if process == DEPLOYMENTS:
        return [_send(arns(sent))]
    received = queues_received_by(process.service)
    own = arns(queue.name for queue in received)
    again = {name for queue in received for name in (queue.name, queue.dead_letter)}
    return [_send(arns(sent | again)), _receive(own)]


def sent_by(service: str) -> tuple[Queue, ...]:
    return tuple(queue for route in ROUTES.values() if route.sender == service for queue in route.queues)


def price_grants() -> list[Grant]:
    """None of these calls can be bound to a resource: they read what AWS tells every account about itself."""
    return [
        Grant(
            "ReadPrices",
            "Reads AWS's price list, spot prices and scores, so that the cheapest machine is the cheapest now.",
            ("pricing:GetProducts", "ec2:DescribeSpotPriceHistory", "ec2:GetSpotPlacementScores"),
            ("*",),
        ),
        Grant(
            "ReadQuotas",
            "Reads the account's own limits, so that no machine is chosen that would be refused.",
            ("servicequotas:ListServiceQuotas",),
            ("*",),
        ),
    ]


def look_grants() -> list[Grant]:
    return [
        Grant(
            "LookAtInstances",
            "Asks about machines and groups that have fallen silent: gone, or only not answering? Describe calls know no resource.",
            ("ec2:DescribeInstances", "autoscaling:DescribeAutoScalingGroups"),
            ("*",),
        )
    ]


def _has_queues(process: Process) -> bool:
    return bool(queues_received_by(process.service))


def _send(arns: tuple[str, ...]) -> Grant:
    return Grant(
        "SendMessages",
        "Sends what the topology has it send; a worker also to its own queues, for what was lost or is given up.",
        ("sqs:SendMessage", "sqs:GetQueueUrl"),
        arns,
    )


def _receive(arns: tuple[str, ...]) -> Grant:
    return Grant(
        "ReceiveMessages",
        "Takes messages from its own queues, keeps them while they are worked on, and sees how many wait.",
        (
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
        ),
        arns,
    )

"""`python -m services.chassis.queues dead-letters|redrive|depths`: the operator's view of the queues."""

import json

import click

from contracts.topology import QUEUES
from services.chassis import config, mongo
from services.chassis.queues import broker, dead_letters


def _settings() -> config.CommonSettings:
    return config.read(lambda env: config.common(env, service="operator", default_port=0))


@click.group()
def main() -> None:
    """Look into the queues and send dead letters back."""


@main.command("dead-letters")
@click.option("--queue", multiple=True, help="Only of this queue; may be repeated.")
def show(queue: tuple[str, ...]) -> None:
    """Print every dead letter as one JSON line: reason, envelope, when and how often it was tried."""
    for letter in dead_letters.listed(broker.connect(_settings()), queue):
        line = {
            "queue": letter.queue.name,
            "reason": letter.reason,
            "message_id": letter.message.id if letter.message else None,
            "sent_at": letter.delivery.sent_at.isoformat(),
            "body": letter.delivery.body,
        }
        click.echo(json.dumps(line))


@main.command("redrive")
@click.option("--queue", multiple=True, help="Only of this queue; may be repeated.")
@click.option("--message", help="Only the message with this id.")
def send_back(queue: tuple[str, ...], message: str | None) -> None:
    """Send dead letters back to the queues they came from."""
    settings = _settings()
    sent = dead_letters.redrive(broker.connect(settings), mongo.connect(settings), queue, message)
    click.echo(json.dumps({"redriven": sent}))


@main.command("depths")
def depths() -> None:
    """Print how many messages wait and are held, and how many are dead, per queue."""
    queues = broker.connect(_settings())
    for queue in QUEUES:
        depth, dead = queues.depth(queue.name), queues.depth(queue.dead_letter)
        line = {
            "queue": queue.name,
            "visible": depth.visible,
            "in_flight": depth.in_flight,
            "dead": dead.visible + dead.in_flight,
        }
        click.echo(json.dumps(line))


if __name__ == "__main__":
    main(prog_name="python -m services.chassis.queues")

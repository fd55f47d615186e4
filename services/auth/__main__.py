"""`python -m services.auth api` serves; `set-tier` is an operator's command."""

import sys

import click
from marshmallow import ValidationError

from contracts.http.auth import EmailAddress
from contracts.vocabulary import Tier
from services.auth import accounts, app, settings
from services.auth.audit import AuditLog
from services.auth.store import MIGRATIONS
from services.chassis import logs
from services.chassis.clock import utc_now
from services.chassis.config import read
from services.chassis.errors import NotFoundError
from services.chassis.mongo import connect, migrate
from services.chassis.process import serve_http


@click.group()
def main() -> None:
    """FlowLlama's accounts, sessions and tokens."""


@main.command()
def api() -> None:
    """Serve HTTP until SIGTERM."""
    found = read(settings.build)
    logs.configure("auth", found.common.log_level)
    serve_http(found.common, lambda: app.build(found))


@main.command("set-tier")
@click.argument("email")
@click.argument("tier", type=click.Choice([tier.value for tier in Tier]))
def set_tier(email: str, tier: str) -> None:
    """Move the account of EMAIL to TIER. Its tokens show it from their next refresh on."""
    store = connect(read(settings.build_common))
    migrate(store, "auth", MIGRATIONS)
    try:
        address = EmailAddress().deserialize(email)
        accounts.set_tier(address, Tier(tier), store=store, clock=utc_now, audit=AuditLog(store, utc_now))
    except (NotFoundError, ValidationError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(f"{address} is {tier} now")


if __name__ == "__main__":
    main(prog_name="python -m services.auth")

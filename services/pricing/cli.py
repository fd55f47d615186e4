"""The command line: an estimate without server or database, and the import of connected networks."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any, NoReturn

import click
from marshmallow import ValidationError

from contracts.http.architecture import ArchitectureSchema
from contracts.http.pricing import EstimateQuerySchema, EstimateResponseSchema
from services.chassis.clock import utc_now
from services.chassis.errors import FlowLlamaError
from services.pricing import answers
from services.pricing.choice.around import Surroundings
from services.pricing.choice.offers import OfferIndex
from services.pricing.choice.select import choose
from services.pricing.choice.side_by_side import best_by_cloud
from services.pricing.choice.workload import resolve
from services.pricing.current import Current
from services.pricing.decisions.command import explain
from services.pricing.facts.catalogue import load_catalogue
from services.pricing.own_models.command import models

# The names of the fields are those of the HTTP body; the options are shorter.
_OPTIONS = {
    "context_size": "--context",
    "quantisation": "--quant",
    "kv_type": "--kv-type",
    "min_memory_gib": "--min-memory",
    "min_tokens_per_s": "--min-tokens-per-s",
    "max_hourly_usd": "--max-hourly",
    "budget_hourly_usd": "--budget-hourly",
    "rank_by": "--rank-by",
    "egress_gib_month": "--egress",
    "load_balancer": "--load-balancer",
}


@click.group()
def main() -> None:
    """Models, machines and prices."""


@main.command()
@click.option("--model", required=True, help="Ollama tag, such as llama3.1:8b.")
@click.option("--context", "context_size", help="Tokens of context; 8192 or the model's maximum by default.")
@click.option("--parallel", help="Requests served at the same time, each with its own context.")
@click.option("--quant", "quantisation", help="Quantisation, such as Q6_K.")
@click.option("--kv-type", help="f16, q8_0 or q4_0.")
@click.option("--architecture", type=click.File("r", encoding="utf-8"), help="JSON of a model of your own.")
@click.option("--cloud", help="aws or gcp.")
@click.option("--region")
@click.option("--machine", help="Machine type, such as g6.xlarge.")
@click.option("--gpu", help="KIND, KIND:COUNT or none.")
@click.option("--min-memory", "min_memory_gib", help="GiB that must be able to hold the model.")
@click.option("--min-tokens-per-s", help="0 accepts any speed.")
@click.option("--spot", help="never, prefer or only.")
@click.option("--max-hourly", "max_hourly_usd", help="US dollars.")
@click.option("--budget-hourly", "budget_hourly_usd", help="US dollars that a budget leaves.")
@click.option("--rank-by", help="hour or token.")
@click.option("--egress", "egress_gib_month", help="GiB to the internet in a month, 10 by default.")
@click.option("--exposure", help="allow_listed, private or load_balanced.")
@click.option("--replicas", help="Machines behind a balancer: N, or MIN:MAX.")
@click.option("--load-balancer", help="true or false; load_balanced has one anyway.")
@click.option("--limit", help="Candidates to show, 1 to 100.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
def estimate(*, as_json: bool, architecture: IO[str] | None, **options: str | None) -> None:
    """What a model needs, and the cheapest machines that serve it."""
    given = {name: value for name, value in options.items() if value is not None}
    try:
        fields = {**EstimateQuerySchema().load(given), "architecture": _architecture(architecture)}
        catalogue = load_catalogue()
        workload = resolve(fields, catalogue)
    except ValidationError as error:
        _refuse([(_option(field), message) for field, message in _entries(error.messages_dict)])
    except FlowLlamaError as error:
        _refuse([(_option(entry["field"]), entry["message"]) for entry in error.errors])
    current, now = Current(OfferIndex(catalogue)), utc_now()
    choice = choose(current.index, workload, Surroundings(), fields["limit"])
    best = best_by_cloud(current.index, choice, Surroundings())
    note = answers.catalogue_note(catalogue, now.date(), current.sources(now))
    answer = EstimateResponseSchema().dump(answers.estimate(choice, best, note, now.date(), None))
    click.echo(json.dumps(answer, indent=2) if as_json else _table(answer))


main.add_command(models)


@main.group()
def networks() -> None:
    """Connected regions."""


@networks.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8"))
def import_networks(file: IO[str]) -> None:
    """Write network records, one JSON object or a list, from FILE or - to the store. Idempotent."""
    # Only this command needs the driver.
    from services.chassis.config import read
    from services.chassis.mongo import connect, migrate
    from services.pricing import settings
    from services.pricing import store as records
    from services.pricing.networks import read_networks

    try:
        found = read_networks(json.load(file))
    except ValueError as error:
        _refuse([("file", f"not JSON: {error}")])
    except FlowLlamaError as error:
        _refuse([(entry["field"], entry["message"]) for entry in error.errors])
    store = connect(read(settings.build_common))
    migrate(store, "pricing", records.MIGRATIONS)
    for record in found:
        fresh = records.connect_network(store, record, utc_now())
        click.echo(f"{record['_id']} {'connected' if fresh else 'updated'}")


main.add_command(explain)


@main.command(
    "prices",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.pass_context
def prices(context: click.Context) -> None:
    """The price snapshot: `prices refresh --out DIR` writes it anew."""
    # The estimate must not pay for the clouds' libraries.
    from services.pricing.live.command import prices as commands

    commands.main(context.args, prog_name=context.command_path)


@main.command("api")
def serve() -> None:
    """Serve HTTP until SIGTERM."""
    # The estimate must not pay for the web framework.
    from services.chassis import logs
    from services.chassis.config import read
    from services.chassis.process import serve_http
    from services.pricing import app, settings

    found = read(settings.build)
    logs.configure("pricing", found.common.log_level)
    serve_http(found.common, lambda: app.build(found))


def _architecture(file: IO[str] | None) -> dict[str, Any] | None:
    """Raises ValidationError under `architecture`, as a body would."""
    if file is None:
        return None
    try:
        loaded: dict[str, Any] = ArchitectureSchema().load(json.load(file))
    except (ValueError, RecursionError) as error:
        raise ValidationError({"architecture": [f"not JSON: {error}"]}) from error
    except ValidationError as error:
        raise ValidationError({"architecture": error.messages_dict}) from error
    return loaded


def _option(field: str) -> str:
    return _OPTIONS.get(field, f"--{field}")


def _entries(messages: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in messages.items():
        here = f"{path}.{name}" if path else name
        found += (
            _entries(value, here) if isinstance(value, Mapping) else [(here, str(text)) for text in value]
        )
    return found


def _refuse(entries: Sequence[tuple[str, str]]) -> NoReturn:
    for field, message in entries:
        click.echo(f"{field}: {message}", err=True)
    sys.exit(2)


def _table(answer: Mapping[str, Any]) -> str:
    needs = answer["requirements"]
    lines = [
        f"{needs['model']} {needs['quantisation']}, {needs['context_size']} tokens x {needs['parallel']}",
        f"needs {needs['vram_gib']:.2f} GiB of GPU memory, or {needs['ram_gib']:.2f} GiB of RAM",
        "",
        f"{'cloud':6}{'region':17}{'machine':22}{'gpu':12}{'market':11}{'USD/h':>9}{'USD/month':>11}{'tok/s':>8}",
    ]
    for found in answer["candidates"]:
        gpu = f"{found['gpu_count']} x {found['gpu']}" if found["gpu"] else "-"
        market = "spot" if found["spot"] else "on-demand"
        lines.append(
            f"{found['cloud']:6}{found['region']:17}{found['machine']:22}{gpu:12}{market:11}"
            f"{found['hourly_usd']:9.4f}{found['monthly_usd']:11.2f}{found['tokens_per_s']:8.1f}"
        )
    lines += ["", *(f"out, {item['reason']}: {item['count']} offers" for item in answer["rejected"])]
    note = answer["catalogue"]
    if any(found["hourly_usd_at_min"] != found["hourly_usd"] for found in answer["candidates"]):
        lines += ["", _at_rest(answer["candidates"][0])]
    return "\n".join([*lines, f"prices as of {note['as_of']} or later{' (stale)' if note['stale'] else ''}"])


def _at_rest(best: Mapping[str, Any]) -> str:
    return (
        f"the amounts are those of all replicas; with the fewest, the first costs "
        f"{best['hourly_usd_at_min']:.4f} USD/h"
    )

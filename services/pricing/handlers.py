"""What pricing does, whoever asks. A handler gets a loaded body and its ports, and returns an answer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from services.chassis.clock import Clock
from services.chassis.errors import InvalidError, NotFoundError, UnavailableError
from services.chassis.logs import get_logger
from services.chassis.mongo import Document, Store
from services.pricing import answers, listings
from services.pricing import store as records
from services.pricing.choice.select import choose
from services.pricing.choice.side_by_side import best_by_cloud
from services.pricing.choice.workload import check_names, find_model, nearest, resolve
from services.pricing.connected import ConnectedRegions
from services.pricing.current import Current
from services.pricing.decisions.surroundings import deployable, estimated
from services.pricing.facts.catalogue import Catalogue
from services.pricing.facts.quotas import quota_of

log = get_logger(__name__)


def estimate(
    fields: Mapping[str, Any], *, current: Current, connected: ConnectedRegions, clock: Clock
) -> Document:
    """What a workload needs and costs everywhere, or in connected regions only. Nothing is stored.

    Raises UnavailableError where only connected regions count and nobody knows which they are: an answer with
    all of them would not be the one that was asked for.
    """
    index = current.index
    workload = resolve(fields, index.catalogue)
    networks = connected.networks(fresh=fields["connected_only"])
    if fields["connected_only"] and networks is None:
        raise UnavailableError("Nobody knows which regions are connected: the store does not answer.")
    around = estimated(networks, workload.exposure, connected_only=fields["connected_only"])
    known = None if networks is None else deployable(networks, workload.exposure)
    with current.turn:
        choice = choose(index, workload, around, fields["limit"])
        best, now = best_by_cloud(index, choice, around), clock()
        figures = _note(index.catalogue, current, now)
        return answers.estimate(choice, best, figures, now.date(), known, index.catalogue.stale_days)


def models(wanted: Mapping[str, Any], *, current: Current, clock: Clock) -> Document:
    catalogue, now = current.index.catalogue, clock()
    return listings.model_list(catalogue, wanted, _note(catalogue, current, now))


def model(tag: str, *, current: Current) -> Document:
    catalogue = current.index.catalogue
    found = find_model(tag, catalogue)
    if found is None:
        near = nearest(tag[:128], catalogue)
        raise NotFoundError(
            f"The catalogue has no model {tag[:128]}." + (f" Near to it: {near}." if near else "")
        )
    return listings.model_detail(found[0])


def machines(wanted: Mapping[str, Any], *, current: Current, clock: Clock) -> Document:
    """Raises InvalidError for a region or machine that nobody sells."""
    catalogue = current.index.catalogue
    check_names(wanted, catalogue)
    now = clock()
    return listings.machine_list(catalogue, wanted, now.date(), _note(catalogue, current, now))


def block(body: Mapping[str, Any], *, current: Current, store: Store, clock: Clock) -> Document:
    """Leaves an offer out of everybody's choice for a while. Repeating it is harmless."""
    until = clock() + timedelta(minutes=body["minutes"])
    market = "spot" if body["spot"] else "on-demand"
    record = {key: body[key] for key in ("cloud", "region", "zone", "machine", "spot", "reason")}
    record |= {"cloud": body["cloud"].value, "until": until, "family": None, "units": None}
    if body["quota"]:
        record |= {"zone": None, **_quota(body, current)}
    what = record["machine"] if record["family"] is None else f"{record['family']}>={record['units']}"
    record["_id"] = ":".join([record["cloud"], body["region"], record["zone"] or "*", what, market])
    records.block(store, record)
    log.warning("offer_blocked", block=record["_id"], reason=body["reason"], minutes=body["minutes"])
    return {"id": record["_id"], "until": until}


def _note(catalogue: Catalogue, current: Current, now: datetime) -> Document:
    """Which figures an answer is made from: this very catalogue, though a refresh may have replaced it meanwhile."""
    return answers.catalogue_note(catalogue, now.date(), current.sources(now))


def _quota(body: Mapping[str, Any], current: Current) -> Document:
    """Raises InvalidError for a machine that the catalogue does not know: nobody could tell its family."""
    machine = current.index.catalogue.machines.get((body["cloud"], body["machine"]))
    if machine is None:
        message = f"The catalogue has no machine type {body['machine']}."
        raise InvalidError(message, errors=[{"field": "machine", "message": message}])
    family, units = quota_of(machine)
    return {"family": family, "units": units * body["machines"]}

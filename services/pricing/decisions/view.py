"""A kept decision as it is shown: the record, whether it holds, and a page of what became of each offer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

from marshmallow import ValidationError

from contracts.http.decision import DecisionSchema, OfferOutcomeSchema, read_back
from services.chassis.errors import NotFoundError
from services.chassis.mongo import Document
from services.pricing.answers import price_note
from services.pricing.decisions.explain import Outcome
from services.pricing.decisions.recompute import Again, Recomputation, recompute
from services.pricing.decisions.record import candidate_rows, plain
from services.pricing.decisions.snapshots import Snapshots
from services.pricing.decisions.store import DecisionStore
from services.pricing.facts.extras import usd

LISTED = 100
_RECORDED = (
    *("deployment_id", "at", "inputs", "surroundings", "requirements", "candidates_total"),
    *("answered", "rejected", "prices", "catalogue", "rule_version", "sha256"),
)
_EMPTY: Mapping[str, Any] = {
    "surroundings": {},
    "answered": [],
    "prices": [],
    "rule_version": "",
    "sha256": None,
}


def listing(deployment_id: str, decisions: DecisionStore) -> Document:
    found = decisions.of_deployment(deployment_id, LISTED)
    return {"items": [{"id": each["_id"], "at": each["at"]} for each in found]}


def show(
    decision_id: str, wanted: Mapping[str, Any], *, decisions: DecisionStore, snapshots: Snapshots
) -> Document:
    """`wanted` is a loaded `DecisionQuerySchema`. Raises NotFoundError."""
    record = decisions.get(decision_id)
    if record is None:
        raise NotFoundError(f"There is no decision {decision_id[:64]}.")
    found = recompute(record, snapshots)
    total, page = _page(record, found, wanted)
    end = wanted["offset"] + len(page)
    shown = {
        "id": record["_id"],
        **{name: record.get(name, _EMPTY.get(name)) for name in _RECORDED},
        "verified": found.verified,
        "recomputed": found.again is not None,
        "note": found.note,
        "differences": found.differences,
        "offers": page,
        "offers_total": total,
        "next_offset": end if end < total else None,
    }
    return _readable(plain(shown))


def _readable(shown: Mapping[str, Any]) -> Document:
    """What the schema can read: a damaged field is left out and named, never a reason to show nothing."""
    try:
        return dict(read_back(DecisionSchema(), shown))
    except ValidationError as error:
        damaged = error.messages_dict
        named = [
            {"field": name, "recorded": "can't be read", "recomputed": ""}
            for name in sorted(damaged)
            if name != "differences"
        ]
        left = {name: value for name, value in shown.items() if name not in damaged}
        left |= {"verified": False, "differences": [*shown["differences"], *named]}
        return dict(read_back(DecisionSchema(), left))


def _page(
    record: Mapping[str, Any], found: Recomputation, wanted: Mapping[str, Any]
) -> tuple[int, list[Document]]:
    """How many offers the filters leave, and those asked for. Only these are written out."""
    start, stop = wanted["offset"], wanted["offset"] + wanted["limit"]
    if found.again is None:
        rows = list(_recorded_rows(record))
        kept = [row for row in rows if _matches(row, wanted)]
        return len(kept), kept[start:stop]
    chosen = [outcome for outcome in found.again.outcomes if _matches(_facts(outcome), wanted)]
    return len(chosen), _rows(chosen[start:stop], found.again, record["at"].date())


def _recorded_rows(record: Mapping[str, Any]) -> Iterator[Document]:
    """Without those that are damaged, or were kept in another form."""
    kept = record.get("candidates")
    for rank, row in enumerate(kept if isinstance(kept, list) else [], 1):
        with suppress(LookupError, TypeError, ValidationError):
            yield plain(OfferOutcomeSchema().load(plain(_recorded(row, rank))))


def _matches(facts: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    names = ("outcome", "reason", "cloud", "region", "machine")
    return all(wanted[name] in {None, facts[name]} for name in names)


def _facts(outcome: Outcome) -> Document:
    return {
        "outcome": "ranked" if outcome.candidate else "rejected",
        "reason": outcome.reason.value if outcome.reason else None,
        "cloud": outcome.offer.region.cloud.value,
        "region": outcome.offer.region.name,
        "machine": outcome.offer.machine.name,
    }


def _rows(page: Sequence[Outcome], again: Again, today: date) -> list[Document]:
    ranked = tuple(outcome.candidate for outcome in page if outcome.candidate)
    shown = candidate_rows(replace(again.choice, candidates=ranked), today, again.index.catalogue.stale_days)
    ahead = iter(shown)
    return [
        {**_facts(outcome), **_recorded(next(ahead), outcome.rank)}
        if outcome.candidate
        else _out(outcome, today, again.index.catalogue.stale_days)
        for outcome in page
    ]


def _recorded(row: Mapping[str, Any], rank: int | None) -> Document:
    """A candidate's row."""
    names = (
        "cloud",
        "region",
        "zones",
        "machine",
        "gpu",
        "gpu_count",
        "spot",
        "hourly_usd",
        "tokens_per_s",
        "price",
    )
    return {
        "outcome": "ranked",
        "rank": rank,
        "reason": None,
        "detail": None,
        **{name: row[name] for name in names},
        # A record from before there were replicas tells one machine alone in its breakdown.
        "instance_usd": row.get("machine_hourly_usd", row["breakdown"]["instance_usd"]),
        "expected_hourly_usd": row.get("expected_hourly_usd"),
        "breakdown": row["breakdown"],
    }


def _out(outcome: Outcome, today: date, stale_days: int) -> Document:
    offer, machine = outcome.offer, outcome.offer.machine
    return {
        **_facts(outcome),
        "rank": None,
        "detail": outcome.detail,
        "zones": list(offer.zones or offer.region.zones),
        "gpu": machine.gpu.kind.value if machine.gpu else None,
        "gpu_count": machine.gpu_count,
        "spot": offer.spot,
        "instance_usd": usd(offer.instance_micro),
        "hourly_usd": None,
        "expected_hourly_usd": None,
        "breakdown": None,
        "tokens_per_s": None,
        "price": plain(price_note(offer.price, today, stale_days)),
    }

"""What became of each offer of a catalogue in one choice: its place, or the one reason that put it out.

The choice itself counts whole groups at once and never looks at most offers. Here each is looked at, by the same
rules; that the listing adds up to the counts of the choice is checked whenever a decision is recomputed.
"""

from dataclasses import dataclass

from contracts.vocabulary import RankBy, SpotPolicy
from services.pricing.choice.around import Surroundings
from services.pricing.choice.fit import Fit, Reject, explain, fit
from services.pricing.choice.offers import Offer, OfferIndex
from services.pricing.choice.select import Candidate, Choice, Chooser
from services.pricing.choice.speed import read_gb, usd_per_million_tokens
from services.pricing.choice.workload import Workload
from services.pricing.facts.catalogue import Machine
from services.pricing.facts.extras import usd
from services.pricing.facts.quotas import quota_of

_PLACE = {
    Reject.NOT_ALLOWED: "not among the placements asked for",
    Reject.NOT_CONNECTED: "no network of ours is there",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A ranked offer has a candidate and a rank from 1; another has a reason, with the figure that decided."""

    offer: Offer
    candidate: Candidate | None = None
    rank: int | None = None
    reason: Reject | None = None
    detail: str = ""


def outcomes(index: OfferIndex, workload: Workload, around: Surroundings) -> tuple[Choice, list[Outcome]]:
    """The choice without a limit, and every offer once: the ranked in their order, then the others."""
    chooser = Chooser(index, workload, around, max(1, len(index.offers)))
    choice = chooser.choice()
    ranked = [
        Outcome(candidate.offer, candidate, place) for place, candidate in enumerate(choice.candidates, 1)
    ]
    taken = {found.offer.key for found in ranked}
    judge = _Judge(chooser, choice, around)
    return choice, ranked + [judge.out(offer) for offer in index.offers if offer.key not in taken]


class _Judge:
    def __init__(self, chooser: Chooser, choice: Choice, around: Surroundings) -> None:
        self._chooser, self._choice, self._around = chooser, choice, around
        self._workload = choice.workload
        self._read_gb = read_gb(self._workload.load, choice.memory)
        self._fits: dict[str, Fit] = {}
        self._steady = next((each.offer for each in choice.candidates if not each.offer.spot), None)

    def out(self, offer: Offer) -> Outcome:
        """Why this offer, which is not ranked, is out: the first reason in the order of `Reject`."""
        reason, detail = self._by_place(offer) or self._by_machine(offer) or self._by_price(offer)
        return Outcome(offer, reason=reason, detail=detail)

    def _by_place(self, offer: Offer) -> tuple[Reject, str] | None:
        region, wanted = offer.region, self._workload
        reason = self._chooser.against(region)
        if reason is not None:
            if reason is Reject.BALANCER:
                return reason, f"{region.cloud} {region.name}: {self._around.unbalanced[region.name].advice}"
            asked = {Reject.CLOUD: wanted.cloud, Reject.REGION: wanted.region}.get(reason)
            why = f", and {asked} is asked for" if asked else f": {_PLACE[reason]}"
            return reason, f"{region.cloud} {region.name}{why}"
        if wanted.spot == (SpotPolicy.NEVER if offer.spot else SpotPolicy.ONLY):
            return Reject.SPOT_POLICY, f"{_market(offer)}, and spot is {wanted.spot}"
        return None

    def _by_machine(self, offer: Offer) -> tuple[Reject, str] | None:
        found = self._fit(offer.machine)
        return None if found.reason is None else (found.reason, explain(found, self._workload))

    def _fit(self, machine: Machine) -> Fit:
        if machine.name not in self._fits:
            self._fits[machine.name] = fit(machine, self._workload, self._choice.memory, self._read_gb)
        return self._fits[machine.name]

    def _by_price(self, offer: Offer) -> tuple[Reject, str]:
        hourly = self._chooser.bill.hourly(offer)
        for reason, ceiling in self._chooser.ceilings:
            if hourly > ceiling:
                return reason, f"{usd(hourly)} USD an hour, at most {usd(ceiling)} are allowed"
        shut = self._around.against(offer, self._workload.max_machines)
        if shut is not None:
            return shut, self._shut(offer, shut)
        steady = self._steady
        if steady is None:
            raise LookupError(f"nothing is against {offer.key}, and it is not ranked")
        return Reject.DEARER, (
            f"{self._score(offer)} with its interruptions; on demand, {steady.machine.name} in "
            f"{steady.region.name} is {self._score(steady)}"
        )

    def _score(self, offer: Offer) -> str:
        """What the request ranks by."""
        expected = usd(self._chooser.bill.expected(offer))
        if self._workload.rank_by == RankBy.HOUR:
            return f"{expected} USD an hour"
        tokens_per_s = self._fit(offer.machine).tokens_per_s * self._workload.max_machines
        return f"{usd_per_million_tokens(expected, tokens_per_s):.4f} USD a million tokens"

    def _shut(self, offer: Offer, reason: Reject) -> str:
        where = offer.zone or offer.region.name
        if reason == Reject.QUOTA:
            family, units = quota_of(offer.machine)
            left = self._around.quotas[offer.region.name, family, offer.spot]
            units *= self._workload.max_machines
            return f"takes {units} of quota {family}, which has {left} in {offer.region.name}"
        if reason == Reject.BLOCKED:
            return f"no capacity was reported for {offer.machine.name} {_market(offer)} in {where}"
        return f"no network of ours in a zone of {where} that has the machine"


def _market(offer: Offer) -> str:
    return "spot" if offer.spot else "on demand"

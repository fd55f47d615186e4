"""Short names for what a construct made: the ids it gave them, without what the type says already."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.modules.values import Captured

ALONE = "this"  # What a module has one of, and no better name for.
# What a type is also called.
_ALSO = {
    "aws_eip": ("address",),
    "aws_lb": ("balancer",),
    "aws_autoscaling_group": ("scaling",),
    "google_compute_network": ("vpc",),
    "google_compute_subnetwork": ("subnet",),
    "google_compute_firewall": ("group",),
    "google_service_account": ("role",),
    "google_project_iam_member": ("policy",),
    "google_storage_bucket_iam_member": ("policy",),
}


@dataclass(frozen=True)
class Named:
    """`key` is the zone, or the like, of one of several that are the same but for it."""

    name: str
    key: str | None


def name_all(things: Iterable[Captured], keys: Iterable[str]) -> Mapping[str, Named]:
    """By CDKTF's id. Things of one type that stand for different keys share a name; no others do."""
    keyed = {thing.id: _split(thing.path[-1], keys) for thing in things}
    wanted = {thing.id: _short(thing, keyed[thing.id][0]) for thing in things}
    counted = Counter((thing.kind, thing.type, wanted[thing.id], keyed[thing.id][1]) for thing in things)
    taken = {
        thing.id: wanted[thing.id]
        if counted[thing.kind, thing.type, wanted[thing.id], keyed[thing.id][1]] == 1
        else _longer(thing, keyed[thing.id][0])
        for thing in things
    }
    return {thing.id: Named(taken[thing.id], keyed[thing.id][1]) for thing in things}


def _split(id_: str, keys: Iterable[str]) -> tuple[str, str | None]:
    for key in keys:
        if id_ == key:
            return "", key
        if id_.endswith(f"-{key}"):
            return id_.removesuffix(f"-{key}"), key
    return id_, None


def _short(thing: Captured, id_: str) -> str:
    """`flow-log-role` of type `aws_iam_role` is `flow_log`; `vpc` of type `aws_vpc` is `this`."""
    parents = thing.path[1:-1]
    return _left_over(id_, thing.type) or (_left_over(parents[-1], thing.type) if parents else "") or ALONE


def _left_over(id_: str, type_: str) -> str:
    words, said = id_.split("-"), {*type_.split("_"), *_ALSO.get(type_, ())}
    while words and (words[-1] in said or words[-1].removesuffix("s") in said):
        words.pop()
    return "_".join(words)


def _longer(thing: Captured, id_: str) -> str:
    return "_".join((*thing.path[1:-1], id_)).replace("-", "_")

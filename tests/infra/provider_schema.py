"""What a provider accepts, read from its binding wheel, and what a synthesised stack says that it does not.

jsii packs a description of every type into the wheel. The bindings were generated from the schema of one provider
version, and each property names its Terraform argument in a link to that version's documentation. Descriptions have
100 MB and 25,000 types, so the text is indexed in one pass and only the types that are asked for are parsed.

Where the documentation lists the values of an argument, another one is found, too. Not seen: other limits on values and
on the number of blocks, "exactly one of", and the arguments of state backends.
"""

import importlib.util
import json
import re
import tarfile
from bisect import bisect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

Json = dict[str, Any]

# Arguments of Terraform itself, which every resource, data source or provider takes, and CDKTF's comment.
_META = {
    "//",
    "alias",
    "connection",
    "count",
    "depends_on",
    "for_each",
    "lifecycle",
    "provider",
    "provisioner",
}
_KINDS = {"": "provider", "/resources": "resource", "/data-sources": "data"}

_TYPE = re.compile(rb'\n    "(@cdktf/provider-[a-z]+\.[^"]+)": \{')
_CLASS = re.compile(
    rb'"summary": "Represents a \{@link https://registry\.terraform\.io/providers/hashicorp/[a-z]+/([0-9.]+)/docs'
    rb'(/resources|/data-sources|)(?:/[^ "]+)? ([a-z0-9_]+)\}\."'
)
_ARGUMENT = re.compile(r"/docs[^ #}]*#(\w+) ")
# As the generated documentation of Google's provider has it.
_VALUES = re.compile(r"Possible values: \[([^\]]+)\]")


@dataclass(frozen=True)
class Argument:
    """`block` is the type of what it holds, where that is a structure; without `values` any will do."""

    required: bool
    block: str | None
    is_scalar: bool
    values: frozenset[str]


class Provider:
    """The schema of one provider; `version` is the one that the bindings were generated from."""

    def __init__(self, package: str) -> None:
        self._text = _description(package)
        self._starts = {found[1].decode(): found.end() - 1 for found in _TYPE.finditer(self._text)}
        self._arguments: dict[str, dict[str, Argument]] = {}

    @cached_property
    def version(self) -> str:
        (version,) = {version for version, _ in self._classes.values()}
        return version

    def config_of(self, kind: str, name: str) -> str | None:
        """The type of the arguments of `resource`, `data` or `provider` NAME; None where there is no such thing."""
        found = self._classes.get((kind, name))
        if found is None:
            return None
        # The class is the last type that begins before its own description.
        fqn = list(self._starts)[bisect(list(self._starts.values()), found[1]) - 1]
        parameter = self._parse(fqn)["initializer"]["parameters"][2]
        return str(parameter["type"]["fqn"])

    def arguments(self, fqn: str) -> Mapping[str, Argument]:
        if fqn not in self._arguments:
            properties = self._parse(fqn).get("properties", [])
            self._arguments[fqn] = {
                _terraform_name(property_): _argument(property_) for property_ in properties
            }
        return self._arguments[fqn]

    @cached_property
    def _classes(self) -> dict[tuple[str, str], tuple[str, int]]:
        return {
            (_KINDS[found[2].decode()], found[3].decode()): (found[1].decode(), found.start())
            for found in _CLASS.finditer(self._text)
        }

    def _parse(self, fqn: str) -> Json:
        start = self._starts[fqn]
        parsed: Json = json.loads(self._text[start : self._text.index(b"\n    }", start) + 6])
        return parsed


def faults(document: Json, providers: Mapping[str, Provider]) -> list[str]:
    """Every argument that the provider does not know and every required one that is missing, by address."""
    found = [*_wrong_versions(document, providers)]
    for name, blocks in document.get("provider", {}).items():
        for block in blocks:
            found += _thing("provider", name, name, block, providers)
    for kind in ("resource", "data"):
        for type_, things in document.get(kind, {}).items():
            for name, thing in things.items():
                found += _thing(kind, type_, f"{type_}.{name}", thing, providers)
    return found


def _description(package: str) -> bytes:
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is not installed"
    (archive,) = (Path(str(spec.origin)).parent / "_jsii").glob("*.jsii.tgz")
    # Read as a stream: the description is the first of thousands of files.
    with tarfile.open(archive, "r|gz") as files:
        for member in files:
            if member.name == "package/.jsii":
                content = files.extractfile(member)
                assert content is not None
                return content.read()
    raise AssertionError(f"{archive} holds no description")


def _terraform_name(property_: Json) -> str:
    found = _ARGUMENT.search(_docs(property_))
    if found:
        return found[1]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", property_["name"]).lower()


def _argument(property_: Json) -> Argument:
    types = [*_types(property_["type"])]
    blocks = [fqn for fqn in types if fqn.startswith("@cdktf/")]
    return Argument(
        required=not property_.get("optional", False),
        block=blocks[0] if blocks else None,
        is_scalar="collection" not in types and not blocks,
        values=_listed_values(property_),
    )


def _listed_values(property_: Json) -> frozenset[str]:
    found = _VALUES.search(_docs(property_))
    return frozenset(re.findall(r'"([^"]*)"', found[1])) if found else frozenset()


def _docs(property_: Json) -> str:
    docs = property_.get("docs", {})
    return f"{docs.get('summary', '')} {docs.get('remarks', '')}"


def _types(type_: Json) -> Iterator[str]:
    """The names in a type as jsii writes it; a list or map adds the word collection."""
    if "collection" in type_:
        yield "collection"
        yield from _types(type_["collection"]["elementtype"])
    elif "union" in type_:
        for one in type_["union"]["types"]:
            yield from _types(one)
    else:
        yield str(type_.get("fqn") or type_.get("primitive"))


def _wrong_versions(document: Json, providers: Mapping[str, Provider]) -> Iterator[str]:
    for name, wanted in document.get("terraform", {}).get("required_providers", {}).items():
        if wanted["version"] != providers[name].version:
            yield f"{name}: {wanted['version']} is asked for, the bindings are of {providers[name].version}"


def _thing(
    kind: str, type_: str, address: str, body: Json, providers: Mapping[str, Provider]
) -> Iterator[str]:
    provider = providers[type_.partition("_")[0]]
    config = provider.config_of(kind, type_)
    if config is None:
        yield f"{address}: {provider.version} has no {kind} {type_}"
    else:
        own = {key: value for key, value in body.items() if key not in _META}
        yield from _block(provider, config, own, address)


def _block(provider: Provider, fqn: str, body: Json, path: str) -> Iterator[str]:
    known = provider.arguments(fqn)
    for name, argument in known.items():
        if argument.required and body.get(name) is None:
            yield f"{path}.{name}: required and not set"
    for name, value in body.items():
        if name in known:
            yield from _value(provider, known[name], value, f"{path}.{name}")
        else:
            yield f"{path}.{name}: unknown"


def _value(provider: Provider, argument: Argument, value: Any, path: str) -> Iterator[str]:
    if value is None or (isinstance(value, str) and value.startswith("${")):
        return  # Not set, or an expression whose value only Terraform knows.
    if argument.is_scalar:
        if isinstance(value, dict | list):
            yield f"{path}: one value, not a collection"
        elif isinstance(value, str) and argument.values and value not in argument.values:
            yield f"{path}: {value} is none of {', '.join(sorted(argument.values))}"
    elif argument.block is None:
        if not isinstance(value, dict | list):
            yield f"{path}: a collection, not one value"
    else:
        for index, body in enumerate(value if isinstance(value, list) else [value]):
            inner = f"{path}[{index}]"
            if isinstance(body, dict):
                yield from _block(provider, argument.block, body, inner)
            else:
                yield f"{inner}: a block, not one value"

"""What it takes to make a module of a construct: its variables, the choices it has, and how its values are found again.

A construct is built with sample values. Each place where a sample turns up afterwards is given the expression that it
stands for, so a module says what its construct says. `build` takes what a caller of the module would give, so the
same construct can be asked again with other values, and the module's answer compared with its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.vocabulary import Cloud
from infra.modules.tracing import Trace

Given = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """`condition` is an expression of the variable's value."""

    condition: str
    message: str


@dataclass(frozen=True)
class Variable:
    """`default` is an expression; a variable without one has to be given.

    `sample` is what the construct is built with. It should look like nothing else in there, unless it `is_choice`: a
    word from a short list, which decides something and is nowhere written.
    """

    name: str
    type: str
    description: str
    sample: Any
    default: str | None = None
    rules: tuple[Rule, ...] = ()
    is_choice: bool = False

    @property
    def nullable(self) -> bool:
        return self.default == "null"


@dataclass(frozen=True)
class Switch:
    """A choice that the construct makes while it is built. `condition` is an expression that says when it is on."""

    condition: str
    otherwise: str
    on: Given
    off: Given


@dataclass(frozen=True)
class Loop:
    """Resources that the construct makes for each of a list of keys.

    `of_key` has the traces of one key; in their expressions the key is `each.key`. `word` is what it is called elsewhere.
    """

    variable: str
    keys: tuple[str, ...]
    word: str
    of_key: Mapping[str, tuple[Trace, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Repeat:
    """Blocks of this name that the construct makes for each of something; the sample has one."""

    block: str
    each: str
    traces: tuple[Trace, ...]


@dataclass(frozen=True)
class Output:
    """`after` are resources that have to stand before anybody uses the value."""

    name: str
    description: str
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One call of a module in an example. Values are expressions; `module` is the folder's name."""

    module: str
    inputs: Mapping[str, str]
    providers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """`before` is what the calls refer to and no module makes, in HCL."""

    says: str
    steps: tuple[Step, ...]
    before: str = ""


@dataclass(frozen=True)
class Recipe:
    """`build` makes the construct in a stack and returns the outputs' values.

    `settled` are outputs whose form with every switch off is right with any: a list over nothing is empty by itself.
    `plainer` are expressions, or parts of them, that say the same shorter, because a rule or a null says the rest.
    `accepted` are objections of scanners that only the module meets, with the reasons, by the resource's address.
    `probes` are other values that module and construct are compared with.
    """

    cloud: Cloud
    name: str
    summary: str
    build: Callable[[Any, Given], Mapping[str, Any]]
    variables: tuple[Variable, ...]
    outputs: tuple[Output, ...]
    basic: Example
    advanced: Example
    probes: tuple[Given, ...]
    switches: tuple[Switch, ...] = ()
    loop: Loop | None = None
    repeats: tuple[Repeat, ...] = ()
    traces: Callable[[Given], tuple[Trace, ...]] = lambda _: ()
    aliases: tuple[str, ...] = ()
    settled: tuple[str, ...] = ()
    plainer: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    remarks: str = ""

    @property
    def given(self) -> Given:
        return {one.name: one.sample for one in self.variables}

"""How a construct becomes a module, and which recipes are refused because they do not say all of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from infra.modules import expression, hcl, layout, loops, merging
from infra.modules.recipe import Loop, Recipe, Switch
from infra.modules.values import Block, Blocks, Document, Encoded, Thing

Modules = Mapping[str, tuple[Recipe, Document]]
SWITCH = Switch("var.big", "!var.big", {}, {})


def test_a_string_is_quoted_around_its_expressions() -> None:
    assert expression.of('say "${var.a["x"]}" and \\') == '"say \\"${var.a["x"]}\\" and \\\\"'
    assert expression.of("${var.a}") == "var.a"
    assert expression.of("${var.a}${var.b}") == '"${var.a}${var.b}"'
    assert expression.of("$${not} one") == '"$${not} one"'
    assert expression.of({"aws:x": ['${f("}")}'], "plain": None}) == '{ "aws:x" = [f("}")], plain = null }'


def test_a_negation_is_said_the_other_way_round() -> None:
    assert expression.either("!var.lean", "1", "0") == "var.lean ? 0 : 1"
    assert expression.either("!var.a && var.b", "1", "0") == "!var.a && var.b ? 1 : 0"


def test_what_two_choices_share_stays_and_the_rest_depends() -> None:
    on = document(size=2, flag=True, rule=blocks("a", "b"), policy=Encoded({"Statement": [1, 2]}), extra="x")
    off = document(size=1, flag=False, rule=blocks("a"), policy=Encoded({"Statement": [1]}))

    body = merging.merge(SWITCH, on, off).things["t.n"].body

    assert body == {
        "size": "${var.big ? 2 : 1}",
        "flag": "${var.big}",
        "extra": '${var.big ? "x" : null}',
        "policy": Encoded({"Statement": "${concat([1], var.big ? [2] : [])}"}),
        "rule": Blocks((Block({"id": "a"}), Block({"id": "b"}, condition="var.big"))),
    }


def test_a_resource_of_one_choice_stands_on_its_condition() -> None:
    merged = merging.merge(SWITCH, Document({}), document(size=1))

    assert merged.things["t.n"].condition == "!var.big"
    assert hcl.with_meta(merged.things["t.n"])["count"] == "${var.big ? 0 : 1}"


def test_one_and_many_of_the_same_are_not_merged() -> None:
    one, many = (
        document(size=1),
        Document({"t.n": Thing("resource", "t", "n", {"size": 1}, each="var.zones")}),
    )

    with pytest.raises(merging.UnlikeError):
        merging.merge(SWITCH, one, many)


def test_a_loop_whose_rounds_differ_is_refused() -> None:
    loop = Loop("zones", ("zone-a", "zone-b"), "zone")
    alike = {key: {"name": f"x-{key}", "first": "zone-a"} for key in loop.keys}

    assert loops.once(loop, alike) == ({"name": "x-${each.key}", "first": "${var.zones[0]}"}, "var.zones")
    with pytest.raises(loops.UnevenLoopError):
        loops.once(loop, {**alike, "zone-b": {"name": "y-zone-b", "first": "zone-a"}})


def test_a_recipe_that_leaves_a_sample_or_a_variable_is_refused(lifted: Modules) -> None:
    from infra.modules.finishing import UnfinishedError
    from infra.modules.lifting import lift

    recipe, _ = lifted["gcp/identity"]
    name, *others = recipe.variables
    with pytest.raises(UnfinishedError, match="sample-name"):
        lift(replace(recipe, variables=(replace(name, is_choice=True), *others)))
    spare = replace(recipe.variables[0], name="spare", sample="sample-spare")
    with pytest.raises(UnfinishedError, match="spare"):
        lift(replace(recipe, variables=(*recipe.variables, spare)))


def test_a_long_line_is_broken_and_an_object_needs_no_commas() -> None:
    long = ", ".join(f'{{ Sid = "{letter * 30}", Effect = "Allow" }}' for letter in "abcd")

    assert layout.tidy(f"a = concat([], x ? [{long}] : [])").splitlines()[:4] == [
        "a = concat([], x ? [",
        '{ Sid = "' + "a" * 30 + '", Effect = "Allow" },',
        '{ Sid = "' + "b" * 30 + '", Effect = "Allow" },',
        '{ Sid = "' + "c" * 30 + '", Effect = "Allow" },',
    ]
    assert (
        layout.tidy("a {\n  b = {\n    c = 1,\n    d = 2\n  }\n}")
        == "a {\n  b = {\n    c = 1\n    d = 2\n  }\n}\n"
    )


def document(**body: Any) -> Document:
    return Document({"t.n": Thing("resource", "t", "n", body)})


def blocks(*ids: str) -> Blocks:
    return Blocks(tuple(Block({"id": id_}) for id_ in ids))

import copy
import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.claim.runs import OBJECTIVE, grid, hostile_run, row, run
from tradeoff.claim import claim, claim_schema
from tradeoff.claim.document import as_block, as_text, from_text
from tradeoff.claim.errors import ClaimChangedError
from tradeoff.claim.schema import violations

VALIDATOR = jsonschema.Draft202012Validator(claim_schema())
UNDERSTOOD = {
    "$schema", "$id", "$ref", "$defs", "title", "description", "type", "required", "additionalProperties",
    "properties", "items", "enum", "const", "pattern",
}  # fmt: skip
DOCUMENT = claim(run(), OBJECTIVE, date="2026-11-24").document()


def rules(schema):
    """Every schema inside a schema."""
    yield schema
    for key in ("properties", "$defs"):
        for inner in schema.get(key, {}).values():
            yield from rules(inner)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from rules(schema[key])


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(claim_schema())


def test_the_own_check_understands_every_keyword_of_the_schema():
    for rule in rules(claim_schema()):
        assert set(rule) <= UNDERSTOOD, rule
        if "$ref" in rule:
            assert set(rule) <= {"$ref", "description"}


@pytest.mark.parametrize(
    ("found", "objective"),
    [
        (run(), OBJECTIVE),
        (run(), "minimize p99"),
        (run(), "maximize throughput subject to p99 <= 0.01 ms"),
        (run([row()]), "maximize throughput subject to p99 <= 0.31 ms"),
        (run([row() | {"device": None, "load": None, "n": None, "batch_size": None}]), OBJECTIVE),
        (run(grid(source="tradeoff.simulate"), environment={"gpus": [{"name": "x"}]}), OBJECTIVE),
        (hostile_run(), OBJECTIVE),
    ],
)
def test_every_claim_follows_it(found, objective):
    document = claim(found, objective).document()
    VALIDATOR.validate(json.loads(as_text(document)))
    assert violations(document) == []


def places(content, where=()):
    """Every place in a document, but only the first items of long lists."""
    yield where
    if isinstance(content, dict):
        for key in content:
            yield from places(content[key], (*where, key))
    elif isinstance(content, list):
        for at in range(min(2, len(content))):
            yield from places(content[at], (*where, at))


OTHERS = st.sampled_from(
    [None, True, False, 0, 1, 2.5, 5.0, "", "x", "met", "feasible", "a" * 64, "2026-11-24", [], {}, [1], {"a": 1}]
)


@given(st.sampled_from([place for place in places(DOCUMENT) if place]), OTHERS, st.sampled_from(["put", "drop", "add"]))
def test_the_own_check_says_what_jsonschema_says(place, other, how):
    changed = copy.deepcopy(DOCUMENT)
    inside = changed
    for key in place[:-1]:
        inside = inside[key]
    if how == "put":
        inside[place[-1]] = other
    elif how == "drop":
        del inside[place[-1]]
    elif isinstance(inside, dict):
        inside["another key"] = other
    assert bool(violations(changed)) == bool(list(VALIDATOR.iter_errors(changed)))


@given(OTHERS)
def test_any_json_is_borne(content):
    assert bool(violations(content)) == bool(list(VALIDATOR.iter_errors(content)))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"a": NaN}', "null", '"x"', "{}", "\x00"])
def test_what_is_no_claim_is_told_in_a_sentence(text):
    with pytest.raises(ClaimChangedError, match="the claim inside"):
        from_text(text)


def test_a_document_reads_as_it_was_written():
    assert from_text(as_text(DOCUMENT)) == from_text(as_block(DOCUMENT)) == json.loads(json.dumps(DOCUMENT))
    assert as_text(DOCUMENT).count("\n") > len(DOCUMENT["data"]["rows"])
    empty = {**DOCUMENT, "data": {"columns": [], "rows": []}}
    assert json.loads(as_text(empty)) == json.loads(json.dumps(empty))


def test_a_block_can_stand_anywhere():
    block = as_block(claim(hostile_run(), OBJECTIVE).document())
    assert block.isascii()
    for act in ("<", ">", "&", "--", "\n"):
        assert act not in block

"""Messages as they were once sent: each stays readable for ever, so these files are added to and never edited."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import UndecodableMessageError, decode, encode
from contracts.messages import MESSAGES

SAMPLES = Path(__file__).with_name("samples")


def _sample(message_type: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((SAMPLES / f"{message_type}.json").read_text())
    return document


def test_every_type_has_a_sample_and_every_sample_a_type() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(MESSAGES)


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_a_sample_can_be_read(message_type: str) -> None:
    sample = _sample(message_type)

    message = decode(json.dumps(sample))

    assert message.type == message_type
    assert message.id == sample["id"]
    assert set(message.data) >= set(sample["data"])


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_what_is_unknown_is_ignored_at_every_depth(message_type: str) -> None:
    sample = _sample(message_type)
    grown = _grown(sample)

    assert decode(json.dumps(grown)) == decode(json.dumps(sample))


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_a_sample_is_written_again_as_it_was_read(message_type: str) -> None:
    """Fields that came later are there with their defaults; nothing else differs."""
    sample = _sample(message_type)
    message = decode(json.dumps(sample))

    written = json.loads(encode(message))

    assert {**written, "data": {**written["data"], **sample["data"]}} == written
    assert {**written, "data": sample["data"]} == sample
    assert decode(json.dumps(written)) == message


@pytest.mark.parametrize("message_type", sorted(MESSAGES))
def test_a_field_that_is_needed_is_missed_by_name(message_type: str) -> None:
    schema = MESSAGES[message_type]()
    for name, field in schema.fields.items():
        if field.required:
            sample = _sample(message_type)
            del sample["data"][name]
            with pytest.raises(UndecodableMessageError, match=name):
                decode(json.dumps(sample))


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "2.0"},
        {"type": "deployment.exploded.v1"},
        {"id": ""},
        {"id": "x" * 129},
        {"time": "2026-11-24T12:00:00 o'clock"},
        {"data": []},
        {"nudge": -1},
        {"partitionkey": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_envelope_that_breaks_its_contract_is_refused_without_its_values(change: dict[str, Any]) -> None:
    sample = {**_sample("deployment.create.requested.v1"), **change}

    with pytest.raises(UndecodableMessageError, match=next(iter(change))) as refused:
        decode(json.dumps(sample))

    assert "exploded" not in str(refused.value)
    assert "o'clock" not in str(refused.value)


def _grown(document: dict[str, Any]) -> dict[str, Any]:
    """With a field of the future wherever a schema may grow; free-form mappings stay as they are."""
    grown = {
        name: _grown(value) if name in ("data", "placement") else value for name, value in document.items()
    }
    return {**grown, "x_of_the_future": {"any": ["thing"]}}

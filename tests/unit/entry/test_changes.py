"""A change as a stream tells it."""

from __future__ import annotations

from typing import Any

import pytest

from kept.domain.commitment import SEQUENCE_DIGITS
from kept.entry.changes import read_change


def told(sequence: str, table: str, label: str) -> dict[str, Any]:
    return {
        "eventSourceARN": f"arn:aws:dynamodb:eu-west-1:1:table/{table}/stream/{label}",
        "dynamodb": {
            "Keys": {"pk": {"B": "AAAA"}, "sk": {"S": "message#1"}},
            "SequenceNumber": sequence,
            "ApproximateCreationDateTime": 1_800_000_000.0,
            "NewImage": {"pk": {"B": "AAAA"}, "sk": {"S": "message#1"}, "discard_at": {"N": "1"}},
        },
    }


@pytest.mark.promise("review-then-discard")
def test_a_change_of_a_restored_table_comes_after_every_change_of_the_table_before_it() -> None:
    """Numbers of two streams do not compare: a review would else seem older than the record that it is about."""
    own = told("9" * 40, "kept-subjects", "2026-01-01T00:00:00.000")
    restored = told("100000000000000000001", "kept-subjects-restored-20261128T030000Z", "2026-11-28T09:00:00.123")
    once_more = told("100000000000000000000", "kept-subjects-restored-20261101T030000Z", "2026-12-01T09:00:00.123")
    sequences = [read_change(record, "subjects").sequence for record in (own, restored, once_more)]
    assert sequences == sorted(sequences)
    assert {len(each) for each in sequences} == {SEQUENCE_DIGITS}


def test_of_the_templates_own_table_the_number_is_the_streams() -> None:
    change = read_change(told("4421584500000000017450439091", "kept-subjects", "2026-01-01T00:00:00.000"), "subjects")
    assert change.sequence.lstrip("0") == "4421584500000000017450439091"

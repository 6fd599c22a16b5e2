"""The discard date: set at birth, only ever nearer, never past the hard maximum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.durations import Duration
from kept.domain.policy import Retention
from kept.domain.retention import discard_after_review, discard_at_birth, is_held

LENGTH = st.integers(1, 10**8).map(Duration)
TIME = st.integers(0, 2 * 10**9)
RETENTION = st.builds(Retention, before_review=LENGTH, after_review=LENGTH, hard_maximum=LENGTH)


@pytest.mark.promise("review-then-discard")
@given(RETENTION, TIME, st.integers(0, 10**8))
def test_a_review_only_ever_brings_the_date_nearer(retention: Retention, received_at: int, later: int) -> None:
    born = discard_at_birth(retention, received_at)
    reviewed = discard_after_review(retention, received_at=received_at, reviewed_at=received_at + later, current=born)
    assert reviewed <= born
    assert reviewed <= received_at + retention.hard_maximum
    assert reviewed <= received_at + later + retention.after_review


@pytest.mark.promise("review-then-discard")
@given(TIME)
def test_a_record_is_held_until_its_date_and_not_at_it(discard_at: int) -> None:
    assert is_held(discard_at, discard_at - 1)
    assert not is_held(discard_at, discard_at)

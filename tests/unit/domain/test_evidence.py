"""What everybody may know of how the promises are kept points to nobody, and hides no failure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.evidence import SHOWS, STALE_AFTER, Count, Evidence, blurred, blurred_failures, exact
from kept.domain.policy import load_policy
from kept.entry.words import FACTS
from tests.audit_world import World

pytestmark = pytest.mark.promise("review-then-discard")

NUMBERS = st.integers(0, 10**9)


@given(NUMBERS)
def test_a_count_is_told_as_the_ten_that_it_lies_in(number: int) -> None:
    told = blurred(number)
    assert told.least <= number <= told.most
    assert (told.least % 10, told.most - told.least) == (0, 9), "a narrower range would tell more"


@given(NUMBERS, NUMBERS)
def test_one_person_more_or_less_is_told_by_whole_tens_or_not_at_all(before: int, after: int) -> None:
    one, other = blurred(before), blurred(after)
    assert one == other or abs(one.least - other.least) % 10 == 0
    if before // 10 == after // 10:
        assert one == other, "the difference between two days singles somebody out"


def test_a_single_persons_deed_cannot_be_told_from_none() -> None:
    assert blurred(0) == blurred(1) == blurred(9) == Count(0, 9)
    assert blurred(-3) == Count(0, 9), "a rotation of the key may count down"


def test_that_there_is_no_failure_is_told_and_that_there_is_one_is_not_hidden() -> None:
    assert blurred_failures(0) == Count(0, 0)
    assert blurred_failures(1) == Count(0, 9) != blurred_failures(0)


def test_every_fact_has_its_sentence_and_every_promise_is_one_of_the_shipped_policys() -> None:
    told = {"audit, kept", "audit, broken", "seal", "seal, kept", "seal, broken", "oldest_overdue, none"}
    shown = {what for facts in SHOWS.values() for what in facts} - {"audit"}
    assert shown | told <= set(FACTS)
    assert set(SHOWS) <= {promise.id for promise in load_policy().promises}


def test_evidence_is_stale_once_a_night_without_audit_has_passed() -> None:
    world = World()
    report = world.audit()
    evidence = Evidence(
        day=report.day, written_at=report.written_at, kept=True, oldest_overdue_hours=0, counts={"held": exact(0)}
    )
    assert not evidence.is_stale(world.now + 25 * 3600)
    assert evidence.is_stale(world.now + STALE_AFTER + 1)

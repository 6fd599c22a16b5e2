"""Which write of an order wins, until when it is kept, and what is left of it when it ends."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.durations import Duration
from kept.domain.errors import InvalidInputError
from kept.domain.identity import SubjectId
from kept.domain.orders import DELIVERY, REPEATS_COME_WITHIN, Order, discard_date, ended
from kept.domain.policy import Orders, load_policy
from kept.domain.records import PostalAddress
from kept.domain.retention import is_held

NOW = 1_800_000_000
POLICY = Orders(Duration(180 * 86400))
ORDER = Order(
    subject_id=SubjectId(b"s" * 16),
    record_id="0" * 32,
    order_id="A-1",
    placed_online=True,
    placed_at=NOW - 1000,
    version=3,
    discard_at=NOW + 10 * 86400,
    email="ann@example.com",
    phone="+442079460958",
    postal_address=PostalAddress("1 Nile Street", (DELIVERY,)),
)

WINS = {
    "placed later": ({"placed_at": NOW}, True),
    "placed later, though its version is lower": ({"placed_at": NOW, "version": 0}, True),
    "of a higher version": ({"version": 4}, True),
    "the same again": ({}, True),
    "the same again, corrected": ({"phone": None}, True),
    "placed earlier": ({"placed_at": NOW - 2000}, False),
    "placed earlier, though its version is higher": ({"placed_at": NOW - 2000, "version": 9}, False),
    "of a lower version": ({"version": 2}, False),
}


@pytest.mark.parametrize("case", WINS)
def test_of_two_writes_of_an_order_the_later_one_wins_and_not_one_that_is(case: str) -> None:
    changes, wins = WINS[case]
    assert replace(ORDER, **changes).is_newer_than(ORDER) is wins, case


@pytest.mark.promise("phone-for-orders")
def test_a_late_repeat_does_not_bring_back_an_order_that_has_ended() -> None:
    gone = ended(ORDER, NOW)
    assert not ORDER.is_newer_than(gone)
    assert not replace(ORDER, version=2).is_newer_than(gone)
    assert replace(ORDER, version=4).is_newer_than(gone), "the shop opened it again"


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=2, unique=True))
def test_of_two_different_writes_exactly_one_wins(writes: list[tuple[int, int]]) -> None:
    one, other = (replace(ORDER, placed_at=placed_at, version=version) for placed_at, version in writes)
    assert one.is_newer_than(other) is not other.is_newer_than(one)


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_nothing_personal_is_left_of_an_order_that_has_ended_and_the_rest_goes_within_a_day() -> None:
    gone = ended(ORDER, NOW)
    assert gone.ended
    assert not ORDER.ended
    assert (gone.email, gone.phone, gone.postal_address, gone.address_id) == (None, None, None, None)
    assert gone.discard_at == NOW + REPEATS_COME_WITHIN


@pytest.mark.promise("review-then-discard")
@given(st.integers(NOW + 1, NOW + 400 * 86400))
def test_ending_an_order_never_keeps_it_longer(discard_at: int) -> None:
    assert ended(replace(ORDER, discard_at=discard_at), NOW).discard_at <= discard_at


@pytest.mark.promise("review-then-discard")
@given(st.integers(NOW - 180 * 86400 + 1, NOW + 300))
def test_an_order_is_kept_for_as_long_as_the_policy_says_counted_from_when_it_was_placed(placed_at: int) -> None:
    discard_at = discard_date(placed_at, POLICY, NOW)
    assert discard_at == placed_at + 180 * 86400
    assert is_held(discard_at, NOW)


def test_the_shipped_policy_keeps_an_order_for_180_days() -> None:
    assert discard_date(NOW, load_policy().orders, NOW) == NOW + 180 * 86400


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize(
    ("placed_at", "detail"),
    [
        (NOW + 301, "is in the future"),
        (NOW * 2, "is in the future"),
        (NOW - 180 * 86400, "is longer ago than orders are kept, which is 180 days"),
        (0, "is longer ago than orders are kept, which is 180 days"),
    ],
)
def test_an_order_of_the_future_or_past_its_date_is_refused(placed_at: int, detail: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        discard_date(placed_at, POLICY, NOW)
    (problem,) = raised.value.problems
    assert (problem.pointer, problem.text) == ("/placed_at", detail)

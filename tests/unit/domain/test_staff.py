"""Who is of the staff, and the cookie that says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.durations import Duration
from kept.domain.errors import NotSignedInError
from kept.domain.identity import Keys
from kept.domain.policy import Retention
from kept.domain.retention import discard_as_another_kind
from kept.domain.staff import SignIn, is_staff, make_staff_session, read_staff_session

KEYS = Keys("k" * 64)
NOW = 1_800_000_000
CLAIMS = {"token_use": "access", "client_id": "staff", "cognito:groups": ["staff"]}


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("groups", ["[staff]", "[other staff]", "[other, staff]", ["staff"], ["other", "staff"]])
def test_the_group_is_read_from_a_token_and_as_api_gateway_writes_it(groups: object) -> None:
    assert is_staff(CLAIMS | {"cognito:groups": groups}, "staff")


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    "change",
    [
        {"cognito:groups": "[not-staff staffs]"},
        {"cognito:groups": []},
        {"cognito:groups": None},
        {"token_use": "id"},
        {"client_id": "other"},
    ],
)
def test_anybody_else_is_not_of_the_staff(change: dict[str, object]) -> None:
    assert not is_staff(CLAIMS | change, "staff")


@given(st.text(max_size=60))
def test_a_session_says_who_signed_in_until_it_ends(name: str) -> None:
    value = make_staff_session(KEYS, name, NOW + 60)
    assert read_staff_session(KEYS, value, NOW) == name
    with pytest.raises(NotSignedInError):
        read_staff_session(KEYS, value, NOW + 60)
    with pytest.raises(NotSignedInError):
        read_staff_session(Keys("j" * 64), value, NOW)
    assert read_staff_session(Keys(f"{'k' * 64}\n{'j' * 64}"), value, NOW) == name, "a rotation signs nobody out"


@given(st.text(max_size=80))
def test_what_is_not_ours_signs_nobody_in(value: str) -> None:
    with pytest.raises(NotSignedInError):
        read_staff_session(KEYS, value, NOW)
    assert SignIn.from_cookie(value) is None or value.count(".") == 2


def test_each_sign_in_is_another_and_comes_back_from_its_cookie() -> None:
    begun, other = SignIn("ar"), SignIn("ar")
    assert {begun.state, begun.verifier} & {other.state, other.verifier} == set()
    assert SignIn.from_cookie(begun.to_cookie()) == begun
    assert 43 <= len(begun.verifier) <= 128, "RFC 7636, section 4.1"


@pytest.mark.promise("review-then-discard")
@given(st.integers(0, 400), st.integers(1, 100), st.integers(1, 100))
def test_another_kind_never_keeps_a_record_longer_and_leaves_it_time_to_be_seen(
    age: int, before_review: int, left: int
) -> None:
    day = 86400
    kind = Retention(Duration(before_review * day), Duration(day), Duration(200 * day))
    received_at, current = NOW - age * day, NOW + left * day
    changed = discard_as_another_kind(kind, received_at=received_at, now=NOW, current=current)
    assert NOW < changed <= current

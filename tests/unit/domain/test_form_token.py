"""The token in our own forms: believed between the policy's ages, and only if it is ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.durations import Duration
from kept.domain.errors import InvalidInputError
from kept.domain.form_token import check_form_token, make_form_token
from kept.domain.identity import Keys
from kept.domain.policy import Forms

KEYS = Keys("k" * 64)
FORMS = Forms(minimum_age=Duration(3), maximum_age=Duration(86400))
NOW = 1_800_000_000


@pytest.mark.parametrize("age", [3, 60, 86400])
def test_a_token_of_a_persons_age_is_believed(age: int) -> None:
    check_form_token(KEYS, FORMS, make_form_token(KEYS, NOW - age), NOW)


@pytest.mark.parametrize("age", [-60, 0, 2, 86401])
def test_a_token_that_is_too_young_or_too_old_is_refused_with_what_to_do(age: int) -> None:
    with pytest.raises(InvalidInputError, match=r"please (wait|open)"):
        check_form_token(KEYS, FORMS, make_form_token(KEYS, NOW - age), NOW)


@given(st.text(max_size=60))
def test_what_is_not_ours_is_refused(token: str) -> None:
    with pytest.raises(InvalidInputError):
        check_form_token(KEYS, FORMS, token, NOW)


def test_a_token_under_another_key_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        check_form_token(KEYS, FORMS, make_form_token(Keys("j" * 64), NOW - 60), NOW)

"""The token in our unsubscribe links: good for ever, for one person, and only if it is ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.errors import NotFoundError
from kept.domain.identity import Keys
from kept.domain.opt_out_token import LENGTH, make_opt_out_token, read_opt_out_token

KEYS = Keys("k" * 64)
ANN = KEYS.subject_id("ann@example.com")


@pytest.mark.promise("email-opt-out")
def test_a_token_says_who_and_what_and_fits_a_local_part() -> None:
    token = make_opt_out_token(KEYS, ANN, "marketing")
    assert read_opt_out_token(KEYS, token) == (ANN, "marketing")
    assert read_opt_out_token(KEYS, token.upper()) == (ANN, "marketing")
    assert len(token) == LENGTH
    assert len(f"unsubscribe+{token}") <= 64


@given(st.integers(0, LENGTH - 1), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_token_with_one_character_changed_is_refused(place: int, character: str) -> None:
    token = make_opt_out_token(KEYS, ANN, "marketing")
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(NotFoundError):
            read_opt_out_token(KEYS, changed)


@given(st.text(max_size=60))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(NotFoundError):
        read_opt_out_token(KEYS, text)


def test_a_token_of_another_shop_is_refused() -> None:
    with pytest.raises(NotFoundError):
        read_opt_out_token(KEYS, make_opt_out_token(Keys("j" * 64), ANN, "marketing"))

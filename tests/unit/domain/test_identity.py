"""Who is who: one spelling an address, one id a person, and nothing to learn from either."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.errors import ConfigurationError, NotFoundError
from kept.domain.identity import Keys, new_reference, normalise_address, read_reference

KEYS = Keys("k" * 64)
LOCAL = st.from_regex(r"[A-Za-z0-9.+_-]{1,20}", fullmatch=True)


@given(LOCAL)
def test_case_and_spaces_around_do_not_make_another_person(local: str) -> None:
    assert KEYS.subject_id(f" {local.upper()}@EXAMPLE.com. ") == KEYS.subject_id(f"{local.lower()}@example.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@BÜCHER.example", "ann@bücher.example"),
        ("جمال@مثال.example", "جمال@xn--mgbh0fb.example"),
        ("jose\u0301@example.com", "josé@example.com"),
    ],
)
def test_two_writings_of_an_international_address_are_one_person(one: str, other: str) -> None:
    assert normalise_address(one) == normalise_address(other)


@given(st.text(max_size=40))
def test_any_text_at_all_has_a_spelling(text: str) -> None:
    assert normalise_address(normalise_address(text)) == normalise_address(text) or "@" in text
    assert len(KEYS.subject_id(text)) == 16


def test_different_people_and_different_keys_give_different_ids() -> None:
    assert KEYS.subject_id("ann@example.com") != KEYS.subject_id("bob@example.com")
    assert KEYS.subject_id("ann@example.com") != Keys("j" * 64).subject_id("ann@example.com")
    assert KEYS.subject_id("x") != KEYS.nobody("x") != KEYS.lookup("x")


def test_parts_never_run_together() -> None:
    assert KEYS.repeatable_record_id("ab", "c") != KEYS.repeatable_record_id("a", "bc")


def test_a_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Keys("short")


def test_a_reference_is_random_and_can_be_read_out() -> None:
    reference = new_reference()
    assert reference != new_reference()
    assert read_reference(reference.lower().replace("-", " ")) == reference


@pytest.mark.parametrize("written", ["", "AAAA", "AAAA-AAAA-AAAA-AAA!", "٣" * 16, "A" * 17])
def test_what_is_no_reference_is_not_found(written: str) -> None:
    with pytest.raises(NotFoundError):
        read_reference(written)

"""Who is who: one spelling an address, one id a person, and nothing to learn from either."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kept.domain.errors import ConfigurationError, NotFoundError
from kept.domain.identity import (
    UNSIGNING,
    Keys,
    can_be_an_address,
    new_reference,
    normalise_address,
    read_reference,
)

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


@example("0\r.")
@example("²\r.")
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


CHAIN = Keys("k" * 64 + "\n" + "r" * 64)
LONGER = Keys("\n".join(("k" * 64, "r" * 64, "t" * 64)))


@pytest.mark.promise("email-opt-out")
def test_one_key_names_suppressions_as_it_names_people() -> None:
    ann = KEYS.subject_id("ann@example.com")
    assert KEYS.generation == 1
    assert KEYS.suppression_ids(ann) == (ann,)
    assert len(KEYS.check_values()) == 1


@pytest.mark.promise("email-opt-out")
@given(st.emails(domains=st.just("example.com")))
def test_people_orders_and_references_keep_their_names_through_rotations(address: str) -> None:
    for later in (CHAIN, LONGER):
        assert later.subject_id(address) == KEYS.subject_id(address)
        assert later.order_record_id(address) == KEYS.order_record_id(address)
        assert later.order_lookup(address) == KEYS.order_lookup(address)
        assert later.lookup(address) == KEYS.lookup(address)
        assert later.phone_id(address) == KEYS.phone_id(address)


@pytest.mark.promise("email-opt-out")
def test_each_key_adds_a_name_for_a_suppression_that_follows_from_the_one_before() -> None:
    ann = KEYS.subject_id("ann@example.com")
    assert (CHAIN.generation, LONGER.generation) == (2, 3)
    first, second, third = LONGER.suppression_ids(ann)
    assert (first, second) == CHAIN.suppression_ids(ann)
    assert CHAIN.rename(first) == second, "a rotation would put the opt-out where nobody looks"
    assert LONGER.rename(second) == third
    assert len({first, second, third}) == 3
    assert {len(name) for name in (first, second, third)} == {16}


@pytest.mark.promise("security-measures")
def test_a_check_value_stands_for_a_key_and_all_before_it_and_says_nothing_about_them() -> None:
    assert LONGER.check_values()[:2] == CHAIN.check_values()
    assert CHAIN.check_values()[:1] == KEYS.check_values()
    another_first = Keys("j" * 64 + "\n" + "r" * 64)
    assert another_first.check_values()[1] != CHAIN.check_values()[1], "half a chain would pass for the whole"
    for value in LONGER.check_values():
        assert len(value) == 64
        assert not {"k" * 8, "r" * 8, "t" * 8} & {value[i : i + 8] for i in range(57)}


@pytest.mark.promise("security-measures")
def test_the_newest_key_signs_and_what_any_of_them_signed_is_ours() -> None:
    assert CHAIN.sign("x", b"message") != KEYS.sign("x", b"message")
    for keys in (KEYS, CHAIN, LONGER):
        assert LONGER.is_signed("x", b"message", keys.sign("x", b"message"))
        assert LONGER.is_signed("x", b"message", keys.sign("x", b"message")[:12])
    assert not KEYS.is_signed("x", b"message", CHAIN.sign("x", b"message"))
    assert not LONGER.is_signed("x", b"message", KEYS.sign("y", b"message"))
    assert not LONGER.is_signed("x", b"another", KEYS.sign("x", b"message"))
    assert not LONGER.is_signed("x", b"message", LONGER.sign("x", b"message")[:11]), "too short to mean anything"
    assert not LONGER.is_signed("x", b"message", b"")


@pytest.mark.promise("email-opt-out")
def test_a_key_that_not_every_function_has_yet_names_suppressions_and_signs_nothing() -> None:
    waiting = Keys(f"{'k' * 64}\n{UNSIGNING}{'r' * 64}")
    assert waiting.check_values() == CHAIN.check_values()
    ann = KEYS.subject_id("ann@example.com")
    assert waiting.suppression_ids(ann) == CHAIN.suppression_ids(ann)
    assert KEYS.is_signed("x", b"message", waiting.sign("x", b"message")), "an older process would not know its links"
    assert waiting.is_signed("x", b"message", CHAIN.sign("x", b"message"))
    longer = Keys(f"{'k' * 64}\n{'r' * 64}\n{UNSIGNING}{'t' * 64}")
    assert longer.sign("x", b"message") == CHAIN.sign("x", b"message")


def test_a_first_key_that_begins_with_the_same_sign_is_a_key_like_any_other() -> None:
    """Secrets Manager may make such a one."""
    keys = Keys(UNSIGNING + "k" * 63)
    assert keys.check_values() != Keys("k" * 63).check_values()
    assert keys.is_signed("x", b"message", keys.sign("x", b"message"))
    assert Keys(f"{UNSIGNING}{'k' * 63}\n{'r' * 64}").sign("x", b"message") != keys.sign("x", b"message")


@pytest.mark.promise("security-measures")
@given(st.text("kr~", min_size=32, max_size=200), st.binary(max_size=300))
def test_every_hash_is_hmac_sha_256_as_the_standard_library_makes_it(key: str, message: bytes) -> None:
    content = b"".join(len(part).to_bytes(4) + part for part in (b"sign x", message))
    assert Keys(key).sign("x", message) == hmac.digest(key.encode(), content, "sha256")[:16]


@pytest.mark.parametrize("secret", ["", "\n", "k" * 64 + "\nshort", "short\n" + "k" * 64, "k" * 64 + "\n\n" + "r" * 64])
def test_a_chain_with_a_key_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ConfigurationError):
        Keys(secret)


def test_a_line_break_at_the_end_of_the_secret_is_no_key() -> None:
    assert Keys("k" * 64 + "\n").check_values() == KEYS.check_values()


@pytest.mark.parametrize(
    "written", ["ann@example.com", " ann+news@example.com\n", "o'hara@example.com", "ann@bücher.example"]
)
def test_a_bare_address_can_be_one(written: str) -> None:
    assert can_be_an_address(written)

"""The token in our unsubscribe links: good for ever, for one person, and only if it is ours."""

from __future__ import annotations

import base64
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.errors import NotFoundError
from kept.domain.identity import Keys, SubjectId
from kept.domain.opt_out_token import LENGTH, make_opt_out_token, read_opt_out_token
from kept.domain.suppression import EVERYTHING, LIST_NUMBERS, MARKETING, Scope, list_scope

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


SCOPES = [MARKETING, EVERYTHING, *map(list_scope, LIST_NUMBERS)]
ROTATED = Keys("k" * 64 + "\n" + "r" * 64)
TWICE_ROTATED = Keys("\n".join(("k" * 64, "r" * 64, "t" * 64)))


@pytest.mark.promise("email-opt-out")
def test_a_token_can_stop_marketing_everything_or_any_one_list() -> None:
    tokens = {scope: make_opt_out_token(KEYS, ANN, scope) for scope in SCOPES}
    assert len(SCOPES) == 256
    assert {read_opt_out_token(KEYS, token) for token in tokens.values()} == {(ANN, scope) for scope in SCOPES}
    for scope, token in tokens.items():
        assert read_opt_out_token(KEYS, token) == (ANN, scope)
        assert len(token) == LENGTH
        assert token.isascii()
        assert token.isalnum()
        assert token == token.lower()


@given(st.binary(min_size=16, max_size=16), st.sampled_from(SCOPES))
def test_a_token_is_written_in_base32_as_the_standard_library_writes_it(subject: bytes, scope: Scope) -> None:
    token = make_opt_out_token(KEYS, SubjectId(subject), scope)
    raw = base64.b32decode(token.upper())
    assert raw[2:18] == subject
    assert base64.b32encode(raw).decode().lower() == token


@pytest.mark.promise("email-opt-out")
@given(st.binary(min_size=16, max_size=16), st.sampled_from(SCOPES), st.randoms(use_true_random=False))
def test_a_token_works_in_any_mixture_of_cases(subject: bytes, scope: Scope, chance: random.Random) -> None:
    token = make_opt_out_token(KEYS, SubjectId(subject), scope)
    written = "".join(chance.choice((c, c.upper())) for c in token)
    assert read_opt_out_token(KEYS, written) == (subject, scope), "a mail server on the way changed the case"


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("later", [ROTATED, TWICE_ROTATED])
@pytest.mark.parametrize("scope", [MARKETING, EVERYTHING, list_scope(1), list_scope(254)])
def test_a_token_in_an_old_mail_works_after_the_key_was_rotated(later: Keys, scope: Scope) -> None:
    assert read_opt_out_token(later, make_opt_out_token(KEYS, ANN, scope)) == (ANN, scope)
    assert later.subject_id("ann@example.com") == ANN, "the link would stop mail to somebody else"


@pytest.mark.promise("security-measures")
def test_a_token_made_after_a_rotation_is_signed_with_the_newest_key_alone() -> None:
    token = make_opt_out_token(ROTATED, ANN, MARKETING)
    assert read_opt_out_token(TWICE_ROTATED, token) == (ANN, MARKETING)
    with pytest.raises(NotFoundError):
        read_opt_out_token(KEYS, token)


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    "foreign",
    [Keys("j" * 64), Keys("j" * 64 + "\n" + "i" * 64), Keys("r" * 64 + "\n" + "t" * 64)],
    ids=["another shop", "another shop that rotated", "a part of our chain"],
)
def test_a_token_of_another_chain_of_keys_is_refused(foreign: Keys) -> None:
    ours = ROTATED if foreign.generation == 1 else KEYS
    for scope in (MARKETING, EVERYTHING, list_scope(1)):
        with pytest.raises(NotFoundError):
            read_opt_out_token(ours, make_opt_out_token(foreign, ANN, scope))


@pytest.mark.promise("security-measures")
@given(st.integers(0, 255), st.binary(min_size=16, max_size=16), st.binary(min_size=12, max_size=12))
def test_a_token_that_somebody_made_up_is_refused(scope: int, subject: bytes, mac: bytes) -> None:
    made_up = base64.b32encode(bytes((1, scope)) + subject + mac).decode().lower()
    with pytest.raises(NotFoundError):
        read_opt_out_token(KEYS, made_up)


@pytest.mark.promise("security-measures")
def test_a_signature_of_something_else_does_not_make_a_token() -> None:
    content = b"\x01\x00" + ANN
    other = base64.b32encode(content + KEYS.sign("form", content)[:12]).decode().lower()
    with pytest.raises(NotFoundError):
        read_opt_out_token(KEYS, other)


def test_a_token_of_a_version_to_come_is_refused_though_it_is_signed() -> None:
    content = b"\x02\x00" + ANN
    later = base64.b32encode(content + KEYS.sign("opt-out", content)[:12]).decode().lower()
    with pytest.raises(NotFoundError):
        read_opt_out_token(KEYS, later)


@pytest.mark.parametrize("length", range(LENGTH))
def test_a_token_that_was_cut_off_is_refused(length: int) -> None:
    with pytest.raises(NotFoundError):
        read_opt_out_token(KEYS, make_opt_out_token(KEYS, ANN, MARKETING)[:length])


@pytest.mark.promise("no-visitor-recognition")
def test_a_token_holds_nothing_of_the_address() -> None:
    raw = base64.b32decode(make_opt_out_token(KEYS, ANN, MARKETING).upper())
    assert b"ann" not in raw
    assert b"example" not in raw

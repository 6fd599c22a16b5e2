"""Normalised words, sentences, and patterns that are data."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.domain.mail.phrase_files import compile_phrases
from kept.domain.mail.wording import Lexicon
from kept.domain.mail.words import normalise, sentences_of


def lexicon(**sections: Any) -> Lexicon:
    concepts = {"stop": ["stop", "no more"], "send": ["send", "sending", "email*"]}
    content = {"language": "en", "detect": "the and", "polite": "please thanks hi", "concepts": concepts}
    return Lexicon(compile_phrases(content | sections, "test"))


def found(pattern: str, text: str) -> bool:
    return bool(lexicon(opt_out={"strong": [pattern]}).matches(sentences_of(text)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't e-mail me, I can't", ["do", "not", "email", "me", "i", "can", "not"]),
        ("I do n't know", ["i", "do", "not", "know"]),
        ("dont", ["do", "not"]),
        ("won\u2019t", ["wo", "not"]),
        ("L'abonnement d'e-mails", ["l", "abonnement", "d", "emails"]),
        ("Straße, GRÜSSE, İstanbul ışık", ["strasse", "grusse", "istanbul", "isik"]),
        ("إلغاءُ الاشتـــراك ١٥١", ["الغا", "الاشتراك", "151"]),
        ("أآإ ى ة ؤ ئ", ["ااا", "ي", "ه", "و", "ي"]),
        ("write ann@example.com or https://example.com/x?y", ["write", "<address>", "or", "<url>"]),
        ("Art. 15 of the GDPR", ["art", "15", "of", "the", "gdpr"]),
        ("\u202bمرحبا\u202c", ["مرحبا"]),
    ],
)
def test_words_are_normalised(text: str, words: list[str]) -> None:
    assert sentences_of(text) == [words]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three؟ Four؛ Five", 5),
        ("Hi team\nplease stop\nAnn", 3),
        ("This is a line that a mail client wrapped because it was\ntoo long for one", 1),
        ("- one\n- two\n1) three", 3),
        ("one\n\ntwo", 2),
    ],
)
def test_sentences_end_where_a_reader_would_pause(text: str, count: int) -> None:
    assert len(sentences_of(text)) == count


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("{stop} ..2 {send}", "stop sending", True),
        ("{stop} ..2 {send}", "no more of these emails", True),
        ("{stop} ..2 {send}", "stop one two three emails", False),
        ("{stop} ..2 {send}", "stop. Emails are fine", False),
        ("unsubscrib*", "unsubscribing", True),
        ("*scribe*", "unsubscribed", True),
        ("*ing", "mailing", True),
        ("take|remove me? off", "take off", True),
        ("take|remove me? off", "remove me off", True),
        ("^ stop $", "stop", True),
        ("^ stop $", "please stop", False),
        ("stop $", "please stop", True),
    ],
)
def test_patterns_mean_what_the_readme_says(pattern: str, text: str, expected: bool) -> None:
    assert found(pattern, text) is expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("unsuscribe", True),
        ("unsubcribe", True),
        ("unsubscirbe", True),
        ("unsubscrive", True),
        ("unsubscribeee", False),
        ("inscribe", False),
    ],
)
def test_one_typing_mistake_is_overlooked_in_a_long_word(written: str, meant: bool) -> None:
    assert found("unsubscribe", written) is meant


@given(st.data())
def test_a_typing_mistake_is_overlooked_wherever_it_is_but_in_the_first_letter(data: st.DataObject) -> None:
    word = data.draw(st.text("abcdefg", min_size=7, max_size=12))
    place = data.draw(st.integers(1, len(word) - 1))
    letter = data.draw(st.sampled_from("abcxyz"))
    begin, rest = word[:place], word[place:]
    for written in (begin + rest[1:], begin + letter + rest, begin + letter + rest[1:], begin + rest[1::-1] + rest[2:]):
        assert found(word, written), written


def test_a_typing_mistake_does_not_make_another_word_of_a_short_one() -> None:
    assert not found("cancel", "cancer")
    assert found("cancel", "cancle")


def test_a_short_message_is_looked_up_as_a_whole_without_its_courtesies() -> None:
    words = lexicon(opt_out={"alone": ["stop"]})
    assert words.match_alone(sentences_of("Hi,\n\nplease STOP\n\nThanks"))
    assert not words.match_alone(sentences_of("Does the red bus stop here?"))
    assert not words.match_alone([])


@given(st.text(max_size=300))
def test_any_text_has_words(text: str) -> None:
    for sentence in sentences_of(text):
        for word in sentence:
            assert word == normalise(word)
            assert " " not in word


ADVERSARIAL = {
    "one long word": "a" * 1_000_000,
    "apostrophes": "a'" * 500_000,
    "at signs": "@" * 1_000_000,
    "almost addresses": "a" * 200 + ("." + "a" * 70) * 13_000,
    "points": "." * 1_000_000,
    "wrapped lines": ("x" * 60 + "\n") * 16_000,
    "bullets": "- \n" * 330_000,
    "combining marks": "a\u0301" * 500_000,
    "stop stop stop": "stop " * 200_000,
}


@pytest.mark.parametrize("case", ADVERSARIAL)
def test_a_megabyte_of_anything_takes_less_than_a_second(case: str) -> None:
    words = lexicon(opt_out={"strong": ["{stop}? stop? ..8 stop? ..8 {stop} ..8 {send} ..8 never"]})
    began = time.process_time()
    sentences = sentences_of(ADVERSARIAL[case])
    words.matches(sentences)
    words.match_alone(sentences)
    assert time.process_time() - began < 1

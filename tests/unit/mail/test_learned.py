"""What labelled mails teach: wishes that no phrase was written for, the words that tell them, and how it is learned."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kept.domain.mail import read_mail, understand
from kept.domain.mail.arabizi import sound
from kept.domain.mail.intents import looked_at
from kept.domain.mail.learned import LEARNED, SLOTS, features, weigh, write_weights
from tests.eval_mail import OUR_DOMAINS
from tests.learn_mail import Lesson, learn

HEAD = "From: ann@example.org\nTo: support@expandcart.com\nSubject: Hello\nContent-Type: text/plain; charset=utf-8\n\n"


def raw(text: str) -> bytes:
    return (HEAD + text).encode()


@pytest.mark.promise("email-opt-out")
def test_a_wish_that_no_phrase_says_is_understood_and_the_words_that_tell_it_are_the_reason() -> None:
    text = "My inbox has no room left for your campaigns. Let this one be a parting gift."
    mail = read_mail(raw(text))
    assert not [m for m in looked_at(mail, OUR_DOMAINS).matches if m.intent == "opt_out" and m.strength == "strong"]
    found = understand(mail, "ann@example.org", OUR_DOMAINS)
    assert found.intents == ("opt_out",)
    reasons = [reason.words for reason in found.why if reason.intent == "opt_out"]
    assert reasons
    assert all(word in text.lower().replace("'", " ") for words in reasons for word in words.split())


@pytest.mark.parametrize(
    "text", ["", "Thanks!", "See you tomorrow at ten, Ann will be there as well.", "1 2 3 4 5 6 7"]
)
def test_who_asks_for_nothing_is_not_taken_at_a_word(text: str) -> None:
    assert understand(read_mail(raw(text)), "ann@example.org", OUR_DOMAINS).intents == ("contact",)


@given(sentences=st.lists(st.lists(st.text(min_size=1, max_size=8), max_size=6), max_size=6))
@settings(max_examples=60, deadline=None, database=None)
def test_whatever_is_weighed_there_is_an_opinion(sentences: list[list[str]]) -> None:
    found = features(sentences, [[] for _ in sentences], 1)
    assert all(0 <= slot < SLOTS for slot, *_ in found)
    opinions = weigh(found, sentences)
    assert set(opinions) == set(LEARNED)
    written = [" ".join(words) for words in sentences]
    assert all(any(opinion.words in words for words in written) for opinion in opinions.values() if opinion.words)


def test_weighing_ten_pages_takes_a_few_hundredths_of_a_second() -> None:
    sentences = [[f"word{n}{m}" for n in range(80)] for m in range(50)]
    concepts = [[(f"concept{n % 40}", n, n + 1) for n in range(80)] for _ in range(50)]
    began = time.process_time()
    weigh(features(sentences, concepts), sentences)
    assert time.process_time() - began < 0.2


def test_what_tells_is_learned_and_written(tmp_path: Path) -> None:
    wish, other = [1, 2, 3], [3, 4, 5]
    lessons = [Lesson(wish, frozenset({"opt_out"})), Lesson(other, frozenset({"contact"}))] * 20
    weights = learn(lessons, "opt_out")
    assert weights[1] > 0 > weights[4]
    assert learn(lessons, "opt_out") == weights, "the same mails teach the same"
    write_weights(tmp_path / "weights", [weights] * len(LEARNED))
    assert (tmp_path / "weights").stat().st_size == 4 * len(LEARNED) + len(LEARNED) * SLOTS


@pytest.mark.parametrize(
    ("one", "other"),
    [("3ayez", "3ayz"), ("mesh", "mish"), ("rasayel", "rasa2el"), ("5alas", "khalas"), ("sheelooni", "4eluni")],
)
def test_spellings_of_an_arabic_word_in_latin_letters_sound_the_same(one: str, other: str) -> None:
    assert sound(one) == sound(other)

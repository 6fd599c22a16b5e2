"""What labelled mails teach: wishes that no phrase was written for, the words that tell them, and how it is learned."""

from __future__ import annotations

import time
from itertools import chain
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kept.domain.mail import read_mail, understand
from kept.domain.mail.arabizi import sound
from kept.domain.mail.intents import looked_at
from kept.domain.mail.learned import (
    HIDDEN,
    INTENTS,
    LANES,
    Network,
    Weighing,
    features,
    read_network,
    write_network,
)
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
    found = list(chain.from_iterable(features(sentences, [[] for _ in sentences], 1)))
    assert set(Weighing().odds(found)) == set(INTENTS)
    written = [" ".join(words) for words in sentences]
    for words in filter(None, (Weighing().telling(intent, found, sentences) for intent in INTENTS)):
        assert any(words in sentence for sentence in written)


def test_weighing_ten_pages_takes_a_few_hundredths_of_a_second() -> None:
    sentences = [[f"word{n}{m}" for n in range(80)] for m in range(50)]
    concepts = [[(f"concept{n % 40}", n, n + 1) for n in range(80)] for _ in range(50)]
    began = time.process_time()
    Weighing().odds(chain.from_iterable(features(sentences, concepts)))
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("said", [0, 1, 256, 257, 3000])
def test_rows_added_up_as_whole_numbers_give_what_the_network_says(said: int, tmp_path: Path) -> None:
    chance = Random(said)
    known = sorted(chance.sample(range(1 << 32), 4000))

    def numbers(count: int) -> list[float]:
        return [chance.uniform(-0.1, 0.1) for _ in range(count)]

    rows = chance.randbytes(4000 * LANES)
    network = Network(known, rows, numbers(LANES), numbers(HIDDEN), [numbers(HIDDEN) for _ in INTENTS], numbers(5))
    write_network(tmp_path / "network", network)
    found = chance.sample(range(4000), said)
    unknown = next(n for n in range(1 << 32) if n not in known)
    told = Weighing(read_network(tmp_path / "network")).odds(
        (checksum, 0, 0, 0) for checksum in [*map(known.__getitem__, found), unknown]
    )

    table = (np.frombuffer(rows, np.uint8).reshape(-1, LANES).astype(float) - 128) * np.array(network.steps)
    lanes = table[found].sum(axis=0) / np.sqrt(max(1, said))
    units = np.maximum(0, lanes[len(INTENTS) :] + np.array(network.thresholds))
    odds = lanes[: len(INTENTS)] + np.array(network.start) + np.array(network.says) @ units
    assert list(told.values()) == pytest.approx(odds.tolist(), rel=1e-4, abs=1e-4)


def test_what_tells_is_learned() -> None:
    wish, other = Lesson([1, 2, 3], frozenset({"opt_out"})), Lesson([3, 4, 5], frozenset({"contact"}))
    network = learn([wish, other] * 200)

    def odds(lesson: Lesson) -> float:
        return Weighing(network).odds((checksum, 0, 0, 0) for checksum in lesson.checksums)["opt_out"]

    assert odds(wish) > 1
    assert odds(other) < -1
    assert learn([wish, other] * 200) == network, "the same mails teach the same"


@pytest.mark.parametrize(
    ("one", "other"),
    [("3ayez", "3ayz"), ("mesh", "mish"), ("rasayel", "rasa2el"), ("5alas", "khalas"), ("sheelooni", "4eluni")],
)
def test_spellings_of_an_arabic_word_in_latin_letters_sound_the_same(one: str, other: str) -> None:
    assert sound(one) == sound(other)

"""What a mail asks for as labelled mails have taught it: a second opinion beside the phrases.

Phrases say surely what they were written for; this weighs everything that is said, so it also understands what nobody
wrote a phrase for. It is a logistic regression for each intent over words, their beginnings, pairs of words, and pairs
of the phrase files' concepts (a negation, and then mail; a verb of stopping, and then a person): a new word in a
concept is understood at once in all its combinations. The weights are made by `make learn-mail` from the labelled
mails below tests/samples, and read from WEIGHTS; a feature's weights stand where its checksum says (feature hashing),
so that no list of words has to be loaded.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path
from zlib import crc32

from kept.domain.mail.arabizi import sound

WEIGHTS = Path(__file__).with_name("learned.bin")
LEARNED = ("opt_out", "access", "cancel", "complaint", "machine")
SLOTS = 1 << 16  # of features, one byte for each intent
MOST_WORDS = 600  # of a mail that are weighed
START = -3.0  # log odds of an intent in a mail that says nothing: nobody asks for anything by silence
_STEPS = struct.Struct("<5f")  # for each intent, what one of a weight is worth; the weights follow
_BEGINNINGS = (3, 4, 5, 6)  # letters of a word
_PIECE = 4  # letters in a row of an Arabic word, which has its small words written onto it at both ends
_ARABIC = "\u0600"  # letters of words from here on are Arabic
_NEAR = 9  # words from a concept's end to another's beginning
_LENGTH_POWER = 0.25  # long mails have more features, each of which then tells less
_SHOWN = 12  # words that are shown as a reason
_WORTH_SHOWING = -2.0  # log odds from which on they are looked for

Sentence = Sequence[str]
Spans = Sequence[tuple[str, int, int]]  # concepts in a sentence: name, first word, the word after the last
Feature = tuple[int, int, int, int]  # slot, sentence, first word, the word after the last


@dataclass(frozen=True, slots=True)
class Opinion:
    """How likely a mail asks for something, in log odds, and the words that speak for it most."""

    odds: float
    words: str


def features(
    sentences: Sequence[Sentence],
    concepts: Sequence[Spans],
    subject: int = 0,
    excluded: Collection[str] = (),
    *,
    by_sound: bool = False,
) -> list[Feature]:
    """What is looked at in a mail, each once.

    The first `subject` sentences are its subject; `excluded` are intents that a phrase speaks against; `by_sound` is
    for Arabic in Latin letters, which everybody spells as he likes.
    """
    seen: dict[int, Feature] = {}
    left = MOST_WORDS
    for number, (sentence, spans) in enumerate(zip(sentences, concepts, strict=True)):
        words = sentence[:left]
        left -= len(words)
        near = [span for span in spans if span[2] <= len(words)]
        told = _word_features(words, in_subject=number < subject, by_sound=by_sound)
        for text, begin, end in chain(told, _concept_features(near)):
            seen.setdefault(slot := crc32(text.encode()) % SLOTS, (slot, number, begin, end))
    for text in (f"N {intent}" for intent in sorted(excluded)):
        seen.setdefault(slot := crc32(text.encode()) % SLOTS, (slot, 0, 0, 0))
    return list(seen.values())


def _word_features(words: Sentence, *, in_subject: bool, by_sound: bool) -> Iterator[tuple[str, int, int]]:
    """Words, their parts and pairs in a sentence as texts, with the words that they are of."""
    before = "^"
    for at, word in enumerate(words):
        yield f"b {before} {word}", max(0, at - 1), at + 1
        yield from ((text, at, at + 1) for text in _parts(word, by_sound=by_sound))
        if in_subject:
            yield "j " + word, at, at + 1
        before = word
    if words:
        yield f"b {before} $", len(words) - 1, len(words)


def _parts(word: str, *, by_sound: bool) -> Iterator[str]:
    yield "w " + word
    yield from ("p" + word[:size] for size in _BEGINNINGS if size < len(word))
    if word[0] >= _ARABIC:
        yield from ("c" + word[start : start + _PIECE] for start in range(len(word) - _PIECE + 1))
    elif by_sound and (heard := sound(word[:30])):
        yield "s " + heard


def _concept_features(spans: Spans) -> Iterator[tuple[str, int, int]]:
    """A sentence's concepts, and each with those that follow it, as texts, with the words that they are of."""
    for index, (concept, begin, end) in enumerate(spans):
        yield "K " + concept, begin, end
        for other, start, stop in islice(spans, index + 1, None):
            if start > end + _NEAR:
                break
            if start >= end:
                yield f"K {concept} {other}", begin, stop


def scale(number: int) -> float:
    """What each of so many features counts."""
    return math.pow(max(1, number), -_LENGTH_POWER)


def weigh(found: Sequence[Feature], sentences: Sequence[Sentence]) -> dict[str, Opinion]:
    """An opinion of each intent that labelled mails teach, and of whether a program wrote it."""
    steps, weights = _learned()
    opinions = {}
    for column, intent in enumerate(LEARNED):
        told = [(weights[len(LEARNED) * feature[0] + column], feature) for feature in found]
        odds = START + steps[column] * scale(len(found)) * sum(weight for weight, _ in told)
        opinions[intent] = Opinion(odds, _telling(told, sentences) if odds > _WORTH_SHOWING else "")
    return opinions


def _telling(told: Iterable[tuple[int, Feature]], sentences: Sequence[Sentence]) -> str:
    """The stretch of a sentence's words whose weights add up to most."""
    worth = [[0.0] * len(sentence) for sentence in sentences]
    for weight, (_, sentence, begin, end) in told:
        for at in range(begin, end):
            worth[sentence][at] += weight / (end - begin)
    best, place = 0.0, (0, 0, 0)
    for number, values in enumerate(worth):
        begun, total = 0, 0.0
        for at, value in enumerate(values):
            if total <= 0 or at - begun >= _SHOWN:
                begun, total = at, 0.0
            total += value
            if total > best:
                best, place = total, (number, begun, at + 1)
    number, begin, end = place
    return " ".join(sentences[number][begin:end]) if best else ""


def likelihood(odds: float) -> float:
    """Log odds as a likelihood between 0 and 1."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


@cache
def _learned() -> tuple[tuple[float, ...], memoryview]:
    content = WEIGHTS.read_bytes()
    return _STEPS.unpack_from(content), memoryview(content)[_STEPS.size :].cast("b")


def write_weights(path: Path, columns: Sequence[Sequence[float]]) -> None:
    """Write what was learned: for each intent a weight for each slot, kept to a byte."""
    steps = [max(map(abs, column)) / 127 or 1.0 for column in columns]
    rounded = bytearray(len(LEARNED) * SLOTS)
    for number, (column, step) in enumerate(zip(columns, steps, strict=True)):
        rounded[number :: len(LEARNED)] = bytes(round(weight / step) & 0xFF for weight in column)
    path.write_bytes(_STEPS.pack(*steps) + rounded)

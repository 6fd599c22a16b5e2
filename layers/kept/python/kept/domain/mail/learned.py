"""What a mail asks for as labelled mails have taught it.

A small network weighs all that is said: words, their beginnings, pairs of words, the phrases that matched, and pairs of
the phrase files' concepts (a negation, and then mail; a verb of stopping, and then a person), so that a new word in a
concept is understood at once in all its combinations. What it knows is made by `make learn-mail` from the labelled
mails below tests/samples, and read from LEARNED_FILE.

It does without numpy, whose import a cold start has no time for: a feature has a row of bytes, and a mail's rows are
added up as long whole numbers, all lanes at once.
"""

from __future__ import annotations

import math
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain, islice
from operator import add, mul
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from kept.domain.mail.arabizi import sound

LEARNED_FILE = Path(__file__).with_name("learned.bin")
INTENTS = ("opt_out", "access", "cancel", "complaint", "machine")
HIDDEN = 32  # units between a mail's features and its intents
LANES = len(INTENTS) + HIDDEN  # numbers of a feature: what it says of each intent itself, and to each hidden unit
MOST_WORDS = 600  # of a mail that are weighed
_ZERO = 128  # the byte that stands for 0
_AT_ONCE = 256  # rows that are added up before a lane of two bytes could overflow
_EVEN = int.from_bytes(b"\xff\x00" * ((LANES + 1) // 2), "little")  # every other lane, two bytes wide
_STEM = 5  # letters of a word that pairs of words are told apart by
_BEGINNINGS = (3, 4, 5, 6)  # letters of a word
_PIECE = 4  # letters in a row of an Arabic word, which has its small words written onto it at both ends
_ARABIC = "\u0600"  # letters of words from here on are Arabic
_NEAR = 9  # words from a concept's end to another's beginning
_SHOWN = 12  # words that are shown as a reason

Sentence = Sequence[str]
Spans = Sequence[tuple[str, int, int]]  # concepts in a sentence: name, first word, the word after the last
# Something that is said, by its checksum: in which sentence, its first word, the word after the last.
Feature = tuple[int, int, int, int]


class Network(NamedTuple):
    """What was learned. `rows` holds LANES bytes for each of `checksums`, which are sorted."""

    checksums: Sequence[int]
    rows: bytes
    steps: Sequence[float]  # what one of a byte is worth, for each lane
    thresholds: Sequence[float]  # what is added to each hidden unit; below 0 it stays silent
    says: Sequence[Sequence[float]]  # for each intent what each hidden unit says of it
    start: Sequence[float]  # log odds of each intent in a mail that says nothing


def features(
    sentences: Sequence[Sentence], concepts: Sequence[Spans], subject: int = 0, *, by_sound: bool = False
) -> list[list[Feature]]:
    """What is looked at in each sentence of a mail.

    The first `subject` sentences are its subject; `by_sound` is for Arabic in Latin letters, which everybody spells as
    he likes.
    """
    found = []
    left = MOST_WORDS
    for number, (sentence, spans) in enumerate(zip(sentences, concepts, strict=True)):
        words = sentence[:left]
        left -= len(words)
        near = [span for span in spans if span[2] <= len(words)]
        told = _word_features(words, in_subject=number < subject, by_sound=by_sound)
        found.append([(crc32(text.encode()), number, begin, end) for text, begin, end in chain(told, _concepts(near))])
    return found


def _word_features(words: Sentence, *, in_subject: bool, by_sound: bool) -> Iterator[tuple[str, int, int]]:
    """Words, their parts and pairs in a sentence as texts, with the words that they are of."""
    before = "^"
    for at, word in enumerate(words):
        stem = word[:_STEM]
        yield f"b {before} {stem}", max(0, at - 1), at + 1
        yield from ((text, at, at + 1) for text in _parts(word, by_sound=by_sound))
        if in_subject:
            yield "j " + word, at, at + 1
        before = stem
    if words:
        yield f"b {before} $", len(words) - 1, len(words)


def _parts(word: str, *, by_sound: bool) -> Iterator[str]:
    yield "w " + word
    yield from ("p" + word[:size] for size in _BEGINNINGS if size < len(word))
    if word[0] >= _ARABIC:
        yield from ("c" + word[start : start + _PIECE] for start in range(len(word) - _PIECE + 1))
    elif by_sound and (heard := sound(word[:30])):
        yield "s " + heard


def _concepts(spans: Spans) -> Iterator[tuple[str, int, int]]:
    """A sentence's concepts, and each with those that follow it, as texts, with the words that they are of."""
    for index, (concept, begin, end) in enumerate(spans):
        yield "K " + concept, begin, end
        for other, start, stop in islice(spans, index + 1, None):
            if start > end + _NEAR:
                break
            if start >= end:
                yield f"K {concept} {other}", begin, stop


def scale(number: int) -> float:
    """What each of so many known features counts: long mails have more, each of which then tells less."""
    return 1 / math.sqrt(max(1, number))


class Weighing:
    """What the features of one mail, or some of them, tell."""

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or _learned()
        self._rows: dict[int, bytes | None] = {}

    def odds(self, found: Iterable[Feature]) -> dict[str, float]:
        """How likely each of INTENTS is, in log odds (natural logarithm; 0 is as likely as not)."""
        network = self._network
        lanes, units = self._heard(self._known(found))
        return {
            intent: network.start[column] + lanes[column] + sum(map(mul, says, units))
            for column, (intent, says) in enumerate(zip(INTENTS, network.says, strict=True))
        }

    def telling(self, intent: str, found: Iterable[Feature], sentences: Sequence[Sentence]) -> str:
        """The stretch of a sentence's words that speak most for an intent."""
        network, column, known = self._network, INTENTS.index(intent), self._known(found)
        _, units = self._heard(known)
        heard = [say if unit else 0.0 for say, unit in zip(network.says[column], units, strict=True)]
        itself = [float(place == column) for place in range(len(INTENTS))]
        worth_of = list(map(mul, itself + heard, network.steps))
        zero = _ZERO * sum(worth_of)
        worth = [[0.0] * len(sentence) for sentence in sentences]
        for row, (_, sentence, begin, end) in known:
            if begin < end:
                value = (sum(map(mul, row, worth_of)) - zero) / (end - begin)
                for at in range(begin, end):
                    worth[sentence][at] += value
        return _stretch(worth, sentences)

    def _known(self, found: Iterable[Feature]) -> list[tuple[bytes, Feature]]:
        """The numbers of each feature that was learned, once, and where it is said first."""
        rows = self._rows
        once: dict[int, tuple[bytes | None, Feature]] = {}
        for feature in found:
            checksum = feature[0]
            if checksum not in once:
                once[checksum] = rows[checksum] if checksum in rows else self._look_up(checksum), feature
        return [(row, feature) for row, feature in once.values() if row]

    def _look_up(self, checksum: int) -> bytes | None:
        checksums = self._network.checksums
        place = bisect_left(checksums, checksum)
        known = place < len(checksums) and checksums[place] == checksum
        row = self._network.rows[place * LANES : (place + 1) * LANES] if known else None
        self._rows[checksum] = row
        return row

    def _heard(self, known: Sequence[tuple[bytes, Feature]]) -> tuple[list[float], list[float]]:
        """What reaches each lane, and each hidden unit."""
        size, network = scale(len(known)), self._network
        lanes = [size * step * total for step, total in zip(network.steps, _added(known), strict=True)]
        units = map(add, lanes[len(INTENTS) :], network.thresholds)
        return lanes, [max(0.0, unit) for unit in units]


def _stretch(worth: Iterable[Iterable[float]], sentences: Sequence[Sentence]) -> str:
    """The words in a row, of one sentence and at most _SHOWN, that are worth most; none if none is above 0."""
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


def _added(known: Sequence[tuple[bytes, Feature]]) -> list[int]:
    """The sum of each lane over all rows."""
    totals = [-_ZERO * len(known)] * LANES
    for begin in range(0, len(known), _AT_ONCE):
        even = odd = 0
        for row, _ in known[begin : begin + _AT_ONCE]:
            number = int.from_bytes(row, "little")
            even += number & _EVEN
            odd += number >> 8 & _EVEN
        pairs = zip(_two_bytes(even), _two_bytes(odd), strict=True)
        totals = [total + lane for total, lane in zip(totals, chain.from_iterable(pairs), strict=False)]
    return totals


def _two_bytes(number: int) -> array[int]:
    """A long number as those of two bytes each that it is made of, the lowest first."""
    return array("H", number.to_bytes(LANES + LANES % 2, "little"))


def likelihood(odds: float) -> float:
    """Log odds as a likelihood between 0 and 1."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))


# What LEARNED_FILE begins with: the number of features, then as Network has them all numbers that are not a feature's.
_HEAD = struct.Struct(f"<I{LANES + HIDDEN + len(INTENTS) * HIDDEN + len(INTENTS)}f")


def read_network(path: Path) -> Network:
    """What was learned, as write_network wrote it."""
    content = path.read_bytes()
    count, *numbers = _HEAD.unpack_from(content)
    left = iter(numbers)
    steps, thresholds = tuple(islice(left, LANES)), tuple(islice(left, HIDDEN))
    says = tuple(tuple(islice(left, HIDDEN)) for _ in INTENTS)
    rows = _HEAD.size + 4 * count
    return Network(array("I", content[_HEAD.size : rows]), content[rows:], steps, thresholds, says, tuple(left))


@cache
def _learned() -> Network:
    return read_network(LEARNED_FILE)


def write_network(path: Path, network: Network) -> None:
    """Write what was learned."""
    says = chain.from_iterable(network.says)
    head = _HEAD.pack(len(network.checksums), *network.steps, *network.thresholds, *says, *network.start)
    path.write_bytes(head + struct.pack(f"<{len(network.checksums)}I", *network.checksums) + network.rows)

"""Teach what mail asks for: `make learn-mail`, or `python -m tests.learn_mail FOLDER…`.

Reads labelled mails (as `make eval-mail` does) and writes the network that `kept.domain.mail.learned` reads: the same
from the same mails and phrases, on the same machine.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kept.domain.mail.intents import looked_at
from kept.domain.mail.learned import HIDDEN, INTENTS, LANES, LEARNED_FILE, Network, scale, write_network
from kept.domain.mail.reader import read_mail
from tests.eval_mail import OUR_DOMAINS, Case, cases

ROUNDS = 20  # through all mails
AT_ONCE = 64  # mails between two steps
RATE = 3e-3  # of learning, at first; then less and less
SEEN_OFTEN = 2  # mails that a feature must be in to be learned: what one alone has teaches only that mail
# Of a mail's features, and of the hidden units, each time by lot: no few of them may be relied on.
FORGOTTEN, DROPPED = 0.5, 0.3
START = -2.0  # log odds of an intent in a mail that says nothing, at first
MOMENTUM, SPREAD = 0.9, 0.999  # Adam's: how long a gradient, and its square, are remembered

Numbers = NDArray[np.float32]


class Lesson(NamedTuple):
    """A mail's features, by their checksums, and which intents it has."""

    checksums: Sequence[int]
    labels: frozenset[str]


def lesson(case: Case) -> Lesson:
    """What a mail teaches."""
    found = chain.from_iterable(looked_at(read_mail(case.raw), OUR_DOMAINS).features)
    return Lesson(list(dict.fromkeys(checksum for checksum, *_ in found)), case.labels)


class Adam:
    """A number field that follows its gradients (Kingma and Ba, 2014)."""

    def __init__(self, values: Numbers) -> None:
        self.values = values
        self._mean, self._square = np.zeros_like(values), np.zeros_like(values)
        self._steps = 0

    def step(self, gradient: Numbers, rate: float) -> None:
        """One step against the gradient."""
        self._steps += 1
        self._mean *= MOMENTUM
        self._mean += (1 - MOMENTUM) * gradient
        self._square *= SPREAD
        self._square += (1 - SPREAD) * gradient * gradient
        rate /= 1 - MOMENTUM**self._steps
        spread = np.sqrt(self._square / (1 - SPREAD**self._steps))
        spread += 1e-8
        self.values -= rate * self._mean / spread


def learn(lessons: Sequence[Lesson], rounds: int = ROUNDS, seed: int = 0) -> Network:
    """Back-propagation through one hidden layer, on features and units chosen by lot."""
    chance = np.random.default_rng(seed)
    count = Counter(checksum for lesson in lessons for checksum in lesson.checksums)
    known = sorted(checksum for checksum, times in count.items() if times >= SEEN_OFTEN)
    place = {checksum: number for number, checksum in enumerate(known)}
    mails = [np.array([place[c] for c in lesson.checksums if c in place], np.int64) for lesson in lessons]
    labels = np.array([[intent in lesson.labels for intent in INTENTS] for lesson in lessons], np.float32)

    table = np.zeros((len(known), LANES), np.float32)
    table[:, len(INTENTS) :] = chance.normal(0, 0.05, (len(known), HIDDEN))
    rows = Adam(table)
    thresholds = Adam(np.zeros(HIDDEN, np.float32))
    says = Adam(chance.uniform(-1, 1, (HIDDEN, len(INTENTS))).astype(np.float32) / np.sqrt(np.float32(HIDDEN)))
    start = Adam(np.full(len(INTENTS), START, np.float32))
    gradient = np.zeros_like(table)
    for number in range(rounds):
        rate = RATE * (1 - number / rounds)
        order = chance.permutation(len(mails))
        for begin in range(0, len(order), AT_ONCE):
            chosen = order[begin : begin + AT_ONCE]
            kept = [_some_of(mails[mail], chance) for mail in chosen]
            sizes = np.array([scale(len(some)) for some in kept], np.float32)[:, None]
            lanes = _sums(rows.values, kept) * sizes
            units = lanes[:, len(INTENTS) :] + thresholds.values
            awake = ((units > 0) & (chance.random(units.shape) >= DROPPED)).astype(np.float32) / (1 - DROPPED)
            active = units * awake
            odds = lanes[:, : len(INTENTS)] + start.values + active @ says.values
            error = ((1 / (1 + np.exp(-odds)) - labels[chosen]) / len(chosen)).astype(np.float32)
            unit_error = (error @ says.values.T) * awake
            _spread(gradient, kept, np.concatenate((error, unit_error), axis=1) * sizes)
            rows.step(gradient, rate)
            says.step(active.T @ error, rate)
            thresholds.step(unit_error.sum(axis=0), rate)
            start.step(error.sum(axis=0), rate)
    return _network(known, rows.values, thresholds.values, says.values, start.values)


def _some_of(features: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    return features[chance.random(len(features)) >= FORGOTTEN]


def _sums(table: Numbers, mails: Sequence[NDArray[np.int64]]) -> Numbers:
    """For each mail the sum of its features' rows."""
    return np.stack([table[mail].sum(axis=0) for mail in mails])


def _spread(gradient: Numbers, mails: Sequence[NDArray[np.int64]], errors: Numbers) -> None:
    """The gradient of the table: each mail's error, at each of its features."""
    gradient[:] = 0
    for mail, error in zip(mails, errors, strict=True):
        gradient[mail] += error  # a mail has each feature once


def _network(known: Sequence[int], table: Numbers, *rest: Numbers) -> Network:
    """What was learned, the table kept to a byte a number."""
    thresholds, says, start = rest
    steps = np.maximum(np.abs(table).max(axis=0, initial=0), 1e-6) / 127
    rows = (np.round(table / steps) + 128).astype(np.uint8)
    return Network(known, rows.tobytes(), *map(_listed, (steps, thresholds, says.T, start)))


def _listed(numbers: Numbers) -> Any:
    """As plain floats, or lists of them."""
    return numbers.tolist()


def lessons_of(folders: Iterable[Path]) -> list[Lesson]:
    """What the mails of these folders teach."""
    return [lesson(case) for folder in folders for case in cases(folder)]


def main() -> None:
    """Learn from folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    write_network(LEARNED_FILE, learn(lessons_of(parser.parse_args().folders)))


if __name__ == "__main__":
    main()

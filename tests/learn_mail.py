"""Teach the second opinion on mail: `make learn-mail`, or `python -m tests.learn_mail FOLDER…`.

Reads labelled mails (as `make eval-mail` does) and writes the weights that `kept.domain.mail.learned` reads: the same
bytes from the same mails and phrases.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from kept.domain.mail.intents import looked_at
from kept.domain.mail.learned import LEARNED, SLOTS, START, WEIGHTS, likelihood, scale, write_weights
from kept.domain.mail.reader import read_mail
from tests.eval_mail import OUR_DOMAINS, Case, cases

ROUNDS = 20  # through all mails
RATE = 1.0  # of learning, at first
DECAY = 3e-5  # of every weight, with each mail: what is told once is not to be believed too much
SURE_ENOUGH = 0.01  # a mail that is understood this well teaches nothing


class Lesson(NamedTuple):
    """A mail's features, and which intents it has."""

    slots: list[int]
    labels: frozenset[str]


def lesson(case: Case) -> Lesson:
    """What a mail teaches."""
    return Lesson([feature[0] for feature in looked_at(read_mail(case.raw), OUR_DOMAINS).features], case.labels)


def learn(lessons: Sequence[Lesson], intent: str) -> list[float]:
    """Logistic regression by stochastic gradient descent: a weight for each slot."""
    weights = [0.0] * SLOTS
    size = 1.0  # of all weights: so that a decay is one multiplication
    order = list(lessons)
    for number in range(ROUNDS):
        random.Random(number).shuffle(order)
        rate = RATE / (1 + number / 3)
        for slots, labels in order:
            value = scale(len(slots))
            odds = START + size * value * sum(map(weights.__getitem__, slots))
            error = (intent in labels) - likelihood(odds)
            size *= 1 - rate * DECAY
            if abs(error) < SURE_ENOUGH:
                continue
            step = rate * error * value / size
            for slot in slots:
                weights[slot] += step
    return [weight * size for weight in weights]


def teach(lessons: Sequence[Lesson], path: Path = WEIGHTS) -> None:
    """Learn every intent, and write the weights."""
    write_weights(path, [learn(lessons, intent) for intent in LEARNED])


def lessons_of(folders: Iterable[Path]) -> list[Lesson]:
    """What the mails of these folders teach."""
    return [lesson(case) for folder in folders for case in cases(folder)]


def main() -> None:
    """Learn from folders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    teach(lessons_of(parser.parse_args().folders))


if __name__ == "__main__":
    main()

"""A chart of two counts a day, as the numbers that an SVG image is drawn with. Its words stand beside it, in HTML."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

WIDTH, HEIGHT = 600, 160  # the image's own units; it is drawn as wide as there is room
_LEAST = 3  # units that a bar of one is high at least, so that it is seen


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle, and what it stands for."""

    x: float
    y: float
    width: float
    height: float
    day: dt.date
    count: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars of two series, and of days without any number where they lie."""

    first: tuple[Bar, ...]
    second: tuple[Bar, ...]
    absent: tuple[Bar, ...]
    most: int  # what the highest bar could be
    begins: dt.date
    ends: dt.date
    width: int = WIDTH
    height: int = HEIGHT


def bars(counts: Mapping[str, tuple[int, int]], last: dt.date, days: int, *, mirrored: bool) -> Chart:
    """The last `days` days up to `last`, each with a bar for each of its two counts; those are by days as 2026-11-28.

    `mirrored`: for who reads from right to left, the first day is on the right.
    """
    shown = [last - dt.timedelta(days=ago) for ago in reversed(range(days))]
    most = _round(max((max(counts.get(day.isoformat(), (0, 0))) for day in shown), default=0))
    slot = WIDTH / days
    series: tuple[list[Bar], list[Bar]] = ([], [])
    absent = []
    for place, day in enumerate(shown):
        start = WIDTH - (place + 1) * slot if mirrored else place * slot
        pair = counts.get(day.isoformat())
        if pair is None:
            absent.append(Bar(round(start + slot * 0.1, 1), HEIGHT - 1, round(slot * 0.8, 1), 1, day, 0))
            continue
        for number, count in enumerate(pair):
            height = max(count / most * HEIGHT, _LEAST) if count else 0
            left = start + slot * (0.1 + 0.42 * (1 - number if mirrored else number))
            bar = Bar(round(left, 1), round(HEIGHT - height, 1), round(slot * 0.38, 1), round(height, 1), day, count)
            series[number].append(bar)
    return Chart(tuple(series[0]), tuple(series[1]), tuple(absent), most, shown[0], last)


def _round(number: int) -> int:
    """The next number above that is easy to read: 1, 2 or 5 with noughts; 5 at least."""
    scale = 1
    while True:
        for step in (5, 10, 20):
            if number <= step * scale:
                return step * scale
        scale *= 10

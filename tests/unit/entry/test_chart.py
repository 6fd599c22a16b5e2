"""The chart of the audits: every number is drawn where and as high as it should be, in both directions."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from kept.entry.chart import HEIGHT, WIDTH, bars

LAST = dt.date(2026, 11, 28)
DAYS = [(LAST - dt.timedelta(days=ago)).isoformat() for ago in range(40)]
COUNTS = st.dictionaries(st.sampled_from(DAYS), st.tuples(st.integers(0, 10**7), st.integers(0, 10**4)))


@given(COUNTS, st.booleans())
def test_every_bar_is_inside_and_higher_for_more(counts: dict[str, tuple[int, int]], mirrored: bool) -> None:
    chart = bars(counts, LAST, 30, mirrored=mirrored)
    shown = [*chart.first, *chart.second]
    for bar in (*shown, *chart.absent):
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= 0
        assert abs(bar.y + bar.height - HEIGHT) < 0.2, "it stands on the ground"
    by_count = sorted(shown, key=lambda bar: bar.count)
    assert [bar.height for bar in by_count] == sorted(bar.height for bar in by_count)
    assert all((bar.height > 0) == (bar.count > 0) for bar in shown), "a single one is seen, and none is not"
    assert max((bar.count for bar in shown), default=0) <= chart.most
    assert len(chart.first) + len(chart.absent) == 30, "each day has a bar, or the mark of a night without audit"


@given(COUNTS)
def test_who_reads_from_right_to_left_sees_the_mirror_image(counts: dict[str, tuple[int, int]]) -> None:
    plain, mirrored = (bars(counts, LAST, 30, mirrored=side) for side in (False, True))
    for one, other in zip(plain.first + plain.second, mirrored.first + mirrored.second, strict=True):
        assert abs(one.x + one.width + other.x - WIDTH) < 0.3
        assert (one.day, one.count, one.height) == (other.day, other.count, other.height)


def test_days_before_the_first_shown_do_not_matter() -> None:
    chart = bars({"2026-10-01": (10**6, 10**6), LAST.isoformat(): (3, 0)}, LAST, 30, mirrored=False)
    assert chart.most == 5
    assert (chart.begins, chart.ends) == (dt.date(2026, 10, 30), LAST)

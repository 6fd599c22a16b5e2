"""The purge audits at the desk: what was discarded and what was overdue, day by day, and each night's report."""

from __future__ import annotations

import datetime as dt
import re

from kept.adapters.clock import now
from kept.domain.errors import NotFoundError
from kept.entry import wiring
from kept.entry.chart import bars
from kept.entry.desk_pages import known, page
from kept.entry.http import Answer, Api, Request
from kept.entry.language import language as spoken_in

NIGHTS = 30  # that are shown


def add_to(api: Api) -> None:
    """Declare the routes."""
    api.route("GET", "/desk/{language}/audits", summary="The purge audits", access="desk", answers={200: None})(
        get_audits
    )
    api.route(
        "GET", "/desk/{language}/audits/{day}", summary="The purge audit of a day", access="desk", answers={200: None}
    )(get_audit)


def get_audits(request: Request[None], language: str) -> Answer:
    """The last nights as a chart, and as a table with all that the chart shows."""
    known(language)
    nights = wiring.reports().summaries()[:NIGHTS]
    mirrored = spoken_in(language).direction == "rtl"
    today = dt.datetime.fromtimestamp(now(), dt.UTC).date()
    chart = bars({each.day: (each.went, each.overdue) for each in nights}, today, NIGHTS, mirrored=mirrored)
    return page(request, "desk-audits.html", nights=nights, chart=chart)


def get_audit(_: Request[None], language: str, day: str) -> Answer:
    """A night's report."""
    known(language)
    report = wiring.reports().find(day) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) else None
    if report is None:
        raise NotFoundError("There is no audit of that day.")
    from kept.entry import audits  # seldom asked for

    return audits.page_answer(report, language)

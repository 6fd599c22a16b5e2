"""The purge audit's reports, for staff. This function can read reports and nothing else."""

from __future__ import annotations

import re

import msgspec

from kept.domain.audit import Report, Summary
from kept.domain.errors import NotFoundError
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request

handler = Api()


class AuditsBody(msgspec.Struct):
    """A line for each report, the newest first."""

    items: list[Summary]


@handler.route("GET", "/audits", summary="The purge audits", access="staff", answers={200: AuditsBody})
def get_audits(_: Request[None]) -> Answer:
    """All that are kept."""
    return Answer(200, AuditsBody(wiring.reports().summaries()))


@handler.route("GET", "/audits/latest", summary="The latest purge audit", access="staff", answers={200: Report})
def get_latest(request: Request[None]) -> Answer:
    """Its report: JSON, or a page for people."""
    newest = next(iter(wiring.reports().summaries()), None)
    if newest is None:
        raise NotFoundError("No audit has run yet: the first one does tonight.")
    return _report(request, newest.day)


@handler.route("GET", "/audits/{day}", summary="The purge audit of a day", access="staff", answers={200: Report})
def get_of_day(request: Request[None], day: str) -> Answer:
    """Its report: JSON, or a page for people."""
    return _report(request, day)


def _report(request: Request[None], day: str) -> Answer:
    report = wiring.reports().find(day) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day) else None
    if report is None:
        raise NotFoundError(
            "There is no audit of that day: a day is written as in 2026-11-28, and GET /audits lists them."
        )
    if request.wants_page:
        from kept.entry import audits

        return audits.page_answer(report, request.language)
    return Answer(200, report)

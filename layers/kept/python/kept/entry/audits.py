"""An audit's report as a page that people read, on the site and by itself. It is for staff, and in English only."""

from __future__ import annotations

from kept.domain.audit import Report
from kept.entry import pages, wiring
from kept.entry.http import HTML, Answer


def page_answer(report: Report) -> Answer:
    """The page as a part of the site, with its stylesheet."""
    return Answer(200, _page(report, None), HTML)


def page_of(report: Report) -> bytes:
    """The page as a file that needs nothing else, for the bucket."""
    return _page(report, pages.asset("style.css").decode())


def _page(report: Report, style: str | None) -> bytes:
    policy = wiring.policy()
    template = pages.environment("en").get_template("audit.html")
    return template.render(site=policy.site, policy=policy, others=[], report=report, style=style).encode()

"""An audit's report as a page that people read, on the site and by itself, in each language of the policy."""

from __future__ import annotations

import datetime as dt

from kept.domain.audit import Report, findings_of
from kept.entry import pages, wiring
from kept.entry.http import HTML, Answer
from kept.entry.language import language, offered


def page_answer(report: Report, code: str) -> Answer:
    """The page as a part of the site, with its stylesheet."""
    return Answer(200, _page(report, code, None), HTML)


def pages_of(report: Report) -> dict[str, bytes]:
    """The page as a file that needs nothing else, for the bucket, by the code of its language."""
    style = pages.asset("style.css").decode()
    return {code: _page(report, code, style) for code in offered(wiring.policy().languages)}


def _page(report: Report, code: str, style: str | None) -> bytes:
    spoken = language(code)
    findings = [spoken.translate(each.sentence, each.values) for each in findings_of(report)]
    began = report.orphans.scan.pass_began
    context = {
        "site": wiring.policy().site,
        "report": report,
        "day": spoken.day(dt.date.fromisoformat(report.day)),
        "began": spoken.day(dt.date.fromisoformat(began)) if began else "",
        "findings": findings,
        "style": style,
    }
    return pages.environment(code).get_template("audit.html").render(context).encode()

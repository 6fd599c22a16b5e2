"""An audit's report as a page that people read, on the site and by itself."""

from __future__ import annotations

from kept.domain.audit import Report
from kept.domain.policy import Site
from kept.entry import pages
from kept.entry.http import Answer


def page_answer(report: Report, site: Site) -> Answer:
    """The page as a part of the site, with its stylesheet."""
    return pages.page("audit.html", site=site, report=report, style=None)


def page_of(report: Report, site: Site) -> bytes:
    """The page as a file that needs nothing else, for the bucket."""
    style = pages.stylesheet().body
    text = style.decode() if isinstance(style, bytes) else ""
    content = pages.page("audit.html", site=site, report=report, style=text).body
    return content if isinstance(content, bytes) else b""

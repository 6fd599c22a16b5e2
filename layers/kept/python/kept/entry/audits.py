"""An audit's report as a page that people read, on the site and by itself."""

from __future__ import annotations

from kept.domain.audit import Report
from kept.entry import pages, wiring


def page(report: Report, *, alone: bool) -> bytes:
    """The page; `alone`, as a file that needs nothing else."""
    style = pages.asset("style.css").decode() if alone else None
    template = pages.environment("en").get_template("audit.html")
    return template.render(report=report, site=wiring.policy().site, style=style).encode()

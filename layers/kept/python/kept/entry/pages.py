"""Pages for people, rendered on the server; no script, nothing from another host."""

from __future__ import annotations

from typing import Any

from kept.domain.policy import Site
from kept.entry.http import Answer
from kept.entry.rendering import FOLDER, templates


def page(template: str, *, site: Site, **context: Any) -> Answer:
    """A page of the shop whose policy this is."""
    text = templates().get_template(template).render(site=site, **context)
    return Answer(200, text.encode(), "text/html; charset=utf-8")


def stylesheet() -> Answer:
    """The one stylesheet."""
    return Answer(200, (FOLDER / "style.css").read_bytes(), "text/css; charset=utf-8")

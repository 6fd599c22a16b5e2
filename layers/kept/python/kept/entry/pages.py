"""Pages for people, rendered on the server; no script, nothing from another host."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kept.domain.policy import Site
from kept.entry.http import Answer

_HERE = Path(__file__).with_name("templates")


@cache
def templates() -> Environment:
    """Everything that is written into a template is escaped; a name that was not given is an error."""
    return Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined)


def page(template: str, *, site: Site, **context: Any) -> Answer:
    """A page of the shop whose policy this is."""
    text = templates().get_template(template).render(site=site, **context)
    return Answer(200, text.encode(), "text/html; charset=utf-8")


def stylesheet() -> Answer:
    """The one stylesheet."""
    return Answer(200, (_HERE / "style.css").read_bytes(), "text/css; charset=utf-8")

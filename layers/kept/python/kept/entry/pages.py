"""Pages for people, rendered on the server in their language; nothing from another host, and one script at most."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kept.domain.errors import InvalidInputError, KeptError
from kept.domain.records import OUR_TEXTS
from kept.entry import wiring, words
from kept.entry.language import Language, language, offered, path_in
from kept.entry.problem import Problem

if TYPE_CHECKING:
    from kept.entry.http import Request

TEMPLATES = Path(__file__).with_name("templates")
ASSETS = {
    "style.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "progress.js": "text/javascript; charset=utf-8",
}


def page(
    template: str, request: Request[Any], code: str | None = None, *, at: str | None = None, **context: Any
) -> bytes:
    """A page of the shop whose policy this is, in the language of that code or else of the request.

    `at` is its own address, where a form was posted to another one.
    """
    here = (request.path, request.query) if request.method == "GET" else (at, {}) if at else None
    return _render(template, code or request.language, here, context)


def problem_page(error: Exception, problem: Problem, code: str, *, desk: bool) -> bytes:
    """What is wrong, and what to do, as a page; it never repeats what was sent."""
    fields, detail = told(error, problem, code)
    title = words.TITLES.get(problem.status, problem.title)
    context = {"title": title, "detail": detail, "fields": fields, "status": problem.status, "desk": desk}
    return _render("problem.html", code, None, context)


def told(error: Exception, problem: Problem, code: str) -> tuple[list[tuple[str, str, str]], str]:
    """What is wrong, in a language: each field's pointer, name and what is wrong with it; and a sentence on all."""
    spoken = language(code)
    fields = [
        (each.pointer, spoken.translate(words.FIELDS.get(each.pointer, "")), spoken.translate(each.detail, each.values))
        for each in (error.problems if isinstance(error, InvalidInputError) else ())
    ]
    if isinstance(error, KeptError) and problem.detail == str(error):
        return fields, spoken.translate(error.message, error.values)
    return fields, spoken.translate(problem.detail)  # an error that says nothing of itself


def asset(name: str) -> bytes:
    """The stylesheet or the icon."""
    return (TEMPLATES / name).read_bytes()


def _render(template: str, code: str, here: tuple[str, Mapping[str, str]] | None, context: dict[str, Any]) -> bytes:
    policy = wiring.policy()
    path, query = here or ("/", {})
    others = [(language(each), path_in(each, path, query)) for each in offered(policy.languages) if each != code]
    text = (
        environment(code)
        .get_template(template)
        .render(site=policy.site, policy=policy, path=path, others=others, **context)
    )
    return text.encode()


@cache
def environment(code: str) -> Environment:
    """The templates in one language."""
    spoken = language(code)
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(spoken.catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "day": spoken.day,
        "iso_day": lambda day: spoken.day(dt.date.fromisoformat(day)),
        "moment": spoken.moment,
        "duration": spoken.duration,
        "number": spoken.number,
        "word": lambda name, table: _word(spoken, name, table),
        "ours": lambda text: spoken.translate(text) if text in OUR_TEXTS else text,
        "of_policy": lambda texts: spoken.of(texts, wiring.policy().languages[0]),
    }
    digests = {name: hashlib.sha256(asset(name)).digest() for name in ASSETS}
    made.globals |= {
        "language": spoken,
        "words": words,
        "assets": {name: f"/{name}?v={digest.hex()[:12]}" for name, digest in digests.items()},
        "integrity": {name: f"sha256-{base64.b64encode(digest).decode()}" for name, digest in digests.items()},
        "home": f"/{code}",
    }
    return made


def _word(spoken: Language, name: str, table: Mapping[str, str]) -> str:
    """What a code is called; one that no table of ours has is shown as it is written, without its underlines."""
    return spoken.translate(table[name]) if name in table else name.replace("_", " ")

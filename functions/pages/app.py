"""The public pages. This function can read no table: of what is held it knows blurred counts, which the audit wrote."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from kept.adapters.clock import now
from kept.domain.errors import NotFoundError
from kept.domain.evidence import TEN
from kept.domain.form_token import make_form_token
from kept.domain.identity import read_reference
from kept.domain.policy import SHIPPED, Retentions
from kept.domain.times import iso, seconds_of
from kept.entry import pages, wiring
from kept.entry.evidence import Evidences, PromisesBody, body, sentences
from kept.entry.exports import schema
from kept.entry.http import FOREVER, HTML, Answer, Api, Request
from kept.entry.language import language
from kept.entry.settings import setting

handler = Api()

OPENAPI = SHIPPED.with_name("openapi.json")  # made from the routes by the build
FORMS = ("write", "stop-emails", "your-data", "complain", "cancel")
TOPICS = ("contact", "complaint", "opt-out", "access-request", "registration")
SECURITY_TXT_LIVES = 180 * 86400  # seconds; RFC 9116 section 2.5.5 advises less than a year


evidences = Evidences()


@handler.page("/", summary="What would you like to do?")
def home(request: Request[None]) -> Answer:
    """Everything that a person can do here."""
    return _page("home.html", request)


@handler.page("/{page}", summary="A form of the privacy centre: " + ", ".join(FORMS))
def form(request: Request[None], page: str) -> Answer:
    """A form, with a token that says when it was shown."""
    if page not in FORMS:
        raise NotFoundError("There is no such page. It may have moved; begin at the first one.")
    return _page(f"{page}.html", request, form_token=make_form_token(wiring.keys(), now()))


@handler.page("/thanks/{topic}", summary="After a form: " + ", ".join(TOPICS), query=("reference", "by", "answer_by"))
def thanks(request: Request[None], topic: str) -> Answer:
    """What happens next. The query says what the form was answered; what cannot be that is not shown."""
    if topic not in TOPICS:
        raise NotFoundError("There is no such page. It may have moved; begin at the first one.")
    query = request.query
    try:
        reference = read_reference(query.get("reference", ""))
    except NotFoundError:
        reference = ""
    times = {name: seconds_of(query.get(name, "")) for name in ("by", "answer_by")}
    return _page("thanks.html", request, topic=topic, reference=reference, recovery_days=_recovery_days(), **times)


@handler.page("/policy", summary="The policy")
def policy(request: Request[None]) -> Answer:
    """The policy file: a page for people, JSON for programs."""
    current = wiring.policy()
    if not request.wants_page:
        return Answer(200, msgspec.json.encode(msgspec.to_builtins(current, enc_hook=str)))
    retention = {kind: current.retention_of(kind) for kind in Retentions.__struct_fields__}
    return _page("policy.html", request, retention=retention, recovery_days=_recovery_days())


@handler.page(
    "/promises", summary="Each promise, what is done so that it is true, and the evidence", answers=PromisesBody
)
def promises(request: Request[None]) -> Answer:
    """A page for people, JSON for programs."""
    seen = evidences.see(now(), handler.observer.log)
    if not request.wants_page:
        return Answer(200, body(wiring.policy(), seen, now()))
    facts = sentences(seen.evidence, language(request.language))
    return _page("promises.html", request, facts=facts, evidence=seen.evidence, state=seen.state(now()), ten=TEN)


@handler.route("GET", "/.well-known/security.txt", summary="Where to report a vulnerability", answers={200: None})
def security_txt(_: Request[None]) -> Answer:
    """RFC 9116."""
    policy, url = wiring.policy(), setting("PUBLIC_URL")
    lines = (
        f"Contact: mailto:{policy.site.support_email}",
        f"Expires: {iso(now() + SECURITY_TXT_LIVES)}",
        f"Preferred-Languages: {', '.join(policy.languages)}",
        f"Canonical: {url}/.well-known/security.txt",
        f"Policy: {url}/policy",
    )
    return Answer(200, "".join(f"{line}\n" for line in lines).encode(), "text/plain; charset=utf-8")


@handler.route("GET", "/.well-known/gpc.json", summary="Global Privacy Control is heeded", answers={200: None})
def gpc(_: Request[None]) -> Answer:
    """The support resource of https://www.w3.org/TR/gpc/: nothing is sold or shared here, whoever asks."""
    since = wiring.policy().effective.isoformat()
    return Answer(200, json.dumps({"gpc": True, "lastUpdate": since}).encode())


@handler.route("GET", "/openapi.json", summary="This interface", answers={200: None})
def openapi(_: Request[None]) -> Answer:
    """The OpenAPI document."""
    return Answer(200, OPENAPI.read_bytes())


@handler.route("GET", "/schemas/{name}", summary="What the files of a package look like", answers={200: None})
def get_schema(_: Request[None], name: str) -> Answer:
    """A JSON Schema: `export.json` is that of data.json, `manifest.json` that of the manifest."""
    found = schema(name)
    if found is None:
        raise NotFoundError("There is no such schema; there are export.json and manifest.json.")
    return Answer(200, msgspec.json.encode(found), "application/schema+json")


@handler.route("GET", "/style.css", summary="The stylesheet", answers={200: None})
def style(_: Request[None]) -> Answer:
    """How the pages look."""
    return _asset("style.css")


@handler.route("GET", "/icon.svg", summary="The icon", answers={200: None})
def icon(_: Request[None]) -> Answer:
    """What browsers show beside the title."""
    return _asset("icon.svg")


@handler.route("GET", "/progress.js", summary="The script of a package's page", answers={200: None})
def progress(_: Request[None]) -> Answer:
    """Looks how far a package is, so that nobody has to load its page again by hand."""
    return _asset("progress.js")


def _recovery_days() -> int:
    """How many days back the tables can be restored, and so discarded records too."""
    return int(setting("RECOVERY_DAYS"))


def _page(template: str, request: Request[None], **context: Any) -> Answer:
    return Answer(200, pages.page(template, request, **context), HTML)


def _asset(name: str) -> Answer:
    return Answer(200, pages.asset(name), pages.ASSETS[name], cache=FOREVER)

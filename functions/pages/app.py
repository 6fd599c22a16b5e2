"""The public pages. This function can read no table: there is nothing personal that it could show."""

from __future__ import annotations

from typing import Any

import msgspec

from kept.adapters.clock import now
from kept.domain.errors import NotFoundError
from kept.domain.form_token import make_form_token
from kept.domain.policy import SHIPPED, Policy, Retentions
from kept.entry import pages, wiring
from kept.entry.exports import schema
from kept.entry.http import Answer, Api, Request

handler = Api()

OPENAPI = SHIPPED.with_name("openapi.json")  # made from the routes by the build


@handler.route("GET", "/", summary="What would you like to do?", answers={200: None})
def home(_: Request[None]) -> Answer:
    """The forms, with a token that says when they were shown."""
    policy = wiring.policy()
    token = make_form_token(wiring.keys(), now())
    return pages.page("home.html", site=policy.site, form_token=token, retention=policy.retention.message)


@handler.route("GET", "/thanks/{topic}", summary="After a form", answers={200: None})
def thanks(request: Request[None], topic: str) -> Answer:
    """What happens next."""
    if topic not in {"contact", "opt-out"}:
        raise NotFoundError("There is no such page.")
    query = request.query
    return pages.page(
        "thanks.html", site=wiring.policy().site, topic=topic, reference=query.get("reference"), by=query.get("by")
    )


@handler.route("GET", "/policy", summary="The policy", answers={200: Policy})
def policy(request: Request[None]) -> Answer:
    """The policy file: a page for people, JSON for programs."""
    current = wiring.policy()
    if "text/html" in request.header("accept"):
        retention: dict[str, Any] = {kind: current.retention_of(kind) for kind in Retentions.__struct_fields__}
        return pages.page("policy.html", site=current.site, policy=current, retention=retention)
    return Answer(200, msgspec.json.encode(msgspec.to_builtins(current, enc_hook=str)))


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
    return pages.stylesheet()

"""POST /access-requests: what do you hold about me? The link that shows it goes to the address, and to nobody else."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.prove_identity import ask_for_access
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request, see

handler = Api()


class AccessRequestBody(msgspec.Struct, forbid_unknown_fields=True):
    """The address of the person concerned; who asks for somebody else gives theirs."""

    email: Annotated[str, Meta(max_length=254)]
    locale: Annotated[str, Meta(max_length=35)] | None = None


class AskedBody(msgspec.Struct):
    """The request's reference, to name it by."""

    reference: str


@handler.route(
    "POST",
    "/access-requests",
    summary="Ask what is held about an address",
    reads=AccessRequestBody,
    forms=True,
    answers={202: AskedBody, 303: None},
)
def post_access_request(request: Request[AccessRequestBody]) -> Answer:
    """Record the request, or join the open one, and mail a link: the same answer and time whoever it is."""
    asked = ask_for_access(
        request.body.email,
        request.body.locale,
        policy=wiring.policy(),
        keys=wiring.keys(),
        messages=wiring.messages(),
        mails=wiring.mails(),
        now=now(),
    )
    handler.observer.count("AccessRequests", channel="form")
    return (
        see(f"/{request.language}/thanks/access-request")
        if request.is_form
        else Answer(202, AskedBody(asked.reference))
    )

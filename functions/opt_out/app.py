"""POST /opt-outs: stop writing to me. The answer is the same whoever it is, and whether we know them or not."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.opt_out import opt_out_by_form
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request, see

handler = Api()


class OptOutBody(msgspec.Struct, forbid_unknown_fields=True):
    """The address that is not to be written to."""

    email: Annotated[str, Meta(max_length=254)]


class OptedOutBody(msgspec.Struct):
    """What is now so."""

    detail: str


@handler.route(
    "POST",
    "/opt-outs",
    summary="Stop emails to an address",
    reads=OptOutBody,
    forms=True,
    answers={202: OptedOutBody, 303: None},
)
def post_opt_out(request: Request[OptOutBody]) -> Answer:
    """Suppress marketing to the address at once."""
    opt_out_by_form(request.body.email, keys=wiring.keys(), suppressions=wiring.suppressions(), now=now())
    handler.observer.count("OptOuts", channel="form")
    if request.is_form:
        return see("/thanks/opt-out")
    return Answer(202, OptedOutBody("No more marketing email will be sent to this address."))

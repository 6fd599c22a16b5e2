"""Stop writing to me: by form, by a link in our mail, by a mail client's button, or because a mail came back."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.opt_out import heed_feedback, opt_out_by_form, opt_out_by_token
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.opt_out_token import read_opt_out_token
from kept.domain.suppression import EVERYTHING, MARKETING, Scope
from kept.entry import wiring
from kept.entry.http import HTML, Answer, Api, Request, see

api = Api()


class OptOutBody(msgspec.Struct, forbid_unknown_fields=True):
    """The address that is not to be written to, or the token of an unsubscribe link."""

    email: Annotated[str, Meta(max_length=254)] | None = None
    token: Annotated[str, Meta(max_length=254)] | None = None
    locale: Annotated[str, Meta(max_length=35)] | None = None


class OptedOutBody(msgspec.Struct):
    """What is now so."""

    detail: str


@api.route(
    "POST",
    "/opt-outs",
    summary="Stop emails to an address",
    reads=OptOutBody,
    forms=True,
    answers={202: OptedOutBody, 303: None},
)
def post_opt_out(request: Request[OptOutBody]) -> Answer:
    """Stop marketing to the address, or what the token stops, at once: the same answer whoever it is."""
    email, token = request.body.email, request.body.token
    if (email is None) == (token is None):
        raise InvalidInputError(FieldProblem("", "send either an email address or the token of an unsubscribe link"))
    if email is not None:
        opt_out_by_form(email, keys=wiring.keys(), suppressions=wiring.suppressions(), now=now())
        api.observer.count("OptOuts", channel="form")
        scope = MARKETING
    else:
        scope = _use(str(token))
    if request.is_form:
        return see(f"/{request.language}/thanks/opt-out")
    return Answer(202, OptedOutBody(_WHAT_STOPS.get(scope, _LIST_STOPS)))


@api.page("/opt-outs/{token}", summary="What an unsubscribe link stops, and a button")
def get_opt_out(request: Request[None], token: str) -> Answer:
    """Show the button and change nothing: link scanners come here before people do."""
    _subject, scope = read_opt_out_token(wiring.keys(), token)
    return _page(request, scope, token)


@api.route(
    "POST", "/opt-outs/{token}", summary="Unsubscribe with one click", answers={200: OptedOutBody}, in_languages=True
)
def post_one_click(request: Request[None], token: str) -> Answer:
    """Stop what the link stops (RFC 8058), idempotently, without a redirect, a cookie or a login.

    Whatever the body holds: a mail client sends `List-Unsubscribe=One-Click` as a form or multipart, and who sends
    something else with a token of ours wants the same.
    """
    scope = _use(token)
    if request.wants_page:
        return _page(request, scope)
    return Answer(200, OptedOutBody(_WHAT_STOPS.get(scope, _LIST_STOPS)))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request, or take in what SES tells of mail that we sent."""
    if "Records" in event:
        from aws_lambda_powertools.utilities.batch import EventType  # seldom, and 20 ms of import

        from kept.entry.batches import handle_batch

        return handle_batch(event, context, kind=EventType.SQS, handle=_heed, observer=api.observer)
    return api(event, context)


_WHAT_STOPS = {
    MARKETING: "No more marketing email will be sent to this address.",
    EVERYTHING: "Nothing more will be sent to this address, but for answers to what its owner asks.",
}
_LIST_STOPS = "This mailing list will not be sent to this address any more."


def _use(token: str) -> Scope:
    scope = opt_out_by_token(token, keys=wiring.keys(), suppressions=wiring.suppressions(), now=now())
    api.observer.count("OptOuts", channel="link")
    return scope


def _heed(record: dict[str, Any]) -> None:
    from kept.entry.ses_feedback import read_feedback

    feedback = read_feedback(record["body"])
    if feedback is None:
        return
    heed_feedback(
        feedback.addresses,
        feedback.reason,
        keys=wiring.keys(),
        suppressions=wiring.suppressions(),
        at=feedback.at,
    )
    api.observer.count("OptOuts", len(feedback.addresses), channel=feedback.reason)


def _page(request: Request[None], scope: Scope, token: str | None = None) -> Answer:
    """The page with the button; without a token, what follows it."""
    from kept.entry import pages  # mail clients' buttons need no page, and are the most

    of_list = wiring.policy().list_of(scope)
    return Answer(200, pages.page("opt-out.html", request, scope=scope, of_list=of_list, token=token), HTML)

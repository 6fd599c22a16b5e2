"""The staff's desk: sign-in, the queue for internal review, its records, and the gate to ask by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app import review
from kept.app.permissions import ask
from kept.app.show_mail import LARGEST_FILE, read_file
from kept.app.staff_sign_in import finish_sign_in
from kept.domain.errors import NotFoundError, NotSignedInError
from kept.domain.permission import Channel, Check
from kept.domain.records import KINDS, Status
from kept.domain.staff import SignIn, read_staff_session
from kept.entry import pages, wiring
from kept.entry.http import HTML, STAFF_COOKIE, Access, Answer, Api, NewCookie, Request, see
from kept.entry.language import offered
from kept.entry.settings import setting
from kept.entry.words import INTENTS

handler = Api()

SIGN_IN_COOKIE, SIGN_IN_SECONDS = "__Host-kept-sign-in", 300
CHANGEABLE = ("message", "complaint", "request", "machine")
RECORD = "/desk/{language}/records/{reference}"
STATUSES: tuple[Status, ...] = ("new", "reviewed")
T = TypeVar("T", bound=str)
Text = Annotated[str, Meta(min_length=1, max_length=2000)]


class EmptyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A form that is a button."""


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    """The language to come back to."""

    locale: Annotated[str, Meta(max_length=35)] = "en"


class NoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """A note about a record; it is discarded with it."""

    text: Text


class OutcomeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What came of a record."""

    outcome: Text


class KindBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a record turned out to be."""

    kind: Literal["message", "complaint", "request", "machine"]


class CallBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody said by telephone."""

    kind: Literal["message", "complaint", "request"]
    email: Annotated[str, Meta(max_length=254)]
    text: Annotated[str, Meta(min_length=1, max_length=16000)]


class QuestionBody(msgspec.Struct, forbid_unknown_fields=True):
    """A question to the gate."""

    channel: Channel
    address: Annotated[str, Meta(min_length=1, max_length=320)]
    purpose: Annotated[str, Meta(max_length=64)]
    list: Annotated[str, Meta(max_length=64)] | None = None
    order_id: Annotated[str, Meta(max_length=128)] | None = None


def _get(path: str, summary: str, access: Access = "desk", query: tuple[str, ...] = ()) -> Callable[..., Any]:
    return handler.route("GET", path, summary=summary, access=access, answers={200: None}, query=query)


def _post(path: str, summary: str, reads: type, access: Access = "desk", status: int = 303) -> Callable[..., Any]:
    return handler.route("POST", path, summary=summary, access=access, reads=reads, forms=True, answers={status: None})


@_get("/desk", "To the queue, or to sign in", access="anyone")
def get_desk(request: Request[None]) -> Answer:
    """To the queue, for who has signed in."""
    try:
        read_staff_session(wiring.keys(), request.cookie_named(STAFF_COOKIE) or "", now())
    except NotSignedInError:
        return see(f"/desk/{request.language}/sign-in")
    return see(f"/desk/{request.language}")


@_get("/desk/{language}/sign-in", "To sign in", access="anyone")
def get_sign_in(request: Request[None], language: str) -> Answer:
    """The page to sign in from."""
    _known(language)
    return _page(request, "desk-sign-in.html")


@_post("/desk/sign-in", "Sign in", SignInBody, access="anyone")
def post_sign_in(request: Request[SignInBody]) -> Answer:
    """Send the browser to the user pool, and keep what its answer must fit.

    The cookie is Lax, since the answer comes from another site, where a Strict one would stay behind.
    """
    request.refuse_other_sites()
    begun = SignIn(request.language)
    kept = NewCookie(begun.to_cookie(), SIGN_IN_SECONDS, SIGN_IN_COOKIE, "Lax")
    return Answer(303, location=wiring.sign_in().begin(begun), cookies=(kept,))


@_get("/desk/callback", "Signed in", access="anyone", query=("code", "state"))
def get_callback(request: Request[None]) -> Answer:
    """Set the session's cookie in the place of the sign-in's, and show a page to go on from.

    A redirect would not do: it is still the other site's navigation, on which browsers send no Strict cookie.
    """
    begun = SignIn.from_cookie(request.cookie_named(SIGN_IN_COOKIE) or "")
    cookie, ends_at = finish_sign_in(
        begun,
        request.query.get("state", ""),
        request.query.get("code", ""),
        client_id=setting("STAFF_CLIENT_ID"),
        sign_in=wiring.sign_in(),
        keys=wiring.keys(),
    )
    code = begun.language if begun and begun.language in offered(wiring.policy().languages) else request.language
    page = pages.page("desk-signed-in.html", request, code)
    cookies = (NewCookie(cookie, ends_at - now(), STAFF_COOKIE), NewCookie("", 0, SIGN_IN_COOKIE, "Lax"))
    return Answer(200, page, HTML, cookies=cookies)


@_post("/desk/sign-out", "Sign out", EmptyBody)
def post_sign_out(_: Request[EmptyBody]) -> Answer:
    """End the session here and at the user pool, which comes back to the first page."""
    return Answer(303, location=wiring.sign_in().end(), cookies=(NewCookie("", 0, STAFF_COOKIE),))


@_get("/desk/{language}", "The queue", query=("status", "kind", "intent", "due", "reason", "cursor"))
def get_queue(request: Request[None], language: str) -> Answer:
    """A page of the queue, complaints first and then the oldest. A filter that is none of ours filters nothing."""
    _known(language)
    query = request.query
    status = _one_of(STATUSES, query.get("status")) or "new"
    kind = _one_of(KINDS, query.get("kind"))
    wanted = review.Wanted(
        _one_of(tuple(INTENTS), query.get("intent")) or "",
        _one_of(review.DUES, query.get("due")),
        query.get("reason", "")[:100],
    )
    found = review.search_queue(
        status, kind, wanted, query.get("cursor") or None, messages=wiring.messages(), now=now()
    )
    chosen = {"status": status, "kind": kind or "", **dataclasses.asdict(wanted)}
    return _page(request, "desk-queue.html", found=found, chosen=chosen, kinds=KINDS, now=now())


@_get(RECORD, "One record")
def get_record(request: Request[None], language: str, reference: str) -> Answer:
    """Everything about one record; that it was opened is written into it."""
    _known(language)
    message = review.open_record(reference, by=request.staff, messages=wiring.messages(), now=now())
    return _page(request, "desk-record.html", record=message, kinds=CHANGEABLE, now=now(), largest_file=LARGEST_FILE)


@_get(RECORD + "/files/{place}", "A file that came with a mail, or the whole mail")
def get_file(request: Request[None], language: str, reference: str, place: str) -> Answer:
    """Only ever something to save: nothing of it is shown or run here."""
    _known(language)
    message = review.open_record(reference, by=request.staff, messages=wiring.messages(), now=now())
    name, content = read_file(message, place, raw_mail=wiring.raw_mail())
    return Answer(200, content, "application/octet-stream", file_name=name)


@_post(RECORD + "/notes", "Add a note", NoteBody)
def post_note(request: Request[NoteBody], language: str, reference: str) -> Answer:
    """Note something about a record."""
    review.add_note(reference, request.body.text, by=request.staff, messages=wiring.messages(), now=now())
    return _see_record(language, reference)


@_post(RECORD + "/review", "Mark reviewed", OutcomeBody)
def post_review(request: Request[OutcomeBody], language: str, reference: str) -> Answer:
    """Mark a record reviewed, which brings its discard date nearer."""
    review.mark_reviewed(
        reference,
        request.body.outcome,
        None,
        by=request.staff,
        policy=wiring.policy(),
        messages=wiring.messages(),
        now=now(),
    )
    return _see_record(language, reference)


@_post(RECORD + "/kind", "Change the kind", KindBody)
def post_kind(request: Request[KindBody], language: str, reference: str) -> Answer:
    """Make a record one of another kind, with that kind's deadline."""
    review.change_kind(reference, request.body.kind, policy=wiring.policy(), messages=wiring.messages(), now=now())
    return _see_record(language, reference)


@_get("/desk/{language}/call", "What somebody said by telephone")
def get_call(request: Request[None], language: str) -> Answer:
    """A form for it."""
    _known(language)
    return _page(request, "desk-call.html")


@_post("/desk/{language}/call", "Record a call", CallBody)
def post_call(request: Request[CallBody], language: str) -> Answer:
    """Put what was said by telephone into the queue."""
    body = request.body
    message = review.record_telephone_call(
        review.Call(body.kind, body.email, body.text, request.staff),
        policy=wiring.policy(),
        keys=wiring.keys(),
        messages=wiring.messages(),
        mails=wiring.mails(),
        now=now(),
    )
    return _see_record(language, message.reference)


@_get("/desk/{language}/permission", "May we contact somebody?")
def get_permission(request: Request[None], language: str) -> Answer:
    """A form to ask the gate by hand."""
    _known(language)
    return _page(request, "desk-permission.html", question=None, answer=None)


@_post("/desk/{language}/permission", "Ask the gate", QuestionBody, status=200)
def post_permission(request: Request[QuestionBody], language: str) -> Answer:
    """The gate's answer, with the promise that says so. The address is in the body, so that no URL holds it."""
    _known(language)
    body = request.body
    check = Check(body.channel, body.address, body.purpose, body.list, body.order_id)
    (verdict,) = ask(
        [check],
        policy=wiring.policy(),
        keys=wiring.keys(),
        suppressions=wiring.suppressions(),
        holdings=wiring.orders(),
        now=now(),
        failed=lambda error: handler.observer.log("failed", error),
    )
    return _page(request, "desk-permission.html", question=check, answer=verdict.permission)


def _page(request: Request[Any], template: str, **context: Any) -> Answer:
    """A page of the desk; its button to sign in or out leads to the user pool."""
    page = pages.page(template, request, staff=request.signed_in, **context)
    return Answer(200, page, HTML, form_action=wiring.sign_in().base)


def _see_record(language: str, reference: str) -> Answer:
    _known(language)
    return see(f"/desk/{language}/records/{reference}")


def _known(language: str) -> None:
    if language not in offered(wiring.policy().languages):
        raise NotFoundError("There is no such page. It may have moved; begin at the first one.")


def _one_of(choices: tuple[T, ...], given: str | None) -> T | None:
    return next((choice for choice in choices if choice == given), None)

"""What a person sees and does about their own data, once a mailed link has proved that the address is theirs."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.leave import Left, leave
from kept.app.leave import Stores as Holdings
from kept.app.my_data import Preferences, correct, prefer, scopes_of
from kept.app.prove_identity import Stores, end_session, open_session
from kept.app.register import affirm
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.proof import read_token
from kept.entry import my_data_pages, my_records, pages, wiring
from kept.entry.http import HTML, Answer, Api, NewCookie, Request
from kept.entry.me import (
    AffirmationBody,
    CorrectionBody,
    LeaveBody,
    LeaveForm,
    LeftBody,
    MeBody,
    PreferencesBody,
)

handler = Api()

ERASING_SECONDS = 20  # of the function's 29; what is left then is erased by the next request


class LinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """The token of a mailed link."""

    token: Annotated[str, Meta(max_length=128)]


class SessionBody(msgspec.Struct):
    """A session was opened: its cookie is set."""

    email: str
    seconds: int


@handler.page("/sessions", summary="The page of a mailed link: a button", query=("token",))
def get_link(request: Request[None]) -> Answer:
    """Show the button and use nothing up: link scanners come here before people do."""
    token = request.query.get("token", "")
    read_token(token)
    return Answer(200, pages.page("link.html", request, token=token), HTML)


@handler.route(
    "POST", "/sessions", summary="Open a session with a mailed link", reads=LinkBody, forms=True,
    answers={201: SessionBody, 303: None},
)  # fmt: skip
def post_session(request: Request[LinkBody]) -> Answer:
    """Use the link up and set the session's cookie. A session that was open in this browser ends."""
    request.refuse_other_sites()
    stores = Stores(wiring.proofs(), wiring.accounts(), wiring.messages())
    began = now()
    cookie, session = open_session(request.body.token, request.cookie, policy=wiring.policy(), stores=stores, now=began)
    seconds = session.discard_at - began
    cookies = (NewCookie(cookie, seconds),)
    if request.is_form:
        return Answer(303, location="/me", cookies=cookies)
    return Answer(201, SessionBody(session.email, seconds), cookies=cookies)


@handler.route("DELETE", "/sessions/current", summary="Sign out", access="person", answers={204: None})
def delete_session(request: Request[None]) -> Answer:
    """End the session; its cookie is worth nothing from now on."""
    end_session(str(request.cookie), proofs=wiring.proofs())
    return Answer(204, cookies=(NewCookie("", 0),))


@handler.route(
    "GET", "/me", summary="Who is signed in", access="person", answers={200: MeBody}, query=("cursor", "done"),
    in_languages=True,
)  # fmt: skip
def get_me(request: Request[None]) -> Answer:
    """The account, what is not sent to its owner, and whether the policy is to be affirmed again.

    As a page, everything that is held.
    """
    return my_data_pages.my_data(request, _me(request)) if request.wants_page else Answer(200, _me(request))


@handler.route(
    "PUT", "/me/preferences", summary="Say what you wish", access="person", reads=PreferencesBody, answers={200: MeBody}
)
def put_preferences(request: Request[PreferencesBody]) -> Answer:
    """Opt out and in again by scope; language, and what the postal address may be used for."""
    body, policy = request.body, wiring.policy()
    wishes = scopes_of(body.opt_outs.wishes(), body.opt_outs.lists, policy)
    prefer(
        request.session,
        Preferences(wishes, body.language, body.postal_purposes),
        policy=policy,
        accounts=wiring.accounts(),
        suppressions=wiring.suppressions(),
        welcome_back=wiring.welcome_back,
        now=now(),
    )
    return Answer(200, _me(request))


@handler.route(
    "POST", "/me/affirmations", summary="Affirm the policy", access="person", reads=AffirmationBody, forms=True,
    answers={201: MeBody, 303: None},
)  # fmt: skip
def post_affirmation(request: Request[AffirmationBody]) -> Answer:
    """Affirm the current version, for oneself and for others by name. Who has no account has one then."""
    affirm(
        request.session.subject_id,
        request.session.email,
        request.body.policy_version,
        request.body.on_behalf_of,
        policy=wiring.policy(),
        accounts=wiring.accounts(),
        now=now(),
    )
    return my_data_pages.back(request, "affirmation") if request.is_form else Answer(201, _me(request))


@handler.route(
    "PATCH", "/me/records/{record_id}", summary="Correct what you gave", access="person", reads=CorrectionBody,
    answers={204: None},
)  # fmt: skip
def patch_record(request: Request[CorrectionBody], record_id: str) -> Answer:
    """Put right what the person gave in a record; what others wrote is not theirs to change."""
    correct(
        request.session,
        record_id,
        request.body.changes(),
        policy=wiring.policy(),
        accounts=wiring.accounts(),
        messages=wiring.messages(),
        now=now(),
    )
    return Answer(204)


@handler.route(
    "DELETE", "/me", summary="Leave", access="person", reads=LeaveBody, answers={200: LeftBody, 202: LeftBody}
)
def delete_me(request: Request[LeaveBody]) -> Answer:
    """Erase everything, but for what a law keeps, and opt out. What remains is the suppression and the ledger."""
    if not request.body.confirm:
        raise InvalidInputError(
            FieldProblem("/confirm", "must be true: everything we hold about you is erased then, and cannot come back")
        )
    left = _leave(request)
    return Answer(200 if left.done else 202, LeftBody.of(left), cookies=(NewCookie("", 0),) if left.done else ())


@handler.route("GET", "/me/leave", summary="The last question", access="person", answers={200: None}, in_languages=True)
def get_leave(request: Request[None]) -> Answer:
    """Ask once more."""
    return my_data_pages.last_question(request)


@handler.route(
    "POST", "/me/leave", summary="By form: leave", access="person", reads=LeaveForm, forms=True, answers={200: None}
)
def post_leave(request: Request[LeaveForm]) -> Answer:
    """The same as DELETE /me, with a page for an answer."""
    return my_data_pages.last_question(request, _leave(request) if request.body.confirm else None)


def _leave(request: Request[Any]) -> Left:
    until = time.monotonic() + ERASING_SECONDS
    stores = Holdings(wiring.partition(), wiring.suppressions(), wiring.raw_mail(), wiring.export_files())
    left = leave(
        request.session, keys=wiring.keys(), stores=stores, now=now(), in_time=lambda: time.monotonic() < until
    )
    handler.observer.count("Erased", outcome="done" if left.done else "more")
    return left


def _me(request: Request[Any]) -> MeBody:
    session, policy = request.session, wiring.policy()
    account = wiring.accounts().find(session.subject_id, now())
    suppressed = wiring.suppressions().of(session.subject_id)
    return MeBody.of(session.email, account, suppressed, policy)


for part in (my_data_pages, my_records):
    part.add_to(handler)

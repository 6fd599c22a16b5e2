"""The staff's desk: who signs in, and out. What is done there has its pages in `entry`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.staff_sign_in import finish_sign_in
from kept.domain.errors import NotSignedInError
from kept.domain.staff import SignIn, read_staff_session
from kept.entry import desk_audits, desk_pages, desk_record, pages, wiring
from kept.entry.access import STAFF_COOKIE
from kept.entry.desk_pages import EmptyBody, known, page
from kept.entry.http import HTML, Answer, Api, NewCookie, Request, see
from kept.entry.language import offered
from kept.entry.settings import setting

handler = Api()

SIGN_IN_COOKIE, SIGN_IN_SECONDS = "__Host-kept-sign-in", 300


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    """The language to come back to."""

    locale: Annotated[str, Meta(max_length=35)] = "en"


@handler.route("GET", "/desk", summary="To the queue, or to sign in", answers={303: None})
def get_desk(request: Request[None]) -> Answer:
    """To the queue, for who has signed in."""
    try:
        read_staff_session(wiring.keys(), request.cookie_named(STAFF_COOKIE) or "", now())
    except NotSignedInError:
        return see(f"/desk/{request.language}/sign-in")
    return see(f"/desk/{request.language}")


@handler.route("GET", "/desk/{language}/sign-in", summary="To sign in", answers={200: None})
def get_sign_in(request: Request[None], language: str) -> Answer:
    """The page to sign in from."""
    known(language)
    return page(request, "desk-sign-in.html")


@handler.route("POST", "/desk/sign-in", summary="Sign in", reads=SignInBody, forms=True, answers={303: None})
def post_sign_in(request: Request[SignInBody]) -> Answer:
    """Send the browser to the user pool, and keep what its answer must fit.

    The cookie is Lax, since the answer comes from another site, where a Strict one would stay behind.
    """
    request.refuse_other_sites()
    begun = SignIn(request.language)
    kept = NewCookie(begun.to_cookie(), SIGN_IN_SECONDS, SIGN_IN_COOKIE, "Lax")
    return Answer(303, location=wiring.sign_in().begin(begun), cookies=(kept,))


@handler.route("GET", "/desk/callback", summary="Signed in", answers={200: None}, query=("code", "state"))
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
    shown = pages.page("desk-signed-in.html", request, code)
    cookies = (NewCookie(cookie, ends_at - now(), STAFF_COOKIE), NewCookie("", 0, SIGN_IN_COOKIE, "Lax"))
    return Answer(200, shown, HTML, cookies=cookies)


@handler.route(
    "POST", "/desk/sign-out", summary="Sign out", access="desk", reads=EmptyBody, forms=True, answers={303: None}
)
def post_sign_out(_: Request[EmptyBody]) -> Answer:
    """End the session here and at the user pool, which comes back to the first page."""
    return Answer(303, location=wiring.sign_in().end(), cookies=(NewCookie("", 0, STAFF_COOKIE),))


for part in (desk_pages, desk_record, desk_audits):
    part.add_to(handler)

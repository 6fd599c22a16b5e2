"""What a person sees and does about their own data, once a mailed link has proved that the address is theirs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.prove_identity import end_session, open_session
from kept.domain.proof import read_token
from kept.entry import pages, wiring
from kept.entry.http import HTML, Answer, Api, NewCookie, Request

handler = Api()


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
    cookie, session, _link = open_session(
        request.body.token, request.cookie, policy=wiring.policy(), proofs=wiring.proofs(), now=now()
    )
    seconds = session.discard_at - now()
    cookies = (NewCookie(cookie, seconds),)
    if request.is_form:
        return Answer(303, location="/me", cookies=cookies)
    return Answer(201, SessionBody(session.email, seconds), cookies=cookies)


@handler.route("DELETE", "/sessions/current", summary="Sign out", access="person", answers={204: None})
def delete_session(request: Request[None]) -> Answer:
    """End the session; its cookie is worth nothing from now on."""
    end_session(str(request.cookie), proofs=wiring.proofs())
    return Answer(204, cookies=(NewCookie("", 0),))

"""What a person sees and does about their own data, once a mailed link has proved that the address is theirs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.exports import ask_for_export, see_export, see_records
from kept.app.prove_identity import end_session, open_session
from kept.domain.proof import read_token
from kept.entry import pages, wiring
from kept.entry.exports import ExportBody, RecordsBody, languages_of
from kept.entry.http import Answer, Api, Request

handler = Api()


class LinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """The token of a mailed link."""

    token: Annotated[str, Meta(max_length=128)]


class SessionBody(msgspec.Struct):
    """A session was opened: its cookie is set."""

    email: str
    seconds: int


@handler.route("GET", "/sessions", summary="The page of a mailed link: a button", answers={200: None}, query=("token",))
def get_link(request: Request[None]) -> Answer:
    """Show the button and use nothing up: link scanners come here before people do."""
    token = request.query.get("token", "")
    read_token(token)
    return pages.page("link.html", site=wiring.policy().site, token=token)


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
    if request.is_form:
        return Answer(303, location="/me", cookie=(cookie, seconds))
    return Answer(201, SessionBody(session.email, seconds), cookie=(cookie, seconds))


@handler.route("DELETE", "/sessions/current", summary="Sign out", access="person", answers={204: None})
def delete_session(request: Request[None]) -> Answer:
    """End the session; its cookie is worth nothing from now on."""
    end_session(str(request.cookie), proofs=wiring.proofs())
    return Answer(204, cookie=("", 0))


@handler.route(
    "GET", "/me/records", summary="What is held about you", access="person", query=("cursor",),
    answers={200: RecordsBody},
)  # fmt: skip
def get_records(request: Request[None]) -> Answer:
    """A page of everything in the person's own partition; what is past its date is not shown."""
    records, after = see_records(request.session, request.query.get("cursor"), partition=wiring.partition(), now=now())
    return Answer(200, RecordsBody(records, after))


@handler.route(
    "POST", "/me/exports", summary="Ask for all of it in one package", access="person", answers={202: ExportBody}
)
def post_export(request: Request[None]) -> Answer:
    """Have a package made, or join the one that is being made."""
    export = ask_for_export(
        request.session,
        languages_of(request.header("accept-language")),
        policy=wiring.policy(),
        exports=wiring.exports(),
        queue=wiring.export_queue(),
        now=now(),
    )
    return Answer(202, ExportBody.of(export, now()))


@handler.route(
    "GET", "/me/exports/{export_id}", summary="A package, to be fetched", access="person", answers={200: ExportBody}
)
def get_export(request: Request[None], export_id: str) -> Answer:
    """How far it is; once it is made, an address to fetch it from that is good for a minute."""
    export, url = see_export(
        request.session, export_id, exports=wiring.exports(), files=wiring.export_files(), now=now()
    )
    return Answer(200, ExportBody.of(export, now(), url))

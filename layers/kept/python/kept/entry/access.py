"""Who may call a route: anyone, a person or a member of staff with a cookie, or who has a token."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from kept.adapters.clock import now
from kept.domain.errors import NotAllowedError, NotFoundError, NotSignedInError, to_translate
from kept.domain.identity import SubjectId
from kept.domain.proof import Session, read_token
from kept.domain.staff import is_staff, read_staff_session
from kept.entry import wiring
from kept.entry.settings import setting

Access = Literal["anyone", "person", "staff", "desk", "kept/permissions", "kept/orders"]
"""Who may call a route: anyone, who has a session, a member of staff with a token or with the desk's cookie, or a
system of the shop's with this scope."""

COOKIE = "__Host-kept"
STAFF_COOKIE = "__Host-kept-staff"
NOBODY = Session(SubjectId(b""), "", 0, "")
OTHER_SITE = to_translate("This may be asked for from our own pages only.")


def admit(access: Access, event: dict[str, Any], method: str) -> tuple[Session, str]:
    """The session of who calls a route, at one for a person, and the name of who signed in, at one of the desk's.

    Raises NotSignedInError, NotAllowedError, UnavailableError.
    """
    if access == "desk":
        return NOBODY, _require_desk(event, method)
    if access == "person":
        return _require_session(event, method), ""
    if access == "staff":
        _require_staff(event)
    elif access != "anyone":
        _require_scope(event, access)
    return NOBODY, ""


def is_from_our_pages(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that one of our own pages asks.

    Under our Referrer-Policy its Origin header says `null` when a form is posted (Fetch, "append a request Origin
    header"), so Sec-Fetch-Site is believed too; no page can set either.
    """
    return headers.get("sec-fetch-site") == "same-origin" or headers.get("origin") == setting("PUBLIC_URL")


def claims_of(event: dict[str, Any]) -> dict[str, Any]:
    """What the authorizer says of the token; nothing where there was none."""
    claims: dict[str, Any] = event["requestContext"].get("authorizer", {}).get("jwt", {}).get("claims", {})
    return claims


def _require_staff(event: dict[str, Any]) -> None:
    """The authorizer has checked signature, issuer, expiry and client; what it cannot check is checked here."""
    if not is_staff(claims_of(event), setting("STAFF_CLIENT_ID")):
        raise NotAllowedError("This needs the access token of a member of staff.")


def _require_desk(event: dict[str, Any], method: str) -> str:
    """Who signed in at the desk. What changes something must come from one of our own pages.

    Raises NotSignedInError, NotAllowedError, UnavailableError.
    """
    if method != "GET" and not is_from_our_pages(event["headers"]):
        raise NotAllowedError(OTHER_SITE)
    return read_staff_session(wiring.keys(), cookie_of(event, STAFF_COOKIE) or "", now())


def _require_session(event: dict[str, Any], method: str) -> Session:
    """The session of the cookie. What changes something must come from one of our own pages (the Origin header).

    Raises NotSignedInError, NotAllowedError, UnavailableError.
    """
    if method != "GET" and not is_from_our_pages(event["headers"]):
        raise NotAllowedError(OTHER_SITE)
    cookie = cookie_of(event, COOKIE)
    if cookie is None:
        raise NotSignedInError("You are not signed in. Ask for a link, and use it.")
    try:
        return wiring.proofs().find_session(*read_token(cookie), now())
    except NotFoundError as error:
        raise NotSignedInError(str(error)) from None


def cookie_of(event: dict[str, Any], wanted: str) -> str | None:
    """API Gateway lists cookies apart from the headers; the local emulator leaves them there."""
    for part in (*event.get("cookies", ()), *event["headers"].get("cookie", "").split(";")):
        name, _, value = part.strip().partition("=")
        if name == wanted and value:
            return str(value)
    return None


def _require_scope(event: dict[str, Any], scope: str) -> None:
    """The authorizer has checked this too; a route whose authorizer was forgotten in the template refuses all."""
    claims = claims_of(event)
    if claims.get("token_use") != "access" or scope not in str(claims.get("scope", "")).split():
        raise NotAllowedError(
            "This needs the access token of a system of the shop's, with the scope {scope}.", scope=scope
        )

"""A member of staff signs in through the user pool, and gets a session of their own here."""

from __future__ import annotations

from kept.app.ports.people import StaffSignIn
from kept.domain.errors import NotAllowedError, NotSignedInError
from kept.domain.identity import Keys
from kept.domain.staff import SignIn, is_staff, make_staff_session


def finish_sign_in(
    begun: SignIn | None, state: str, code: str, *, client_id: str, sign_in: StaffSignIn, keys: Keys
) -> tuple[str, int]:
    """The session's cookie and when it ends (seconds since the epoch, as the token's own end).

    `begun` is what this browser kept. Raises NotSignedInError where the answer is not to it, or the code is refused;
    NotAllowedError where who signed in is not of the staff; UnavailableError.
    """
    if begun is None or not code or begun.state != state:
        raise NotSignedInError("This sign-in was not begun here, or took too long. Sign in again.")
    claims = sign_in.claims(code, begun.verifier)
    if not is_staff(claims, client_id):
        raise NotAllowedError("You have signed in, but are not in the group of the staff. Ask who administers it.")
    ends_at = int(claims["exp"])
    return make_staff_session(keys, str(claims["username"]), ends_at), ends_at

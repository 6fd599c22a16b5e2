"""Who somebody is: proofs of an address, accounts, and staff."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from kept.domain.account import Account, Registration
from kept.domain.identity import SubjectId
from kept.domain.proof import Link, Session
from kept.domain.staff import SignIn


class Proofs(Protocol):
    """Links and sessions. Every method raises UnavailableError when the store does not answer."""

    def claim_link(self, subject: SubjectId, job: str, limit: int, until: int, now: int) -> str | None:
        """A place among the links that somebody may have at once; None where all are taken, or the job has one."""
        ...

    def release_link(self, subject: SubjectId, place: str) -> None:
        """Give a place back, because the link could not be sent."""
        ...

    def add_link(self, link: Link) -> None:
        """Store a link."""
        ...

    def find_link(self, subject: SubjectId, secret_hash: str, now: int) -> Link:
        """A link as it was stored. Raises NotFoundError where it is used, expired or none of ours."""
        ...

    def exchange(self, link: Link, session: Session, now: int) -> None:
        """Use a link up and store the session that it opens: both or neither.

        Raises NotFoundError where it was used or expired meanwhile.
        """
        ...

    def find_session(self, subject: SubjectId, secret_hash: str, now: int) -> Session:
        """Raises NotFoundError where there is none, also past its end."""
        ...

    def end_session(self, subject: SubjectId, secret_hash: str) -> None:
        """End it; ended already is as good."""
        ...


class Accounts(Protocol):
    """Accounts, and registrations that wait. Every method raises UnavailableError when the store does not answer."""

    def add_registration(self, registration: Registration) -> None:
        """Store it."""
        ...

    def find_registration(self, subject: SubjectId, record_id: str, now: int) -> Registration | None:
        """One that waits, read consistently; None where there is none, or not any more."""
        ...

    def end_registration(self, subject: SubjectId, record_id: str) -> None:
        """Discard it, since its account is there."""
        ...

    def find(self, subject: SubjectId, now: int) -> Account | None:
        """Somebody's account, read consistently; None where there is none, or it is past its date."""
        ...

    def add(self, account: Account, now: int) -> Account | None:
        """Store it unless there is one: None when stored, else the one that is there."""
        ...

    def change(self, before: Account, after: Account, now: int) -> None:
        """Put `after` in the place of `before`. Raises ConflictError where it was changed or discarded meanwhile."""
        ...


class StaffSignIn(Protocol):
    """The user pool that staff sign in with."""

    def begin(self, sign_in: SignIn) -> str:
        """The address to send the browser to."""
        ...

    def end(self) -> str:
        """The address that ends the session at the pool, and comes back."""
        ...

    def claims(self, code: str, verifier: str) -> Mapping[str, Any]:
        """The claims of who signed in. Raises NotSignedInError where the code is refused, UnavailableError."""
        ...

"""Somebody wants to see, correct or end what is held about them: first they prove that the address is theirs.

Whoever asks, about whatever address, gets the same answer from the same calls; only the owner of the address gets the
link. So nobody learns whom we know, and nobody can lock anybody out: who is refused another link holds a live one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from kept.app.ports.mail import MailQueue, QueuedMail
from kept.app.ports.people import Accounts, Proofs
from kept.app.ports.records import Messages
from kept.app.register import confirm_registration
from kept.app.requests import open_request
from kept.domain import contact_details
from kept.domain.account import seen
from kept.domain.errors import ConflictError, NotFoundError
from kept.domain.identity import Keys, new_record_id, new_reference
from kept.domain.policy import Policy
from kept.domain.proof import Link, Session, new_token, read_token
from kept.domain.records import ANSWERED, ASKED, Message
from kept.domain.retention import discard_after_review, discard_at_birth


@dataclass(frozen=True, slots=True)
class Stores:
    """Where proofs lie, and what they change."""

    proofs: Proofs
    accounts: Accounts
    messages: Messages


def ask_for_access(
    email: str, language: str | None, *, policy: Policy, keys: Keys, messages: Messages, mails: MailQueue, now: int
) -> Message:
    """Record an access request, or join the one that is open, and have a link mailed; the request that stands.

    Raises InvalidInputError (nothing stored), UnavailableError.
    """
    address = contact_details.read_email(email)
    subject_id = keys.subject_id(address)
    request = Message(
        subject_id=subject_id,
        record_id=new_record_id(),
        reference=new_reference(),
        kind="request",
        channel="form",
        received_at=now,
        discard_at=discard_at_birth(policy.retention.request, now),
        email=address,
        text=ASKED,
        locale=language,
        answer_by=policy.answer_by("request", now),
    )
    standing = open_request(request, keys=keys, messages=messages, now=now)
    mails.put(link_mail(standing, job=new_record_id(), language=language))
    return standing


def link_mail(request: Message, *, job: str, language: str | None) -> QueuedMail:
    """The mail with the link that answers a request, at the address that the request is about."""
    return QueuedMail(
        job=job,
        email=str(request.email),
        language=language or "",
        reference=request.reference,
        answer_by=request.answer_by,
        answers=request.record_id,
    )


def open_session(token: str, ended: str | None, *, policy: Policy, stores: Stores, now: int) -> tuple[str, Session]:
    """Use a link up and open a session: the token for its cookie, and the session.

    A registration that the link confirms becomes an account, the request that it answers is marked, and an account is
    seen. All of that may be done again where the link could not be used up after it. `ended` is the cookie that came
    along, if any: that session ends. Raises NotFoundError, ConflictError, UnavailableError.
    """
    link = stores.proofs.find_link(*read_token(token), now)
    if link.confirms is not None:
        confirm_registration(link.subject_id, link.confirms, policy=policy, accounts=stores.accounts, now=now)
    _see(link, policy, stores.accounts, now)
    if link.answers is not None:
        _mark_verified(link, link.answers, policy, stores.messages, now)
    cookie, secret_hash = new_token(link.subject_id)
    session = Session(link.subject_id, secret_hash, now + policy.account.session_lives, link.email)
    stores.proofs.exchange(link, session, now)
    if ended is not None:
        with suppress(NotFoundError):  # it is no cookie of ours
            end_session(ended, proofs=stores.proofs)
    return cookie, session


def end_session(cookie: str, *, proofs: Proofs) -> None:
    """End a session. Raises NotFoundError for what is no cookie of ours, UnavailableError."""
    proofs.end_session(*read_token(cookie))


def _see(link: Link, policy: Policy, accounts: Accounts, now: int) -> None:
    """Move an account's discard date on: its owner is there."""
    account = accounts.find(link.subject_id, now)
    if account is not None and account.seen_at < now:
        with suppress(ConflictError):  # they are there in another browser too
            accounts.change(account, seen(account, policy, now), now)


def _mark_verified(link: Link, record_id: str, policy: Policy, messages: Messages, now: int) -> None:
    """Put the request before those of whom nobody knows whose they are.

    One by form asks for nothing but what the link shows, so it is answered. One in somebody's own words is for staff.
    """
    with suppress(NotFoundError, ConflictError):  # it went, or staff are at it at this moment: they see to it
        before = messages.find_of(link.subject_id, record_id, now)
        if before.kind != "request" or before.status == "reviewed" or before.verified_at:
            return
        after = replace(before, verified_at=now)
        if before.channel == "form":
            near = discard_after_review(
                policy.retention.request,
                received_at=before.received_at,
                reviewed_at=now,
                current=before.discard_at,
            )
            after = replace(after, status="reviewed", outcome=ANSWERED, reviewed_at=now, discard_at=near)
        messages.change(before, after, now)

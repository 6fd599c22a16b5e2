"""Somebody registers: nothing is an account before its owner has affirmed the policy from their own address."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kept.app.ports.mail import MailQueue, QueuedMail
from kept.app.ports.people import Accounts
from kept.domain import contact_details
from kept.domain.account import Acceptance, Account, Registration, accept, has_affirmed, new_account
from kept.domain.errors import ConflictError
from kept.domain.identity import Keys, SubjectId, new_record_id
from kept.domain.policy import Policy
from kept.domain.records import PostalAddress


@dataclass(frozen=True, slots=True)
class Application:
    """What the registration form holds, as it was typed."""

    email: str
    policy_version: str
    accepted: bool
    on_behalf_of: tuple[str, ...] = ()
    name: str | None = None
    phone: str | None = None
    postal_address: PostalAddress | None = None
    language: str | None = None


def register(
    application: Application, *, policy: Policy, keys: Keys, accounts: Accounts, mails: MailQueue, now: int
) -> None:
    """Let a registration wait for its link, which goes to its address: the same calls whether we know it or not.

    Raises InvalidInputError where the policy is not accepted or a field is wrong, ConflictError where another version
    than the current one is accepted (nothing is stored in either case), UnavailableError.
    """
    acceptance = accept(
        policy,
        application.policy_version,
        accepted=application.accepted,
        on_behalf_of=application.on_behalf_of,
        now=now,
    )
    email = contact_details.read_email(application.email)
    phone = application.phone and contact_details.read_phone(application.phone, policy.site.phone_region)
    if application.postal_address is not None:
        contact_details.check_postal_address(application.postal_address, policy)
    registration = Registration(
        subject_id=keys.subject_id(email),
        record_id=new_record_id(),
        email=email,
        acceptance=acceptance,
        discard_at=now + policy.account.registration_waits,
        name=application.name,
        phone=phone,
        postal_address=application.postal_address,
        language=application.language,
    )
    accounts.add_registration(registration)
    mails.put(
        QueuedMail(
            job=registration.record_id,
            email=email,
            language=application.language or "",
            topic="registration",
            confirms=registration.record_id,
        )
    )


def confirm_registration(subject: SubjectId, record_id: str, *, policy: Policy, accounts: Accounts, now: int) -> None:
    """Make an account of a registration whose link is used. Again is as good; one that went meanwhile is no mistake.

    Where there is an account already, what a registration gave does not replace what is in it (anybody can ask for a
    registration); only the affirmation is added. Raises ConflictError, UnavailableError.
    """
    waiting = accounts.find_registration(subject, record_id, now)
    if waiting is None:
        return
    account = new_account(
        subject,
        waiting.email,
        waiting.acceptance,
        policy=policy,
        now=now,
        name=waiting.name,
        phone=waiting.phone,
        postal_address=waiting.postal_address,
        language=waiting.language,
    )
    standing = accounts.add(account, now)
    if standing is not None:
        _affirm(standing, waiting.acceptance, accounts, now)
    accounts.end_registration(subject, record_id)


def affirm(
    subject: SubjectId,
    email: str,
    version: str,
    on_behalf_of: tuple[str, ...],
    *,
    policy: Policy,
    accounts: Accounts,
    now: int,
) -> Account:
    """Record that somebody who is signed in affirms the current version; the account as it then is.

    Who has no account gets one: the address is proved, and this is the affirmation. Raises ConflictError,
    UnavailableError.
    """
    acceptance = accept(policy, version, accepted=True, on_behalf_of=on_behalf_of, now=now)
    account = new_account(subject, email, acceptance, policy=policy, now=now)
    standing = accounts.add(account, now)
    return account if standing is None else _affirm(standing, acceptance, accounts, now)


def needs_affirmation(account: Account | None, policy: Policy) -> bool:
    """Whether somebody has an account and must be asked again, since the policy is another than they affirmed."""
    return account is not None and not has_affirmed(account, policy)


_MOST_ACCEPTANCES = 50


def _affirm(account: Account, acceptance: Acceptance, accounts: Accounts, now: int) -> Account:
    """Add an affirmation, unless the newest says the same."""
    newest = account.acceptances[-1]
    if replace(newest, at=acceptance.at) == acceptance:
        return account
    if len(account.acceptances) >= _MOST_ACCEPTANCES:
        raise ConflictError("This account holds as many affirmations as it can; cancel it and register anew.")
    after = replace(account, acceptances=(*account.acceptances, acceptance))
    accounts.change(account, after, now)
    return after

"""Where everything is put together, once a process. Imports are inside: a function loads only what it asks for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kept.entry.settings import setting

if TYPE_CHECKING:
    from kept.adapters.cognito import CognitoSignIn
    from kept.adapters.dynamo.messages import DynamoMessages
    from kept.adapters.dynamo.orders import DynamoOrders
    from kept.adapters.dynamo.partition import DynamoPartition
    from kept.adapters.dynamo.proofs import DynamoProofs
    from kept.adapters.dynamo.suppressions import DynamoSuppressions
    from kept.adapters.queue import SqsMailQueue
    from kept.adapters.raw_mail import S3RawMail
    from kept.adapters.ses import SesOutbox
    from kept.domain.identity import Keys
    from kept.domain.permission import Check, Permission
    from kept.domain.policy import Policy


@cache
def policy() -> Policy:
    """The policy that was deployed."""
    from kept.domain.policy import load_policy

    return load_policy()


@cache
def keys() -> Keys:
    """The hash key, made sure of. A failure is not remembered: the next invocation asks again."""
    from kept.adapters.secrets import read_checked_keys

    return read_checked_keys(setting("HASH_KEY_SECRET"), setting("KEY_CHECK"))


@cache
def messages() -> DynamoMessages:
    """The records for review."""
    from kept.adapters.dynamo.messages import DynamoMessages

    return DynamoMessages(setting("SUBJECTS_TABLE"), keys())


@cache
def suppressions() -> DynamoSuppressions:
    """Who is not to be written to."""
    from kept.adapters.dynamo.suppressions import DynamoSuppressions

    return DynamoSuppressions(setting("SUPPRESSIONS_TABLE"), keys())


@cache
def orders() -> DynamoOrders:
    """The orders that the shop told of."""
    from kept.adapters.dynamo.orders import DynamoOrders

    return DynamoOrders(setting("SUBJECTS_TABLE"), keys())


@cache
def raw_mail() -> S3RawMail:
    """The mail bucket."""
    from kept.adapters.raw_mail import S3RawMail

    return S3RawMail(setting("MAIL_BUCKET"))


@cache
def sign_in() -> CognitoSignIn:
    """The user pool that staff sign in with."""
    from kept.adapters.cognito import CognitoSignIn

    return CognitoSignIn(setting("SIGN_IN_URL"), setting("STAFF_CLIENT_ID"), setting("PUBLIC_URL"))


@cache
def proofs() -> DynamoProofs:
    """Links and sessions."""
    from kept.adapters.dynamo.proofs import DynamoProofs

    return DynamoProofs(setting("SUBJECTS_TABLE"))


@cache
def partition() -> DynamoPartition:
    """Everything in one person's partition."""
    from kept.adapters.dynamo.partition import DynamoPartition

    return DynamoPartition(setting("SUBJECTS_TABLE"))


@cache
def mails() -> SqsMailQueue:
    """Mail that is made and sent a moment later."""
    from kept.adapters.queue import SqsMailQueue

    return SqsMailQueue(setting("MAIL_QUEUE"))


@cache
def outbox() -> SesOutbox:
    """Mail that goes out, from an address of the domain that SES holds an identity for, past the gate."""
    from kept.adapters.clock import now
    from kept.adapters.ses import Sender, SesOutbox
    from kept.app.permissions import ask

    def gate(check: Check) -> Permission:
        (verdict,) = ask([check], policy=policy(), keys=keys(), suppressions=suppressions(), now=now())
        return verdict.permission

    site = policy().site
    address = f"{site.support_email.partition('@')[0]}@{setting('MAIL_DOMAIN')}"
    sender = Sender(address, site.name, site.support_email, setting("CONFIGURATION_SET"))
    return SesOutbox(setting("SUBJECTS_TABLE"), sender, gate)


def forget_keys() -> None:
    """Read the hash key again when it is next needed: it was rotated while this process lived."""
    for remembered in (keys, messages, suppressions, orders, outbox):
        remembered.cache_clear()

"""Where everything is put together, once a process. Imports are inside: a function loads only what it asks for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from kept.entry.settings import setting

if TYPE_CHECKING:
    from kept.adapters.dynamo.messages import DynamoMessages
    from kept.adapters.dynamo.suppressions import DynamoSuppressions
    from kept.adapters.outbox import SesOutbox
    from kept.adapters.raw_mail import S3RawMail
    from kept.domain.identity import Keys
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

    return DynamoSuppressions(setting("SUPPRESSIONS_TABLE"))


@cache
def raw_mail() -> S3RawMail:
    """The mail bucket."""
    from kept.adapters.raw_mail import S3RawMail

    return S3RawMail(setting("MAIL_BUCKET"))


@cache
def outbox() -> SesOutbox:
    """Mail that goes out, from an address of the domain that SES holds an identity for."""
    from kept.adapters.outbox import SesOutbox

    site = policy().site
    sender = f"{site.support_email.partition('@')[0]}@{setting('MAIL_DOMAIN')}"
    return SesOutbox(setting("SUBJECTS_TABLE"), sender, site.name, site.support_email)

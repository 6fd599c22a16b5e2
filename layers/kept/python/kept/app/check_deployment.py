"""What must agree between the policy and the template, or nothing is deployed."""

from __future__ import annotations

from kept.domain.errors import ConfigurationError
from kept.domain.policy import Policy

_DAY = 86400


def check_mail_lifecycle(policy: Policy, lifecycle_days: int) -> None:
    """Raises ConfigurationError where the mail bucket's backstop would act before a record's hard maximum."""
    longest = policy.longest_retention
    if lifecycle_days * _DAY < longest:
        raise ConfigurationError(
            f"MailLifecycleDays is {lifecycle_days}, but the policy may keep a record for {longest}: raw mail would be "
            f"deleted before its record. Deploy with MailLifecycleDays={-(-longest // _DAY)} or more."
        )


def check_export_lifecycle(policy: Policy, lifecycle_days: int) -> None:
    """Raises ConfigurationError where the exports bucket's backstop would act before a package's time is over."""
    if lifecycle_days * _DAY < policy.longest_export:
        raise ConfigurationError(
            f"ExportLifecycleDays is {lifecycle_days}, but by the policy a package may need longer, with what "
            f"other systems send for it. Deploy with ExportLifecycleDays={-(-policy.longest_export // _DAY)} or more."
        )


def check_ledger_days(policy: Policy, ledger_days: int) -> None:
    """Raises ConfigurationError where the files of sealed entries would be kept for another time than the entries."""
    kept_for = policy.ledger.kept_for
    if ledger_days != -(-kept_for // _DAY):
        raise ConfigurationError(
            f"LedgerDays is {ledger_days}, but the policy keeps an entry of the ledger for {kept_for}. "
            f"Deploy with LedgerDays={-(-kept_for // _DAY)}."
        )

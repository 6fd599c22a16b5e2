"""Where everything is put together, once a process. Imports are inside: a function loads only what it asks for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from kept.entry.settings import setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from kept.adapters.cognito import CognitoSignIn
    from kept.adapters.dynamo.accounts import DynamoAccounts
    from kept.adapters.dynamo.exports import DynamoExports
    from kept.adapters.dynamo.ledger import DynamoLedger
    from kept.adapters.dynamo.ledger_days import DynamoLedgerDays
    from kept.adapters.dynamo.messages import DynamoMessages
    from kept.adapters.dynamo.orders import DynamoOrders
    from kept.adapters.dynamo.partition import DynamoPartition
    from kept.adapters.dynamo.proofs import DynamoProofs
    from kept.adapters.dynamo.suppressions import DynamoSuppressions
    from kept.adapters.events import BusEvents
    from kept.adapters.evidence import S3Evidence
    from kept.adapters.export_files import S3ExportFiles
    from kept.adapters.queue import SqsExportQueue, SqsMailQueue
    from kept.adapters.raw_mail import S3RawMail
    from kept.adapters.reports import S3Reports
    from kept.adapters.seals import S3Seals
    from kept.adapters.ses import SesOutbox
    from kept.app.evidence import Stores as EvidenceStores
    from kept.app.purge_audit import Stores as AuditStores
    from kept.domain.identity import Keys
    from kept.domain.permission import Check, Permission
    from kept.domain.policy import Policy

T = TypeVar("T")


SETTLE_SECONDS = 10  # a change usually takes one to the ledger


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
def ledger() -> DynamoLedger:
    """The ledger, under its own key."""
    from kept.adapters.dynamo.ledger import DynamoLedger
    from kept.adapters.secrets import read_ledger_keys

    return DynamoLedger(
        setting("LEDGER_TABLE"), read_ledger_keys(setting("LEDGER_KEY_SECRET")), policy().ledger.kept_for
    )


@cache
def ledger_days() -> DynamoLedgerDays:
    """The ledger day by day, without its key."""
    from kept.adapters.dynamo.ledger_days import DynamoLedgerDays

    return DynamoLedgerDays(setting("LEDGER_TABLE"))


@cache
def seals() -> S3Seals:
    """The sealed days."""
    from kept.adapters.seals import S3Seals

    return S3Seals(setting("SEALS_BUCKET"))


@cache
def events() -> BusEvents:
    """What others may want to hear of."""
    from kept.adapters.events import BusEvents

    return BusEvents()


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
def accounts() -> DynamoAccounts:
    """Accounts, and registrations that wait."""
    from kept.adapters.dynamo.accounts import DynamoAccounts

    return DynamoAccounts(setting("SUBJECTS_TABLE"))


@cache
def partition() -> DynamoPartition:
    """Everything in one person's partition."""
    from kept.adapters.dynamo.partition import DynamoPartition

    return DynamoPartition(setting("SUBJECTS_TABLE"))


@cache
def exports() -> DynamoExports:
    """What is known of packages."""
    from kept.adapters.dynamo.exports import DynamoExports

    return DynamoExports(setting("SUBJECTS_TABLE"))


@cache
def export_files() -> S3ExportFiles:
    """The packages themselves."""
    from kept.adapters.export_files import S3ExportFiles

    return S3ExportFiles(setting("EXPORTS_BUCKET"))


@cache
def export_queue() -> SqsExportQueue:
    """Packages to be made."""
    from kept.adapters.queue import SqsExportQueue

    return SqsExportQueue(setting("EXPORTS_QUEUE"))


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


def welcome_back(address: str) -> None:
    """Take an address off SES's own suppression list, for its owner."""
    from kept.adapters import ses

    ses.welcome_back(address)


def with_current_keys(use: Callable[[], T]) -> T:
    """Do something that needs the hash key; once more with the key read anew, where ours is not the tables' any more.

    So a process goes on through a rotation, and as soon as a wrong key is put right. Raises KeyMismatchError.
    """
    from kept.domain.errors import KeyMismatchError

    try:
        return use()
    except KeyMismatchError:
        forget_keys()
    try:
        return use()
    except KeyMismatchError:
        forget_keys()
        raise


@cache
def reports() -> S3Reports:
    """The purge audit's reports, and how far its weekly reading has come."""
    from kept.adapters.reports import S3Reports

    return S3Reports(setting("REPORTS_BUCKET"))


def audit_stores(has_time: Callable[[], bool], sleep: Callable[[float], None]) -> AuditStores:
    """Everything that the purge audit looks at. `has_time`: whether this invocation has time for more."""
    from kept.adapters.deployed import Deployed
    from kept.adapters.dynamo.deadlines import DynamoDeadlines
    from kept.adapters.dynamo.meter import Meter
    from kept.adapters.dynamo.records import DynamoRecords
    from kept.adapters.mail_objects import S3MailObjects
    from kept.adapters.pace import Pace
    from kept.adapters.ses import receipt_rules
    from kept.app import audit_scan, purge_audit

    table = setting("SUBJECTS_TABLE")
    scan = audit_scan.Stores(
        records=DynamoRecords(table, setting("LEDGER_TABLE"), ledger().keys),
        mails=S3MailObjects(setting("MAIL_BUCKET")),
        partition=partition(),
        progress=reports(),
        pace=Pace(float(setting("SCAN_UNITS_PER_SECOND"))),
        has_time=has_time,
        in_transit=int(setting("MAIL_IN_TRANSIT_SECONDS")),
    )
    return purge_audit.Stores(
        commitments=ledger(),
        days=ledger(),
        seals=seals(),
        raw_mail=raw_mail(),
        deployed=Deployed(receipt_rules),
        deadlines=DynamoDeadlines(table),
        reports=reports(),
        scan=scan,
        cost=Meter().read,
        settle=lambda: sleep(SETTLE_SECONDS),
    )


@cache
def evidence() -> S3Evidence:
    """What everybody may know of how the promises are kept."""
    from kept.adapters.evidence import S3Evidence

    return S3Evidence(setting("REPORTS_BUCKET"))


def evidence_stores() -> EvidenceStores:
    """Where the audit gathers it."""
    from kept.adapters.dynamo.deadlines import DynamoDeadlines
    from kept.adapters.evidence import CloudWatchCounts
    from kept.app.evidence import Stores

    return Stores(ledger_days(), DynamoDeadlines(setting("SUBJECTS_TABLE")), CloudWatchCounts(), evidence())


def forget_keys() -> None:
    """Read the hash key again when it is next needed."""
    for remembered in (keys, messages, suppressions, orders, outbox):
        remembered.cache_clear()

"""The data map: every place where personal data can lie, what lies there, how long, and how a person gets to see it.

Two tests keep it complete: one fails when the template has a store that is not here, the other when a kind of record
is written anywhere that is not here. Categories are those of the Fideslang taxonomy:
https://ethyca.github.io/fideslang/taxonomy/data_categories/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Section = Literal["records", "emails", "suppressions", "ledger", "sources"]
"""The parts of a package that are filled from stores. The ledger's is filled where there is one."""

EMAIL, PHONE, ADDRESS, NAME = "user.contact.email", "user.contact.phone_number", "user.contact.address", "user.name"
WRITING, LANGUAGE = "user.content.private", "user.demographic.language"
ORDERS, PREFERENCES = "user.behavior.purchase_history", "user.privacy_preferences"
PSEUDONYM, CREDENTIALS = "user.id.pseudonymous", "user.authorization.credentials"
ACCOUNT, SETTINGS, OPERATIONS = "user.account", "user.account.settings", "system.operations"

_DAY = 86400


@dataclass(frozen=True, slots=True)
class RecordKind:
    """A kind of record in a person's partition, named by what its sort key has before the #.

    All its fields are shown but for bytes (keys and hashes) and those that are `ours`, at whatever depth. Where
    `key_is_secret`, the rest of the sort key is a secret's hash and is not shown as the record's id.
    """

    holds: str
    categories: tuple[str, ...]
    ours: frozenset[str] = frozenset()
    key_is_secret: bool = False


KINDS: Final[dict[str, RecordKind]] = {
    "message": RecordKind(
        "what you wrote to us or told us, what we understood of it, and our notes and outcome",
        (EMAIL, NAME, PHONE, ADDRESS, WRITING, LANGUAGE),
        ours=frozenset({"queue", "queue_order", "raw_key"}),  # the raw mail itself is in the package
    ),
    "order": RecordKind("an order of yours that the shop told of", (EMAIL, PHONE, ADDRESS, ORDERS)),
    "account": RecordKind(
        "your account: what you gave us, and which versions of our policy you affirmed",
        (EMAIL, NAME, PHONE, ADDRESS, LANGUAGE, ACCOUNT, SETTINGS),
        ours=frozenset({"revision"}),
    ),
    "registration": RecordKind(
        "a registration that waits for its mailed link", (EMAIL, NAME, PHONE, ADDRESS, LANGUAGE, ACCOUNT)
    ),
    "answer": RecordKind("that an automatic answer of this kind was sent to you within a day", (OPERATIONS,)),
    "link": RecordKind("a link that was mailed to you and not used yet", (EMAIL, CREDENTIALS), key_is_secret=True),
    "link-place": RecordKind("that a link was mailed to you a short while ago", (OPERATIONS,), ours=frozenset({"job"})),
    "session": RecordKind("that you are signed in", (EMAIL, CREDENTIALS), key_is_secret=True),
    "export": RecordKind(
        "a package like this one that you asked for",
        (EMAIL, LANGUAGE),
        ours=frozenset({"files", "package_key", "lease", "lease_until", "manifest"}),
    ),
    "export-place": RecordKind("which package was asked for last", (OPERATIONS,)),
}


@dataclass(frozen=True, slots=True)
class Store:
    """A table, queue or other resource of the template that can hold data, or one prefix of a bucket.

    It either fills a `section` of the package, or says `because` of what it does not. `seconds` is how long a queue
    keeps a message, as the template has it.
    """

    holds: str
    categories: tuple[str, ...]
    retention: str
    section: Section | None = None
    because: str = ""
    seconds: int = 0


_DATES = "each record until its own date, by the policy"
_IN_TRANSIT = "on its way into or out of the records, which are searched"
_DEAD = "is there only after a failure, which staff look into; it cannot be searched by person"


def _queue(holds: str, categories: tuple[str, ...], seconds: int, because: str = _IN_TRANSIT) -> Store:
    kept = f"{seconds // _DAY} days" if seconds >= _DAY else f"{seconds // 3600} hours"
    return Store(holds, categories, f"at most {kept}", because=because, seconds=seconds)


_MAIL_FACTS = (EMAIL, NAME, WRITING)
STORES: Final[dict[str, Store]] = {
    "SubjectsTable": Store(
        "one partition a person, and for each telephone number which orders are its owner's",
        (EMAIL, NAME, PHONE, ADDRESS, WRITING, LANGUAGE, ORDERS, ACCOUNT, SETTINGS, CREDENTIALS, PSEUDONYM),
        _DATES,
        "records",
    ),
    "SuppressionsTable": Store(
        "who is not to be written to, by keyed hash", (PREFERENCES, PSEUDONYM), "for good", "suppressions"
    ),
    "MailBucket/raw/": Store(
        "mail as it came in", (EMAIL, NAME, PHONE, ADDRESS, WRITING), "until its record goes", "emails"
    ),
    "ExportsBucket/packages/": Store(
        "packages like this one",
        (EMAIL, NAME, PHONE, ADDRESS, WRITING, ORDERS),
        "as the policy says of exports, counted from when one is made",
        because="holds nothing but copies; each package of yours is listed among the records",
    ),
    "ExportsBucket/sources/": Store(
        "what other systems of the shop's sent for a package; they are asked by an event that names your email address",
        (EMAIL, NAME, PHONE, ADDRESS, WRITING, ORDERS),
        "until it is in the package",
        "sources",
    ),
    "InboundEmailQueue": _queue("that a mail came in, with its headers", _MAIL_FACTS, 4 * _DAY),
    "InboundEmailDeadLetterQueue": _queue("mails that could not become records", _MAIL_FACTS, 14 * _DAY, _DEAD),
    "MailQueue": _queue("mail of ours that is about to be sent", (EMAIL, LANGUAGE), 3600),
    "MailDeadLetterQueue": _queue("mail of ours that could not be sent", (EMAIL, LANGUAGE), 14 * _DAY, _DEAD),
    "FeedbackQueue": _queue("that mail to an address came back or was called spam", (EMAIL, PREFERENCES), 4 * _DAY),
    "FeedbackDeadLetterQueue": _queue("the same, where it could not be heeded", (EMAIL, PREFERENCES), 14 * _DAY, _DEAD),
    "OrdersDeadLetterQueue": _queue(
        "orders that could not be stored", (EMAIL, PHONE, ADDRESS, ORDERS), 14 * _DAY, _DEAD
    ),
    "ExportsQueue": _queue("that a package is to be made, by keyed hash", (PSEUDONYM,), 4 * 3600),
    "ExportsDeadLetterQueue": _queue("packages that could not be made", (PSEUDONYM,), 14 * _DAY, _DEAD),
    "LedgerTable": Store(
        "what happened to each record, by keyed hash, and nothing that was in it",
        (PSEUDONYM, OPERATIONS),
        "as the policy says of the ledger",
        "ledger",
    ),
    "SealsBucket/entries/": Store(
        "each day's entries of the ledger as they were sealed",
        (PSEUDONYM, OPERATIONS),
        "as the policy says of the ledger",
        because="holds what the ledger holds, which is searched",
    ),
    "SealsBucket/seals/": Store(
        "each day's seal: counts, and a digest of its entries", (OPERATIONS,), "for good", because="is about nobody"
    ),
    "ReportsBucket/": Store(
        "the nightly audits' reports, and what of them everybody may know: counts and digests, and nothing that was in "
        "a record",
        (OPERATIONS,),
        "as the template says of reports",
        because="is about nobody",
    ),
    "PurgeAuditDeadLetterQueue": _queue("audits that could not run", (OPERATIONS,), 14 * _DAY, _DEAD),
    "BreachTopic": Store(
        "that an audit found something", (OPERATIONS,), "passes it on at once", because="is about nobody"
    ),
    "SealDeadLetterQueue": _queue("days that could not be sealed", (OPERATIONS,), 14 * _DAY, _DEAD),
    "LedgerFailures/": Store(
        "changes that could not be entered in the ledger, with what was in the record",
        (EMAIL, NAME, PHONE, ADDRESS, WRITING, ORDERS),
        "at most 7 days",
        because=_DEAD,
    ),
    "MailTopic": Store("that a mail came in", _MAIL_FACTS, "passes it on at once", because=_IN_TRANSIT),
    "FeedbackTopic": Store(
        "that mail came back", (EMAIL, PREFERENCES), "passes it on at once", because=_IN_TRANSIT
    ),
    "UserPool": Store(
        "the sign-in of staff", (ACCOUNT, CREDENTIALS), "while they work here", because="holds staff and nobody else"
    ),
    "HashKey": Store("the key of the keyed hashes", ("system.authentication",), "for good", because="is about nobody"),
    "LedgerKey": Store(
        "the key of the ledger's hashes", ("system.authentication",), "for good", because="is about nobody"
    ),
    "*Log": Store(
        "what the functions and the API did", (OPERATIONS,), "the days of LogRetentionDays",
        because="no log line holds personal data",
    ),
}  # fmt: skip

LONGEST_QUEUE: Final = max(store.seconds for store in STORES.values())
"""The seconds that a copy of something may lie in a queue."""


def last_copy_gone_at(now: int, recovery_days: int) -> int:
    """When the last copy of what is discarded by now is gone: backups of the tables last for `recovery_days`."""
    return now + max(recovery_days * _DAY, LONGEST_QUEUE)

"""The policy file: read once, checked whole, and then the one place that says what is kept, how long and why."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from kept.domain.durations import Duration
from kept.domain.errors import PolicyError
from kept.domain.suppression import LIST_NUMBERS, Scope, list_number

_NAME, _FILE = re.compile(r"[a-z][a-z0-9-]{0,39}"), re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}")

SHIPPED = Path(__file__).parents[3] / "policy.toml"  # layers/kept/policy.toml, and /opt/policy.toml in a function


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the policy file; a key it does not know is a mistake, not an extension."""


class Site(_Table, frozen=True):
    """Whose policy this is and how to reach them."""

    name: str
    url: str
    support_email: str
    support_phone: str
    phone_region: str  # ISO 3166 alpha-2: where a number without a country code is taken to be


class Retention(_Table, frozen=True):
    """How long a kind of record that is reviewed is kept.

    Every figure counts from when it came in, `after_review` from the review.
    """

    before_review: Duration
    after_review: Duration
    hard_maximum: Duration


class Retentions(_Table, frozen=True):
    """A retention for each kind of record that is reviewed."""

    message: Retention
    complaint: Retention
    request: Retention
    machine: Retention
    quarantine: Retention


class Orders(_Table, frozen=True):
    """How long an order is kept, counted from when it was placed; as long, its number may be called about it."""

    kept_for: Duration


class Account(_Table, frozen=True):
    """How somebody proves that an email address is theirs, and how long an account is kept."""

    link_lives: Duration
    links_at_once: int
    session_lives: Duration
    registration_waits: Duration
    inactive_after: Duration
    hard_maximum: Duration


class Exports(_Table, frozen=True):
    """How long the package of everything held about a person is kept, counted from when it is made."""

    kept_for: Duration


class Ledger(_Table, frozen=True):
    """How long an entry of the ledger is kept, counted from when it is written; seals and counts remain."""

    kept_for: Duration


class Source(_Table, frozen=True):
    """Another system of the shop's that holds personal data, and is asked for it when somebody wants to see theirs."""

    name: dict[str, str]
    file: str  # what its file is called in the package
    waits: Duration  # for its file, counted from the person's asking


class MailingList(_Table, frozen=True):
    """A list that somebody can leave by itself. Its number is in every link that was ever sent, so it never changes."""

    number: int
    name: dict[str, str]


class Purposes(_Table, frozen=True):
    """What each channel may be used for."""

    email: tuple[str, ...]
    post: tuple[str, ...]
    phone: tuple[str, ...]


class Deadlines(_Table, frozen=True):
    """How long an answer may take."""

    access: Duration
    complaint: Duration
    access_extension: Duration  # once, and the person is told why


class LegalHold(_Table, frozen=True):
    """How long after it came in a record may be kept, where staff state the law that asks for it."""

    longest: Duration


class Forms(_Table, frozen=True):
    """Between these ages a form token is believed."""

    minimum_age: Duration
    maximum_age: Duration


class Promise(_Table, frozen=True):
    """One sentence of the policy, in each language."""

    id: str
    text: dict[str, str]


class Policy(_Table, frozen=True):
    """The whole file."""

    version: str
    effective: dt.date
    languages: tuple[str, ...]
    site: Site
    retention: Retentions
    orders: Orders
    account: Account
    exports: Exports
    ledger: Ledger
    purposes: Purposes
    deadlines: Deadlines
    legal_hold: LegalHold
    forms: Forms
    promises: tuple[Promise, ...]
    lists: dict[str, MailingList] = {}
    sources: dict[str, Source] = {}

    def retention_of(self, kind: str) -> Retention:
        """The retention of a kind of record. A kind without one is a mistake in the code: AttributeError."""
        retention: Retention = getattr(self.retention, kind)
        return retention

    def list_of(self, scope: Scope) -> MailingList | None:
        """The mailing list that a suppression's scope covers, if it covers one that is still there."""
        number = list_number(scope)
        return next((each for each in self.lists.values() if each.number == number), None)

    def answer_by(self, kind: str, received_at: int) -> int | None:
        """When a record of a kind must be answered (seconds since the epoch); None for kinds without a deadline."""
        deadline = {"complaint": self.deadlines.complaint, "request": self.deadlines.access}.get(kind)
        return None if deadline is None else received_at + deadline

    @property
    def longest_export(self) -> int:
        """The seconds that a package, or what is collected for it, may be kept from when it was asked for."""
        return max((source.waits for source in self.sources.values()), default=0) + self.exports.kept_for

    @property
    def longest_retention(self) -> Duration:
        """How long a record may be kept at the most, in seconds, legal hold included: no backstop may act before."""
        longest = (self.retention_of(kind).hard_maximum for kind in Retentions.__struct_fields__)
        return max(self.legal_hold.longest, *longest)

    @property
    def text_digest(self) -> str:
        """SHA-256, in hexadecimal, of the promises' text in every language: what somebody affirms when they register.

        Of JSON with sorted keys in UTF-8, without white space: `[{"id": …, "text": {"ar": …, "en": …}}, …]`.
        """
        text = [{"id": promise.id, "text": promise.text} for promise in self.promises]
        return hashlib.sha256(msgspec.json.encode(text, order="sorted")).hexdigest()


def load_policy(path: Path = SHIPPED) -> Policy:
    """Read and check a policy file. Raises PolicyError, `file:key: what is wrong`, at the first mistake."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        policy = msgspec.convert(content, Policy, dec_hook=_convert)
    except OSError as error:
        raise PolicyError(f"{path.name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise PolicyError(f"{path.name}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path.name}: is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `$.")
        raise PolicyError(f"{path.name}:{where.rstrip('`') or '(top level)'}: {reason}") from None
    for key, mistake in _mistakes(policy):
        raise PolicyError(f"{path.name}:{key}: {mistake}")
    return policy


def _convert(wanted: type, value: Any) -> Any:
    if wanted is Duration:
        return Duration.parse(value)
    raise NotImplementedError(wanted)


def _mistakes(policy: Policy) -> list[tuple[str, str]]:
    """What types alone cannot say: (key, mistake)."""
    found = _retention_mistakes(policy)
    if not policy.languages:
        found.append(("languages", "name at least one language"))
    found += [
        (f"{table}.{field}", "is zero: it needs some time to exist")
        for table in ("orders", "account", "exports", "ledger")
        for field in getattr(policy, table).__struct_fields__
        if getattr(getattr(policy, table), field) == 0
    ]
    if policy.deadlines.access + policy.deadlines.access_extension > policy.retention.request.hard_maximum:
        found.append(("deadlines.access_extension", "ends after a request must be gone (its hard_maximum)"))
    if policy.account.inactive_after > policy.account.hard_maximum:
        found.append(("account.inactive_after", "is longer than hard_maximum"))
    if policy.forms.minimum_age >= policy.forms.maximum_age:
        found.append(("forms.minimum_age", "must be shorter than maximum_age, or no form could ever be sent"))
    seen: set[str] = set()
    for promise in policy.promises:
        if promise.id in seen:
            found.append((f"promises.{promise.id}", "stands twice"))
        seen.add(promise.id)
        found += _missing(policy, f"promises.{promise.id}.text", promise.text)
    return found + _list_mistakes(policy) + _source_mistakes(policy)


def _retention_mistakes(policy: Policy) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for kind in Retentions.__struct_fields__:
        retention = policy.retention_of(kind)
        for field in ("before_review", "after_review", "hard_maximum"):
            length: Duration = getattr(retention, field)
            if length == 0:
                found.append((f"retention.{kind}.{field}", "is zero: a record needs some time to exist"))
            if length > retention.hard_maximum:
                found.append((f"retention.{kind}.{field}", "is longer than this kind's hard_maximum"))
    return found


def _list_mistakes(policy: Policy) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    numbers: set[int] = set()
    for name, each in policy.lists.items():
        if each.number not in LIST_NUMBERS:
            found.append((f"lists.{name}.number", f"must be from {LIST_NUMBERS[0]} to {LIST_NUMBERS[-1]}"))
        if each.number in numbers:
            found.append((f"lists.{name}.number", "is another list's too: its links would stop that one"))
        numbers.add(each.number)
        found += _missing(policy, f"lists.{name}.name", each.name)
    return found


def _source_mistakes(policy: Policy) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, source in policy.sources.items():
        if not _NAME.fullmatch(name):
            found.append((f"sources.{name}", "is a name of lower-case letters, digits and -, such as shop-database"))
        if not _FILE.fullmatch(source.file):
            found.append((f"sources.{name}.file", "must be a plain file name, such as orders.json"))
        if source.waits == 0:
            found.append((f"sources.{name}.waits", "is zero: it needs some time to answer"))
        found += _missing(policy, f"sources.{name}.name", source.name)
    return found


def _missing(policy: Policy, key: str, text: dict[str, str]) -> list[tuple[str, str]]:
    missing = [language for language in policy.languages if not text.get(language)]
    return [(key, f"is missing in: {', '.join(missing)}")] if missing else []

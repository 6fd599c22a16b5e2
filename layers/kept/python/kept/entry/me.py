"""What a person who is signed in sends and sees about their account, as the API has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from kept.app.leave import Left
from kept.app.register import needs_affirmation
from kept.app.show_record import show_entry
from kept.domain.account import ACCOUNT_ID, Account
from kept.domain.ledger import Entry
from kept.domain.policy import Policy
from kept.domain.records import PostalAddress, address_id
from kept.domain.suppression import Scope, Suppression
from kept.domain.times import iso

LEDGER = "/me/ledger"

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Meta(max_length=20)]
Phone = Annotated[str, Meta(max_length=40)]
Language = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=35)]
Purposes = Annotated[tuple[str, ...], Meta(min_length=1, max_length=10)]


class PostalAddressBody(msgspec.Struct, forbid_unknown_fields=True):
    """A postal address and what it may be used for."""

    text: Annotated[str, Meta(max_length=1000)]
    purposes: Purposes

    def read(self) -> PostalAddress:
        """The address as the use cases take it."""
        return PostalAddress(self.text, self.purposes)


class OptOutsBody(msgspec.Struct, forbid_unknown_fields=True):
    """What not to be written about (true) or to be written about again (false); what is left out stays as it is."""

    marketing: bool | UnsetType = UNSET
    everything: bool | UnsetType = UNSET
    lists: Annotated[dict[str, bool], Meta(max_length=254)] = {}

    def wishes(self) -> dict[str, bool]:
        """Those that are not about a list, by their scopes' names."""
        both = {"marketing": self.marketing, "everything": self.everything}
        return {name: wish for name, wish in both.items() if wish is not UNSET}


class PreferencesBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody wishes from now on. `language` and `postal_purposes` are the account's."""

    opt_outs: OptOutsBody = msgspec.field(default_factory=OptOutsBody)
    language: Language | None = None
    postal_purposes: Purposes | None = None


class CorrectionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What to put right in a record; null takes it out."""

    name: Name | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    postal_address: PostalAddressBody | UnsetType | None = UNSET
    language: Language | UnsetType | None = UNSET
    text: str | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        """What was sent, by its name."""
        sent = {name: getattr(self, name) for name in self.__struct_fields__}
        changes = {name: value for name, value in sent.items() if value is not UNSET}
        if isinstance(self.postal_address, PostalAddressBody):
            changes["postal_address"] = self.postal_address.read()
        return changes


class AffirmationBody(msgspec.Struct, forbid_unknown_fields=True):
    """The version of the policy that is affirmed, and the names of others whom it is affirmed for."""

    policy_version: Annotated[str, Meta(max_length=64)]
    on_behalf_of: Names = ()
    locale: Language | None = None  # of the page that a form stands on


class LeaveBody(msgspec.Struct, forbid_unknown_fields=True):
    """The answer to the last question."""

    confirm: bool = False


class LeaveForm(msgspec.Struct, forbid_unknown_fields=True):
    """The same, from the page that asks; `locale` is its language."""

    confirm: bool = False
    locale: Language | None = None


class AcceptanceBody(msgspec.Struct):
    """A version of the policy that was affirmed; the digest is of its text (SHA-256, see the policy's page)."""

    version: str
    text_digest: str
    at: str
    on_behalf_of: tuple[str, ...]


class HeldAddressBody(msgspec.Struct):
    """The account's postal address; the gate is asked about it with this id."""

    id: str
    text: str
    purposes: tuple[str, ...]


class AccountBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """An account. `id` is its record's, to correct it at PATCH /me/records/{id}."""

    id: str
    registered_at: str
    discard_by: str
    acceptances: list[AcceptanceBody]
    name: str | None = None
    phone: str | None = None
    postal_address: HeldAddressBody | None = None
    language: str | None = None

    @classmethod
    def of(cls, account: Account) -> AccountBody:
        """The account as it is answered."""
        address = account.postal_address
        return cls(
            id=f"account-{ACCOUNT_ID}",
            registered_at=iso(account.registered_at),
            discard_by=iso(account.discard_at),
            acceptances=[
                AcceptanceBody(each.version, each.text_digest, iso(each.at), each.on_behalf_of)
                for each in account.acceptances
            ],
            name=account.name,
            phone=account.phone,
            postal_address=HeldAddressBody(address_id("account", ACCOUNT_ID), address.text, address.purposes)
            if address
            else None,
            language=account.language,
        )


class OptOutBody(msgspec.Struct, omit_defaults=True):
    """What is not sent to somebody, how we learned that, and since when. `list` is the policy's name for one."""

    scope: str
    reason: str
    since: str
    list: str | None = None


class LedgerEntryBody(msgspec.Struct, omit_defaults=True):
    """What happened to a record, when and why; `discard_by` is the date by which it had to be gone.

    Once its `day` is sealed, `proof` is where to fetch the proof of it.
    """

    id: str
    day: str
    what: str
    kind: str
    at: str
    proof: str
    reason: str | None = None
    discard_by: str | None = None

    @classmethod
    def of(cls, entry: Entry) -> LedgerEntryBody:
        """An entry as its person sees it."""
        return cls(**show_entry(entry), proof=f"{LEDGER}/{entry.id}")


class LedgerBody(msgspec.Struct, omit_defaults=True):
    """A page of what became of somebody's records; `next` is the next page's cursor."""

    items: list[LedgerEntryBody]
    next: str | None = None


class ProofStepBody(msgspec.Struct):
    """A step from an entry to the root: the hash (SHA-256, hexadecimal) that stands at this side."""

    side: str
    hash: str


class ProofBody(msgspec.Struct):
    """That an entry is in a sealed day (RFC 6962): its canonical JSON's `leaf` leads by the `path` to the `root`.

    `seal` is the hash of the day's seal, which names the root and cannot be changed.
    """

    algorithm: str
    day: str
    line: int
    entry: dict[str, Any]
    leaf: str
    path: list[ProofStepBody]
    root: str
    seal: str


class MeBody(msgspec.Struct, kw_only=True):
    """Who is signed in. Where `affirm_again` is true, the policy is another than the one that was affirmed.

    `ledger` is where to see what became of one's records, with proof.
    """

    email: str
    policy_version: str
    affirm_again: bool
    account: AccountBody | None
    opt_outs: list[OptOutBody]
    ledger: str = LEDGER

    @classmethod
    def of(cls, email: str, account: Account | None, suppressed: Mapping[Scope, Suppression], policy: Policy) -> MeBody:
        """Somebody as they are answered."""
        return cls(
            email=email,
            policy_version=policy.version,
            affirm_again=needs_affirmation(account, policy),
            account=AccountBody.of(account) if account else None,
            opt_outs=[
                OptOutBody(scope, entry.reason, iso(entry.at), _list_name(scope, policy))
                for scope, entry in sorted(suppressed.items())
            ],
        )


class KeptBody(msgspec.Struct):
    """A record that a law forbids to discard before a time, as staff stated it."""

    record: str
    reason: str
    until: str


class LeftBody(msgspec.Struct):
    """How many records are erased, which are kept and why; where `done` is false, send the same again."""

    erased: int
    kept: list[KeptBody]
    done: bool

    @classmethod
    def of(cls, left: Left) -> LeftBody:
        """What became of it, as it is answered."""
        return cls(left.erased, [KeptBody(each.record, each.reason, iso(each.until)) for each in left.kept], left.done)


def _list_name(scope: Scope, policy: Policy) -> str | None:
    found = policy.list_of(scope)
    return next((name for name, each in policy.lists.items() if each is found), None)

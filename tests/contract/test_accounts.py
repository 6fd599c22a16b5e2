"""What every store of accounts must do, the one in memory and the one on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from moto import mock_aws

from kept.adapters.dynamo.accounts import DynamoAccounts
from kept.adapters.dynamo.client import dynamodb
from kept.app.ports.people import Accounts
from kept.domain.account import Acceptance, Account, Registration, has_affirmed, seen
from kept.domain.errors import ConflictError
from kept.domain.identity import Keys
from kept.domain.policy import load_policy
from kept.domain.records import DateMoved, PostalAddress
from tests.fakes import MemoryAccounts
from tests.template import create_table

pytestmark = pytest.mark.promise("terms-affirmed")

KEYS = Keys("k" * 64)
NOW = 1_800_000_000
ANN, BOB = KEYS.subject_id("ann@example.com"), KEYS.subject_id("bob@example.com")
ACCEPTANCE = Acceptance("2017-06", "d" * 64, NOW, ("My mother", "والدي"))
WAITING = Registration(
    subject_id=ANN,
    record_id="r" * 32,
    email="ann@example.com",
    acceptance=ACCEPTANCE,
    discard_at=NOW + 100,
    name="Ann",
    phone="+201001234567",
    postal_address=PostalAddress("1 Nile Street", ("answer", "catalogue")),
    language="ar",
)
ACCOUNT = Account(
    subject_id=ANN,
    email="ann@example.com",
    registered_at=NOW,
    seen_at=NOW,
    discard_at=NOW + 1000,
    acceptances=(ACCEPTANCE, replace(ACCEPTANCE, version="2027", on_behalf_of=())),
    name="Ann",
    phone="+201001234567",
    postal_address=PostalAddress("1 Nile Street", ("answer",)),
    language="ar",
    date_moved=DateMoved("signed-in", NOW),
)


@pytest.fixture(params=["memory", "dynamodb"])
def accounts(request: pytest.FixtureRequest) -> Iterator[Accounts]:
    if request.param == "memory":
        yield MemoryAccounts()
        return
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        yield DynamoAccounts("subjects")


def test_what_waits_is_found_as_it_was_given_until_its_time(accounts: Accounts) -> None:
    accounts.add_registration(WAITING)
    assert accounts.find_registration(ANN, WAITING.record_id, NOW) == WAITING
    assert accounts.find_registration(BOB, WAITING.record_id, NOW) is None, "it is somebody else's"
    assert accounts.find_registration(ANN, WAITING.record_id, NOW + 100) is None


def test_what_was_confirmed_waits_no_more(accounts: Accounts) -> None:
    accounts.add_registration(WAITING)
    for _ in range(2):
        accounts.end_registration(ANN, WAITING.record_id)
    assert accounts.find_registration(ANN, WAITING.record_id, NOW) is None


def test_an_account_is_found_as_it_was_stored_until_its_time(accounts: Accounts) -> None:
    assert accounts.add(ACCOUNT, NOW) is None
    assert accounts.find(ANN, NOW) == ACCOUNT
    assert accounts.find(BOB, NOW) is None
    assert accounts.find(ANN, ACCOUNT.discard_at) is None


def test_a_person_has_one_account_until_it_is_past_its_date(accounts: Accounts) -> None:
    accounts.add(ACCOUNT, NOW)
    assert accounts.add(replace(ACCOUNT, name="Mallory"), NOW) == ACCOUNT
    anew = replace(ACCOUNT, name="Ann again", discard_at=NOW + 5000)
    assert accounts.add(anew, ACCOUNT.discard_at) is None
    assert accounts.find(ANN, ACCOUNT.discard_at) == anew


def test_of_two_changes_at_once_one_is_told_to_look_again(accounts: Accounts) -> None:
    accounts.add(ACCOUNT, NOW)
    accounts.change(ACCOUNT, replace(ACCOUNT, name="Anna", phone=None), NOW)
    found = accounts.find(ANN, NOW)
    assert found is not None
    assert (found.name, found.phone) == ("Anna", None)
    with pytest.raises(ConflictError):
        accounts.change(ACCOUNT, replace(ACCOUNT, name="Annette"), NOW)
    accounts.change(found, replace(found, name="Annette"), NOW)
    with pytest.raises(ConflictError):
        accounts.change(replace(ACCOUNT, subject_id=BOB), ACCOUNT, NOW)


def test_what_is_past_its_date_cannot_be_brought_back_by_a_change(accounts: Accounts) -> None:
    accounts.add(ACCOUNT, NOW)
    with pytest.raises(ConflictError):
        accounts.change(ACCOUNT, replace(ACCOUNT, discard_at=NOW + 9999), ACCOUNT.discard_at)


def test_signing_in_moves_the_date_and_affirming_is_of_a_version_and_its_text() -> None:
    policy = load_policy()
    later = seen(ACCOUNT, policy, NOW + 500)
    assert later.discard_at == NOW + 500 + policy.account.inactive_after
    assert later.date_moved == DateMoved("signed-in", NOW + 500)
    affirmed = replace(ACCOUNT, acceptances=(Acceptance(policy.version, policy.text_digest, NOW),))
    assert has_affirmed(affirmed, policy)
    assert not has_affirmed(ACCOUNT, policy)
    same_version_other_text = replace(ACCOUNT, acceptances=(Acceptance(policy.version, "0" * 64, NOW),))
    assert not has_affirmed(same_version_other_text, policy), "the text changed and nobody was asked"

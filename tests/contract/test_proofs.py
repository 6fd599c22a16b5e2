"""What every store of links and sessions must do, the one in memory and the one on DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto import mock_aws

from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.proofs import DynamoProofs
from kept.app.ports.people import Proofs
from kept.domain.errors import NotFoundError, UnavailableError
from kept.domain.identity import Keys
from kept.domain.proof import Link, Session
from tests.fakes import MemoryProofs
from tests.one_at_a_time import calls_one_at_a_time
from tests.template import create_table

pytestmark = pytest.mark.promise("access-on-request")

NOW = 1_800_000_000
KEYS = Keys("k" * 64)
ANN, BOB = KEYS.subject_id("ann@example.com"), KEYS.subject_id("bob@example.com")
LINK = Link(ANN, "a" * 64, NOW + 60, "ann@example.com", confirms="r" * 32, answers="m" * 32)
SESSION = Session(ANN, "b" * 64, NOW + 30, "ann@example.com")


@pytest.fixture(params=["memory", "dynamodb"])
def proofs(request: pytest.FixtureRequest) -> Iterator[Proofs]:
    if request.param == "memory":
        yield MemoryProofs()
        return
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        yield DynamoProofs("subjects")


def test_a_link_is_found_as_it_was_stored_by_its_owner_until_its_time(proofs: Proofs) -> None:
    proofs.add_link(LINK)
    plain = Link(ANN, "c" * 64, NOW + 60, "ann@example.com")
    proofs.add_link(plain)
    assert proofs.find_link(ANN, LINK.secret_hash, NOW) == LINK
    assert proofs.find_link(ANN, plain.secret_hash, NOW) == plain
    for owner, secret, now in ((BOB, LINK.secret_hash, NOW), (ANN, "d" * 64, NOW), (ANN, LINK.secret_hash, NOW + 60)):
        with pytest.raises(NotFoundError):
            proofs.find_link(owner, secret, now)


def test_a_link_is_exchanged_for_one_session(proofs: Proofs) -> None:
    proofs.add_link(LINK)
    proofs.exchange(LINK, SESSION, NOW)
    assert proofs.find_session(ANN, SESSION.secret_hash, NOW) == SESSION
    with pytest.raises(NotFoundError):
        proofs.exchange(LINK, Session(ANN, "e" * 64, NOW + 30, "ann@example.com"), NOW)
    with pytest.raises(NotFoundError):
        proofs.find_session(ANN, "e" * 64, NOW)


def test_an_exchange_whose_answer_got_lost_may_be_sent_again(proofs: Proofs) -> None:
    proofs.add_link(LINK)
    for _ in range(2):
        proofs.exchange(LINK, SESSION, NOW)
    assert proofs.find_session(ANN, SESSION.secret_hash, NOW) == SESSION


def test_a_link_whose_time_is_over_opens_nothing(proofs: Proofs) -> None:
    proofs.add_link(LINK)
    with pytest.raises(NotFoundError):
        proofs.exchange(LINK, SESSION, NOW + 60)
    with pytest.raises(NotFoundError):
        proofs.find_session(ANN, SESSION.secret_hash, NOW)


def test_of_many_who_press_the_button_at_once_one_is_let_in() -> None:
    with mock_aws():
        create_table(dynamodb(), "SubjectsTable", "subjects")
        proofs = DynamoProofs("subjects")
        proofs.add_link(LINK)

        def press(number: int) -> bool:
            try:
                proofs.exchange(LINK, Session(ANN, f"{number:064d}", NOW + 30, "ann@example.com"), NOW)
            except (NotFoundError, UnavailableError):
                return False
            return True

        with calls_one_at_a_time(), ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(press, range(20))) == 1


def test_a_session_ends_with_its_time_or_when_it_is_ended(proofs: Proofs) -> None:
    proofs.add_link(LINK)
    proofs.exchange(LINK, SESSION, NOW)
    for owner, secret, now in ((BOB, SESSION.secret_hash, NOW), (ANN, SESSION.secret_hash, NOW + 30)):
        with pytest.raises(NotFoundError):
            proofs.find_session(owner, secret, now)
    for _ in range(2):
        proofs.end_session(ANN, SESSION.secret_hash)
    with pytest.raises(NotFoundError):
        proofs.find_session(ANN, SESSION.secret_hash, NOW)


def test_so_many_links_may_be_had_at_once_and_the_same_job_has_one(proofs: Proofs) -> None:
    def claim(job: str, now: int = NOW) -> str | None:
        return proofs.claim_link(ANN, job, 3, now + 3600, now)

    first = claim("1")
    assert first is not None
    assert claim("1") is None, "delivered twice"
    assert claim("2")
    assert claim("3")
    assert claim("4") is None
    proofs.release_link(ANN, first)
    assert claim("5") == first, "what could not be sent takes no place"
    assert claim("6", NOW + 3600), "an hour later there are places again"
    assert proofs.claim_link(BOB, "1", 3, NOW + 3600, NOW), "somebody else's are their own"

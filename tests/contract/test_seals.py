"""What every store of seals must do: the one in memory that unit tests use, and the one in S3."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from kept.adapters import seals as adapter
from kept.adapters.seals import S3Seals
from kept.app.ports.ledger import Seals
from kept.domain.errors import UnavailableError
from kept.domain.seal import entries_name, seal_name
from tests.fakes import MemorySeals

ONE, TWO = "2027-01-15", "2027-01-16"


@pytest.fixture
def bucket() -> Iterator[None]:
    adapter._client.cache_clear()
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="seals", ObjectLockEnabledForBucket=True)
        yield
    adapter._client.cache_clear()


@pytest.fixture(params=["memory", "s3"])
def seals(request: pytest.FixtureRequest) -> Seals:
    if request.param == "memory":
        return MemorySeals()
    request.getfixturevalue("bucket")
    return S3Seals("seals")


@pytest.mark.promise("security-measures")
def test_what_is_written_once_stays_as_it_is(seals: Seals) -> None:
    assert seals.put(seal_name(ONE), b"first")
    assert not seals.put(seal_name(ONE), b"second")
    assert seals.read(seal_name(ONE)) == b"first"
    assert seals.read(seal_name(TWO)) is None


def test_the_days_that_are_sealed_are_told_in_order_and_no_other_file_is_one(seals: Seals) -> None:
    assert seals.days() == []
    for name in (seal_name(TWO), seal_name(ONE), entries_name("2027-01-17"), "seals/notes.txt"):
        seals.put(name, b"x")
    assert seals.days() == [ONE, TWO]


@pytest.mark.promise("security-measures")
@pytest.mark.usefixtures("bucket")
def test_what_is_put_over_a_seal_or_hides_it_changes_nothing() -> None:
    seals, s3 = S3Seals("seals"), boto3.client("s3")
    for name in (seal_name(ONE), seal_name(TWO)):
        seals.put(name, b"first")
    s3.put_object(Bucket="seals", Key=seal_name(ONE), Body=b"forged")
    s3.delete_object(Bucket="seals", Key=seal_name(TWO))
    assert seals.days() == [ONE, TWO]
    assert [seals.read(seal_name(day)) for day in (ONE, TWO)] == [b"first", b"first"]
    assert not seals.put(seal_name(TWO), b"second")


@pytest.mark.usefixtures("bucket")
def test_of_two_who_seal_at_once_one_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    seals = S3Seals("seals")
    seals.put(seal_name(ONE), b"first")
    monkeypatch.setattr(seals, "read", lambda _: None)
    assert not seals.put(seal_name(ONE), b"second")


@pytest.mark.usefixtures("bucket")
def test_a_bucket_that_does_not_answer_is_said_so() -> None:
    gone = S3Seals("no-such-bucket")
    with pytest.raises(UnavailableError):
        gone.days()
    with pytest.raises(UnavailableError):
        gone.put(seal_name(ONE), b"x")

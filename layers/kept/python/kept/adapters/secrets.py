"""The hash key and the ledger's key, in Secrets Manager."""

from __future__ import annotations

import hmac

from kept.adapters import aws
from kept.domain.errors import KeyMismatchError
from kept.domain.identity import Keys
from kept.domain.ledger import LedgerKeys


def read_keys(secret_id: str) -> Keys:
    """Fetch the hash key. Raises UnavailableError."""
    return Keys(_read(secret_id))


def read_ledger_keys(secret_id: str) -> LedgerKeys:
    """Fetch the ledger's key. Raises UnavailableError."""
    return LedgerKeys(_read(secret_id))


def _read(secret_id: str) -> str:
    with aws.unavailable("read a key"):
        answer: dict[str, str] = aws.client("secretsmanager").get_secret_value(SecretId=secret_id)
    return answer["SecretString"]


def read_checked_keys(secret_id: str, check_value: str) -> Keys:
    """Fetch the hash key and make sure that it is the one this deployment's records were written under.

    Under another key every person would be somebody else: nobody's opt-out would be found. Raises KeyMismatchError,
    UnavailableError.
    """
    keys = read_keys(secret_id)
    # Of any generation: a function that was deployed before a rotation goes on through it.
    if not any(hmac.compare_digest(each, check_value) for each in keys.check_values()):
        raise KeyMismatchError("The hash key is not the one that the records were written under.")
    return keys

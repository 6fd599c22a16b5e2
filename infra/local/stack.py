"""The running local stack, for scripts and tests: its addresses, tokens and clients.

stack = read_stack()
stack.client("dynamodb").scan(TableName=stack.outputs["SubjectsTable"])   # as the account's root
stack.as_function("kept-contact-intake").client("dynamodb")               # as that function's role
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

from infra.local.settings import REGION, LocalError, read_settings

# The emulator takes this key for the root of the account, whatever the secret.
ROOT_KEY = "test"
READ_SECONDS = 60
CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, max_pool_connections=32)


class Account:
    """Clients of the emulator under one set of credentials."""

    def __init__(self, endpoint: str, key: str, secret: str, token: str | None = None) -> None:
        self.endpoint = endpoint
        self._session = botocore.session.Session()
        self._session.set_credentials(key, secret, token)

    def client(self, service: str, read_seconds: int = READ_SECONDS) -> Any:
        """A client of this service, such as "s3", with the methods that boto3's has."""
        config = CONFIG.merge(Config(read_timeout=read_seconds))
        return self._session.create_client(service, REGION, endpoint_url=self.endpoint, config=config)


def root_account(endpoint: str) -> Account:
    """The account's root, who may do everything."""
    return Account(endpoint, ROOT_KEY, ROOT_KEY)


@dataclass(frozen=True, slots=True)
class Stack:
    """What `.local/stack.json` says."""

    api: str
    smtp: str  # host:port
    outbox: str
    endpoint: str
    staff_token: str
    staff_name: str  # to sign in at the staff's desk with
    staff_password: str
    service_token: str
    outputs: dict[str, str]

    def client(self, service: str, read_seconds: int = READ_SECONDS) -> Any:
        """A client of this service, as the account's root."""
        return root_account(self.endpoint).client(service, read_seconds)

    def as_function(self, name: str) -> Account:
        """Clients that may do what this function may, and no more: its role, assumed.

        On AWS nobody but Lambda could assume it; the emulator takes its root for any service.
        """
        role = self.client("lambda").get_function_configuration(FunctionName=name)["Role"]
        issued = self.client("sts").assume_role(RoleArn=role, RoleSessionName=f"as-{name}"[:64])["Credentials"]
        return Account(self.endpoint, issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])


def read_stack(file: Path | None = None) -> Stack:
    """The stack that runs now. Raises LocalError where none does."""
    file = file or read_settings().stack_file
    try:
        return Stack(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise LocalError(f"No local stack runs ({file} is missing): start it with `make run`.") from error


def write_whole(file: Path, text: str) -> None:
    """Write a file so that a reader sees all of it or what was there before; only its owner may read it."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as output:
        output.write(text)
    draft.replace(file)

"""One botocore session for every client of a function: creating a second one would load the same data again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from kept.domain.errors import UnavailableError

# A function waits for its caller at most 10 s; botocore's own limits (60 s and 60 s) would spend them on one attempt.
CONNECT_SECONDS, READ_SECONDS, RETRIES = 1, 3, 2


@cache
def session() -> botocore.session.Session:
    """The session of this process; it takes region and credentials from the environment, as Lambda sets them."""
    return botocore.session.get_session()


def client(service: str, *, signature: str | None = None) -> Any:
    """A botocore client with this project's time limits; `signature` is the version that it signs with, if not its own.

    Requests are made by our own code, so botocore need not check their shape again (90 µs of a put_item's 540), and
    a user agent that is given need not be put together anew for each of them (60 µs).
    """
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1 + RETRIES},
        parameter_validation=False,
        user_agent="Kept",
        signature_version=signature,
    )
    return session().create_client(service, config=config)


def error_code(error: Exception) -> str:
    """AWS's short code for what went wrong, such as `AccessDenied`; its message may repeat data and is not used."""
    response: dict[str, Any] = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code") or type(error).__name__)


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """Turn what AWS's client raises into UnavailableError, without its message."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise UnavailableError(f"{what}: {error_code(error)}") from None

"""Threads against moto: its tables are plain dictionaries, so a call has to be whole before the next begins.

DynamoDB does the same for the calls on one item; between two calls of one thread any other may come, as in life.
"""

from __future__ import annotations

from threading import Lock
from typing import Any
from unittest.mock import patch

from botocore.endpoint import Endpoint

_make_request = Endpoint.make_request


def calls_one_at_a_time() -> Any:
    """Until the block ends, no two calls to AWS are inside moto at once."""
    lock = Lock()

    def make_request(endpoint: Endpoint, *arguments: Any) -> Any:
        with lock:
            return _make_request(endpoint, *arguments)

    return patch.object(Endpoint, "make_request", make_request)

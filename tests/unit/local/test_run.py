import base64
import json
import time
from dataclasses import replace
from pathlib import Path
from socket import create_server

import pytest

from infra.local.run import check_ports
from infra.local.settings import LocalError, read_settings
from infra.local.stack import read_stack, write_whole
from infra.local.tokens import seconds_left


def test_the_stack_file_is_readable_by_its_owner_only_and_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    write_whole(file, "one")
    write_whole(file, "two")
    assert file.read_text(encoding="utf-8") == "two"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_port_in_use_is_named_with_the_variable_to_set() -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"Port {port} is in use.*KEPT_SMTP_PORT"):
            check_ports(replace(read_settings({}), site_port=free(), stack_port=free(), smtp_port=port))


def test_without_a_running_stack_the_reader_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="make run"):
        read_stack(tmp_path / "stack.json")


def test_the_stack_file_becomes_a_stack(tmp_path: Path) -> None:
    names = ("api", "smtp", "outbox", "endpoint", "staff_token", "staff_name", "staff_password", "service_token")
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({**{name: name for name in names}, "outputs": {"A": "b"}}), encoding="utf-8")
    stack = read_stack(file)
    assert (stack.api, stack.outputs) == ("api", {"A": "b"})


def test_a_token_tells_how_long_it_is_valid() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": time.time() + 60}).encode()).decode().rstrip("=")
    assert 55 < seconds_left(f"e30.{claims}.signature") <= 60


def free() -> int:
    with create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])

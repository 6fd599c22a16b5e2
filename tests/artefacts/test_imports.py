"""What each function loads to answer its first call: Lambda's users pay for every module that has no use there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.e2e

PROBE = Path(__file__).parents[1] / "benchmarks/probe.py"

# What costs something to import, and the functions that have a use for it.
WITH_ROUTES = {
    "contact_intake",
    "opt_out",
    "review",
    "permissions",
    "orders",
    "access_requests",
    "account",
    "pages",
    "desk",
}
WITH_DATABASE = WITH_ROUTES - {"pages", "account"} | {"inbound_email", "mailing", "deployment"}
USERS: dict[str, set[str]] = {
    "pydantic": set(),
    "aws_xray_sdk": set(),
    "boto3": set(),
    "requests": set(),
    "selectolax": set(),
    "aws_lambda_powertools.utilities.validation": set(),
    "dns": set(),
    "jinja2": {"pages", "account", "desk"},
    "email_validator": {"contact_intake", "opt_out", "orders", "access_requests"},
    "phonenumbers": set(),  # only once somebody gives a number
    "pynamodb": {"contact_intake", "review", "desk", "inbound_email", "orders", "access_requests"},
    "aws_lambda_powertools.event_handler": WITH_ROUTES,
    "aws_lambda_powertools.utilities.batch": {"inbound_email", "ledger", "mailing"},
    "kept.adapters.raw_mail": {"inbound_email", "ledger"},
    "kept.adapters.secrets": WITH_DATABASE | {"pages"},
    "kept.adapters.dynamo.messages": {"contact_intake", "review", "desk", "inbound_email", "access_requests"},
    "kept.adapters.dynamo.suppressions": {"opt_out", "inbound_email", "deployment", "permissions", "mailing"},
    "kept.adapters.dynamo.orders": {"orders"},  # the gate: only once it is asked about a number or a postal address
    "kept.adapters.ses": {"inbound_email", "deployment", "mailing"},
    "kept.domain.mail": {"inbound_email"},
    "email.headerregistry": {"mailing"},  # inbound_email: only once there is an answer to send
}
FUNCTIONS = sorted(path.parent.name for path in ROOT.glob("functions/*/app.py"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_only_what_it_uses(build: Path, function: str) -> None:
    interpreter = getattr(sys, "_base_executable", sys.executable)
    command = [interpreter, "-I", "-S", str(PROBE), str(build), "modules", function]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    loaded = {".".join(name.split(".")[: depth + 1]) for name in json.loads(done.stdout) for depth in range(5)}
    useless = {module for module, users in USERS.items() if function not in users} & loaded
    assert not useless
    used = {module for module, users in USERS.items() if function in users}
    assert used <= loaded, f"the list above says that {function} uses {used - loaded}"

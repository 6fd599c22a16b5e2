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
    "contact_intake", "opt_out", "review", "permissions", "orders", "access_requests", "registrations", "account",
    "pages", "desk", "audits",
}  # fmt: skip
OF_BATCHES = {"inbound_email", "mailing", "ledger", "exports"}
WITH_DATABASE = WITH_ROUTES - {"pages", "audits"} | OF_BATCHES | {"deployment", "purge_audit"}
WITH_MESSAGES = {"contact_intake", "review", "desk", "inbound_email", "access_requests", "account"}
WITH_SUPPRESSIONS = {"opt_out", "inbound_email", "deployment", "permissions", "mailing", "exports"}
USERS: dict[str, set[str]] = {
    "pydantic": set(),
    "aws_xray_sdk": set(),
    "boto3": set(),
    "requests": set(),
    "selectolax": set(),
    "aws_lambda_powertools.utilities.validation": set(),
    "dns": set(),
    "jinja2": {"pages", "account", "desk", "exports", "purge_audit"},  # audits: only for who looks at a page
    "email_validator": {"contact_intake", "opt_out", "orders", "access_requests", "registrations"},
    "phonenumbers": set(),  # only once somebody gives a number
    "pynamodb": WITH_MESSAGES | {"orders"},
    "aws_lambda_powertools.event_handler": WITH_ROUTES | {"purge_audit"},  # whose pages are the site's
    "aws_lambda_powertools.utilities.batch": OF_BATCHES,
    "kept.adapters.raw_mail": {"inbound_email", "ledger", "exports", "purge_audit"},
    "kept.adapters.export_files": {"ledger", "exports"},  # account: only once somebody looks at a package
    "kept.adapters.dynamo.exports": {"exports"},
    "kept.app.package": {"exports"},
    "kept.adapters.secrets": WITH_DATABASE | {"pages"},
    "kept.adapters.dynamo.messages": WITH_MESSAGES,
    "kept.adapters.dynamo.suppressions": WITH_SUPPRESSIONS,
    "kept.adapters.dynamo.orders": {"orders"},  # the gate: only once it is asked about a number or a postal address
    "kept.adapters.dynamo.ledger": {"ledger", "purge_audit", "exports"},
    "kept.adapters.dynamo.ledger_days": {"ledger", "seal", "purge_audit", "exports"},
    "kept.adapters.seals": {"seal", "purge_audit"},
    "kept.adapters.events": {"seal", "purge_audit"},
    "kept.adapters.reports": {"audits", "purge_audit"},
    "kept.adapters.deployed": {"purge_audit"},
    "kept.domain.verification": {"purge_audit"},  # and for who looks at exported files
    "kept.adapters.ses": {"inbound_email", "deployment", "mailing", "purge_audit"},
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

"""`make restore` against the deployed stack: beside what is in use, and out of every function's reach.

The emulator restores a table to what it is now; that nobody comes back is shown in tests/integration/test_restore.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.local.settings import REGION
from tests.conftest import ROOT
from tests.e2e.conftest import Site
from tests.e2e.test_privileges import DENIED, MAY

pytestmark = [pytest.mark.e2e, pytest.mark.promise("security-measures")]


def test_restored_tables_are_protected_and_no_function_can_read_them(site: Site, tmp_path: Path) -> None:
    body = {"email": "restored@example.com", "message": "Hello"}
    assert site.request("POST", "/contacts", body).status == 201
    assert site.request("POST", "/opt-outs", {"email": "restored@example.com"}).status == 202
    report = tmp_path / "report.json"
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    environment = os.environ | {
        "PYTHONPATH": "layers/kept/python",
        "AWS_ENDPOINT_URL": site.stack.endpoint,
        "AWS_DEFAULT_REGION": REGION,
    }
    command = [sys.executable, "-m", "infra.restore", "kept", moment, "--json", str(report)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "example.com" not in run.stdout + report.read_text()
    done = json.loads(report.read_text())
    try:
        described = site.dynamodb.describe_table(TableName=done["subjects"])["Table"]
        assert described["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
        ttl = site.dynamodb.describe_time_to_live(TableName=done["subjects"])["TimeToLiveDescription"]
        assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "discard_at")
        key = {"pk": {"B": site.keys.subject_id("restored@example.com")}}
        assert "marketing" in site.dynamodb.get_item(TableName=done["suppressions"], Key=key)["Item"]
        assert done["kept"] > 0
        for function in MAY:
            dynamodb = site.stack.as_function(f"kept-{function}").client("dynamodb")
            for table in (done["subjects"], done["suppressions"]):
                with pytest.raises(ClientError) as refused:
                    dynamodb.scan(TableName=table, Limit=1)
                assert refused.value.response["Error"]["Code"] in DENIED, function
    finally:
        for table in (done["subjects"], done["suppressions"]):
            site.dynamodb.delete_table(TableName=table)

"""`make rotate-key` on a deployed stack, step by step, while people opt out and the gate is asked."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from infra.local.deploy import deploy_again
from infra.local.settings import Settings
from kept.domain.identity import Keys
from kept.domain.opt_out_token import ONE_CLICK
from tests.conftest import ROOT
from tests.e2e.conftest import Site, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.promise("email-opt-out"), pytest.mark.promise("security-measures")]

# As `make rotate-key` calls it, but without the two minutes for which the longest invocation could go on.
ROTATE = """
import sys
from infra import rotate_key
rotate_key.LONGEST_INVOCATION = 0
sys.exit(rotate_key.main("kept"))
"""


def rotate(site: Site) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"AWS_ENDPOINT_URL": site.stack.endpoint, "PYTHONPATH": "layers/kept/python"}
    return subprocess.run(
        [sys.executable, "-c", ROTATE], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def click(site: Site, token: str) -> int:
    """A mail client's unsubscribe button."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return site.request("POST", f"/opt-outs/{token}", ONE_CLICK.encode(), headers=form).status


def decisions(site: Site, *names: str) -> set[str]:
    return {site.may("email", f"{name}@example.com", "marketing")["decision"] for name in names}


def generations(site: Site) -> set[str]:
    """Under which keys the suppressions lie."""
    pages = site.dynamodb.get_paginator("scan").paginate(TableName=site.suppressions).search("Items[]")
    return {item.get("generation", {}).get("N", "1") for item in pages if "key_check" not in item}


def test_a_rotation_forgets_nobody_breaks_no_link_and_needs_no_pause(changed_stack: tuple[Site, Settings]) -> None:
    site, settings = changed_stack
    old_link, older_link = site.token_for("old-link@example.com"), site.token_for("older-link@example.com")
    assert site.request("POST", "/opt-outs", {"email": "before@example.com"}).status == 202
    assert decisions(site, "before") == {"refused"}

    first = rotate(site)
    assert first.returncode == 0, first.stderr
    assert "deploy with KeyGeneration=2" in first.stdout
    out = ["before"]
    for step in ("begun", "deployed"):
        link = site.token_for(f"{step}-link@example.com")  # made with the new key in force
        assert click(site, link) == 200, f"{step}: a link of today is not known to a process of yesterday"
        mail = f"From: {step}-mail@example.com\r\nTo: support@expandcart.com\r\n\r\nPlease unsubscribe me.\r\n"
        site.send(mail.encode(), f"{step}-mail@example.com")
        mailto = site.token_for(f"{step}-mailto@example.com")
        site.send(b"Subject: unsubscribe\r\n\r\n", "elsewhere@example.org", to=f"unsubscribe+{mailto}@expandcart.com")
        assert site.request("POST", "/opt-outs", {"email": f"{step}-form@example.com"}).status == 202
        out += [f"{step}-link", f"{step}-form"]
        assert decisions(site, *out) == {"refused"}, step
        by_mail = [f"{step}-mail", f"{step}-mailto"]
        eventually(lambda names=by_mail: decisions(site, *names) == {"refused"}, f"{step}: still allowed")
        out += by_mail
        assert decisions(site, "never-opted-out") == {"allowed"}
        if step == "begun":
            behind = rotate(site)
            assert behind.returncode == 1
            assert "kept-opt-out" in behind.stderr
            deploy_again(settings, KeyGeneration="2")
            assert click(site, old_link) == 200, "a link in an old mail is broken"
            out.append("old-link")

    last = rotate(site)
    assert last.returncode == 0, last.stderr
    assert "has ended" in last.stdout
    assert generations(site) == {"2"}
    assert click(site, older_link) == 200
    assert decisions(site, *out, "older-link") == {"refused"}
    assert decisions(site, "never-opted-out") == {"allowed"}
    secret = site.stack.client("secretsmanager").get_secret_value(SecretId=site.stack.outputs["HashKeySecret"])
    assert Keys(secret["SecretString"]).generation == 2
    assert secret["SecretString"].splitlines()[0] not in first.stdout + last.stdout

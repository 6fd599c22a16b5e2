"""A person's own pages: the link, everything held, a correction, a copy and leaving, with one cookie."""

from __future__ import annotations

import time
import zipfile
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kept.entry.language import language as spoken
from kept.entry.words import PROGRESS
from tests.browser.conftest import Visitor, storage, visitor
from tests.e2e.conftest import Site, eventually, mails_to, token_in

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

COOKIE = ("__Host-kept", True, True, "Strict")


def cookie_of(visit: Visitor) -> dict[str, str]:
    """The headers of a program that has this browser's session."""
    return {"Cookie": "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in visit.cookies())}


@pytest.mark.promise("access-on-request")
@pytest.mark.promise("login-cookies-only")
@pytest.mark.promise("terms-affirmed")
def test_a_person_sees_corrects_takes_a_copy_and_leaves_with_one_cookie(
    chromium: Browser, site: Site, way: dict[str, Any]
) -> None:
    with visitor(chromium, site.stack.api, hosts=storage(site), **way) as visit:
        address, language, page = f"person-{time.time_ns()}@example.com", visit.language, visit.page
        site.request("POST", "/contacts", {"email": address, "message": "Where is my parcel?", "name": "An"})
        version = site.request("GET", "/policy").json["version"]
        registration = {"email": address, "policy_version": version, "name": "Ann", "accepted": True}
        assert site.request("POST", "/registrations", registration).status == 202
        (mail,) = eventually(lambda: mails_to(site, address), "no link was sent", 30)

        visit.goto(f"/{language}/sessions?token={token_in(mail)}")
        visit.check("link")
        page.click("main form button")
        page.wait_for_url("**/me")
        (cookie,) = visit.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == COOKIE
        visit.cookie = "__Host-kept"

        visit.goto(f"/{language}/me")
        visit.check("my-data")
        assert "Where is my parcel?" in page.inner_text("main")
        page.click(f"a[href^='/{language}/me/records/message-']")
        visit.check("correct")
        page.fill("#name", "Ann")
        page.click("main form button")
        page.wait_for_url("**/me?done=correction")

        take_a_copy(visit, site, address)

        headers = cookie_of(visit)
        eventually(lambda: site.request("GET", "/me/ledger", headers=headers).json["items"], "the ledger is silent")
        visit.goto(f"/{language}/me/ledger")
        visit.check("ledger")
        assert page.locator("article li").count() >= 1

        visit.goto(f"/{language}/me/leave")
        visit.check("leave")
        assert site.records_of(address), "looking at the question erased something"
        page.click("main form button")
        page.wait_for_url("**/me/leave")
        visit.cookie = None
        visit.check("left")
        assert site.records_of(address) == []


def take_a_copy(visit: Visitor, site: Site, address: str) -> None:
    """With script, its page says how far it is and shows the link by itself; without, its own link shows it anew."""
    page, language = visit.page, visit.language
    page.click("form[action='/me/exports'] button")
    page.wait_for_url("**/me/exports/*")
    copy = page.url
    visit.goto(f"/{language}/me")  # its page would show it once it is made, while this test makes it wait again
    eventually(lambda: status_of(site, address) == "ready", "no copy was made", 60)
    status_of(site, address, "waiting")  # as while other systems are asked, for as long as this test looks at it
    visit.goto(copy.removeprefix(site.stack.api))
    expect(page.locator("#progress")).to_have_text(spoken(language).translate(PROGRESS["waiting"]))
    visit.check("copy-waits")
    if visit.script:
        status_of(site, address, "making")
        expect(page.locator("#progress")).to_have_text(spoken(language).translate(PROGRESS["making"]))
    status_of(site, address, "ready")
    if not visit.script:
        page.click("main a.button")
    download = page.locator("a.button[rel=noreferrer]")
    expect(download).to_be_visible()
    visit.check("copy")
    with page.expect_download() as saved:
        download.click()
    with zipfile.ZipFile(saved.value.path()) as package:
        assert {"index.html", "data.json", "manifest.json"} <= set(package.namelist())


def status_of(site: Site, address: str, change: str = "") -> str:
    """How far somebody's package is, as its record says; changed first, where so wished."""
    (record,) = (item for item in site.records_of(address) if item["sk"]["S"].startswith("export#"))
    if change:
        site.dynamodb.update_item(
            TableName=site.subjects,
            Key={"pk": record["pk"], "sk": record["sk"]},
            UpdateExpression="SET #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": {"S": change}},
        )
    return str(record["status"]["S"])

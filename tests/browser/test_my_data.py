"""A person's own pages: the link, everything held, a correction, a copy and leaving, with one cookie."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Route, expect

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

        take_a_copy(visit)

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


def take_a_copy(visit: Visitor) -> None:
    """With script, its page says how far it is and shows the link by itself; without, its own link shows it anew."""
    page = visit.page
    if visit.script:
        page.route("**/me/exports/*", still("waiting"))
    page.click("form[action='/me/exports'] button")
    page.wait_for_url("**/me/exports/*")
    download = page.locator("a.button[rel=noreferrer]")
    if visit.script:
        expect(page.locator("#progress")).to_have_text(spoken(visit.language).translate(PROGRESS["waiting"]))
        visit.check("copy-waits")
        page.unroute("**/me/exports/*")
        expect(download).to_be_visible()
    else:
        assert page.locator("script").count() == 1, "a browser without scripts is told of one, and does well without"
        eventually(lambda: download.count() or page.click("main a.button") or download.count(), "no copy was made", 60)
    visit.check("copy")
    with page.expect_download() as saved:
        download.click()
    with zipfile.ZipFile(saved.value.path()) as package:
        assert {"index.html", "data.json", "manifest.json"} <= set(package.namelist())


def still(status: str) -> Callable[[Route], None]:
    """What the progress is told, whenever it asks; the page itself is the site's own."""

    def answer(route: Route) -> None:
        if route.request.resource_type == "fetch":
            route.fulfill(json={"id": "x", "status": status, "discard_by": ""})
        else:
            route.continue_()

    return answer

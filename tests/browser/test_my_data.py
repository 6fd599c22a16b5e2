"""A person's own pages: the link, everything held, a correction, a copy and leaving, with one cookie."""

from __future__ import annotations

import time

import pytest

from tests.browser.conftest import Visitor
from tests.e2e.conftest import Site, eventually, mails_to, token_in

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


def cookie_of(visit: Visitor) -> dict[str, str]:
    """The headers of a program that has this browser's session."""
    return {"Cookie": "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in visit.cookies())}


@pytest.mark.promise("access-on-request")
@pytest.mark.promise("login-cookies-only")
@pytest.mark.promise("terms-affirmed")
def test_a_person_sees_corrects_takes_a_copy_and_leaves_with_one_cookie(visit: Visitor, site: Site) -> None:
    address, language = f"person-{time.time_ns()}@example.com", visit.language
    site.request("POST", "/contacts", {"email": address, "message": "Where is my parcel?", "name": "An"})
    registration = {"email": address, "policy_version": site.request("GET", "/policy").json["version"], "name": "Ann"}
    assert site.request("POST", "/registrations", registration | {"accepted": True}).status == 202
    (mail,) = eventually(lambda: mails_to(site, address), "no link was sent", 30)

    visit.goto(f"/{language}/sessions?token={token_in(mail)}")
    visit.check("link")
    assert visit.cookies() == [], "looking at the link set one"
    page = visit.page
    page.click("main form button")
    page.wait_for_url("**/me")
    assert [cookie["name"] for cookie in visit.cookies()] == ["__Host-kept"]

    visit.goto(f"/{language}/me")
    visit.check("my-data")
    assert "Where is my parcel?" in page.inner_text("main")
    page.click(f"a[href^='/{language}/me/records/message-']")
    visit.check("correct")
    page.fill("#name", "Ann")
    page.click("main form button")
    page.wait_for_url("**/me?done=correction")

    page.click("form[action='/me/exports'] button")
    page.wait_for_url("**/me/exports/*")
    visit.check("copy")

    eventually(
        lambda: site.request("GET", "/me/ledger", headers=cookie_of(visit)).json["items"], "the ledger is silent"
    )
    visit.goto(f"/{language}/me/ledger")
    visit.check("ledger")
    assert page.locator("article li").count() >= 1

    visit.goto(f"/{language}/me/leave")
    visit.check("leave")
    assert site.records_of(address), "looking at the question erased something"
    page.click("main form button")
    page.wait_for_url("**/me/leave")
    visit.check("left")
    assert visit.cookies() == []
    assert site.records_of(address) == []

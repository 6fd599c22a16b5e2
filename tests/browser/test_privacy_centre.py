"""The privacy centre: everything that a person can do there, in each language, with and without JavaScript."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from playwright.sync_api import Browser

from kept.domain.opt_out_token import make_opt_out_token
from kept.domain.suppression import MARKETING
from kept.entry.language import LANGUAGES
from kept.entry.language import language as spoken
from tests.browser.conftest import WIDE, Visitor, visitor, wait_as_a_person
from tests.e2e.conftest import Site, eventually, mails_to

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

PAGES = ("", "/write", "/stop-emails", "/your-data", "/complain", "/cancel", "/policy", "/promises")


def begin(visit: Visitor, name: str) -> None:
    """From the first page to the one that is wanted, by its link."""
    visit.goto(f"/{visit.language}")
    visit.page.click(f"main a[href='/{visit.language}/{name}']")


def send(visit: Visitor, name: str) -> None:
    """Press the form's button, and look at the page that thanks."""
    if visit.page.locator("input[name=form_token]").count():
        wait_as_a_person(visit.page)
    visit.page.click("main form button")
    visit.page.wait_for_url("**/thanks/**")
    visit.check(f"{name}-thanks")


@pytest.mark.promise("no-visitor-recognition")
@pytest.mark.promise("no-ad-partners")
@pytest.mark.promise("login-cookies-only")
def test_every_page_is_whole_small_accessible_and_sets_no_cookie(visit: Visitor, audited: Any) -> None:
    for path in PAGES:
        visit.goto(f"/{visit.language}{path}")
        visit.check(path.strip("/") or "home")
        assert visit.page.locator("script").count() == 0
    evidence = visit.page.inner_text("#review-then-discard")
    assert spoken(visit.language).day(dt.date.fromisoformat(audited["day"])) in evidence
    assert visit.page.locator("#review-then-discard li").count() >= 5, "there is no evidence beside the promise"


@pytest.mark.promise("review-then-discard")
def test_a_message_is_thanked_for_with_its_reference_and_discard_day(visit: Visitor, site: Site) -> None:
    begin(visit, "write")
    page, address = visit.page, f"writer-{time.time_ns()}@example.com"
    page.fill("#email", address)
    page.fill("#message", "Where is my parcel? أين طردي؟")
    page.click("summary")
    page.fill("#address", "1 Nile Street\nCairo")
    page.check("input[value=catalogue]")
    visit.check("write-filled")
    send(visit, "write")
    (record,) = site.records_of(address)
    told = page.inner_text("main")
    assert record["reference"]["S"] in told
    assert spoken(visit.language).day(int(record["discard_at"]["N"])) in told
    assert record["postal_address"]["M"]["purposes"]["L"] == [{"S": "catalogue"}]
    assert record["locale"]["S"] == visit.language


@pytest.mark.promise("complaints-heard")
def test_a_complaint_names_the_promise_and_is_told_its_deadline(visit: Visitor, site: Site) -> None:
    begin(visit, "complain")
    page, address = visit.page, f"complainer-{time.time_ns()}@example.com"
    page.fill("#email", address)
    page.check("input[value=email-opt-out]")
    page.fill("#message", "You wrote to me again.")
    send(visit, "complain")
    (record,) = site.records_of(address)
    told = page.inner_text("main")
    assert (record["kind"]["S"], record["promise"]["S"]) == ("complaint", "email-opt-out")
    assert record["reference"]["S"] in told
    assert spoken(visit.language).day(int(record["answer_by"]["N"])) in told


@pytest.mark.promise("email-opt-out")
def test_emails_are_stopped_by_form(visit: Visitor, site: Site) -> None:
    begin(visit, "stop-emails")
    address = f"quiet-{time.time_ns()}@example.com"
    visit.page.fill("#email", address)
    send(visit, "stop-emails")
    assert site.is_suppressed(address)


@pytest.mark.promise("access-on-request")
@pytest.mark.parametrize("name", ["your-data", "cancel"])
def test_the_link_is_asked_for_and_mailed_in_the_persons_language(visit: Visitor, site: Site, name: str) -> None:
    begin(visit, name)
    address = f"asker-{time.time_ns()}@example.com"
    visit.page.fill("#email", address)
    send(visit, name)
    (mail,) = eventually(lambda: mails_to(site, address), "no link was mailed")
    assert ("بياناتكم" in mail["subject"]) == (visit.language == "ar")


@pytest.mark.promise("email-opt-out")
def test_an_unsubscribe_link_shows_a_button_and_the_button_stops_it(visit: Visitor, site: Site) -> None:
    address = f"linked-{time.time_ns()}@example.com"
    token = make_opt_out_token(site.keys, site.keys.subject_id(address), MARKETING)
    visit.goto(f"/opt-outs/{token}")
    visit.check("opt-out")
    assert not site.is_suppressed(address)
    visit.page.click("main form button")
    visit.page.wait_for_selector("main:not(:has(form))")
    visit.check("opt-out-done")
    assert site.is_suppressed(address)


def test_what_is_wrong_is_said_in_the_persons_language_and_nothing_is_stored(visit: Visitor) -> None:
    visit.goto(f"/{visit.language}/write")
    visit.page.fill("#email", "nobody@example")  # the browser lets it pass; mail cannot reach it
    visit.page.fill("#message", "x")
    wait_as_a_person(visit.page)
    visit.page.click("main form button")
    visit.page.wait_for_selector(".errors")
    visit.complaints.clear()  # the browser says that the answer was a 422
    visit.check("problem")
    told = visit.page.inner_text("main")
    assert spoken(visit.language).translate("Your email address") in told
    assert "nobody@example" not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_chosen_by_the_browser_then_by_the_link_and_no_cookie(
    chromium: Browser, site: Site, language: str
) -> None:
    with visitor(chromium, site.stack.api, language=language) as visit:
        visit.goto("/")
        assert visit.page.locator("html").get_attribute("lang") == language
        other = "ar" if language == "en" else "en"
        visit.goto("/promises")
        visit.page.click(f"a[hreflang={other}]")
        visit.page.wait_for_url(f"**/{other}/promises")
        assert visit.page.locator("html").get_attribute("lang") == other
        assert visit.cookies() == []


def test_everything_is_reached_by_keyboard_with_visible_focus(chromium: Browser, site: Site) -> None:
    with visitor(chromium, site.stack.api, size=WIDE) as visit:
        visit.goto("/en/write")
        reached = tab_through(visit)
        assert reached[0] == "#main"
        for wanted in ("email", "name", "message", "Send", "/en/policy"):
            assert wanted in reached
        assert "website" not in reached, "the trap for programs catches who uses the keyboard"


def tab_through(visit: Visitor, most: int = 60) -> list[str]:
    """What the tab key reaches, in order, by its id, address or words; each has a focus that can be seen."""
    reached: list[str] = []
    for _ in range(most):
        visit.page.keyboard.press("Tab")
        focused = visit.page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.tagName, e.id || e.getAttribute('href') || e.innerText, s.outlineStyle, s.outlineWidth]; }"
        )
        if focused[0] == "BODY":
            break
        assert focused[2:] == ["solid", "3px"], f"no visible focus: {focused}"
        reached.append(focused[1])
    return reached

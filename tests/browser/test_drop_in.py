"""The README's form and script on the shop's own website, which is another site than the privacy centre."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SHOP, visitor
from tests.conftest import ROOT
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

README = (ROOT / "README.md").read_text(encoding="utf-8")


def snippet(kind: str) -> str:
    """The README's block of that kind that speaks of /contacts."""
    (found,) = [b for b in re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL) if "/contacts" in b]
    return str(found)


@contextmanager
def website(site: Site, port: int, *, script: bool) -> Iterator[str]:
    """A shop's page with the form, and with the script if wanted, on a port of this machine; its address."""
    form = snippet("html").replace("http://localhost:8000", site.stack.api)
    end = f"<script>{snippet('js')}</script>" if script else ""
    page = f'<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">{form}{end}'.encode()

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", port), Shop) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield SHOP.format(port=server.server_port)
        finally:
            server.shutdown()


@pytest.mark.promise("review-then-discard")
def test_the_form_needs_no_script_and_leads_to_the_page_that_thanks(
    chromium: Browser, site: Site, shop_port: int, script: bool
) -> None:
    with website(site, shop_port, script=False) as shop:
        netloc = shop.partition("//")[2]
        with visitor(chromium, site.stack.api, script=script, hosts=(netloc,)) as visit:
            address = f"shopper-{time.time_ns()}@example.com"
            visit.page.goto(shop)
            visit.page.fill("[name=email]", address)
            visit.page.fill("[name=message]", "Where is my parcel?")
            visit.page.click("button")
            visit.page.wait_for_url(f"{site.stack.api}/en/thanks/contact?**")
            (record,) = site.records_of(address)
            assert record["reference"]["S"] in visit.page.inner_text("main")
            assert visit.cookies() == []


@pytest.mark.promise("security-measures")
def test_the_script_says_the_reference_on_the_shops_page_and_pressing_twice_writes_once(
    chromium: Browser, site: Site, shop_port: int
) -> None:
    with website(site, shop_port, script=True) as shop:
        netloc = shop.partition("//")[2]
        with visitor(chromium, site.stack.api, hosts=(netloc,)) as visit:
            address = f"shopper-{time.time_ns()}@example.com"
            visit.page.goto(shop)
            visit.page.fill("[name=email]", "shopper@invalid")
            visit.page.fill("[name=message]", "Where is my parcel?")
            visit.page.click("button")
            expect(visit.page.locator("output")).to_contain_text("/email is not an email address")
            visit.complaints.clear()  # the browser says that the answer was a 422
            visit.page.fill("[name=email]", address)
            visit.page.click("button")
            expect(visit.page.locator("output")).to_contain_text("Your reference is")
            (record,) = site.records_of(address)
            visit.page.click("button")
            expect(visit.page.locator("output")).to_contain_text(record["reference"]["S"])
            assert len(site.records_of(address)) == 1
            assert visit.page.url == f"{shop}/"


@pytest.mark.promise("security-measures")
def test_no_other_websites_script_may_ask(chromium: Browser, site: Site) -> None:
    with website(site, 0, script=True) as stranger:
        netloc = stranger.partition("//")[2]
        with visitor(chromium, site.stack.api, hosts=(netloc,)) as visit:
            address = f"shopper-{time.time_ns()}@example.com"
            visit.page.goto(stranger)
            visit.page.fill("[name=email]", address)
            visit.page.fill("[name=message]", "x")
            with visit.page.expect_event("requestfailed"):
                visit.page.click("button")
            assert any("CORS" in said for said in visit.complaints)
            visit.complaints.clear()
            assert site.records_of(address) == []

"""The purge audit's report as a page, in each language."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from infra.local.audit import audit
from tests.browser.conftest import NARROW, visitor
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.promise("review-then-discard")]


def test_staff_read_the_report_in_their_language(chromium: Browser, site: Site) -> None:
    audit(site.stack)
    for language, words in (("en", "What the ledger counts"), ("ar", "ما يعدّه السجل")):
        with visitor(chromium, site.stack.api, language=language, size=NARROW) as staff:
            token = {"Authorization": f"Bearer {site.stack.staff_token}"}
            staff.context.set_extra_http_headers(token)  # a program's way in: the desk has a page of its own
            staff.goto("/audits/latest")
            staff.check("audit")
            assert words in staff.page.inner_text("main")

"""The deployed pages in real Chromium (Debian's), as people use them: both languages, with and without JavaScript.

A journey is made once in each language with JavaScript and once without, by half of them in a narrow window; each page
on its way is looked at in both widths, and where there is JavaScript, in both themes too.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from infra.local.audit import audit
from tests.conftest import ROOT
from tests.e2e.conftest import Site, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = ROOT / ".local/screenshots"
SHOP = "http://127.0.0.1:{port}"  # another site than localhost, as the shop's is another than the privacy centre's
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LARGEST = 50_000  # bytes of a page and all that it loads
# Without these, Chromium itself asks hosts of Google's; tests run as root in CI, where its sandbox cannot.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000  # milliseconds; functions start cold, on a machine that may be busy
TOO_FAST = 3.1  # seconds; a form that is sent sooner is a program's
NARROW, WIDE = (360, 740), (1280, 900)
WAYS = {
    "en-script-1280px": ("en", True, WIDE),
    "en-noscript-360px": ("en", False, NARROW),
    "ar-script-360px": ("ar", True, NARROW),
    "ar-noscript-1280px": ("ar", False, WIDE),
}
"""How each journey is made: every two of language, script and width meet."""

LOOK = """() => {
  const html = document.documentElement;
  const loaded = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  return {
    lang: html.lang, dir: html.dir, overflow: html.scrollWidth - html.clientWidth,
    bytes: loaded.reduce((sum, each) => sum + each.decodedBodySize, 0),
  };
}"""


expect.set_options(timeout=PATIENCE)


@dataclass
class Visitor:
    """Somebody with a browser window of their own, and what went wrong in it."""

    context: BrowserContext
    page: Page
    site: str
    language: str
    script: bool
    size: tuple[int, int]
    cookie: str | None = None  # the only one that this browser may have
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def goto(self, path: str) -> None:
        """Look at a page of the site."""
        self.page.goto(self.site + path)

    def cookies(self) -> list[Any]:
        """Every cookie that this browser has."""
        return list(self.context.cookies())

    def check(self, name: str) -> None:
        """What every page must be, whoever looks: small, in its language, not wider than the window, without complaint.

        With JavaScript, axe-core finds nothing wrong either, and pictures are kept for people to look at.
        """
        assert [cookie["name"] for cookie in self.cookies()] == ([self.cookie] if self.cookie else [])
        for size in sorted((NARROW, WIDE), key=lambda each: each == self.size):  # its own last, to go on in
            self.page.set_viewport_size({"width": size[0], "height": size[1]})
            seen = self.page.evaluate(LOOK)
            assert (seen["lang"], seen["dir"]) == (self.language, "rtl" if self.language == "ar" else "ltr")
            assert seen["overflow"] <= 0, f"{name} is {seen['overflow']} px wider than a window of {size[0]} px"
            assert 0 < seen["bytes"] < LARGEST, f"{name}: {seen['bytes']} bytes"
            if self.script:
                self.shoot(name, size)
        if self.script:  # axe-core is a script
            assert violations(self.page) == [], name
            self.page.emulate_media(color_scheme="dark")
            self.shoot(name, self.size, "dark")
            assert violations(self.page, rules=["color-contrast"]) == [], f"{name} in the dark"
            self.page.emulate_media(color_scheme="light")
        assert self.complaints == []

    def shoot(self, name: str, size: tuple[int, int], scheme: str = "light") -> None:
        """Keep a picture of the page."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}-{self.language}-{size[0]}-{scheme}.png"
        self.page.screenshot(path=path, full_page=True, animations="disabled")


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe-core finds wrong with a page: against WCAG 2.2 AA and its best practices, or these rules only."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": WCAG}
    found = page.evaluate("only => axe.run({runOnly: only, resultTypes: ['violations']})", only)
    return [f"{v['id']}: {v['help']}: {n['html'][:200]}" for v in found["violations"] for n in v["nodes"]]


def wait_as_a_person(page: Page) -> None:
    """As long as a person takes to fill a form in, counted from when its page had come."""
    loaded = page.evaluate(
        "() => (performance.timeOrigin + performance.getEntriesByType('navigation')[0].responseStart) / 1000"
    )
    time.sleep(max(0.0, loaded + TOO_FAST - time.time()))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser; the tests that need it are skipped, and say so, where there is none."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium: .ci/run installs it")
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def shop_port() -> int:
    """Where the shop's own website is served in these tests."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def site(chromium: Browser, shop_port: int) -> Iterator[Site]:  # noqa: ARG001  # no browser, no stack
    """The stack as `make build` built it, with the shop's site where these tests serve it."""
    origin = f"SiteOrigin={SHOP.format(port=shop_port)}"
    settings = {"KEPT_PARAMETERS": origin, "KEPT_WARM_SECONDS": "600"}  # one visitor after the other, and no crowd
    with running(ROOT / ".local/browser", ".aws-sam/build", **settings) as (site, _):
        yield site


@pytest.fixture(scope="session")
def audited(site: Site) -> Any:
    """The audit's report, run once, so that there is evidence beside the promises; and earlier nights for the chart."""
    report = audit(site.stack)
    (line,) = json.load(site.s3.get_object(Bucket=site.reports, Key="index.json")["Body"])
    nights = [line]
    for ago in range(1, 28):
        day = (dt.date.fromisoformat(report["day"]) - dt.timedelta(days=ago)).isoformat()
        late, went = int(ago == 9), ago * 37 % 50
        verdict = "breach" if late else "kept"
        nights.append(line | {"day": day, "went": went, "overdue": went // 7, "late": late, "verdict": verdict})
    del nights[5]  # a night without audit
    site.s3.put_object(Bucket=site.reports, Key="index.json", Body=json.dumps(nights).encode())
    return report


@contextmanager
def visitor(
    chromium: Browser, site: str, *, language: str = "en", script: bool = True, size: tuple[int, int] = WIDE,
    hosts: tuple[str, ...] = (), state: Any = None, cookie: str | None = None,
) -> Iterator[Visitor]:  # fmt: skip
    """A window of a fresh browser, or one with the cookies of `state`.

    At its end no request may have gone anywhere but to the site and these hosts.
    """
    context = chromium.new_context(
        java_script_enabled=script,
        viewport={"width": size[0], "height": size[1]},
        locale={"en": "en-GB", "ar": "ar-EG"}[language],
        color_scheme="light",
        storage_state=state,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    seen = Visitor(context, page, site, language, script, size, cookie)
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: seen.complaints.append(str(e)))
    page.on("request", lambda r: seen.hosts.add(urlsplit(r.url).netloc))
    try:
        yield seen
        assert seen.hosts <= {urlsplit(site).netloc, *hosts}, "a page asked another host for something"
        assert seen.complaints == []
    finally:
        context.close()


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One of the ways that each journey is made."""
    language, script, size = WAYS[request.param]
    return {"language": language, "script": script, "size": size}


@pytest.fixture(params=[True, False], ids=["script", "noscript"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def visit(chromium: Browser, site: Site, way: dict[str, Any]) -> Iterator[Visitor]:
    """A visitor in each of the ways."""
    with visitor(chromium, site.stack.api, **way) as seen:
        yield seen


def storage(site: Site) -> tuple[str]:
    """The host of the user pool's pages and of the packages: another one than the site, as on AWS."""
    return (urlsplit(site.stack.endpoint).netloc,)

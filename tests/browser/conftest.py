"""The deployed pages in real Chromium (Debian's), as people use them: both languages, with and without JavaScript."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.conftest import ROOT
from tests.e2e.conftest import Site, running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SCREENSHOTS = ROOT / ".local/screenshots"
SHOP = "http://127.0.0.1:{port}"  # another site than localhost, as the shop's is another than the privacy centre's
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Without these, Chromium itself asks hosts of Google's; tests run as root in CI, where its sandbox cannot.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE = 60_000  # milliseconds; functions start cold, on a machine that may be busy
NARROW, WIDE = (360, 740), (1280, 900)


expect.set_options(timeout=PATIENCE)


@dataclass
class Visitor:
    """Somebody with a browser window of their own, and what went wrong in it."""

    context: BrowserContext
    page: Page
    site: str
    language: str
    script: bool
    width: int
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def goto(self, path: str) -> None:
        """Look at a page of the site."""
        self.page.goto(self.site + path)

    def cookies(self) -> list[Any]:
        """Every cookie that this browser has."""
        return list(self.context.cookies())

    def check(self, name: str) -> None:
        """What every page must be, whoever looks: complete, in its language, accessible, not wider than the window.

        And a picture of it, for people to look at.
        """
        self.shoot(name)
        html = self.page.locator("html")
        assert html.get_attribute("lang") == self.language
        assert html.get_attribute("dir") == ("rtl" if self.language == "ar" else "ltr")
        overflow = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} is {overflow} px wider than a window of {self.width} px"
        if self.script:  # axe-core is a script
            assert violations(self.page) == []
        assert self.complaints == []

    def shoot(self, name: str, scheme: str = "light") -> None:
        """Keep a picture of the page."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        script = "" if self.script else "-noscript"
        self.page.screenshot(
            path=SCREENSHOTS / f"{name}-{self.language}-{self.width}-{scheme}{script}.png", full_page=True
        )


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with a page (WCAG 2.2 AA and its best practices)."""
    page.evaluate(AXE_FILE_PATH.read_text(encoding="utf-8"))
    found = page.evaluate("tags => axe.run({runOnly: tags})", WCAG)
    return [f"{v['id']}: {v['help']}: {n['html'][:200]}" for v in found["violations"] for n in v["nodes"]]


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
    with running(ROOT / ".local/browser", ".aws-sam/build", KEPT_PARAMETERS=origin) as (site, _):
        yield site


@contextmanager
def visitor(
    chromium: Browser, site: str, *, language: str = "en", script: bool = True, size: tuple[int, int] = WIDE,
    scheme: str = "light", hosts: tuple[str, ...] = (), state: Any = None,
) -> Iterator[Visitor]:  # fmt: skip
    """A window of a fresh browser, or one with the cookies of `state`.

    At its end no request may have gone anywhere but to the site and these hosts.
    """
    context = chromium.new_context(
        java_script_enabled=script,
        viewport={"width": size[0], "height": size[1]},
        locale={"en": "en-GB", "ar": "ar-EG"}[language],
        color_scheme="dark" if scheme == "dark" else "light",
        storage_state=state,
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    seen = Visitor(context, page, site, language, script, size[0])
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: seen.complaints.append(str(e)))
    page.on("request", lambda r: seen.hosts.add(urlsplit(r.url).netloc))
    try:
        yield seen
        assert seen.hosts <= {urlsplit(site).netloc, *hosts}, "a page asked another host for something"
        assert seen.complaints == []
    finally:
        context.close()


@pytest.fixture(params=["en", "ar"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[True, False], ids=["script", "noscript"])
def script(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(params=[NARROW, WIDE], ids=["360px", "1280px"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return (int(request.param[0]), int(request.param[1]))


@pytest.fixture
def visit(chromium: Browser, site: Site, language: str, script: bool, size: tuple[int, int]) -> Iterator[Visitor]:
    """A visitor in each language, with and without JavaScript, at each width."""
    with visitor(chromium, site.stack.api, language=language, script=script, size=size) as seen:
        yield seen


def pictures() -> list[Path]:
    """The pictures taken so far."""
    return sorted(SCREENSHOTS.glob("*.png"))

"""The documentation as a site: complete, and readable by anybody."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from docs.make_report_picture import CHROMIUM

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine")
PAGES = ["index", "tutorial", "poison-record", "python", "rules", "K001", "cli-reference", "local"]
PAGES += ["aggregates", "batch-size", "ci", "replay", "mapping", "peers", "json-shapes", "scale"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built with --strict: a link that leads nowhere fails it."""
    folder = tmp_path_factory.mktemp("site")
    command: list[str | Path] = [
        sys.executable,
        ROOT / "docs" / "make_site.py",
        "--to",
        folder / "built",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "built" / "site"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served: its search asks for a file."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


def test_each_page_and_rule_is_there(site: Path) -> None:
    names = {each.stem for each in site.glob("*.html")}
    pages = {each.name for each in (ROOT / "docs").glob("*.md")}
    assert {Path(each).stem for each in pages} <= names
    listed = re.findall(r'"([\w-]+\.md)"', (site.parent / "zensical.toml").read_text())
    assert pages <= {*listed}
    assert {"K001", "K026"} <= names


@in_a_browser
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_readable_on_a_phone_and_by_a_screen_reader(
    page: str, address: str, browser: Browser
) -> None:
    opened = browser.new_page(viewport={"width": 360, "height": 740})
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(f"{address}/{page}.html")
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(opened, options={"resultTypes": ["violations"]}).response["violations"]
    bad = [each["id"] for each in found if each["impact"] in ("serious", "critical")]
    assert bad == []
    assert [each for each in asked if not each.startswith((address, "data:", "blob:"))] == []
    opened.close()


@in_a_browser
@pytest.mark.parametrize(
    ("words", "found"),
    [("fifo-destination", "K010"), ("aggregates opens them", "Kinesis Producer Library")],
)
def test_the_search_finds_rules_and_pages_by_what_they_say(
    words: str, found: str, address: str, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto(f"{address}/index.html")
    page.get_by_role("button", name="Search").first.click()
    page.locator("input[aria-label=Search]").fill(words)
    page.get_by_text(found).first.wait_for()
    page.close()

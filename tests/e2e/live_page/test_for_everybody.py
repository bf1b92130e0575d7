"""The live page in Chromium: by keyboard, by screen reader, on a phone, in the dark, at rest."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, StorageState, expect

from docs.make_report_picture import CHROMIUM
from tests.e2e.live_page.shop import MILLISECONDS, Shop

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not on this machine"),
    pytest.mark.xdist_group("live-page-for-everybody"),
]
expect.set_options(timeout=MILLISECONDS)


@pytest.fixture(scope="module", autouse=True)
def poison(shop: Shop) -> None:
    """Something of everything is to be seen."""
    shop.put(b"good", b"poison", b'{"json": true}')
    shop.wait()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_screen_reader_has_nothing_serious_to_stumble_over(
    browser: Browser, shop: Shop, cookie: StorageState, scheme: str
) -> None:
    # axe is put into the page, which the page's own policy forbids
    context = browser.new_context(bypass_csp=True, color_scheme=scheme, storage_state=cookie)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(shop.page_url)
    page.locator("#failures > li button").first.wait_for()
    page.click("#shards-part summary")
    page.focus("#timeline")
    page.keyboard.press("ArrowLeft")
    page.locator("#calls > details summary").first.click()
    page.locator("#calls > details pre").first.wait_for()
    assert serious(page) == []
    page.locator("#records tbody button").first.click()
    page.locator("#life pre").wait_for()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("#failures > li").get_by_role("button", name="Redrive").first.click()
    assert serious(page) == []
    context.close()


def serious(page: Page) -> list[str]:
    """What axe finds that is serious or worse."""
    found = Axe().run(page).response["violations"]
    return [each["id"] for each in found if each["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_the_page_fits_a_window_of_any_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.locator("#failures > li button").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    put = page.locator("#put-part").bounding_box()
    streams = page.locator("#streams").bounding_box()
    assert put is not None
    assert streams is not None
    assert (put["x"] > streams["x"] + streams["width"]) == (width == 1600)


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(page: Page) -> None:
    page.locator("#failures > li button").first.wait_for()
    wanted = {"pause", "timeline", "window", "records-feed", "calls", "put-stream", "put-data"}
    reached, unseen = set[str](), list[str]()
    for _ in range(200):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
              const element = document.activeElement;
              return [element.id || element.className, getComputedStyle(element).outlineStyle];
            }"""
        )
        reached.add(name)
        if outline == "none":
            unseen.append(name)
        if wanted <= reached:
            break
    assert wanted <= reached
    assert unseen == []


def test_the_first_stop_leads_past_the_head(page: Page) -> None:
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_screen_reader_is_not_told_of_each_record(page: Page, shop: Shop) -> None:
    page.evaluate(
        """() => {
          window.spoken = [];
          const spots = document.querySelectorAll('[role=status], [aria-live], output');
          new MutationObserver((changes) => window.spoken.push(...changes))
            .observe(document.body, { childList: true, characterData: true, subtree: true });
          window.isSpoken = (change) => [...spots].some((spot) => spot.contains(change.target));
        }"""
    )
    shop.put(*(b"record %d" % number for number in range(1000)))
    shop.wait()
    expect(page.locator("#records tbody")).to_contain_text("record 999")
    assert page.evaluate("window.spoken.length") > 0
    assert page.evaluate("window.spoken.filter(window.isSpoken).length") == 0


def test_nothing_moves_where_motion_is_not_wanted(page: Page) -> None:
    page.evaluate("document.getElementById('connection').dataset.state = 'lost'")
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.fixture
def in_print(page: Page) -> Iterator[Page]:
    page.emulate_media(media="print")
    yield page
    page.emulate_media(media="screen")


def test_in_print_there_are_no_tools(in_print: Page) -> None:
    assert in_print.is_hidden("#pause")
    assert in_print.is_visible("#timeline")

"""A project whose local streams have their live page open in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from docs.make_report_picture import CHROMIUM
from tests.e2e.live_page.shop import APP, TEMPLATE, Shop, Watched, watched
from tests.e2e.local_endpoint import write_project
from tests.e2e.programs import Kcli, without_aws
from tests.patience import PATIENCE


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not on this machine")
    with sync_playwright() as playwright:
        # as root, as in a container, Chromium has no sandbox; the page is our own
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The local streams of a project, with their page."""
    folder = write_project(tmp_path_factory.mktemp("live-page") / "shop", APP, TEMPLATE)
    yield from opened_shop(folder)


@pytest.fixture
def own_shop(tmp_path: Path) -> Iterator[Shop]:
    """The same for one test, which may end it."""
    yield from opened_shop(write_project(tmp_path / "shop", APP, TEMPLATE))


@pytest.fixture
def wide_shop(tmp_path: Path) -> Iterator[Shop]:
    """The same with more shards than the page shows."""
    yield from opened_shop(write_project(tmp_path / "wide", APP, TEMPLATE), "--shards", "70")


def opened_shop(folder: Path, *options: str) -> Iterator[Shop]:
    kcli = Kcli(folder, without_aws())
    shop = Shop(kcli)
    try:
        shop.start(*options)
        yield shop
    finally:
        kcli.stop_local_streams()


@pytest.fixture(scope="module")
def cookie(browser: Browser, shop: Shop) -> StorageState:
    """What a browser has that was let in."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(shop.link())
    page.wait_for_selector("#connection[data-state=live]")
    shop.page_url = page.url
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def seen(browser: Browser, shop: Shop, cookie: StorageState) -> Iterator[Watched]:
    """The page, and what it did: at its end no error was told, and nobody else was asked."""
    context = browser.new_context(
        storage_state=cookie, viewport={"width": 1200, "height": 900}, reduced_motion="reduce"
    )
    with watched(context, shop.page_url) as seen:
        seen.open(shop.page_url)
        yield seen
    context.close()


@pytest.fixture
def page(seen: Watched) -> Page:
    return seen.page
